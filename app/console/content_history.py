"""历史版本 of one thing of the content: all it ever said, compared in pairs, and one brought back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.console import forms
from app.console.content import address, version_of, whole
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.services import content_differences, content_forms, content_pieces, content_revisions, contents
from app.services.content_forms import Filled
from app.services.content_pieces import Piece
from app.services.permissions import Right
from models import ContentKind, ContentRevision

router = APIRouter(prefix="/content", dependencies=[needs(Right.CONTENT_READ)])

SHOWN: Final = "shown"  # in place of a number: what is shown now
_MOST: Final = 200


@router.get("/{kind}/{key}/history")
async def history(
    kind: ContentKind,
    key: str,
    desk: AtDesk,
    shell: InShell,
    now: Now,
    old: Annotated[str, Query()] = "",
    new: Annotated[str, Query()] = "",
) -> HTMLResponse:
    """Without `old` and `new` the newest beside the one before it. A number each, or `SHOWN`."""
    return await _page(kind, key, desk, shell, now, old, new)


@router.post("/{kind}/{key}/restore", dependencies=[needs(Right.CONTENT_WRITE)])
async def restore(
    kind: ContentKind, key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_WRITE)
    form = await forms.read(request)
    number, given = forms.number(forms.words(form, "number"), 9) or 0, forms.words(form, "version")
    version = version_of(given) if given else None
    try:
        async with desk.acting() as session:
            await contents.restore(session, kind, key, number, version=version, by=desk.standing, now=now)
    except NotFound:
        raise
    except DomainError as error:
        return await _page(kind, key, desk, shell, now, "", str(number), error)
    return shell.done(address(kind, key), f"已按第 {number} 版写成草稿，公众号里显示的没有变。")


async def _page(
    kind: ContentKind,
    key: str,
    desk: Desk,
    shell: Shell,
    now: datetime,
    old: str,
    new: str,
    error: DomainError | None = None,
) -> HTMLResponse:
    whole(desk, Right.CONTENT_READ)
    async with desk.reading() as session:
        piece = await content_pieces.get(session, kind, key)
        revisions = await content_revisions.list_all(session, kind, key, _MOST)
        shown = await content_revisions.find_shown(session, kind, key)
    choices = _choices(revisions, piece, now)
    sides = _sides(revisions, choices, old, new)
    values: dict[str, Any] = {
        "piece": piece,
        "revisions": revisions,
        "shown": shown if piece.is_public(now) else None,
        "address": address(kind, key),
        "choices": choices,
        "old": sides[0],
        "new": sides[1],
        "differences": _between(kind, sides, revisions, piece),
        "read": next((each for each in revisions if str(each.number) == sides[1]), None),
        "version": "" if piece.draft is None else str(piece.draft.version),
    }
    if error is not None:
        return shell.refused("content_history.html", error, **values)
    return shell.page("content_history.html", **values)


def _choices(revisions: Sequence[ContentRevision], piece: Piece, now: datetime) -> dict[str, str]:
    """Value of a field → words, of what may be compared."""
    shown = {SHOWN: "公众号里现在的样子"} if piece.is_public(now) and not piece.is_elsewhere else {}
    return shown | {
        str(each.number): f"第 {each.number} 版" + ("（发布过）" if each.shown_at else "")
        for each in revisions
    }


def _sides(
    revisions: Sequence[ContentRevision], known: Mapping[str, str], old: str, new: str
) -> tuple[str, str]:
    """Which two are compared, the earlier first; what there is not gives way to the nearest that there is."""
    numbers = [str(each.number) for each in revisions]
    if new not in known:
        new = numbers[0] if numbers else ""
    if old not in known:
        place = numbers.index(new) + 1 if new in numbers else 0
        old = numbers[place] if place < len(numbers) else new
    return old, new


def _between(
    kind: ContentKind, sides: tuple[str, str], revisions: Sequence[ContentRevision], piece: Piece
) -> list[content_differences.Difference]:
    if not all(sides):
        return []
    old, new = (_filled(each, revisions, piece) for each in sides)
    if sides[0] == sides[1]:  # of a first one all is new
        old = content_forms.empty(kind)
    return content_differences.between(kind, old, new)


def _filled(side: str, revisions: Sequence[ContentRevision], piece: Piece) -> Filled:
    if side == SHOWN:
        return piece.filled_shown()
    return content_revisions.filled_of(next(each for each in revisions if str(each.number) == side))
