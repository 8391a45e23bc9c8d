"""个人信息请求: corrections that staff work off, receipts of what was asked and done, what consents stand at.

What belongs to no branch is for who works for the whole union.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import case_listing, case_looking, case_pages, forms, listing
from app.console.case_pages import CaseRoom
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter
from app.console.navigation import Found, Section, Waiting
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import (
    case_lists,
    case_threads,
    case_work,
    consents,
    correcting,
    privacy_requests,
)
from app.services.case_facts import NOTHING
from app.services.correcting import Verdict
from app.services.permissions import Right, Standing, may
from app.services.privacy_requests import Line
from models import OVER, CaseState, PrivacyRequest, RequestKind

PAGE: Final = "/console/privacy"
WHOLE_UNION: Final = None

router = APIRouter(prefix="/privacy", dependencies=[needs(Right.PRIVACY_READ)])
_WORK = needs(Right.PRIVACY_WORK)


class _Corrections(CaseRoom):
    """Cases whose words are for who works on them; their list is the first page of this room."""

    __slots__ = ()

    async def waiting(self, session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
        return [replace(each, to=PAGE) for each in await super().waiting(session, standing, now)]

    async def shown(self, session: AsyncSession, desk: Desk, number: str, now: datetime) -> dict[str, Any]:
        """The words of the person are for who works on it; an auditor sees that there is something."""
        case = await case_lists.get(session, self.room, desk.scope(Right.PRIVACY_READ), number)
        may_work = desk.may(Right.PRIVACY_WORK, case.branch_id)
        thread, seen = await case_threads.read(session, case, now)
        return {
            "room": self,
            "case": case,
            "row": case_lists.row_of(case, NOTHING, now),
            "thread": thread if may_work else [],
            "seen": seen,
            "may_read": may_work,
            "may_work": may_work and case.state not in OVER,
            "may_reveal": may_work and desk.may(Right.REPORTER_REVEAL, case.branch_id),
            "longest": correcting.WORDS_LENGTH,
        }


ROOM: Final = _Corrections(
    page=f"{PAGE}/corrections",
    label="个人信息请求",
    waits="要更正的个人信息",
    room=case_lists.CORRECTIONS,
    reads=Right.PRIVACY_READ,
    answers=Right.PRIVACY_WORK,
    topics={},
    states=(CaseState.SUBMITTED, CaseState.ANSWERED, CaseState.CLOSED, CaseState.CANCELLED),
    files_by_act=True,
    list_template="privacy_corrections.html",
    template="privacy_correction.html",
)


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    """By the number of a correction or of a receipt."""
    found = await ROOM.search(session, standing, words)
    if found or not may(standing, Right.PRIVACY_READ, WHOLE_UNION):
        return found
    receipt = await privacy_requests.find_by_number(session, words)
    if receipt is None:
        return []
    return [Found(f"{receipt.number} {receipt.kind.label}", f"{PAGE}/receipts/{receipt.number}", "回执")]


SECTION: Final = Section(
    "privacy",
    "事务",
    "个人信息请求",
    PAGE,
    "shield",
    Right.PRIVACY_READ,
    waiting=ROOM.waiting,
    search=_search,
)


# --- corrections -------------------------------------------------------------------------------------------


@router.get("")
async def corrections(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await case_listing.everything(ROOM, request, desk, shell, now)


@router.get("/corrections/{number}")
async def correction(number: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await ROOM.one(number, desk, shell, now)


@router.post("/corrections/{number}/answer", dependencies=[_WORK])
async def ask_back(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now
) -> Response:
    """A word in between, without an end to it."""
    form = await forms.read(request)
    text = forms.words(form, "text")
    try:
        async with desk.acting() as session:
            case = await ROOM.taken_up(session, desk, number, forms.words(form, "seen"), now)
            done = await case_work.answer(session, case.number, text, desk.by, now, channel="console")
            words = await case_pages.told(session, done, "已回话", office, now)
    except DomainError as error:
        return await ROOM.again(desk, shell, number, error, now, text=text)
    return shell.done(f"{ROOM.page}/{case.number}", words)


@router.post("/corrections/{number}/settle", dependencies=[_WORK])
async def settle(
    number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now
) -> Response:
    form = await forms.read(request)
    text, chosen = forms.words(form, "text"), forms.words(form, "verdict")
    try:
        if chosen not in Verdict.__members__.values():
            raise DomainError("请选「已更正」或「不更正」。")
        verdict = Verdict(chosen)
        async with desk.acting() as session:
            case = await ROOM.taken_up(session, desk, number, forms.words(form, "seen"), now)
            done = await correcting.settle(
                session, case.number, verdict, text, desk.by, now, channel="console"
            )
            words = await case_pages.told(session, done.answered, verdict.label, office, now)
    except DomainError as error:
        return await ROOM.again(desk, shell, number, error, now, text=text)
    return shell.done(f"{ROOM.page}/{case.number}", words)


@router.post("/corrections/{number}/reveal", dependencies=[needs(Right.REPORTER_REVEAL)])
async def reveal(number: str, request: Request, desk: ActingDesk, shell: InShell) -> Response:
    """Whose data it is: without that nothing can be put right."""
    return await ROOM.reveal(number, request, desk, shell)


@router.post("/corrections/{number}/files/{position}", dependencies=[_WORK])
async def open_file(number: str, position: int, desk: ActingDesk) -> Response:
    return await case_looking.open_file(ROOM, number, position, desk)


# --- receipts and consents ---------------------------------------------------------------------------------


@router.get("/receipts")
async def receipts(request: Request, desk: AtDesk, shell: InShell) -> HTMLResponse:
    view = listing.view_of(request, Filter("kind", "要求", {kind.value: kind.label for kind in RequestKind}))
    kind = RequestKind(view.get("kind")) if view.get("kind") else None
    page = listing.Page([], view, None)
    if desk.may(Right.PRIVACY_READ, WHOLE_UNION):
        async with desk.reading() as session:
            chosen = privacy_requests.chosen(kind)
            page = await listing.page(session, chosen, PrivacyRequest.id, view)
    return shell.page("privacy_receipts.html", page=page)


@router.get("/receipts/{number}")
async def receipt(number: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    async with desk.reading() as session:
        found = await privacy_requests.find_by_number(session, number)
    if found is None or not desk.may(Right.PRIVACY_READ, WHOLE_UNION):
        raise NotFound("没有这张回执，或者已过保存期限。")
    lines = privacy_requests.lines_of(found)
    if found.kind is RequestKind.CORRECT and not desk.may(Right.PRIVACY_WORK, WHOLE_UNION):
        lines = [Line(line.what, line.done.partition("：")[0]) for line in lines]  # what it was is not said
    return shell.page("privacy_receipt.html", row=found, lines=lines)


@router.get("/consents")
async def what_consents_stand_at(desk: AtDesk, shell: InShell) -> HTMLResponse:
    found: Sequence[consents.Figures] = []
    if desk.may(Right.PRIVACY_READ, WHOLE_UNION):
        async with desk.reading() as session:
            found = await consents.count(session)
    return shell.page("privacy_consents.html", found=found)
