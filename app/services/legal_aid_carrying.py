"""Who carries a 法律援助: assigned by the union, begun, told about and concluded by the lawyer.

Where the opponent is our own company, nobody of the company carries it. Only who was assigned works on it. A
second time the same act changes nothing. Each step is told to the member.
"""

from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError
from app.services import (
    case_conflicts,
    case_notices,
    case_work,
    legal_aid,
    legal_aid_clocks,
    permissions,
    staff_notices,
)
from app.services import legal_aid_work as work
from app.services.case_notices import ENDED, PROGRESS
from app.services.legal_aid import KIND, PAPERS_WORD
from app.services.legal_aid_clocks import ASSIGN, SUPPLY
from app.services.legal_aid_work import CONSOLE, Done
from app.services.permissions import Right, Standing
from models import Case, CaseState, LegalAid, Staff

SYSTEM: Final = "system"
S: Final = CaseState
CARRIED: Final = (S.ASSIGNED, S.IN_PROGRESS)
NOT_OURS: Final = "对方是本公司，只能指派公司以外的律师，不得交给公司的法务部门和职工。"

# --- assigning ---------------------------------------------------------------------------------------------


async def list_able(
    session: AsyncSession, case: Case, row: LegalAid, now: datetime
) -> list[tuple[Staff, str]]:
    """All lawyers; with each, why not. Those that may be assigned first, the least burdened before others."""
    able = await permissions.list_able(session, Right.AID_CARRY, case.branch_id)
    counted = sa.select(Case.owner_id, sa.func.count(Case.id)).where(
        Case.kind == KIND, Case.state.in_(CARRIED)
    )
    counts = dict((await session.execute(counted.group_by(Case.owner_id))).all())
    found = [(each, await _why_not(session, case, row, each, now)) for each in able]
    return sorted(found, key=lambda one: (bool(one[1]), counts.get(one[0].id, 0), one[0].id))


async def assign(
    session: AsyncSession,
    number: str,
    lawyer: Staff,
    by: Standing,
    now: datetime,
    *,
    why: str = "",
    missing: str = "",
    until: date | None = None,
) -> Done:
    """Give it to a lawyer; to another one where somebody has it already, and then `why`.

    What is urgent needs no decision before and no papers: `missing` names those that come later, by `until`
    （《法律援助法》第四十四条）.

    Raises:
        NotFound: no such number.
        DomainError: no aid is given and nothing is urgent; no lawyer, the member himself, or one of the
            company against which this is; no reason to change; where it decides, not for `by` to decide.
    """
    case, row = await work.get(session, number, lock=True)
    await refuse_lawyer(session, case, row, lawyer, now)
    await case_conflicts.refuse_judge(session, case, by.staff_id)
    if case.owner_id == lawyer.id and case.state in CARRIED:
        return Done(case, None)
    if case.state in CARRIED:
        return await _reassign(session, case, lawyer, why, by, now)
    if case.state is S.SUBMITTED and not row.fast_track:
        raise DomainError(f"{number} 没有马上到期的期限，请先审查、同意援助，再指派。")
    is_fast = case.state is S.SUBMITTED
    if is_fast:
        await work.refuse_judge(session, case, row, by)  # it is decided by that
    entry = case_work.moved(case, S.ASSIGNED, by.name, now, reason=f"指派{lawyer.name}承办", channel=CONSOLE)
    session.add(entry)
    case.owner_id, case.owned_at, row.assigned_at = lawyer.id, now, now
    legal_aid_clocks.owe_nothing(case, row)
    later = await _papers_later(session, case, row, missing, until, by, now) if is_fast else ""
    if is_fast:
        work.decided(row, by, now)
    await staff_notices.handed(session, case, lawyer, now)
    words = f"您的法律援助 {case.number} 已指派{lawyer.name}承办，会和您联系。{later}"
    if is_fast:
        words += f"\n期限很近，也请现在就打电话：\n{legal_aid.hurry_lines()}"
    short = f"您的法律援助 {case.number} 已指派律师。{work.look()}"
    return await work.told(session, case, entry, PROGRESS, words, short, now)


async def refuse_lawyer(
    session: AsyncSession, case: Case, row: LegalAid, lawyer: Staff, now: datetime
) -> None:
    """Raises: DomainError: not somebody who may carry this."""
    standing = await permissions.standing_of(session, lawyer)
    if not permissions.may(standing, Right.AID_CARRY, case.branch_id):
        raise DomainError(f"{lawyer.name}不能承办法律援助，请选别人。")
    if await _is_own(session, case, lawyer):
        raise DomainError(f"{case.number} 是{lawyer.name}本人的申请，请选别人。")
    if row.own_company and await case_conflicts.of_company(session, lawyer, now):
        raise DomainError(NOT_OURS)


async def _why_not(session: AsyncSession, case: Case, row: LegalAid, lawyer: Staff, now: datetime) -> str:
    """Empty, or why this lawyer is none for it: whoever works for the company does not act against it."""
    if await _is_own(session, case, lawyer):
        return "本人的申请"
    why = await case_conflicts.of_company(session, lawyer, now) if row.own_company else ""
    return f"{why}，对方是本公司" if why else ""


