"""大字: whether the page being made is for somebody who wants larger type; the browser keeps the wish.

Not here: wishing (`app.portal.large_type`). `app.web.policy` says for whom a page is made, before it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie
from typing import Final

COOKIE: Final = "gonghui_type"
LARGE: Final = "large"
_large: ContextVar[bool] = ContextVar("large_type", default=False)


@contextmanager
def of(cookies: str) -> Iterator[None]:
    """Within it pages are made as the sender of this cookie header wishes."""
    token = _large.set(COOKIE in cookies and _wish(cookies) == LARGE)
    try:
        yield
    finally:
        _large.reset(token)


def is_large() -> bool:
    return _large.get()


def _wish(cookies: str) -> str:
    try:
        kept = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return "" if kept is None else kept.value
