"""Writing on the board: the form, and what it shares with changing a post (`board_mine`).

Pictures are drawn anew and put away before the transaction that names them; where it fails they go again.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from app import sent_pictures
from app.dependencies import InUse, Now, ReadSession, Shared
from app.errors import DomainError
from app.files import MIB
from app.portal import board as reading
from app.portal.templating import render
from app.portal.uploads import Pictured, sent_with
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor, page_for
from app.sent_pictures import LARGEST
from app.services import board, board_rows, crisis
from app.services.board import NotAMember
from app.services.board_wording import NICKNAME, PICTURES, TEXT, TITLE, Words, Wrong, checked
from models import BoardName, BoardPost, BoardTopic
from models.types import public_id as random_id

router = APIRouter(prefix="/board", include_in_schema=False, route_class=Pictured)


class Filled(BaseModel):
    """The form as it was sent."""

    token: str = ""
    once: str = ""
    version: str = ""
    topic: str = ""
    title: str = ""
    text: str = ""
    naming: str = ""
    nickname: str = ""

    def shown(self) -> dict[str, str]:
        longest = {"title": 100, "text": 3000, "nickname": 40}
        return {
            name: str(value)[: longest.get(name, 40)].replace("\0", "")
            for name, value in self.model_dump(exclude={"token"}).items()
        }

    def words(self) -> Words:
        """Raises: Wrong."""
        return checked(self.topic, self.title, self.text, self.naming, self.nickname)


@router.get("/new")
async def new(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    try:
        await board.check_may_write(session, visitor.person_id, now)
    except NotAMember as refusal:
        return _not_a_member(visitor, refusal)
    except DomainError as refusal:
        return notice(visitor, refusal)
    return form(visitor, {"once": random_id(), "naming": BoardName.NOBODY.value})


@router.post("/new")
async def submit(
    request: Request, visitor: ActingPerson, filled: Annotated[Filled, Form()], shared: InUse, now: Now
) -> Response:
    danger = await heed(shared, visitor, filled, now)
    given = filled.shown()
    try:
        words, pictures = filled.words(), await sent_with(request, shared)
    except Wrong as refused:
        return form(visitor, given, refused.fields, danger=danger)
    try:
        async with (
            sent_pictures.kept(shared, pictures, now) as files,
            shared.database.transaction() as session,
        ):
            post = await board.submit(
                session, visitor.person_id, words, files, once=given["once"], channel="portal", now=now
            )
    except DomainError as refusal:
        return again(visitor, given, refusal, danger=danger)
    return await done(shared, visitor, post, danger, now)


# --- pages -------------------------------------------------------------------------------------------------


async def heed(shared: Shared, visitor: Visitor, filled: Filled, now: Now) -> str:
    """Danger in the words, whatever else is wrong with them; what to say first of it."""
    words = f"{filled.title}\n{filled.text}"
    if crisis.watch(words) is None:
        return ""
    async with shared.database.transaction() as session:
        return await crisis.heed(session, visitor.person_id, words, "portal", now)


async def done(shared: Shared, visitor: Visitor, post: BoardPost, danger: str, now: Now) -> Response:
    at = at_own(visitor, post)
    if not danger:
        return RedirectResponse(at, 303)
    async with shared.database.reading() as session:
        post = await board_rows.get_own(session, post.public_id, visitor.person_id)
        return await reading.page_of(visitor, session, post, now, own=True, mine=at, danger=danger)


def at_own(visitor: Visitor, post: BoardPost) -> str:
    """Where the writer finds the post."""
    return f"/board/mine/{board_rows.address_of(post, visitor.person_id)}"


def again(
    visitor: Visitor,
    given: Mapping[str, str],
    refusal: DomainError,
    *,
    post: BoardPost | None = None,
    danger: str = "",
) -> HTMLResponse:
    if isinstance(refusal, NotAMember):
        return _not_a_member(visitor, refusal)
    return form(visitor, given, {"form": refusal.message}, post=post, danger=danger)


def form(
    visitor: Visitor,
    given: Mapping[str, str],
    wrong: Mapping[str, str] | None = None,
    *,
    post: BoardPost | None = None,
    danger: str = "",
) -> HTMLResponse:
    words = render(
        "board_form.html",
        given=given,
        wrong=wrong or {},
        post=post,
        at=at_own(visitor, post) if post else "",
        danger=danger,
        topics=list(BoardTopic),
        names=list(BoardName),
        longest={"title": TITLE, "text": TEXT, "nickname": NICKNAME},
        pictures=PICTURES,
        largest=LARGEST // MIB,
        token=visitor.form_token,
    )
    answer = page_for(visitor, words)
    answer.status_code = 422 if wrong else 200
    return answer


def _not_a_member(visitor: Visitor, refusal: DomainError) -> HTMLResponse:
    page = render(
        "notice.html",
        heading="先绑定工号",
        words=f"{refusal.message}绑定只要一分钟，帖子上显示什么名字由您选。",
        to="/me/membership",
        label="去绑定工号",
    )
    answer = page_for(visitor, page)
    answer.status_code = refusal.status
    return answer


def notice(visitor: Visitor, refusal: DomainError) -> HTMLResponse:
    page = render(
        "notice.html", heading="现在不能", words=refusal.message, to="/board/mine", label="看我的帖子"
    )
    answer = page_for(visitor, page)
    answer.status_code = refusal.status
    return answer
