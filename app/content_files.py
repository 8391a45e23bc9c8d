"""Markdown files with front matter: read, checked, every mistake named by file and line.

All files are read before anything is refused, so that an editor sees every mistake at once. What the head of
a kind of file may say is a pydantic model; what it becomes is made by the caller.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from app.errors import OperatorError

_FENCE = "---"


Matter = TypeVar("Matter", bound=BaseModel)
Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in one file. `line` counts from 1; 0 when no line can be named."""

    path: Path
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path.name} 第 {self.line} 行" if self.line else self.path.name
        return f"{where}：{self.field}：{self.message}" if self.field else f"{where}：{self.message}"


class ContentMistakes(OperatorError):
    """Nothing was loaded; `mistakes` has them all, in the order of files and lines."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = sorted(mistakes, key=lambda each: (each.path, each.line))
        super().__init__("内容有误：\n" + "\n".join(map(str, self.mistakes)))


class BodyMistake(ValueError):
    """What stands below the head cannot be used; `line` counts from 1 within it."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message, self.line = message, line


@dataclass(frozen=True, slots=True)
class ContentFile(Generic[Content]):
    """A valid file and what it says; `sha256` tells whether it changed."""

    path: Path
    sha256: str
    content: Content


def read_yaml(path: Path) -> Any:
    """What an operator's YAML file holds. Raises: OperatorError: it cannot be read, or is no YAML."""
    try:
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"读不了 {path}：{type(error).__name__}") from None
    except YAMLError:
        raise OperatorError(f"{path} 的 YAML 写法不对，请检查冒号、引号和缩进") from None


def read_folder(
    folder: Path, model: type[Matter], make: Callable[[Matter, str], Content]
) -> tuple[list[ContentFile[Content]], list[Mistake]]:
    """Every `*.md` of `folder`, by name, and all that is wrong in the others.

    `make` turns a checked head and the text below it into content, or raises BodyMistake.
    """
    paths = sorted(folder.glob("*.md"))
    if not paths:
        return [], [Mistake(folder, 0, "", "没有找到 .md 文件")]
    files: list[ContentFile[Content]] = []
    mistakes: list[Mistake] = []
    for path in paths:
        read = _read(path, model, make)
        if isinstance(read, ContentFile):
            files.append(read)
        else:
            mistakes += read
    return files, mistakes


def _read(
    path: Path, model: type[Matter], make: Callable[[Matter, str], Content]
) -> ContentFile[Content] | list[Mistake]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return [Mistake(path, 0, "", "文件不是 UTF-8 编码，请另存为 UTF-8")]
    lines = text.split("\n")
    if lines[0].strip() != _FENCE or _FENCE not in lines[1:]:
        return [Mistake(path, 1, "", "文件应以 --- 开头，写完各项后再写一行 ---")]
    end = lines.index(_FENCE, 1)
    matter = _matter(path, "\n".join(lines[1:end]), model)
    if isinstance(matter, list):
        return matter
    below = "\n".join(lines[end + 1 :])
    body, body_line = below.strip(), end + 2
    if not body:
        return [Mistake(path, body_line, "正文", "正文是空的")]
    try:
        content = make(matter, body)
    except BodyMistake as mistake:
        above = len(below[: below.index(body)].split("\n")) - 1
        return [Mistake(path, body_line + above + mistake.line - 1, "正文", mistake.message)]
    return ContentFile(path, hashlib.sha256(raw).hexdigest(), content)


def _head(path: Path, text: str) -> dict[str, Any] | list[Mistake]:
    """libyaml reads it, ten times faster; only a head with a mistake is read again, for the lines."""
    with suppress(YAMLError, ValueError):
        head = YAML(typ="safe").load(text)
        if isinstance(head, dict):
            return dict(_plain(head))
    lined = _head_with_lines(path, text)
    return lined if isinstance(lined, list) else dict(_plain(lined))


def _head_with_lines(path: Path, text: str) -> CommentedMap | list[Mistake]:
    try:
        head = YAML(typ="rt").load(StringIO(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 0
        doubled = isinstance(error, DuplicateKeyError)
        message = "同一项写了两遍" if doubled else "YAML 写法不对，请检查冒号、引号和缩进"
        return [Mistake(path, line, "", message)]
    except (YAMLError, ValueError):
        return [Mistake(path, 0, "", "YAML 写法不对，请检查日期和特殊符号")]
    if not isinstance(head, CommentedMap):
        return [Mistake(path, 2, "", "两行 --- 之间应是「名称: 内容」")]
    return head


def _matter(path: Path, text: str, model: type[Matter]) -> Matter | list[Mistake]:
    head = _head(path, text)
    if isinstance(head, list):
        return head
    try:
        matter = model.model_validate(head)
    except ValidationError as errors:
        lined = _head_with_lines(path, text)
        return lined if isinstance(lined, list) else [_mistake(path, lined, one) for one in errors.errors()]
    if getattr(matter, "id", path.stem) != path.stem:
        lined = _head_with_lines(path, text)
        line = 0 if isinstance(lined, list) else _line(lined, ("id",))
        return [Mistake(path, line, "id", f"应与文件名相同，即 {path.stem}")]
    return matter


def _plain(value: Any) -> Any:
    """Plain values: strict validation takes no subclass of list or dict."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _mistake(path: Path, head: CommentedMap, error: ErrorDetails) -> Mistake:
    location = error["loc"]
    name = str(location[0]) if location else ""
    if len(location) > 1 and isinstance(location[1], int):
        name = f"{name} 第 {location[1] + 1} 条"
    return Mistake(path, _line(head, location), name, in_chinese(error))


def _line(head: CommentedMap, location: tuple[int | str, ...]) -> int:
    """The line in the file; the head's first line is the file's second."""
    if not location or location[0] not in head:
        return 0
    value = head[location[0]]
    if len(location) > 1 and isinstance(value, list) and hasattr(value, "lc"):
        return int(value.lc.item(location[1])[0]) + 2
    return int(head.lc.key(location[0])[0]) + 2


def in_chinese(error: ErrorDetails) -> str:
    """What is wrong and what would be right, for a person who knows no pydantic."""
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "缺少这一项"
        case "extra_forbidden":
            return "没有这一项，请检查拼写"
        case "string_type":
            return f'应是文字；数字请加引号，例如 "{error["input"]}"'
        case "bool_type":
            return "应写 true 或 false"
        case "list_type":
            return "应是列表，每条一行，以「- 」开头"
        case "dict_type":
            return "应写「名称: 功能」"
        case "date_type":
            return "应是日期，例如 2026-11-23"
        case "string_too_short":
            return f"太短，至少 {context['min_length']} 个字"
        case "string_too_long":
            return f"太长，最多 {context['max_length']} 个字"
        case "too_short":
            return f"至少 {context['min_length']} 条，现在 {context['actual_length']} 条"
        case "too_long":
            return f"最多 {context['max_length']} 条，多了"
        case "value_error":
            return str(context["error"])
    return f"写法不对（{error['msg']}）"
