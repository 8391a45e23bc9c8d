"""One's own posts: how they stand, changing and taking back what nobody has decided on.

They lie under addresses of their own, which hold nothing of the one where all will read the post: else who
wrote it would stand in a proxy's log, with the minute, next to the id that gets public.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app import sent_pictures
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal import board as reading
from app.portal import board_writing as writing
from app.portal.board_writing import Filled
from app.portal.templating import render
from app.portal.uploads import Pictured, sent_with
from app.portal.visitor import ActingPerson, CurrentPerson, page_for
from app.services import board, board_rows
from app.services.board_wording import Wrong
from models import BoardName, BoardPost, BoardState

router = APIRouter(prefix="/board/mine", include_in_schema=False, route_class=Pictured)


@router.get("")
async def mine(visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    found = await board.list_own(session, visitor.person_id)
    own = [(each, board_rows.address_of(each, visitor.person_id)) for each in found]
    return page_for(visitor, render("board_mine.html", own=own, now=now))


@router.get("/{address}")
async def one(visitor: CurrentPerson, address: str, session: ReadSession, now: Now) -> HTMLResponse:
    post = await board_rows.get_mine_at(session, visitor.person_id, address)
    return await reading.page_of(visitor, session, post, now, own=True, mine=writing.at_own(visitor, post))


@router.get("/{address}/pictures/{position}")
async def picture(
    visitor: CurrentPerson, address: str, position: int, session: ReadSession, shared: InUse
) -> Response:
    post = await board_rows.get_mine_at(session, visitor.person_id, address)
    return await reading.picture_of(session, shared, post, position, "no-store, private")


@router.get("/{address}/edit")
async def edit_form(visitor: CurrentPerson, address: str, session: ReadSession) -> Response:
    post = await board_rows.get_mine_at(session, visitor.person_id, address)
    if post.state is not BoardState.PENDING:
        return RedirectResponse(writing.at_own(visitor, post), 303)
    return writing.form(visitor, _kept(post), post=post)


@router.post("/{address}/edit")
async def edit(
    request: Request,
    visitor: ActingPerson,
    address: str,
    filled: Annotated[Filled, Form()],
    shared: InUse,
    now: Now,
) -> Response:
    danger = await writing.heed(shared, visitor, filled, now)
    given = filled.shown()
    async with shared.database.reading() as session:
        post = await board_rows.get_mine_at(session, visitor.person_id, address)
    drop = [str(each) for each in (await request.form()).getlist("drop")]
    try:
        words, pictures = filled.words(), await sent_with(request, shared)
    except Wrong as refused:
        return writing.form(visitor, given, refused.fields, post=post, danger=danger)
    version = int(given["version"]) if given["version"].isascii() and given["version"].isdecimal() else 0
    try:
        async with (
            sent_pictures.kept(shared, pictures, now) as files,
            shared.database.transaction() as session,
        ):
            await board.edit(
                session,
                visitor.person_id,
                post.public_id,
                words,
                files,
                drop=drop,
                version=version,
                channel="portal",
                now=now,
            )
    except DomainError as refusal:
        return writing.again(visitor, given, refusal, post=post, danger=danger)
    return await writing.done(shared, visitor, post, danger, now)


@router.post("/{address}/withdraw")
async def withdraw(visitor: ActingPerson, address: str, session: WriteSession, now: Now) -> Response:
    post = await board_rows.get_mine_at(session, visitor.person_id, address)
    try:
        await board.withdraw(session, visitor.person_id, post.public_id, channel="portal", now=now)
    except board_rows.NotNow as refusal:
        return writing.notice(visitor, refusal)
    return RedirectResponse("/board/mine", 303)


def _kept(post: BoardPost) -> dict[str, str]:
    return {
        "version": str(post.version),
        "topic": post.topic.value,
        "title": post.title,
        "text": post.text,
        "naming": post.naming.value,
        "nickname": post.name if post.naming is BoardName.NICKNAME else "",
    }
