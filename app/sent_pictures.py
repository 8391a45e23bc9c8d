"""Pictures that people send with their words in a form: asked of the virus scanner, drawn anew, kept.

They are put away before the transaction that names them; what that has no use for goes again.
Not here: how long such a form may be (each edge), and how pictures of albums and articles are cut.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from app.dependencies import Shared
from app.files import MIB, FileRefused, cleaned, inspect
from app.scanning import Verdict
from app.services import stored_files
from models import StoredFile

log = structlog.get_logger(__name__)

LARGEST: Final = 10 * MIB  # of one
INFECTED: Final = "查出病毒，没有收下。"
NOT_ASKED: Final = "现在没法检查有没有病毒，没有收下。可以先不带图片，或者过一会儿再发。"


@dataclass(frozen=True, slots=True)
class Picture:
    """Looked at, not kept yet."""

    data: bytes
    content_type: str


async def taken(shared: Shared, sent: Sequence[bytes]) -> list[Picture]:
    """Without place and camera. Raises: FileRefused: which one is none, too large, broken or has a virus."""
    found = []
    for number, data in enumerate(sent, 1):
        try:
            found.append(await _taken(shared, data))
        except FileRefused as refused:
            raise FileRefused(f"第 {number} 张：{refused.message}请重新选。") from None
    return found


async def _taken(shared: Shared, data: bytes) -> Picture:
    if len(data) > LARGEST:
        raise FileRefused(f"超过 {LARGEST // MIB} MB。")
    what = inspect(data)
    if what.kind != "image":
        raise FileRefused("不是图片。")
    await check(shared, data)
    return Picture(await asyncio.to_thread(cleaned, data, what.content_type), what.content_type)


async def check(shared: Shared, data: bytes) -> None:
    """Ask the scanner, of bytes as they came: drawn anew they tell nothing any more. Raises: FileRefused."""
    said = await shared.scanner.ask(data)
    if said.verdict is Verdict.CLEAN:
        return
    log.warning("sent_picture_refused", verdict=said.verdict.value, said=said.words)
    raise FileRefused(INFECTED if said.verdict is Verdict.INFECTED else NOT_ASKED)


@asynccontextmanager
async def kept(
    shared: Shared, pictures: Sequence[Picture], now: datetime
) -> AsyncIterator[Sequence[StoredFile]]:
    """Their rows, not added yet; their bytes are there. To leave after the commit.

    Bytes go again of what was not added, such as of a form that was sent twice; of all if anything is raised.
    """
    files = await _put(shared, pictures, now)
    try:
        yield files
    except BaseException:
        await _drop(shared, files)
        raise
    await _drop(shared, [each for each in files if each.id is None])


async def _put(shared: Shared, pictures: Sequence[Picture], now: datetime) -> list[StoredFile]:
    made = [(stored_files.made(each.data, each.content_type, now, kind="image"), each) for each in pictures]
    parts = {row.public_id: each.data for row, each in made}
    try:
        await shared.files.put_all(parts)
    except BaseException:
        await shared.files.delete_all(parts)
        raise
    return [row for row, _ in made]


async def _drop(shared: Shared, files: Sequence[StoredFile]) -> None:
    await shared.files.delete_all([each.public_id for each in files])
