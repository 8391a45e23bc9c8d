"""Deciding on content: a step passed, sent back, taken back before its moment, taken down."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console import forms
from app.console.content import address, again, news, version_of, whole
from app.console.entrance import ActingDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import content_reviews
from app.services.content_steps import ONLY
from app.services.permissions import Right
from models import ArticleState, ContentKind

router = APIRouter(prefix="/content", dependencies=[needs(Right.CONTENT_READ)])

_SAID: Final = {
    ArticleState.SCHEDULED: "已通过，到时间自动发布。",
    ArticleState.PUBLISHED: "已通过并发布。",
}


@router.post("/{kind}/{key}/approve", dependencies=[needs(Right.CONTENT_CHECK)])
async def approve(
    kind: ContentKind, key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_CHECK)
    form = await forms.read(request)
    version, step = version_of(forms.words(form, "version")), forms.words(form, "step") or str(ONLY)
    try:
        async with desk.acting() as session:
            to = await content_reviews.approve(
                session, kind, key, version=version, step=step, by=desk.standing, now=now
            )
    except DomainError as error:
        return await again(kind, key, desk, shell, now, error)
    await news(desk)
    return shell.done(address(kind, key), _SAID.get(to, "这一步已通过，等下一步审核。"))


@router.post("/{kind}/{key}/send-back", dependencies=[needs(Right.CONTENT_CHECK)])
async def send_back(
    kind: ContentKind, key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_CHECK)
    form = await forms.read(request)
    version, reason = version_of(forms.words(form, "version")), forms.words(form, "reason")
    try:
        async with desk.acting() as session:
            await content_reviews.send_back(
                session, kind, key, version=version, reason=reason, by=desk.standing, now=now
            )
    except DomainError as error:
        return await again(kind, key, desk, shell, now, error, reason=reason)
    return shell.done(address(kind, key), "已退回，作者会在「待我处理」里看到。")


@router.post("/article/{key}/take-back", dependencies=[needs(Right.CONTENT_PUBLISH)])
async def take_back(key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    whole(desk, Right.CONTENT_PUBLISH)
    form, kind = await forms.read(request), ContentKind.ARTICLE
    version, reason = version_of(forms.words(form, "version")), forms.words(form, "reason")
    try:
        async with desk.acting() as session:
            await content_reviews.take_back(
                session, key, version=version, reason=reason, by=desk.standing, now=now
            )
    except DomainError as error:
        return await again(kind, key, desk, shell, now, error, reason=reason)
    return shell.done(address(kind, key), "已收回，到时间不会发布；作者会在「待我处理」里看到。")


@router.post("/{kind}/{key}/withdraw", dependencies=[needs(Right.CONTENT_PUBLISH)])
async def withdraw(
    kind: ContentKind, key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_PUBLISH)
    form = await forms.read(request)
    reason, at_wechat = forms.words(form, "reason"), forms.words(form, "wechat") == "yes"
    try:
        async with desk.acting() as session:
            await content_reviews.withdraw(
                session, kind, key, reason=reason, by=desk.standing, now=now, at_wechat=at_wechat
            )
    except DomainError as error:
        return await again(kind, key, desk, shell, now, error, reason=reason)
    await news(desk)
    return shell.done(address(kind, key), "已撤下，公众号里不再显示。")
