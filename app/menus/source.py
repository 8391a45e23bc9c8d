"""From bytes to plain data with a place for every key and value. Only the simple part of YAML is allowed.

Everything written is text here (`95598`, `off` and `no` stay what they are); the model gives it types.
Anchors are refused: they would let a small file grow beyond all bounds, and no operator needs them.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from app.menus.mistakes import MenuMistakes, Mistake

MOST_BYTES = 256 * 1024
DEEPEST = 12
NOTHING = frozenset({"", "~", "null", "Null", "NULL"})

OPENED = ("expected ':'", "end of stream", "',' or ']'", "',' or '}'")
FULL_COLON = re.compile(r"[\s-]*[a-z_]+：")

Path = tuple[str | int, ...]
Place = tuple[int, int]

# What the parser says, then what we say; the first that fits counts.
SYNTAX = {
    "'\\t'": ("这里有制表符（Tab）。", "缩进请用空格，每层两个。"),
    "mapping values are not allowed": (
        "这里多了一个冒号，或者上一行写法不对。",
        "冒号后面要有一个空格；文字里有冒号时，把整句放进引号。",
    ),
    "expected ':'": ("这一行缺少冒号。", "写成「名称: 内容」，冒号用半角，后面加一个空格。"),
    "expected ',' or ']'": ("方括号没有合上，或者两项之间少了逗号。", "例如 [停电, 没电]，逗号用半角。"),
    "expected ',' or '}'": (
        "花括号没有合上，或者两项之间少了逗号。",
        "例如 {name: 电话, do: hotlines.show}。",
    ),
    "end of stream": ("引号没有配对。", "开头和结尾用同一种半角引号。"),
    "<block end>": (
        "这里的缩进或引号与上面对不上。",
        "同一层的内容左边要对齐；句子里有引号时，外面换用另一种引号。",
    ),
    "<document start>": ("这里之后的内容读不懂。", "请检查这一行的缩进。"),
    "cannot start any token": ("这个符号不能放在开头。", "请把整句放进引号。"),
    "escape": ("双引号里的反斜杠写法不对。", "改用单引号，或把 \\ 写成 \\\\。"),
}


@dataclass
class Source:
    """The data and where each part of it stands; paths are keys and indexes from the root."""

    data: Any = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    bare_items: list[tuple[Path, str]] = field(default_factory=list)  # unquoted, in [a, b]

    def place(self, path: Path) -> Place:
        """Where `path` stands, or the nearest thing around it."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))

    def key_place(self, path: Path) -> Place:
        return self.keys.get(path) or self.place(path)


