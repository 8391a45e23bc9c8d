"""Signing up on the portal, and saying otherwise afterwards: one form for what an activity asks.

Where it asks nothing the activity's own page has the button. Not here: giving a seat back (`my_sign_ups`).
"""

from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson, Visitor
from app.services import activities, crisis, parties, safety_notices, sign_up_changes, sign_ups
from app.services.parties import BadParty, Guest, Party
from app.services.sign_up_questions import ANSWER_LENGTH, answered, questions_of
from models import LIVE, Activity, SignUp

_PRIVATE = {"Cache-Control": "no-store"}
_MOST = 9  # guests that an organiser may allow

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Filled:
    """Words as they were typed."""

    guests: str = "0"
    names: list[str] = field(default_factory=list)
    ages: list[str] = field(default_factory=list)
    guardian: str = ""
    agrees: bool = False
    accepted: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    def party(self, activity: Activity) -> tuple[int, Party]:
        """How many seats, and who comes along. Raises: BadParty."""
        if not activity.names_guests:
            guests = self.guests if self.guests.isascii() and self.guests.isdecimal() else "0"
            return 1 + int(guests[:2]), Party()
        rows = [(name, age) for name, age in zip(self.names, self.ages, strict=False) if name or age]
        for name, age in rows:
            if not (age.isascii() and age.isdecimal() and len(age) <= 3):
                raise BadParty(f"请写{name or '同伴'}活动那天几周岁，例如 8。")
        found = tuple(Guest(name, int(age)) for name, age in rows)
        return 1 + len(found), Party(found, self.guardian, self.agrees)


def asks(activity: Activity) -> bool:
    return bool(activity.guests or questions_of(activity))


@router.get("/activities/{public_id}/sign-up")
async def form(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> Response:
    """What stands in the way is on the activity's page."""
    activity = await activities.get(session, public_id)
    own = await sign_ups.find_own(session, activity.id, visitor.person_id)
    refused, behind = await sign_ups.outlook(session, activity, visitor.applicant, now)
    if refused or not asks(activity) or (own is not None and own.state in LIVE):
        return RedirectResponse(f"/activities/{public_id}", 303)
    return _page(visitor, activity, Filled(), behind=behind)


@router.post("/activities/{public_id}/sign-up")
async def sign_up(
    visitor: ActingPerson, request: Request, public_id: str, session: WriteSession, now: Now
) -> Response:
    """Danger in an answer is answered first."""
    activity = await activities.get(session, public_id)
    filled = _filled(await request.form(), activity)
    danger = await _heed(session, visitor, filled, now)
    try:
        seats, party = filled.party(activity)
        entry = await sign_ups.sign_up(
            session,
            activity.id,
            visitor.applicant,
            seats=seats,
            answers=dict(answered(activity, filled.answers)),
            party=party,
            accepted=filled.accepted,
            now=now,
        )
    except DomainError as refusal:
        if not asks(activity):
            raise
        return _page(visitor, activity, filled, error=refusal, danger=danger)
    if danger:
        return _danger(danger, entry)
    return RedirectResponse(f"/me/sign-ups/{entry.public_id}", 303)


@router.get("/me/sign-ups/{public_id}/change")
async def change_form(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> HTMLResponse:
    entry = await sign_ups.get_own(session, public_id, visitor.person_id)
    sign_up_changes.check(entry.activity, entry, now)
    return _page(visitor, entry.activity, _as_it_is(entry), entry=entry)


@router.post("/me/sign-ups/{public_id}/change")
async def change(
    visitor: ActingPerson, request: Request, public_id: str, session: WriteSession, now: Now
) -> Response:
    activity_id = await sign_ups.get_own_activity_id(session, public_id, visitor.person_id)
    activity = await sign_ups.lock(session, activity_id)
    filled = _filled(await request.form(), activity)
    danger = await _heed(session, visitor, filled, now)
    try:
        seats, party = filled.party(activity)
        entry = await sign_up_changes.change(
            session,
            activity_id,
            visitor.applicant,
            seats=seats,
            answers=dict(answered(activity, filled.answers)),
            party=party,
            now=now,
        )
    except DomainError as refusal:
        own = await sign_ups.get_own(session, public_id, visitor.person_id)
        return _page(visitor, activity, filled, entry=own, error=refusal, danger=danger)
    if danger:
        return _danger(danger, entry)
    return RedirectResponse(f"/me/sign-ups/{public_id}", 303)


# --- parts -------------------------------------------------------------------------------------------------


def words(form: FormData, name: str, most: int = ANSWER_LENGTH * 2) -> str:
    """What was typed there; of a file nothing."""
    value = form.get(name, "")
    return "" if isinstance(value, UploadFile) else value.replace("\0", "").strip()[:most]


def answers_in(form: FormData, activity: Activity) -> dict[str, str]:
    return {question.key: words(form, f"q_{question.key}") for question in questions_of(activity)}


def _filled(form: FormData, activity: Activity) -> Filled:
    rows = range(1, _MOST + 1)
    return Filled(
        guests=words(form, "guests", 3),
        names=[words(form, f"name_{row}", parties.NAME * 2) for row in rows],
        ages=[words(form, f"age_{row}", 4) for row in rows],
        guardian=words(form, "guardian", parties.NAME * 2),
        agrees=bool(words(form, "agrees")),
        accepted=words(form, "accepted", 16),
        answers=answers_in(form, activity),
    )


def _as_it_is(entry: SignUp) -> Filled:
    answers: Any = entry.answers
    along: Any = entry.party or {}
    guests = parties.guests_of(entry.party)
    return Filled(
        guests=str(entry.seats - 1),
        names=[each.name for each in guests],
        ages=[str(each.age) for each in guests],
        guardian=along.get("guardian", {}).get("name", ""),
        answers={key: str(value) for key, value in answers.items() if value},
    )


async def _heed(session: WriteSession, visitor: Visitor, filled: Filled, now: Now) -> str:
    said = "\n".join([*filled.answers.values(), *filled.names, filled.guardian])
    return await crisis.heed(session, visitor.person_id, said, "portal", now)


def _danger(said: str, entry: SignUp) -> HTMLResponse:
    to = f"/me/sign-ups/{entry.public_id}"
    page = render("notice.html", heading="先看这里", words=said, to=to, label="看我的报名")
    return HTMLResponse(page, headers=_PRIVATE)


def _page(
    visitor: Visitor,
    activity: Activity,
    filled: Filled,
    *,
    entry: SignUp | None = None,
    behind: str = "",
    error: DomainError | None = None,
    danger: str = "",
) -> HTMLResponse:
    at = f"/activities/{activity.public_id}" if entry is None else f"/me/sign-ups/{entry.public_id}"
    questions = questions_of(activity)
    most = max(activity.guests, entry.seats - 1 if entry is not None else 0)
    page = render(
        "sign_up_form.html",
        activity=activity,
        questions=questions,
        filled=filled,
        names=[*filled.names, *[""] * most],
        ages=[*filled.ages, *[""] * most],
        answers={question.key: filled.answers.get(question.key, "") for question in questions},
        entry=entry,
        back=at,
        address=f"{at}/{'sign-up' if entry is None else 'change'}",
        behind=behind,
        most=most,
        notice=safety_notices.version(activity) if entry is None else "",
        consent=parties.consent(activity, "", "上面不满 14 周岁的孩子"),
        error=error.message if error is not None else "",
        danger=danger,
        token=visitor.form_token,
    )
    return HTMLResponse(page, error.status if error is not None else 200, headers=_PRIVATE)
