"""审核意见 on a draft: said by who reviews, answered and marked as dealt with by who writes."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console import forms
from app.console.content import address, again, version_of, whole
from app.console.entrance import ActingDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import content_comments
from app.services.permissions import Right
from models import ContentKind
from models.types import public_id

router = APIRouter(prefix="/content/{kind}/{key}/comments", dependencies=[needs(Right.CONTENT_READ)])


@router.post("", dependencies=[needs(Right.CONTENT_CHECK)])
async def add(
    kind: ContentKind, key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_CHECK)
    form = await forms.read(request)
    text, once = forms.words(form, "text"), forms.words(form, "once") or public_id()
    version, block = version_of(forms.words(form, "version")), forms.number(forms.words(form, "block"), 3)
    try:
        async with desk.acting() as session:
            await content_comments.add(
                session, kind, key, text, version=version, block=block, once=once, by=desk.standing, now=now
            )
    except DomainError as error:
        return await again(kind, key, desk, shell, now, error, comment=text)
    return shell.done(f"{address(kind, key)}#comments", "意见已记下，作者会在「待我处理」里看到。")


@router.post("/{comment}/answer", dependencies=[needs(Right.CONTENT_WRITE)])
async def answer(
    kind: ContentKind, key: str, comment: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_WRITE)
    text = forms.words(await forms.read(request), "text")
    try:
        async with desk.acting() as session:
            await content_comments.answer(session, kind, key, comment, text, by=desk.standing, now=now)
    except DomainError as error:
        return await again(kind, key, desk, shell, now, error)
    return shell.done(f"{address(kind, key)}#comments", "已答复。")


@router.post("/{comment}/done")
async def done(
    kind: ContentKind, key: str, comment: str, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_READ)
    try:
        async with desk.acting() as session:
            await content_comments.finish(session, kind, key, comment, by=desk.standing, now=now)
    except DomainError as error:
        return await again(kind, key, desk, shell, now, error)
    return shell.done(f"{address(kind, key)}#comments", "这条意见已处理。")
