"""代录: staff write down what somebody said on the telephone or at the counter; later, whose case it is."""

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.console import consultations, forms
from app.console.case_pages import CaseRoom
from app.console.cases import ROOM
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import case_callers, case_lists, kept_answers
from app.services.case_callers import LONGEST, NAME_LENGTH, Caller, Came, Told
from app.services.consultation_facts import Opponent
from app.services.feedback_topics import FeedbackTopic
from app.services.kept_answers import Answer, Call
from app.services.legal_topics import LegalTopic
from app.services.permissions import Right
from models import CaseKind
from models.types import public_id

PAGE: Final = "/console/callers"
ROOMS: Final = {CaseKind.FEEDBACK: ROOM, CaseKind.CONSULTATION: consultations.ROOM}
FIELDS: Final = ("came", "about", "name", "phone", "staff_number", "words", "opponent", "agrees", "once")
ABOUTS: Final = {CaseKind.FEEDBACK: list(FeedbackTopic), CaseKind.CONSULTATION: list(LegalTopic)}

router = APIRouter(prefix="/callers", dependencies=[needs(Right.CALLERS_WRITE)])


@router.get("")
async def blank(shell: InShell) -> HTMLResponse:
    return shell.page("caller.html", **_form(), typed={"once": public_id()})


@router.post("")
async def write_down(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    form = await forms.read(request)
    typed = {name: forms.words(form, name) for name in FIELDS}
    try:
        caller, told = _read(typed)
        number = await _written_down(desk, typed, caller, told, now)
    except DomainError as error:
        return shell.refused("caller.html", error, **_form(), typed=typed)
    room = ROOMS[told.kind]
    to = f"{room.page}/{number}" if desk.may(room.reads) else PAGE
    return shell.done(to, f"已录成 {number}，请把编号告诉来的人。")


@router.post("/{number}/join")
async def join(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    """The case turns out to be this member's."""
    form = await forms.read(request)
    staff_number, name = (forms.words(form, each) for each in ("staff_number", "name"))
    room = await _room_of(desk, number)
    try:
        async with desk.acting() as session:
            case = await case_lists.get(session, room.room, desk.scope(room.answers), number, lock=True)
            member = await case_callers.join(session, case, staff_number, name, desk.by, now)
    except DomainError as error:
        return shell.done(f"{room.page}/{number}", error.message)
    return shell.done(f"{room.page}/{number}", f"已关联到{member.name}，以后的答复会到他的微信。")


async def _written_down(desk: Desk, typed: dict[str, str], caller: Caller, told: Told, now: datetime) -> str:
    """The number; of a form that was sent twice the same. Raises: DomainError."""
    once = Call(desk.standing.staff_id, "console/callers", typed["once"], "", b"")
    async with desk.shared.database.reading() as session:
        if (before := await kept_answers.find(session, once, now)) is not None:
            return before.body
    async with desk.acting() as session:
        kept = await kept_answers.begin(session, once, now)
        if isinstance(kept, Answer):
            raise DomainError(f"这张表刚才已经录成 {kept.body}。")
        opened = await case_callers.write_down(session, caller, told, Came(typed["came"]), desk.by, now)
        await kept_answers.keep(session, kept, Answer(201, {}, opened.number))
    return opened.number


async def _room_of(desk: Desk, number: str) -> CaseRoom:
    """Raises: NotFound."""
    async with desk.reading() as session:
        for room in ROOMS.values():
            with suppress(NotFound):
                await case_lists.get(session, room.room, desk.scope(room.answers), number)
                return room
    raise NotFound("没有找到这件事项，请核对编号。")


def _read(typed: dict[str, str]) -> tuple[Caller, Told]:
    """Raises: DomainError: something was not chosen."""
    kind, _, topic = typed["about"].partition(":")
    if kind not in set(ABOUTS):
        raise DomainError("请选是哪方面的事。")
    if typed["came"] not in set(Came):
        raise DomainError("请选是来电、来访还是来信。")
    is_legal, opponent = kind == CaseKind.CONSULTATION, typed["opponent"]
    if is_legal and opponent not in set(Opponent):
        raise DomainError("请选对方是谁：对方是本公司的，不会交给公司的法务部门。")
    against = Opponent(opponent) if is_legal else Opponent.OTHER
    told = Told(CaseKind(kind), topic, typed["words"], against, typed["agrees"] == "yes")
    return Caller(typed["name"], typed["phone"], typed["staff_number"]), told


def _form() -> dict[str, Any]:
    return {
        "page": PAGE,
        "ways": list(Came),
        "abouts": ABOUTS,
        "opponents": list(Opponent),
        "longest": LONGEST,
        "longest_name": NAME_LENGTH,
    }
