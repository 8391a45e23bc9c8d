"""What `gonghui restore` does: check everything, bring back the files, then the database in one step.

Killed before that step, the database is what it was and more files lie about; killed after it, everything is
there but for the newest revision, which `gonghui migrate` brings. Run again, it does all of it once more.
"""

import asyncio
import base64
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from app import migrations
from app.assembly import House, assemble
from app.cli.archives import MANIFEST, UNTOUCHED, Manifest, copy_name, members, sealed_with, verified
from app.cli.database_copies import extract_sqlite, folder_of, kind_of, replace_postgres, replace_sqlite
from app.cli.workplaces import workplace
from app.database import Database
from app.errors import OperatorError
from app.sealed_stream import Key
from app.services import backups
from app.services.backups import keys_of
from app.settings import load_settings
from models import Backup, Base
from models.sealing import SealBroken, keyring

PLACE, WORD = "backup.word", b"gonghui"
# What a service fills by itself when it first starts; anything else is somebody's work.
OF_ITSELF = {
    *("account", "tip", "menu_revision", "menu_push_step", "shared_version", "lease", "access_token"),
    "backup",
}
OWN = OF_ITSELF | {"alembic_version"}


@dataclass(frozen=True, slots=True)
class Restored:
    manifest: Manifest
    strangers: int  # files that lie beside those of the backup
    keys_gone: list[str]  # keys of its time that we do not have


def lookup_digest() -> str:
    """Tells whether two look-up keys are the same, and nothing else of them."""
    return keyring().digest(WORD.decode(), PLACE).hex()


async def restore(path: Path, *, force: bool, unsealed: bool) -> Restored:
    """Bring back database and files from the backup at `path`, over what is there only with `force`.

    One that is not sealed anybody may have changed: it is taken only with `unsealed`.

    Raises:
        OperatorError: it cannot, or should not, be restored here; the message says whether anything changed.
    """
    settings = load_settings()
    keys = keys_of(settings)
    manifest = await asyncio.to_thread(verified, path, keys)
    if not sealed_with(path) and not unsealed:
        raise OperatorError(
            "这份备份没有加密，由旧版本制作，谁都可能改过它。确认来源可靠，请加 --unsealed 再试，" + UNTOUCHED
        )
    async with assemble(settings) as house:
        await _refuse_unfit(house.database, manifest, force=force)
        # Files first: should that fail, the database still is what it was.
        for name, source in members(path, keys):
            if name not in {MANIFEST, copy_name(manifest.database)}:
                await put_file(house, name.removeprefix("files/"), source.read())
        await house.database.close()  # no connection of ours holds on to what goes away
        made = _remembered(path, manifest)
        if house.database.is_sqlite:
            await _bring_sqlite(house.database, path, keys, made)
        else:
            await _bring_postgres(house.database, path, keys, made)
        ours = set(manifest.files)
        strangers = len([name async for name in house.files.names() if name not in ours])
        return Restored(manifest, strangers, sorted(set(manifest.keys) - set(keyring().names)))


async def put_file(house: House, name: str, data: bytes) -> None:
    await house.files.put(name, data)


def _remembered(path: Path, manifest: Manifest) -> Backup:
    """The backup itself: a database does not yet know of the one it comes from."""
    return Backup(
        made_at=manifest.moment,
        name=path.name[-255:],
        size=path.stat().st_size,
        files=len(manifest.files),
        sealed_with=sealed_with(path)[:32],
    )


# --- whether it may -----------------------------------------------------------------------------------------


async def _refuse_unfit(database: Database, manifest: Manifest, *, force: bool) -> None:
    """Raises: OperatorError: this backup cannot, or should not, go into this database."""
    if manifest.database != kind_of(database):
        raise OperatorError(
            f"这是 {manifest.database} 的备份，而现在的数据库是 {kind_of(database)}，不能恢复。"
        )
    if manifest.revision not in migrations.known():
        raise OperatorError(f"备份的数据库版本 {manifest.revision} 比程序新，请先升级程序，{UNTOUCHED}")
    try:
        keyring().unseal(base64.b64decode(manifest.word), PLACE)
    except (SealBroken, ValueError):
        raise OperatorError(
            "现在的 GONGHUI_ENCRYPTION_KEYS 打不开这份备份里的内容，请把制作备份时的钥匙加在后面再试，"
            f"{UNTOUCHED}"
        ) from None
    if manifest.lookup and manifest.lookup != lookup_digest():
        raise OperatorError(
            "现在的 GONGHUI_LOOKUP_KEY 与制作备份时的不同，恢复后查不到人，请换回当时的那一把再试，"
            f"{UNTOUCHED}"
        )
    used = await _used_tables(database)
    if used and not force:
        raise OperatorError(
            f"数据库里已有数据（{'、'.join(used)}）。{await _half_done(database)}"
            "确实要覆盖请加 --force，覆盖后不能撤销。"
        )


async def _half_done(database: Database) -> str:
    """What an operator whose last restore was broken off should know."""
    revision = await migrations.current(database.reader)
    if revision == migrations.newest() or revision not in migrations.known():
        return ""
    todo = "如果是上一次恢复被打断，数据已经恢复，运行 gonghui migrate 升级即可"
    return f"它停在版本 {revision}：{todo}。"


async def _used_tables(database: Database) -> list[str]:
    """Tables with somebody's work in them, and whatever is not ours."""
    async with database.reader.connect() as connection:
        there = await connection.run_sync(lambda c: set(sa.inspect(c).get_table_names()))
        known = [each for each in Base.metadata.sorted_tables if each.name in there - OWN]
        asked = [(each.name, sa.select(sa.exists(sa.select(each.c.id)))) for each in known]
        used = [name for name, query in asked if await connection.scalar(query)]
        return used + sorted(there - OWN - {each.name for each in known})


# --- the last step ------------------------------------------------------------------------------------------


async def _bring_sqlite(database: Database, path: Path, keys: Sequence[Key], made: Backup) -> None:
    """The copy is made new enough before it takes the database's place."""
    with workplace(folder_of(database), "restore") as folder:
        copy = folder / "copy"
        await asyncio.to_thread(_with_copy, path, keys, lambda source: extract_sqlite(source, copy))
        beside = Database(f"sqlite+aiosqlite:///{copy}")
        try:
            await _make_new(beside, made)
        finally:
            await beside.close()
        await asyncio.to_thread(replace_sqlite, database, copy)


async def _bring_postgres(database: Database, path: Path, keys: Sequence[Key], made: Backup) -> None:
    url = database.url
    await asyncio.to_thread(_with_copy, path, keys, lambda source: replace_postgres(url, source))
    try:
        await _make_new(database, made)
    except Exception as error:
        raise OperatorError(
            f"数据和文件已恢复，但数据库没有升级成功（{type(error).__name__}）：请运行 gonghui migrate 再试。"
        ) from error


async def _make_new(database: Database, made: Backup) -> None:
    await migrations.upgrade(database)
    async with database.transaction() as session:
        await backups.restored(session, made)


def _with_copy(path: Path, keys: Sequence[Key], work: Callable[[IO[bytes]], None]) -> None:
    """Do something with the copy of the database, which comes first in an archive."""
    with closing(members(path, keys)) as found:
        work(next(source for name, source in found if name.startswith("database.")))
