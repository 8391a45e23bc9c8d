"""What staff do with a 入会申请 or a 资料变更: take up, ask for more, approve, refuse, reveal."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.console import case_looking, forms
from app.console.applications import PAGE, shown
from app.console.entrance import ActingDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import (
    application_lists,
    application_work,
    case_files,
    case_work,
    member_change_work,
    member_lists,
)
from app.services.application_lists import Listed
from app.services.application_work import Admission
from app.services.audit import does
from app.services.permissions import Right

router = APIRouter(prefix="/applications", dependencies=[needs(Right.MEMBERS_DECIDE)])

KEPT: Final = ("text", "reason", "despite", "staff_number", "branch", "joined_on", "name", "phone", "born_on")
CORRECTED: Final = ("name", "phone", "born_on")
_PAGE_WORDS: Final = (  # sentences of the services name commands; here there is something to fill in
    ("请用 --number 写上工号再通过", "请填上工号再通过"),
    ("请用 --branch 写上组织再通过", "请选一个组织再通过"),
    ("请先核对，再用 gonghui members unbind 解除", "请先核对，再到「会员」里解除"),
    ("用 --despite 写明怎样核对的", "在下面写明怎样核对的"),
)

Work = Callable[[AsyncSession, Listed, FormData], Awaitable[str]]


@router.post("/{number}/take")
async def take(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        _an_application(listed)
        _does(session, listed, "applications.take")
        await application_work.take(session, listed.case.number, desk.by, now, channel="console")
        return "由您接办。"

    return await _act(number, request, desk, shell, now, work)


@router.post("/{number}/ask")
async def ask(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        _an_application(listed)
        _does(session, listed, "applications.ask")
        text = forms.words(form, "text")
        await application_work.ask(session, listed.case.number, text, desk.by, now, channel="console")
        return "已请本人补正，等补正时停止计时。"

    return await _act(number, request, desk, shell, now, work)


@router.post("/{number}/approve")
async def approve(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        number = listed.case.number
        if listed.application is None:
            _does(session, listed, "changes.approve", forms.words(form, "despite")[:200])
            despite = forms.words(form, "despite")
            await member_change_work.approve(
                session, number, desk.by, now, despite=despite, channel="console"
            )
            return "已通过，花名册或绑定已经改好，会告诉本人。"
        _does(session, listed, "applications.approve")
        admission = await _admission(session, desk, form)
        done = await application_work.approve(session, number, admission, desk.by, now, channel="console")
        assert done.member is not None
        return f"已通过，{done.member.name}是会员了（工号 {done.member.staff_number}），会告诉本人。"

    return await _act(number, request, desk, shell, now, work)


@router.post("/{number}/refuse")
async def refuse(number: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    async def work(session: AsyncSession, listed: Listed, form: FormData) -> str:
        reason = forms.words(form, "reason")
        number = listed.case.number
        if listed.application is None:
            _does(session, listed, "changes.refuse", reason[:200])
            await member_change_work.refuse(session, number, reason, desk.by, now, channel="console")
        else:
            _does(session, listed, "applications.refuse", reason[:200])
            await application_work.refuse(session, number, reason, desk.by, now, channel="console")
        return "已按未通过办，原因会告诉本人。"

    return await _act(number, request, desk, shell, now, work)


@router.post("/{number}/reveal", dependencies=[needs(Right.MEMBERS_REVEAL)])
async def reveal(number: str, desk: ActingDesk, shell: InShell, now: Now) -> HTMLResponse:
    """Shown once, on this page; the thread keeps who looked, as it does for the command."""
    async with desk.acting() as session:
        listed = await application_lists.get(session, desk.scope(Right.MEMBERS_DECIDE), number, lock=True)
        if not desk.may(Right.MEMBERS_REVEAL, listed.branch_id):
            raise NotFound(f"没有编号为 {number[:24]} 的申请。")
        if listed.application is not None:
            _does(session, listed, "applications.reveal")
            await application_work.open_facts(session, listed.case, desk.by, now)
        else:
            _does(session, listed, "changes.reveal")
            await case_work.note(session, listed.case, "查看了新手机号", desk.by, now)
        values = await shown(session, desk, number, now, whole=True)
    return shell.page("application_one.html", **values)


@router.post("/{number}/files/{position}")
async def file(number: str, position: int, desk: ActingDesk, now: Now) -> Response:
    """A picture may show an identity card: opening one is kept in the thread and in the record."""
    async with desk.acting() as session:
        listed = await application_lists.get(session, desk.scope(Right.MEMBERS_DECIDE), number, lock=True)
        found = await case_files.get_file(session, listed.case, position)
        await case_files.open_files(session, listed.case, [found], desk.by, now)
        _does(session, listed, "applications.file")  # with the branch, which the one before does not know
    return await case_looking.answer_with(found, listed.case.number, desk, shown=False)


# --- parts -------------------------------------------------------------------------------------------------


async def _act(
    number: str, request: Request, desk: Desk, shell: Shell, now: datetime, work: Work
) -> Response:
    """In one transaction, if it is still as the form showed it; else the page again with what was typed."""
    form = await forms.read(request)
    scope = desk.scope(Right.MEMBERS_DECIDE)
    try:
        async with desk.acting() as session:
            listed = await application_lists.get(session, scope, number, lock=True)
            await application_lists.refuse_moved(session, listed, forms.words(form, "version"), now)
            said = await work(session, listed, form)
    except DomainError as error:
        async with desk.reading() as session:
            values = await shown(session, desk, number, now)
        typed = {name: forms.words(form, name) for name in KEPT}
        return shell.refused("application_one.html", _on_page(error), **values, typed=typed)
    return shell.done(f"{PAGE}/{number}", f"{listed.case.number} {said}")


def _on_page(error: DomainError) -> DomainError:
    message = error.message
    for command, words in _PAGE_WORDS:
        message = message.replace(command, words)
    return DomainError(message)


def _does(session: AsyncSession, listed: Listed, act: str, reason: str = "", **details: Any) -> None:
    does(session, act, listed.case.number, branch_id=listed.branch_id, reason=reason or None, **details)


def _an_application(listed: Listed) -> None:
    """Raises: DomainError."""
    if listed.application is None:
        raise DomainError(f"{listed.case.number} 是{listed.case.kind.label}，不是入会申请。")


async def _admission(session: AsyncSession, desk: Desk, form: FormData) -> Admission:
    """Only what staff filled in. Raises: DomainError: no such day; NotFound: a branch that is not his."""
    branch = forms.words(form, "branch")
    scope = desk.scope(Right.MEMBERS_DECIDE)
    lineage = (await member_lists.get_branch(session, scope, branch)).lineage if branch else ""
    said = forms.words(form, "joined_on")
    try:
        joined_on = date.fromisoformat(said) if said else None
    except ValueError:
        raise DomainError("入会日期不对，应写成 2026-03-05。") from None
    corrected = {name: words for name in CORRECTED if (words := forms.words(form, name))}
    return Admission(forms.words(form, "staff_number"), lineage, joined_on, corrected)
