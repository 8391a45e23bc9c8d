"""An article as a WeChat article of the account: looked at, put into the draft box, published, deleted.

Its part of the page is in `content`; what may be done is `services.wechat_articles`'s.
"""

import asyncio
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from app.clock import civil_date
from app.console import content, cover_pictures, forms
from app.console.content import address, media_at, version_of, whole
from app.console.content_previews import POLICY, at_wechat
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.office import OfficeInUse
from app.console.shell import InShell, Shell
from app.console.templating import render
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import content_pieces, stored_files, wechat_articles, wechat_markup
from app.services.permissions import Right
from models import Article, ContentKind

NO_ACCOUNT: Final = "公众号没有认证，微信不开放草稿和发布的接口；请在微信公众平台里手工发布。"

router = APIRouter(prefix="/content/article", dependencies=[needs(Right.CONTENT_READ)])


@router.get("/{key}/wechat")
async def look(key: str, desk: AtDesk, now: Now) -> HTMLResponse:
    """As WeChat will show it; where it does not fit, why."""
    whole(desk, Right.CONTENT_READ)
    async with desk.reading() as session:
        article = await _article(session, key)
    try:
        made = wechat_markup.converted(article)
    except DomainError as refused:
        page = render("wechat_article.html", error=refused.message, alone=True)
    else:
        day = civil_date(article.published_at or now)
        page = at_wechat(made, media_at(key), day, alone=True)
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


@router.post("/{key}/wechat/draft", dependencies=[needs(Right.CONTENT_PUBLISH)])
async def draft(
    key: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now
) -> Response:
    """With a file, that is its cover."""
    whole(desk, Right.CONTENT_PUBLISH)
    sent = (await forms.read(request)).get("file")
    try:
        if not office.settings.wechat_account.is_certified:
            raise DomainError(NO_ACCOUNT)
        cover = None
        if isinstance(sent, UploadFile) and sent.filename:
            async with desk.reading() as session:
                await wechat_articles.check_ready(session, await _article(session, key), now)
            data = await asyncio.to_thread(cover_pictures.made, await sent.read())
            cover = stored_files.made(data, "image/jpeg", now, kind="image")
            await desk.shared.files.put(cover.public_id, data)
        async with desk.acting() as session:
            article = await _article(session, key)
            app_id = office.settings.wechat_app_id
            await wechat_articles.put(session, app_id, article, by=desk.by, now=now, cover=cover)
    except DomainError as error:
        return await _again(key, desk, shell, now, error)
    return shell.done(_page(key), "正在放进公众号的草稿箱，结果写在「公众号文章」里。")


@router.post("/{key}/wechat/preview", dependencies=[needs(Right.CONTENT_PUBLISH)])
async def preview(key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """To one's own WeChat."""
    whole(desk, Right.CONTENT_PUBLISH)
    version = version_of(forms.words(await forms.read(request), "version"))
    try:
        async with desk.acting() as session:
            article = await _article(session, key)
            await wechat_articles.preview(session, article, desk.standing, version=version, now=now)
    except DomainError as error:
        return await _again(key, desk, shell, now, error)
    return shell.done(_page(key), "正在发到您的微信，没有收到请看「任务」里的结果。")


@router.post("/{key}/wechat/publish", dependencies=[needs(Right.CONTENT_PUBLISH)])
async def publish(key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    whole(desk, Right.CONTENT_PUBLISH)
    version = version_of(forms.words(await forms.read(request), "version"))
    try:
        async with desk.acting() as session:
            article = await _article(session, key)
            await wechat_articles.publish(session, article, version=version, by=desk.by, now=now)
    except DomainError as error:
        return await _again(key, desk, shell, now, error)
    return shell.done(_page(key), "正在提交给微信，审核通过就发布，结果会写在这里。")


@router.post("/{key}/wechat/withdraw", dependencies=[needs(Right.CONTENT_PUBLISH)])
async def withdraw(key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    whole(desk, Right.CONTENT_PUBLISH)
    form = await forms.read(request)
    version, reason = version_of(forms.words(form, "version")), forms.words(form, "reason")
    try:
        async with desk.acting() as session:
            article = await _article(session, key)
            await wechat_articles.withdraw(
                session, article, version=version, reason=reason, by=desk.by, now=now
            )
    except DomainError as error:
        return await _again(key, desk, shell, now, error, wechat_reason=reason)
    return shell.done(_page(key), "正在从公众号删除；专题网站上的文章还在。")


def _page(key: str) -> str:
    return f"{address(ContentKind.ARTICLE, key)}#wechat"


async def _article(session: AsyncSession, key: str) -> Article:
    """Raises: NotFound: there is none, it was never shown, or it is read at WeChat anyway."""
    piece = await content_pieces.get(session, ContentKind.ARTICLE, key)
    if not isinstance(piece.shown, Article) or piece.is_elsewhere:
        raise NotFound("这篇文章还没有发布过，或者本来就在微信里。")
    return piece.shown


async def _again(
    key: str, desk: Desk, shell: Shell, now: datetime, error: DomainError, wechat_reason: str = ""
) -> HTMLResponse:
    if isinstance(error, NotFound):
        raise error
    values = {"error": error.message, "wechat_reason": wechat_reason}
    return await content.page_of(ContentKind.ARTICLE, key, desk, shell, now, status=422, **values)
