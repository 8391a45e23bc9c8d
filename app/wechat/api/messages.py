"""Customer messages: active ones, while the person's reply window is open (section 6)."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

from app.wechat.api.calls import Caller
from app.wechat.api.limits import bytes_between, not_blank, refuse_unless
from app.wechat.api.transport import Call
from app.wechat.errors import AlreadyDone, NotAllowed, OurMistake, WindowClosed

TEXT_BYTES: Final = 2048
_TYPING_SHRUGS: Final = frozenset({45072, 45080, 45081, 40200})


@dataclass(frozen=True, slots=True)
class Content:
    """What a customer message carries; one subclass per msgtype."""

    msgtype: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()  # fields WeChat refuses to see empty

    def check(self) -> None:
        for name in self.needs:
            not_blank(getattr(self, name), f"{name} of a {self.msgtype} message")

    def to_wire(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value or name in self.needs}


@dataclass(frozen=True, slots=True)
class Text(Content):
    """May hold links, mini-program links and `weixin://bizmsgmenu` lines."""

    content: str
    msgtype = "text"
    needs = ("content",)

    def check(self) -> None:
        not_blank(self.content, "content of a text message")
        bytes_between(self.content, 1, TEXT_BYTES, "content of a text message")


@dataclass(frozen=True, slots=True)
class Image(Content):
    media_id: str
    msgtype = "image"
    needs = ("media_id",)


@dataclass(frozen=True, slots=True)
class Voice(Content):
    media_id: str
    msgtype = "voice"
    needs = ("media_id",)


@dataclass(frozen=True, slots=True)
class Video(Content):
    media_id: str
    thumb_media_id: str
    title: str = ""
    description: str = ""
    msgtype = "video"
    needs = ("media_id", "thumb_media_id")


@dataclass(frozen=True, slots=True)
class Music(Content):
    title: str
    description: str
    url: str
    thumb_media_id: str
    hq_url: str = ""
    msgtype = "music"
    needs = ("url", "thumb_media_id")

    def to_wire(self) -> dict[str, Any]:
        wire = {
            "title": self.title,
            "description": self.description,
            "musicurl": self.url,
            "thumb_media_id": self.thumb_media_id,
        }
        return wire | ({"hqmusicurl": self.hq_url} if self.hq_url else {})


@dataclass(frozen=True, slots=True)
class News(Content):
    """One article with a link; here WeChat takes exactly one (45008)."""

    title: str
    description: str
    url: str
    picture: str = ""
    msgtype = "news"
    needs = ("title", "url")

    def to_wire(self) -> dict[str, Any]:
        article = {
            "title": self.title,
            "description": self.description,
            "url": self.url,
            "picurl": self.picture,
        }
        return {"articles": [article]}


@dataclass(frozen=True, slots=True)
class MpNews(Content):
    """Withdrawn together with the old article library; only for ids that still live."""

    media_id: str
    msgtype = "mpnews"
    needs = ("media_id",)


@dataclass(frozen=True, slots=True)
class PublishedArticle(Content):
    """An article published from the draft box."""

    article_id: str
    msgtype = "mpnewsarticle"
    needs = ("article_id",)


@dataclass(frozen=True, slots=True)
class Choice:
    """One tappable line; a tap comes back as a text with `id` as bizmsgmenuid."""

    id: str
    content: str


@dataclass(frozen=True, slots=True)
class ChoiceMenu(Content):
    choices: tuple[Choice, ...]
    head: str = ""
    tail: str = ""
    msgtype = "msgmenu"

    def check(self) -> None:
        # WeChat's most is not written anywhere; what is too much answers 45098 or 45099.
        refuse_unless(bool(self.choices), "a choice menu without choices")
        for choice in self.choices:
            not_blank(choice.id, "id of a choice")
            not_blank(choice.content, "content of a choice")

    def to_wire(self) -> dict[str, Any]:
        frame = {"head_content": self.head, "tail_content": self.tail}
        lines = [asdict(choice) for choice in self.choices]
        return {"list": lines} | {name: text for name, text in frame.items() if text}


@dataclass(frozen=True, slots=True)
class Card(Content):
    card_id: str
    msgtype = "wxcard"
    needs = ("card_id",)


@dataclass(frozen=True, slots=True)
class MiniProgramPage(Content):
    """The mini-program must be bound to the account; the picture is best 520 × 416."""

    title: str
    appid: str
    pagepath: str
    thumb_media_id: str
    msgtype = "miniprogrampage"
    needs = ("title", "appid", "pagepath", "thumb_media_id")


@dataclass(frozen=True, slots=True)
class Link(Content):
    """Only a mini-program may send this."""

    title: str
    description: str
    url: str
    thumb_url: str
    msgtype = "link"
    needs = ("title", "url")


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """A content on its way to one person."""

    openid: str
    content: Content
    kf_account: str = ""  # whose name and face it shows
    by_ai: bool = False  # adds the grey line "内容由第三方AI生成"
    business_id: str = ""  # mini-program sub merchant

    def to_wire(self) -> dict[str, Any]:
        not_blank(self.openid, "openid")
        self.content.check()
        kind = self.content.msgtype
        wire: dict[str, Any] = {"touser": self.openid, "msgtype": kind}
        return wire | {kind: self.content.to_wire()} | self._options()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self.kf_account:
            options["customservice"] = {"kf_account": self.kf_account}
        if self.by_ai:
            options["aimsgcontext"] = {"is_ai_msg": 1}
        if self.business_id:
            options["businessid"] = self.business_id
        return options


class MessagesApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def send(self, message: CustomerMessage) -> None:
        """Send once.

        Raises:
            OutcomeUnknown: it may have arrived; a second one would be read twice.
            WindowClosed, AllowanceUsed, PersonGone: another way, or none.
        """
        path = "/cgi-bin/message/custom/send"
        await self._caller.ask(Call(path, "POST", body=message.to_wire()))

    async def typing(self, openid: str, *, on: bool = True) -> bool:
        """Show (or end) 「对方正在输入」; False when WeChat did not care to."""
        not_blank(openid, "openid")
        body = {"touser": openid, "command": "Typing" if on else "CancelTyping"}
        try:
            await self._caller.ask(Call("/cgi-bin/message/custom/typing", "POST", body=body))
        except (AlreadyDone, NotAllowed, OurMistake, WindowClosed) as error:
            if error.errcode not in _TYPING_SHRUGS:
                raise
            return False
        return True
