"""Comments under articles on the portal: read page by page, written, reported; one's own taken back.

One's own are named in the form, never in an address: a log of addresses must not tell whose comment it is.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from app.dependencies import InUse, Now, ReadSession, Shared, WriteSession
from app.errors import DomainError, NotFound
from app.portal import article_page
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, MaybePerson, Visitor, page_for
from app.services import article_comments, articles, crisis
from app.services.board_wording import NICKNAME, Wrong, plain
from models import ReportReason

router = APIRouter(include_in_schema=False)

RECEIVED: Final = "已收到。工作人员看过以后公开，结果会告诉您；在「我的 › 我的评论」里可以撤回。"
REPORTED: Final = "谢谢您，已经记下。工作人员会来看；三个人举报的，会先隐藏。"


class Filled(BaseModel):
    """The form as it was sent."""

    token: str = ""
    once: str = ""
    text: str = ""
    naming: str = ""
    nickname: str = ""

    def shown(self) -> dict[str, str]:
        longest = {"text": 2 * article_comments.TEXT, "nickname": 2 * NICKNAME}
        return {
            name: str(value)[: longest.get(name, 40)].replace("\0", "")
            for name, value in self.model_dump(exclude={"token"}).items()
        }


@router.get("/news/{public_id}/comments")
async def everything(
    public_id: str,
    visitor: MaybePerson,
    session: ReadSession,
    now: Now,
    after: Annotated[str, Query()] = "",
    reported: bool = False,
) -> HTMLResponse:
    article = await articles.get_published(session, public_id, now)
    words = render(
        "article_comments.html",
        article=article,
        shown=await article_comments.list_shown(session, article, after=plain(after)[:16]),
        after=after,
        reasons=list(ReportReason),
        token=visitor.form_token if visitor else "",
        said=REPORTED if reported and visitor is not None else "",
    )
    return page_for(visitor, words)


@router.post("/news/{public_id}/comments")
async def submit(
    public_id: str, visitor: ActingPerson, filled: Annotated[Filled, Form()], shared: InUse, now: Now
) -> Response:
    """Danger in the words is answered first, whatever else is wrong with them."""
    danger = await _heed(shared, visitor, filled.text, now)
    given = filled.shown()
    wrong: dict[str, str] = {}
    try:
        said = article_comments.checked(filled.text, filled.naming, filled.nickname)
        async with shared.database.transaction() as session:
            await article_comments.submit(
                session,
                public_id,
                visitor.person_id,
                said,
                shared.words.now(),
                once=given["once"],
                now=now,
            )
    except NotFound:
        raise
    except Wrong as refused:
        wrong = refused.fields
    except DomainError as refusal:
        wrong = {"form": refusal.message}
    if not wrong and not danger:
        return RedirectResponse(f"/news/{public_id}?commented=1#comments", 303)
    async with shared.database.reading() as session:
        article = await articles.get_published(session, public_id, now)
        return await article_page.page_of(
            visitor,
            session,
            shared,
            article,
            now,
            said="" if wrong else RECEIVED,
            danger=danger,
            given=given if wrong else None,
            wrong=wrong,
        )


@router.post("/news/{public_id}/comments/{comment}/report")
async def report(
    public_id: str,
    comment: str,
    visitor: ActingPerson,
    session: WriteSession,
    now: Now,
    reason: Annotated[str, Form()] = "",
) -> Response:
    await article_comments.report(session, comment, visitor.person_id, reason, now)
    return RedirectResponse(f"/news/{public_id}/comments?reported=1", 303)


# --- one's own ---------------------------------------------------------------------------------------------


@router.get("/me/comments")
async def mine(visitor: CurrentPerson, session: ReadSession) -> HTMLResponse:
    own = await article_comments.list_own(session, visitor.person_id)
    return HTMLResponse(render("my_comments.html", own=own, token=visitor.form_token))


@router.post("/me/comments/take-back")
async def take_back(
    visitor: ActingPerson, session: WriteSession, now: Now, comment: Annotated[str, Form()] = ""
) -> RedirectResponse:
    await article_comments.take_back(session, plain(comment)[:16], visitor.person_id, now)
    return RedirectResponse("/me/comments", 303)


async def _heed(shared: Shared, visitor: Visitor, words: str, now: Now) -> str:
    if crisis.watch(words) is None:
        return ""
    async with shared.database.transaction() as session:
        return await crisis.heed(session, visitor.person_id, words, "portal", now)
