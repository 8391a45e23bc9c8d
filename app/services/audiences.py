"""Who is meant: the one grammar of audiences, for menus, keywords and later for notices.

A new word is a field of `Audience`, a fact in `Facts`, and a line in `matches`, `covers`, `each` and, for the
database, `app.services.audience_rows`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    StringConstraints,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from app.errors import wrong
from models import MemberKind, Membership, Sex

TagName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
AreaName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
BranchName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _values(what: str, one: dict[str, Any]) -> tuple[Any, ...]:
    """A value or a list of them, each as `one` describes it in the file's schema."""
    many = {"type": "array", "minItems": 1, "items": one}
    schema = WithJsonSchema({"description": what, "anyOf": [one, many]})
    return BeforeValidator(_one_or_many), Field(min_length=1, max_length=20), schema


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _true(value: bool) -> bool:
    if not value:
        raise wrong("member 只能写 true。", "不限会员就不写这一项。")
    return value


def _labelled(labels: Mapping[str, Any]) -> tuple[Any, ...]:
    """Written by label, in a file and when stored."""

    def read(value: Any) -> Any:
        if isinstance(value, StrEnum):
            return value
        if value not in labels:
            raise wrong(f"「{value}」不对。", f"请写{'、'.join(labels)}。")
        return labels[value]

    return BeforeValidator(read), PlainSerializer(lambda value: value.label)


KINDS = {kind.label: kind for kind in MemberKind}
SEXES = {sex.label: sex for sex in Sex}
_Kind = Annotated[MemberKind, *_labelled(KINDS)]
_Sex = Annotated[Sex, *_labelled(SEXES)]


class Audience(BaseModel):
    """Who has all that is asked for; of several values of one word any will do. Names count as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tag: Annotated[tuple[TagName, ...], *_values("标签名，或几个标签名（带有其中一个即可）", _text(30))] = ()
    area: Annotated[
        tuple[AreaName, ...], *_values("片区名（绑定了这个片区的户号，核实过没有都算）", _text(40))
    ] = ()
    member: Annotated[bool, AfterValidator(_true), Field(description="true：绑定了工号的会员")] = False
    branch: Annotated[
        tuple[BranchName, ...],
        *_values("组织名（连同下级）；重名的连上级一起写，例如 北区分工会/抢修一班", _text(255)),
    ] = ()
    kind: Annotated[tuple[_Kind, ...], *_values("人员类别", {"enum": list(KINDS)})] = ()
    sex: Annotated[tuple[_Sex, ...], *_values("性别", {"enum": list(SEXES)})] = ()

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.tag and not self.area and not self.of_members:
            raise wrong("没有写是谁。", "请写 tag、area、member、branch、kind 或 sex。")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {word: values for word, values in dump(self).items() if values}

    @property
    def of_members(self) -> bool:
        """Whether only members are meant."""
        return bool(self.member or self.branch or self.kind or self.sex)

    def __str__(self) -> str:
        tags = "、".join(self.tag)
        customers = f"{'、'.join(self.area)}的客户" if self.area else ""
        if not self.of_members:
            return f"「{tags}」中{customers}" if tags and customers else tags or customers
        kinds = "、".join(kind.label for kind in self.kind)
        sexes = "、".join(sex.label for sex in self.sex)
        whose = f"{'、'.join(self.branch)}的" if self.branch else ""
        members = f"{f'「{tags}」中' if tags else ''}{whose}{kinds}{sexes}会员"
        return f"{members}，同时是{customers}" if customers else members


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one follower when a rule asks."""

    tags: frozenset[str] = field(default_factory=frozenset)
    membership: Membership | None = None
    areas: frozenset[str] = field(default_factory=frozenset)  # of the accounts he has bound


NOBODY_KNOWN = Facts()
_WORDS = ("tag", "area", "branch", "kind", "sex")  # those with values


def matches(audience: Audience | None, facts: Facts) -> bool:
    """Is this follower meant? No audience means everybody."""
    if audience is None:
        return True
    if audience.tag and facts.tags.isdisjoint(audience.tag):
        return False
    if audience.area and facts.areas.isdisjoint(audience.area):
        return False
    return not audience.of_members or _is_such_a_member(audience, facts.membership)


def _is_such_a_member(audience: Audience, membership: Membership | None) -> bool:
    return (
        membership is not None
        and (not audience.kind or membership.kind in audience.kind)
        and (not audience.sex or membership.sex in audience.sex)
        and (not audience.branch or any(map(membership.is_in, audience.branch)))
    )


def covers(wide: Audience | None, narrow: Audience | None) -> bool:
    """Is everybody whom `narrow` means meant by `wide` too, as far as the words alone tell?"""
    if wide is None or narrow is None:
        return wide is None
    return (narrow.of_members or not wide.of_members) and all(
        not getattr(wide, word) or (set() < set(getattr(narrow, word)) <= set(getattr(wide, word)))
        for word in _WORDS
    )


def each(audience: Audience) -> list[Audience]:
    """One audience for every choice of single values: together they are the same people."""
    given = {word: values for word in _WORDS if (values := getattr(audience, word))}
    return [
        audience.model_copy(update={word: (value,) for word, value in zip(given, values, strict=True)})
        for values in product(*given.values())
    ]
