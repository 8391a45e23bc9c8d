"""The menu file as one typed model; also the source of `menus.schema.json`.

What one entry must be by itself is here. What entries mean to each other - handlers that exist, keywords
that hide others - is `app.menus.checks`.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema

from app.clock import SHANGHAI
from app.errors import wrong
from app.menus.mistakes import Mistake
from app.services.audiences import AudienceOfFacts

TOP_BYTES, ITEM_BYTES, URL_BYTES, TEXT_BYTES = 16, 60, 1024, 2048
MOST_TOPS, MOST_ITEMS, MOST_AUDIENCES = 3, 5, 20
ACTIONS = ("do", "open", "miniprogram", "reply", "scan", "photo", "location")
HANDLED = ("do", "scan", "photo", "location")


def _checked(check: Callable[[str], str]) -> BeforeValidator:
    """`check` for text; anything else is left to the type to refuse."""
    return BeforeValidator(lambda value: check(value) if isinstance(value, str) else value)


def _filled(value: str) -> str:
    if not value.strip():
        raise wrong("这里没有写内容。", "请填上文字，或删掉这一行。")
    return value.strip()


def _text(value: str) -> str:
    size = len(_filled(value).encode())
    if size > TEXT_BYTES:
        raise wrong(
            f"回复太长：{size} 字节，最多 {TEXT_BYTES} 字节（约 680 个汉字）。", "请写短一些，或放进网页。"
        )
    return value.strip()


def _address(value: str) -> str:
    value = value.strip()
    good = re.match(r"/(?!/)|https?://[^\s/]+", value) and not re.search(r"\s", value)
    if not good:
        raise wrong(f"网址「{value}」不对。", "应以 https:// 开头，或是以 / 开头的本站页面。")
    if len(value.encode()) > URL_BYTES:
        raise wrong(f"网址太长：{len(value.encode())} 字节，最多 {URL_BYTES} 字节。", "请换用短一些的网址。")
    return value


def _absolute(value: str) -> str:
    if not value.strip().startswith("http"):
        raise wrong(f"网址「{value}」不对。", "图文要写完整网址，以 https:// 开头。")
    return _address(value)


def _appid(value: str) -> str:
    if not re.fullmatch(r"wx[0-9A-Za-z]{16}", value):
        raise wrong(f"小程序编号「{value}」不对。", "应是 wx 开头的 18 位字母和数字，在小程序后台可以查到。")
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2}))?", value.strip())
    try:
        if found:
            year, month, day, hour, minute = (int(part) if part else None for part in found.groups())
            assert year and month and day
            if hour is None or minute is None:
                return date(year, month, day)
            return datetime.combine(date(year, month, day), time(hour, minute), SHANGHAI)
    except ValueError:
        pass
    raise wrong(
        f"日期「{value}」读不懂。",
        "写成 2026-12-01，或带时间「2026-12-01 08:30」。每天上下班的区别请用 hours。",
    )


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Filled = Annotated[str, _checked(_filled), WithJsonSchema({"type": ["string", "number"]})]
Address = Annotated[str, _checked(_address)]
FullAddress = Annotated[str, _checked(_absolute)]
AppId = Annotated[str, _checked(_appid)]
Moment = Annotated[
    datetime | date, BeforeValidator(_moment), WithJsonSchema({"type": "string", "pattern": r"^\d{4}-"})
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Article(Strict):
    title: Filled = Field(description="标题")
    url: FullAddress = Field(description="点开后的网页")
    description: str = Field("", description="标题下的一两句话")
    picture: FullAddress | None = Field(None, description="配图网址")


class Card(Strict):
    """A mini-program card."""

    appid: AppId
    pagepath: Filled
    title: Filled
    thumb: Filled = Field(description="封面图的素材编号")


class ReplySpec(Strict):
    """A fixed answer: exactly one of these."""

    text: Annotated[str | None, _checked(_text)] = Field(None, description="文字")
    image: Filled | None = Field(None, description="图片的素材编号")
    voice: Filled | None = Field(None, description="语音的素材编号")
    article: Article | None = Field(None, description="图文")
    card: Card | None = Field(None, description="小程序卡片")

    @model_validator(mode="before")
    @classmethod
    def _plain_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _exactly_one(self) -> "ReplySpec":
        if len(self.model_fields_set) != 1 or None in (getattr(self, name) for name in self.model_fields_set):
            raise wrong(
                "回复的内容要正好写一种。", "可以是一句话，或 text、image、voice、article、card 之一。"
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": ["string", "number"]}, handler(core)]}

    def __str__(self) -> str:
        if self.text is not None:
            short = " ".join(self.text.split())
            return f"「{short[:30]}…」" if len(short) > 30 else f"「{short}」"
        if self.article:
            return f"图文「{self.article.title}」"
        if self.card:
            return f"小程序卡片「{self.card.title}」"
        return f"图片 {self.image}" if self.image else f"语音 {self.voice}"


class MiniProgram(Strict):
    appid: AppId
    path: Filled = Field(description="小程序里的页面，如 pages/index")
    fallback: Address = Field(description="旧版微信打不开小程序时的网页")


class Item(Strict):
    """A button: a name and exactly one action."""

    name: Filled = Field(description="按钮上的字")
    do: Filled | None = Field(None, description="点按后运行的功能")
    with_: dict[str, str] = Field(default_factory=dict, alias="with", description="给功能的参数")
    open: Address | None = Field(None, description="打开网页：/ 开头是本站页面")
    miniprogram: MiniProgram | None = Field(None, description="打开小程序")
    reply: ReplySpec | None = Field(None, description="回复固定内容")
    scan: Filled | None = Field(None, description="扫码，结果交给这个功能")
    photo: Filled | None = Field(None, description="拍照或选图，交给这个功能")
    location: Filled | None = Field(None, description="选择位置，交给这个功能")

    @property
    def action(self) -> str:
        return next((name for name in ACTIONS if getattr(self, name) is not None), "")

    @property
    def handler(self) -> str | None:
        return self.do or self.scan or self.photo or self.location

    @model_validator(mode="after")
    def _one_action(self) -> "Item":
        _one_of(self, ACTIONS)
        return self


class Button(Item):
    """A button of the bar: with items above it, or one that acts by itself."""

    items: tuple[Item, ...] | None = Field(None, description="子菜单，1 到 5 项", max_length=MOST_ITEMS)

    @model_validator(mode="after")
    def _one_action(self) -> "Button":
        if self.items is not None and not self.items:
            raise wrong(f"「{self.name}」下面没有按钮。", "请至少写一项，或删掉这个菜单。")
        _one_of(self, ("items", *ACTIONS))
        return self


def _one_of(item: Item, choices: tuple[str, ...]) -> None:
    given = [name for name in choices if getattr(item, name, None) is not None]
    if len(given) != 1:
        said = f"写了 {'、'.join(given)}" if given else "没有写做什么"
        raise wrong(f"按钮「{item.name}」{said}。", f"请正好写一种：{'、'.join(choices)}。")
    if item.with_ and given[0] not in HANDLED:
        raise wrong(f"按钮「{item.name}」的 with 没有用处。", "with 只和 do、scan、photo、location 一起用。")


class MenuFor(Strict):
    when: AudienceOfFacts = Field(description="谁看到这套菜单")
    menu: tuple[Button, ...] = Field(min_length=1, max_length=MOST_TOPS)


class How(StrEnum):
    EXACT = "exact"
    CONTAINS = "contains"
    PREFIX = "prefix"
    PATTERN = "pattern"


class Hours(StrEnum):
    WORKING = "working"
    OFF = "off"


class Rule(Strict):
    """Words people write and what answers them."""

    say: Annotated[tuple[Filled, ...], BeforeValidator(_listed)] = Field(
        min_length=1, description="用户说的词"
    )
    match: How = Field(How.EXACT, description="exact 完全一致、contains 含有、prefix 开头、pattern 规则")
    do: Filled | None = None
    with_: dict[str, str] = Field(default_factory=dict, alias="with")
    reply: ReplySpec | None = None
    hours: Hours | None = Field(None, description="working 上班时间、off 下班时间")
    from_: Moment | None = Field(None, alias="from", description="从哪天起（当天 0 点）")
    until: Moment | None = Field(None, description="到哪天止（含当天）")
    when: AudienceOfFacts | None = Field(None, description="只对谁有效")

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if (self.do is None) == (self.reply is None):
            raise wrong("关键词要正好写一种回应。", "写 do（运行功能）或 reply（固定回复）。")
        if self.with_ and self.do is None:
            raise wrong("这里的 with 没有用处。", "with 只和 do 一起用。")
        if self.begins_at and self.ends_at and self.begins_at >= self.ends_at:
            raise wrong("开始（from）在结束（until）之后，这条永远不会生效。", "请对调或改正日期。")
        return self

    @property
    def begins_at(self) -> datetime | None:
        return _midnight(self.from_)

    @property
    def ends_at(self) -> datetime | None:
        """The first moment at which it no longer holds; a date is meant to its end."""
        whole_day = self.until is not None and not isinstance(self.until, datetime)
        end = _midnight(self.until)
        return end + timedelta(days=1) if end and whole_day else end


def _midnight(value: datetime | date | None) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), SHANGHAI)


class Greetings(Strict):
    subscribe: Filled | None = Field(None, description="关注时运行的功能")
    scan: Filled | None = Field(None, description="扫二维码时运行的功能")


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class MenuFile(Strict):
    """menus.yaml"""

    version: Annotated[Literal[1], BeforeValidator(_number)]
    account: Filled = Field(description="账号名称")
    menu: tuple[Button, ...] = Field(min_length=1, max_length=MOST_TOPS, description="所有人看到的菜单")
    menus_for: tuple[MenuFor, ...] = Field(
        (), max_length=MOST_AUDIENCES, description="谁另外看到什么；先写的优先"
    )
    keywords: tuple[Rule, ...] = Field((), max_length=2000, description="关键词回复")
    greetings: Greetings = Greetings()
    fallback: Filled = Field(description="没有命中关键词时运行的功能")

    _warnings: tuple[Mistake, ...] = PrivateAttr(())

    @property
    def warnings(self) -> tuple[Mistake, ...]:
        """What works but will not look as meant; set by `app.menus.file.read`."""
        return self._warnings
