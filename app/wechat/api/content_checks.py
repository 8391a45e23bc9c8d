"""WeChat's opinion of what a person wrote or showed in the mini-program, and of the person (section 12).

A check that succeeds says nothing by itself: read `suggestion`. Only what passes is let through; what WeChat
would have reviewed waits for staff. The person must have used the mini-program within the last two hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import characters_between, not_blank, refuse_unless
from app.wechat.api.transport import Call
from app.wechat.errors import TryLater

_VERSION: Final = 2
_CONTENT_CHARACTERS: Final = 2500


class Scene(IntEnum):
    """Where the text or picture is to be seen."""

    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    DIARY = 4


class Suggestion(StrEnum):
    PASS = "pass"  # noqa: S105
    REVIEW = "review"
    RISKY = "risky"


class MediaType(IntEnum):
    AUDIO = 1
    IMAGE = 2


class RiskScene(IntEnum):
    """What a person is about to do."""

    REGISTER = 0
    TAKE_PART = 1  # in something that pays to cheat at


@dataclass(frozen=True, slots=True)
class Verdict:
    """What WeChat thinks of a text. A suggestion that is new to us counts as `REVIEW`."""

    suggestion: Suggestion
    label: int  # 100 normal; 10001 advertising, 20001 politics … (section 12)
    trace_id: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class ContentChecksApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def text(
        self,
        openid: str,
        content: str,
        scene: Scene,
        *,
        title: str = "",
        nickname: str = "",
        signature: str = "",
    ) -> Verdict:
        """What to do with a text of up to 2,500 characters; `signature` belongs to a profile only.

        Raises:
            WindowClosed: the person has not used the mini-program in the last two hours (61010).
            TryLater, QuotaUsedUp: too many this minute (44991), today (45009).
            OurMistake: `scene` or `openid` (40129, 43104).
        """
        not_blank(content, "content to check")
        characters_between(content, 1, _CONTENT_CHARACTERS, "content to check")
        refuse_unless(not signature or scene is Scene.PROFILE, "a signature outside of a profile")
        body = _about(openid, scene) | {"content": content}
        more = {"title": title, "nickname": nickname, "signature": signature}
        body |= {name: value for name, value in more.items() if value}
        call = Call("/wxa/msg_sec_check", "POST", body=body, safe=True, expects=("result",))
        answer = await self._caller.ask(call)
        result = answer["result"]
        return Verdict(
            _suggestion(result.get("suggest")),
            int(result.get("label") or 0),
            str(answer.get("trace_id") or ""),
            answer,
        )

    async def media(self, openid: str, media_url: str, kind: MediaType, scene: Scene) -> str:
        """Have a picture or sound looked at; WeChat fetches it from `media_url`.

        The verdict comes within 30 minutes, by the callback event `wxa_media_check` with this trace id.
        A repeat in doubt has it looked at twice, which harms nobody. Errors as for `text`; besides,
        `TryLater` where the same is being looked at already (87020).
        """
        refuse_unless(media_url.startswith(("https://", "http://")), "a media address is not http(s)")
        body = _about(openid, scene) | {"media_url": media_url, "media_type": kind.value}
        call = Call("/wxa/media_check_async", "POST", body=body, safe=True, expects=("trace_id",))
        return str((await self._caller.ask(call)).get("trace_id", ""))

    async def user_risk(self, openid: str, scene: RiskScene, client_ip: str, *, phone: str = "") -> int:
        """How much of a risk a person is, from 0 (none) to 4; `client_ip` is where they come from.

        Raises:
            WindowClosed: the person has not used the mini-program lately (61010).
            OurMistake: not an openid of this mini-program (43104).
        """
        not_blank(openid, "openid")
        not_blank(client_ip, "client ip")
        body: dict[str, Any] = {
            "appid": self._caller.app_id,
            "openid": openid,
            "scene": scene.value,
            "client_ip": client_ip,
        }
        if phone:
            body["mobile_no"] = phone
        path = "/wxa/getuserriskrank"
        answer = await self._caller.ask(Call(path, "POST", body=body, safe=True))
        rank = answer.get("risk_rank")
        if not isinstance(rank, int):  # no rank is not rank 0
            raise TryLater(None, "an answer without risk_rank", "", path)
        return rank


def _about(openid: str, scene: Scene) -> dict[str, Any]:
    not_blank(openid, "openid")
    return {"version": _VERSION, "scene": scene.value, "openid": openid}


def _suggestion(told: object) -> Suggestion:
    return next((known for known in Suggestion if known.value == told), Suggestion.REVIEW)
