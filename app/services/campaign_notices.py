"""Campaigns by subscription notice: who agreed, one yes used up by one notice, and what became of each.

WeChat tells the same notice to the same person once within 10 minutes where it carries the same key, so one
whose sender died, or that got no answer, goes out again in that time and counts as unknown after it. Rows are
taken and put down many at a time, each by one statement: this way reaches everybody. Functions flush and
never commit. Not here: which template may be used (`campaign_templates`), what it says (`campaign_words`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import campaign_rows, campaign_templates, campaign_words, notice_consents
from app.services.campaign_rows import CUT_OFF, NO_ANSWER
from app.services.deliveries import KEYED_FOR, Obstacle
from app.services.notice_consents import Yes
from models import (
    Campaign,
    CampaignDelivery,
    DeliveryState,
    Follower,
    NoticeConsent,
    TemplateKind,
)
from models.campaign import DELIVERY_WAITS

AT_A_TIME: Final = 400  # notices taken up together: a second's work
LEASE: Final = timedelta(seconds=60)  # real time
SECOND_TRY: Final = timedelta(seconds=10)  # real time, after no answer
NOT_AGREED: Final = "has not agreed to this notice"
NOT_AGREED_ANY_MORE: Final = "wechat knows of no yes to this notice"
_WAITS: Final = sa.text(DELIVERY_WAITS)
D = DeliveryState


@dataclass(frozen=True, slots=True)
class Notice:
    """What all of a campaign are told. `page` is an address, "" for none."""

    template_id: str
    data: Mapping[str, str]
    page: str
    is_lasting: bool  # a yes to it is not used up


@dataclass(frozen=True, slots=True)
class Due:
    """One person's notice, leased, and the yes it uses up. `is_again`: it may have arrived before."""

    delivery_id: int
    openid: str
    follower_id: int
    yes: Yes | None
    is_again: bool

    @property
    def key(self) -> str:
        """By which WeChat knows the notice again."""
        return f"campaign-{self.delivery_id}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one: its state at WeChat, in words. QUEUED: nothing was sent; FAILED_RETRY: perhaps."""

    state: DeliveryState
    reason: str = ""
    is_spent: bool = False  # WeChat says that no yes is left


async def notice_of(session: AsyncSession, row: Campaign, now: datetime) -> Notice | None:
    """What is to be sent; None: the template is gone, or carries something else now."""
    template = await campaign_templates.find(session, row.template_id or "")
    if template is None or row.fields is None:
        return None
    article = await campaign_words.article_of(session, row, now)
    page = campaign_words.link_of(row, article) if article is not None else ""
    return Notice(template.template_id, row.fields, page, template.kind is TemplateKind.LASTING)


# --- sending -----------------------------------------------------------------------------------------------


async def lease(
    session: AsyncSession, row: Campaign, notice: Notice, token: str, now: datetime, real_now: datetime
) -> tuple[Sequence[Due], bool]:
    """The next notices to be sent, and whether anything was looked at. Who cannot be told, or of whom it will
    not be known any more, is settled on the spot; whom somebody else holds comes in a later turn.
    """
    found = await _free(session, row, real_now)
    ids = {each.follower_id for each in found if each.follower_id is not None}
    # Not waited for: a message, a merge and a closing hold a follower and want his deliveries then.
    held = sa.select(Follower.id, Follower.openid, Follower.subscribed).where(Follower.id.in_(ids))
    free = held.order_by(Follower.id).with_for_update(skip_locked=True)
    openids = {each.id: each.openid if each.subscribed else None for each in await session.execute(free)}
    found = [each for each in found if each.follower_id is None or each.follower_id in openids]
    tried = [each for each in found if each.asked_at is not None]
    fresh = [each for each in found if each.asked_at is None]
    known = [each for each in tried if real_now < each.asked_at + KEYED_FOR and openids.get(each.follower_id)]
    await _give_up(session, [each for each in tried if each not in known], now)
    reached = [each for each in fresh if openids.get(each.follower_id)]
    gone = {each.id for each in fresh} - {each.id for each in reached}
    await campaign_rows.mark(session, gone, D.SKIPPED, Obstacle.NOT_FOLLOWING, now)
    yeses = await _take(session, notice, [each.follower_id for each in reached])
    agreed = [each for each in reached if each.follower_id in yeses]
    refused = {each.id for each in reached} - {each.id for each in agreed}
    await campaign_rows.mark(session, refused, D.SKIPPED, NOT_AGREED, now)
    yeses |= await _taken_before(session, notice, [each.follower_id for each in known])
    ready = [
        Due(each.id, str(openids[each.follower_id]), each.follower_id, yeses.get(each.follower_id), again)
        for again, group in ((True, known), (False, agreed))
        for each in group
    ]
    mine = sa.update(CampaignDelivery).where(CampaignDelivery.id.in_([each.delivery_id for each in ready]))
    values = {"state": D.SENDING, "tries": CampaignDelivery.tries + 1, "lease_token": token}
    values |= {"asked_at": sa.func.coalesce(CampaignDelivery.asked_at, real_now)}
    await _run(session, mine.values(lease_until=real_now + LEASE, **values))
    return ready, bool(found)


