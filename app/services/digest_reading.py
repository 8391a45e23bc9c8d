"""This week's 每周精选 to be read, on whichever channel: one's own copy, else what it would be now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import digest_picks, digests, recommendations
from app.services.digest_picks import SENT, Picked
from models import Article


async def this_week(
    session: AsyncSession, person_id: int | None, now: datetime, most: int = SENT
) -> Sequence[Picked]:
    """The best first. A copy that was sent stays what it was, as far as its articles are public still;
    nobody in particular gets what most people read. Empty: nothing new.
    """
    if person_id is None:
        return digest_picks.choose(None, await digest_picks.offered(session, now), now, most)
    known = (await recommendations.known_of(session, [person_id])).get(person_id)
    copy = await digests.find_copy(session, person_id, now)
    if copy is not None:
        found = await recommendations.candidates(session, now, Article.public_id.in_(copy.articles))
        by_key = {each.key: each for each in found.values()}
        sent = [by_key[key] for key in copy.articles if key in by_key]
        if sent:
            return digest_picks.with_reasons(known, sent, now)
    return digest_picks.choose(known, await digest_picks.offered(session, now), now, most)
