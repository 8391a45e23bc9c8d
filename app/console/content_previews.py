"""How a draft will look to who reads it: the portal's page, the article at WeChat, the cards that lead to it.

An answer has its page, and the words of the chat. Each page stands in a frame of its own, as wide as a phone:
nothing here is stored, so there is no address to open. Not here: what is shown already, as WeChat has it
(`wechat_articles`).
"""

from datetime import date, datetime
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.clock import civil_date
from app.console.content import media_at, whole
from app.console.entrance import AtDesk, needs
from app.console.templating import render
from app.dependencies import Now
from app.errors import DomainError
from app.knowledge import LawAnswer, Tip
from app.knowledge.entries import CALLS
from app.knowledge.laws import CAUTION
from app.knowledge.markdown import steps
from app.menus.revisions import account_name
from app.services import (
    article_cards,
    article_pictures,
    content_forms,
    content_pieces,
    contents,
    wechat_markup,
)
from app.services.content_forms import Filled, ReadyArticle
from app.services.permissions import Right
from app.services.wechat_markup import Converted
from models import ContentKind

# What goes to WeChat carries its styles with it, and has to be seen with them: pages that show it may have
# such, and no script; its text is escaped and has been cleaned.
POLICY: Final = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self' 'unsafe-inline';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(prefix="/content", dependencies=[needs(Right.CONTENT_READ)])


@router.get("/{kind}/{key}/preview")
async def preview(kind: ContentKind, key: str, desk: AtDesk, now: Now) -> HTMLResponse:
    """Of the draft; without one, of what is shown."""
    whole(desk, Right.CONTENT_READ)
    async with desk.reading() as session:
        piece = await content_pieces.get(session, kind, key)
        return await page(session, kind, key, piece.filled(), now)


async def page(
    session: AsyncSession, kind: ContentKind, key: str, filled: Filled, now: datetime, *, findings: int = 0
) -> HTMLResponse:
    """All views beside each other; where something is missing it says so. `findings`: how many."""
    values: dict[str, Any] = {"kind": kind, "findings": findings}
    try:
        ready = content_forms.as_shown(kind, key, filled, now)
        if isinstance(ready, ReadyArticle):
            ready = await contents.shown_as(session, key, ready, now)
            values |= await _of_article(session, key, ready, now)
        else:
            values |= _of_answer(kind, ready)
    except DomainError as error:
        values |= {"error": error.message}
    return HTMLResponse(
        render("content_previews.html", **values), headers={"Content-Security-Policy": POLICY}
    )


async def _of_article(session: AsyncSession, key: str, ready: ReadyArticle, now: datetime) -> dict[str, Any]:
    at, day = media_at(key), civil_date(ready.publish_at or now)
    around = rich_text.Around(at, await article_cards.found(session, ready.blocks, now))
    body = rich_text.to_html(ready.blocks, around)
    shown = {"kind": ContentKind.ARTICLE, "title": ready.title, "day": day}
    values = {
        "title": ready.title,
        "page": render("content_preview.html", **shown, article=ready, body=body, reads=1),
        "article": ready,
        "day": day,
        "account": await account_name(session),
        "small": article_pictures.address_in(ready.blocks, at, article_pictures.SMALL),
        "large": article_pictures.address_in(ready.blocks, at, article_pictures.LARGE),
    }
    try:
        made = wechat_markup.fitted(
            *(ready.title, ready.author, ready.summary), ready.blocks, ready.source_name
        )
    except DomainError as refused:
        return values | {"refused": refused.message}
    return values | {"wechat": at_wechat(made, at, day)}


def at_wechat(made: Converted, at: str, day: date, *, alone: bool = False) -> str:
    """The page of an article there. `at`: as of `Around`; `alone`: in no frame that says what it is."""
    body = wechat_markup.at_home(made, at)
    return render("wechat_article.html", made=made, body=body, day=day, alone=alone)


def _of_answer(kind: ContentKind, ready: Tip | LawAnswer) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": kind, "title": ready.title, kind.value: ready}
    shown |= {"steps": steps(ready.body), "calls": CALLS, "caution": CAUTION}
    return {
        "title": ready.title,
        "page": render("content_preview.html", **shown),
        "chat": ready.in_chat(),
    }
