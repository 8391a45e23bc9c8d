"""评论: comments under articles, what waits first; one comment; those of one article, to be closed there.

Not here: deciding and answering (`comment_acts`). Comments belong to no branch.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import listing
from app.console.entrance import AtDesk, Desk, needs
from app.console.listing import Filter, View
from app.console.navigation import Section, Waiting
from app.console.shell import InShell
from app.errors import NotFound
from app.services import article_comments, articles, board_work, comment_work
from app.services.article_comments import NOWHERE
from app.services.board_rows import REASON
from app.services.board_wording import MARKS
from app.services.permissions import Right, Standing, may
from models import Article, ArticleComment, BoardState, CommentReport

PAGE: Final = "/console/comments"

router = APIRouter(prefix="/comments", dependencies=[needs(Right.BOARD_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    if not may(standing, Right.BOARD_MODERATE, None):
        return []
    pending, reported = await comment_work.count_pending(session), await comment_work.count_reported(session)
    return [
        Waiting("评论等您审核", f"{PAGE}?state=pending", pending),
        Waiting("评论被举报", f"{PAGE}?state=reported", reported),
    ]


SECTION: Final = Section(
    "comments", "内容和活动", "文章评论", PAGE, "quote", Right.BOARD_READ, waiting=_waiting
)
STATES: Final = {
    "pending": "待审",
    "reported": "被举报",
    "published": "已公开",
    "hidden": "已隐藏",
    "refused": "未通过",
    "withdrawn": "已撤回",
}


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    """The newest; of one article where the address names one, with whether its comments are open."""
    view = listing.view_of(request, Filter("state", "状态", STATES), Filter("article", "文章编号"))
    async with desk.reading() as session:
        article = await _article(session, view)
        page = await listing.page(session, _chosen(desk, view, article), ArticleComment.id, view)
        pending = await comment_work.count_pending(session) if desk.may(Right.BOARD_READ, None) else 0
    return shell.page("comments.html", page=page, view=view, article=article, pending=pending, marks=MARKS)


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("comment_one.html", **await facts(session, desk, public_id))


# --- what the pages of comments share ----------------------------------------------------------------------


async def facts(session: AsyncSession, desk: Desk, public_id: str) -> dict[str, Any]:
    """All that a page of one comment shows. Raises: NotFound: none, or the desk is for a branch only."""
    if not desk.may(Right.BOARD_READ, None):
        raise NotFound(NOWHERE)
    comment = await article_comments.get(session, public_id)
    reports = sa.select(CommentReport).where(CommentReport.comment_id == comment.id)
    return {
        "comment": comment,
        "article": await session.get_one(Article, comment.article_id),
        "reports": (await session.scalars(reports.order_by(CommentReport.id.desc()).limit(50))).all(),
        "marks": MARKS,
        "unit": board_work.unit_of(desk.standing),
        "longest": {"reason": REASON, "answer": board_work.ANSWER, "unit": board_work.UNIT},
    }


async def _article(session: AsyncSession, view: View) -> Article | None:
    if not (wanted := view.get("article")):
        return None
    try:
        return await articles.get(session, wanted[:16])
    except NotFound:
        return None


def _chosen(desk: Desk, view: View, article: Article | None) -> Any:
    chosen: Any = sa.select(ArticleComment, Article).join(Article, Article.id == ArticleComment.article_id)
    state = view.get("state")
    if not desk.may(Right.BOARD_READ, None):
        chosen = chosen.where(ArticleComment.id < 0)
    if view.get("article"):
        chosen = chosen.where(ArticleComment.article_id == (article.id if article else -1))
    if state == "reported":
        return chosen.where(sa.text("article_comment.reports > 0"))
    return chosen.where(ArticleComment.state == BoardState(state)) if state else chosen
