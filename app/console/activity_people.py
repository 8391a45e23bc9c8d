"""Who signed up for an activity: states, waiting list, who is let in, a list to take away."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.console import forms, listing
from app.console.activities import PAGE, allowed, begin_export
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import approvals, invitations, participants, team_rosters
from app.services.audit import does
from app.services.permissions import Right
from models import SignUp, SignUpState

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_PEOPLE)])

_RIGHT: Final = Right.ACTIVITIES_PEOPLE
CHANNEL: Final = "console"


@router.get("/{public_id}/people")
async def people(public_id: str, request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await _page(public_id, request, desk, shell, now)


@router.post("/{public_id}/people/approve")
async def approve(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """Those whose codes were sent; without any, all that wait."""
    codes = [code for code in forms.several(await forms.read(request), "code") if code][:200]
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, _RIGHT)
            let_in = await approvals.approve(session, public_id, codes, by=desk.by, channel=CHANNEL, now=now)
            if let_in:
                branch_id = activity.branch_id
                does(session, "activity.approve", public_id, branch_id=branch_id, count=len(let_in))
    except NotFound:
        raise
    except DomainError as error:
        return await _page(public_id, request, desk, shell, now, error=error)
    said = f"已通过 {len(let_in)} 份报名，将通知本人。" if let_in else "没有待审核的报名。"
    return shell.done(f"{PAGE}/{public_id}/people", said)


@router.post("/{public_id}/people/export")
async def export(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    return await begin_export(desk, shell, public_id, _RIGHT, "activities.people", "报名名单", now)


@router.get("/{public_id}/people/{code}")
async def one(public_id: str, code: str, desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await _one(public_id, code, desk, shell)


@router.post("/{public_id}/people/{code}/reveal")
async def reveal(public_id: str, code: str, desk: ActingDesk, shell: InShell) -> HTMLResponse:
    async with desk.acting() as session:
        activity = await allowed(session, desk, public_id, _RIGHT)
        await participants.get(session, activity, code)
        does(session, "activity.reveal", code, branch_id=activity.branch_id, activity=public_id)
    return await _one(public_id, code, desk, shell, hidden=False)


@router.post("/{public_id}/people/{code}/reject")
async def reject(
    public_id: str, code: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    reason = forms.words(await forms.read(request), "reason")
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, _RIGHT)
            branch_id = activity.branch_id
            await approvals.reject(
                session, public_id, code, by=desk.by, reason=reason, channel=CHANNEL, now=now
            )
            does(
                session, "activity.reject", code, branch_id=branch_id, reason=reason[:200], activity=public_id
            )
    except NotFound:
        raise
    except DomainError as error:
        return await _one(public_id, code, desk, shell, error=error, reason=reason)
    return shell.done(f"{PAGE}/{public_id}/people", "已记为未通过，将通知本人；名额让给候补的人。")


@router.post("/{public_id}/people/{code}/give-seat")
async def give_seat(
    public_id: str, code: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    beyond = bool(forms.words(await forms.read(request), "beyond"))
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, _RIGHT)
            await invitations.give_seat(session, public_id, code, by=desk.by, beyond=beyond, now=now)
            branch_id = activity.branch_id
            does(session, "activity.give_seat", code, branch_id=branch_id, activity=public_id, beyond=beyond)
    except NotFound:
        raise
    except DomainError as error:
        return await _one(public_id, code, desk, shell, error=error)
    return shell.done(f"{PAGE}/{public_id}/people/{code}", "已给名额，将通知本人。")


@router.post("/{public_id}/people/invite")
async def invite(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    typed = {name: forms.words(form, name) for name in ("staff_number", "name", "beyond")}
    number, name, beyond = typed["staff_number"], typed["name"], bool(typed["beyond"])
    try:
        async with desk.acting() as session:
            activity = await allowed(session, desk, public_id, _RIGHT)
            entry = await invitations.invite(
                session, public_id, number, name, by=desk.by, beyond=beyond, now=now
            )
            code, branch_id = entry.public_id, activity.branch_id
            does(session, "activity.invite", code, branch_id=branch_id, activity=public_id, beyond=beyond)
    except DomainError as error:
        return await _page(public_id, request, desk, shell, now, error=error, typed=typed)
    return shell.done(f"{PAGE}/{public_id}/people", f"已请{name}参加，将通知本人。")


# --- parts -------------------------------------------------------------------------------------------------


async def _page(
    public_id: str,
    request: Request,
    desk: Desk,
    shell: Shell,
    now: datetime,
    error: DomainError | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    view = listing.view_of(request, Filter("state", "状态", {each.value: each.label for each in SignUpState}))
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, _RIGHT)
        state = SignUpState(view.get("state")) if view.get("state") else None
        page = await listing.page(session, participants.chosen(activity, state), SignUp.id, view)
        states = await participants.count_states(session, activity)
        rosters = await team_rosters.list_all(session, activity)
    values: dict[str, Any] = {
        "activity": activity,
        "page": page,
        "view": view,
        "states": states,
        "rosters": rosters,
        "pending": sum(count for each, count, _ in states if each is SignUpState.PENDING_APPROVAL),
        "participant": participants.participant,
        "ahead": activity.is_ahead(now),
        "typed": typed,
    }
    if error is not None:
        return shell.refused("activity_people.html", error, **values)
    return shell.page("activity_people.html", **values)


async def _one(
    public_id: str,
    code: str,
    desk: Desk,
    shell: Shell,
    *,
    hidden: bool = True,
    error: DomainError | None = None,
    reason: str = "",
) -> HTMLResponse:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, _RIGHT)
        who = await participants.get(session, activity, code)
        moves = await participants.list_moves(session, who.entry)
    values: dict[str, Any] = {
        "activity": activity,
        "who": who,
        "moves": moves,
        "answers": participants.answers(activity, who.entry, hidden=hidden),
        "agreed": participants.agreed(activity, who.entry),
        "hides": hidden and participants.hides(activity, who.entry),
        "reason": reason,
        "may_get": invitations.MAY_GET,
        "address": f"{PAGE}/{public_id}/people/{code}",
    }
    if error is not None:
        return shell.refused("activity_person.html", error, **values)
    return shell.page("activity_person.html", **values)
