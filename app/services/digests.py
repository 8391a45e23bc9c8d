"""每周精选, once a week to who asked for it: who that is, when, and everybody's copy brought to its end.

A copy is a row with an outbox row of its own, which takes the ways all take: a card within the window, else
a subscription notice that was agreed to, else it is skipped. Only so many wait there at a time that nobody's
own notice stands behind thousands. Functions flush and never commit.

Not here: what is in it (`digest_picks`), and forgetting (`digest_forgetting`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, WEEKDAYS, shanghai
from app.services import addresses, article_pictures, articles, digest_notices, outbox
from app.services.coordination import upsert
from app.services.crisis import SPARED_FOR
from app.services.deliveries import Obstacle
from app.services.digest_notices import WEEKLY, key_of
from app.services.digest_picks import Picked
from app.services.forgetting import change
from models import (
    CrisisAlert,
    DeliveryState,
    DigestCopy,
    DigestWeek,
    DigestWish,
    Follower,
    Outbox,
    Person,
)
from models.digest import COPY_WAITS

PAGE: Final = 100  # people whose copies are made in one transaction
MOST_WAITING: Final = 200  # copies on their way; more are made when these have arrived
TOO_LATE: Final = timedelta(days=2)  # after its moment a week is over
NOTHING_NEW: Final = "nothing new"
LEFT_OUT: Final = "left out"  # spared after an alert
LOST: Final = "its delivery is gone"
STOPPED: Final = "not wanted any more"
_WAITS = sa.text(COPY_WAITS)
_ENDS: Final = (
    DeliveryState.DELIVERED,
    DeliveryState.ACCEPTED,
    DeliveryState.FAILED,
    DeliveryState.UNKNOWN,
    DeliveryState.SKIPPED,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """When it goes out each week, in China: `weekday` 1 to 7, Monday is 1; `hour` o'clock."""

    weekday: int = 5
    hour: int = 17

    @property
    def words(self) -> str:
        return f"每周{WEEKDAYS[self.weekday - 1]} {self.hour}:00"

    def last(self, now: datetime) -> tuple[date, datetime]:
        """The Monday of the week whose moment came last, and that moment."""
        today = shanghai(now).date()
        monday = today - timedelta(days=today.weekday())
        due_at = self._in(monday)
        if due_at > now:
            monday -= timedelta(weeks=1)
            due_at = self._in(monday)
        return monday, due_at

    def _in(self, monday: date) -> datetime:
        return datetime.combine(monday + timedelta(days=self.weekday - 1), time(self.hour), SHANGHAI)


@dataclass(frozen=True, slots=True)
class Page:
    """The next people of a week; `wishes` by the wish's id, in order. Without any the week is complete."""

    week_on: date
    due_at: datetime
    after: int
    wishes: Mapping[int, int]


# --- who wants it ------------------------------------------------------------------------------------------


async def is_wanted(session: AsyncSession, person_id: int) -> bool:
    wish = sa.select(DigestWish.id).where(DigestWish.person_id == person_id)
    return await session.scalar(wish) is not None


async def want(session: AsyncSession, person_id: int, channel: str, now: datetime) -> bool:
    """From the next week's moment on; false where it was so already. `channel`: chat, portal, miniprogram."""
    await _hold(session, [person_id])
    kept = upsert(session, DigestWish).values(person_id=person_id, at=now, channel=channel)
    kept = kept.on_conflict_do_nothing(index_elements=["person_id"])
    return await session.scalar(kept.returning(DigestWish.id)) is not None


async def stop(session: AsyncSession, person_id: int, now: datetime) -> bool:
    """No more for this person; what waits is not sent either. Whether there was a wish."""
    await _hold(session, [person_id])
    await withdraw(session, Outbox.person_id == person_id, now)
    gone = await change(session, sa.delete(DigestWish).where(DigestWish.person_id == person_id))
    return gone > 0


