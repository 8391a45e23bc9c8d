"""How people are asked what they think of a finished case, and that they are not asked any more.

Only named cases: of an anonymous one the moment of asking would tell whose it is (`rating_invitations`).
Such a notice is not urgent, so quiet hours hold; what cannot be sent opens the next reply, for as long as
there is something to rate.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services import outbox
from app.services.case_notices import WAITING, about
from models import Case, CaseRating, DeliveryState, Outbox
from models.sealing import keyring

INVITED, REMINDED = "ratings.invited", "ratings.reminded"
KINDS: Final[Mapping[str, str]] = {INVITED: "请评价", REMINDED: "提醒评价"}
SCORES: Final[Mapping[int, str]] = {5: "很满意", 4: "满意", 3: "一般", 2: "不太满意", 1: "不满意"}

Tap = Callable[[str, str, int], str]
"""A line to tap that reads the first, about the case of that number, and gives that score."""


def label(score: int) -> str:
    return f"{score} {SCORES[score]}"


def tell(
    session: AsyncSession, case: Case, rating: CaseRating, kind: str, to: int, tap: Tap, now: datetime
) -> None:
    """Ask `to`, who brought it, with five lines to tap."""
    what = f"您的{case.kind.label} {case.number}"
    opening = (
        f"{what} 办结了。办得怎么样？点一下就行："
        if kind == INVITED
        else f"{what} 还没有评价。办得怎么样？点一下就行，不评也没关系："
    )
    last = shanghai(rating.ends_at)
    closing = f"{last.month}月{last.day}日 {last:%H:%M} 前可以评，也可以改。"
    lines = [tap(label(score), case.number, score) for score in SCORES]
    round_ = keyring().digest(f"{rating.id}:{rating.ends_at.isoformat()}", "rating-told").hex()
    outbox.add(
        session,
        kind,
        key=f"{about(case)}{kind}:{round_}",
        to=to,
        payload={
            "type": "text",
            "content": "\n".join([opening, *lines, closing]),
            outbox.SHORT: f"{what} 办结了。办得怎么样，请在「我的」里点它评一评。",
        },
        now=now,
        confidential=True,
    )


async def withdraw(session: AsyncSession, person_id: int, now: datetime, case: Case | None = None) -> None:
    """What was asked and not read yet is not asked any more: about `case`, or about all of this person's."""
    waiting = sa.select(Outbox.id).where(
        Outbox.person_id == person_id, Outbox.kind.in_(tuple(KINDS)), Outbox.state.in_(WAITING)
    )
    if case is not None:
        waiting = waiting.where(Outbox.key.startswith(about(case), autoescape=True))
    # Not waited for, as in `case_notices.withdraw`.
    ids = (await session.scalars(waiting.with_for_update(skip_locked=True))).all()
    if ids:
        skipped = {"state": DeliveryState.SKIPPED, "reason": "no longer true", "settled_at": now}
        await session.execute(sa.update(Outbox).where(Outbox.id.in_(ids)).values(skipped))
