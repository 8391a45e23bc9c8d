"""What goes of members who left: the day of birth and the phone number, and what was changed of them before.

Name, staff number, branch and dates stay: the union owes an account of who was a member when, and who comes
back gets his number again. His cases and sign-ups are the person's and live by their own rules.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.services.forgetting import Ids, Rule, Where, change
from models import Member, MemberMove

# What follows a leaving takes about a year: benefits of the past year, a return after a transfer or a birth.
FACTS_FOR = timedelta(days=365)


def _left_long_ago(now: datetime) -> sa.ColumnElement[bool]:
    return Member.left_on <= civil_date(now) - FACTS_FOR


def _is_due(now: datetime) -> Where:
    return _left_long_ago(now), sa.or_(Member.born_on.is_not(None), Member.phone.is_not(None))


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(Member).where(Member.id.in_(ids), *_is_due(now))
    return await change(session, old.values(born_on=None, phone=None, version=Member.version + 1))


def _has_changes(now: datetime) -> Where:
    left = sa.select(Member.id).where(_left_long_ago(now))
    return MemberMove.changes.is_not(None), MemberMove.member_id.in_(left)


async def _forget_changes(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(MemberMove).where(MemberMove.id.in_(ids), *_has_changes(now))
    return await change(session, old.values(changes=None))


forget_facts = Rule("past_members", Member.id, _is_due, _forget)
forget_changes = Rule("past_member_changes", MemberMove.id, _has_changes, _forget_changes)
