"""`gonghui backup` and `gonghui restore`: database and stored files in one sealed archive, checked first.

The encryption keys are not in a backup; it holds a sealed word that tells whether the keys at hand open it.
What a restore does is in `restoring`.
"""

import asyncio
import base64
import io
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer

from app import migrations
from app.assembly import House, assemble
from app.cli import restoring
from app.cli.archives import CLOCK, Archive, Manifest, copy_name, verified
from app.cli.database_copies import kind_of, one_moment
from app.cli.workplaces import workplace
from app.clock import shanghai
from app.errors import OperatorError
from app.sealed_stream import Key
from app.services import backups
from app.services.backups import keys_of
from app.settings import load_settings
from models import Backup
from models.sealing import keyring

log = structlog.get_logger(__name__)

SUFFIX = ".ghb"

Target = Annotated[Path, typer.Argument(metavar="FILE", help="备份文件，以 .ghb 结尾")]


def add_to(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(file: Target) -> None:
    """备份数据库和文件，整个加密（服务可以继续运行）。"""
    if not file.name.endswith(SUFFIX):
        raise OperatorError("备份文件名应以 .ghb 结尾。")
    if file.exists():
        raise OperatorError(f"{file} 已经存在，不覆盖旧备份，请换一个文件名。")
    if not file.resolve().parent.is_dir():
        raise OperatorError(f"文件夹 {file.parent} 不存在，请先建好。")
    try:
        found, sealed_with, missing = asyncio.run(_backup(file.resolve()))
    except OSError as error:
        raise OperatorError(f"备份没有做成：{error}。请看看磁盘空间和权限。") from error
    typer.echo(
        f"已备份并核对：{file}，{max(1, file.stat().st_size // 1024)} KB，数据库版本 {found.revision}，"
        f"用钥匙 {sealed_with} 加密。"
    )
    typer.echo(
        f"含数据库和 {len(found.files)} 个文件；钥匙（GONGHUI_BACKUP_KEYS、GONGHUI_ENCRYPTION_KEYS、"
        "GONGHUI_LOOKUP_KEY）不在里面，请另存。"
    )
    if missing:
        typer.echo(f"另有 {missing} 个文件数据库里记着，存放的地方却没有，备份里也就没有。", err=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="备份文件")],
    force: Annotated[bool, typer.Option("--force", help="覆盖已有数据")] = False,
    unsealed: Annotated[bool, typer.Option("--unsealed", help="接受旧版本制作的、没有加密的备份")] = False,
) -> None:
    """从备份恢复数据库和文件。请先停止所有进程。"""
    if not file.is_file():
        raise OperatorError(f"没有 {file} 这个文件。")
    try:
        done = asyncio.run(restoring.restore(file, force=force, unsealed=unsealed))
    except OSError as error:
        raise OperatorError(f"恢复没有做完：{error}。请看看磁盘空间和权限，再运行一次。") from error
    typer.echo(f"已恢复 {done.manifest.made_at} 的备份：数据库和 {len(done.manifest.files)} 个文件。")
    if done.manifest.revision != migrations.newest():
        typer.echo(f"备份时数据库是版本 {done.manifest.revision}，已升级到 {migrations.newest()}。")
    if done.keys_gone:
        typer.echo(
            f"备份时还用着钥匙 {'、'.join(done.keys_gone)}，现在的 GONGHUI_ENCRYPTION_KEYS 里没有；"
            "gonghui keys status 会说有没有内容仍要用到它，有就请加回来。",
            err=True,
        )
    if done.strangers:
        typer.echo(f"另有 {done.strangers} 个文件不在备份里，没有动。")
    typer.echo("备份时还在排队的通知会照常发出，其中备份之后已发过的会再发一次。")


async def _backup(target: Path) -> tuple[Manifest, str, int]:
    settings = load_settings()
    keys = keys_of(settings)
    async with assemble(settings) as house:
        revision = await migrations.current(house.database.reader)
        if revision is None:
            raise OperatorError("数据库还没有内容，没有可备份的。")
        async with _alone(house):
            now = house.clock.now()
            with workplace(target.parent, "backup") as folder:
                manifest, missing = await _write(house, _about(house, revision, now), folder, keys)
                size = await asyncio.to_thread(_put_in_place, folder / "archive", target)
        if revision == migrations.newest():
            made = Backup(
                made_at=now,
                name=target.name,
                size=size,
                files=len(manifest.files),
                sealed_with=keys[0][0][:32],
            )
            async with house.database.transaction() as session:
                await backups.remember(session, made)
        return manifest, keys[0][0], missing


def _about(house: House, revision: str, now: datetime) -> Manifest:
    return Manifest(
        made_at=f"{shanghai(now):{CLOCK}}",
        database=kind_of(house.database),
        revision=revision,
        word=base64.b64encode(keyring().seal(restoring.WORD, restoring.PLACE)).decode(),
        members={},
        lookup=restoring.lookup_digest(),
        keys=tuple(keyring().names),
    )


async def _write(house: House, about: Manifest, folder: Path, keys: Sequence[Key]) -> tuple[Manifest, int]:
    """The archive in `folder`, checked as a restore would; and how many files were not where they should be.

    Those that come after the moment of the copy are not in it, and those that go meanwhile still are: none is
    deleted while `_alone` holds.
    """
    archive = Archive(folder / "archive", keys[0])
    async with one_moment(house.database, folder) as copy:
        await asyncio.to_thread(archive.add, copy_name(about.database), copy.size, copy.source)
    missing = 0
    for name in copy.files:
        try:
            data = await house.files.get(name)
        except FileNotFoundError:
            log.warning("file_missing", file=name)
            missing += 1
            continue
        await asyncio.to_thread(archive.add, f"files/{name}", len(data), io.BytesIO(data))
    manifest = replace(about, members=archive.members)
    await asyncio.to_thread(archive.finish, manifest)
    return await asyncio.to_thread(verified, archive.path, keys), missing


@asynccontextmanager
async def _alone(house: House) -> AsyncIterator[None]:
    """One backup at a time, and no file's bytes are deleted while it lasts.

    Raises:
        OperatorError: another one is being made.
    """
    holder = secrets.token_hex(8)

    async def hold() -> bool:
        async with house.database.transaction() as session:
            return await backups.begin(session, holder, real_now=house.clock.real_now())

    async def go_on() -> None:
        while True:
            await asyncio.sleep(backups.HOLD_AGAIN.total_seconds())
            try:
                await hold()
            except Exception:  # tried again, long before it runs out
                log.exception("backup_not_held")

    if not await hold():
        raise OperatorError("另一个备份正在进行，请等它做完；如果它是被强行结束的，请 5 分钟后再试。")
    going_on = asyncio.create_task(go_on())
    try:
        yield
    finally:
        going_on.cancel()
        with suppress(asyncio.CancelledError):
            await going_on
        async with house.database.transaction() as session:
            await backups.end(session, holder)


def _put_in_place(archive: Path, target: Path) -> int:
    """Returns its size, once its name is on the disk too."""
    archive.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return target.stat().st_size
