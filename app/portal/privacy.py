"""What we use data for; receipts and exports, for everybody who has their address."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from app.dependencies import InUse, Now, ReadSession
from app.errors import NotFound
from app.portal.templating import render
from app.services import exports, packing, privacy_requests, stored_files
from app.services.purposes import PURPOSES
from app.wechat.incoming import words_in

router = APIRouter(include_in_schema=False)

NO_LINK = "这个下载链接已经失效。请在「我的 › 隐私」里再做一个。"


@router.get("/privacy")
async def notice(shared: InUse) -> HTMLResponse:
    words = render("privacy.html", purposes=PURPOSES, controller=shared.controller)
    return HTMLResponse(words)


@router.get("/receipts/{public_id}")
async def receipt(public_id: str, session: ReadSession, shared: InUse, now: Now) -> HTMLResponse:
    row = await privacy_requests.get(session, public_id)
    lines = privacy_requests.lines_of(row)
    words = render("receipt.html", receipt=row, lines=lines, controller=shared.controller, now=now)
    return HTMLResponse(words)


@router.get("/exports/{secret}")
async def export(secret: str, session: ReadSession, now: Now) -> HTMLResponse:
    row = await privacy_requests.find_by_link(session, secret, now)
    if row is None or row.person_id is None:
        raise NotFound(NO_LINK)
    chapters = await exports.gather(session, row.person_id, words_in)
    words = render("export.html", secret=secret, receipt=row, chapters=chapters, now=now)
    return HTMLResponse(words)


@router.get("/exports/{secret}/data.zip")
async def download(secret: str, session: ReadSession, shared: InUse, now: Now) -> Response:
    """The same as a pack: to be read, to be parsed, and the files."""
    row = await privacy_requests.find_by_link(session, secret, now)
    if row is None or row.person_id is None:
        raise NotFound(NO_LINK)
    chapters = await exports.gather(session, row.person_id, words_in)
    page = render("export_file.html", chapters=chapters, receipt=row, now=now)
    files = await stored_files.list_ready(session, row.person_id)
    packed = await packing.pack(shared.files.get, chapters, page, files)
    named = {"Content-Disposition": f'attachment; filename="{row.number}.zip"'}
    return Response(packed, media_type="application/zip", headers=named)
