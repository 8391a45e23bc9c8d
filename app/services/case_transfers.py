"""转台: a case that came to the wrong desk goes to another, whole.

Number, thread, files, who brought it and the time by which an answer is owed stay as they are; what the desk
before had asked goes into a note, and who had it lets it go. Not here: handing it to a colleague of the same
desk (`case_owners`), to somebody outside (`consultation_work.refer`), to a department (`complaint_work`).
心理疏导 and 健康咨询 are asked for by their person alone, and stay with whom they were told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken
from app.errors import DomainError
from app.services import (
    appointment_work,
    case_branches,
    case_clocks,
    case_drafts,
    case_facts,
    case_mentions,
    case_notices,
    case_queue,
    case_reminders,
    case_work,
    cases,
    complaint_clocks,
    complaint_merging,
    complaints,
    consultations,
)
from app.services.advice_kinds import ADVICE, CARE
from app.services.case_moves import ARRIVES, TRANSFERS
from app.services.case_work import Answered
from app.services.cases import CORRECTION, moment_kept
from app.services.complaint_topics import ComplaintTopic
from app.services.complaints import Filing
from app.services.consultation_facts import Intake, Opponent, Tried
from app.services.feedback_topics import FeedbackTopic
from app.services.legal_topics import LegalTopic
from app.services.own_numbers import OWN
from app.services.statutory_deadlines import Dates
from models import (
    AppointmentState,
    Case,
    CaseEntry,
    CaseKind,
    CaseState,
    Complaint,
    ComplaintSort,
    EntryKind,
    Naming,
    Outbox,
)

TOPICS: Final[Mapping[CaseKind, type[StrEnum]]] = {
    CaseKind.FEEDBACK: FeedbackTopic,
    CaseKind.CONSULTATION: LegalTopic,
    CaseKind.COMPLAINT: ComplaintTopic,
}
REASON_LENGTH: Final = 200  # characters
_GOES_ON: Final = {
    CaseKind.FEEDBACK: "由工会工作人员接着答复",
    CaseKind.CONSULTATION: "由律师接着答复",
    CaseKind.COMPLAINT: "由工会按投诉建议办",
}


@dataclass(frozen=True, slots=True)
class Transfer:
    """To which desk, as what, and why. `agreed`: when and how its person agreed to others reading it."""

    to: CaseKind
    topic: str
    why: str
    agreed: str = ""
    opponent: Opponent | None = None  # where a lawyer is to answer
    sort: ComplaintSort | None = None  # where it becomes 投诉建议


def targets(case: Case) -> list[CaseKind]:
    """The desks to which it may go as it stands; none, where it must stay."""
    if case.topic == CORRECTION or case.state not in TRANSFERS.get(case.kind, ()):
        return []
    # A lawyer answers by name, and nobody can ask somebody unknown whether he agrees.
    barred = {case.kind, *([CaseKind.CONSULTATION] if case.anonymous else [])}
    return [kind for kind in TOPICS if kind not in barred]


def needs_consent(from_: CaseKind, to: CaseKind) -> bool:
    """Whether it goes to a lawyer, or what a lawyer was told goes to others."""
    return CaseKind.CONSULTATION in (from_, to)


async def transfer(
    session: AsyncSession, case: Case, how: Transfer, by: str, now: datetime, *, channel: str = "console"
) -> Answered:
    """Bring it to the other desk; its person is told. `case` is locked.

    Raises: DomainError: it must stay where it is, something is missing, or nobody agreed.
    """
    _check(case, how)
    left = await _leaving(session, case, how)
    at = moment_kept(now, anonymous=case.anonymous)
    before, from_ = case.kind, case.state
    told = await case_facts.read(session, case, now)
    await _note(session, case, how, [*told.told, *told.agreed], by, now, channel)
    if left is not None:
        await session.delete(left)
    await _let_go(session, case, now)
    _keep_the_clock(case, how.to, now, at)
    case.kind, case.topic, case.state = how.to, how.topic, ARRIVES[how.to]
    if how.to not in case_branches.KINDS:
        case.branch_id = None
    entry = CaseEntry(
        case_id=case.id,
        kind=EntryKind.EVENT,
        blocks=[{"type": cases.TRANSFER, "from": before.value, "to": how.to.value}, _text(how.why)],
        from_state=from_,
        to_state=case.state,
        by=by,
        channel=channel,
        created_at=at,
    )
    session.add(entry)
    await _arrives(session, case, how, channel, now)
    await _new_to_all(session, case)
    case_work.put_down(session, "case.transfer", case, reason=how.why, before=before.value, desk=how.to.value)
    return Answered(case, await _tell(session, case, entry, before, how, now))


# --- whether it may go --------------------------------------------------------------------------------------


def _check(case: Case, how: Transfer) -> None:
    if case.kind in CARE or how.to in CARE:
        raise DomainError("心理疏导和健康咨询是保密的，只由本人自己来问，不能转进转出。")
    if how.to not in targets(case):
        raise DomainError(_why_not(case, how.to))
    if how.topic not in {each.value for each in TOPICS[how.to]}:
        raise DomainError("请选是哪方面的事。")
    if not how.why.strip() or len(how.why) > REASON_LENGTH:
        raise DomainError(f"请写为什么转，1 到 {REASON_LENGTH} 个字，接着办的同事看得到。")
    if how.to is CaseKind.CONSULTATION and how.opponent is None:
        raise DomainError("请选对方是谁：对方是本公司的，不会交给公司的法务部门。")
    if how.to is CaseKind.COMPLAINT and how.sort is None:
        raise DomainError("请选是投诉还是建议。")
    if needs_consent(case.kind, how.to) and not how.agreed.strip():
        raise DomainError("请先问本人同不同意给别的同事看，写明本人什么时候、怎样同意的，再转。")


def _why_not(case: Case, to: CaseKind) -> str:
    if to not in TOPICS:
        return "只能转到留言、法律咨询或投诉建议。"
    if case.kind is to:
        return f"{case.number} 已经在{to.label}了。"
    if case.anonymous and to is CaseKind.CONSULTATION:
        return f"{case.number} 是匿名的，不能转给律师：请在答复里请本人自己提法律咨询。"
    if case.kind is CaseKind.COMPLAINT:
        return f"{case.number} {case.state.label}：投诉建议只在受理以前能转，受理以后由部门办到底。"
    return f"{case.number} {case.state.label}，不能转到别的台。"


async def _leaving(session: AsyncSession, case: Case, how: Transfer) -> Any:
    """The row of facts that ends with its kind. Raises: DomainError."""
    if case.kind is CaseKind.CONSULTATION:
        booked = await appointment_work.of_case(session, case)
        if any(each.state is AppointmentState.BOOKED for each in booked):
            raise DomainError(f"{case.number} 约了律师见面，请先改约或取消预约，再转。")
        return await consultations.facts_of(session, case)
    if case.kind is not CaseKind.COMPLAINT:
        return None
    complaint = await complaints.facts_of(session, case)
    if complaint.naming is Naming.NICKNAME:
        raise DomainError(f"{case.number} 用的是昵称，答应过不查是谁，只能按投诉建议办。")
    if await complaint_merging.merged_into(session, case):
        raise DomainError(f"{case.number} 并进来了别的投诉建议，只能按投诉建议办。")
    _keep_from_accused(case, complaint, how)
    return complaint


def _keep_from_accused(case: Case, complaint: Complaint, how: Transfer) -> None:
    """Other desks do not know whom it is about: only a lawyer from outside may have it besides."""
    if complaint.about_branch_id is None and not complaint.about:
        return
    if how.to is not CaseKind.CONSULTATION or how.opponent is not Opponent.OWN_COMPANY:
        raise DomainError(
            f"{case.number} 写明了反映的单位，要对那个单位保密："
            "只能按投诉建议办，或者转给公司以外的律师（对方选「就是我们供电公司」）。"
        )


# --- going --------------------------------------------------------------------------------------------------


async def _note(
    session: AsyncSession,
    case: Case,
    how: Transfer,
    facts: list[tuple[str, str]],
    by: str,
    now: datetime,
    channel: str,
) -> None:
    """What the desk before had asked, so that nobody asks it twice."""
    rows = [f"{name}：{value}" for name, value in facts]
    if how.agreed.strip():
        rows.append(f"本人同意转：{how.agreed.strip()[:REASON_LENGTH]}")
    if rows:
        heading = f"转来以前，{case.kind.label}里已经知道的："
        await case_work.note(session, case, "\n".join([heading, *rows]), by, now, channel=channel)


async def _let_go(session: AsyncSession, case: Case, now: datetime) -> None:
    """Nobody of the desk before has it, writes in it or wants to be reminded of it."""
    await case_notices.withdraw(session, case, now)
    await case_drafts.drop_all(session, case)
    await case_reminders.end_all(session, case, now)
    await case_mentions.settle_all(session, case, now)
    case.owner_id = case.owned_at = case.return_due_at = None


def _keep_the_clock(case: Case, to: CaseKind, now: datetime, at: datetime) -> None:
    """What is owed stays owed by when it was promised; what was answered is owed as that desk promises."""
    if case.state is CaseState.WAITING_USER:
        case_clocks.go_on(case, now)
    elif case.answer_due_at is None:
        case_clocks.owe_again(case, _promised(to, now), at)
    case.reminder_due_at = case.close_due_at = None


def _promised(kind: CaseKind, now: datetime) -> datetime:
    if kind is CaseKind.COMPLAINT:
        return complaint_clocks.accept_due(now)
    return case_clocks.answer_due(kind, now) if kind in ADVICE else cases.first_answer_due(now)


async def _arrives(session: AsyncSession, case: Case, how: Transfer, channel: str, now: datetime) -> None:
    """What the other desk keeps beside a case of its own."""
    if how.to is CaseKind.CONSULTATION and how.opponent is not None:
        person_id = int((await case_notices.reporter(session, case))["person_id"])
        intake = Intake(LegalTopic(how.topic), Dates(), how.opponent, Tried.NOTHING, parts=())
        await consultations.begin(session, person_id, case.id, intake, channel=channel, now=now)
    elif how.to is CaseKind.COMPLAINT and how.sort is not None and case.answer_due_at is not None:
        naming = Naming.ANONYMOUS if case.anonymous else Naming.NAMED
        filing = Filing(how.sort, ComplaintTopic(how.topic), (), naming)
        await complaints.begin(session, case.id, filing, case.answer_due_at, case.opened_at)
    await session.flush()


async def _new_to_all(session: AsyncSession, case: Case) -> None:
    """The rota of the other desk looks for somebody at once; who passed it on before is of another desk."""
    queue = await case_queue.row_of(session, case)
    case_queue.look_anew(queue)
    queue.passed = []
    await session.flush()


async def _tell(
    session: AsyncSession, case: Case, entry: CaseEntry, before: CaseKind, how: Transfer, now: datetime
) -> Outbox:
    agreed = "按您的同意" if needs_consent(before, how.to) else ""
    due = f"，最晚 {spoken(case.answer_due_at, now)}" if case.answer_due_at and not case.overdue else ""
    words = (
        f"您的{before.label} {case.number} 已{agreed}转到{how.to.label}，{_GOES_ON[how.to]}{due}。\n"
        f"编号不变，前面说的不用再说一遍。回复「{OWN[how.to]}」可以看办到哪一步。"
    )
    return await case_notices.tell(session, case, entry, case_notices.MOVED, words, "", now)


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words.strip()}
