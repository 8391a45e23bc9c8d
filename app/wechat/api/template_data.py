"""What the fields of a template or subscription notice may hold (section 8.2).

WeChat answers 47003 for any of them; here it is found before a person is promised a notice.
Where the rule is vague we are the more lenient side. Never cut a value by bytes.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.wechat.api.limits import not_blank, refuse_unless

_KEY = re.compile(r"([a-z_]+?)\d+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HAN = re.compile(r"[㐀-鿿豈-﫿]")


def _at_most(most: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= most


def _shaped(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _name(value: str) -> bool:
    return len(value) <= (10 if _HAN.search(value) else 20)


_TIME = _shaped(r"[0-9年月日/.:：~ -]{1,60}")

_RULES: Final[Mapping[str, Callable[[str], bool]]] = {
    "thing": _at_most(20),
    "number": lambda value: len(value) <= 33 and _shaped(r"[0-9]{1,32}(\.[0-9]+)?")(value),
    "letter": _shaped(r"[A-Za-z]{1,32}"),
    "symbol": _at_most(5),
    "character_string": lambda value: len(value) <= 32 and not _HAN.search(value),
    "time": _TIME,
    "date": _TIME,
    "amount": _shaped(r"[^\d\s]?[0-9]{1,10}(\.[0-9]+)?元?"),
    "phone_number": lambda value: len(value) <= 17 and not re.search(r"[A-Za-z]|[㐀-鿿]", value),
    "car_number": _at_most(8),
    "name": _name,
    "phrase": _shaped(r"[㐀-鿿]{1,5}"),
    "const": _at_most(20),
}


def check_data(data: Mapping[str, str]) -> None:
    """Raise `OurMistake` for a value WeChat would refuse; names the field, not its value."""
    refuse_unless(bool(data), "a template notice without data")
    for key, value in data.items():
        not_blank(value, f"template field {key}")
        refuse_unless(not _CONTROL.search(value), f"template field {key} has a line break")
        found = _KEY.fullmatch(key)
        fits = _RULES.get(found[1]) if found else None
        refuse_unless(fits is None or fits(value), f"template field {key} breaks its rule")


def data_to_wire(data: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Values only: a colour is refused or ignored."""
    return {key: {"value": value} for key, value in data.items()}


def filled_notice(openid: str, template_id: str, data: Mapping[str, str]) -> dict[str, Any]:
    """What every notice says: to whom, by which template, with what in its fields.

    Raises:
        OurMistake: something is missing, or a field breaks the rule of its kind.
    """
    not_blank(openid, "openid")
    not_blank(template_id, "template id")
    check_data(data)
    return {"touser": openid, "template_id": template_id, "data": data_to_wire(data)}
