"""All answers we ship as rows, and the copy each process keeps in memory to search; published 辟谣 too.

The files in `content/` are the source; `load` brings them in and tells every process that there is news.
What staff edited is theirs: `load` neither changes it nor takes it away.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.knowledge import Entry, EntryTopic, Index, LawAnswer, Shipped, Signpost, Tip
from app.knowledge.rumours import Rumours
from app.services import clarifications, coordination
from models import LawAnswer as LawAnswerRow
from models import ShippedRow
from models import Signpost as SignpostRow
from models import Tip as TipRow

log = structlog.get_logger(__name__)

VERSION = "knowledge"  # of what is in memory, in shared_version

Kind = TypeVar("Kind", bound=Entry)

EMPTY = Shipped((), (), ())


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` did, in numbers of answers."""

    added: int
    changed: int
    gone: int

    def __add__(self, other: "Loaded") -> "Loaded":
        return Loaded(self.added + other.added, self.changed + other.changed, self.gone + other.gone)


async def load(session: AsyncSession, shipped: Shipped, now: datetime) -> Loaded:
    """Make the live rows these answers and no others; rows of what is gone stay, but are not found."""
    done = Loaded(0, 0, 0)
    done += await _load(session, TipRow, shipped.tips, now)
    done += await _load(session, LawAnswerRow, shipped.laws, now)
    done += await _load(session, SignpostRow, shipped.signposts, now)
    if done != Loaded(0, 0, 0):
        await coordination.bump(session, VERSION)
    return done


async def _load(
    session: AsyncSession, table: type[ShippedRow], entries: Iterable[Entry], now: datetime
) -> Loaded:
    found = await session.scalars(sa.select(table).with_for_update())
    rows: dict[str, ShippedRow] = {row.slug: row for row in found}
    added = changed = 0
    for entry in entries:
        data = entry.to_dict()
        digest = _digest(data)
        row = rows.pop(entry.id, None)
        if row is None:
            session.add(_filled(table(slug=entry.id), entry, data, digest))
            added += 1
        elif not row.edited and (row.digest != digest or not row.live):
            _filled(row, entry, data, digest)
            changed += 1
        if entry.next_review_on < civil_date(now) and not (row is not None and row.edited):
            due = entry.next_review_on.isoformat()
            log.warning("review_overdue", table=table.__tablename__, answer=entry.id, next_review_on=due)
    gone = [row for row in rows.values() if row.live and not row.edited]
    for row in gone:
        row.live = False
    await session.flush()
    return Loaded(added, changed, len(gone))


async def put(session: AsyncSession, table: type[ShippedRow], entry: Entry) -> None:
    """Show what staff wrote: it is theirs from now on, and found by the next question."""
    row = await session.scalar(sa.select(table).where(table.slug == entry.id).with_for_update())
    row = table(slug=entry.id) if row is None else row
    data = entry.to_dict()
    session.add(_filled(row, entry, data, _digest(data)))
    row.edited = True
    await session.flush()
    await coordination.bump(session, VERSION)


async def withdraw(session: AsyncSession, row: ShippedRow) -> None:
    """No longer found; its file, if it has one, does not bring it back."""
    row.live, row.edited = False, True
    await session.flush()
    await coordination.bump(session, VERSION)


async def read(session: AsyncSession) -> Shipped:
    """Every live answer, by its name."""
    return Shipped(
        tuple(await _read(session, TipRow, Tip)),
        tuple(await _read(session, LawAnswerRow, LawAnswer)),
        tuple(await _read(session, SignpostRow, Signpost)),
    )


async def _read(session: AsyncSession, table: type[ShippedRow], kind: type[Kind]) -> list[Kind]:
    found = await session.scalars(sa.select(table.data).where(table.live.is_(True)).order_by(table.slug))
    return [kind.from_dict(data) for data in found]  # type: ignore[arg-type]


class Library:
    """The answers of one process, searchable. `refresh` is called every few seconds."""

    def __init__(self, shipped: Shipped = EMPTY) -> None:
        self._version = 0
        self._keep(shipped, Index(shipped.entries))
        self.rumours = Rumours()

    async def refresh(self, sessions: Callable[[], AsyncSession]) -> bool:
        """Read anew what another process loaded; whether there was anything new."""
        async with sessions() as session:
            # The version first: answers loaded in between are then read once more, never missed.
            version = await coordination.version(session, VERSION)
            if version == self._version:
                return False
            shipped = await read(session)
            heard = await clarifications.rumours(session)
        self._keep(shipped, await asyncio.to_thread(Index, shipped.entries))
        self.rumours = await asyncio.to_thread(Rumours, heard)
        self._version = version
        return True

    def _keep(self, shipped: Shipped, index: Index) -> None:
        self.tips, self.laws, self.signposts = shipped.tips, shipped.laws, shipped.signposts
        self.index = index
        self._by_kind: dict[type[Entry], Mapping[str, Entry]] = {
            Tip: {tip.id: tip for tip in self.tips},
            LawAnswer: {law.id: law for law in self.laws},
            Signpost: {sign.id: sign for sign in self.signposts},
        }

    def find(self, kind: type[Kind], slug: str) -> Kind | None:
        found = self._by_kind[kind].get(slug)
        return found if isinstance(found, kind) else None

    def list_topics(self, kind: type[Kind]) -> list[EntryTopic]:
        """Topics that have an answer of this kind, in the order they are declared."""
        used = {entry.topic for entry in self._all(kind)}
        return [topic for topic in kind.topics if topic in used]

    def list_of(self, kind: type[Kind], topic: EntryTopic) -> list[Kind]:
        """The answers of one topic, urgent ones first."""
        chosen = [entry for entry in self._all(kind) if entry.topic is topic]
        return sorted(chosen, key=lambda entry: not entry.is_urgent)

    def of_the_day(self, day: date) -> Tip | None:
        """One tip for everybody on `day`; the next day another, until all have had their turn."""
        return self.tips[day.toordinal() % len(self.tips)] if self.tips else None

    def _all(self, kind: type[Kind]) -> list[Kind]:
        return [entry for entry in self._by_kind[kind].values() if isinstance(entry, kind)]


def _filled(row: ShippedRow, entry: Entry, data: dict[str, Any], digest: str) -> ShippedRow:
    row.topic, row.title, row.data, row.digest = entry.topic.value, entry.title, data, digest
    row.live, row.next_review_on = True, entry.next_review_on
    return row


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
