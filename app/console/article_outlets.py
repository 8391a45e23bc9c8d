"""An article sent to Weibo or to outside media from its own page, or once more where it did not get there.

Its part of the page is in `content`; what may be done is `services.article_posts`'s.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.console import content, forms
from app.console.content import address, whole
from app.console.entrance import ActingDesk, needs
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import article_posts, content_pieces
from app.services.permissions import Right
from models import Article, ContentKind

router = APIRouter(prefix="/content/article", dependencies=[needs(Right.CONTENT_PUBLISH)])


@router.post("/{key}/outlets/{outlet_id}")
async def send(
    key: str,
    outlet_id: str,
    request: Request,
    desk: ActingDesk,
    shell: InShell,
    office: OfficeInUse,
    now: Now,
) -> Response:
    """Let the article go there; again, if it did not get there."""
    whole(desk, Right.CONTENT_PUBLISH)
    text = forms.words(await forms.read(request), "text")
    try:
        async with desk.acting() as session:
            piece = await content_pieces.get(session, ContentKind.ARTICLE, key)
            if not isinstance(piece.shown, Article):
                raise NotFound("这篇文章还没有发布过。")
            await article_posts.send(session, piece.shown, outlet_id, text, by=desk.by, now=now)
    except NotFound:
        raise
    except DomainError as error:
        values = {"error": error.message, "typed_for": outlet_id, "typed_text": text}
        return await content.page_of(ContentKind.ARTICLE, key, desk, shell, now, status=422, **values)
    office.wake()
    return shell.done(f"{address(ContentKind.ARTICLE, key)}#outlets", "正在发，结果写在「外部渠道」里。")
