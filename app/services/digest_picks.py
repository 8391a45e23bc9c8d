"""What is in 每周精选: a few articles of the last seven days, each with the reason it is there.

The best by what a person reads, else what is read most, else the newest; nothing that was read. Only what
recommendations know of a person is used (`recommendations`): never cases, consultations or complaints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import recommendations, recommending
from app.services.recommendations import HOT_REASON, Known
from app.services.recommending import Candidate, Why
from models import Article

SENT: Final = 5  # in a copy; fewer where there are fewer
OF_DAYS: Final = timedelta(days=7)
LOOKED_AT: Final = 60  # of the newest
NEW_REASON: Final = "这周新发布"


@dataclass(frozen=True, slots=True)
class Picked:
    key: str  # the article's public id
    title: str
    reason: str


async def offered(session: AsyncSession, now: datetime) -> Mapping[int, Candidate]:
    """The articles of the last seven days, by id."""
    return await recommendations.candidates(
        session, now, Article.published_at > now - OF_DAYS, most=LOOKED_AT
    )


def choose(
    known: Known | None, found: Mapping[int, Candidate], now: datetime, most: int = SENT
) -> list[Picked]:
    """The best first; empty where nothing is new. `known`: None of who switched it off, or is not known."""
    if known is None or known.is_nobody:
        return _popular(list(found.values()), most)
    unread = [each for number, each in found.items() if number not in known.read]
    return _ranked(known, unread, now, most)


def with_reasons(known: Known | None, found: Sequence[Candidate], now: datetime) -> list[Picked]:
    """These articles in their order, read or not, each with its reason of today."""
    ranked = choose(None, dict(enumerate(found)), now, len(found))
    if known is not None and not known.is_nobody:
        ranked = _ranked(known, found, now, len(found))
    reasons = {each.key: each.reason for each in ranked}
    return [Picked(each.key, each.title, reasons.get(each.key, NEW_REASON)) for each in found]


def _ranked(known: Known, found: Sequence[Candidate], now: datetime, most: int) -> list[Picked]:
    picks = recommending.pick(known.liked, known.often, found, now, most)
    return [
        Picked(
            each.candidate.key,
            each.candidate.title,
            _reason(each.candidate) if each.why == Why() else recommendations.reason(each.why),
        )
        for each in picks
    ]


def _popular(found: Sequence[Candidate], most: int) -> list[Picked]:
    titles: dict[str, Candidate] = {}
    for each in sorted(found, key=lambda one: (one.reads, one.published_at, one.key), reverse=True):
        titles.setdefault(each.title, each)
    return [Picked(each.key, each.title, _reason(each)) for each in list(titles.values())[:most]]


def _reason(each: Candidate) -> str:
    return HOT_REASON if each.reads else NEW_REASON
