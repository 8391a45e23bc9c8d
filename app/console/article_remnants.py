"""What stands elsewhere of an article that is over: somebody of staff has dealt with it.

Its part of the page is in `content`; what is left is `services.article_remnants`'s.
"""

from fastapi import APIRouter
from fastapi.responses import Response

from app.console.content import address, whole
from app.console.entrance import ActingDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import NotFound
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
        piece = await content_pieces.get(session, ContentKind.ARTICLE, key)
        if not isinstance(piece.shown, Article):
            raise NotFound("这篇文章还没有发布过。")
        await article_remnants.deal_with(session, piece.shown, kind, remnant, now)
    return shell.done(address(ContentKind.ARTICLE, key), "记下了，不再提醒。")
