"""Writing on the board: the form, and what it shares with changing a post (`board_mine`).

Pictures are drawn anew and put away before the transaction that names them; where it fails they go again.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.datastructures import UploadFile

from app.dependencies import InUse, Now, ReadSession, Shared
from app.errors import DomainError
from app.files import MIB, FileRefused, cleaned, inspect
from app.portal import board as reading
from app.portal.templating import render
from app.portal.uploads import bounded
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor, page_for
from app.services import board, board_rows, crisis
from app.services.board import NotAMember
from app.services.board_wording import NICKNAME, PICTURES, TEXT, TITLE, Words, Wrong, checked
from models import BoardName, BoardPost, BoardTopic, FileState, StoredFile
from models.types import public_id as random_id

LARGEST: Final = 10 * MIB  # of one picture
MOST: Final = PICTURES * LARGEST + MIB  # of a whole form
TOO_MUCH: Final = f"图片太大，每张最多 {LARGEST // MIB} MB。请选小一点的，再发一次。"
Bounded: Final = bounded(MOST, TOO_MUCH)


router = APIRouter(prefix="/board", include_in_schema=False, route_class=Bounded)


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


@dataclass(frozen=True, slots=True)
class Picture:
    """Looked at, not kept yet."""

    data: bytes
    content_type: str


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
        words, pictures = filled.words(), await pictures_in(request)
    except Wrong as refused:
        return form(visitor, given, refused.fields, danger=danger)
    files = await put(shared, pictures)
    try:
        async with shared.database.transaction() as session:
            post = await board.submit(
                session, visitor.person_id, words, files, once=given["once"], channel="portal", now=now
            )
    except DomainError as refusal:
        await drop(shared, files)
        return again(visitor, given, refusal, danger=danger)
    except BaseException:
        await drop(shared, files)
        raise
    await drop(shared, [each for each in files if each.public_id not in post.pictures])  # sent twice
    return await done(shared, visitor, post, danger, now)


# --- pictures ----------------------------------------------------------------------------------------------


async def pictures_in(request: Request) -> list[Picture]:
    """What was sent, drawn anew without place and camera. Raises: Wrong."""
    sent = [
        each
        for each in (await request.form()).getlist("pictures")
        if isinstance(each, UploadFile) and (each.filename or each.size)
    ]
    if len(sent) > PICTURES:
        raise Wrong({"pictures": f"最多 {PICTURES} 张图片，请少选几张。"})
    found = []
    for number, each in enumerate(sent, 1):
        data = await each.read(LARGEST + 1)
        try:
            found.append(await asyncio.to_thread(_examined, data))
        except FileRefused as refused:
            raise Wrong({"pictures": f"第 {number} 张：{refused.message}请重新选。"}) from None
    return found


def _examined(data: bytes) -> Picture:
    """Raises: FileRefused: too large, broken, or no picture."""
    if len(data) > LARGEST:
        raise FileRefused(f"超过 {LARGEST // MIB} MB。")
    what = inspect(data)
    if what.kind != "image":
        raise FileRefused("不是图片。")
    return Picture(cleaned(data, what.content_type), what.content_type)


async def put(shared: Shared, pictures: Sequence[Picture]) -> list[StoredFile]:
    """Their bytes, kept; the rows of them, not added yet."""
    rows = []
    for each in pictures:
        row = StoredFile(
            public_id=random_id(),
            kind="image",
            content_type=each.content_type,
            size=len(each.data),
            sha256=hashlib.sha256(each.data).hexdigest(),
            state=FileState.READY,
        )
        await shared.files.put(row.public_id, each.data)
        rows.append(row)
    return rows


async def drop(shared: Shared, files: Sequence[StoredFile]) -> None:
    for each in files:
        await shared.files.delete(each.public_id)


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
