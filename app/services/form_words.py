"""Words of a form as values, refused by the name of their field."""

from datetime import datetime

from app.clock import SHANGHAI
from app.errors import DomainError


class NotWhole(DomainError):
    status = 422


def number(said: str, label: str, most: int, least: int = 0) -> int:
    """Raises: NotWhole."""
    if not (said.isascii() and said.isdecimal() and len(said) < 8 and least <= int(said) <= most):
        raise NotWhole(f"{label}应是 {least} 到 {most} 的数。")
    return int(said)


def moment(said: str, label: str) -> datetime:
    """What a field for a date and time sends, in China. Raises: NotWhole."""
    try:
        return datetime.fromisoformat(said).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise NotWhole(f"请填写{label}的日期和时间，例如 2026-12-05 14:00。") from None
