"""What the service knows of its backups: whether one is being made now, and which were made.

While one is made, no file's bytes are deleted: the database as it was copied may name them. Who deletes
first looks for what is marked and then asks here; what he found is then marked in any later copy.
Not here: making and restoring one (`app.cli.backups`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import OperatorError
from app.services import coordination
from app.settings import Settings
from models import Backup, Lease
from models.sealing import parse_keys

HELD_FOR = timedelta(minutes=5)  # real time; a process that was killed keeps nobody longer
HOLD_AGAIN = timedelta(minutes=1)
REMEMBERED = 400  # backups; a year of daily ones
LEASE = "backup"
LATE_AFTER = timedelta(days=2)  # one a day is the rule: more than one was missed


async def begin(session: AsyncSession, holder: str, *, real_now: datetime) -> bool:
    """Whether `holder` alone makes a backup now; called again every `HOLD_AGAIN` while it does."""
    seconds = HELD_FOR.total_seconds()
    return await coordination.take_lease(session, LEASE, holder, seconds=seconds, now=real_now)


async def end(session: AsyncSession, holder: str) -> None:
    await coordination.give_back(session, LEASE, holder)


async def is_being_made(session: AsyncSession, real_now: datetime) -> bool:
    held = sa.select(Lease.id).where(Lease.name == LEASE, Lease.until > real_now)
    return await session.scalar(held) is not None


async def remember(session: AsyncSession, backup: Backup) -> None:
    """Keep in mind that `backup` was made; the oldest beyond `REMEMBERED` are forgotten."""
    session.add(backup)
    await session.flush()
    newest = sa.select(Backup.id).order_by(Backup.made_at.desc(), Backup.id.desc()).limit(REMEMBERED)
    old = sa.delete(Backup).where(Backup.id.not_in(newest))
    await session.execute(old.execution_options(synchronize_session=False))


async def restored(session: AsyncSession, backup: Backup) -> None:
    """Tell a database that comes from `backup` what it cannot know: it was made, and none is being made."""
    await session.execute(sa.delete(Lease).where(Lease.name == LEASE))
    await remember(session, backup)


async def find_last(session: AsyncSession) -> Backup | None:
    """The one that holds the latest moment."""
    return next(iter(await list_newest(session, 1)), None)


async def list_newest(session: AsyncSession, limit: int) -> Sequence[Backup]:
    newest = sa.select(Backup).order_by(Backup.made_at.desc(), Backup.id.desc()).limit(limit)
    return (await session.scalars(newest)).all()


def is_late(last: Backup | None, now: datetime) -> bool:
    """Whether the next backup should have been made by now."""
    return last is None or now - last.made_at > LATE_AFTER


def keys_of(settings: Settings) -> list[tuple[str, bytes]]:
    """What seals backups, and opens them: the keys set for that, then those of the database.

    Raises:
        OperatorError: `GONGHUI_BACKUP_KEYS` is malformed.
    """
    found: list[tuple[str, bytes]] = []
    for name in ("backup_keys", "encryption_keys"):
        if given := getattr(settings, name):
            try:
                found += parse_keys(given.get_secret_value()).items()
            except ValueError as error:
                raise OperatorError(
                    f"GONGHUI_{name.upper()} 应写成 名字:BASE64（32 字节），多个用逗号隔开，"
                    "可用 gonghui keys new 生成"
                ) from error
    return found
