"""Reading the menu file: text in, the checked model out, or every mistake at once, in Chinese."""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.menus import checks, shadows
from app.menus.known import Handlers
from app.menus.mistakes import MenuMistakes, Mistake, nearest, one_of
from app.menus.model import MenuFile
from app.menus.parts import understood
from app.menus.source import Path, Source, decode, parse

EXPECTED = {
    "model_type": ("这里应写成几行「名称: 内容」。", "请检查缩进，冒号用半角，后面加一个空格。"),
    "dict_type": ("这里应写成「名称: 内容」。", "例如 {topic: storms}。"),
    "tuple_type": ("这里应是一个列表。", "每项一行、以「- 」开头，或写在方括号里用半角逗号隔开。"),
    "string_type": ("这里应是一句文字。", "请写在同一行，或放进引号。"),
    "bytes_type": ("这里应是一句文字。", ""),
}


def read(text: str, known: Handlers) -> MenuFile:
    """The file, checked.

    Raises:
        MenuMistakes: all that must be put right.
    """
    source = _parsed(text)
    mistakes = list(_bare_commas(source))
    file, wrong = _model(source)
    mistakes += wrong
    parts = understood(source.data)
    mistakes += checks.check(parts, known, source)
    mistakes += shadows.check(parts.rules, source)
    if mistakes or file is None:
        raise MenuMistakes(mistakes)
    found = (*checks.warnings(parts, source), *shadows.warnings(parts.rules, source))
    file._warnings = tuple(sorted(found))
    return file


def read_applied(text: str, known: Handlers) -> MenuFile:
    """A file that was checked when it was applied, as far as this program can run it.

    A check that came later must not put out of force what worked before.

    Raises:
        MenuMistakes: it cannot: another form, or a handler that is gone.
    """
    source = _parsed(text)
    file, mistakes = _model(source)
    parts = understood(source.data)
    mistakes += checks.unknown(parts, known, source)
    mistakes += shadows.unusable(parts.rules, source)
    if mistakes or file is None:
        raise MenuMistakes(mistakes)
    return file


def read_unchecked(text: str) -> MenuFile:
    """The file as far as its form goes; for old revisions, whose handlers may be gone.

    Raises:
        MenuMistakes: not even the form is right.
    """
    file, wrong = _model(_parsed(text))
    if file is None:
        raise MenuMistakes(wrong)
    return file


def _parsed(text: str) -> Source:
    source = parse(text)
    if not isinstance(source.data, dict):
        raise MenuMistakes([_not_a_menu(source)])
    return source


def load(path: FilePath) -> str:
    """The text of the file at `path`.

    Raises:
        MenuMistakes: it is no UTF-8 text, or cannot be read.
    """
    try:
        return decode(path.read_bytes())
    except OSError as error:
        reason = "没有这个文件" if isinstance(error, FileNotFoundError) else "文件打不开"
        raise MenuMistakes(
            [Mistake(1, 1, f"{reason}：{path.name}。", "请检查文件名和所在的文件夹。")]
        ) from None


def _model(source: Source) -> tuple[MenuFile | None, list[Mistake]]:
    try:
        return MenuFile.model_validate(source.data), []
    except ValidationError as error:
        return None, [
            _mistake(item, source) for item in error.errors(include_url=False) if not _follows(item)
        ]


def _follows(error: ErrorDetails) -> bool:
    """Called too short only because its entries, named beside it, are wrong?"""
    return error["type"] == "too_short" and isinstance(error["input"], list) and len(error["input"]) > 0


def _not_a_menu(source: Source) -> Mistake:
    if source.data is None:
        return Mistake(1, 1, "文件是空的。", "至少要有 version、account、menu 和 fallback。")
    return Mistake(
        *source.place(()),
        "文件开头应是「version: 1」这样的行。",
        "最外层写 version、account、menu、fallback。",
    )


def _bare_commas(source: Source) -> Iterator[Mistake]:
    for path, value in source.bare_items:
        found = next((mark for mark in "，、；" if mark in value), None)
        if found:
            hint = "词之间请用半角逗号「,」；标点就是内容时，把这个词放进引号。"
            yield Mistake(*source.place(path), f"「{value}」里有全角标点「{found}」，会被当成一个词。", hint)


def _mistake(error: ErrorDetails, source: Source) -> Mistake:
    path: Path = tuple(error["loc"])
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden":
        return Mistake(*source.key_place(path), f"不认识「{path[-1]}」。", _key_hint(path))
    if kind == "missing":
        return Mistake(*source.place(path[:-1]), f"缺少「{path[-1]}」。", f"请加上「{path[-1]}: …」。")
    context: dict[str, Any] = error.get("ctx") or {}
    message, hint = _said(kind, given, context)
    return Mistake(*source.place(path), message, hint)


def _said(kind: str, given: Any, context: dict[str, Any]) -> tuple[str, str]:
    if kind == "said":
        return context["message"], context["hint"]
    if kind == "too_long":
        return f"这里有 {context['actual_length']} 项，最多 {context['max_length']} 项。", "请删掉多出的。"
    if given is None or kind in {"too_short", "string_too_short"}:
        return "这里是空的。", "请填上内容，或删掉这一行。"
    if kind == "string_too_long":
        return f"「{given}」太长。", f"最多 {context['max_length']} 个字。"
    if kind in {"enum", "literal_error"}:
        allowed = str(context["expected"]).replace("'", "").replace(" or ", "、").replace(", ", "、")
        close = nearest(str(given), allowed.split("、"))
        return f"不能写「{given}」。", f"可以写：{allowed}。" + (f"是不是「{close}」？" if close else "")
    message, hint = EXPECTED.get(kind, ("这里的内容不对。", "请对照说明里的例子。"))
    if isinstance(given, str) and ("：" in given or ":" in given):
        hint = "冒号要用半角，后面加一个空格。"
    return message, hint


def _key_hint(path: Path) -> str:
    model = _model_at(path[:-1])
    names = [field.alias or name for name, field in model.model_fields.items()] if model else []
    written = str(path[-1])
    if "：" in written or ":" in written:
        return "冒号要用半角，后面加一个空格。"
    close = nearest(written, names)
    return f"是不是「{close}」？" if close else f"这里可以写：{one_of(names)}。"


def _model_at(path: Path) -> type[BaseModel] | None:
    """The model that describes the place `path`."""
    model: type[BaseModel] | None = MenuFile
    for part in path:
        if model is None or isinstance(part, int):
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        model = _inside(fields[part].annotation) if part in fields else None
    return model


def _inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _inside(each))), None)
