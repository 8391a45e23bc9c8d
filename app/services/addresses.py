"""Where our pages are reached from outside, for what is sent to people's phones.

Set once when the service starts; where nothing was set (no `PUBLIC_URL`), messages carry no link.
"""

_base = ""


def use_public_url(url: str) -> None:
    """For this process; what writes messages has no other way to reach it."""
    global _base  # noqa: PLW0603
    _base = url.rstrip("/")


def page(path: str) -> str:
    """The whole address of `path` (`/me`); empty where nobody outside could open it."""
    return f"{_base}{path}" if _base else ""


def with_page(words: str, path: str) -> str:
    """`words`, and below them the address of a page, where there is one."""
    return f"{words}\n{page(path)}" if _base else words
