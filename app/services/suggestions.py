"""「您可能想看」: what is there anyway, in the order of what a person opens most, or the newest first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.knowledge import Tip
from app.services import activities, articles, interests
from app.services.library import Library

SHOWN: Final = 4
LOOKED_AT: Final = 30  # of the newest


@dataclass(frozen=True, slots=True)
class Suggestion:
    title: str
    topic: str
    address: str

    @property
    def label(self) -> str:
        return interests.label_of(self.topic)


async def list_for(
    session: AsyncSession,
    library: Library,
    weights: Mapping[str, int],
    now: datetime,
    *,
    shown: Collection[str] = (),
    news: bool = True,
) -> list[Suggestion]:
    """Up to four; `shown` are addresses that stand on the page already. No weights: the newest first.
    Without `news` where articles are recommended beside it.

    What weighs the same is in the order of its kind and age, so that two looks say the same.
    """
    found = [
        each for each in await _candidates(session, library, now, news=news) if each.address not in shown
    ]
    ordered = sorted(found, key=lambda each: -weights.get(each.topic, 0))  # keeps the order of equals
    return ordered[:SHOWN]


async def _candidates(
    session: AsyncSession, library: Library, now: datetime, *, news: bool
) -> list[Suggestion]:
    newest = await articles.list_published(session, now, LOOKED_AT) if news else ()
    written = [
        Suggestion(each.title, interests.of_news(each.category), f"/news/{each.public_id}") for each in newest
    ]
    ahead = [
        Suggestion(each.title, interests.ACTIVITIES, f"/activities/{each.public_id}")
        for each in await activities.list_ahead(session, now, LOOKED_AT, once=True)
    ]
    return [*written, *ahead, *_tips(library, now)]


def _tips(library: Library, now: datetime) -> list[Suggestion]:
    """One of each topic, another one every day."""
    day = civil_date(now).toordinal()
    of_topics = [library.list_of(Tip, topic) for topic in library.list_topics(Tip)]
    chosen = [entries[day % len(entries)] for entries in of_topics]
    return [Suggestion(tip.title, interests.of_tip(tip), f"/tips/{tip.id}") for tip in chosen]