def decode(raw: bytes) -> str:
    """The text of a file, with plain line ends.

    Raises:
        MenuMistakes: not UTF-8, or far too long.
    """
    if len(raw) > MOST_BYTES:
        raise MenuMistakes([_too_long()])
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MenuMistakes([Mistake(1, 1, "文件不是 UTF-8 编码（是 UTF-16）。", "请用编辑器另存为 UTF-8。")])
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode(errors="replace")) + 1
        hint = "多半是 GBK 编码，请用编辑器另存为 UTF-8。"
        raise MenuMistakes([Mistake(line, column, "文件不是 UTF-8 编码。", hint)]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


@lru_cache(maxsize=4)
def parse(text: str) -> Source:
    """The plain data of `text`, for nobody to change.

    The last few are kept: between the check of a file and its being live the same text is read four times,
    each 40 ms of which nobody is answered.

    Raises:
        MenuMistakes: it is not YAML of the kind we allow.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise MenuMistakes([_too_long()])
    if text.startswith("\ufeff"):
        hint = "请另存为「UTF-8」，不要选「带 BOM 的 UTF-8」。"
        raise MenuMistakes([Mistake(1, 1, "文件开头有一个看不见的标记（BOM）。", hint)])
    reader = _Reader()
    try:
        events = YAML(typ="safe", pure=True).parse(io.StringIO(text))
        reader.read(iter(events))
    except MarkedYAMLError as error:
        reader.mistakes.append(_syntax(error, text))
    except YAMLError:  # a character that may not stand in any text
        reader.mistakes.append(_unprintable(text))
    if reader.mistakes:
        raise MenuMistakes(reader.mistakes)
    return reader.source


def _too_long() -> Mistake:
    return Mistake(1, 1, f"文件太大，最多 {MOST_BYTES // 1024} KB。", "请确认选对了文件。")


def _syntax(error: MarkedYAMLError, text: str) -> Mistake:
    mark, problem = error.problem_mark or error.context_mark, error.problem or ""
    if error.context_mark and any(piece in problem for piece in OPENED):
        mark = error.context_mark  # where the key, quote or bracket begins, not where it is missed
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.split("\n")
    for near in (line, line - 1):
        full = FULL_COLON.match(lines[near]) if 0 <= near < len(lines) else None
        if full:
            return Mistake(near + 1, full.end(), "这里的冒号是全角「：」。", "请改用半角冒号加一个空格。")
    for piece, (message, hint) in SYNTAX.items():
        if piece in problem:
            return Mistake(line + 1, column + 1, message, hint)
    return Mistake(line + 1, column + 1, "这里的写法读不懂。", "请对照说明里的例子检查缩进、冒号和引号。")


def _unprintable(text: str) -> Mistake:
    for number, line in enumerate(text.split("\n"), 1):
        for column, character in enumerate(line, 1):
            if not (character.isprintable() or character in "\t\u3000\xa0\u200b\u200d\ufeff\ufe0f"):
                code = f"U+{ord(character):04X}"
                return Mistake(number, column, f"这里有一个不能用的字符（{code}）。", "请删掉它。")
    return Mistake(1, 1, "文件里有不能用的字符。", "请另存为 UTF-8 文本。")


class _Stop(Exception):
    """Reading on would only repeat one mistake many times."""


class _Reader:
    def __init__(self) -> None:
        self.source = Source()
        self.mistakes: list[Mistake] = []

    def read(self, events: Iterator[Event]) -> None:
        documents = 0
        try:
            for event in events:
                if isinstance(event, DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._wrong(event, "一个文件只能有一份菜单。", "请删掉「---」以下的内容。")
                        return
                elif isinstance(event, NodeEvent):
                    self.source.data = self._value(event, events, (), False)
        except _Stop:
            return

    def _value(self, event: Event, events: Iterator[Event], path: Path, listed: bool) -> Any:
        self.source.values[path] = _place(event)
        self._refuse_tricks(event)
        if len(path) > DEEPEST:
            self._wrong(event, "这里嵌套得太深。", "菜单最多两层，请对照例子检查缩进。")
            raise _Stop
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, path, bool(event.flow_style))
        assert isinstance(event, ScalarEvent)
        plain = not event.style
        if plain and listed:
            self.source.bare_items.append((path, event.value))
        return None if plain and event.value in NOTHING else event.value

    def _mapping(self, events: Iterator[Event], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, events, path)
            value = self._value(next(events), events, (*path, key), False)
            if key in found:
                self._wrong(event, f"「{key}」写了两次。", "请只留一个。")
                continue
            self.source.keys[(*path, key)] = _place(event)
            found[key] = value
        return found

    def _key(self, event: Event, events: Iterator[Event], path: Path) -> str:
        if isinstance(event, ScalarEvent):
            self._refuse_tricks(event)
            return str(event.value)
        self._wrong(event, "这里应是一个名称。", "写成「名称: 内容」。")
        raise _Stop

    def _sequence(self, events: Iterator[Event], path: Path, flow: bool) -> list[Any]:
        found: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            found.append(self._value(event, events, (*path, len(found)), flow))
        return found

    def _refuse_tricks(self, event: Event) -> None:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            self._wrong(event, "不能用 & 和 * 引用别处。", "请直接写出内容；句子以 & 或 * 开头时放进引号。")
            raise _Stop
        if getattr(event, "tag", None) not in (None, "!"):
            self._wrong(event, "不能用 ! 开头的类型标记。", "句子以 ! 开头时放进引号。")
            raise _Stop

    def _wrong(self, event: Event, message: str, hint: str) -> None:
        self.mistakes.append(Mistake(*_place(event), message, hint))


def _place(event: Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
