"""What a case tells the member who brought it, named or not: by an effect that finds its way by itself.

The row names a person, so its key holds only digests: the ids of case and entry would tell whose it is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import outbox
from models import OVER, Case, CaseEntry, CaseReporter, DeliveryState, Outbox
from models.sealing import keyring

ANSWERED, ASKED, REMINDED = "cases.answered", "cases.asked", "cases.reminded"
ENDED = "cases.ended"  # closed without an answer, or handed to somebody else
RECEIVED = "cases.received"  # a form that came by the portal or the API; in a chat the reply says so
PROGRESS = "cases.progress"  # a step of legal aid that asks nothing of the member
MOVED = "cases.moved"  # how far a complaint has come
CLAIMED = "cases.claimed"  # for whose binding somebody else asks, and who may object
KINDS: Final[Mapping[str, str]] = {
    ANSWERED: "答复",
    ASKED: "请补充情况",
    REMINDED: "催补充情况",
    ENDED: "办结或转办",
    MOVED: "办理进度",
    RECEIVED: "受理回执",
    PROGRESS: "办理进展",
    CLAIMED: "有人申请绑定",
}
WAITING = (DeliveryState.QUEUED, DeliveryState.FAILED_RETRY, DeliveryState.OWED)


async def tell(
    session: AsyncSession, case: Case, entry: CaseEntry, kind: str, words: str, short: str, now: datetime
) -> Outbox:
    """Bring `words` to the reporter, because of `entry`; `short` where there is no room for all of them."""
    await session.flush()
    who = await reporter(session, case)
    notice = outbox.add(
        session,
        kind,
        key=key_of(case, entry),
        to=who["person_id"],
        payload={"type": "text", "content": words, outbox.SHORT: short},
        now=now,
        confidential=True,  # of a named case too: a mark on the others would tell who has an anonymous one
    )
    await session.flush()
    return notice


def sent_at(case: Case, now: datetime) -> datetime:
    """When others than its person are told: of an anonymous case at the next quarter of an hour, with all
    else of that quarter, so that no second of theirs is one in which its person was told something.
    """
    past = timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)
    return now - past + timedelta(minutes=15) if case.anonymous else now


async def withdraw(
    session: AsyncSession, case: Case, now: datetime, *, kinds: Sequence[str] = (ASKED, REMINDED)
) -> None:
    """What was asked and not read yet is not asked any more; what is being sent just now is left alone."""
    waiting = sa.select(Outbox.id).where(
        Outbox.person_id == (await reporter(session, case))["person_id"],
        Outbox.kind.in_(kinds),
        Outbox.key.startswith(about(case), autoescape=True),
        Outbox.state.in_(WAITING),
    )
    # Not waited for: who sends holds a row and wants the person; who speaks has the person, wants the case.
    ids = (await session.scalars(waiting.with_for_update(skip_locked=True))).all()
    if ids:
        skipped = {"state": DeliveryState.SKIPPED, "reason": "no longer true", "settled_at": now}
        await session.execute(sa.update(Outbox).where(Outbox.id.in_(ids)).values(skipped))


async def reporter(session: AsyncSession, case: Case) -> dict[str, Any]:
    """Who brought it.

    Raises:
        DomainError: it was forgotten (`closed_cases`).
    """
    found: Any = await session.scalar(sa.select(CaseReporter.reporter).where(CaseReporter.case_id == case.id))
    if found is None and case.state in OVER:
        raise DomainError(f"{case.number} 已过保存期限，内容和电话都已清除。")
    if found is None:
        raise LookupError(f"case {case.number} has no reporter")
    return dict(found)


def about(case: Case) -> str:
    """How the keys of all that a case tells begin (`outbox.matter`)."""
    return f"{outbox.OF_CASE}{keyring().digest(str(case.id), 'case-told').hex()}:"


def key_of(case: Case, entry: CaseEntry) -> str:
    """Of the effect that tells `entry`."""
    return about(case) + keyring().digest(str(entry.id), "case-answer").hex()
