"""写成知识: an answered case becomes the draft of an answer for everybody, without whom it was about."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from app.console import forms
from app.console.case_pages import CaseRoom
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.services import case_knowledge, case_lists, content_forms, contents
from app.services.content_forms import Filled
from app.services.permissions import Right
from models import ContentKind

_CONTENT: Final = "/console/content"


def add_to(router: APIRouter, room: CaseRoom) -> None:
    if not set(room.room.kinds) & set(case_knowledge.KINDS):
        return

    @router.get("/{number}/knowledge", dependencies=[needs(room.answers)])
    async def writing(
        number: str, desk: AtDesk, shell: InShell, now: Now, kind: ContentKind | None = None
    ) -> Response:
        return await _form(room, number, kind, desk, shell)

    @router.post("/{number}/knowledge", dependencies=[needs(room.answers)])
    async def start(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
        return await _start(room, number, request, desk, shell, now)


async def _start(
    room: CaseRoom, number: str, request: Request, desk: Desk, shell: Shell, now: datetime
) -> Response:
    form = await forms.read(request)
    try:
        kind = ContentKind(forms.words(form, "kind"))
    except ValueError:
        kind = ContentKind.ARTICLE  # of which no case becomes one: refused below
    key, filled = forms.words(form, "key"), _filled(form, kind)
    try:
        async with desk.acting() as session:
            case = await room.locked(session, desk, number, room.answers)
            checked = forms.words(form, "checked") == "yes"
            draft = await case_knowledge.start(
                session, case, kind, key, filled, checked=checked, by=desk.standing, now=now
            )
    except contents.AlreadyThere as twice:
        return shell.done(f"{room.page}/{number}", twice.message)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return await _form(room, number, kind, desk, shell, filled=filled, key=key, error=error)
    if desk.may(Right.CONTENT_WRITE, None):
        said = "草稿有了。补齐其余各项，再提交审核。"
        return shell.done(f"{_CONTENT}/{kind}/{draft.key}/edit", said)
    return shell.done(
        f"{room.page}/{case.number}", "已写成草稿，由写内容的同事补齐、提交审核，再由另一人审核。"
    )


async def _form(
    room: CaseRoom,
    number: str,
    kind: ContentKind | None,
    desk: Desk,
    shell: Shell,
    *,
    filled: Filled | None = None,
    key: str = "",
    error: DomainError | None = None,
) -> HTMLResponse:
    async with desk.reading() as session:
        case = await case_lists.get(session, room.room, desk.scope(room.reads), number)
        desk.demand(room.answers, case.branch_id)
        kinds = case_knowledge.KINDS.get(case.kind, ())
        kind = kind if kind in kinds else next(iter(kinds), ContentKind.TIP)
        proposed = await case_knowledge.propose(session, case, kind)
    typed = filled if filled is not None and error is not None and "title" in filled else proposed.filled
    values: dict[str, Any] = {
        "at": f"{room.page}/{case.number}",
        "case": case,
        "kind": kind,
        "kinds": kinds,
        "key": key or contents.new_key(kind),
        "question": proposed.question,
        "answer": proposed.answer,
        "first": case_knowledge.FIRST[kind],
        "filled": typed,
        "steps": "\n".join(words for _, words in typed["blocks"]),
        "categories": content_forms.categories(kind),
    }
    if error is not None:
        return shell.refused("case_knowledge.html", error, **values)
    return shell.page("case_knowledge.html", **values)


def _filled(form: FormData, kind: ContentKind) -> Filled:
    """What was typed: a line of the steps is a step."""
    if kind not in case_knowledge.FIELDS:
        return {"blocks": []}
    filled = content_forms.empty(kind)
    filled |= {name: forms.words(form, name) for name in case_knowledge.FIELDS[kind]}
    steps = [line.strip() for line in forms.words(form, "steps").split("\n") if line.strip()]
    return filled | {"blocks": [["step", each] for each in steps] or [["step", ""]]}
