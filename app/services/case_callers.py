"""代录: what somebody said on the telephone or at the counter, written down by staff as a case.

Who came is a person like all others: the member himself where a WeChat is bound, else one of whom only the
case knows; that one becomes the member's as soon as staff say who it was (`join`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import case_notices, case_work, cases, consultations, members, merging
from app.services.audit import does
from app.services.cases import Opened
from app.services.consultation_facts import Intake, Opponent, Tried
from app.services.feedback_topics import FeedbackTopic
from app.services.legal_topics import LegalTopic
from app.services.statutory_deadlines import Dates
from models import Case, CaseKind, CaseReporter, Follower, Member, MergeState, Person

KINDS: Final = (CaseKind.FEEDBACK, CaseKind.CONSULTATION)
NAME_LENGTH, LONGEST = 20, 1000  # characters


class Came(StrEnum):
    """How somebody came to us."""

    PHONE = "phone"
    VISIT = "visit"
    LETTER = "letter"

    @property
    def label(self) -> str:
        return {"phone": "来电", "visit": "来访", "letter": "来信"}[self.value]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom staff had before them. `staff_number` is empty for who is no member or does not say."""

    name: str
    phone: str = ""
    staff_number: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What it is about. `agrees`: somebody who asks a lawyer was told what happens with his words."""

    kind: CaseKind
    topic: str
    words: str
    opponent: Opponent = Opponent.OTHER
    agrees: bool = False


async def write_down(
    session: AsyncSession, caller: Caller, told: Told, came: Came, by: str, now: datetime
) -> Opened:
    """Open the case; answers go to the member's WeChat where one is bound.

    Raises: DomainError: something is missing or too long, no such topic, number and name do not fit, or
    nobody agreed to a lawyer reading it.
    """
    name, words = _checked(caller, told)
    member = await _member(session, caller)
    person_id = member.person_id if member is not None else None
    if person_id is None:
        person = Person(created_at=now)
        session.add(person)
        await session.flush()
        person_id = person.id
    said: list[dict[str, Any]] = [{"type": "text", "text": f"{came.label}，{by}代录：\n{words}"}]
    opened = await _open(session, person_id, told, said, caller.phone, came, now)
    await session.flush()
    await _name(session, opened.number, name, by)
    does(session, "case.caller", opened.number, came=came.value, kind=told.kind.value)
    return opened


async def join(
    session: AsyncSession, case: Case, staff_number: str, name: str, by: str, now: datetime
) -> Member:
    """It was this member who came: the case is his from now on, in his WeChat too. `case` is locked.

    Raises: DomainError: it was not written down by staff, number and name do not fit, or no WeChat is bound.
    """
    if not await can_be_joined(session, case):
        raise DomainError(f"{case.number} 已经有本人，不用关联。")
    member = await _member(session, Caller(name.strip(), staff_number=staff_number))
    if member is None:
        raise DomainError("请写工号。")
    if member.person_id is None:
        raise DomainError(f"{member.name}还没有在公众号绑定工号，绑定以后再关联。")
    who = int((await case_notices.reporter(session, case))["person_id"])
    await case_work.note(session, case, "关联到会员", by, now)  # which one, the record of acts knows
    case_work.put_down(session, "case.join", case, staff_number=member.staff_number)
    if await merging.merge(session, member.person_id, who, now) is MergeState.REFUSED:
        raise DomainError("两边的资料有冲突，不能关联，请找系统管理员看「关注者」里的记录。")
    return member


async def can_be_joined(session: AsyncSession, case: Case) -> bool:
    """Whether staff wrote it down for somebody of whom we know no WeChat."""
    if case.anonymous:
        return False
    known: Any = await session.scalar(sa.select(CaseReporter.reporter).where(CaseReporter.case_id == case.id))
    if known is None or "written_by" not in known:
        return False
    theirs = sa.select(Follower.id).where(Follower.person_id == known["person_id"]).limit(1)
    return await session.scalar(theirs) is None


# --- parts -------------------------------------------------------------------------------------------------


def _checked(caller: Caller, told: Told) -> tuple[str, str]:
    name, words = caller.name.strip(), told.words.strip()
    if not name or len(name) > NAME_LENGTH:
        raise DomainError(f"请写来的人怎么称呼，1 到 {NAME_LENGTH} 个字；不愿说的写「不愿透露」。")
    if not words or len(words) > LONGEST:
        raise DomainError(f"请写来的人说了什么，1 到 {LONGEST} 个字，现在是 {len(words)} 个字。")
    if told.kind not in KINDS:
        raise DomainError("请选这是留言还是法律咨询。")
    topics: type[StrEnum] = LegalTopic if told.kind is CaseKind.CONSULTATION else FeedbackTopic
    if told.topic not in {topic.value for topic in topics}:
        raise DomainError("请选是哪方面的事。")
    if told.kind is CaseKind.CONSULTATION and not told.agrees:
        raise DomainError("法律咨询要先告诉本人：内容交给律师看、办结 3 年后删除，本人同意了再录。")
    return name, words


async def _member(session: AsyncSession, caller: Caller) -> Member | None:
    """The member of that number, if the name fits too: a slip of the pen must not reach a stranger."""
    if not caller.staff_number.strip():
        return None
    member = await members.find(session, caller.staff_number)
    if member is None or member.name != caller.name.strip():
        raise DomainError("工号和姓名对不上，请核对；不是职工的，工号留空。")
    return member


async def _open(
    session: AsyncSession,
    person_id: int,
    told: Told,
    said: list[dict[str, Any]],
    phone: str,
    came: Came,
    now: datetime,
) -> Opened:
    if told.kind is CaseKind.CONSULTATION:
        intake = Intake(
            topic=LegalTopic(told.topic),
            dates=Dates(),
            opponent=told.opponent,
            tried=Tried.NOTHING,
            parts=said,
            contact=phone,
        )
        return await consultations.open_consultation(
            session, person_id, None, intake, channel=came.value, now=now
        )
    return await cases.open_case(
        session,
        told.kind,
        person_id,
        None,
        topic=told.topic,
        blocks=said,
        contact=phone,
        channel=came.value,
        now=now,
    )


async def _name(session: AsyncSession, number: str, name: str, by: str) -> None:
    """Keep with the reporter what staff were told; the thread knows nobody."""
    chosen = sa.select(CaseReporter).join(Case, Case.id == CaseReporter.case_id).where(Case.number == number)
    row = (await session.scalars(chosen)).one()
    known: Any = row.reporter
    row.reporter = {**known, "name": name, "written_by": by}
