"""What was answered about an activity, as its organiser reads it: never of fewer than five people.

The threshold holds for the whole and for each question; words come in an order that tells nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import activity_feedback
from app.services.feedback_questions import Asked, FeedbackKind, load
from app.services.rating_notices import SCORES, label
from models import Activity, FeedbackAnswer, SignUp, SignUpState

FEWEST: Final = 5  # people


@dataclass(frozen=True, slots=True)
class Part:
    """One question: how many answered it, the mean of stars, how many chose what, or what was said."""

    question: Asked
    count: int
    mean: float | None = None
    shares: Sequence[tuple[str, int]] = ()
    words: Sequence[str] = ()

    @property
    def is_enough(self) -> bool:
        return self.count >= FEWEST


@dataclass(frozen=True, slots=True)
class Figures:
    answered: int
    here: int  # who was checked in
    parts: Sequence[Part] = field(default_factory=tuple)  # none while too few answered

    @property
    def is_enough(self) -> bool:
        return self.answered >= FEWEST


async def read(session: AsyncSession, activity: Activity) -> Figures | None:
    """None where nothing is asked."""
    feedback = await activity_feedback.find(session, activity)
    if feedback is None:
        return None
    here = sa.select(sa.func.count()).select_from(SignUp)
    here = here.where(SignUp.activity_id == activity.id, SignUp.state == SignUpState.CHECKED_IN)
    rows = await session.scalars(
        sa.select(FeedbackAnswer.answers).where(FeedbackAnswer.activity_id == activity.id)
    )
    given: list[dict[str, str]] = [dict(row) for row in rows]  # type: ignore[call-overload]
    parts = [_part(each, given) for each in load(feedback.questions)] if len(given) >= FEWEST else []
    return Figures(len(given), await session.scalar(here) or 0, parts)


def _part(question: Asked, given: Sequence[dict[str, str]]) -> Part:
    said = [row[question.key] for row in given if row.get(question.key)]
    if len(said) < FEWEST:
        return Part(question, len(said))
    match question.kind:
        case FeedbackKind.STARS:
            shares = [(label(score), said.count(str(score))) for score in SCORES]
            return Part(question, len(said), sum(map(int, said)) / len(said), shares)
        case FeedbackKind.CHOICE:
            return Part(question, len(said), None, [(each, said.count(each)) for each in question.options])
    return Part(question, len(said), words=sorted(said))
