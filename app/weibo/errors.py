"""What Weibo can refuse, sorted by what the caller can do about it. No text here holds a token."""


class WeiboError(Exception):
    """A post that was not made. `code` is Weibo's, None where there is no readable answer.

    A code nobody has met yet is a plain `WeiboError`: neither repeat nor drop it silently.
    """

    def __init__(self, code: int | None, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"weibo:{'' if self.code is None else f' {self.code}'} {self.message}"


class TryLater(WeiboError):
    """Nothing was posted; the same post will go out later, at the earliest in `retry_after_seconds`."""

    retry_after_seconds = 60.0


class RateLimited(TryLater):
    """Too many posts in an hour: the user's (10023, 20016) or the app's (10024)."""

    retry_after_seconds = 3600.0


class TokenSpent(WeiboError):
    """The access token is over: the union must allow the app again, there is no way to refresh one."""


class LinkMissing(WeiboError):
    """No link to one of the domains that the app is bound to (10017)."""


class Repeated(WeiboError):
    """The same text, or nearly, was posted a moment ago (20017, 20019)."""


class OurMistake(WeiboError):
    """Too long, no picture, a bad field: it will never go out as it is."""


class ContentRefused(OurMistake):
    """Weibo will not carry these words or this link (20018, 20021)."""


class NotAllowed(WeiboError):
    """The app has no right to this, or is not reviewed yet (21321): an operator must act."""


class OutcomeUnknown(WeiboError):
    """The connection ended without a readable answer; it may have been posted."""


_KINDS: dict[type[WeiboError], tuple[int, ...]] = {
    TokenSpent: (21314, 21315, 21327, 21332),
    LinkMissing: (10017,),
    Repeated: (20017, 20019),
    RateLimited: (10022, 10023, 10024, 20016),
    TryLater: (10001, 10009, 10010, 10011),
    ContentRefused: (20018, 20021),
    OurMistake: (10006, 10008, 10016, 10021, 20005, 20006, 20008, 20012),
    NotAllowed: (10005, 10014, 21321),
}
CODES = {code: kind for kind, codes in _KINDS.items() for code in codes}


def error_for(code: int, message: str) -> WeiboError:
    return CODES.get(code, WeiboError)(code, message)
