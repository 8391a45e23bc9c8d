"""What the union does with a 法律援助申请: name what is missing, decide, hear an objection, end the aid.

An objection goes to somebody else than who decided. A second time the same act changes nothing. Each step is
told to the member. Not here: who carries it (`legal_aid_carrying`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, day_begins, due_day
from app.errors import DomainError
from app.services import case_conflicts, case_notices, case_work, legal_aid, legal_aid_clocks
from app.services.calendar import after_working_days, is_working_day
from app.services.case_notices import ANSWERED, ASKED, ENDED, PROGRESS
from app.services.legal_aid import KIND, MINE_WORD, OBJECT_WORD, PAPERS_WORD
from app.services.legal_aid_clocks import ASSIGN, DECIDE, OBJECT, SUPPLY
from app.services.permissions import Standing
from models import OVER, Case, CaseEntry, CaseState, LegalAid, Outbox, Staff

CONSOLE: Final = "console"
S: Final = CaseState

Tap = Callable[[str, str], str]
"""A line to tap that reads the first, and objects to what was decided about the case of that number."""


@dataclass(frozen=True, slots=True)
class Done:
    """`notice` brings it to the member; None where it had been done so before."""

    case: Case
    notice: Outbox | None


# --- papers ------------------------------------------------------------------------------------------------


async def ask(
    session: AsyncSession, number: str, missing: str, until: date, by: Standing, now: datetime
) -> Done:
    """Name all that is missing, once, and until when it may come（《法律援助法》第四十三条）.

    Raises:
        NotFound: no such number.
        DomainError: it was asked before, the review has begun, no day that will do, nothing written.
    """
    missing = case_work.fitting(missing, "要补的材料")
    case, row = await get(session, number, lock=True)
    if row.supplement_asked_at is not None:
        raise DomainError(f"{number} 已经一次性告知过要补的材料，不能再要求补正，请按现有材料审查。")
    await case_conflicts.refuse_judge(session, case, by.staff_id)
    if case.state is not S.SUBMITTED:
        raise DomainError(f"{number} {case.state_label}，只有刚申请的能要求补正。")
    midnight = midnight_of(until, now)
    entry = await case_work.say(
        session, case, S.SUPPLEMENT, list_of(missing, midnight), by.name, now, channel=CONSOLE
    )
    row.supplement_asked_at = now
    legal_aid_clocks.wait(case, row, midnight, now)
    heading = f"您的法律援助申请 {case.number} 还缺材料，一次告诉您"
    words = (
        f"{heading}：\n{list_of(missing, midnight)}\n"
        f"请回复「{PAPERS_WORD}」，拍照分几次发来都行。到期没有补的，按撤回处理，以后可以重新申请。"
    )
    return await told(session, case, entry, ASKED, words, short_of(heading), now)


async def accept(session: AsyncSession, number: str, by: Standing, now: datetime) -> Done:
    """The papers are complete, also where they came to the office; the review begins.

    Of what was complete from the start the days count from when it came.
    """
    case, row = await get(session, number, lock=True)
    if case.state is S.REVIEWING:
        return Done(case, None)
    await case_conflicts.refuse_judge(session, case, by.staff_id)
    was_missing = case.state is S.SUPPLEMENT
    entry = case_work.moved(case, S.REVIEWING, by.name, now, channel=CONSOLE)
    session.add(entry)
    row.papers_at = now if was_missing else case.opened_at
    legal_aid_clocks.came(row)
    if was_missing:
        legal_aid_clocks.owe(case, row, now, DECIDE)
        await case_notices.withdraw(session, case, now)
    assert row.due_at is not None
    words = f"您的法律援助申请 {case.number} 材料已收齐，正在审查，最迟 {due_day(row.due_at)}答复。"
    return await told(session, case, entry, PROGRESS, words, "", now)


# --- deciding ----------------------------------------------------------------------------------------------


async def grant(session: AsyncSession, number: str, by: Standing, now: datetime) -> Done:
    """Give aid; of an objection, by another than who decided before.

    Raises:
        NotFound: no such number.
        DomainError: not to be decided now; or `by` decided it before.
    """
    case, row = await get(session, number, lock=True)
    if case.state is S.GRANTED:
        return Done(case, None)
    was = case.state
    await refuse_judge(session, case, row, by)
    words = f"您的法律援助申请 {case.number} 同意援助，不收您的钱。\n3 天内为您指派律师，指派以后马上告诉您。"
    entry = await case_work.say(session, case, S.GRANTED, "同意援助。", by.name, now, channel=CONSOLE)
    if was is S.OBJECTION:
        words = f"您对 {case.number} 的异议成立。\n{words}"
        case.owner_id = case.owned_at = None  # whoever had it before is assigned anew, or another
    row.papers_at = row.papers_at or case.opened_at
    decided(row, by, now)
    legal_aid_clocks.owe(case, row, now, ASSIGN)
    return await told(session, case, entry, ANSWERED, words, "", now)


async def reject(
    session: AsyncSession, number: str, reason: str, by: Standing, now: datetime, *, tap: Tap | None = None
) -> Done:
    """Refuse aid in writing, with the reason（《法律援助法》第四十三条）.

    Raises:
        NotFound: no such number.
        DomainError: not under review, or no reason.
    """
    reason = case_work.fitting(reason, "不予援助的理由")
    case, row = await get(session, number, lock=True)
    if case.state is S.REJECTED:
        return Done(case, None)
    await refuse_judge(session, case, row, by)
    entry = await case_work.say(session, case, S.REJECTED, reason, by.name, now, channel=CONSOLE)
    return await _no(
        session, case, row, entry, f"您的法律援助申请 {case.number} 不予援助", reason, by, now, tap
    )


async def terminate(
    session: AsyncSession, number: str, reason: str, by: Standing, now: datetime, *, tap: Tap | None = None
) -> Done:
    """End the aid before its time（《法律援助法》第四十八条）.

    Raises:
        NotFound: no such number.
        DomainError: no aid is given, or no reason.
    """
    reason = case_work.fitting(reason, "终止援助的理由")
    case, row = await get(session, number, lock=True)
    if case.state is S.TERMINATED:
        return Done(case, None)
    await refuse_judge(session, case, row, by)
    entry = await case_work.say(session, case, S.TERMINATED, reason, by.name, now, channel=CONSOLE)
    return await _no(session, case, row, entry, f"您的法律援助 {case.number} 终止了", reason, by, now, tap)


async def uphold(session: AsyncSession, number: str, reason: str, by: Standing, now: datetime) -> Done:
    """The objection changes nothing. By another than who decided.

    Raises:
        NotFound: no such number.
        DomainError: nobody objects, no reason, or `by` decided it before.
    """
    reason = case_work.fitting(reason, "维持的理由")
    case, row = await get(session, number, lock=True)
    if case.state is S.UPHELD:
        return Done(case, None)
    await refuse_judge(session, case, row, by)
    entry = await case_work.say(session, case, S.UPHELD, reason, by.name, now, channel=CONSOLE)
    decided(row, by, now)
    over(case, row, now)
    heading = f"您对 {case.number} 的异议已由另一位同事复核，维持原来的决定"
    words = f"{heading}。理由：\n{reason}\n还可以打 12348 问政府的法律援助中心，或者打 12351 找上级工会。"
    return await told(session, case, entry, ENDED, words, short_of(heading), now)


async def _no(
    session: AsyncSession,
    case: Case,
    row: LegalAid,
    entry: CaseEntry,
    heading: str,
    reason: str,
    by: Standing,
    now: datetime,
    tap: Tap | None,
) -> Done:
    """Over, unless the member objects in time."""
    decided(row, by, now)
    over(case, row, now)
    until = row.objection_until = legal_aid_clocks.theirs(now, OBJECT)
    how = f"点这里：{tap('提出异议', case.number)}" if tap is not None else f"回复「{OBJECT_WORD}」"
    words = (
        f"{heading}。理由：\n{reason}\n"
        f"不同意的，{due_day(until)}以前{how}，由另一位同事 5 天内复核。"
        "也可以打 12348 问政府的法律援助中心。"
    )
    return await told(session, case, entry, ANSWERED, words, short_of(heading), now)


async def refuse_judge(session: AsyncSession, case: Case, row: LegalAid, by: Standing) -> None:
    """Nobody decides about himself, nor about an objection to what he decided, nor who pays him as a lawyer.

    Raises: DomainError.
    """
    await case_conflicts.refuse_judge(session, case, by.staff_id)
    if case.state is S.OBJECTION and row.decided_by_id == by.staff_id:
        raise DomainError(f"{case.number} 原来的决定是您作的，异议要由另一位同事复核。")
    own = await session.scalar(sa.select(Staff.person_id).where(Staff.id == by.staff_id))
    if case.state not in OVER and own == (await case_notices.reporter(session, case))["person_id"]:
        raise DomainError(f"{case.number} 是您本人的申请，要由另一位同事决定。")


# --- parts -------------------------------------------------------------------------------------------------


async def get(session: AsyncSession, number: str, *, lock: bool = False) -> tuple[Case, LegalAid]:
    """Raises: NotFound; DomainError: another kind of case."""
    case = await case_work.get_case(session, number, lock=lock)
    if case.kind is not KIND:
        raise DomainError(f"{case.number} 是{case.kind.label}，不是法律援助申请。")
    return case, await legal_aid.row_of(session, case)


def midnight_of(day: date, now: datetime) -> datetime:
    """Midnight after that day, or the next working one. Raises: DomainError: too soon or too far away."""
    least, _, most = SUPPLY
    if not least <= (day - civil_date(now)).days <= most:
        raise DomainError(f"补材料的期限要在 {least} 到 {most} 天之间，请重新选一天。")
    last = day if is_working_day(day) else after_working_days(day, 1)
    return day_begins(last, days=1)


def list_of(missing: str, midnight: datetime) -> str:
    return f"{missing}\n请在 {due_day(midnight)}（含当天）以前补齐。"


def decided(row: LegalAid, by: Standing, now: datetime) -> None:
    row.decided_by_id, row.decided_at = by.staff_id, now


def over(case: Case, row: LegalAid, now: datetime) -> None:
    case.closed_at = now
    legal_aid_clocks.end(case, row)


def look() -> str:
    return f"请回复「{MINE_WORD}」点编号看全文。"


def short_of(heading: str) -> str:
    return f"{heading}，{look()}"


async def told(
    session: AsyncSession, case: Case, entry: CaseEntry, kind: str, words: str, short: str, now: datetime
) -> Done:
    await session.flush()
    if case.state in OVER:
        await case_notices.withdraw(session, case, now)
    return Done(case, await case_notices.tell(session, case, entry, kind, words, short, now))
