"""辟谣 for everybody: bringing a claim that goes round, and reading what was found out about claims.

Who brings one stays unknown to staff: the person lies sealed, to be told what came of it, and of the time
only the day is kept. Functions flush and never commit. Not here: what staff do (`clarification_work`), which
claim a text asks about (`app.knowledge.rumours`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, start_of_day
from app.errors import DomainError, NotFound
from app.knowledge.rumours import Rumour, core
from app.services import clarification_rows, stored_files
from app.services.board_wording import PICTURES, Wrong, plain
from app.services.clarification_rows import NOWHERE, OPEN, PEOPLE, digest_of
from app.services.keysets import beyond
from app.services.numbers import next_number
from models import (
    PUBLIC,
    Clarification,
    ClarificationReport,
    ClarificationState,
    ClarificationUpdate,
    HeardFrom,
    Person,
    StoredFile,
    Verdict,
)

A_DAY: Final = 5  # of one person
LEAST: Final = 4  # characters of a claim, like the next
MOST: Final = 200
COMPARED: Final = 500  # open ones that are looked through for the same words
KEPT_IN_MEMORY: Final = 1000
PAGE: Final = 20
LONGEST: Final = 40  # characters of a search
_PUBLIC: Final = sa.text(PUBLIC)


class TooMany(DomainError):
    status = 429

    def __init__(self) -> None:
        super().__init__(f"一天最多报 {A_DAY} 条，今天已经报满了，请明天再来。急事请打 95598。")


@dataclass(frozen=True, slots=True)
class Told:
    """A claim as it was typed and found in order."""

    words: str
    heard: HeardFrom


def checked(words: str, heard: str) -> Told:
    """Raises: Wrong."""
    words = plain(words)
    wrong: Mapping[str, str] = {
        "words": "" if LEAST <= len(words) <= MOST else f"请把听到的说法写下来，{LEAST} 到 {MOST} 个字。",
        "heard": "" if heard in set(HeardFrom) else "请选从哪里听到的。",
    }
    if found := {field: said for field, said in wrong.items() if said}:
        raise Wrong(found)
    return Told(words, HeardFrom(heard))


async def check_may_report(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Before anything is asked. Raises: TooMany."""
    today = sa.select(sa.func.count()).select_from(ClarificationReport)
    today = today.where(ClarificationReport.person_digest == digest_of(person_id))
    count = await session.scalar(today.where(ClarificationReport.at == start_of_day(now)))
    if (count or 0) >= A_DAY:
        raise TooMany


async def report(
    session: AsyncSession,
    person_id: int | None,
    told: Told,
    files: Sequence[StoredFile | str] = (),
    *,
    channel: str,
    now: datetime,
) -> Clarification:
    """Somebody brings a claim: a new one, or one more voice for what was brought in the same words.

    `person_id` None: somebody nobody knows, who is not told what comes of it. `files`: rows not added yet
    whose bytes we have, or public ids of those we keep. The same from the same person again changes nothing,
    but that further pictures are put to his.

    Raises: TooMany; DomainError: more pictures than there may be.
    """
    if person_id is not None:
        # Of two sent at once each sees what the other wrote.
        await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())
    row = await _find_same(session, told.words)
    if person_id is not None:
        if row is not None and (own := await _find_own(session, row, person_id)) is not None:
            await _attach(session, own, files)
            return row
        await check_may_report(session, person_id, now)
    if row is None:
        row = await _new(session, told, now, channel)
    made = ClarificationReport(
        clarification_id=row.id,
        person_digest=None if person_id is None else digest_of(person_id),
        person=None if person_id is None else {"person_id": person_id},
        words=told.words,
        heard=told.heard,
        files=[],
        channel=channel,
        at=start_of_day(now),
    )
    session.add(made)
    await _attach(session, made, files)
    row.reports += 1
    await session.flush()
    return row


async def _attach(
    session: AsyncSession, report: ClarificationReport, files: Sequence[StoredFile | str]
) -> None:
    """What of `files` is not with it yet. Neither whose they are nor the minute is kept of them.

    Raises: DomainError: more pictures than there may be.
    """
    names = [each for each in files if isinstance(each, str)]
    if report.files and names:  # sent once more in a chat: those of the first time are enough
        await stored_files.mark_deleted(session, [each for each in names if each not in report.files])
        names = []
    kept = sa.select(StoredFile.sha256).where(StoredFile.public_id.in_(report.files))
    known, new = set(await session.scalars(kept)), list[StoredFile]()
    for each in files:
        if isinstance(each, StoredFile) and each.sha256 not in known:
            known.add(each.sha256)
            new.append(each)
    if new and len(report.files) + len(new) > PICTURES:
        raise DomainError(f"一条传言最多附 {PICTURES} 张截图，前面的 {len(report.files)} 张已经收到。")
    for each in new:
        each.owner_id, each.kept, each.created_at = None, True, report.at
    session.add_all(new)
    report.files = [*report.files, *names, *(each.public_id for each in new)]
    await session.flush()


