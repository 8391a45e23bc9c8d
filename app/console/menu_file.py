"""The menu file in the console: written with checks and completion, tried, compared, applied.

Nothing but applying changes anything. The file on the server's disk stays as it is.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, QueryParams, UploadFile

from app.console import forms
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.menus import PAGE, number_of, put_in_force
from app.console.office import Office, OfficeInUse
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, OperatorError
from app.menus import adding, revisions, trying
from app.menus.buttons import conditional_menus, default_menu
from app.menus.file import read
from app.menus.known import Handlers
from app.menus.mistakes import MenuMistakes, Mistake
from app.menus.model import MenuFile
from app.services import questions
from app.services.audiences import KINDS, SEXES
from app.services.audit import does
from app.services.permissions import Right
from models import MenuRevision

FILE: Final = f"{PAGE}/file"
LONGEST_SENTENCE: Final = 200
SPLIT: Final = re.compile(r"[,，、;；\s]+")
TRY_FIELDS: Final = ("sentence", "tags", "branch", "kind", "sex", "areas", "at")

router = APIRouter(prefix="/menus", dependencies=[needs(Right.MENUS_READ)])


@dataclass
class Sheet:
    """What the page of the file shows."""

    text: str
    base: int  # the revision it was written on
    note: str = ""
    filled: Mapping[str, str] = field(default_factory=dict)  # of the sentence to try
    mistakes: tuple[Mistake, ...] = ()
    warnings: tuple[Mistake, ...] = ()
    difference: str = ""
    tried: str = ""
    verdict: str = ""
    error: str = ""
    line: int = 0  # to go to
    question: int = 0  # the unanswered one a keyword is written for


@router.get("/file")
async def file(
    desk: AtDesk,
    shell: InShell,
    office: OfficeInUse,
    question: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> HTMLResponse:
    """The live text; with a keyword for a question that nobody could answer, for somebody to fill in."""
    async with desk.reading() as session:
        sheet = await _live(session)
        asked = (await questions.get(session, question)).text if question else ""
    if asked:
        sheet.question = question
        try:
            sheet.text, sheet.line = adding.with_keyword(sheet.text, asked)
        except DomainError as refused:
            sheet.error = refused.message
    return _page(shell, office, sheet)


@router.post("/file")
async def work(request: Request, desk: ActingDesk, shell: InShell, office: OfficeInUse, now: Now) -> Response:
    """One of the buttons below the text: check, compare, try a sentence, apply."""
    form = await forms.read(request)
    sheet = _sheet(form)
    if form.get("do") == "apply":
        return await _apply(desk, shell, office, sheet, now)
    checked = await _checked(sheet, office)
    if form.get("do") == "compare" and checked is not None:
        async with desk.reading() as session:
            sheet.difference = revisions.compared(await revisions.live(session), sheet.text, checked)
    if form.get("do") == "try" and checked is not None:
        sheet.tried, sheet.error = _tried(checked, office.known, sheet.filled, now)
    status = 422 if sheet.error else 200
    return _page(shell, office, sheet, status=status)


@router.post("/check")
async def check(request: Request, desk: ActingDesk, office: OfficeInUse) -> JSONResponse:
    """For the editor, while somebody types. Changes nothing, hence is no act."""
    sheet = _sheet(await forms.read(request))
    await _checked(sheet, office)
    return JSONResponse(
        {
            "verdict": sheet.verdict,
            "mistakes": [_told(each) for each in sheet.mistakes],
            "warnings": [_told(each) for each in sheet.warnings],
        }
    )


@router.get("/try")
async def try_live(
    request: Request, desk: AtDesk, shell: InShell, office: OfficeInUse, now: Now
) -> HTMLResponse:
    """A sentence against what is live; the address can be sent to a colleague."""
    filled = _filled(request.query_params)
    said, error = "", ""
    async with desk.reading() as session:
        revision = await revisions.live(session)
    if filled["sentence"] and revision is not None:
        try:
            checked = await asyncio.to_thread(read, revision.text, office.known)
        except MenuMistakes as refused:
            error = refused.message
        else:
            said, error = _tried(checked, office.known, filled, now)
    values: dict[str, Any] = {"filled": filled, "tried": said, "error": error, "revision": revision}
    return shell.page("menus_try.html", kinds=KINDS, sexes=SEXES, **values)


# --- applying ----------------------------------------------------------------------------------------------


async def _apply(desk: Desk, shell: Shell, office: Office, sheet: Sheet, now: datetime) -> Response:
    desk.demand(Right.MENUS_APPLY)
    if await _checked(sheet, office) is None:
        return _page(shell, office, sheet, status=422)

    async def applied(session: AsyncSession) -> MenuRevision:
        return await revisions.apply_over(
            session, sheet.text, sheet.base, office.known, desk.by, sheet.note, now
        )

    async def put_down(session: AsyncSession, revision: MenuRevision) -> None:
        if sheet.question:
            await questions.answered(session, sheet.question, by=desk.by, now=now)
        subject, told = f"第 {revision.number} 版", revision.difference
        does(session, "menus.apply", subject, reason=sheet.note or None, difference=told, base=sheet.base)

    try:
        revision, is_new = await put_in_force(desk, office, now, applied, put_down)
    except revisions.Overtaken as overtaken:
        return await _overtaken(desk, shell, office, sheet, overtaken)
    if not is_new:
        return shell.done(FILE, f"没有变化，仍是第 {revision.number} 版。")
    said = f"第 {revision.number} 版已生效，正在发布到微信。"
    return shell.done(f"{PAGE}/history/{revision.number}", said)


async def _overtaken(
    desk: Desk, shell: Shell, office: Office, sheet: Sheet, error: DomainError
) -> HTMLResponse:
    """What was typed, beside what is live now; sent again, it goes over that."""
    sheet.error = error.message
    checked = await asyncio.to_thread(read, sheet.text, office.known)
    async with desk.reading() as session:
        present = await revisions.live(session)
        sheet.difference = revisions.compared(present, sheet.text, checked)
    sheet.base = present.number if present is not None else 0
    return _page(shell, office, sheet, status=409)


# --- parts -------------------------------------------------------------------------------------------------


async def _live(session: AsyncSession) -> Sheet:
    revision = await revisions.live(session)
    return Sheet(revision.text, revision.number) if revision is not None else Sheet("", 0)


def _sheet(form: FormData) -> Sheet:
    written = form.get("text", "")
    text = "" if isinstance(written, UploadFile) else written.replace("\r\n", "\n").replace("\r", "\n")
    note = " ".join(forms.words(form, "note").split())[: revisions.NOTE_LENGTH]
    question = max(number_of(forms.words(form, "question")), 0)
    return Sheet(text, number_of(forms.words(form, "base")), note, _filled(form), question=question)


def _filled(given: FormData | QueryParams) -> dict[str, str]:
    found = {}
    for name in TRY_FIELDS:
        value = given.get(name, "")
        found[name] = forms.plain(value)[:LONGEST_SENTENCE] if isinstance(value, str) else ""
    return found


async def _checked(sheet: Sheet, office: Office) -> MenuFile | None:
    """The file, or None with the mistakes in the sheet; in a thread, so that messages go on meanwhile."""
    try:
        checked = await asyncio.to_thread(_read, sheet.text, office)
    except MenuMistakes as refused:
        sheet.mistakes = refused.mistakes
        sheet.verdict = f"有 {len(sheet.mistakes)} 处要改。"
        return None
    sheet.warnings = checked.warnings
    buttons = sum(len(button.items or (button,)) for button in checked.menu)
    words = sum(len(rule.say) for rule in checked.keywords)
    bars = len(checked.menus_for)
    sheet.verdict = f"没有问题：{buttons} 个按钮，{bars} 套分组菜单，{words} 个关键词。"
    return checked


def _read(text: str, office: Office) -> MenuFile:
    """As `gonghui menus check`: also whether addresses are short enough once they are whole."""
    checked = read(text, office.known)
    default_menu(checked, office.settings.public_url)
    conditional_menus(checked, office.settings.public_url)
    return checked


def _tried(checked: MenuFile, known: Handlers, filled: Mapping[str, str], now: datetime) -> tuple[str, str]:
    """What would answer, or why it cannot be told."""
    if not filled["sentence"]:
        return "", "请写一句用户会发来的话。"
    try:
        at = trying.moment(filled["at"]) if filled["at"] else now
        facts = trying.supposed(
            tags=_several(filled["tags"]),
            branch=filled["branch"] or None,
            kind=filled["kind"] or "在职",
            sex=filled["sex"] or None,
            areas=_several(filled["areas"]),
        )
    except OperatorError as refused:
        return "", refused.message
    return trying.explain(checked, known, filled["sentence"], at, facts), ""


def _several(words: str) -> list[str]:
    return [each for each in SPLIT.split(words) if each]


def _told(mistake: Mistake) -> dict[str, Any]:
    return {
        "line": mistake.line,
        "column": mistake.column,
        "message": mistake.message,
        "hint": mistake.hint,
        "words": str(mistake),
    }


def _page(shell: Shell, office: Office, sheet: Sheet, *, status: int = 200) -> HTMLResponse:
    values = {"words": completion(office.known), "kinds": KINDS, "sexes": SEXES}
    return shell.page("menus_file.html", status=status, sheet=sheet, filled=sheet.filled, **values)


def completion(known: Handlers) -> dict[str, Any]:
    """What the editor offers: names with what they mean, values that a name may have, handlers."""
    names, values = _schema_words()
    return {"names": names, "values": values, "handlers": {each: known[each].title for each in sorted(known)}}


@lru_cache(maxsize=1)
def _schema_words() -> tuple[dict[str, str], dict[str, list[str]]]:
    schema = MenuFile.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    names: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for each in (schema, *definitions.values()):
        for name, described in each.get("properties", {}).items():
            names[name] = names.get(name) or described.get("description", "")
            if found := _choices(described, definitions):
                values[name] = found
    return names, values


def _choices(described: Any, definitions: Mapping[str, Any]) -> list[str]:
    """The words an entry of the schema allows, wherever in it they stand."""
    if isinstance(described, list):
        return next((found for each in described if (found := _choices(each, definitions))), [])
    if not isinstance(described, dict):
        return []
    if "enum" in described:
        return [str(each) for each in described["enum"]]
    target = definitions.get(str(described.get("$ref", "")).rpartition("/")[2], {})
    inside = [described.get(word) for word in ("anyOf", "allOf", "items")]
    return [str(each) for each in target.get("enum", ())] or _choices(inside, definitions)
