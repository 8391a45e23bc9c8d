"""An export as one file: a page to read, JSON to parse, and what the person sent us."""

import io
import json
import zipfile
from collections.abc import Awaitable, Callable, Sequence

import structlog

from app.services.export_values import name_of
from app.services.exports import Chapter
from models import StoredFile

log = structlog.get_logger(__name__)

Read = Callable[[str], Awaitable[bytes]]  # the bytes under a public id; raises FileNotFoundError


async def pack(read: Read, chapters: Sequence[Chapter], page: str, own: Sequence[StoredFile]) -> bytes:
    """A ZIP of `index.html`, `data.json` and `files/…`; a file whose bytes are lost is named."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("index.html", page)
        packed.writestr("data.json", as_json(chapters))
        lost = []
        for file in own:
            try:
                packed.writestr(name_of(file), await read(file.public_id), zipfile.ZIP_STORED)
            except FileNotFoundError:
                log.error("export_file_lost", file=file.public_id)
                lost.append(name_of(file))
        if lost:
            packed.writestr("缺少的文件.txt", "\n".join(["下面的文件没能取到：", *lost]))
    return out.getvalue()


def as_json(chapters: Sequence[Chapter]) -> str:
    """By chapter: its name, what its fields are called, and its rows. Times carry their zone."""
    told = {
        chapter.key: {"title": chapter.title, "fields": dict(chapter.fields), "rows": list(chapter.rows)}
        for chapter in chapters
    }
    return json.dumps(told, ensure_ascii=False, indent=2)
