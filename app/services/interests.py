"""What people seem to be interested in, counted by what they open; seen, deleted and switched off by them.
What they read lately (`reading_history`) has the same switch.

Used on the portal's first page only: for the order of 「您可能想看」, and for 「为您推荐」
(`recommendations`). Only what is no secret is counted: news by category, safety tips by topic, activities, on
the portal and in chat (there signing up counts, too). Never questions of law, cases or anything confidential.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.knowledge import Tip
from app.services import reading_history
from app.services.coordination import upsert
from app.services.forgetting import Ids, Rule, Where, change
from app.tallies import Met, Noted, Transaction
from models import ArticleCategory, Follower, Interest, InterestChoice, Person

KEPT_FOR: Final = timedelta(days=180)  # after it was last met
ACTIVITIES: Final = "activities"
Thing = TypeVar("Thing", str, int)  # a topic, or the id of an article
AT_ONCE: Final = 500  # rows of one flush's transaction
_NEWS, _TIPS = "news:", "tips:"
_LABELS: Final[Mapping[str, str]] = (
    {f"{_NEWS}{each.value}": each.label for each in ArticleCategory}
    | {f"{_TIPS}{each.value}": f"安全用电：{each.label}" for each in Tip.topics}
    | {ACTIVITIES: "工会活动"}
)


def of_news(category: ArticleCategory) -> str:
    """The topic of an article."""
    return f"{_NEWS}{category.value}"


def of_tip(tip: Tip) -> str:
    return f"{_TIPS}{tip.topic.value}"


def label_of(topic: str) -> str:
    """A topic in the person's words."""
    return _LABELS.get(topic, topic)


class Noticed:
    """What people opened, by person and topic, and which articles, until it is written."""

    def __init__(self) -> None:
        self._noted: Noted[tuple[int, str]] = Noted()
        self._read: Noted[tuple[int, int]] = Noted()

    def note(self, person_id: int, topic: str, at: datetime) -> None:
        """This person opened something of `topic`; one that is not known is nothing."""
        if topic in _LABELS:
            self._noted.note((person_id, topic), at)

    def read(self, person_id: int, article_id: int, at: datetime) -> None:
        """This person opened the article."""
        self._read.note((person_id, article_id), at)

    async def flush(self, transaction: Transaction) -> int:
        """Write what was noticed, except of those who do not want it; how many rows. What fails waits."""
        counted = await _write_all(transaction, self._noted, _write)
        return counted + await _write_all(transaction, self._read, reading_history.write)


async def _write_all(
    transaction: Transaction,
    noted: Noted[tuple[int, Thing]],
    write: Callable[[AsyncSession, Mapping[tuple[int, Thing], Met]], Awaitable[int]],
) -> int:
    written = 0
    waiting = iter(sorted(noted.take().items(), key=itemgetter(0)))
    while page := dict(islice(waiting, AT_ONCE)):
        try:
            async with transaction() as session:
                written += await write(session, await _wanted(session, page))
        except BaseException:
            noted.give_back(page | dict(waiting))
            raise
    return written


async def _wanted(
    session: AsyncSession, met: Mapping[tuple[int, Thing], Met]
) -> dict[tuple[int, Thing], Met]:
    """Without what is of those who left, or do not want it."""
    ids = sorted({person_id for person_id, _ in met})
    # Held while it is written: who switches off or deletes meanwhile waits, and then finds it and deletes it.
    living = sa.select(Person.id).where(Person.id.in_(ids), Person.merged_into_id.is_(None))
    living_ids = set(await session.scalars(living.order_by(Person.id).with_for_update(read=True)))
    here = sa.select(Follower.person_id).where(Follower.person_id.in_(ids), Follower.subscribed.is_(True))
    wanted = living_ids & set(await session.scalars(here))
    found = await session.scalars(sa.select(InterestChoice).where(InterestChoice.person_id.in_(ids)))
    choices = {choice.person_id: choice for choice in found}
    return {
        (person_id, what): each
        for (person_id, what), each in met.items()
        if person_id in wanted and _may_count(choices.get(person_id), each)
    }


async def _write(session: AsyncSession, met: Mapping[tuple[int, str], Met]) -> int:
    rows = [
        {
            "person_id": person_id,
            "topic": topic,
            "count": each.count,
            "first_at": each.first_at,
            "last_at": each.last_at,
        }
        for (person_id, topic), each in met.items()
    ]
    if rows:
        kept = upsert(session, Interest)
        table = Interest.__table__
        more = {"count": table.c.count + kept.excluded.count, "last_at": kept.excluded.last_at}
        more["first_at"] = table.c.first_at
        await session.execute(
            kept.on_conflict_do_update(index_elements=["person_id", "topic"], set_=more), rows
        )
    return len(rows)


def _may_count(choice: InterestChoice | None, met: Met) -> bool:
    return choice is None or (choice.counted and met.first_at >= choice.counted_from)


