"""Pasting into the text of an article: HTML from a clipboard, put into the form as blocks. Nothing is stored
but pictures that came along, which are checked like files that are chosen.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData, UploadFile

from app import rich_text
from app.console import blocks, forms
from app.console.article_uploads import Uploads
from app.console.content import whole
from app.console.content_writing import form_page, typed
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.files import MIB
from app.rich_text import MISSING, NotPasted, PastedPicture
from app.rich_text.media_typed import FILE, text_of
from app.services import content_pieces, contents
from app.services.content_forms import NotWhole
from app.services.permissions import Right
from models import ContentKind

router = APIRouter(prefix="/content/article/{key}/paste", dependencies=[needs(Right.CONTENT_WRITE)])

LARGEST: Final = 30 * MIB  # with the pictures that it carries
MOST_PICTURES: Final = 20
Rows = list[tuple[str, str]]


@router.post("")
async def paste(key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> HTMLResponse:
    """The form, with what was pasted between `before` and `after`: words of block `at` around a cursor."""
    whole(desk, Right.CONTENT_WRITE)
    form = await forms.read(request)
    filled = typed(form, ContentKind.ARTICLE)
    async with desk.reading() as session:
        found = await content_pieces.find(session, ContentKind.ARTICLE, key)
    is_new = found.shown is None and found.draft is None
    if found.is_elsewhere or (is_new and contents.fitting(ContentKind.ARTICLE, key) != key):
        raise NotFound(content_pieces.NOWHERE)
    piece, version = None if is_new else found, forms.words(form, "version")
    given = (desk, shell, ContentKind.ARTICLE, piece, filled, now)
    try:
        rows, said = await _read(form, desk, key, now)
        place = _put(filled["blocks"], rows, form)
    except DomainError as error:
        return await form_page(*given, error=error, version=version, key=key)
    return await form_page(*given, version=version, key=key, pasted=said, pasted_at=place)


async def _read(form: FormData, desk: Desk, key: str, now: datetime) -> tuple[Rows, str]:
    """What was pasted as typed rows, and what is said about it. Raises: NotWhole."""
    html = form.get("html")
    data = await html.read(LARGEST + 1) if isinstance(html, UploadFile) else str(html or "").encode()
    if len(data) > LARGEST:
        raise NotWhole(f"粘贴的内容太大，连图片一起最多 {LARGEST // MIB} MB，请分几次粘贴。")
    try:
        parts = await asyncio.to_thread(rich_text.from_pasted, data.decode(errors="replace"))
    except NotPasted as refused:
        raise NotWhole(refused.message) from None
    if not parts:
        raise NotWhole("粘贴的内容里没有可以用的文字。")
    uploads = Uploads(desk, key, now)
    carried = [part.data for part in parts if isinstance(part, PastedPicture)]
    ids = iter(await uploads.pasted(carried[:MOST_PICTURES]))
    rows: Rows = []
    for part in parts:
        if not isinstance(part, PastedPicture):
            rows += [row for row in rich_text.to_typed([part]) if row not in rows[-1:] or row[1] != MISSING]
        elif taken := next(ids, ""):
            rows.append(("picture", text_of([{FILE: taken}])))
        elif rows[-1:] != [("paragraph", MISSING)]:
            rows.append(("paragraph", MISSING))
    rows = rich_text.gathered(rows)
    return rows, _said(rows, uploads.refused)


def _said(rows: Rows, refused: Sequence[str]) -> str:
    missing = sum(text.count(MISSING) for _, text in rows)
    taken = sum(kind == "picture" for kind, _ in rows)
    said = ["已粘贴，多余的格式去掉了"]
    if taken:
        said.append(f"带来 {taken} 张图片，请写上图上是什么")
    if missing:
        said.append(f"有 {missing} 张图片没有带来，请在写着「{MISSING.rstrip('。')}」的地方上传")
    return "；".join((*said, *refused)) + "。"


def _put(there: list[list[str]], rows: Rows, form: FormData) -> int:
    """Where the last of it stands now. Raises: NotWhole: it is too much."""
    before, after = _around(form, "before"), _around(form, "after")
    at = min(forms.number(forms.words(form, "at"), 3) or 0, len(there) - 1)
    if at < 0 or there[at][0] in rich_text.MEDIA:  # nothing that words could go into
        at += 1
        there.insert(at, ["paragraph", ""])
    kind, (first, words) = there[at][0], rows[0]
    if len(rows) == 1 and first == "paragraph" and (kind == "paragraph" or "\n\n" not in words):
        new, last = [[kind, before + words + after]], at  # into the words, as one would type it
    else:
        ahead = [[kind, before.strip()]] if before.strip() else []
        last = at + len(ahead) + len(rows) - 1
        new = [*ahead, *map(list, rows), *([[kind, after.strip()]] if after.strip() else [])]
    if len(there) - 1 + len(new) > blocks.MOST:
        raise NotWhole(f"正文最多 {blocks.MOST} 块，放不下粘贴的 {len(rows)} 块，请分成几篇。")
    if any(len(text) > forms.LONGEST for _, text in new):
        raise NotWhole("这一块太长了，请先把它分成几块，再粘贴。")
    there[at : at + 1] = new
    return last


def _around(form: FormData, name: str) -> str:
    """With the spaces and lines at its ends."""
    said = form.get(name, "")
    return (
        "" if isinstance(said, UploadFile) else said.replace("\0", "").replace("\r\n", "\n")[: forms.LONGEST]
    )
