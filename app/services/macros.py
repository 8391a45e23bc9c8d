"""一键办理: a 常用语 with steps, done on one case with one press; all of it or nothing.

Each step is the act that a form of the page would do, by the same service and with the same rights, and is
put down as that act. The caller's transaction holds them together; it has locked the case and seen to it that
whoever presses has read all there is, so a second press does nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError
from app.services import (
    audit,
    canned_replies,
    care_wording,
    case_mentions,
    case_owners,
    case_reminders,
    case_work,
    cases,
    staff,
)
from app.services.case_work import Answered
from app.services.macro_steps import BACK
from app.services.permissions import Right, Standing
from models import OVER, CannedReply, Case, EntryKind

CHANNEL: Final = "console"


@dataclass(frozen=True, slots=True)
class Offer:
    """One that fits a case, and what it would do there, in words, in its order."""

    reply: CannedReply
    does: Sequence[str]


@dataclass(frozen=True, slots=True)
class Done:
    answered: Answered | None
    did: Sequence[str]


async def offers(
    session: AsyncSession, case: Case, found: Sequence[CannedReply], who: Standing, now: datetime
) -> list[Offer]:
    """Of the 常用语 that fit the case those with steps."""
    return [Offer(each, await _words(session, case, each, who, now)) for each in found if each.steps]


async def run(
    session: AsyncSession, case: Case, reply: CannedReply, who: Standing, reads: Right, now: datetime
) -> Done:
    """Do all of it. `case` is locked; `reads` is the right of who may be named in a note.

    Raises: DomainError: one of the steps cannot be done; the caller's transaction must end with it.
    """
    steps = reply.steps
    if not steps:
        raise DomainError(f"「{reply.title}」现在只是常用语，没有要办的，请点「填入」。")
    if case.state in OVER:
        raise DomainError(f"{case.number} {case.state.label}，不能再办。")
    did = await _words(session, case, reply, who, now)
    answered = None
    if "hand" in steps:
        await _hand(session, case, steps["hand"], who, now)
        await audit.next_act(session)
    if reply.text:
        text = canned_replies.fill(reply.text, case, who, now)
        care_wording.refuse_doubtful(case.kind, text, "")
        await case_owners.answers(session, case, who, now)
        answered = await case_work.answer(session, case.number, text, who.name, now, channel=CHANNEL)
        await canned_replies.count_uses(session, who, [reply.public_id])
        await audit.next_act(session)
    if "note" in steps:
        await _refuse_twice(session, case, steps["note"], who)
        await case_mentions.write(session, case, steps["note"], who, reads, now)
        await audit.next_act(session)
    if "days" in steps:
        due_at = case_reminders.moment_of(case, _day(steps["days"], now), "")
        await case_reminders.add(session, case, who, due_at, steps["why"], now)
        await audit.next_act(session)
    if "close" in steps:
        await case_work.close(session, case.number, who.name, now, channel=CHANNEL)
    return Done(answered, did)


async def _hand(session: AsyncSession, case: Case, to: str, who: Standing, now: datetime) -> None:
    if to == BACK:
        await case_owners.give_back(session, case, who, now, channel=CHANNEL)
        return
    await case_owners.hand_to(session, case, await staff.get(session, to), "", who, now, channel=CHANNEL)


async def _refuse_twice(session: AsyncSession, case: Case, text: str, who: Standing) -> None:
    """Notes are no news, so the page of a second press is not older than the first."""
    newest = (await case_work.list_entries(session, case))[-1]
    if newest.kind is EntryKind.NOTE and newest.by == who.name and cases.text_of(newest) == text:
        raise DomainError("刚刚已经办过，没有再办一次。")


async def _words(
    session: AsyncSession, case: Case, reply: CannedReply, who: Standing, now: datetime
) -> list[str]:
    steps, said = reply.steps or {}, []
    if steps.get("hand") == BACK:
        said.append("退回待接")
    elif "hand" in steps:
        said.append(f"转给{await name_of(session, steps['hand'])}")
    if reply.text:
        said.append(f"答复本人：{canned_replies.fill(reply.text, case, who, now)}")
    if "note" in steps:
        said.append(f"写内部备注：{steps['note']}")
    if "days" in steps:
        said.append(f"{steps['days']} 天后（{_day(steps['days'], now)}）提醒我：{steps['why']}")
    if "close" in steps:
        said.append("办结")
    return said


async def name_of(session: AsyncSession, public_id: str) -> str:
    try:
        return (await staff.get(session, public_id)).name
    except DomainError:
        return "已经不在的同事"


def _day(days: int, now: datetime) -> str:
    return (civil_date(now) + timedelta(days=days)).isoformat()
