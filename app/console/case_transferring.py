"""转到别的台: the form by which a case goes to another desk, and the act; alike in all rooms it may leave."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms
from app.console.case_pages import told
from app.console.case_room import AnyRoom
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import case_threads, case_transfers
from app.services.case_transfers import REASON_LENGTH, TOPICS, Transfer
from app.services.consultation_facts import Opponent
from models import CaseKind, ComplaintSort

FIELDS: Final = ("about", "why", "agreed", "opponent", "sort", "seen")


def add_to(router: APIRouter, room: AnyRoom) -> None:
    may_answer = [needs(room.answers)]

    @router.get("/{number}/transfer", dependencies=may_answer)
    async def choosing(number: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
        async with desk.reading() as session:
            shown = await _form(room, session, desk, number, desk.shared.clock.now())
        return shell.page("case_transfer.html", **shown, typed={})

    @router.post("/{number}/transfer", dependencies=may_answer)
    async def transfer(
        number: str, request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now
    ) -> Response:
        form = await forms.read(request)
        typed = {name: forms.words(form, name) for name in FIELDS}
        try:
            async with desk.acting() as session:
                case = await room.locked(session, desk, number, room.answers)
                await case_threads.refuse_unseen(session, case, forms.number(typed["seen"]) or 0, now)
                done = await case_transfers.transfer(session, case, _read(typed), desk.by, now)
                words = await told(session, done, f"已转到{case.kind.label}", office, now)
        except DomainError as error:
            if error.status in (403, 404):
                raise
            async with desk.reading() as session:
                shown = await _form(room, session, desk, number, now)
            return shell.refused("case_transfer.html", error, **shown, typed=typed)
        return shell.done(room.page, words)


def _read(typed: dict[str, str]) -> Transfer:
    """Raises: DomainError: something was not chosen."""
    kind, _, topic = typed["about"].partition(":")
    if kind not in set(TOPICS):
        raise DomainError("请选转到哪里、是哪方面的事。")
    return Transfer(
        CaseKind(kind),
        topic,
        typed["why"].strip(),
        typed["agreed"],
        Opponent(typed["opponent"]) if typed["opponent"] in set(Opponent) else None,
        ComplaintSort(typed["sort"]) if typed["sort"] in set(ComplaintSort) else None,
    )


async def _form(
    room: AnyRoom, session: AsyncSession, desk: Desk, number: str, now: datetime
) -> dict[str, Any]:
    case = await room.find(session, desk.standing, number)
    room.demand(desk, case, room.answers)
    targets = case_transfers.targets(case)
    _, seen = await case_threads.read(session, case, now)
    return {
        "room": room,
        "case": case,
        "seen": seen,
        "abouts": {kind: list(TOPICS[kind]) for kind in targets},
        "of_lawyer": case.kind is CaseKind.CONSULTATION,
        "opponents": list(Opponent),
        "sorts": list(ComplaintSort),
        "longest": REASON_LENGTH,
    }
