"""The fields of a notice (section 8.2): how a template names them, and what each kind may hold.

The same rules for template messages, subscription notices and those of mini-programs.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.errors import ApiError

_FIELD = re.compile(r"(?:^|\n)([^\n{]*?)[:：]?\{\{(\w+)\.DATA\}\}")
_CLOCK = r"([01]?\d|2[0-4]):[0-5]\d(:[0-5]\d)?"
_TIME = rf"(\d{{4}}年\d{{1,2}}月\d{{1,2}}日 ?)?{_CLOCK}"
_DATE = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{2}-\d{2})"
_DATE_TIME = rf"({_DATE}( ?{_CLOCK})?|{_TIME})"
_HAN = re.compile(r"[\u4e00-\u9fff]")

Options = Mapping[str, Sequence[str]]  # field name: the values a template lists for it


def named(content: str) -> list[tuple[str, str]]:
    """(label, field name) of each line of a template's content."""
    return [(label.strip(), name) for label, name in _FIELD.findall(content)]


def example(content: str, samples: Mapping[str, str]) -> str:
    return "\n".join(f"{label}:{samples.get(name, '示例')}" for label, name in named(content))


def filled(content: str, data: Any, options: Options) -> list[dict[str, str]]:
    """The notice's lines.

    Raises:
        ApiError: 47003 a field is missing, empty, or breaks its kind's rule.
    """
    if not isinstance(data, dict):
        raise ApiError(47003, "argument invalid! data invalid", "缺少 data")
    lines = []
    for label, name in named(content):
        given = data.get(name)
        value = given.get("value") if isinstance(given, dict) else None
        rule = _broken(name, value, options.get(name))
        if rule:
            raise ApiError(
                47003,
                f"argument invalid! data.{name}.value invalid",
                f"字段 {name} 的值「{value}」不合规则：{rule}",
            )
        lines.append({"label": label, "value": str(value)})
    return lines


def _broken(name: str, value: object, listed: Sequence[str] | None) -> str:
    """The rule that `value` breaks, in words; empty when it is fine."""
    if not isinstance(value, str) or not value.strip():
        return "不能为空"
    if any(unicodedata.category(one) == "Cc" for one in value):
        return "不能有换行或控制字符"
    if listed is not None:
        return "" if value in listed else f"只能是 {'、'.join(listed)}"
    kind = KINDS.get(name.rstrip("0123456789"))
    return "" if kind is None or kind[0](value) else kind[1]


def _whole(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _is_number(value: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", value) is not None and len(value.replace(".", "")) <= 32


def _is_name(value: str) -> bool:
    return len(value) <= (10 if _HAN.search(value) else 20) and not re.search(r"\d", value)


def _is_symbols(value: str) -> bool:
    return len(value) <= 5 and all(unicodedata.category(one)[0] in "PS" for one in value)


# Kind: (check, rule in words).
KINDS: dict[str, tuple[Callable[[str], bool], str]] = {
    "thing": (lambda value: len(value) <= 20, "20 个以内字符"),
    "number": (_is_number, "32 位以内数字，可带小数"),
    "letter": (_whole(r"[A-Za-z]{1,32}"), "32 位以内字母"),
    "symbol": (_is_symbols, "5 位以内符号"),
    "character_string": (_whole(r"[\x20-\x7e]{1,32}"), "32 位以内数字、字母或符号，不能有汉字"),
    "time": (_whole(rf"{_TIME}(~{_TIME})?"), "24 小时制时间，如 2019年10月1日 15:01"),
    "date": (_whole(rf"{_DATE_TIME}(~{_DATE_TIME})?"), "年月日，可带时间"),
    "amount": (_whole(r"[¥￥$€£]?\d{1,10}(\.\d+)?元?"), "1 个币种符号加 10 位以内数字，可带小数"),
    "phone_number": (_whole(r"[\d+\-() *]{1,17}"), "17 位以内数字、符号"),
    "car_number": (
        _whole(r"[\u4e00-\u9fffA-Za-z\d][A-Za-z\d]{0,6}[\u4e00-\u9fffA-Za-z\d]?"),
        "8 位以内车牌号，第一位和最后一位可以是汉字",
    ),
    "name": (_is_name, "10 个以内汉字，或 20 个以内字母、符号"),
    "phrase": (_whole(r"[\u4e00-\u9fff]{1,5}"), "5 个以内汉字"),
    "const": (lambda value: len(value) <= 20, "20 个以内字符"),
    "enum": (lambda value: len(value) <= 20, "模板列出的值"),
}
