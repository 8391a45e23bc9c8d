"""What somebody who wants to join fills in, how each field is checked, and the form in which it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.errors import DomainError
from app.services import member_words
from app.services.roster_rows import COLUMNS
from app.services.sheet_cells import Wrong, cell
from models import MemberKind, MembershipApplication, Sex

DECLARATION_VERSION = "2026-11"  # raise it when the words below change
DECLARATION = (
    "我自愿申请加入中国工会，承认《中国工会章程》，执行工会决议，按规定交纳会费。\n"
    "我填写的内容属实，同意工会用来办理入会和会员服务。"
)
KINDS: Final = (MemberKind.IN_SERVICE, MemberKind.DISPATCHED)  # who is retired keeps the membership he had

_COLUMNS = {column.field: column for column in COLUMNS}
_REQUIRED = ("name", "sex", "born_on", "phone", "kind")
_OPTIONAL = ("staff_number", "post")
FIELDS: Final = (*_REQUIRED, *_OPTIONAL)


class Incomplete(DomainError):
    """Something was filled in wrong: `wrong` says by field what would be right."""

    status = 422

    def __init__(self, wrong: Mapping[str, str]) -> None:
        field = next(iter(wrong))
        super().__init__(wrong[field], question=field)
        self.wrong = dict(wrong)


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it, checked."""

    name: str
    sex: Sex
    born_on: date
    phone: str
    kind: MemberKind
    staff_number: str = ""
    post: str = ""

    def columns(self) -> dict[str, Any]:
        """As columns of `Member`."""
        return {
            "name": self.name,
            "sex": self.sex,
            "born_on": self.born_on.isoformat(),
            "phone": self.phone,
            "post": self.post,
            "kind": self.kind,
        }

    def kept(self) -> dict[str, str]:
        """As they are stored, sealed; `check` reads them again."""
        return {
            "name": self.name,
            "sex": self.sex.label,
            "born_on": self.born_on.isoformat(),
            "phone": self.phone,
            "kind": self.kind.label,
            "staff_number": self.staff_number,
            "post": self.post,
        }


def check(given: Mapping[str, str], today: date) -> Facts:
    """The facts as people write them, by field.

    Raises:
        Incomplete: every field that is missing or wrong is named.
    """
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in FIELDS:
        try:
            found[field] = _read(field, str(given.get(field) or ""), today)
        except Wrong as refused:
            wrong[field] = _sentence(field, refused)
    if wrong:
        raise Incomplete(wrong)
    return Facts(**{**found, "born_on": date.fromisoformat(found["born_on"])})


def mistake(field: str, said: str, today: date) -> str:
    """What is wrong with one field, as a sentence; "" when all is well."""
    try:
        _read(field, said, today)
    except Wrong as refused:
        return _sentence(field, refused)
    return ""


def _sentence(field: str, refused: Wrong) -> str:
    return f"{_COLUMNS[field].title}{refused.message}。"


def _read(field: str, said: str, today: date) -> Any:
    if not said.strip():
        if field in _REQUIRED:
            raise Wrong("没有填")
        return ""
    _, value = cell(_COLUMNS[field], said, today)
    if value is None:
        raise Wrong("没有填")
    if field == "kind" and value not in KINDS:
        raise Wrong("请选 在职 或 劳务派遣；退休职工保留原来的会籍，不用再申请")
    return value


def facts_of(application: MembershipApplication) -> dict[str, str]:
    """What was filled in, by field; empty once it was forgotten."""
    kept: Any = application.facts or {}
    return {str(field): str(value) for field, value in kept.items()}


def lines(application: MembershipApplication, *, whole: bool = False) -> list[tuple[str, str]]:
    """What was filled in, as title and value; private ones masked unless `whole`."""
    kept = facts_of(application)
    masked: dict[str, Any] = {"phone": member_words.mask_phone, "born_on": member_words.mask_day}
    return [
        (_COLUMNS[field].title, kept[field] if whole or field not in masked else masked[field](kept[field]))
        for field in FIELDS
        if kept.get(field)
    ]