async def _is_own(session: AsyncSession, case: Case, lawyer: Staff) -> bool:
    """Whether the lawyer is the member whose case it is."""
    if lawyer.person_id is None:
        return False
    return lawyer.person_id == (await case_notices.reporter(session, case)).get("person_id")


async def _reassign(
    session: AsyncSession, case: Case, lawyer: Staff, why: str, by: Standing, now: datetime
) -> Done:
    why = case_work.fitting(why, "改派的原因")
    entry = await case_work.note(session, case, f"改派{lawyer.name}承办：{why}", by.name, now)
    case.owner_id, case.owned_at = lawyer.id, now
    legal_aid_clocks.owe_nothing(case, await legal_aid.row_of(session, case))
    await staff_notices.handed(session, case, lawyer, now)
    words = f"您的法律援助 {case.number} 改由{lawyer.name}承办，会和您联系。"
    return await work.told(session, case, entry, PROGRESS, words, "", now)


async def _papers_later(
    session: AsyncSession,
    case: Case,
    row: LegalAid,
    missing: str,
    until: date | None,
    by: Standing,
    now: datetime,
) -> str:
    """What urgent help does not wait for; the one list there may be."""
    if not missing.strip():
        return ""
    missing = case_work.fitting(missing, "要补的材料")
    midnight = work.midnight_of(until or legal_aid_clocks.last_day(civil_date(now), SUPPLY[1]), now)
    row.supplement_asked_at = now
    legal_aid_clocks.expect(row, midnight, now)
    words = work.list_of(missing, midnight)
    await case_work.say(session, case, case.state, words, by.name, now, channel=CONSOLE)
    return f"\n还要补材料：{words}\n请回复「{PAPERS_WORD}」拍照发来。"


async def is_left(session: AsyncSession, case: Case, now: datetime) -> None:
    """Its lawyer is out of service: within the days of the law it goes to another. `case` is locked.

    Where the member objects, nobody is to be assigned yet, and the days of the review run on.
    """
    is_carried = case.state in CARRIED
    case.owner_id = case.owned_at = None
    if not is_carried:
        return
    row = await legal_aid.row_of(session, case)
    legal_aid_clocks.owe(case, row, now, ASSIGN)
    entry = await case_work.note(session, case, "承办人停用了，要改派", SYSTEM, now)
    await staff_notices.aid(session, case, entry, "的承办人停用了，要改派", now)


# --- carrying ----------------------------------------------------------------------------------------------


async def begin(session: AsyncSession, number: str, by: Standing, now: datetime) -> Done:
    """Who was assigned takes it up. Raises: NotFound; DomainError: it is not his, or not assigned."""
    case, row = await work.get(session, number, lock=True)
    await _refuse_others(session, case, row, by, now)
    if case.state is S.IN_PROGRESS:
        return Done(case, None)
    entry = case_work.moved(case, S.IN_PROGRESS, by.name, now, channel=CONSOLE)
    session.add(entry)
    words = f"您的法律援助 {case.number}，{by.name}已经开始承办。"
    return await work.told(session, case, entry, PROGRESS, words, "", now)


async def tell(session: AsyncSession, number: str, text: str, by: Standing, now: datetime) -> Done:
    """How it goes, from who carries it. Raises: NotFound; DomainError: not his, or nothing written."""
    text = case_work.fitting(text, "要告诉本人的话")
    case, row = await work.get(session, number, lock=True)
    await _refuse_others(session, case, row, by, now)
    entry = await case_work.say(session, case, case.state, text, by.name, now, channel=CONSOLE)
    heading = f"您的法律援助 {case.number} 有新的进展"
    return await work.told(
        session, case, entry, PROGRESS, f"{heading}：\n{text}", work.short_of(heading), now
    )


async def conclude(session: AsyncSession, number: str, result: str, by: Standing, now: datetime) -> Done:
    """The lawyer who carried it says how it ended.

    Raises:
        NotFound: no such number.
        DomainError: it is not his, not in progress, or no result.
    """
    result = case_work.fitting(result, "办理结果")
    case, row = await work.get(session, number, lock=True)
    await _refuse_others(session, case, row, by, now)
    if case.state is S.CONCLUDED:
        return Done(case, None)
    entry = await case_work.say(session, case, S.CONCLUDED, result, by.name, now, channel=CONSOLE)
    work.over(case, row, now)
    heading = f"您的法律援助 {case.number} 结案了"
    words = f"{heading}。结果：\n{result}\n以后有新的情况，可以再咨询、再申请。"
    return await work.told(session, case, entry, ENDED, words, work.short_of(heading), now)


async def _refuse_others(
    session: AsyncSession, case: Case, row: LegalAid, by: Standing, now: datetime
) -> None:
    """Raises: DomainError: it is not his, or it turned out since that he may not carry it."""
    if case.owner_id != by.staff_id:
        raise DomainError(f"{case.number} 不是指派给您的，由承办的律师来办。")
    own = await session.get_one(Staff, by.staff_id)
    await case_conflicts.refuse(session, case, own, now)
    if await _is_own(session, case, own):
        raise DomainError(f"{case.number} 是您本人的申请，要由别人承办。")
