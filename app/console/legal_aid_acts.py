"""What staff do with a 法律援助申请: name what is missing, decide, assign; carry, tell, conclude.

And beside that what is done in all rooms of cases: notes, drafts, papers, who it is.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.clock import civil_date
from app.console import case_beside, case_looking, case_printing, case_routes, forms
from app.console.entrance import ActingDesk, Desk, needs
from app.console.legal_aid_room import PAGE, ROOM
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.services import (
    legal_aid_carrying,
    legal_aid_lists,
    legal_aid_work,
    staff,
)
from app.services.audit import does
from app.services.legal_aid_carrying import CARRIED
from app.services.legal_aid_lists import Listed
from app.services.legal_aid_work import Tap
from app.services.permissions import Right

router = APIRouter(prefix="/legal-aid", dependencies=[needs(Right.AID_READ)])

KEPT: Final = ("missing", "until", "reason", "why", "lawyer", "text", "result", "field", "canned")
DECIDES, CARRIES = needs(Right.AID_DECIDE), needs(Right.AID_CARRY)

Work = Callable[[AsyncSession, Listed, FormData], Awaitable[str]]


@router.post("/{number}/ask", dependencies=[DECIDES])
async def ask(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        _does(session, listed, "aid.ask")
        until = _day(form) or civil_date(now)
        missing = forms.words(form, "missing")
        await legal_aid_work.ask(session, listed.case.number, missing, until, desk.standing, now)
        return "已一次性告知本人，等补材料时停止计时。"

    return await _act(number, request, desk, shell, now, Right.AID_DECIDE, work)


@router.post("/{number}/accept", dependencies=[DECIDES])
async def accept(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        _does(session, listed, "aid.accept")
        await legal_aid_work.accept(session, listed.case.number, desk.standing, now)
        return "材料已收齐，开始审查。"

    return await _act(number, request, desk, shell, now, Right.AID_DECIDE, work)


@router.post("/{number}/grant", dependencies=[DECIDES])
async def grant(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        _does(session, listed, "aid.grant")
        await legal_aid_work.grant(session, listed.case.number, desk.standing, now)
        return "已同意援助，会告诉本人。请在 3 天内指派律师。"

    return await _act(number, request, desk, shell, now, Right.AID_DECIDE, work)


@router.post("/{number}/reject", dependencies=[DECIDES])
async def reject(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        reason = forms.words(form, "reason")
        _does(session, listed, "aid.reject", reason)
        await legal_aid_work.reject(session, listed.case.number, reason, desk.standing, now, tap=_tap(desk))
        return "不予援助，理由和提出异议的办法会告诉本人。"

    return await _act(number, request, desk, shell, now, Right.AID_DECIDE, work)


@router.post("/{number}/uphold", dependencies=[DECIDES])
async def uphold(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        reason = forms.words(form, "reason")
        _does(session, listed, "aid.uphold", reason)
        await legal_aid_work.uphold(session, listed.case.number, reason, desk.standing, now)
        return "维持原来的决定，理由会告诉本人。"

    return await _act(number, request, desk, shell, now, Right.AID_DECIDE, work)


@router.post("/{number}/terminate", dependencies=[DECIDES])
async def terminate(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        reason = forms.words(form, "reason")
        _does(session, listed, "aid.terminate", reason)
        await legal_aid_work.terminate(
            session, listed.case.number, reason, desk.standing, now, tap=_tap(desk)
        )
        return "援助已终止，理由和提出异议的办法会告诉本人。"

    return await _act(number, request, desk, shell, now, Right.AID_DECIDE, work)


@router.post("/{number}/assign", dependencies=[DECIDES])
async def assign(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        lawyer = await staff.get_by_login(session, forms.words(form, "lawyer"))
        why = forms.words(form, "why")
        act = "aid.reassign" if listed.case.state in CARRIED else "aid.assign"
        _does(session, listed, act, why)
        await legal_aid_carrying.assign(
            session,
            listed.case.number,
            lawyer,
            desk.standing,
            now,
            why=why,
            missing=forms.words(form, "missing"),
            until=_day(form),
        )
        return f"已指派{lawyer.name}承办，会告诉本人和承办人。"

    return await _act(number, request, desk, shell, now, Right.AID_DECIDE, work)


@router.post("/{number}/begin", dependencies=[CARRIES])
async def begin(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        _does(session, listed, "aid.begin")
        await legal_aid_carrying.begin(session, listed.case.number, desk.standing, now)
        return "开始承办，会告诉本人。"

    return await _act(number, request, desk, shell, now, Right.AID_CARRY, work)


@router.post("/{number}/tell", dependencies=[CARRIES])
async def tell(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        _does(session, listed, "aid.tell")
        text = forms.words(form, "text")
        await legal_aid_carrying.tell(session, listed.case.number, text, desk.standing, now)
        return "会告诉本人。"

    return await _act(number, request, desk, shell, now, Right.AID_CARRY, work)


@router.post("/{number}/conclude", dependencies=[CARRIES])
async def conclude(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        _does(session, listed, "aid.conclude")
        result = forms.words(form, "result")
        await legal_aid_carrying.conclude(session, listed.case.number, result, desk.standing, now)
        return "已结案，结果会告诉本人。"

    return await _act(number, request, desk, shell, now, Right.AID_CARRY, work)


# --- beside it, and who it is ------------------------------------------------------------------------------

case_routes.add_writing(router, ROOM)
case_routes.add_notes(router, ROOM)
case_routes.add_following(router, ROOM)
case_routes.add_names(router, ROOM)
case_routes.add_originals(router, ROOM)
case_printing.add_to(router, ROOM)


@router.post("/{number}/files/{position}")
async def file(number: str, position: int, desk: ActingDesk) -> Response:
    """Papers show incomes and illnesses: opening one is kept in the thread and in the record."""
    return await case_looking.open_file(ROOM, number, position, desk)


# --- parts -------------------------------------------------------------------------------------------------


async def _act(
    number: str, request: Request, desk: Desk, shell: Shell, now: datetime, right: Right, work: Work
) -> Response:
    """In one transaction, if it is still as the form showed it; else the page again with what was typed."""
    form = await forms.read(request)
    try:
        async with desk.acting() as session:
            listed = await _locked(session, desk, number, now)
            desk.demand(right, listed.case.branch_id)
            await legal_aid_lists.refuse_moved(session, listed.case, forms.words(form, "mark"))
            said = await work(session, listed, form)
            if forms.words(form, "field"):
                await case_beside.sent(session, desk, listed.case, form)
    except DomainError as error:
        typed = {name: forms.words(form, name) for name in KEPT}
        return await ROOM.again(desk, shell, number, error, now, **typed)
    return shell.done(f"{PAGE}/{listed.case.number}", f"{listed.case.number} {said}")


async def _locked(session: AsyncSession, desk: Desk, number: str, now: datetime) -> Listed:
    """Raises: NotFound: none, or not his matter."""
    asked = legal_aid_lists.asked_by(desk.standing, now)
    return await legal_aid_lists.get(session, asked, number, lock=True)


def _tap(desk: Desk) -> Tap:
    return lambda label, number: desk.shared.tap(label, f"legal_aid.object?number={number}")


def _day(form: FormData) -> date | None:
    """Raises: DomainError."""
    said = forms.words(form, "until")
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise DomainError("补材料的期限不对，应写成 2026-12-05。") from None


def _does(session: AsyncSession, listed: Listed, act: str, reason: str = "") -> None:
    does(session, act, listed.case.number, branch_id=listed.case.branch_id, reason=reason[:200] or None)
