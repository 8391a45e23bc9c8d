"""Power-safety tips as rows, and the copy each process keeps in memory to search.

The files in `content/` are the source; `load` brings them in and tells every process that there is news.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.knowledge import Index, Tip, Topic
from app.services import coordination
from models import Tip as TipRow

log = structlog.get_logger(__name__)

VERSION = "knowledge"  # of what is in memory, in shared_version


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` did, in numbers of tips."""

    added: int
    changed: int
    gone: int


async def load(session: AsyncSession, tips: Iterable[Tip], now: datetime) -> Loaded:
    """Make the live rows these tips and no others; rows of tips that are gone stay, but are not found."""
    rows = {row.slug: row for row in await session.scalars(sa.select(TipRow).with_for_update())}
    added = changed = 0
    for tip in tips:
        data = tip.to_dict()
        digest = _digest(data)
        row = rows.pop(tip.id, None)
        if row is None:
            session.add(_filled(TipRow(slug=tip.id), tip, data, digest))
            added += 1
        elif row.digest != digest or not row.live:
            _filled(row, tip, data, digest)
            changed += 1
        if tip.next_review_on < civil_date(now):
            log.warning("tip_review_overdue", tip=tip.id, next_review_on=tip.next_review_on.isoformat())
    gone = [row for row in rows.values() if row.live]
    for row in gone:
        row.live = False
    await session.flush()
    if added or changed or gone:
        await coordination.bump(session, VERSION)
    return Loaded(added, changed, len(gone))


async def read(session: AsyncSession) -> list[Tip]:
    """Every live tip, by its name."""
    found = await session.scalars(sa.select(TipRow.data).where(TipRow.live.is_(True)).order_by(TipRow.slug))
    return [Tip.from_dict(data) for data in found]  # type: ignore[arg-type]


class LiveTips:
    """The tips of one process, searchable. `refresh` is called every few seconds."""

    def __init__(self, tips: Sequence[Tip] = ()) -> None:
        self._version = 0
        self._keep(tips, Index(tips))

    async def refresh(self, sessions: Callable[[], AsyncSession]) -> bool:
        """Read anew what another process loaded; whether there was anything new."""
        async with sessions() as session:
            # The version first: tips loaded in between are then read once more, never missed.
            version = await coordination.version(session, VERSION)
            if version == self._version:
                return False
            tips = await read(session)
        self._keep(tips, await asyncio.to_thread(Index, tips))
        self._version = version
        return True

    def _keep(self, tips: Sequence[Tip], index: Index) -> None:
        self.tips, self.index = tuple(tips), index
        self._by_slug = {tip.id: tip for tip in tips}

    def find(self, slug: str) -> Tip | None:
        return self._by_slug.get(slug)

    def list_topics(self) -> list[Topic]:
        """Topics that have a tip, in the order they are declared."""
        used = {tip.topic for tip in self.tips}
        return [topic for topic in Topic if topic in used]

    def list_of(self, topic: Topic) -> list[Tip]:
        """The tips of one topic, those about danger first."""
        return sorted((tip for tip in self.tips if tip.topic is topic), key=lambda tip: not tip.danger)

    def of_the_day(self, day: date) -> Tip | None:
        """One tip for everybody on `day`; the next day another, until all have had their turn."""
        return self.tips[day.toordinal() % len(self.tips)] if self.tips else None


def _filled(row: TipRow, tip: Tip, data: dict[str, Any], digest: str) -> TipRow:
    row.topic, row.title, row.data, row.digest = tip.topic.value, tip.title, data, digest
    row.live, row.next_review_on = True, tip.next_review_on
    return row


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
