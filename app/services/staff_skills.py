"""What each of staff answers, how much at once, and when he is away.

Not here: what he may do by his roles (`permissions`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError
from app.services import care_topics, duty_rooms, permissions, staff
from app.services.audit import does
from app.services.complaint_topics import ComplaintTopic
from app.services.duty_rooms import PLACES
from app.services.feedback_topics import FeedbackTopic
from app.services.forgetting import change
from app.services.legal_topics import LegalTopic
from app.services.permissions import Right, Standing
from models import CaseKind, Staff, StaffSkill

TOPICS: Final[Mapping[CaseKind, Mapping[str, str]]] = {
    CaseKind.DESK: {},
    CaseKind.FEEDBACK: {each.value: each.label for each in FeedbackTopic},
    CaseKind.CONSULTATION: {each.value: each.label for each in LegalTopic},
    **{kind: {each.value: each.label for each in known} for kind, known in care_topics.TOPICS.items()},
    CaseKind.COMPLAINT: {each.value: each.label for each in ComplaintTopic},
}
MOST_AT_ALL: Final = 200  # unanswered cases that a limit may allow
FARTHEST: Final = timedelta(days=366)  # that a leave may last, or be ahead
Skill = tuple[CaseKind, str]  # without a topic: all of the kind
Skills = frozenset[Skill]


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody answers as it is kept on his page."""

    skills: Skills
    most: int | None  # None: as many as is usual


async def of(session: AsyncSession, staff_ids: Collection[int]) -> dict[int, Skills]:
    """By the id; who has chosen nothing is not there."""
    chosen = sa.select(StaffSkill).where(StaffSkill.staff_id.in_(staff_ids))
    found: dict[int, set[Skill]] = {}
    for each in await session.scalars(chosen):
        found.setdefault(each.staff_id, set()).add((each.kind, each.topic))
    return {staff_id: frozenset(skills) for staff_id, skills in found.items()}


def fits(skills: Skills | None, kind: CaseKind, topic: str) -> bool:
    return not skills or (kind, "") in skills or (kind, topic) in skills


def spoken(skills: Skills) -> str:
    """人工服务、法律咨询（工伤、社会保险）; empty for whoever answers all that he may."""
    said = []
    for kind, known in TOPICS.items():
        topics = "、".join(label for topic, label in known.items() if (kind, topic) in skills)
        if (kind, "") in skills or topics:
            said.append(kind.label if (kind, "") in skills else f"{kind.label}（{topics}）")
    return "、".join(said)


def offered(standing: Standing) -> dict[CaseKind, Mapping[str, str]]:
    """The kinds that he may answer by his roles, with their topics."""
    kinds = [kind for room in duty_rooms.answered_by(standing) for kind in PLACES[room].kinds]
    return {kind: TOPICS[kind] for kind in kinds}


async def change_work(session: AsyncSession, who: Staff, work: Work, *, by: Standing) -> None:
    """As `work` says and nothing else. `who` is locked.

    Raises:
        DomainError: a kind that `who` may not answer or no such topic, a limit that is none, or somebody over
            whom `by` is not set.
    """
    permissions.demand(by, Right.STAFF_EDIT)
    does(session, "staff.skills", who.login)
    if by.staff_id != who.id:
        staff.refuse_over(by, who)
    standing = await permissions.standing_of(session, who)
    known = offered(standing)
    if any(kind not in known or (topic and topic not in known[kind]) for kind, topic in work.skills):
        raise DomainError(f"{who.name}的角色不能办这类事项，请刷新页面再选。")
    if work.most is not None and not 1 <= work.most <= MOST_AT_ALL:
        raise DomainError(f"同时最多办几件，请写 1 到 {MOST_AT_ALL}；不写就按一般的。")
    whole = {kind for kind, topic in work.skills if not topic}
    kept = {(kind, topic) for kind, topic in work.skills if not topic or kind not in whole}
    before = (await of(session, [who.id])).get(who.id, frozenset())
    if kept != before:
        await change(session, sa.delete(StaffSkill).where(StaffSkill.staff_id == who.id))
        session.add_all(StaffSkill(staff_id=who.id, kind=kind, topic=topic) for kind, topic in sorted(kept))
    who.most_cases = work.most
    await session.flush()


async def may_send_away(session: AsyncSession, who: Staff, by: Standing) -> bool:
    """Oneself, or who leads a room in which `who` answers."""
    if by.staff_id == who.id:
        return True
    rooms = duty_rooms.answered_by(await permissions.standing_of(session, who))
    return any(duty_rooms.leads(by, room) for room in rooms)


async def set_away(
    session: AsyncSession, who: Staff, first: date | None, last: date | None, *, by: Standing, now: datetime
) -> None:
    """Away from `first` to `last`, both counted; without them he is there again. `who` is locked.

    Raises: Forbidden; DomainError: one of the two alone, the wrong way round, gone by, or too long.
    """
    if not await may_send_away(session, who, by):
        raise permissions.Forbidden(Right.DUTY_LEAD)
    does(session, "staff.away", who.login)
    if first is None and last is None:
        who.away_from = who.away_until = None
        await session.flush()
        return
    if first is None or last is None:
        raise DomainError("请写从哪天休到哪天；只休一天，两个都写那一天。")
    today = civil_date(now)
    if last < first:
        raise DomainError("休假的最后一天不能早于第一天。")
    if last < today:
        raise DomainError("这段休假已经过去了。")
    if last > today + FARTHEST:
        raise DomainError("只能写一年以内的休假。")
    who.away_from, who.away_until = first, last
    await session.flush()
