"""辟谣 on the portal: what was found out about claims that go round, and a form to bring one.

Anybody may bring one; who is signed in is told what comes of it, and may add pictures. A form of somebody
nobody knows has no session to name, so how often one address may send it is limited.
"""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text, sent_pictures
from app.dependencies import InUse, Now, ReadSession, Shared
from app.errors import DomainError, NotFound
from app.files import MIB
from app.portal.article_media import KEPT
from app.portal.templating import render
from app.portal.uploads import Pictured, sent_with
from app.portal.visitor import FormRefused, MaybePerson, Visitor, page_for
from app.services import article_media, clarification_evidence, clarification_rows, clarifications, crisis
from app.services.board_wording import PICTURES, Wrong, plain
from app.services.clarification_evidence import OWNER
from app.services.clarifications import LONGEST, MOST, Told
from app.web import media
from app.web.limits import address_of
from models import Clarification, HeardFrom, Verdict

router = APIRouter(prefix="/clarifications", include_in_schema=False, route_class=Pictured)

SUMMARY: Final = "听到的说法是真是假：结论、依据、哪个单位说的。"
TOO_FAST: Final = "发得太快了，请过一分钟再发。急事请打 95598。"


@router.get("")
async def everything(
    visitor: MaybePerson,
    session: ReadSession,
    shared: InUse,
    verdict: Annotated[str, Query()] = "",
    q: Annotated[str, Query()] = "",
    after: Annotated[str, Query()] = "",
) -> HTMLResponse:
    """Unknown verdicts are as if they were not there."""
    chosen = Verdict(verdict) if verdict in set(Verdict) else None
    words, after = " ".join(plain(q).split())[:LONGEST], plain(after)[:16]
    page = await clarifications.list_public(session, verdict=chosen, words=words, after=after)
    shown = render(
        "clarifications.html",
        page=page,
        verdict=chosen,
        verdicts=list(Verdict),
        searched=words,
        terms=words.lower().split(),
        after=after,
        summary=SUMMARY,
        address=f"{shared.public_url}/clarifications",
    )
    return page_for(visitor, shown)


@router.get("/report")
async def form(visitor: MaybePerson) -> HTMLResponse:
    return _form(visitor, {})


@router.post("/report")
async def report(
    request: Request,
    visitor: MaybePerson,
    shared: InUse,
    now: Now,
    words: Annotated[str, Form()] = "",
    heard: Annotated[str, Form()] = "",
    token: Annotated[str, Form()] = "",
) -> HTMLResponse:
    # Whose session ended meanwhile believes that he will be told: it must not go as from nobody.
    if token if visitor is None else not visitor.sent(token):
        raise FormRefused
    given = {"words": words[: MOST * 2].replace("\0", ""), "heard": heard[:20]}
    if visitor is None and shared.strangers.spend(address_of(request)):
        return _form(visitor, given, {"form": TOO_FAST}, status=429)
    danger = await _heed(shared, visitor, given["words"], now)
    try:
        told = clarifications.checked(given["words"], given["heard"])
        row = await _brought(request, visitor, shared, told, now)
    except Wrong as refused:
        return _form(visitor, given, refused.fields, danger=danger)
    except DomainError as refused:
        return _form(visitor, given, {"form": refused.message}, status=refused.status, danger=danger)
    return page_for(visitor, render("clarification_sent.html", row=row, known=visitor, danger=danger))


@router.get("/{public_id}")
async def one(public_id: str, visitor: MaybePerson, session: ReadSession, shared: InUse) -> HTMLResponse:
    row = await clarifications.get_public(session, public_id)
    shown = render(
        "clarification.html",
        row=row,
        answer=rich_text.to_html(rich_text.load(row.answer)),
        pieces=await clarification_evidence.pieces(session, row),
        at=clarification_evidence.address(row),
        updates=await clarification_rows.updates_of(session, row, shown=True),
        address=f"{shared.public_url}/clarifications/{row.public_id}",
    )
    return page_for(visitor, shown)


@router.get("/{public_id}/evidence/{name}/{cut}/{width}")
async def picture(
    public_id: str, name: str, cut: str, width: str, session: ReadSession, shared: InUse
) -> Response:
    await _showing(session, public_id, name)
    if not width.isdecimal() or len(width) > 5:
        raise NotFound(article_media.GONE)
    found = await article_media.cut_of(session, public_id, name, cut, int(width), OWNER)
    return await media.picture(shared.files.get, found.file, KEPT)


@router.get("/{public_id}/evidence/{name}")
async def file(request: Request, public_id: str, name: str, session: ReadSession, shared: InUse) -> Response:
    await _showing(session, public_id, name)
    found = await article_media.file_of(session, public_id, name, OWNER)
    return await media.file(request, found, shared.files.part, KEPT)


# --- parts -------------------------------------------------------------------------------------------------


async def _showing(session: AsyncSession, public_id: str, name: str) -> None:
    """Raises: NotFound: people do not read it, or it has no such file."""
    row = await clarifications.get_public(session, public_id)
    if not clarification_evidence.shows(row, name):
        raise NotFound(article_media.GONE)


async def _brought(
    request: Request, visitor: Visitor | None, shared: Shared, told: Told, now: datetime
) -> Clarification:
    """With its pictures, which are put away first. Raises: Wrong, DomainError."""
    pictures = await sent_with(request, shared, may=visitor is not None)
    person_id = visitor.person_id if visitor is not None else None
    async with sent_pictures.kept(shared, pictures, now) as files, shared.database.transaction() as session:
        return await clarifications.report(session, person_id, told, files, channel="portal", now=now)


async def _heed(shared: Shared, visitor: Visitor | None, words: str, now: datetime) -> str:
    """Danger in the words, whatever else is wrong with them; what to say first of it."""
    danger = crisis.watch(words)
    if danger is None:
        return ""
    if visitor is None:
        return danger.unheard
    async with shared.database.transaction() as session:
        return await crisis.heed(session, visitor.person_id, words, "portal", now)


def _form(
    visitor: Visitor | None,
    given: dict[str, str],
    wrong: dict[str, str] | None = None,
    *,
    status: int = 422,
    danger: str = "",
) -> HTMLResponse:
    words = render(
        "clarification_form.html",
        given=given,
        wrong=wrong or {},
        places=list(HeardFrom),
        longest=MOST,
        pictures=PICTURES,
        largest=sent_pictures.LARGEST // MIB,
        known=visitor,
        token=visitor.form_token if visitor is not None else "",
        danger=danger,
    )
    answer = page_for(visitor, words)
    answer.status_code = status if wrong else 200
    return answer