async def withdraw(session: AsyncSession, whose: sa.ColumnElement[bool], now: datetime) -> int:
    """Outbox rows that were not taken up yet; how many."""
    waiting = Outbox.state.in_([DeliveryState.QUEUED, DeliveryState.FAILED_RETRY])
    theirs = sa.update(Outbox).where(whose, Outbox.kind == WEEKLY, waiting)
    return await change(session, theirs.values(state=DeliveryState.SKIPPED, reason=STOPPED, settled_at=now))


# --- a week's copies ---------------------------------------------------------------------------------------


async def next_page(session: AsyncSession, moment: Moment, now: datetime) -> Page | None:
    """Whose copies are to be made next. None: all are made, or nothing is due, or enough are on their way."""
    week_on, due_at = moment.last(now)
    week = await session.scalar(sa.select(DigestWeek).where(DigestWeek.week_on == week_on))
    if week is not None:
        due_at = week.due_at
    if now < due_at or now - due_at > TOO_LATE or (week is not None and week.filled_at is not None):
        return None
    waiting = sa.select(DigestCopy.id).where(_WAITS).limit(MOST_WAITING)
    if len((await session.scalars(waiting)).all()) >= MOST_WAITING:
        return None
    after = 0 if week is None else week.filled_to
    chosen = sa.select(DigestWish.id, DigestWish.person_id).where(
        DigestWish.id > after, DigestWish.at < due_at
    )
    rows = (await session.execute(chosen.order_by(DigestWish.id).limit(PAGE))).all()
    if week is None and not rows:
        return None
    return Page(week_on, due_at, after, {row.id: row.person_id for row in rows})


async def pictures(session: AsyncSession, picked: Collection[Sequence[Picked]]) -> Mapping[str, str]:
    """Whole addresses of the pictures of those articles that stand first, by public id."""
    found = await articles.by_keys(session, {each[0].key for each in picked if each})
    site = addresses.page("")
    return {key: each.cover or article_pictures.shared(each, site) for key, each in found.items()}


async def make(
    session: AsyncSession,
    page: Page,
    picked: Mapping[int, Sequence[Picked]],
    shown: Mapping[str, str],
    now: datetime,
) -> int:
    """A copy for each of these people who still wants one. `picked`: by person; `shown`: `pictures`.

    Any number of processes may come with the same page: one makes it. How many copies were made.
    """
    begun = upsert(session, DigestWeek).values(week_on=page.week_on, due_at=page.due_at, filled_to=0)
    await session.execute(begun.on_conflict_do_nothing(index_elements=["week_on"]))
    held = sa.select(DigestWeek).where(DigestWeek.week_on == page.week_on).with_for_update()
    week = (await session.scalars(held.execution_options(populate_existing=True))).one()
    if week.filled_at is not None or week.filled_to != page.after:
        return 0
    if not page.wishes:
        week.filled_at = now
        return 0
    week.filled_to = max(page.wishes)
    copies = await _copies(session, page, picked, now)
    session.add_all(copies)
    await session.flush()
    for each in copies:
        if each.state is DeliveryState.QUEUED and each.person_id is not None:
            _send(session, each, picked[each.person_id], shown, now)
    await session.flush()
    return len(copies)


async def _copies(
    session: AsyncSession, page: Page, picked: Mapping[int, Sequence[Picked]], now: datetime
) -> list[DigestCopy]:
    people = await _still_wanting(session, page)
    ends = await _not_sent_to(session, people, now)
    copies = []
    for person_id in people:
        keys = [each.key for each in picked.get(person_id, ())]
        reason = ends.get(person_id) or ("" if keys else NOTHING_NEW)
        copies.append(
            DigestCopy(
                week_on=page.week_on,
                person_id=person_id,
                state=DeliveryState.SKIPPED if reason else DeliveryState.QUEUED,
                reason=reason,
                articles=[] if reason else keys,
                created_at=now,
                settled_at=now if reason else None,
            )
        )
    return copies


def _send(
    session: AsyncSession,
    copy: DigestCopy,
    picked: Sequence[Picked],
    shown: Mapping[str, str],
    now: datetime,
) -> None:
    said = digest_notices.payload([each.title for each in picked], shown.get(picked[0].key, ""), now)
    outbox.add(session, WEEKLY, key=key_of(copy.id), to=copy.person_id, payload=said, now=now)


