"""What staff hear of in their own WeChat about cases: a number and where to look, never a word of a case."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import addresses, case_conflicts, case_notices, duty_rooms, outbox, permissions
from app.services.advice_kinds import CARE
from app.services.permissions import Right
from models import Case, CaseEntry, CaseKind, CaseQueue, CaseReminder, DutyRoom, Staff
from models.sealing import keyring

PAGE: Final = "/console/number"  # leads to the room where a case of that number lies
WORKLOAD: Final = "/console/workload"
HANDED, RETURNED, UNHAPPY = "staff.handed", "staff.returned", "staff.unhappy"
AID = "staff.aid"
MENTIONED, FOLLOW_UP = "staff.mentioned", "staff.follow_up"
DISPATCHED, DUE = "staff.dispatched", "staff.due"
ASSIGNED, SILENT, FREE = "staff.assigned", "staff.silent", "staff.free"
KINDS: Final[Mapping[str, str]] = {
    HANDED: "事项转给同事",
    RETURNED: "事项退回待接",
    UNHAPPY: "评价不满意",
    MENTIONED: "备注提到同事",
    FOLLOW_UP: "提醒同事跟进",
    AID: "法律援助要办",
    DISPATCHED: "投诉建议转给部门",
    DUE: "投诉建议到期提醒",
    ASSIGNED: "按值班表派件",
    SILENT: "派件后没有答复",
    FREE: "事项没有人接",
}


async def handed(session: AsyncSession, case: Case, to: Staff, now: datetime) -> None:
    words = f"有一件{case.kind.label}转给您办：{case.number}。请到工作台看。"
    _send(session, HANDED, f"{case.id}:{case.version}", case, to, words, now)


async def assigned(session: AsyncSession, case: Case, to: Staff, now: datetime) -> None:
    words = f"您在值班，有一件{case.kind.label}派给您：{case.number}。请到工作台看。"
    _send(session, ASSIGNED, f"{case.id}:{case.version}", case, to, words, now)


async def silent(session: AsyncSession, case: Case, entry: CaseEntry, room: DutyRoom, now: datetime) -> None:
    """Who leads the room hears that somebody was given a case and said nothing."""
    owes = duty_rooms.PLACES[room].owes
    words = f"{case.kind.label} {case.number} 派出后没有{owes}，已退回另派。请到工作台「办理情况」看。"
    await _tell_leads(session, SILENT, f"{entry.id}", case, words, room, now)


async def free(session: AsyncSession, case: Case, queue: CaseQueue, room: DutyRoom, now: datetime) -> None:
    """Who leads the room hears that nobody on duty fits, and nobody has taken it."""
    words = f"{case.kind.label} {case.number} 还没有人接手，值班的人里没有合适的。请到工作台「办理情况」看。"
    await _tell_leads(session, FREE, f"{case.id}:{queue.lead_due_at}", case, words, room, now)


async def _tell_leads(
    session: AsyncSession, kind: str, because: str, case: Case, words: str, room: DutyRoom, now: datetime
) -> None:
    # He may lead a room whose cases he does not read: the address is that of the figures.
    for each in await duty_rooms.list_leads(session, room):
        _send(session, kind, because, case, each, words, now, page=f"{WORKLOAD}?room={room}")


async def returned(session: AsyncSession, case: Case, entry: CaseEntry, right: Right, now: datetime) -> None:
    """All who may answer it hear of it, once."""
    words = f"{case.kind.label} {case.number} 接手后一直没有答复，已退回待接。请到工作台看。"
    for each in await _able(session, case, right):
        _send(session, RETURNED, str(entry.id), case, each, words, now)


async def unhappy(session: AsyncSession, case: Case, entry: CaseEntry, right: Right, now: datetime) -> None:
    """Likewise: the person who brought it was not satisfied."""
    words = f"{case.kind.label} {case.number} 的评价是不满意，请到工作台看，再回访本人。"
    for each in await _able(session, case, right):
        # Who is answered just now and is of staff too has not heard of it by that.
        _send(session, UNHAPPY, str(entry.id), case, each, words, now, besides_reply=True)


async def aid(session: AsyncSession, case: Case, entry: CaseEntry, what: str, now: datetime) -> None:
    """All who decide about legal aid hear that something must be done, once."""
    words = f"{case.kind.label} {case.number} {what}。请到工作台看。"
    for each in await _able(session, case, Right.AID_DECIDE):
        _send(session, AID, str(entry.id), case, each, words, now, besides_reply=True)


async def _able(session: AsyncSession, case: Case, right: Right) -> list[Staff]:
    """Who may answer it, may know of it, and has a WeChat of his own."""
    able = await permissions.list_able(session, right, case.branch_id)
    return await case_conflicts.list_told(
        session, case, [each for each in able if each.person_id is not None]
    )


async def mentioned(session: AsyncSession, case: Case, entry: CaseEntry, who: Staff, now: datetime) -> None:
    words = f"{case.kind.label} {case.number} 的备注提到您。请到工作台看。"
    _send(session, MENTIONED, str(entry.id), case, who, words, now)


async def follow_up(
    session: AsyncSession, case: Case, reminder: CaseReminder, who: Staff, now: datetime
) -> None:
    words = f"您要跟进的{case.kind.label} {case.number} 到时间了。请到工作台看。"
    _send(session, FOLLOW_UP, str(reminder.id), case, who, words, now)


async def dispatched(session: AsyncSession, case: Case, entry: CaseEntry, to: Staff, now: datetime) -> None:
    """His department is to work on it."""
    words = f"有一件{case.kind.label}转给您的部门：{case.number}。请到工作台看。"
    _send(session, DISPATCHED, str(entry.id), case, to, words, now)


async def complaint_returned(session: AsyncSession, case: Case, entry: CaseEntry, now: datetime) -> None:
    """Who hands complaints out must find another department."""
    await session.flush()
    words = f"{case.kind.label} {case.number} 被部门退回，请到工作台另派。"
    for each in await _able(session, case, Right.COMPLAINTS_WORK):
        _send(session, RETURNED, str(entry.id), case, each, words, now)


async def complaint_due(
    session: AsyncSession, case: Case, entry: CaseEntry, who: Sequence[Staff], words: str, now: datetime
) -> None:
    """`who` must act, or chase those who must; `entry` is the note that keeps it."""
    for each in who:
        _send(session, DUE, str(entry.id), case, each, words, now)


def _send(
    session: AsyncSession,
    kind: str,
    because: str,
    case: Case,
    to: Staff,
    words: str,
    now: datetime,
    *,
    besides_reply: bool = False,
    page: str = "",
) -> None:
    """Once for each of staff who has a WeChat of his own.

    The key holds only digests: beside the row that tells the person of the case, an id would lead to him.
    So would the place of a row that has a name and a time: of what is `in_confidence`, it is itself told so.
    """
    if to.person_id is None:
        return
    digest = keyring().digest(f"{kind}:{because}:{to.id}", "staff-notice").hex()
    outbox.add(
        session,
        kind,
        key=f"{kind}:{digest}",
        to=to.person_id,
        payload={"type": "text", "content": addresses.with_page(words, page or f"{PAGE}/{case.number}")},
        now=case_notices.sent_at(case, now),
        besides_reply=besides_reply or case.anonymous,
        confidential=in_confidence(case),
    )


def in_confidence(case: Case) -> bool:
    """Whether nobody is to learn from a log when something happened in it, and who of staff works on it."""
    return case.anonymous or case.kind in (CaseKind.COMPLAINT, *CARE)
