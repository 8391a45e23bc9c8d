"""审核设置: how many steps the review of content takes, by whom, and which words the check looks for."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from app.console import forms
from app.console.content import PAGE, whole
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError
from app.services import content_forms, content_steps, content_words, permissions
from app.services.content_steps import Place
from app.services.permissions import Right

router = APIRouter(prefix="/content/settings", dependencies=[needs(Right.CONTENT_STEPS)])

HERE: Final = f"{PAGE}/settings"
EMPTY: Final[Mapping[str, str]] = {"word": "", "level": "", "note": ""}


@router.get("")
async def settings(desk: AtDesk, shell: InShell) -> HTMLResponse:
    return await _page(desk, shell)


@router.post("")
async def put(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    whole(desk, Right.CONTENT_STEPS)
    form = await forms.read(request)
    wanted, seen = _read(form, "steps"), _read(form, "seen")
    try:
        async with desk.acting() as session:
            moved = await content_steps.put(session, wanted, seen=seen, by=desk.standing, now=now)
    except DomainError as error:
        return await _page(desk, shell, error=error)
    return shell.done(HERE, "已保存。" + (f"正在审核的 {moved} 件，从下一步起按新的设置。" if moved else ""))


@router.post("/words")
async def add_word(request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    whole(desk, Right.CONTENT_STEPS)
    form = await forms.read(request)
    given = {name: forms.words(form, name) for name in ("word", "level", "note")}
    try:
        async with desk.acting() as session:
            await content_words.add(session, **given, by=desk.standing, now=now)
    except DomainError as error:
        return await _page(desk, shell, error=error, given=given)
    return shell.done(f"{HERE}#words", f"已添加「{given['word']}」，下一次检查就会查到。")


@router.post("/words/remove")
async def remove_word(request: Request, desk: ActingDesk, shell: InShell) -> Response:
    whole(desk, Right.CONTENT_STEPS)
    word = forms.words(await forms.read(request), "word")
    async with desk.acting() as session:
        await content_words.remove(session, word)
    return shell.done(f"{HERE}#words", f"已删除「{word[:30]}」。")


async def _page(
    desk: Desk, shell: Shell, error: DomainError | None = None, given: Mapping[str, str] = EMPTY
) -> HTMLResponse:
    whole(desk, Right.CONTENT_STEPS)
    async with desk.reading() as session:
        values: dict[str, Any] = {
            "chosen": await content_steps.read(session),
            "rows": [(place, field(place), _name(place)) for place in content_steps.places()],
            "checkers": await permissions.list_able(session, Right.CONTENT_CHECK, None),
            "publishers": await permissions.list_able(session, Right.CONTENT_PUBLISH, None),
            "most": content_steps.MOST,
            "words": await content_words.list_all(session),
            "levels": content_words.ADDED,
            "given": given,
        }
    if error is not None:
        return shell.refused("content_settings.html", error, **values)
    return shell.page("content_settings.html", **values)


def field(place: Place) -> str:
    kind, category = place
    return f"{kind.value}-{category}" if category else kind.value


def _name(place: Place) -> str:
    kind, category = place
    return content_forms.categories(kind)[category] if category else kind.label


def _read(form: FormData, name: str) -> dict[Place, int]:
    """Of fields `name:kind-category`; what is no number is none."""
    found = {
        place: forms.number(forms.words(form, f"{name}:{field(place)}"), 2)
        for place in content_steps.places()
    }
    return {place: steps for place, steps in found.items() if steps}
