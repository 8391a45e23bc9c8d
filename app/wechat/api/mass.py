"""Mass messages: to everybody, to a tag, or to a list of openids (section 7).

Success means that WeChat took the order. What came of it tells MASSSENDJOBFINISH: `app.wechat.job_results`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import bytes_between, count_between, not_blank, openids_between, refuse_unless
from app.wechat.api.messages import Content, Image, Music, Text, Voice
from app.wechat.api.transport import Call
from app.wechat.errors import AlreadyDone, AwaitsAdmin

LEAST_OPENIDS, MOST_OPENIDS = 2, 10_000
CLIENT_ID_BYTES: Final = 32
SPEEDS: Final = range(5)  # 800,000, 600,000, 450,000, 300,000, 100,000 people a minute
_PATH: Final = "/cgi-bin/message/mass"
_MOST_PICTURES: Final = 20


@dataclass(frozen=True, slots=True)
class Pictures(Content):
    """One or more pictures, with words above them."""

    media_ids: tuple[str, ...]
    title: str = ""
    recommend: str = ""
    msgtype = "image"

    def check(self) -> None:
        count_between(self.media_ids, 1, _MOST_PICTURES, "pictures")
        for media_id in self.media_ids:
            not_blank(media_id, "media id of a picture")


@dataclass(frozen=True, slots=True)
class Film(Content):
    media_id: str
    title: str = ""
    description: str = ""
    msgtype = "mpvideo"
    needs = ("media_id",)


@dataclass(frozen=True, slots=True)
class Articles(Content):
    """A draft; when it was sent it is gone from the draft box and its media id is dead."""

    media_id: str
    msgtype = "mpnews"
    needs = ("media_id",)


MassContent = Text | Pictures | Voice | Film | Articles
PreviewContent = Text | Image | Voice | Film | Articles | Music


class MassState(StrEnum):
    SENDING = "SENDING"
    SENT = "SEND_SUCCESS"
    FAILED = "SEND_FAIL"
    DELETED = "DELETE"
    UNKNOWN = ""  # a word nobody has met yet


@dataclass(frozen=True, slots=True)
class MassReceipt:
    """WeChat took the order, now or before under the same key."""

    msg_id: int  # names it in MASSSENDJOBFINISH
    msg_data_id: int = 0  # of articles: by it comments are asked for
    awaits_admin: bool = False  # goes out when the administrator agrees, within half an hour


@dataclass(frozen=True, slots=True)
class Speed:
    level: int
    people_a_minute: int


class MassApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def to_all(
        self, content: MassContent, *, client_msg_id: str, ignore_reprint: bool = False
    ) -> MassReceipt:
        """To every follower, once a day and four times a month; see `to_tag`."""
        return await self._order(
            f"{_PATH}/sendall", {"filter": {"is_to_all": True}}, content, client_msg_id, ignore_reprint
        )

    async def to_tag(
        self, tag_id: int, content: MassContent, *, client_msg_id: str, ignore_reprint: bool = False
    ) -> MassReceipt:
        """To the followers with this tag.

        With the same `client_msg_id` (up to 32 bytes) WeChat sends once within 24 hours, so after
        `OutcomeUnknown` the caller orders again with that key and no other; this call does not by itself.
        The receipt of such a repeat is that of the first order. `ignore_reprint`: articles that turn out to
        be reprints go out all the same where the original allows it.

        Raises:
            QuotaUsedUp: no mass message left (45028): today, or for this month.
            AwaitsAdmin: another message to everybody still waits for the administrator.
            TryLater: the same key less than a minute ago (45066), or the same articles are going out.
            MediaGone, OurMistake, ContentRefused: not as it is.
            NotAllowed: this kind of account has no such call, or the agreement was not accepted (48003).
        """
        chosen = {"filter": {"is_to_all": False, "tag_id": tag_id}}
        return await self._order(f"{_PATH}/sendall", chosen, content, client_msg_id, ignore_reprint)

    async def to_openids(
        self,
        openids: Sequence[str],
        content: MassContent,
        *,
        client_msg_id: str,
        ignore_reprint: bool = False,
    ) -> MassReceipt:
        """To 2 to 10,000 people by openid; service accounts only. One unknown refuses all (40003)."""
        openids_between(openids, LEAST_OPENIDS, MOST_OPENIDS)
        chosen = {"touser": [*openids]}
        return await self._order(f"{_PATH}/send", chosen, content, client_msg_id, ignore_reprint)

    async def preview(self, content: PreviewContent, *, openid: str = "", wechat_id: str = "") -> None:
        """To one follower's phone, by openid or 微信号 (100 a day); counts as no mass message."""
        refuse_unless(bool(openid) != bool(wechat_id), "a preview goes to an openid or to a WeChat id")
        whom = {"touser": openid} if openid else {"towxname": wechat_id}
        await self._post(f"{_PATH}/preview", whom | _wire(content))

    async def status(self, msg_id: int) -> MassState:
        """Where it stands; how many got it is told by the event alone."""
        answer = await self._post(f"{_PATH}/get", {"msg_id": str(msg_id)}, safe=True, expects=("msg_status",))
        told = str(answer["msg_status"])
        return MassState(told) if told in {*MassState} else MassState.UNKNOWN

    async def delete(self, msg_id: int, article: int = 0) -> None:
        """Take back articles or a video once all is sent; the cards stay in the chats.

        `article` counts from 1, 0 is all. Articles sent several times disappear everywhere.
        """
        refuse_unless(article >= 0, "an article's number is negative")
        await self._post(f"{_PATH}/delete", {"msg_id": msg_id, "article_idx": article}, safe=True)

    async def speed(self) -> Speed:
        answer = await self._post(f"{_PATH}/speed/get", {}, safe=True)
        return Speed(int(answer.get("speed") or 0), int(answer.get("realspeed") or 0) * 10_000)

    async def set_speed(self, level: int) -> None:
        """0 is fastest, 4 slowest."""
        refuse_unless(level in SPEEDS, f"speed {level} is not 0 to 4")
        await self._post(f"{_PATH}/speed/set", {"speed": level}, safe=True)

    async def _order(
        self, path: str, chosen: dict[str, Any], content: Content, client_msg_id: str, ignore_reprint: bool
    ) -> MassReceipt:
        not_blank(client_msg_id, "client_msg_id")
        bytes_between(client_msg_id, 1, CLIENT_ID_BYTES, "client_msg_id")
        options = {"clientmsgid": client_msg_id, "send_ignore_reprint": int(ignore_reprint)}
        try:
            answer = await self._post(path, chosen | _wire(content) | options, expects=("msg_id",))
        except AlreadyDone as before:
            return _receipt(before.answer)
        except AwaitsAdmin as waits:
            if not waits.answer.get("msg_id"):
                raise  # it is another one that waits
            return _receipt(waits.answer, awaits_admin=True)
        return _receipt(answer)

    async def _post(
        self, path: str, body: dict[str, Any], *, safe: bool = False, expects: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        return await self._caller.ask(Call(path, "POST", body=body, safe=safe, expects=expects))


def _wire(content: Content) -> dict[str, Any]:
    content.check()
    # The one msgtype whose object has another name.
    name = "images" if isinstance(content, Pictures) else content.msgtype
    return {"msgtype": content.msgtype, name: content.to_wire()}


def _receipt(answer: Any, *, awaits_admin: bool = False) -> MassReceipt:
    return MassReceipt(int(answer.get("msg_id") or 0), int(answer.get("msg_data_id") or 0), awaits_admin)
