"""Tips as Markdown files with front matter: read, checked, every mistake named by file and line.

All files are read before anything is refused, so that an editor sees every mistake at once.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from app.errors import OperatorError
from app.knowledge.front_matter import FrontMatter, in_chinese
from app.knowledge.tips import ANSWER_BYTES, Tip, answer_text
from app.knowledge.vocabulary import normalise

_FENCE = "---"


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
        super().__init__("知识内容有误：\n" + "\n".join(map(str, self.mistakes)))


@dataclass(frozen=True, slots=True)
class TipFile:
    """A valid tip and the file it came from; `sha256` of the file tells whether it changed."""

    path: Path
    sha256: str
    tip: Tip


def load(folder: Path) -> list[TipFile]:
    """Every `*.md` of `folder`, by id.

    Raises:
        ContentMistakes: the folder is missing or empty, or any file is wrong.
    """
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise ContentMistakes([Mistake(folder, 0, "", "没有找到 .md 文件")])
    files: list[TipFile] = []
    mistakes: list[Mistake] = []
    for path in paths:
        read = _read(path)
        if isinstance(read, TipFile):
            files.append(read)
        else:
            mistakes += read
    mistakes += _clashes(files)
    if mistakes:
        raise ContentMistakes(mistakes)
    return sorted(files, key=lambda file: file.tip.id)


def _read(path: Path) -> TipFile | list[Mistake]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return [Mistake(path, 0, "", "文件不是 UTF-8 编码，请另存为 UTF-8")]
    lines = text.split("\n")
    if lines[0].strip() != _FENCE or _FENCE not in lines[1:]:
        return [Mistake(path, 1, "", "文件应以 --- 开头，写完各项后再写一行 ---")]
    end = lines.index(_FENCE, 1)
    head = _head(path, "\n".join(lines[1:end]))
    if isinstance(head, list):
        return head
    body = "\n".join(lines[end + 1 :]).strip()
    checked = _check(path, head, body, end + 2)
    if isinstance(checked, list):
        return checked
    return TipFile(path=path, sha256=hashlib.sha256(raw).hexdigest(), tip=checked)


def _head(path: Path, text: str) -> CommentedMap | list[Mistake]:
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


def _check(path: Path, head: CommentedMap, body: str, body_line: int) -> Tip | list[Mistake]:
    try:
        matter = FrontMatter.model_validate(_plain(head))
    except ValidationError as errors:
        return [_mistake(path, head, error) for error in errors.errors()]
    if matter.id != path.stem:
        message = f"应与文件名相同，即 {path.stem}"
        return [Mistake(path, _line(head, ("id",)), "id", message)]
    if not body:
        return [Mistake(path, body_line, "正文", "正文是空的，请写要做的步骤")]
    tip = matter.tip(body)
    size = len(answer_text(tip).encode())
    if size > ANSWER_BYTES:
        message = f"整条答复 {size} 字节，最多 {ANSWER_BYTES} 字节，请缩短"
        return [Mistake(path, body_line, "正文", message)]
    return tip


def _plain(head: CommentedMap) -> dict[str, Any]:
    """Plain values: strict validation takes no subclass of list."""
    return {str(name): list(value) if isinstance(value, list) else value for name, value in head.items()}


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


def _clashes(files: Iterable[TipFile]) -> list[Mistake]:
    """A question form in two tips would make the answer a matter of chance."""
    owners: dict[str, TipFile] = {}
    mistakes = []
    for file in files:
        for form in dict.fromkeys(map(normalise, file.tip.ask)):
            owner = owners.setdefault(form, file)
            if owner is not file:
                message = f"「{form}」在 {owner.path.name} 里已经有了"
                mistakes.append(Mistake(file.path, 0, "ask", message))
    return mistakes
