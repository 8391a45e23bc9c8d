"""What WeChat's API can refuse, sorted by what the caller can do about it.

The tree is here; which error code belongs to which class is `app.wechat.error_codes`.
Nothing here ever holds a token or a secret: the texts are masked before they get this far.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Any] = MappingProxyType({})


class WeChatError(Exception):
    """A call that did not do what was asked.

    `errcode` is None when there is no readable answer, or none was asked for (`OurMistake`
    found before calling). `rid` is WeChat's own number of the request, for their support.
    A code nobody has met yet is a plain `WeChatError`: neither repeat nor drop it silently.
    """

    def __init__(
        self, errcode: int | None, errmsg: str, rid: str = "", path: str = "", /, **more: Any
    ) -> None:
        # All positional arguments go up, so that copies and pickles keep them.
        super().__init__(errcode, errmsg, rid, path)
        self.errcode = errcode
        self.errmsg = errmsg
        self.rid = rid
        self.path = path
        for name, value in more.items():
            setattr(self, name, value)

    def __str__(self) -> str:
        code = "" if self.errcode is None else f" {self.errcode}"
        rid = f" (rid {self.rid})" if self.rid else ""
        return f"{self.path or 'wechat'}:{code} {self.errmsg}{rid}"


class TryLater(WeChatError):
    """Nothing was done; the same call will work in `retry_after_seconds`."""

    retry_after_seconds: float = 10.0


class QuotaUsedUp(WeChatError):
    """No more calls of this kind before `until` (aware; a midnight in Asia/Shanghai)."""

    until: datetime = datetime.fromtimestamp(0, UTC)


class TokenRejected(WeChatError):
    """The access token is not (or no longer) good. Handled inside the client."""


class PersonUnreachable(WeChatError):
    """This person cannot be told this, this way, now."""


class PersonGone(PersonUnreachable):
    """Not a follower, unknown to this account, or refuses: stop until they act again."""


class WindowClosed(PersonUnreachable):
    """Too long since the person last did something; another way may work."""


class AllowanceUsed(PersonUnreachable):
    """All customer messages since the person's last action are spent."""


class NotSubscribed(PersonUnreachable):
    """No consent left for this notice."""


class MediaGone(WeChatError):
    """The media id is unknown or older than three days: upload again, once."""


class OurMistake(WeChatError):
    """The call will never work as it is: fix the data or the code."""


class ContentRefused(OurMistake):
    """WeChat's review will not carry this text: it must be worded differently."""


class NotAllowed(WeChatError):
    """The account, its secret or our address has no right to this: an operator must act."""

    retry_after_seconds: float | None = None
    """Set where WeChat says how long it refuses to be asked again."""


class SignInAgain(WeChatError):
    """A sign-in's code, token or session key is spent: send the person through it again."""


class NoMenu(WeChatError):
    """There is no such menu; where one is read or removed this is no trouble."""


class AlreadyDone(WeChatError):
    """It had been done before; `answer` is what WeChat says of the first time."""

    answer: Mapping[str, Any] = NOTHING


class AwaitsAdmin(WeChatError):
    """Taken, and waits until the account's administrator agrees on a phone.

    Half an hour of silence refuses it. `answer` is what WeChat says; where it names no job, another waits.
    """

    answer: Mapping[str, Any] = NOTHING


class PartlyDone(WeChatError):
    """Done for all except `fail_openids`: repeat for those only."""

    fail_openids: tuple[str, ...] = ()


class TooLarge(WeChatError):
    """The answer is larger than the caller was willing to hold; nothing of it was kept."""


class OutcomeUnknown(WeChatError):
    """The connection ended without a readable answer; it may have been done. Never repeat blindly."""
