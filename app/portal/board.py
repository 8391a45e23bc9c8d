"""留言板 on the portal: what is public is read by all; who is signed in likes and reports.

Not here: writing a post (`board_writing`) and one's own ones (`board_mine`).
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import InUse, Now, ReadSession, Shared, WriteSession
from app.errors import DomainError, NotFound
from app.portal.templating import render
from app.portal.visitor import ActingPerson, MaybePerson, Visitor, page_for
from app.services import board_lists, board_voices, crisis
from app.services.board_lists import LONGEST, Order
from app.services.board_voices import WORDS
from app.services.board_wording import plain
from models import BoardPost, BoardState, BoardTopic, ReportReason

router = APIRouter(prefix="/board", include_in_schema=False)

SUMMARY = "职工公开说的话，和有关单位的答复。"
REPORTED = "谢谢您，已经记下。工作人员会来看；三位职工举报的，会先隐藏。"


@router.get("")
async def everything(
    visitor: MaybePerson,
    session: ReadSession,
    shared: InUse,
    now: Now,
    order: Annotated[str, Query()] = "",
    topic: Annotated[str, Query()] = "",
    q: Annotated[str, Query()] = "",
    after: Annotated[str, Query()] = "",
) -> HTMLResponse:
    """Unknown orders and topics are as if they were not there."""
    chosen = Order(order) if order in set(Order) else Order.NEWEST
    about = BoardTopic(topic) if topic in set(BoardTopic) else None
    words, after = " ".join(plain(q).split())[:LONGEST], plain(after)[:16]
    page = await board_lists.list_public(session, chosen, topic=about, words=words, after=after)
    shown = render(
        "board.html",
        page=page,
        order=chosen,
        orders=list(Order),
        topic=about,
        topics=list(BoardTopic),
        searched=words,
        terms=board_lists.terms_of(words),
        after=after,
        summary=SUMMARY,
        address=f"{shared.public_url}/board",
        now=now,
    )
    return page_for(visitor, shown)


@router.get("/{public_id}")
async def one(
    public_id: str,
    visitor: MaybePerson,
    session: ReadSession,
    shared: InUse,
    now: Now,
    reported: bool = False,
) -> HTMLResponse:
    post, own = await board_lists.get_for(session, public_id, visitor.person_id if visitor else None)
    return await page_of(
        visitor,
        session,
        post,
        now,
        own=own,
        share=f"{shared.public_url}/board/{post.public_id}",
        said=REPORTED if reported and visitor is not None else "",
    )


@router.get("/{public_id}/pictures/{position}")
async def picture(
    public_id: str, position: int, visitor: MaybePerson, session: ReadSession, shared: InUse
) -> Response:
    post, _ = await board_lists.get_for(session, public_id, visitor.person_id if visitor else None)
    # For a while only: what is hidden is to be gone soon.
    return await picture_of(session, shared, post, position, "private, max-age=300")


async def picture_of(
    session: AsyncSession, shared: Shared, post: BoardPost, position: int, kept: str
) -> Response:
    """Its bytes; `kept` says how long a browser may have them. Raises: NotFound."""
    file = await board_lists.picture_of(session, post, position)
    try:
        data = await shared.files.get(file.public_id)
    except FileNotFoundError:
        raise NotFound("没有找到这张图片。") from None
    return Response(data, media_type=file.content_type, headers={"Cache-Control": kept})


@router.post("/{public_id}/like")
async def like(public_id: str, visitor: ActingPerson, session: WriteSession) -> RedirectResponse:
    await board_voices.like(session, public_id, visitor.person_id)
    return RedirectResponse(f"/board/{public_id}#like", 303)


@router.post("/{public_id}/report")
async def report(
    public_id: str,
    visitor: ActingPerson,
    session: WriteSession,
    now: Now,
    reason: Annotated[str, Form()] = "",
    words: Annotated[str, Form()] = "",
) -> Response:
    """Danger in the words is answered first; a report that hides the post leads back to the board."""
    words = plain(words)
    danger = await crisis.heed(session, visitor.person_id, words, "portal", now)
    wrong, hidden = "", False
    try:
        hidden = await board_voices.report(session, public_id, visitor.person_id, reason, words, now)
    except NotFound:
        raise
    except DomainError as refusal:  # nothing has been written of it
        wrong = refusal.message
    if not wrong and not danger:
        return RedirectResponse("/board" if hidden else f"/board/{public_id}?reported=1", 303)
    if hidden:
        page = render("notice.html", heading="已经记下", words=danger, to="/board", label="回留言板")
        return page_for(visitor, page)
    post, own = await board_lists.get_for(session, public_id, visitor.person_id)
    given = {"wrong": wrong, "reason": reason, "words": words, "danger": danger}
    return await page_of(visitor, session, post, now, own=own, said="" if wrong else REPORTED, **given)


async def page_of(
    visitor: Visitor | None,
    session: AsyncSession,
    post: BoardPost,
    now: datetime,
    *,
    own: bool,
    mine: str = "",
    share: str = "",
    said: str = "",
    wrong: str = "",
    reason: str = "",
    words: str = "",
    danger: str = "",
) -> HTMLResponse:
    """One post as its reader sees it; on its writer's own page, which lies at `mine`, also how it stands."""
    shown = render(
        "board_post.html",
        post=post,
        own=own,
        answers=await board_lists.answers_of(session, post) if post.state is BoardState.PUBLISHED else [],
        liked=await board_voices.liked_by(session, post, visitor.person_id if visitor else None),
        reasons=list(ReportReason),
        longest=WORDS,
        token=visitor.form_token if visitor else "",
        at=mine or f"/board/{post.public_id}",
        mine=mine,
        share_at=share,
        said=said,
        wrong=wrong,
        reason=reason,
        words=words,
        danger=danger,
        now=now,
    )
    answer = page_for(visitor, shown)
    answer.status_code = 422 if wrong else 200
    return answer