async def _new(session: AsyncSession, told: Told, now: datetime, channel: str) -> Clarification:
    row = Clarification(
        state=ClarificationState.REPORTED,
        wordings=[told.words],
        created_at=start_of_day(now),
        number=await next_number(session, "PY", now),
        reports=0,
    )
    session.add(row)
    await session.flush()
    clarification_rows.note(session, row, row.state, by=PEOPLE, channel=channel, now=now, is_new=True)
    return row


async def _find_same(session: AsyncSession, words: str) -> Clarification | None:
    """An open or public one that is told in the same words, but for 听说 and the like."""
    asked = core(words)
    chosen = sa.select(Clarification).where(Clarification.state.in_(OPEN) | _PUBLIC)
    for row in await session.scalars(chosen.order_by(Clarification.id.desc()).limit(COMPARED)):
        if asked in map(core, row.told):
            return await clarification_rows.get(session, row.public_id, lock=True)
    return None


async def _find_own(session: AsyncSession, row: Clarification, person_id: int) -> ClarificationReport | None:
    mine = sa.select(ClarificationReport).where(
        ClarificationReport.clarification_id == row.id,
        ClarificationReport.person_digest == digest_of(person_id),
    )
    found: ClarificationReport | None = await session.scalar(mine.order_by(ClarificationReport.id).limit(1))
    return found


# --- reading -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Clarification]
    more: str  # after which the next page begins; empty where there is none


async def list_public(
    session: AsyncSession,
    *,
    verdict: Verdict | None = None,
    words: str = "",
    after: str = "",
    limit: int = PAGE,
) -> Page:
    """What all may read, the newest first. `after` is the public id of the last one on the page before."""
    chosen = sa.select(Clarification).where(_PUBLIC)
    if verdict is not None:
        chosen = chosen.where(Clarification.verdict == verdict)
    for term in words[:LONGEST].lower().split():
        chosen = chosen.where(Clarification.found_by.contains(term, autoescape=True))
    keys = [Clarification.published_at, Clarification.id]
    if after and (last := await _find(session, after)) is not None:
        chosen = chosen.where(beyond(keys, [last.published_at, last.id], descending=True))
    chosen = chosen.order_by(*(each.desc() for each in keys)).limit(limit + 1)
    found = (await session.scalars(chosen)).all()
    return Page(found[:limit], found[limit - 1].public_id if len(found) > limit else "")


async def get_public(session: AsyncSession, public_id: str) -> Clarification:
    """Raises: NotFound."""
    row = await clarification_rows.get(session, public_id)
    if not row.is_public:
        raise NotFound(NOWHERE)
    return row


async def _find(session: AsyncSession, public_id: str) -> Clarification | None:
    found: Clarification | None = await session.scalar(
        sa.select(Clarification).where(Clarification.public_id == public_id, _PUBLIC)
    )
    return found


async def list_own(session: AsyncSession, person_id: int, limit: int) -> Sequence[Clarification]:
    """What the person brought, the newest first."""
    own = sa.select(ClarificationReport.clarification_id)
    own = own.where(ClarificationReport.person_digest == digest_of(person_id))
    mine = sa.select(Clarification).where(Clarification.id.in_(own))
    return (await session.scalars(mine.order_by(Clarification.id.desc()).limit(limit))).all()


async def rumours(session: AsyncSession) -> list[Rumour]:
    """All that are public, as each process keeps them; the newest first."""
    chosen = sa.select(Clarification).where(_PUBLIC).order_by(Clarification.published_at.desc())
    rows = (await session.scalars(chosen.limit(KEPT_IN_MEMORY))).all()
    newest = sa.select(ClarificationUpdate.clarification_id, sa.func.max(ClarificationUpdate.approved_at))
    newest = newest.where(ClarificationUpdate.approved_at.is_not(None))
    at: dict[int, datetime | None] = {}
    for row_id, moment in await session.execute(newest.group_by(ClarificationUpdate.clarification_id)):
        at[row_id] = moment
    return [_in_memory(row, at.get(row.id)) for row in rows]


def _in_memory(row: Clarification, updated_at: datetime | None) -> Rumour:
    verdict = row.verdict or Verdict.UNKNOWN
    return Rumour(
        id=row.public_id,
        number=row.number,
        title=row.title,
        told=tuple(row.told),
        verdict=verdict.label,
        mark=verdict.mark,
        short=row.short,
        organ=row.organ,
        said_on=civil_date(row.published_at or row.created_at),
        updated_on=None if updated_at is None else civil_date(updated_at),
    )
