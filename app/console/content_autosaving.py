"""Drafts that save themselves while somebody writes: what the page's script sends, answered in JSON.

Nothing here is refused for being unfinished; what somebody else saved meanwhile is never written over.
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.console import article_uploads, content, forms
from app.console.content import address, whole
from app.console.content_writing import typed
from app.console.entrance import ActingDesk, needs
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import content_pieces, contents
from app.services.content_forms import Filled
from app.services.permissions import Right, Standing
from models import ContentDraft, ContentKind

router = APIRouter(prefix="/content/{kind}/{key}/autosave", dependencies=[needs(Right.CONTENT_WRITE)])


@router.post("")
async def autosave(kind: ContentKind, key: str, request: Request, desk: ActingDesk, now: Now) -> JSONResponse:
    """`version` of the draft from now on, `at` what time; or 409 and `words`: why it is not saved."""
    whole(desk, Right.CONTENT_WRITE)
    form = await forms.read(request)
    filled, read = typed(form, kind), forms.words(form, "version")
    version = content.version_of(read) if read else None
    try:
        if kind is ContentKind.ARTICLE:  # what is refused of files is said by the button that sends them
            await article_uploads.take(form, filled, desk, key, now)
        async with desk.acting() as session:
            draft = await _save(session, kind, key, filled, version, desk.standing, now)
    except NotFound:
        raise
    except DomainError as error:
        return JSONResponse({"words": error.message}, 409)
    told: dict[str, Any] = {"version": draft.version, "at": f"{shanghai(now):%H:%M}"}
    return JSONResponse(told | {"address": f"{address(kind, key)}/edit"})


async def _save(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    filled: Filled,
    version: int | None,
    by: Standing,
    now: datetime,
) -> ContentDraft:
    piece = await content_pieces.find(session, kind, key, lock=True)
    if piece.shown is None and piece.draft is None:
        if version is not None or contents.fitting(kind, key) != key:
            raise NotFound(content_pieces.NOWHERE)
        return await contents.start(session, kind, key, filled, by=by, now=now, by_itself=True)
    return await contents.save(session, kind, key, filled, version=version, by=by, now=now, by_itself=True)
