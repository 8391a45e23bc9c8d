"""Notes of a case that only staff read, and who is named in one: `@li.na` hears of it in his own WeChat."""

import re
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import case_conflicts, case_work, cases, permissions, staff_notices
from app.services.cases import moment_kept
from app.services.permissions import Right, Standing
from models import OVER, Case, CaseEntry, CaseKind, CaseMention, EntryKind, Staff, StaffState

MOST: Final = 10  # named in one note
_NAMED = re.compile(r"(?<![A-Za-z0-9._-])[@＠]([A-Za-z][A-Za-z0-9._-]{1,31})")


def logins_in(text: str) -> list[str]:
    """Once each, in their order; a full stop behind a name is not part of it."""
    return list(dict.fromkeys(each.rstrip("._-").lower() for each in _NAMED.findall(text)))


async def write(
    session: AsyncSession,
    case: Case,
    text: str,
    by: Standing,
    reads: Right,
    now: datetime,
    *,
    channel: str = "",
) -> CaseEntry:
    """A note in the thread; whoever is named in it may read the case by `reads`. `case` is locked.

    `channel`: `case_threads.DEPARTMENTS` where departments read it too.

    The same note a second time changes nothing.

    Raises: DomainError: it is empty or too long, the case is over, or names somebody it cannot.
    """
    text = case_work.fitting(text, "备注")
    if case.state in OVER:
        raise DomainError(f"{case.number} {case.state.label}，不能再写备注。")
    named = await _named_in(session, case, text, reads)
    newest = sa.select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id.desc()).limit(1)
    last = await session.scalar(newest)
    is_note = last is not None and last.kind is EntryKind.NOTE and last.by == by.name
    if last is not None and is_note and cases.text_of(last) == text:
        return last
    entry = await case_work.note(session, case, text, by.name, now, channel=channel)
    for each in named:
        if each.id != by.staff_id:
            await _mention(session, case, entry, each, now)
    await session.flush()
    case_work.put_down(session, "case.note", case, to=[each.login for each in named])
    return entry


async def settle(session: AsyncSession, case: Case, staff_id: int, now: datetime) -> None:
    """He has opened the case."""
    at = moment_kept(now, anonymous=case.anonymous)
    seen = sa.update(CaseMention).where(CaseMention.case_id == case.id, _is_open(staff_id))
    await session.execute(seen.values(settled_at=at).execution_options(synchronize_session=False))


async def settle_all(session: AsyncSession, case: Case, now: datetime) -> None:
    """It went to another desk: nobody named so far need look."""
    at = moment_kept(now, anonymous=case.anonymous)
    named = sa.update(CaseMention).where(CaseMention.case_id == case.id, CaseMention.settled_at.is_(None))
    await session.execute(named.values(settled_at=at).execution_options(synchronize_session=False))


async def is_mentioned(session: AsyncSession, case: Case, staff_id: int) -> bool:
    """Whether somebody has named him here since he last looked."""
    found = sa.select(CaseMention.id).where(CaseMention.case_id == case.id, _is_open(staff_id))
    return await session.scalar(found.limit(1)) is not None


def cases_naming(staff_id: int) -> sa.Select[int]:
    """Ids of cases in which somebody has named him since he last looked."""
    return sa.select(CaseMention.case_id).where(_is_open(staff_id))


async def list_readers(session: AsyncSession, case: Case, reads: Right) -> list[Staff]:
    """Who may be named here."""
    able = await permissions.list_able(session, reads, case.branch_id)
    if case.kind is CaseKind.LEGAL_AID:
        deciding = await permissions.list_able(session, Right.AID_DECIDE, case.branch_id)
        able = [each for each in able if each in deciding or each.id == case.owner_id]
    return await case_conflicts.list_told(session, case, able)


# --- parts -------------------------------------------------------------------------------------------------


async def _named_in(session: AsyncSession, case: Case, text: str, reads: Right) -> list[Staff]:
    logins = logins_in(text)
    if len(logins) > MOST:
        raise DomainError(f"一条备注最多提到 {MOST} 个人。")
    active = sa.select(Staff).where(Staff.login.in_(logins), Staff.state == StaffState.ACTIVE)
    by_login = {each.login: each for each in await session.scalars(active)}
    for login in logins:
        if login not in by_login:
            raise DomainError(f"没有登录名是「{login}」的同事，请核对 @ 后面的字。")
        if not await _may_read(session, by_login[login], case, reads):
            raise DomainError(f"{by_login[login].name}看不到这件事，不能提到。")
    return [by_login[login] for login in logins]


async def _may_read(session: AsyncSession, who: Staff, case: Case, reads: Right) -> bool:
    standing = await permissions.standing_of(session, who)
    if case.kind is CaseKind.LEGAL_AID and case.owner_id != who.id:
        reads = Right.AID_DECIDE  # who carries aid reads what is assigned to him
    is_kept = await case_conflicts.is_kept_from(session, case, who.id)
    return not is_kept and permissions.may(standing, reads, case.branch_id)


async def _mention(session: AsyncSession, case: Case, entry: CaseEntry, who: Staff, now: datetime) -> None:
    at = moment_kept(now, anonymous=case.anonymous)
    session.add(CaseMention(case_id=case.id, entry_id=entry.id, staff_id=who.id, created_at=at))
    await staff_notices.mentioned(session, case, entry, who, now)


def _is_open(staff_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(CaseMention.staff_id == staff_id, CaseMention.settled_at.is_(None))
