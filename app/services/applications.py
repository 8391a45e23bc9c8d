"""入会申请 as they stand: one's own, the open one, and what ends one. Everything else builds on this.

Not here: applying (`joining`), what staff do (`application_work`), what time does (`application_timers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import application_clocks, case_notices, cases
from app.services.case_moves import MOVES
from app.services.cases import Mine, move
from app.services.forgetting import Ids, Rule, Where, change
from models import OVER, Case, CaseEntry, CaseKind, CaseState, EntryKind, MembershipApplication

KIND = CaseKind.APPLICATION
SYSTEM = "system"
FACTS_FOR = timedelta(days=180)  # after the decision: until a mistake would have shown
_FEW = 8  # of one's own; more are not shown


@dataclass(frozen=True, slots=True)
class Own:
    """One of a person's own applications."""

    mine: Mine
    application: MembershipApplication

    @property
    def case(self) -> Case:
        return self.mine.case

    @property
    def is_open(self) -> bool:
        return self.case.state not in OVER

    @property
    def takes_supplement(self) -> bool:
        return self.case.state is CaseState.SUPPLEMENT

    @property
    def can_be_withdrawn(self) -> bool:
        return CaseState.CANCELLED in MOVES[KIND][self.case.state]


async def list_own(session: AsyncSession, person_id: int) -> Sequence[Own]:
    """Newest first."""
    found = await cases.list_mine(session, person_id, _FEW, KIND)
    rows = await of_cases(session, [mine.case for mine in found])
    return [Own(mine, rows[mine.case.id]) for mine in found]


async def find_open(session: AsyncSession, person_id: int) -> Own | None:
    return next((own for own in await list_own(session, person_id) if own.is_open), None)


async def get_open(session: AsyncSession, person_id: int) -> Own:
    """The person's open one, locked.

    Raises:
        NotFound: there is none.
    """
    found = await find_open(session, person_id)
    if found is not None:
        mine = await cases.find_mine(session, person_id, found.case.number, KIND, lock=True)
        if mine is not None and mine.case.state not in OVER:
            return Own(mine, await of_case(session, mine.case))
    raise NotFound("您现在没有正在办理的入会申请。")


async def of_case(session: AsyncSession, case: Case) -> MembershipApplication:
    """As it stands now; who changes it has locked the case."""
    chosen = sa.select(MembershipApplication).where(MembershipApplication.case_id == case.id)
    return (await session.scalars(chosen.execution_options(populate_existing=True))).one()


async def of_cases(session: AsyncSession, found: Sequence[Case]) -> dict[int, MembershipApplication]:
    """By the id of the case."""
    chosen = sa.select(MembershipApplication).where(
        MembershipApplication.case_id.in_([case.id for case in found])
    )
    return {each.case_id: each for each in await session.scalars(chosen)}


async def withdraw(
    session: AsyncSession,
    case: Case,
    now: datetime,
    *,
    by: str = "",
    reason: str = "",
    channel: str = "",
) -> CaseEntry:
    """End a locked, open one without a decision."""
    blocks = [{"type": "text", "text": reason}] if reason else []
    entry = CaseEntry(
        case_id=case.id, kind=EntryKind.EVENT, blocks=blocks, by=by, channel=channel, created_at=now
    )
    move(case, CaseState.CANCELLED, entry)
    case.closed_at = now
    application_clocks.end(await of_case(session, case))
    session.add(entry)
    await session.flush()
    await case_notices.withdraw(session, case, now)
    return entry


async def keep_one(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Two persons became one: of their open applications the newer goes on."""
    for own in [each for each in await list_own(session, person_id) if each.is_open][1:]:
        locked = await cases.find_mine(session, person_id, own.case.number, KIND, lock=True)
        if locked is not None and locked.case.state not in OVER:
            await withdraw(session, locked.case, now, by=SYSTEM, reason="同一个人另有一份申请")


# --- forgetting --------------------------------------------------------------------------------------------


def _is_decided_long_ago(now: datetime) -> Where:
    ended = sa.select(Case.id).where(Case.state.in_(OVER), Case.closed_at <= now - FACTS_FOR)
    return MembershipApplication.facts.is_not(None), MembershipApplication.case_id.in_(ended)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(MembershipApplication).where(
        MembershipApplication.id.in_(ids), *_is_decided_long_ago(now)
    )
    return await change(session, old.values(facts=None))


forget_facts = Rule("application_facts", MembershipApplication.id, _is_decided_long_ago, _forget)
