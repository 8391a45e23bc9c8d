"""Parsers of answers: each accepts what was said, wants more of it, or refuses with the reason.

A parser sees the message once, at the message's own time, so that 「昨天」 stays that day; what it
accepted is stored in the form `dump` gives and comes back through `load`.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from app.dialogue.journal import Expected
from app.wechat.incoming import Incoming
from models.types import public_id

Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)

DONE = {"完成", "完毕", "完了", "好了", "没有了", "发完了", "说完了", "写完了", "就这些"}
LEAVING = {
    "退出",
    "返回",
    "算了",
    "不说了",
    "不发了",
    "不写了",
    "不想说了",
}  # meant for us, not for the story
SKIP = {"跳过", "没有", "无", "不填", "不留", "不想填", "不想留", "不用", "不用了"}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
FEW = 10  # seconds; further parts of a story that come so soon are taken without a word


class Said(NamedTuple):
    """One message as an answer: its words or its media."""

    at: datetime
    kind: str = "text"  # text, image, voice, video, shortvideo, location, …
    text: str = ""  # a voice message's transcription where WeChat gave one
    choice: str = ""  # the id of a tapped line
    media_id: str = ""
    place: dict[str, Any] | None = None

    @classmethod
    def of(cls, incoming: Incoming, at: datetime) -> "Said":
        place = None
        if incoming.kind == "location":
            get = incoming.fields.get
            place = {
                "latitude": get("Location_X"),
                "longitude": get("Location_Y"),
                "label": get("Label") or "",
            }
        return cls(
            at=at,
            kind=incoming.kind,
            text=plain(incoming.text),
            choice=incoming.menu_choice,
            media_id=str(incoming.fields.get("MediaId") or ""),
            place=place,
        )


@dataclass(frozen=True, slots=True)
class Accept(Generic[Value_co]):
    value: Value_co
    expected: tuple[Expected, ...] = ()


@dataclass(frozen=True, slots=True)
class More:
    """Not all yet: `partial` is kept with the open question, `say` is answered (empty: nothing)."""

    partial: Any
    say: str = ""
    expected: tuple[Expected, ...] = ()


@dataclass(frozen=True, slots=True)
class Refuse:
    reason: str


class Parser(Protocol[Value]):
    def parse(self, said: Said, partial: Any) -> "Accept[Value] | More | Refuse": ...

    def dump(self, value: Value) -> Any:
        """`value` as JSON can hold it."""
        ...

    def load(self, stored: Any) -> Value: ...


def plain(text: str) -> str:
    """What was typed, without control characters and outer space; widths and case as they were."""
    return CONTROL.sub("", text).strip()


def folded(text: str) -> str:
    """`text` for comparison: full-width forms, case and outer punctuation do not matter."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.casefold().strip(" \n\t。.,，!！?？「」“”\"'、;；:：~～")


@dataclass(frozen=True)
class Words:
    """Text of `at_least` to `at_most` characters."""

    at_least: int = 1
    at_most: int = 1000

    def parse(self, said: Said, partial: Any) -> Accept[str] | More | Refuse:
        if not said.text:
            return Refuse("这里需要文字，请用文字再发一次。")
        if len(said.text) < self.at_least:
            return Refuse(f"至少写 {self.at_least} 个字，请再说详细一点。")
        if len(said.text) > self.at_most:
            return Refuse(f"最多 {self.at_most} 个字，您发的是 {len(said.text)} 个字，请缩短后再发一次。")
        return Accept(said.text)

    def dump(self, value: str) -> Any:
        return value

    def load(self, stored: Any) -> str:
        return str(stored)


@dataclass(frozen=True)
class Phone:
    """A mobile number, or a landline with its area code; digits only when accepted."""

    def parse(self, said: Said, partial: Any) -> Accept[str] | More | Refuse:
        digits = re.sub(r"[\s\-—－()（）+]", "", unicodedata.normalize("NFKC", said.text))
        if len(digits) == 13 and digits.startswith("861"):
            digits = digits[2:]
        if not digits.isdecimal():
            return Refuse("请只发号码，例如 13812345678。")
        if re.fullmatch(r"1[3-9]\d{9}|0\d{9,11}", digits):
            return Accept(digits)
        if digits.startswith("1"):
            return Refuse(f"手机号应为 11 位数字，您发的是 {len(digits)} 位，请再发一次。")
        return Refuse("没有认出这个号码。手机号 11 位；座机请带区号，例如 0911-1234567。")

    def dump(self, value: str) -> Any:
        return value

    def load(self, stored: Any) -> str:
        return str(stored)


@dataclass(frozen=True)
class Optional(Generic[Value]):
    """Another parser's answer, or 「跳过」."""

    parser: Parser[Value]

    def parse(self, said: Said, partial: Any) -> "Accept[Value | None] | More | Refuse":
        if folded(said.text) in SKIP:
            return Accept(None)
        result = self.parser.parse(said, partial)
        if isinstance(result, Refuse):
            return Refuse(f"{result.reason}不想填请回复「跳过」。")
        return result

    def dump(self, value: Value | None) -> Any:
        return None if value is None else self.parser.dump(value)

    def load(self, stored: Any) -> Value | None:
        return None if stored is None else self.parser.load(stored)


