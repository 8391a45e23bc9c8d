"""What stands elsewhere of an article that is over: deleted there, or somebody of staff has dealt with it.

Its part of the page is in `content`; what is left is `services.article_remnants`'s.
"""

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console.content import address, again, whole
from app.console.entrance import ActingDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import article_remnants, content_pieces
from app.services.article_remnants import RemnantKind
from app.services.permissions import Right
from models import Article, ContentKind

router = APIRouter(prefix="/content/article", dependencies=[needs(Right.CONTENT_PUBLISH)])


@router.post("/{key}/remnants/{kind}/{remnant}")
async def deal_with(
    key: str, kind: RemnantKind, remnant: str, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_PUBLISH)
    async with desk.acting() as session:
        await article_remnants.deal_with(session, await _article(session, key), kind, remnant, now)
    return shell.done(address(ContentKind.ARTICLE, key), "记下了，不再提醒。")


@router.post("/{key}/sent/{campaign}/delete")
async def delete(key: str, campaign: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """At WeChat, for everybody who got it."""
    whole(desk, Right.CONTENT_PUBLISH)
    try:
        async with desk.acting() as session:
            article = await _article(session, key)
            await article_remnants.delete_sent(session, article, campaign, by=desk.standing, now=now)
    except NotFound:
        raise
    except DomainError as error:
        return await again(ContentKind.ARTICLE, key, desk, shell, now, error)
    return shell.done(address(ContentKind.ARTICLE, key), "正在从公众号删除，有没有删成，看「任务」。")


async def _article(session: AsyncSession, key: str) -> Article:
    """Raises: NotFound."""
    piece = await content_pieces.get(session, ContentKind.ARTICLE, key)
    if not isinstance(piece.shown, Article):
        raise NotFound("这篇文章还没有发布过。")
    return piece.shown
