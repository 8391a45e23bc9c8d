"""Words of a form as values, refused by the name of their field."""

from app.errors import DomainError


class NotWhole(DomainError):
    status = 422


def number(said: str, label: str, most: int, least: int = 0) -> int:
    """Raises: NotWhole."""
    if not (said.isascii() and said.isdecimal() and len(said) < 8 and least <= int(said) <= most):
        raise NotWhole(f"{label}应是 {least} 到 {most} 的数。")
    return int(said)