# --- what a person sees and decides ------------------------------------------------------------------------


async def is_on(session: AsyncSession, person_id: int) -> bool:
    """Whether 个性化推荐 is on: it is, until somebody switches it off."""
    chosen = sa.select(InterestChoice.counted).where(InterestChoice.person_id == person_id)
    return await session.scalar(chosen) is not False


async def list_own(session: AsyncSession, person_id: int) -> Sequence[Interest]:
    """The strongest first."""
    mine = sa.select(Interest).where(Interest.person_id == person_id)
    return (await session.scalars(mine.order_by(Interest.count.desc(), Interest.topic))).all()


async def weights(session: AsyncSession, person_id: int) -> dict[str, int]:
    """How often each topic was met; empty for who does not want to be counted."""
    if not await is_on(session, person_id):
        return {}
    return {each.topic: each.count for each in await list_own(session, person_id)}


async def forget_one(session: AsyncSession, person_id: int, topic: str, now: datetime) -> None:
    """Raises: NotFound: the person has no such interest (any more)."""
    await _choose(session, person_id, None, now)
    mine = sa.delete(Interest).where(Interest.person_id == person_id, Interest.topic == topic)
    if not await change(session, mine):
        raise NotFound("没有这一项，可能已经删掉了。")


async def forget_all(session: AsyncSession, person_id: int, now: datetime) -> int:
    """How many were deleted."""
    await _choose(session, person_id, None, now)
    return await change(session, sa.delete(Interest).where(Interest.person_id == person_id))


async def clear_history(session: AsyncSession, person_id: int, now: datetime) -> int:
    """Of 看过的 only; how many were deleted. What was noticed before now and not written is never kept."""
    await _choose(session, person_id, None, now)
    return await reading_history.forget_person(session, person_id)


async def switch(session: AsyncSession, person_id: int, now: datetime, *, on: bool) -> None:
    """Turn 个性化推荐 on or off. Off stops at once: nothing more is counted, what was kept is deleted."""
    await _choose(session, person_id, on, now)
    if not on:
        await _forget_counts(session, person_id)


async def forget_person(session: AsyncSession, person_id: int, now: datetime) -> None:
    """All there is about this person, his choice too."""
    await _hold(session, person_id)
    await _forget_counts(session, person_id)
    await change(session, sa.delete(InterestChoice).where(InterestChoice.person_id == person_id))


async def _forget_counts(session: AsyncSession, person_id: int) -> None:
    await reading_history.forget_person(session, person_id)
    await change(session, sa.delete(Interest).where(Interest.person_id == person_id))


async def _choose(session: AsyncSession, person_id: int, counted: bool | None, now: datetime) -> None:
    """Keep the choice, if one was made; what was noticed before now and not written is never counted."""
    await _hold(session, person_id)
    kept = upsert(session, InterestChoice).values(
        person_id=person_id, counted=True if counted is None else counted, counted_from=now
    )
    newer = {"counted_from": kept.excluded.counted_from}
    if counted is not None:
        newer["counted"] = kept.excluded.counted
    await session.execute(kept.on_conflict_do_update(index_elements=["person_id"], set_=newer))


async def _hold(session: AsyncSession, person_id: int) -> None:
    """Whoever is writing this person's counts is waited for."""
    await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())


# --- two persons who are one -------------------------------------------------------------------------------


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """What both met is added up."""
    theirs = sa.select(Interest).where(Interest.person_id.in_([gone, stays])).order_by(Interest.id)
    rows = (await session.scalars(theirs.with_for_update())).all()
    own = {row.topic: row for row in rows if row.person_id == stays}
    for row in [row for row in rows if row.person_id == gone]:
        mine = own.get(row.topic)
        if mine is None:
            row.person_id = stays
            continue
        mine.count += row.count
        mine.first_at, mine.last_at = min(mine.first_at, row.first_at), max(mine.last_at, row.last_at)
        await session.delete(row)
    await session.flush()


async def hand_over_choice(session: AsyncSession, gone: int, stays: int) -> None:
    """Who said no as either keeps nothing."""
    theirs = sa.select(InterestChoice).where(InterestChoice.person_id.in_([gone, stays]))
    rows = (await session.scalars(theirs.order_by(InterestChoice.id).with_for_update())).all()
    if not rows:
        return
    counted, since = all(row.counted for row in rows), max(row.counted_from for row in rows)
    for row in rows[1:]:
        await session.delete(row)
    await session.flush()
    rows[0].person_id, rows[0].counted, rows[0].counted_from = stays, counted, since
    await session.flush()
    if not counted:
        await _forget_counts(session, stays)


# --- what is forgotten by itself ---------------------------------------------------------------------------


def _is_old(now: datetime) -> Where:
    return (Interest.last_at <= now - KEPT_FOR,)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    return await change(session, sa.delete(Interest).where(Interest.id.in_(ids), *_is_old(now)))


forget_old = Rule("old_interests", Interest.id, _is_old, _forget)
