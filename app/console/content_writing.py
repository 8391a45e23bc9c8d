"""Writing content: a form of fields and blocks. Buttons that add, move or remove a block store nothing.

Files that come with any button are kept for the article at once (`article_uploads`), saved or not: the form
that comes back shows them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from app.console import article_uploads, blocks, content, content_previews, forms, media_blocks
from app.console.content import PAGE, address, media_at, whole, words_of
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.knowledge.entries import CALLS
from app.services import (
    article_cards,
    article_media,
    content_checks,
    content_comments,
    content_forms,
    content_pieces,
    content_words,
    contents,
)
from app.services.content_checks import Finding
from app.services.content_forms import FIELDS, Filled, NotWhole
from app.services.content_pieces import Piece
from app.services.permissions import Right
from models import ContentComment, ContentKind

router = APIRouter(prefix="/content", dependencies=[needs(Right.CONTENT_WRITE)])

_KEPT: Final = frozenset({"save", "submit"})


@router.get("/new")
async def new(
    desk: AtDesk,
    shell: InShell,
    now: Now,
    kind: ContentKind = ContentKind.TIP,
    title: Annotated[str, Query()] = "",
) -> HTMLResponse:
    """`title` may come from a question that nobody could answer."""
    whole(desk, Right.CONTENT_WRITE)
    words = " ".join(forms.plain(title).split())
    return await form_page(
        desk, shell, kind, None, content_forms.empty(kind, words), now, key=contents.new_key(kind)
    )


@router.post("/new")
async def write_new(
    request: Request, desk: ActingDesk, shell: InShell, now: Now, kind: ContentKind = ContentKind.TIP
) -> Response:
    whole(desk, Right.CONTENT_WRITE)
    form = await forms.read(request)
    filled, do, given = typed(form, kind), forms.words(form, "do"), _given(form, desk)
    key = contents.fitting(kind, forms.words(form, "key"))
    try:
        if refused := await _uploads(form, filled, desk, kind, key, now):
            raise NotWhole(refused)
        if do not in _KEPT:
            return await _changed(desk, shell, kind, None, filled, form, now, key=key)
        async with desk.acting() as session:
            draft = await contents.start(session, kind, key, filled, by=desk.standing, now=now)
            if do == "submit":
                await contents.submit(session, draft, by=desk.standing, now=now, **given)
    except contents.AlreadyThere as twice:
        return shell.done(address(kind, twice.key), twice.message)
    except DomainError as error:
        return await form_page(
            desk, shell, kind, None, filled, now, error=error, key=key, reason=given["reason"]
        )
    return shell.done(address(kind, draft.key), _said(do))


@router.get("/{kind}/{key}/edit")
async def edit(kind: ContentKind, key: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    piece = await piece_of(desk, kind, key)
    if piece.is_elsewhere:
        raise NotFound("这篇文章在微信里，正文不能在这里改。")
    return await form_page(desk, shell, kind, piece, piece.filled(), now)


@router.post("/{kind}/{key}/edit")
async def write(
    kind: ContentKind, key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    piece = await piece_of(desk, kind, key)
    form = await forms.read(request)
    filled, do = typed(form, kind), forms.words(form, "do")
    read, given = forms.words(form, "version"), _given(form, desk)
    try:
        if refused := await _uploads(form, filled, desk, kind, key, now):
            raise NotWhole(refused)
        if do not in _KEPT:
            return await _changed(desk, shell, kind, piece, filled, form, now, version=read)
        version = content.version_of(read) if read else None
        async with desk.acting() as session:
            draft = await contents.save(
                session, kind, key, filled, version=version, by=desk.standing, now=now
            )
            if do == "submit":
                await contents.submit(session, draft, by=desk.standing, now=now, **given)
    except NotFound:
        raise
    except DomainError as error:
        # Whoever saves again has seen what is there now, and means it.
        piece = await piece_of(desk, kind, key)
        present = (
            words_of(kind, key, piece.filled(), now) if isinstance(error, content_pieces.MovedOn) else ""
        )
        return await form_page(
            desk, shell, kind, piece, filled, now, error=error, present=present, reason=given["reason"]
        )
    return shell.done(address(kind, key), _said(do))


# --- parts -------------------------------------------------------------------------------------------------


async def piece_of(desk: Desk, kind: ContentKind, key: str) -> Piece:
    """Raises: NotFound."""
    whole(desk, Right.CONTENT_WRITE)
    async with desk.reading() as session:
        return await content_pieces.get(session, kind, key)


def _said(do: str) -> str:
    return "已提交审核，由另一位审核人审核后发布。" if do == "submit" else "草稿已保存，还没有发布。"


async def _uploads(
    form: FormData, filled: Filled, desk: Desk, kind: ContentKind, key: str, now: datetime
) -> str:
    """Take what files the form brings; what was refused of them, in words."""
    if kind is not ContentKind.ARTICLE:
        return ""
    return await article_uploads.take(form, filled, desk, key, now)


async def _media(desk: Desk, kind: ContentKind, filled: Filled, key: str, now: datetime) -> dict[str, Any]:
    """What the form shows of files, and what cards may lead to."""
    if kind is not ContentKind.ARTICLE:
        return {"shown": {}, "about": {}}
    async with desk.reading() as session:
        there = await article_media.of_article(session, key)
        cuts = await article_media.cuts_of(session, key)
        offered = await article_cards.choices(session, now)
    shown = media_blocks.shown(filled["blocks"], there, cuts, media_at(key))
    return {"shown": shown, "about": media_blocks.words() | {"offered": offered}}


def _given(form: FormData, desk: Desk) -> dict[str, Any]:
    """What the check of a submitted draft asks for."""
    words = {name: forms.words(form, name) for name in ("reason", "seen", "despite")}
    return words | {"words": desk.shared.words.now()}


async def form_page(
    desk: Desk,
    shell: Shell,
    kind: ContentKind,
    piece: Piece | None,
    filled: Filled,
    now: datetime,
    *,
    error: DomainError | None = None,
    version: str | None = None,
    key: str = "",
    **values: Any,
) -> HTMLResponse:
    if version is None:
        version = str(piece.draft.version) if piece is not None and piece.draft is not None else ""
    values |= await _media(desk, kind, filled, key if piece is None else piece.key, now)
    async with desk.reading() as session:
        found = await content_words.check(session, kind, filled, desk.shared.words.now())
        draft = None if piece is None else piece.draft
        still_open = [] if draft is None else await content_comments.list_open(session, draft)
    grave, named = content_checks.grave(found), address(kind, key if piece is None else piece.key)
    values |= {
        "findings": found,
        "beside": _beside(found, still_open, filled),
        "still_open": still_open,
        "grave": grave,
        "seen": content_checks.mark(grave),
        "kind": kind,
        "piece": piece,
        "filled": filled,
        "version": version,
        "key": key,
        "address": f"{PAGE}/new?kind={kind}" if piece is None else f"{address(kind, piece.key)}/edit",
        "paste": f"{named}/paste",
        "autosave": f"{named}/autosave",
        "back": PAGE if piece is None else address(kind, piece.key),
        "categories": content_forms.categories(kind),
        "types": content_forms.block_types(kind),
        # Those chosen keep their order: the first is the most urgent.
        "calls": {number: CALLS[number] for number in (*filled["call"], *CALLS)},
    }
    if error is not None:
        return shell.refused("content_form.html", error, **values)
    return shell.page("content_form.html", **values)


def _beside(found: list[Finding], said: Sequence[ContentComment], filled: Filled) -> dict[int, list[str]]:
    """Number of a block → what the check and reviewers say about it; a comment follows its words."""
    lines: dict[int, list[str]] = {}
    for comment in said:
        if place := content_comments.place_of(comment, filled):
            lines.setdefault(place, []).append(f"{comment.by}：{comment.text}")
    for each in found:
        if each.block is not None:
            lines.setdefault(each.block, []).append(f"「{each.words}」{each.why}")
    return lines


async def _changed(
    desk: Desk,
    shell: Shell,
    kind: ContentKind,
    piece: Piece | None,
    filled: Filled,
    form: FormData,
    now: datetime,
    *,
    version: str = "",
    key: str = "",
) -> HTMLResponse:
    do, types = forms.words(form, "do"), content_forms.block_types(kind)
    if do == "preview":
        async with desk.reading() as session:
            named = piece.key if piece is not None else key
            found = await content_words.check(session, kind, filled, desk.shared.words.now())
            return await content_previews.page(session, kind, named, filled, now, findings=len(found))
    wanted = forms.words(form, "add_type")
    added = wanted if do == "add" and wanted in types else next(iter(types))
    if do.startswith("ahead-"):
        filled["blocks"] = media_blocks.ahead(filled["blocks"], do)
    else:
        filled["blocks"] = blocks.rearranged(filled["blocks"], do, added)
    return await form_page(desk, shell, kind, piece, filled, now, version=version, key=key, changed=True)


def typed(form: FormData, kind: ContentKind) -> Filled:
    """What was typed, whatever it is; numbers and types of blocks only such as there are."""
    filled: Filled = {name: forms.words(form, name) for name in FIELDS[kind]}
    filled["call"] = [each for each in forms.several(form, "call") if each in CALLS]
    filled["blocks"] = blocks.read(form, content_forms.block_types(kind))
    return filled
