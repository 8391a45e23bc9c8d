"""The files of a case written into a folder, under names that say what they belong to."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.opening import with_house
from app.errors import OperatorError
from app.files import ENDINGS
from app.services import audit, case_files, case_work
from app.services.case_files import CaseFile
from models import FileState

if TYPE_CHECKING:
    from app.assembly import House


def take_out(number: str, folder: Path, by: str) -> list[str]:
    """Write what there is of the case's files into `folder`; returns what to say about each.

    Raises:
        NotFound: no such number.
        OperatorError: the case has no files, one would be overwritten, or the folder cannot be written.
    """
    return with_house(lambda house: _take_out(house, number, folder, by))


async def _take_out(house: "House", number: str, folder: Path, by: str) -> list[str]:
    async with audit.acting(house.database, house.clock, audit.Actor(by)) as session:
        case = await case_work.get_case(session, number, lock=True)
        found = await case_files.list_files(session, case)
        if not found:
            raise OperatorError(f"{case.number} 没有图片、语音或视频。")
        ready = [file for file in found if file.state is FileState.READY]
        targets = {file: folder / _name(case.number, file) for file in ready}
        if targets:
            _make_room(folder, list(targets.values()))
            await case_files.open_files(session, case, ready, by, house.clock.now())
    lines = [await _written(house, file, targets[file]) if file in targets else _why(file) for file in found]
    return [*lines, f"都在 {folder}；{by} 查看过，已记入办理过程。用完请删除。"] if targets else lines


def _name(number: str, file: CaseFile) -> str:
    return f"{number}-{file.position}{ENDINGS.get(file.content_type, '')}"


def _make_room(folder: Path, targets: Sequence[Path]) -> None:
    """Raises: OperatorError."""
    taken = [path.name for path in targets if path.exists()]
    if taken:
        raise OperatorError(f"{folder} 里已有 {'、'.join(taken)}，不覆盖。请换一个文件夹。")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"文件夹 {folder} 建不了（{error.strerror}），请换一个。") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OperatorError(f"文件夹 {folder} 不能写入，请换一个。")


async def _written(house: "House", file: CaseFile, target: Path) -> str:
    try:
        data = await house.files.get(file.public_id)
    except FileNotFoundError:
        return f"第 {file.position} 个（{file.label}）不见了：{house.settings.files} 里没有它。"
    try:
        await asyncio.to_thread(_write, target, data)
    except OSError as error:
        raise OperatorError(f"{target} 没有写成（{error.strerror}）。") from error
    return f"{target.name}　{file.label}"


def _write(target: Path, data: bytes) -> None:
    """A new file that only its owner may read; whole or not at all."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
    except OSError:
        target.unlink()
        raise


def _why(file: CaseFile) -> str:
    return f"第 {file.position} 个（{file.label}）{file.missing}"
