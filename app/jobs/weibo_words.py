"""What Weibo refused, for who reads it in the console: the cause, and what to do about it."""

from app.weibo.errors import (
    ContentRefused,
    LinkMissing,
    NotAllowed,
    RateLimited,
    Repeated,
    TokenSpent,
    TryLater,
    WeiboError,
)

_WORDS: tuple[tuple[type[WeiboError], str], ...] = (
    (TokenSpent, "微博的授权到期或被收回，请在「外部渠道」里填新的授权"),
    (LinkMissing, "微博不认文章链接的域名，请在微博开放平台把本站的域名加为安全域名"),
    (Repeated, "微博说刚发过一样的，请到微博上看一看"),
    (RateLimited, "这一小时发得太多，过一小时自动再发"),
    (TryLater, "微博暂时没有收下，稍后自动再发"),
    (ContentRefused, "微博不让发这些话或这个链接，请改了再发"),
    (NotAllowed, "这个微博应用没有发布的权限，请在微博开放平台申请"),
)


def refused(error: WeiboError) -> str:
    """A sentence."""
    said = next((words for kind, words in _WORDS if isinstance(error, kind)), "微博没有收下")
    code = "" if error.code is None else f"（{error.code}）"
    return f"{said}{code}。"