async def _free(session: AsyncSession, row: Campaign, real_now: datetime) -> Sequence[Any]:
    """Rows that wait and that nobody is at; columns only."""
    each = CampaignDelivery
    free = sa.or_(each.lease_until.is_(None), each.lease_until <= real_now)
    chosen = sa.select(each.id, each.follower_id, each.state, each.asked_at)
    chosen = chosen.where(each.campaign_id == row.id, _WAITS, free).order_by(each.id).limit(AT_A_TIME)
    return (await session.execute(chosen.with_for_update(skip_locked=True))).all()


async def _give_up(session: AsyncSession, rows: Sequence[Any], now: datetime) -> None:
    """WeChat does not know the key any more, or the person is gone: it may have arrived."""
    cut_off = [each.id for each in rows if each.state is D.SENDING]
    await campaign_rows.mark(session, cut_off, D.UNKNOWN, CUT_OFF, now)
    unanswered = [each.id for each in rows if each.state is not D.SENDING]
    await campaign_rows.mark(session, unanswered, D.UNKNOWN, NO_ANSWER, now)


async def _take(session: AsyncSession, notice: Notice, followers: Collection[int]) -> dict[int, Yes]:
    """Use up one yes of each who has one."""
    theirs = (
        NoticeConsent.follower_id.in_(followers),
        NoticeConsent.template_id == notice.template_id,
        NoticeConsent.remaining > 0,
    )
    columns = NoticeConsent.follower_id, NoticeConsent.id, NoticeConsent.said_at
    if notice.is_lasting:
        rows = await session.execute(sa.select(*columns).where(*theirs))
    else:
        one = sa.update(NoticeConsent).where(*theirs).values(remaining=NoticeConsent.remaining - 1)
        rows = await session.execute(one.returning(*columns).execution_options(synchronize_session=False))
    return {follower_id: Yes(row_id, notice.is_lasting, said_at) for follower_id, row_id, said_at in rows}


async def _taken_before(session: AsyncSession, notice: Notice, followers: Collection[int]) -> dict[int, Yes]:
    """The yes that an earlier try took."""
    chosen = sa.select(NoticeConsent.follower_id, NoticeConsent.id, NoticeConsent.said_at).where(
        NoticeConsent.follower_id.in_(followers), NoticeConsent.template_id == notice.template_id
    )
    rows = await session.execute(chosen)
    return {follower_id: Yes(row_id, notice.is_lasting, said_at) for follower_id, row_id, said_at in rows}


async def settle(
    session: AsyncSession,
    token: str,
    ready: Sequence[Due],
    ends: Mapping[int, Outcome],
    now: datetime,
    real_now: datetime,
) -> None:
    """Put down what came of these, as far as the lease is still ours; who is not in `ends` was not tried."""
    untried = Outcome(D.QUEUED)
    outcomes = {each.delivery_id: ends.get(each.delivery_id, untried) for each in ready}
    # Followers first and in one order, as everybody else takes them.
    touched = [each for each in ready if outcomes[each.delivery_id].state is not D.DELIVERED]
    held = sa.select(Follower.id).where(Follower.id.in_({each.follower_id for each in touched}))
    if touched:
        await session.execute(held.order_by(Follower.id).with_for_update())
    ours = sa.select(CampaignDelivery.id).where(
        CampaignDelivery.id.in_(outcomes), CampaignDelivery.lease_token == token
    )
    mine = set(await session.scalars(ours.order_by(CampaignDelivery.id).with_for_update()))
    groups: dict[Outcome, list[int]] = {}
    for each in (each for each in ready if each.delivery_id in mine):
        outcome = outcomes[each.delivery_id]
        if outcome.state is D.QUEUED and each.is_again:
            outcome = Outcome(D.FAILED_RETRY, outcome.reason)  # an earlier try of it may have arrived
        groups.setdefault(outcome, []).append(each.delivery_id)
        if each.yes is not None and outcome.is_spent:
            await notice_consents.spent(session, each.yes)
        elif each.yes is not None and outcome.state in (D.QUEUED, D.FAILED):
            await notice_consents.give_back(session, each.yes)
    for outcome, ids in groups.items():
        await _put_down(session, outcome, ids, now, real_now)


async def _put_down(
    session: AsyncSession, outcome: Outcome, ids: Sequence[int], now: datetime, real_now: datetime
) -> None:
    if outcome.state not in campaign_rows.WAITING:
        await campaign_rows.mark(session, ids, outcome.state, outcome.reason, now)
        return
    values: dict[str, Any] = {"state": outcome.state, "reason": outcome.reason[:200], "lease_token": None}
    if outcome.state is D.QUEUED:
        values |= {"asked_at": None, "lease_until": None}
    else:
        values |= {"lease_until": real_now + SECOND_TRY}
    await _run(session, sa.update(CampaignDelivery).where(CampaignDelivery.id.in_(ids)).values(values))


async def _run(session: AsyncSession, changed: sa.Update) -> None:
    await session.execute(changed.execution_options(synchronize_session=False))
