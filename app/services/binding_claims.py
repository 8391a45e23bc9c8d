"""Claims on a binding, for who has it: he is told at once, may object, and is told when it has moved.

Who claims asks through `member_changes`; staff decide through `member_change_work`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.clock import spoken
from app.services import case_notices, outbox
from models import OVER, Case, CaseEntry, EntryKind, Member, MemberChange
from models.sealing import keyring

OBJECTION_FOR = timedelta(days=3)  # who has the binding may not look at his phone every day
OBJECT_WORD = "不是我"  # what he says in the chat


def tell_holder(session: AsyncSession, case: Case, change: MemberChange, now: datetime) -> None:
    """Once for each claim; who has the binding can stop it."""
    assert change.objections_until is not None
    until = spoken(change.objections_until, now, read_later=True)
    words = (
        "有人报出了您的工号、姓名和登记的资料，申请把会员绑定换到另一个微信号。\n"
        f"不是您本人，请在 {until} 前回复「{OBJECT_WORD}」，绑定就不会换。\n"
        "是您自己换了微信，不用管。"
    )
    _tell(session, "case-claimed", case, change.holder_id, words, now)


def tell_moved(session: AsyncSession, case: Case, holder_id: int, member: Member, now: datetime) -> None:
    """He has it no more."""
    words = (
        f"工号 {member.staff_number} 的会员绑定，经工作人员核对，已换到另一个微信号。\n有疑问请回复「人工」。"
    )
    _tell(session, "case-moved", case, holder_id, words, now)


def _tell(session: AsyncSession, what: str, case: Case, to: int | None, words: str, now: datetime) -> None:
    outbox.add(
        session,
        case_notices.CLAIMED,
        key=f"{what}:{keyring().digest(str(case.id), what).hex()}",
        to=to,
        payload={"type": "text", "content": words, outbox.SHORT: ""},
        now=now,
        confidential=True,
    )


async def list_claims(session: AsyncSession, person_id: int) -> Sequence[MemberChange]:
    """Open requests for the binding this person has, oldest first, with their members."""
    chosen = (
        sa.select(MemberChange)
        .join(Case, Case.id == MemberChange.case_id)
        .where(MemberChange.holder_id == person_id, Case.state.not_in(OVER))
        .order_by(MemberChange.id)
        .options(joinedload(MemberChange.member))
    )
    return (await session.scalars(chosen)).all()


async def object_to(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> int:
    """Who has the binding says that it was not he who asked; returns how many requests that stopped.

    Later than the time given for it counts too, as long as staff have not decided. A second time changes
    nothing.
    """
    stopped = 0
    for claim in await list_claims(session, person_id):
        chosen = sa.select(Case).where(Case.id == claim.case_id).with_for_update()
        case = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
        if case.state in OVER:
            continue
        stopped += 1
        if claim.objected_at is not None:
            continue
        claim.objected_at = now
        entry = CaseEntry(
            case_id=case.id,
            kind=EntryKind.NOTE,
            blocks=[{"type": "text", "text": "原来的微信号提出了异议"}],
            by="原绑定人",
            channel=channel,
            created_at=now,
        )
        session.add(entry)
        await session.flush()
        words = (
            f"您换微信号的申请 {case.number}：原来的微信号提出了异议，要当面核对。\n"
            "请带身份证、工作证到所在的分工会，或回复「人工」。"
        )
        await case_notices.tell(session, case, entry, case_notices.ASKED, words, "", now)
    return stopped
