"""Fetching pictures, voices and videos from WeChat before they die there after three days.

A due row is leased in one transaction, its bytes come over the network outside any, and what became of it is
settled in another. Who dies in between leaves a lease that runs out; the next one stores the same name again.

Of a matter of law the original is kept too, sealed (`app.services.evidence`). Where a scanner is set, it is
asked first; while it gives no answer the bytes are held, sealed, in the same place.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.errors import DomainError
from app.files import LARGEST_BYTES, FileRefused, Files, Inspected, cleaned, inspect
from app.scanning import NOBODY_ASKED, Scanner, Verdict
from app.services import case_news, evidence
from app.services.evidence import Kept, Original
from app.wechat import errors
from app.wechat.api.media import MediaFile
from models import Account, AccountKind, FileState, MediaFetch, StoredFile

log = structlog.get_logger(__name__)

AT_ONCE = 50  # files in one round; the next round comes in seconds
LEASE = timedelta(minutes=5)  # real time; longer than a download with its repeats
DIES_AFTER = timedelta(days=3)  # WeChat forgets temporary media then
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
OPERATOR_PAUSE = timedelta(minutes=30)  # when somebody has to put the account right first
GONE = "微信服务器上已没有这个文件"
TOO_OLD = "超过三天，微信已不再保存"
TOO_LARGE = f"文件超过 {LARGEST_BYTES // (1024 * 1024)} MB"
NOT_AS_SAID = "内容与消息类型不符"


class MediaSource(Protocol):
    async def get(self, media_id: str, *, limit: int) -> MediaFile: ...


class Client(Protocol):
    """What is needed of `app.wechat.client.WeChatClient`: media of one account."""

    @property
    def app_id(self) -> str: ...
    @property
    def media(self) -> MediaSource: ...


@dataclass(frozen=True, slots=True)
class Job:
    """One leased row, read before the network is touched."""

    fetch_id: int
    file_id: int
    public_id: str
    kind: str
    media_id: str
    expected_since: datetime
    token: str
    tries: int  # this one included
    source: AccountKind


@dataclass(frozen=True, slots=True)
class Ready:
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lost:
    reason: str


@dataclass(frozen=True, slots=True)
class Infected:
    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    due_at: datetime


Outcome = Ready | Lost | Infected | Later


@dataclass(slots=True)
class Desk:
    """What one file is worked on with; `put_by` is the original that was stored on the way."""

    database: Database
    client: "Client"
    files: Files
    clock: Clock
    scanner: Scanner
    kept: Kept | None = None
    put_by: Original | None = None


async def fetch_due(
    database: Database,
    client: Client,
    files: Files,
    clock: Clock,
    limit: int = AT_ONCE,
    *,
    scanner: Scanner = NOBODY_ASKED,
) -> int:
    """Fetch what is due of this client's account; returns how many rows were tried."""
    for count in range(limit):
        job = await _claim(database, client.app_id, clock)
        if job is None:
            return count
        desk = Desk(database, client, files, clock, scanner)
        outcome = await _work(job, desk)
        async with database.transaction() as session:
            kept = await _settle(session, job, outcome)
            original = await _settle_original(session, job, desk)
            if not isinstance(outcome, Later):
                await case_news.happened(session)
        if isinstance(outcome, Ready) and not kept:
            await files.delete(job.public_id)  # it was deleted while we fetched it
        if desk.kept is not None and desk.put_by is not None and not original:
            await files.delete(desk.kept.name)
    return limit


# --- leasing ------------------------------------------------------------------------------------------------


async def _claim(database: Database, app_id: str, clock: Clock) -> Job | None:
    now, real_now = clock.now(), clock.real_now()
    due = (
        sa.select(MediaFetch.id)
        .join(Account, Account.id == MediaFetch.account_id)
        .where(Account.app_id == app_id, MediaFetch.due_at <= now, *_free(real_now))
        .order_by(MediaFetch.due_at, MediaFetch.id)
        .limit(1)
    )
    async with database.reading() as session:
        if await session.scalar(due) is None:  # the usual case costs no lock
            return None
    async with database.transaction() as session:
        return await _lease(session, due, real_now)


