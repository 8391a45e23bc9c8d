"""What staff do with 辟谣: look into a claim, write what was found out, have it approved, add to it, end it.

Every act names the version that was seen. Whoever wrote does not approve. Each process reads anew what is
public after it changed. Not here: taking two for the same claim (`clarification_merging`),
what may stand in one (`clarification_writing`).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.clock import civil_date
from app.errors import DomainError
from app.knowledge.front_matter import a_year_after
from app.services import clarification_evidence, clarification_notices, clarification_rows, coordination
from app.services.audit import does
from app.services.board_wording import Wrong, plain
from app.services.board_work import Seen
from app.services.clarification_rows import MovedOn, NotNow, lock_seen
from app.services.clarification_writing import Written, fill, missing_in, wordings
from app.services.library import VERSION
from models import Clarification, ClarificationState, ClarificationUpdate, RefusedFor, Verdict

CHANNEL: Final = "console"
REASON: Final = 200  # characters, like the next
UPDATE: Final = 400
OWN: Final = "这条您写过，要由别的同事审批。"
S = ClarificationState


async def take(session: AsyncSession, seen: Seen, now: datetime) -> Clarification:
    """Begin to look into it, or do so once more after its end. Raises: NotFound, MovedOn, NotNow."""
    row = await _lock(session, seen)
    does(session, "clarifications.take", row.number)
    _move(session, row, S.VERIFYING, seen, now)
    row.refused_for = None
    await session.flush()
    return row


async def save(session: AsyncSession, seen: Seen, written: Written, now: datetime) -> Clarification:
    """Keep what is known so far. Raises: NotFound, MovedOn, NotNow; Wrong: fields."""
    row = await _lock(session, seen)
    _refuse_unless_verifying(row)
    files = await clarification_evidence.fill(session, row, written.evidence, now)
    fill(row, written)
    row.next_review_on = written.next_review_on or a_year_after(civil_date(now))
    does(session, "clarifications.save", row.number)
    if files:
        clarification_rows.note(
            session, row, row.state, by=seen.by.name, channel=CHANNEL, now=now, reason=files[:REASON]
        )
    row.writers = sorted({*row.writers, seen.by.staff_id})
    await session.flush()
    return row


async def check_may_save(session: AsyncSession, seen: Seen) -> None:
    """Before files are taken for it. Raises: NotFound, MovedOn, NotNow."""
    row = await clarification_rows.get(session, seen.public_id)
    clarification_rows.refuse_changed(row, seen.version)
    _refuse_unless_verifying(row)


async def submit(session: AsyncSession, seen: Seen, now: datetime) -> Clarification:
    """Have it approved by somebody else. Raises: NotFound, MovedOn, NotNow; Wrong: what is missing."""
    row = await _lock(session, seen)
    missing = missing_in(row, civil_date(now))
    missing["evidence"] = await clarification_evidence.missing(session, row)
    if found := {name: said for name, said in missing.items() if said}:
        raise Wrong(found)
    does(session, "clarifications.submit", row.number)
    _move(session, row, S.IN_REVIEW, seen, now)
    row.writers = sorted({*row.writers, seen.by.staff_id})
    await session.flush()
    return row


async def approve(session: AsyncSession, seen: Seen, now: datetime) -> Clarification:
    """Public from now on; whoever brought it is told.

    Raises: NotFound, MovedOn, NotNow; DomainError: one's own.
    """
    row = await _lock(session, seen)
    _refuse_own(seen, row.writers)
    does(session, "clarifications.publish", row.number)
    _move(session, row, S.PUBLISHED, seen, now)
    row.published_at = now
    await _show(session, row)
    await clarification_notices.published(session, row, now)
    return row


async def send_back(session: AsyncSession, seen: Seen, reason: str, now: datetime) -> Clarification:
    """Raises: NotFound, MovedOn, NotNow; DomainError: no reason."""
    reason = _reason(reason, "退回的原因")
    row = await _lock(session, seen)
    if row.state is not S.IN_REVIEW:
        raise NotNow(f"这条现在是「{row.state.label}」，不用退回。")
    does(session, "clarifications.send_back", row.number, reason=reason)
    _move(session, row, S.VERIFYING, seen, now, reason)
    await session.flush()
    return row


async def refuse(session: AsyncSession, seen: Seen, why: str, reason: str, now: datetime) -> Clarification:
    """No rumour, or nothing to be found out; whoever brought it is told. Raises: as `send_back`."""
    if why not in set(RefusedFor):
        raise DomainError("请选为什么不受理。")
    reason = _reason(reason, "给反映人的话")
    row = await _lock(session, seen)
    does(session, "clarifications.refuse", row.number, reason=reason)
    _move(session, row, S.REFUSED, seen, now, reason)
    row.refused_for = RefusedFor(why)
    await session.flush()
    await clarification_notices.refused(session, row, now)
    return row


async def close(session: AsyncSession, seen: Seen, reason: str, now: datetime) -> Clarification:
    """No longer public, such as when its time is over. Raises: as `send_back`."""
    reason = _reason(reason, "下线的原因")
    row = await _lock(session, seen)
    does(session, "clarifications.close", row.number, reason=reason)
    _move(session, row, S.CLOSED, seen, now, reason)
    await session.flush()
    await coordination.bump(session, VERSION)
    return row


async def review(session: AsyncSession, seen: Seen, again_on: date, now: datetime) -> Clarification:
    """A public one was read again and is true as it stands. `again_on`: when to look at it next.

    Raises: NotFound, MovedOn, NotNow; DomainError: that day is not ahead, or more than two years.
    """
    today = civil_date(now)
    if not today < again_on <= a_year_after(a_year_after(today)):
        raise DomainError("下次复核请选以后两年以内的一天。")
    row = await _lock(session, seen)
    if not row.is_public:
        raise NotNow(f"这条现在是「{row.state.label}」，不用复核。")
    does(session, "clarifications.review", row.number)
    row.next_review_on = again_on
    clarification_rows.note(
        session, row, row.state, by=seen.by.name, channel=CHANNEL, now=now, reason=f"复核过，{again_on} 再看"
    )
    await session.flush()
    return row


async def retell(session: AsyncSession, seen: Seen, told: Sequence[str], now: datetime) -> Clarification:
    """Other wordings of a public one, by which it is found. Raises: NotFound, MovedOn, NotNow; Wrong."""
    row = await _lock(session, seen)
    if not row.is_public:
        raise NotNow(f"这条现在是「{row.state.label}」，不用单独改说法。")
    row.wordings = wordings(told)
    does(session, "clarifications.retell", row.number)
    clarification_rows.note(
        session, row, row.state, by=seen.by.name, channel=CHANNEL, now=now, reason="改了说法"
    )
    await _show(session, row)
    return row


# --- what was found out later ------------------------------------------------------------------------------


async def propose_update(
    session: AsyncSession, seen: Seen, text: str, verdict: str, now: datetime
) -> ClarificationUpdate:
    """Add to a public one, once somebody else has approved it; till then the page stays as it is.

    Raises: NotFound, MovedOn, NotNow: not public, or another one waits; DomainError: fields.
    """
    text = plain(text)
    if not text or len(text) > UPDATE:
        raise DomainError(f"请写更新的内容，1 到 {UPDATE} 个字。")
    if verdict and verdict not in set(Verdict):
        raise DomainError("没有这个结论，请刷新页面再选。")
    row = await _lock(session, seen)
    if not row.is_public:
        raise NotNow(f"这条现在是「{row.state.label}」，公开的才能更新。")
    if await find_waiting(session, row) is not None:
        raise NotNow("已经有一条更新等审批，请先办完那一条。")
    does(session, "clarifications.update", row.number)
    made = ClarificationUpdate(
        clarification_id=row.id,
        text=text,
        verdict=Verdict(verdict) if verdict else None,
        by=seen.by.name,
        staff_id=seen.by.staff_id,
        written_at=now,
    )
    session.add(made)
    await session.flush()
    return made


async def approve_update(session: AsyncSession, seen: Seen, update_id: int, now: datetime) -> Clarification:
    """What waits is said on the page, and whoever brought the claim is told. Raises: as `approve`."""
    row, waiting = await _waiting(session, seen, update_id)
    _refuse_own(seen, [waiting.staff_id])
    does(session, "clarifications.update_publish", row.number)
    _move(session, row, S.UPDATED, seen, now)
    waiting.approved_at, waiting.approved_by = now, seen.by.name
    row.verdict = waiting.verdict or row.verdict
    await _show(session, row)
    await clarification_notices.updated(session, row, waiting, now)
    return row


async def drop_update(session: AsyncSession, seen: Seen, update_id: int) -> Clarification:
    """It is not said. Raises: NotFound, MovedOn, NotNow."""
    row, waiting = await _waiting(session, seen, update_id)
    does(session, "clarifications.update_drop", row.number)
    await session.delete(waiting)
    await session.flush()
    return row


async def find_waiting(session: AsyncSession, row: Clarification) -> ClarificationUpdate | None:
    """The update that waits for somebody else."""
    chosen = sa.select(ClarificationUpdate).where(
        ClarificationUpdate.clarification_id == row.id, ClarificationUpdate.approved_at.is_(None)
    )
    found: ClarificationUpdate | None = await session.scalar(chosen.limit(1))
    return found


# --- parts -------------------------------------------------------------------------------------------------


async def _lock(session: AsyncSession, seen: Seen) -> Clarification:
    return await lock_seen(session, seen.public_id, seen.version)


def _move(
    session: AsyncSession, row: Clarification, to: S, seen: Seen, now: datetime, reason: str = ""
) -> None:
    clarification_rows.move(session, row, to, by=seen.by.name, channel=CHANNEL, now=now, reason=reason)


async def _waiting(
    session: AsyncSession, seen: Seen, update_id: int
) -> tuple[Clarification, ClarificationUpdate]:
    row = await _lock(session, seen)
    waiting = await find_waiting(session, row)
    if waiting is None or waiting.id != update_id:
        raise MovedOn("没有办：这条更新已经办过了，请刷新看看。")
    return row, waiting


async def _show(session: AsyncSession, row: Clarification) -> None:
    """Found from now on as it is now."""
    said = rich_text.to_text(rich_text.load(row.answer))
    row.found_by = " ".join(
        f"{row.number} {row.title} {' '.join(row.told)} {row.short} {said}".lower().split()
    )
    await session.flush()
    await coordination.bump(session, VERSION)


def _refuse_unless_verifying(row: Clarification) -> None:
    if row.state is not S.VERIFYING:
        raise NotNow(f"这条现在是「{row.state.label}」，核实中的才能改。")


def _refuse_own(seen: Seen, writers: Sequence[int]) -> None:
    if seen.by.staff_id in writers:
        raise DomainError(OWN)


def _reason(words: str, what: str) -> str:
    words = plain(words)
    if not words or len(words) > REASON:
        raise DomainError(f"请写{what}，1 到 {REASON} 个字。")
    return words