@dataclass(frozen=True)
class Digits:
    """Exactly `number` digits, whatever stands between them."""

    number: int

    def parse(self, said: Said, partial: Any) -> Accept[str] | More | Refuse:
        digits = re.sub(r"[\s\-—－]", "", unicodedata.normalize("NFKC", said.text))
        if not re.fullmatch(r"[0-9]+", digits):
            return Refuse(f"请只发 {self.number} 位数字。")
        if len(digits) != self.number:
            return Refuse(f"应为 {self.number} 位数字，您发的是 {len(digits)} 位，请再发一次。")
        return Accept(digits)

    def dump(self, value: str) -> Any:
        return value

    def load(self, stored: Any) -> str:
        return str(stored)


TELLING = frozenset({"text", "image", "voice", "video", "shortvideo", "location"})
Blocks = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Something told in several messages: its parts in order, text or a stored file."""

    parts: tuple[dict[str, Any], ...]

    @staticmethod
    def is_stored(value: Any) -> bool:
        """Whether a stored answer is a story."""
        return isinstance(value, list) and all(isinstance(part, dict) and "type" in part for part in value)

    @property
    def text(self) -> str:
        return "\n".join(part["text"] for part in self.parts if part.get("text"))

    @property
    def summary(self) -> str:
        """「3 段文字、2 张图片」."""
        names = {
            "text": "段文字",
            "image": "张图片",
            "voice": "段语音",
            "video": "段视频",
            "location": "个位置",
        }
        kinds = [str(part["type"]) for part in self.parts]
        return "、".join(f"{kinds.count(kind)} {name}" for kind, name in names.items() if kind in kinds)


@dataclass(frozen=True)
class StoryParser:
    """Text, pictures, voice, video and places in several messages until 「完成」."""

    at_most: int = 30

    def parse(self, said: Said, partial: Any) -> Accept[Story] | More | Refuse:
        parts = list((partial or {}).get("parts", ()))
        word = folded(said.text) if said.kind in {"text", "voice"} else ""
        if word in DONE:
            if not parts:
                return Refuse("还没有收到内容，请先发文字、语音或图片，发完再回复「完成」。")
            return Accept(Story(tuple(parts)))
        if word in LEAVING:
            return Refuse("要退出请回复「取消」，改上一条请回复「上一步」；说完了请回复「完成」。")
        if not is_telling(said):
            return Refuse("这类消息收不了，请发文字、图片、语音、视频或位置，发完回复「完成」。")
        if len(parts) >= self.at_most:
            return Refuse(f"最多收 {self.at_most} 条，已经收满，请回复「完成」。")
        part, expected = _part(said)
        parts.append(part)
        last = (partial or {}).get("last")
        soon = last is not None and said.at.timestamp() - last < FEW
        say = "" if soon else f"收到，共 {len(parts)} 条。可以接着发文字、图片或语音，发完回复「完成」。"
        return More({"parts": parts, "last": said.at.timestamp()}, say, expected)

    def dump(self, value: Story) -> Any:
        return list(value.parts)

    def load(self, stored: Any) -> Story:
        return Story(tuple(stored))


@dataclass(frozen=True)
class Whole:
    """A whole number up to `at_most`, with its unit or without: 8, 8岁."""

    at_most: int
    unit: str

    def parse(self, said: Said, partial: Any) -> Accept[int] | More | Refuse:
        found = re.fullmatch(rf"(\d{{1,9}})\s*(?:{self.unit})?", folded(said.text))
        if found is None or int(found[1]) > self.at_most:
            return Refuse(f"请回复 0 到 {self.at_most} 的数字，例如 8。")
        return Accept(int(found[1]))

    def dump(self, value: int) -> Any:
        return value

    def load(self, stored: Any) -> int:
        return int(stored)


@dataclass(frozen=True)
class OneMessage:
    """A single message as it is: text, picture, voice, video or place."""

    def parse(self, said: Said, partial: Any) -> Accept[Blocks] | More | Refuse:
        if not is_telling(said):
            return Refuse("这类消息收不了，请发文字、图片、语音、视频或位置。")
        part, expected = _part(said)
        return Accept((part,), expected)

    def dump(self, value: Blocks) -> Any:
        return list(value)

    def load(self, stored: Any) -> Blocks:
        return tuple(stored)


def is_telling(said: Said) -> bool:
    """Whether a message can be part of a story."""
    return said.kind in TELLING and (said.kind != "text" or bool(said.text))


def _part(said: Said) -> tuple[dict[str, Any], tuple[Expected, ...]]:
    if said.kind == "text":
        return {"type": "text", "text": said.text}, ()
    if said.kind == "location":
        return {"type": "location", **(said.place or {})}, ()
    kind = "video" if said.kind == "shortvideo" else said.kind
    expected = Expected(public_id(), kind, said.media_id)
    part: dict[str, Any] = {"type": kind, "file": expected.public_id}
    if said.text:
        part["text"] = said.text
    return part, (expected,)


words = Words()
phone = Phone()
story = StoryParser()
one_message = OneMessage()


def optional(parser: Parser[Value]) -> Optional[Value]:
    return Optional(parser)
