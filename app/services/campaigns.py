"""群发: written, approved by somebody else, sent at its time; paused, gone on with, called off.

Functions flush and never commit. Not here: what it says (`campaign_words`), who gets it and what becomes of
each (`campaign_rows`), WeChat's orders (`mass_orders`), the sending itself (a job).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, shanghai, spoken
from app.database import leave_work
from app.errors import DomainError, NotFound
from app.services import audience_rows, campaign_articles, campaign_words, outbox, staff_jobs
from app.services.audiences import Audience
from app.services.audit import does
from app.services.campaign_words import Written
from app.services.permissions import Standing
from models import (
    Campaign,
    CampaignMove,
    CampaignState,
    CampaignWay,
    Outbox,
    Staff,
)

S = CampaignState
MOVES: Final[dict[CampaignState, frozenset[CampaignState]]] = {
    S.DRAFT: frozenset({S.PENDING_APPROVAL, S.CANCELLED}),
    S.PENDING_APPROVAL: frozenset({S.DRAFT, S.SCHEDULED, S.CANCELLED}),
    S.SCHEDULED: frozenset({S.SENDING, S.DRAFT, S.CANCELLED}),
    S.SENDING: frozenset({S.PAUSED, S.FINISHED, S.CANCELLED}),
    S.PAUSED: frozenset({S.SENDING, S.CANCELLED}),
}
ENDED: Final = frozenset({S.FINISHED, S.CANCELLED})
TEST: Final = "campaigns.test"  # the kind of what somebody of staff sends to himself
SHOW: Final = "campaigns.show"  # the job of staff that does it with articles
KINDS: Final = {TEST: "试发群发"}
ALL_A_MONTH: Final = (
    4  # mass messages that one person gets in a month, from us and from the account's console
)
BY_ORDER: Final = tuple(way for way in CampaignWay if way.is_by_order)
BY_ITSELF: Final = "系统"


class MovedOn(DomainError):
    """Somebody else was quicker."""


# --- writing -----------------------------------------------------------------------------------------------


async def create(session: AsyncSession, written: Written, *, by: Standing, now: datetime) -> Campaign:
    """Raises: NotWhole; NotFound: no such article that is shown."""
    row = Campaign(state=S.DRAFT, writer_ids=[by.staff_id], owner_id=by.staff_id, created_at=now)
    await campaign_words.write(session, row, written, now)
    session.add(row)
    await session.flush()
    await campaign_articles.write(session, row, written, now)
    _note(session, row, None, S.DRAFT, by.name, "", now)
    does(session, "campaigns.save", row.public_id, title=row.title)
    return row


async def save(
    session: AsyncSession, public_id: str, written: Written, *, version: int, by: Standing, now: datetime
) -> Campaign:
    """Raises: NotFound, NotWhole, MovedOn; DomainError: it is no draft any more."""
    row = await _locked(session, public_id, version)
    if row.state is not S.DRAFT:
        raise DomainError(f"{row.state.label}的群发不能改。要改，请先退回。")
    await campaign_words.write(session, row, written, now)
    await campaign_articles.write(session, row, written, now)
    row.writer_ids = sorted({*writers(row), by.staff_id})
    await session.flush()
    does(session, "campaigns.save", row.public_id, title=row.title)
    return row


def audience_of(row: Campaign) -> Audience | None:
    return None if row.audience is None else Audience.model_validate(row.audience)


def writers(row: Campaign) -> set[int]:
    found: list[int] = row.writer_ids  # type: ignore[assignment]
    return set(found)


# --- deciding ----------------------------------------------------------------------------------------------


async def submit(session: AsyncSession, public_id: str, *, version: int, by: Standing, now: datetime) -> None:
    """Send it to approval. Raises: NotFound, MovedOn, DomainError: its time is over, or nobody is meant."""
    row = await _locked(session, public_id, version)
    if row.send_at is not None and row.send_at <= now:
        raise DomainError("发送时间已经过了，请改到以后，或者写「审批通过就发」。")
    if not await audience_rows.count(session, audience_of(row), civil_date(now)):
        raise DomainError("现在没有符合的人，请改一改发给谁。")
    await campaign_articles.seal(session, row, now)
    row.owner_id, row.reason = by.staff_id, ""
    move(session, row, S.PENDING_APPROVAL, by.name, now)
    does(session, "campaigns.submit", row.public_id, title=row.title)


async def approve(
    session: AsyncSession, public_id: str, *, version: int, by: Standing, now: datetime
) -> None:
    """From now on it goes out by itself at its time. `version` is what was looked at.

    Raises: NotFound; MovedOn: it is another one now; DomainError: one's own writing; its time is over.
    """
    row = await _locked(session, public_id, version)
    if by.staff_id in writers(row):
        raise DomainError("这条群发有您写的内容，请另一位审批。")
    if row.send_at is not None and row.send_at <= now:
        raise DomainError("发送时间已经过了，请退回改时间。")
    if why := await campaign_articles.why_not(session, row, now):
        raise DomainError(f"{why}请退回，改好再交一次。")
    move(session, row, S.SCHEDULED, by.name, now)
    does(session, "campaigns.approve", row.public_id, title=row.title)
    leave_work(session)


async def send_back(
    session: AsyncSession, public_id: str, reason: str, *, version: int, by: Standing, now: datetime
) -> None:
    """To be changed: from approval, or before its time came. Raises: NotFound, MovedOn, DomainError."""
    row = await _locked(session, public_id, version)
    row.reason = _why(reason, "请写明要改什么，写的人会看到。")
    move(session, row, S.DRAFT, by.name, now, row.reason)
    does(session, "campaigns.send_back", row.public_id, reason=row.reason, title=row.title)


async def pause(session: AsyncSession, public_id: str, reason: str, *, by: Standing, now: datetime) -> None:
    """What is on its way arrives; the rest waits. Twice is no error. Raises: NotFound, DomainError."""
    row = await _locked(session, public_id)
    if row.state is S.PAUSED:
        return
    stop(session, row, _why(reason, "请写明为什么暂停。"), by.name, now)
    does(session, "campaigns.pause", row.public_id, reason=row.reason, title=row.title)


def stop(session: AsyncSession, row: Campaign, reason: str, by: str, now: datetime) -> None:
    """Let a campaign rest until somebody lets it go on."""
    row.reason = reason[:200]
    move(session, row, S.PAUSED, by, now, row.reason)


async def resume(session: AsyncSession, public_id: str, *, by: Standing, now: datetime) -> None:
    """Go on with those who still wait. Twice is no error. Raises: NotFound, DomainError."""
    row = await _locked(session, public_id)
    if row.state is S.SENDING:
        return
    if row.state is S.SCHEDULED:
        raise DomainError("还没有到发送的时间。")
    row.reason, row.rests_until = "", None
    move(session, row, S.SENDING, by.name, now, "继续")
    does(session, "campaigns.resume", row.public_id, title=row.title)
    leave_work(session)


async def cancel(session: AsyncSession, public_id: str, reason: str, *, by: Standing, now: datetime) -> None:
    """For good: who has it keeps it, who waits gets nothing. Twice is no error.

    Raises: NotFound, DomainError: it is over.
    """
    row = await _locked(session, public_id)
    if row.state is S.CANCELLED:
        return
    row.reason = _why(reason, "请写明为什么取消。")
    move(session, row, S.CANCELLED, by.name, now, row.reason)
    row.ended_at = now
    does(session, "campaigns.cancel", row.public_id, reason=row.reason, title=row.title)
    leave_work(session)


async def test(session: AsyncSession, public_id: str, *, by: Standing, now: datetime) -> None:
    """To the WeChat of who asks, as people will read it; once a minute.

    Raises: NotFound; DomainError: no WeChat is bound to the account of staff.
    """
    row = await get(session, public_id)
    staff = await session.get_one(Staff, by.staff_id)
    if staff.person_id is None:
        raise DomainError("您的账号还没有关联微信。请到「我的账号 › 微信提醒」扫码关联，再试发。")
    if row.way is CampaignWay.ARTICLE:
        await staff_jobs.start(
            session, by, SHOW, f"试发群发「{row.title[:50]}」", {"campaign": row.public_id}, now
        )
        does(session, "campaigns.test", row.public_id, title=row.title)
        return
    key = f"campaign-test:{row.id}:{by.staff_id}:{now:%Y%m%d%H%M}"
    if await session.scalar(sa.select(Outbox.id).where(Outbox.key == key)) is not None:
        return
    payload = {"type": "text", "content": await _shown(session, row, now)}
    outbox.add(session, TEST, key=key, to=staff.person_id, payload=payload, now=now, urgent=False)
    does(session, "campaigns.test", row.public_id, title=row.title)


# --- looking -----------------------------------------------------------------------------------------------


async def get(session: AsyncSession, public_id: str, *, lock: bool = False) -> Campaign:
    """Raises: NotFound."""
    chosen = sa.select(Campaign).where(Campaign.public_id == public_id)
    row = await session.scalar(chosen.with_for_update() if lock else chosen)
    if row is None:
        raise NotFound("没有这条群发。")
    return row


async def lock(session: AsyncSession, campaign_id: int) -> Campaign:
    """The row, held until the end of the transaction."""
    return await session.get_one(Campaign, campaign_id, with_for_update=True, populate_existing=True)


async def list_all(session: AsyncSession, state: CampaignState | None, limit: int) -> Sequence[Campaign]:
    """The newest first."""
    chosen = sa.select(Campaign).order_by(Campaign.id.desc()).limit(limit)
    return (await session.scalars(chosen.where(Campaign.state == state) if state else chosen)).all()


async def list_moves(session: AsyncSession, row: Campaign) -> Sequence[CampaignMove]:
    chosen = sa.select(CampaignMove).where(CampaignMove.campaign_id == row.id)
    return (await session.scalars(chosen.order_by(CampaignMove.id))).all()


async def left_this_month(session: AsyncSession, now: datetime) -> int:
    """How many mass messages those who got every one of ours can still get this month, by our own count."""
    month = shanghai(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(SHANGHAI)
    sent = sa.select(sa.func.count(Campaign.id)).where(
        Campaign.way.in_(BY_ORDER), Campaign.started_at >= month
    )
    return max(0, ALL_A_MONTH - (await session.scalar(sent) or 0))


async def count_pending(session: AsyncSession, standing: Standing) -> int:
    """How many wait for the approval of this person of staff."""
    chosen = sa.select(Campaign.writer_ids).where(Campaign.state == S.PENDING_APPROVAL)
    return sum(standing.staff_id not in found for found in await session.scalars(chosen))  # type: ignore[operator]


def when(row: Campaign, now: datetime) -> str:
    return spoken(row.send_at, now) if row.send_at is not None else "审批通过就发"


# --- parts -------------------------------------------------------------------------------------------------


async def _shown(session: AsyncSession, row: Campaign, now: datetime) -> str:
    return campaign_words.words_of(row, await campaign_words.article_of(session, row, now))


async def _locked(session: AsyncSession, public_id: str, version: int | None = None) -> Campaign:
    row = await get(session, public_id, lock=True)
    if version is not None and row.version != version:
        raise MovedOn("您打开以后，有人动过这条群发。请看过现在的再决定。")
    return row


def _why(reason: str, missing: str) -> str:
    said = " ".join(reason.split())[:200]
    if not said:
        raise DomainError(missing)
    return said


def move(
    session: AsyncSession, row: Campaign, to: CampaignState, by: str, now: datetime, reason: str = ""
) -> None:
    if to not in MOVES.get(row.state, frozenset()):
        raise DomainError(f"{row.state.label}的群发不能改为{to.label}。")
    _note(session, row, row.state, to, by, reason, now)
    row.state, row.updated_at = to, now


def _note(
    session: AsyncSession,
    row: Campaign,
    before: CampaignState | None,
    to: CampaignState,
    by: str,
    reason: str,
    now: datetime,
) -> None:
    session.add(
        CampaignMove(
            campaign_id=row.id, from_state=before, to_state=to, by=by[:64], reason=reason[:200], at=now
        )
    )