def _free(real_now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    lease = MediaFetch.lease_until
    return MediaFetch.done.is_(False), sa.or_(lease.is_(None), lease <= real_now)


async def _lease(session: AsyncSession, due: sa.Select[int], real_now: datetime) -> Job | None:
    # `_free` is asked again by the UPDATE itself; where rows are locked, what another process is taking is
    # passed over.
    chosen = due.with_for_update(of=MediaFetch, skip_locked=True).scalar_subquery()
    token = secrets.token_hex(8)
    taken = (
        sa.update(MediaFetch)
        .where(MediaFetch.id == chosen, *_free(real_now))
        .values(lease_token=token, lease_until=real_now + LEASE, tries=MediaFetch.tries + 1)
        .returning(
            MediaFetch.id, MediaFetch.file_id, MediaFetch.media_id, MediaFetch.tries, MediaFetch.account_id
        )
        .execution_options(synchronize_session=False)
    )
    row = (await session.execute(taken)).one_or_none()
    if row is None:
        return None
    file = await session.get_one(StoredFile, row.file_id)
    kind = (await session.get_one(Account, row.account_id)).kind
    return Job(
        *(row.id, file.id, file.public_id, file.kind, row.media_id, file.created_at, token, row.tries), kind
    )


# --- the work itself ----------------------------------------------------------------------------------------


async def _work(job: Job, desk: Desk) -> Outcome:
    """Whatever goes wrong ends in an outcome: a row must neither be lost nor spin."""
    now = desk.clock.now()
    try:
        async with desk.database.reading() as session:
            desk.kept = await evidence.find(session, job.file_id)
            wanted = await evidence.is_wanted(session, job.file_id)
        is_held = desk.kept is not None and desk.kept.is_there
        if now - job.expected_since >= DIES_AFTER and not is_held:
            return Lost(TOO_OLD)
        data = await _received(job, desk)
        said = await desk.scanner.ask(data)
        if (wanted or said.verdict is Verdict.UNKNOWN) and not is_held:
            await _put_by(job, desk, data)
        if said.verdict is Verdict.UNKNOWN:
            log.warning("media_not_scanned", fetch=job.fetch_id, tries=job.tries, said=said.words)
            return Later(_next_try(job, None, now))
        if said.verdict is Verdict.INFECTED:
            log.warning("media_infected", fetch=job.fetch_id, said=said.words)
            return Infected(said.words or "扫描程序没有说是什么")
        what, shown = await asyncio.to_thread(_examined, data, job.kind)
        await desk.files.put(job.public_id, shown)
    except DomainError as refused:  # what it is, or that it was changed while it was held
        return _lost(job, refused.message)
    except errors.MediaGone:
        return _lost(job, GONE)
    except errors.TooLarge:
        return _lost(job, TOO_LARGE)
    except errors.OurMistake as error:
        return _lost(job, f"微信拒绝了请求：{error.errmsg}")
    except errors.WeChatError as error:
        log.warning("media_put_off", fetch=job.fetch_id, tries=job.tries, error=str(error))
        return Later(_next_try(job, error, now))
    except Exception:
        log.exception("media_put_off", fetch=job.fetch_id, tries=job.tries)
        return Later(_next_try(job, None, now))
    return Ready(what.content_type, len(shown), hashlib.sha256(shown).hexdigest())


async def _received(job: Job, desk: Desk) -> bytes:
    """As it came: what was held for the scanner, or else from WeChat."""
    if desk.kept is not None and desk.kept.is_there:
        return evidence.opened(desk.kept, await desk.files.get(desk.kept.name))
    return (await desk.client.media.get(job.media_id, limit=LARGEST_BYTES)).content


async def _put_by(job: Job, desk: Desk, data: bytes) -> None:
    """Store the original; its place and its key are known before."""
    if desk.kept is None:
        async with desk.database.transaction() as session:
            desk.kept = await evidence.prepare(session, job.file_id, job.source)
    if desk.kept is not None:
        locked, desk.put_by = evidence.sealed(desk.kept, data)
        await desk.files.put(desk.kept.name, locked)


def _examined(data: bytes, kind: str) -> tuple[Inspected, bytes]:
    """Raises: FileRefused: it is not of the kind the message said it was."""
    what = inspect(data)
    if what.kind != kind:
        raise FileRefused(f"{NOT_AS_SAID}（{what.content_type}）")
    return what, cleaned(data, what.content_type)


def _lost(job: Job, reason: str) -> Lost:
    log.warning("media_lost", fetch=job.fetch_id, tries=job.tries, reason=reason)
    return Lost(reason)


def _next_try(job: Job, error: errors.WeChatError | None, now: datetime) -> datetime:
    pause = BACKOFF[min(job.tries, len(BACKOFF)) - 1]
    asked = getattr(error, "retry_after_seconds", None)
    if isinstance(error, errors.NotAllowed):
        pause = max(pause, OPERATOR_PAUSE)
    if asked:
        pause = max(pause, timedelta(seconds=asked))
    if isinstance(error, errors.QuotaUsedUp):
        return max(now + pause, error.until)
    return now + pause


# --- settling -----------------------------------------------------------------------------------------------


async def _settle(session: AsyncSession, job: Job, outcome: Outcome) -> bool:
    """Write down what became of it, if the lease is still ours; false when nobody wants the bytes."""
    values: dict[str, object] = {"lease_token": None, "lease_until": None}
    values |= {"due_at": outcome.due_at} if isinstance(outcome, Later) else {"done": True}
    ours = await session.scalar(
        sa.update(MediaFetch)
        .where(MediaFetch.id == job.fetch_id, MediaFetch.lease_token == job.token)
        .values(values)
        .returning(MediaFetch.id)
        .execution_options(synchronize_session=False)
    )
    if isinstance(outcome, Later):
        return True
    file = await session.get(StoredFile, job.file_id, with_for_update=True)
    if file is None or file.state is FileState.DELETED:
        return False
    if ours is None or file.state is not FileState.EXPECTED:
        return True  # somebody else has it: the bytes under its name are his
    if isinstance(outcome, Lost | Infected):
        file.state = FileState.LOST if isinstance(outcome, Lost) else FileState.INFECTED
        file.reason = outcome.reason[:200]
        return True
    file.state = FileState.READY
    file.content_type, file.size, file.sha256 = outcome.content_type, outcome.size, outcome.sha256
    return True


async def _settle_original(session: AsyncSession, job: Job, desk: Desk) -> bool:
    """Keep what was stored of the original, and give it up once the file is here and no matter of law."""
    if desk.kept is None:
        return False
    kept = desk.put_by is None or await evidence.stored(session, desk.kept, desk.put_by, desk.clock.now())
    file = await session.get(StoredFile, job.file_id)
    is_due = file is not None and file.state is not FileState.EXPECTED
    if is_due and not await evidence.is_wanted(session, job.file_id):
        await evidence.drop(session, [job.public_id])
    return kept
