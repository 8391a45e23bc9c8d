"""Followers and persons as staff look at them: only what rights allow, and never what they said.

A person has no branch of his own; staff of a branch see those who are its members.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.errors import NotFound
from app.services import merging
from app.services.permissions import Scope
from models import Account, AccountKind, Follower, FollowerTag, Member, MergeState, Person, PersonMerge

FOLLOWS, LEFT = "yes", "left"
STATES: Final = {FOLLOWS: "在关注", LEFT: "已取消关注"}
MEMBER, STRANGER = "yes", "no"
MEMBERSHIPS: Final = {MEMBER: "绑定了会员", STRANGER: "没有绑定"}
KINDS: Final = {AccountKind.OFFICIAL: "公众号", AccountKind.MINIPROGRAM: "小程序"}


def short(openid: str) -> str:
    """Enough to tell two apart, and not to send anything to: oAb1…x9Qz"""
    return f"{openid[:4]}…{openid[-4:]}" if len(openid) > 12 else f"{openid[:2]}…"


def chosen(
    scope: Scope, *, words: str = "", state: str = "", tag: str = "", membership: str = ""
) -> sa.Select[Any]:
    """Followers with their persons. `words`: a whole public id or openid; nicknames we do not keep."""
    asked = (
        sa.select(Follower, Account).join(Follower.person).join(Account, Account.id == Follower.account_id)
    )
    asked = asked.options(contains_eager(Follower.person)).where(_is_his(scope, Follower.person_id))
    if words:
        asked = asked.where(Follower.id.in_(_called(words)))
    if state:
        asked = asked.where(Follower.subscribed if state == FOLLOWS else sa.not_(Follower.subscribed))
    if tag:
        asked = asked.where(
            sa.exists().where(FollowerTag.follower_id == Follower.id, FollowerTag.name == tag)
        )
    if membership:
        is_bound = sa.exists().where(Member.person_id == Follower.person_id)
        asked = asked.where(is_bound if membership == MEMBER else sa.not_(is_bound))
    return cast("sa.Select[Any]", asked)


def _called(words: str) -> sa.CompoundSelect[int]:
    """Apart, so that each is found by its index: of an OR over two tables neither would be used."""
    by_openid = sa.select(Follower.id).where(Follower.openid == words)
    by_person = sa.select(Follower.id).join(Person, Person.id == Follower.person_id)
    return by_openid.union(by_person.where(Person.public_id == words))


def _is_his(scope: Scope, person_id: Any) -> sa.ColumnElement[bool]:
    if scope.everything:
        return sa.true()
    return sa.exists().where(Member.person_id == person_id, scope.holds(Member.branch_id))


async def get(session: AsyncSession, scope: Scope, public_id: str) -> Person:
    """Raises: NotFound: none, or nobody of his branches."""
    asked = sa.select(Person).where(Person.public_id == public_id, _is_his(scope, Person.id))
    found: Person | None = await session.scalar(asked)
    if found is None:
        raise NotFound("没有找到这个人。")
    return found


@dataclass(frozen=True, slots=True)
class Following:
    """One openid of a person, with its tags."""

    follower: Follower
    kind: AccountKind
    tags: Sequence[str]

    @property
    def seen_at(self) -> datetime | None:
        """As far as it is still known: times that no window needs are forgotten."""
        known = [at for at in (self.follower.spoke_at, self.follower.acted_at) if at is not None]
        return max(known, default=None)


async def list_followings(session: AsyncSession, person: Person) -> list[Following]:
    asked = sa.select(Follower, Account.kind).join(Account, Account.id == Follower.account_id)
    rows = (await session.execute(asked.where(Follower.person_id == person.id).order_by(Follower.id))).all()
    ids = [follower.id for follower, _ in rows]
    tags: dict[int, list[str]] = {}
    given = sa.select(FollowerTag).where(FollowerTag.follower_id.in_(ids)).order_by(FollowerTag.name)
    for tag in await session.scalars(given):
        tags.setdefault(tag.follower_id, []).append(tag.name)
    return [Following(follower, kind, tags.get(follower.id, [])) for follower, kind in rows]


async def find_stayed(session: AsyncSession, person: Person) -> Person | None:
    """Who this person became, where he was merged."""
    if person.merged_into_id is None:
        return None
    return await session.get(Person, person.merged_into_id)


async def list_merges(session: AsyncSession, person: Person) -> Sequence[PersonMerge]:
    """Those that he was part of, oldest first."""
    of_his = sa.or_(PersonMerge.stays_id == person.id, PersonMerge.gone_id == person.id)
    return (await session.scalars(sa.select(PersonMerge).where(of_his).order_by(PersonMerge.id))).all()


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two persons that seem to be one and could not be made one."""

    merge: PersonMerge
    stays: Person
    gone: Person


async def list_doubts(session: AsyncSession) -> list[Doubt]:
    """What waits for somebody's judgement, oldest first."""
    found = await merging.list_refused(session)
    ids = {each for merge in found for each in (merge.stays_id, merge.gone_id)}
    rows = await session.scalars(sa.select(Person).where(Person.id.in_(ids)))
    persons = {person.id: person for person in rows}
    return [Doubt(each, persons[each.stays_id], persons[each.gone_id]) for each in found]


async def count_doubts(session: AsyncSession) -> int:
    waiting = merging.refused().subquery()
    return int(await session.scalar(sa.select(sa.func.count()).select_from(waiting)) or 0)


async def get_doubt(session: AsyncSession, merge_id: int) -> PersonMerge:
    """Raises: NotFound: there is none, or it is settled."""
    found = await session.get(PersonMerge, merge_id, with_for_update=True, populate_existing=True)
    if found is None or found.state is not MergeState.REFUSED:
        raise NotFound("没有找到，可能已经合好了。")
    return found
