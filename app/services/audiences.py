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
from models import MemberKind, Membership, Role, Sex

TagName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
ActivityName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
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


DEEPEST = 4  # audiences within audiences

KINDS = {kind.label: kind for kind in MemberKind}
SEXES = {sex.label: sex for sex in Sex}
ROLES = {role.label: role for role in Role}
_Kind = Annotated[MemberKind, *_labelled(KINDS)]
_Sex = Annotated[Sex, *_labelled(SEXES)]
_Role = Annotated[Role, *_labelled(ROLES)]


class Audience(BaseModel):
    """Who has all that is asked for; of several values of one word any will do. Names count as written.

    `any`, `all` and `but` put audiences together: unions, intersections, differences.
    """

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
    activity: Annotated[
        tuple[ActivityName, ...], *_values("活动的标题或编号：在里面有名额的人；菜单里不能用", _text(60))
    ] = ()
    staff: Annotated[
        tuple[_Role, ...],
        *_values("工作人员的角色：有这个角色、关联了微信的人；菜单里不能用", {"enum": list(ROLES)}),
    ] = ()
    any: Annotated[
        tuple["Audience", ...], Field(max_length=20, description="几个人群，在其中一个里就算")
    ] = ()
    all: Annotated[tuple["Audience", ...], Field(max_length=20, description="几个人群，都在里面才算")] = ()
    but: Annotated["Audience | None", Field(description="这些人除外")] = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self._says_who:
            raise wrong(
                "没有写是谁。", "请写 tag、area、member、branch、kind 或 sex，或者用 any、all 合起来。"
            )
        if self.depth > DEEPEST:
            raise wrong("套得太深了。", f"any、all、but 最多套 {DEEPEST} 层。")
        return self

    @property
    def _says_who(self) -> bool:
        named = (self.tag, self.area, self.activity, self.staff, self.any, self.all)
        return any(named) or self.of_members

    @model_serializer(mode="wrap")
    def _as_written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {word: values for word, values in dump(self).items() if values}

    @property
    def of_members(self) -> bool:
        """Whether its own words mean members only."""
        return bool(self.member or self.branch or self.kind or self.sex)

    @property
    def asks_membership(self) -> bool:
        """Whether it, or a part of it, means members: who has not bound himself may be one all the same."""
        return self.of_members or any(part.asks_membership for part in self.parts)

    @property
    def parts(self) -> "tuple[Audience, ...]":
        """The audiences it is put together from."""
        return (*self.any, *self.all, *((self.but,) if self.but else ()))

    @property
    def depth(self) -> int:
        return 1 + max((part.depth for part in self.parts), default=0)

    @property
    def asks_the_database(self) -> bool:
        """Whether only it can tell: who signed up, or is staff, is in no message's facts."""
        return bool(self.activity or self.staff) or any(part.asks_the_database for part in self.parts)

    @property
    def plain(self) -> "Audience | None":
        """Its own words alone: all whom it means are meant by them. None where it has none."""
        own = {word: values for word in _OWN if (values := getattr(self, word))}
        return type(self).model_construct(**own) if own else None

    def __str__(self) -> str:
        said = [self._own_words] if self.plain else []
        said += [f"{part}" for part in self.all]
        if self.any:
            said.append("或".join(map(str, self.any)))
        whole = "，同时是".join(said)
        return f"{whole}（{self.but}除外）" if self.but else whole

    @property
    def _own_words(self) -> str:
        said = [self._members_and_customers] if self._members_and_customers else []
        if self.activity:
            said.append(f"报上「{'」「'.join(self.activity)}」的人")
        if self.staff:
            said.append(f"担任{'、'.join(role.label for role in self.staff)}的工作人员")
        return "，同时是".join(said)

    @property
    def _members_and_customers(self) -> str:
        tags = "、".join(self.tag)
        customers = f"{'、'.join(self.area)}的客户" if self.area else ""
        if not self.of_members:
            return f"「{tags}」中{customers}" if tags and customers else tags or customers
        kinds = "、".join(kind.label for kind in self.kind)
        sexes = "、".join(sex.label for sex in self.sex)
        whose = f"{'、'.join(self.branch)}的" if self.branch else ""
        members = f"{f'「{tags}」中' if tags else ''}{whose}{kinds}{sexes}会员"
        return f"{members}，同时是{customers}" if customers else members


def _told_by_facts(audience: Audience) -> Audience:
    if audience.asks_the_database:
        raise wrong("这里不能按活动或角色分人。", "activity 和 staff 只能用来数人和发通知。")
    return audience


AudienceOfFacts = Annotated[Audience, AfterValidator(_told_by_facts)]
"""For menus, keywords and sign-ups, which are decided by what is known of a follower."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one follower when a rule asks."""

    tags: frozenset[str] = field(default_factory=frozenset)
    membership: Membership | None = None
    areas: frozenset[str] = field(default_factory=frozenset)  # of the accounts he has bound


NOBODY_KNOWN = Facts()
_WORDS = ("tag", "area", "branch", "kind", "sex", "activity", "staff")  # those with values
_OWN = (*_WORDS, "member")


def matches(audience: Audience | None, facts: Facts) -> bool:
    """Is this follower meant? No audience means everybody.

    Raises: ValueError: it asks for what only `audience_rows` can tell.
    """
    if audience is None:
        return True
    if audience.activity or audience.staff:
        raise ValueError("who signed up, or is staff, is known to the database only")
    if audience.tag and facts.tags.isdisjoint(audience.tag):
        return False
    if audience.area and facts.areas.isdisjoint(audience.area):
        return False
    if audience.of_members and not _is_such_a_member(audience, facts.membership):
        return False
    return (
        all(matches(part, facts) for part in audience.all)
        and (not audience.any or any(matches(part, facts) for part in audience.any))
        and (audience.but is None or not matches(audience.but, facts))
    )


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
    if wide == narrow or any(covers(wide, part) for part in narrow.all):
        return True
    if wide.parts:
        return not wide.plain and not wide.all and not wide.but and any(covers(w, narrow) for w in wide.any)
    return narrow.plain is not None and _covers_plainly(wide, narrow)


def _covers_plainly(wide: Audience, narrow: Audience) -> bool:
    """By the own words of both; what else `narrow` asks only makes it narrower."""
    return (narrow.of_members or not wide.of_members) and all(
        not getattr(wide, word) or (set() < set(getattr(narrow, word)) <= set(getattr(wide, word)))
        for word in _WORDS
    )


def each(audience: Audience) -> list[Audience]:
    """One audience for every choice of single values: together they are the same people."""
    if audience.any and not audience.plain and not audience.all and not audience.but:
        return [one for part in audience.any for one in each(part)]
    given = {word: values for word in _WORDS if (values := getattr(audience, word))}
    return [
        audience.model_copy(update={word: (value,) for word, value in zip(given, values, strict=True)})
        for values in product(*given.values())
    ]
