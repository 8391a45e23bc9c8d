"""Audiences in SQL: `app.services.audiences` asked of the rows of followers."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.services.audiences import Audience
from models import LINEAGE, Branch, Follower, FollowerTag, Member


def is_meant(audience: Audience, today: date) -> sa.ColumnElement[bool]:
    """Whether a row of `Follower` is meant; `today` (in China) decides who is a member."""
    asked: list[sa.ColumnElement[bool]] = []
    if audience.tag:
        carries = FollowerTag.name.in_(audience.tag)
        asked.append(sa.exists().where(FollowerTag.follower_id == Follower.id, carries))
    if audience.of_members:
        asked.append(_is_such_a_member(audience, today))
    return sa.and_(*asked)


def is_active(today: date) -> sa.ColumnElement[bool]:
    """Whether a row of `Member` has the rights of one."""
    return sa.or_(Member.left_on.is_(None), Member.left_on > today)


def _is_such_a_member(audience: Audience, today: date) -> sa.ColumnElement[bool]:
    chosen = sa.exists().where(Member.person_id == Follower.person_id, is_active(today))
    if audience.kind:
        chosen = chosen.where(Member.kind.in_(audience.kind))
    if audience.sex:
        chosen = chosen.where(Member.sex.in_(audience.sex))
    if audience.branch:
        chosen = chosen.where(Member.branch_id.in_(sa.select(Branch.id).where(_is_in(audience.branch))))
    return chosen


def _is_in(branches: Sequence[str]) -> sa.ColumnElement[bool]:
    """As `Membership.is_in`."""
    whole: Any = sa.literal(LINEAGE) + Branch.lineage + sa.literal(LINEAGE)
    stretches = [f"{LINEAGE}{branch}{LINEAGE}" for branch in branches]
    return sa.or_(*[whole.contains(stretch, autoescape=True, escape="\\") for stretch in stretches])
