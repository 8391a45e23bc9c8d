"""留言板: the list of posts with what is to be looked at first, one post with all that was said of it.

Not here: deciding, answering, opening who wrote one (`board_acts`). A post belongs to no branch.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import downloads, listing
from app.console.entrance import AtDesk, Desk, needs
from app.console.listing import Filter, View
from app.console.navigation import Found, Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import NotFound
from app.files import ENDINGS
from app.services import board_lists, board_rows, board_work
from app.services.board_rows import NOWHERE, REASON
from app.services.board_wording import MARKS
from app.services.case_reporters import REASON_LENGTH
from app.services.permissions import Right, Standing, may
from models import BoardPost, BoardState, BoardTopic

PAGE: Final = "/console/board"
TO_DO: Final = "todo"

router = APIRouter(prefix="/board", dependencies=[needs(Right.BOARD_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    if not may(standing, Right.BOARD_MODERATE, None):
        return []
    pending, reported = await board_work.count_pending(session), await board_work.count_reported(session)
    return [
        Waiting("帖子等您审核", f"{PAGE}?state=pending", pending),
        Waiting("帖子被举报", f"{PAGE}?state=reported", reported),
    ]


async def _search(session: AsyncSession, standing: Standing, words: str) -> Sequence[Found]:
    """By words of what is public."""
    if not may(standing, Right.BOARD_READ, None):
        return []
    page = await board_lists.list_public(session, words=words, limit=listing.PAGE)
    return [Found(each.title, f"{PAGE}/{each.public_id}", each.topic.label) for each in page.posts]


SECTION: Final = Section(
    "board", "内容和活动", "留言板", PAGE, "board", Right.BOARD_READ, waiting=_waiting, search=_search
)
STATES: Final = {
    "pending": "待审",
    "reported": "被举报",
    "published": "已公开",
    "unanswered": "公开、还没有答复",
    "hidden": "已隐藏",
    "refused": "未通过",
    "withdrawn": "已撤回",
}


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await list_page(request, desk, shell)


async def list_page(request: Request, desk: Desk, shell: InShell, **values: Any) -> HTMLResponse:
    """Without a filter first what waits, then the newest."""
    view = view_of(request)
    may_read = desk.may(Right.BOARD_READ, None)
    waiting: Sequence[BoardPost] = []
    async with desk.reading() as session:
        chosen = _chosen(view)
        if not may_read:
            chosen = chosen.where(BoardPost.id < 0)
        elif not view.chosen and view.before is None:
            waiting = await board_lists.list_waiting(session, listing.PAGE)
            chosen = chosen.where(BoardPost.id.not_in([each.id for each in waiting]))
        page = await listing.page(session, chosen, BoardPost.id, view)
        pending = await board_work.count_pending(session) if may_read else 0
    return shell.page(
        "board.html", page=page, view=view, waiting=waiting, pending=pending, marks=MARKS, **values
    )


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("board_one.html", **await facts(session, desk, public_id))


@router.get("/{public_id}/pictures/{position}")
async def picture(public_id: str, position: int, desk: AtDesk) -> Response:
    async with desk.reading() as session:
        post = await get(session, desk, Right.BOARD_READ, public_id)
        file = await board_lists.picture_of(session, post, position)
    try:
        data = await desk.shared.files.get(file.public_id)
    except FileNotFoundError:
        raise NotFound("这张图片不见了，请联系运维人员。") from None
    name = f"{public_id}-{position}{ENDINGS.get(file.content_type, '')}"
    return downloads.answer(data, name, file.content_type, way="inline")


# --- what the pages of the board share ---------------------------------------------------------------------


async def get(session: AsyncSession, desk: Desk, right: Right, public_id: str) -> BoardPost:
    """Raises: NotFound: none, or the desk is for a branch only."""
    if not desk.may(right, None):
        raise NotFound(NOWHERE)
    return await board_rows.get(session, public_id)


async def facts(session: AsyncSession, desk: Desk, public_id: str) -> dict[str, Any]:
    """All that a page of one post shows."""
    post = await get(session, desk, Right.BOARD_READ, public_id)
    return {
        "post": post,
        "answers": await board_lists.answers_of(session, post),
        "own_answer": await board_work.find_own_answer(session, post, desk.standing),
        "reports": await board_work.reports_of(session, post),
        "moves": await board_rows.moves_of(session, post),
        "marks": MARKS,
        "longest": {
            "reason": REASON,
            "why": REASON_LENGTH,
            "answer": board_work.ANSWER,
            "unit": board_work.UNIT,
        },
        "unit": board_work.unit_of(desk.standing),
    }


def view_of(request: Request) -> View:
    topics = {each.value: each.label for each in BoardTopic}
    return listing.view_of(request, Filter("state", "状态", STATES), Filter("topic", "话题", topics))


def _chosen(view: View) -> sa.Select[BoardPost]:
    chosen, state = sa.select(BoardPost), view.get("state")
    if state == "reported":
        chosen = chosen.where(sa.text("board_post.reports > 0"))
    elif state == "unanswered":
        chosen = chosen.where(sa.text("board_post.state = 'published'"), BoardPost.answered_at.is_(None))
    elif state:
        chosen = chosen.where(BoardPost.state == BoardState(state))
    if topic := view.get("topic"):
        chosen = chosen.where(BoardPost.topic == BoardTopic(topic))
    return chosen