async def _hold(session: AsyncSession, people: Collection[int]) -> None:
    """Against a round that makes copies of these people just now."""
    held = sa.select(Person.id).where(Person.id.in_(people)).order_by(Person.id)
    await session.execute(held.with_for_update())


async def _still_wanting(session: AsyncSession, page: Page) -> list[int]:
    """Of the page's people those who want it, and have no copy of this week (two may have become one)."""
    # Persons first and in one order, as a merge, a closing and `stop` take them; they wait for us, or we do.
    people = sa.select(Person.id).where(Person.id.in_(page.wishes.values())).order_by(Person.id)
    await session.execute(people.with_for_update(read=True))
    has_one = sa.exists().where(
        DigestCopy.week_on == page.week_on, DigestCopy.person_id == DigestWish.person_id
    )
    chosen = sa.select(DigestWish.person_id).where(DigestWish.id.in_(page.wishes), ~has_one)
    return list(await session.scalars(chosen.order_by(DigestWish.id)))


async def _not_sent_to(session: AsyncSession, people: Sequence[int], now: datetime) -> dict[int, str]:
    """Why nothing is sent to some of them. Who follows us nowhere any more wants it no more either."""
    alarmed = sa.select(CrisisAlert.person_id).where(
        CrisisAlert.person_id.in_(people), CrisisAlert.created_at > now - SPARED_FOR
    )
    here = sa.select(Follower.person_id).where(Follower.person_id.in_(people), Follower.subscribed.is_(True))
    found = {person_id: LEFT_OUT for person_id in await session.scalars(alarmed) if person_id is not None}
    gone = set(people) - set(await session.scalars(here))
    await change(session, sa.delete(DigestWish).where(DigestWish.person_id.in_(gone)))
    return found | dict.fromkeys(gone, str(Obstacle.NOT_FOLLOWING))


# --- what became of them -----------------------------------------------------------------------------------


async def ended(session: AsyncSession, limit: int = MOST_WAITING + PAGE) -> list[int]:
    """Copies whose outbox row has come to an end."""
    waiting = sa.select(DigestCopy.id).where(_WAITS)
    ids = (await session.scalars(waiting.order_by(DigestCopy.id).limit(limit))).all()
    rows = sa.select(Outbox.key).where(Outbox.key.in_([key_of(each) for each in ids]))
    under_way = set(await session.scalars(rows.where(Outbox.state.not_in(_ENDS))))
    return [each for each in ids if key_of(each) not in under_way]


async def settle(session: AsyncSession, ids: Collection[int], now: datetime) -> None:
    """Put down what became of these."""
    rows = sa.select(Outbox.key, Outbox.state, Outbox.reason, Outbox.way, Outbox.settled_at)
    found = await session.execute(rows.where(Outbox.key.in_([key_of(each) for each in ids])))
    ends = {row.key: row for row in found}
    held = sa.select(DigestCopy).where(DigestCopy.id.in_(ids), DigestCopy.state == DeliveryState.QUEUED)
    for each in await session.scalars(held.order_by(DigestCopy.id).with_for_update()):
        end = ends.get(key_of(each.id))
        if end is None:
            each.state, each.reason, each.settled_at = DeliveryState.UNKNOWN, LOST, now
        elif end.state in _ENDS:
            each.state, each.reason, each.way = end.state, end.reason, end.way
            each.settled_at = end.settled_at or now


async def find_copy(session: AsyncSession, person_id: int, now: datetime) -> DigestCopy | None:
    """The newest that has something in it, of the last seven days."""
    chosen = sa.select(DigestCopy).where(
        DigestCopy.person_id == person_id, DigestCopy.created_at > now - timedelta(days=7)
    )
    newest = await session.scalar(chosen.order_by(DigestCopy.week_on.desc()).limit(1))
    return newest if newest is not None and newest.articles else None
