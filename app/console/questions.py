"""没答上来的问题: what people asked in vain, the most asked first, until somebody has written an answer.

Not here: writing the tip (`/console/content`) or the keyword (`app.console.menu_file`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms, listing
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.listing import Filter, RowId
from app.console.navigation import Section, Waiting
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import questions
from app.services.permissions import Right, Standing, scope
from models import QuestionState

PAGE: Final = "/console/questions"
MOST: Final = 100  # shown; the most asked are the work of weeks
NEW_TIP: Final = "/console/content/new"

router = APIRouter(prefix="/questions", dependencies=[needs(Right.CONTENT_READ)])


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> Sequence[Waiting]:
    if not scope(standing, Right.CONTENT_WRITE).everything:
        return ()
    return [Waiting("没答上来的问题", PAGE, await questions.count_open(session))]


SECTION: Final = Section(
    "questions", "内容和活动", "没答上来的问题", PAGE, "ask", Right.CONTENT_READ, waiting=_waiting
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    states = {each.value: each.label for each in QuestionState}
    view = listing.view_of(request, Filter("state", "状态", states))
    state = QuestionState(view.get("state") or QuestionState.OPEN.value)
    async with desk.reading() as session:
        found = await questions.list_misses(session, MOST, state)
        total = await questions.count_open(session)
    tips = {each.id: f"{NEW_TIP}?{urlencode({'kind': 'tip', 'title': each.text[:80]})}" for each in found}
    return shell.page("questions.html", found=found, total=total, view=view, state=state, tips=tips)


@router.post("/{question_id}", dependencies=[needs(Right.CONTENT_WRITE)])
async def settle(
    question_id: RowId, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    """What is asked by everybody belongs to no branch."""
    desk.demand(Right.CONTENT_WRITE, None)
    try:
        state = QuestionState(forms.words(await forms.read(request), "state"))
        async with desk.acting() as session:
            await questions.settle(session, question_id, state, by=desk.by, now=now)
    except ValueError:
        return shell.done(PAGE, "没有这个选项，请刷新页面再选。")
    except NotFound:
        raise
    except DomainError as error:
        return shell.done(PAGE, error.message)
    return shell.done(PAGE, f"已标为「{state.label}」。")
