"""What helps whoever writes an answer: words put into it with one press, and what was typed kept.

And beside it notes for colleagues and reminders; alike in all rooms of cases.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.clock import spoken
from app.console import case_beside, forms, navigation
from app.console.case_room import AnyRoom
from app.console.entrance import Desk
from app.console.office import Office
from app.console.shell import Shell
from app.errors import DomainError
from app.services import (
    canned_replies,
    case_drafts,
    case_links,
    case_mentions,
    case_reminders,
    case_work,
    knowledge_pieces,
    typing_hints,
)
from models import Case

_CALLED: Final = 20  # characters of a name
_BESIDE: Final = ("elsewhere",)  # fields that may stand beside it in its form
_FIELDS: Final = ("text", "reason", "result", "missing", "why")  # in which words for its person are written


def field_of(form: FormData) -> str:
    """Which field of a form holds the words for the person."""
    named = forms.words(form, "field")
    return named if named in _FIELDS else _FIELDS[0]


async def fill(room: AnyRoom, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
    """The page again with words put below what was typed: nothing is kept, and nothing sent."""
    form = await forms.read(request)
    field = field_of(form)
    return await filled(
        room,
        number,
        desk,
        shell,
        desk.shared.clock.now(),
        field=field,
        text=forms.words(form, field),
        kept={name: forms.words(form, name) for name in _BESIDE if name in form},
        **{name: forms.words(form, name) for name in ("canned", "put", "called", "q")},
    )


async def filled(
    room: AnyRoom,
    number: str,
    desk: Desk,
    shell: Shell,
    now: datetime,
    *,
    field: str = "text",
    text: str | None = None,
    canned: str = "",
    put: str = "",
    called: str = "",
    q: str = "",
    kept: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """`canned` are those put in before, `put` is the next (or an answer of ours), `q` what is looked for.

    Without `text` it is what was kept of one's own. `kept` are other fields of the same form.
    """
    words, refused = " ".join(forms.plain(q).split())[: case_beside.ASKED_LENGTH], None
    async with desk.reading() as session:
        shown = await room.shown(session, desk, number, now)
        case = shown["case"]
        room.demand(desk, case, room.answers)
        text = shown.get("draft", "") if text is None else text
        try:
            if ":" in put:
                piece = knowledge_pieces.get(desk.shared.library, put)
                text = canned_replies.added(text, knowledge_pieces.words_of(piece))
            elif put:
                reply = await canned_replies.get(session, desk.standing, put)
                more = canned_replies.fill(reply.text, case, desk.standing, now, called[:_CALLED])
                text, canned = canned_replies.added(text, more), f"{canned} {put}".strip()
        except DomainError as error:
            refused = error
        if words:
            shown |= await case_beside.sought(session, desk, case, room.answers, words)
    typed = {**kept, field: text, "field": field, "canned": canned, "q": words, "is_aided": True}
    if refused is not None:
        return shell.refused(room.template, refused, **shown, typed=typed)
    return shell.page(room.template, **shown, typed=typed)


async def note(room: AnyRoom, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
    text = forms.words(await forms.read(request), "note")

    async def written(session: AsyncSession, case: Case, now: datetime) -> str:
        await case_mentions.write(session, case, text, desk.standing, room.reads, now)
        return "备注已写好，本人看不到。"

    return await room.does(number, desk, shell, written, note=text)


async def link(
    room: AnyRoom, number: str, request: Request, desk: Desk, shell: Shell, *, undo: bool = False
) -> Response:
    """Show another case's number beside this one, or not any more."""
    other = forms.words(await forms.read(request), "other")

    async def done(session: AsyncSession, case: Case, now: datetime) -> str:
        return await linked(session, case, other, request, desk, now, undo=undo)

    return await room.does(number, desk, shell, done, other=other)


async def linked(
    session: AsyncSession,
    case: Case,
    number: str,
    request: Request,
    desk: Desk,
    now: datetime,
    *,
    undo: bool = False,
) -> str:
    """What is said of it.

    Raises: DomainError: there is no such case that he may read, or they are not to be linked.
    """
    number, sections = number.strip().upper()[:24], request.app.state.sections
    if await navigation.find_number(sections, session, desk.standing, number) is None:
        raise DomainError(f"没有编号为 {number} 的事项，或者您不能看。")
    other = await case_work.get_case(session, number)
    if undo:
        await case_links.unlink(session, case, other)
        return f"{case.number} 和 {other.number} 不再关联。"
    await case_links.link(session, case, other, desk.by, now)
    return f"{case.number} 和 {other.number} 已关联。"


async def remind(room: AnyRoom, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
    form = await forms.read(request)
    day, hour, why = (forms.words(form, name) for name in ("day", "hour", "remind"))

    async def kept(session: AsyncSession, case: Case, now: datetime) -> str:
        due_at = case_reminders.moment_of(case, day, hour)
        await case_reminders.add(session, case, desk.standing, due_at, why, now)
        return f"{spoken(due_at, now, read_later=True)} 提醒您。"

    return await room.does(number, desk, shell, kept, day=day, hour=hour, remind=why)


async def settle(room: AnyRoom, number: str, reminder: str, desk: Desk, shell: Shell) -> Response:
    """A reminder is done, or not wanted any more."""

    async def settled(session: AsyncSession, case: Case, now: datetime) -> str:
        await case_reminders.end(session, case, desk.standing, reminder, now)
        return "提醒已了结。"

    return await room.does(number, desk, shell, settled)


async def types(room: AnyRoom, number: str, desk: Desk, office: Office) -> Response:
    """An answer is being typed: the person's chat shows it where it may. Whether it did, nobody hears."""
    async with desk.reading() as session:
        case = await room.find(session, desk.standing, number)
        room.demand(desk, case, room.answers)
        now, app_id = desk.shared.clock.now(), office.settings.wechat_app_id
        openid = await typing_hints.find_openid(session, case, now, app_id) if office.shows_typing else None
    if openid is not None and office.shows_typing is not None:
        await office.shows_typing(openid)
    return Response(status_code=204)


async def draft(room: AnyRoom, number: str, request: Request, desk: Desk, shell: Shell) -> Response:
    """Keep what is typed; a page that does so by itself hears only that it was done."""
    form, now = await forms.read(request), desk.shared.clock.now()
    text, seen = forms.words(form, field_of(form)), forms.number(forms.words(form, "seen")) or 0
    async with desk.shared.database.transaction() as session:
        case = await room.locked(session, desk, number, room.answers)
        is_kept = await case_drafts.save(session, case, desk.standing, text, seen, now)
    said = f"草稿已存，{case_drafts.KEPT_FOR.days} 天内再打开还在。" if is_kept else ""
    if request.headers.get("hx-request"):
        return HTMLResponse(said)
    return shell.done(f"{room.page}/{case.number}", said or "没有要存的草稿。")
