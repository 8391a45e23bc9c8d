"""What people think of a finished case: a score that may be changed for a week, words, and a call back.

Who is asked, and when, is in `rating_invitations`. Averages of few people are shown to nobody.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import (
    case_conflicts,
    case_owners,
    case_work,
    cases,
    complaints,
    rating_invitations,
    staff_notices,
)
from app.services.permissions import Scope
from app.services.rating_notices import SCORES, label
from models import Case, CaseKind, CaseRating, CaseReporter, CaseState

FEWEST: Final = 10  # people, before an average is shown
LATELY: Final = timedelta(days=90)
LONGEST: Final = 300  # characters of words
NOTE_LENGTH: Final = 200
_LOST: Final = "没有找到这件事项，这次评价没有记下。要看自己的事项，请回复「我的留言」或「我的咨询」。"


@dataclass(frozen=True, slots=True)
class Rated:
    """A person's own case with what he thinks of it."""

    case: Case
    rating: CaseRating


@dataclass(frozen=True, slots=True)
class Average:
    score: float
    people: int


# --- by those who were helped ------------------------------------------------------------------------------


async def get_open(
    session: AsyncSession, person_id: int, number: str, now: datetime, *, lock: bool = False
) -> Rated:
    """The person's own case of that number, of which he is asked just now.

    Raises:
        NotFound: not one of the person's own.
        DomainError: nobody asks, or not any more.
    """
    mine = await cases.find_mine(
        session, person_id, number.strip().upper(), *rating_invitations.RATED, lock=lock
    )
    if mine is None:
        raise NotFound(_LOST)
    rating = await find_open(session, mine.case, now)
    if rating is None:
        raise DomainError(
            f"{mine.case.number} 现在不能评价了：办结后 {rating_invitations.OPEN_FOR.days} 天内可以评。"
            "有话还想说，请回复「人工」。"
        )
    return Rated(mine.case, rating)


async def find_open(session: AsyncSession, case: Case, now: datetime) -> CaseRating | None:
    """The rating of `case` if it may be given or changed now."""
    rating = await rating_invitations.find(session, case)
    # Of a complaint that a bad score has opened again: words may follow.
    stands = case.state is CaseState.CLOSED or (
        case.kind is CaseKind.COMPLAINT and case.state is CaseState.REOPENED
    )
    return rating if rating and rating.is_open(now) and stands else None


async def rate(session: AsyncSession, person_id: int, number: str, score: int, now: datetime) -> Rated:
    """Give a score of 1 to 5, or change it. The same once more changes nothing.

    A bad one is noted in the thread, and those who may answer the case hear of it.

    Raises:
        NotFound: not one of the person's own.
        DomainError: no such score, or nobody asks.
    """
    if score not in SCORES:
        raise DomainError("评分只有 1 到 5 分，请点邀请里的一行。")
    rated = await get_open(session, person_id, number, now, lock=True)
    case, rating = rated.case, rated.rating
    if rating.score == score:
        return rated
    was_unhappy = rating.is_unhappy
    rating.score, rating.rated_at, rating.remind_due_at = score, now, None
    if rating.is_unhappy and not was_unhappy:
        rating.called_back_at = None
        entry = await case_work.note(session, case, f"本人评价：{label(score)}", case_owners.SYSTEM, now)
        await staff_notices.unhappy(session, case, entry, case_owners.ANSWERED_BY[case.kind], now)
        if case.kind is CaseKind.COMPLAINT:
            await complaints.reopen_unhappy(session, case, now)
    await session.flush()
    return rated


async def give(
    session: AsyncSession, person_id: int, number: str, score: int, words: str, now: datetime
) -> Rated:
    """A score, and words to it if there are any; without, those that were written stay. Raises: as both."""
    rated = await rate(session, person_id, number, score, now)
    return await say(session, person_id, number, words, now) if words.strip() else rated


async def say(session: AsyncSession, person_id: int, number: str, words: str, now: datetime) -> Rated:
    """Words to a score that was given; the newest stand.

    Raises:
        NotFound: not one of the person's own.
        DomainError: nothing, too much, no score yet, or nobody asks.
    """
    words = words.strip()
    if not words or len(words) > LONGEST:
        raise DomainError(f"请写 1 到 {LONGEST} 个字。")
    rated = await get_open(session, person_id, number, now, lock=True)
    if rated.rating.score is None:
        raise DomainError("请先点一个分数，再说两句。")
    rated.rating.words = words
    await session.flush()
    return rated


async def of_cases(session: AsyncSession, found: Sequence[Case]) -> dict[int, str]:
    """What was answered, in words for its author, by the id of the case; what was not rated is not there."""
    rated = (CaseRating.case_id.in_([case.id for case in found]), CaseRating.score.is_not(None))
    rows = await session.scalars(sa.select(CaseRating).where(*rated))
    return {row.case_id: "：".join(filter(None, [label(row.score or 0), row.words])) for row in rows}


# --- by staff ----------------------------------------------------------------------------------------------


async def call_back(session: AsyncSession, case: Case, what: str, by: str, now: datetime) -> None:
    """Somebody has spoken with a person who was not satisfied. A second time changes nothing.

    `case` is locked.

    Raises: DomainError: there is nothing to call about, or nothing was written, or too much.
    """
    rating = await rating_invitations.find(session, case)
    if rating is None or not rating.is_unhappy:
        raise DomainError(f"{case.number} 没有不满意的评价，不用回访。")
    what = what.strip()
    if not what or len(what) > NOTE_LENGTH:
        raise DomainError(f"请写下回访的情况，1 到 {NOTE_LENGTH} 个字。")
    if not rating.waits_for_call:
        return
    rating.called_back_at = now
    await case_work.note(session, case, f"已回访：{what}", by, now)
    case_work.put_down(session, "case.call_back", case)
    await session.flush()


def is_unhappy(*, waiting: bool) -> sa.ColumnElement[bool]:
    """Of cases: whether somebody was not satisfied; `waiting`: and nobody has looked after it yet."""
    # Written as in its index, or neither database would use it.
    found = sa.exists().where(CaseRating.case_id == Case.id, sa.text("case_rating.score < 3"))
    return found.where(CaseRating.called_back_at.is_(None)) if waiting else found


async def count_waiting(session: AsyncSession, holds: sa.ColumnElement[bool], scope: Scope) -> int:
    """How many of these cases wait for a call back."""
    chosen = sa.select(sa.func.count()).select_from(CaseRating).join(Case, Case.id == CaseRating.case_id)
    chosen = chosen.where(sa.text("case_rating.score < 3"), CaseRating.called_back_at.is_(None))
    return await session.scalar(chosen.where(holds, case_conflicts.within(scope))) or 0


async def averages(
    session: AsyncSession, since: datetime, kinds: Collection[CaseKind] = tuple(CaseKind)
) -> Mapping[CaseKind, Average]:
    """The mean of what was given since then, by kind of case; one that fewer than ten rated is not there."""
    people = sa.func.count(CaseReporter.person_digest.distinct())
    chosen = (
        sa.select(Case.kind, sa.func.avg(CaseRating.score), people)
        .join(Case, Case.id == CaseRating.case_id)
        .join(CaseReporter, CaseReporter.case_id == Case.id)
        .where(CaseRating.rated_at >= since, Case.kind.in_(list(kinds)))
        .group_by(Case.kind)
        .having(people >= FEWEST)
    )
    return {kind: Average(float(mean), count) for kind, mean, count in await session.execute(chosen)}
