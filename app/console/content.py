"""内容: tips, law answers and articles in one list; each with its draft, and who decides on it."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.clock import civil_date
from app.console import forms, listing
from app.console.entrance import ActingDesk, AtDesk, Desk, needs
from app.console.listing import Filter, View
from app.console.navigation import Found, Section, Waiting
from app.console.shell import InShell, Shell
from app.dependencies import Now
from app.errors import DomainError, NotFound
from app.knowledge.entries import Entry
from app.services import (
    article_posts,
    article_remnants,
    article_scans,
    content_comments,
    content_forms,
    content_pieces,
    content_steps,
    content_words,
    contents,
    contents_found,
    wechat_articles,
)
from app.services.content_forms import Filled, ReadyArticle
from app.services.content_pieces import NOWHERE, Piece
from app.services.permissions import Right, Standing, may
from models import Article, ArticleState, ContentKind, OutletKind
from models.types import public_id

PAGE: Final = "/console/content"
PUBLIC: Final = {ContentKind.TIP: "/tips", ContentKind.LAW: "/laws", ContentKind.ARTICLE: "/news"}

router = APIRouter(prefix="/content", dependencies=[needs(Right.CONTENT_READ)])


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    if not may(standing, Right.CONTENT_READ, None):
        return []
    return [
        Found(row.title, address(row.kind, row.key), ContentKind(row.kind).label)
        for row in await contents_found.search(session, words, listing.PAGE)
    ]


async def _waiting(session: AsyncSession, standing: Standing, now: datetime) -> list[Waiting]:
    """To review by who may, one's own that came back, reviews that are overdue, what is over only here."""
    found: list[Waiting] = []
    if may(standing, Right.CONTENT_CHECK, None):
        to_review = await contents_found.count_to_review(session, standing)
        found += [Waiting(f"内容等您{name}", f"{PAGE}?state=in_review", n) for name, n in to_review.items()]
    if may(standing, Right.CONTENT_WRITE, None):
        count = await contents_found.count_to_change(session, standing)
        found.append(Waiting("您写的内容被退回", f"{PAGE}?state=changes_requested", count))
        count = await contents_found.count_commented(session, standing)
        found.append(Waiting("您写的内容有审核意见", f"{PAGE}?comments=open", count))
        if infected := await article_scans.infected_of(session, standing):
            at = f"{address(ContentKind.ARTICLE, infected[0])}/edit"
            found.append(Waiting("您写的文章里有文件查出病毒", at, len(infected)))
        late = await contents_found.count_overdue(session, now)
        found.append(Waiting("内容要复审", f"{PAGE}?due=overdue", late, late))
    if may(standing, Right.CONTENT_PUBLISH, None):
        left = await article_remnants.count(session, now)
        found.append(Waiting("下线的文章在别处还看得到", f"{PAGE}?elsewhere=left", left))
    return found


SECTION: Final = Section(
    "content", "内容和活动", "内容", PAGE, "book", Right.CONTENT_READ, waiting=_waiting, search=_search
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    view = _view(request)
    async with desk.reading() as session:
        chosen, key = _chosen(view, now)
        if not desk.may(Right.CONTENT_READ, None):
            chosen = chosen.where(key < 0)
        page = await listing.page(session, chosen, key, view)
        steps = await contents_found.steps(session)
    return shell.page(
        "content.html",
        steps=steps,
        page=page,
        view=view,
        kinds=list(ContentKind),
        kind=ContentKind,
        state=ArticleState,
        categories={each.value: content_forms.categories(each) for each in ContentKind},
        is_overdue=lambda row: contents_found.is_overdue(row, now),
    )


@router.get("/{kind}/{key}")
async def one(kind: ContentKind, key: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    return await page_of(kind, key, desk, shell, now)


@router.post("/{kind}/{key}/discard", dependencies=[needs(Right.CONTENT_WRITE)])
async def discard(
    kind: ContentKind, key: str, request: Request, desk: ActingDesk, shell: InShell, now: Now
) -> Response:
    whole(desk, Right.CONTENT_WRITE)
    version = version_of(forms.words(await forms.read(request), "version"))
    try:
        async with desk.acting() as session:
            await contents.discard(session, kind, key, version=version, by=desk.standing, now=now)
    except DomainError as error:
        return await again(kind, key, desk, shell, now, error)
    return shell.done(PAGE, "草稿已作废。")


# --- what the pages of the content share -------------------------------------------------------------------


def address(kind: ContentKind | str, key: str) -> str:
    return f"{PAGE}/{kind}/{key}"


def media_at(key: str) -> str:
    """Below this address are the files of an article, for staff."""
    return f"{address(ContentKind.ARTICLE, key)}/media"


def whole(desk: Desk, right: Right) -> None:
    """Content belongs to no branch: for who works for one only it is not there. Raises: NotFound."""
    if not desk.may(right, None):
        raise NotFound(NOWHERE)


def version_of(words: str) -> int:
    """What the form carried; of what is no number none, which no draft has."""
    return forms.number(words, 9) or 0


async def news(desk: Desk) -> None:
    """The next question here finds what was just published; other processes hear of it within seconds."""
    await desk.shared.library.refresh(desk.shared.database.reading)


async def page_of(
    kind: ContentKind,
    key: str,
    desk: Desk,
    shell: Shell,
    now: datetime,
    **values: Any,
) -> HTMLResponse:
    whole(desk, Right.CONTENT_READ)
    async with desk.reading() as session:
        piece = await content_pieces.get(session, kind, key)
        moves = await content_pieces.list_moves(session, piece)
        facts: dict[str, Any] = {"moves": moves, "wechat": await _at_wechat(session, piece, now)}
        facts |= {"outlets": await _at_outlets(session, piece, now), **await _of_draft(session, piece, desk)}
        if isinstance(piece.shown, Article):
            facts["remnants"] = await article_remnants.list_of(session, piece.shown, now)
    values = {**_facts(piece, desk, now), **facts} | values
    return shell.page("content_one.html", **values)


async def _of_draft(session: AsyncSession, piece: Piece, desk: Desk) -> dict[str, Any]:
    """Which step it waits for, and what the check says about it."""
    if piece.draft is None:
        return {"step": None, "findings": [], "comments": []}
    found = await content_words.check(session, piece.kind, piece.draft.filled, desk.shared.words.now())
    return {
        "step": await content_steps.find(session, piece.draft),
        "findings": found,
        "comments": await content_comments.list_all(session, piece.draft),
        "blocks": content_comments.blocks_of(piece.draft),
        "once": public_id(),
        "longest": content_comments.LONGEST,
    }


async def _at_wechat(session: AsyncSession, piece: Piece, now: datetime) -> dict[str, Any] | None:
    """How an article of ours stands at WeChat; None of what never can."""
    if not isinstance(piece.shown, Article) or piece.is_elsewhere:
        return None
    tries = await wechat_articles.list_tries(session, piece.shown)
    live = next((each for each in tries if each.is_live), None)
    return {
        "live": live,
        "earlier": [each for each in tries if each is not live],
        "lacks": wechat_articles.lacks(piece.shown, now),
        "behind": live is not None and wechat_articles.is_behind(live, piece.shown),
    }


async def _at_outlets(session: AsyncSession, piece: Piece, now: datetime) -> list[dict[str, Any]]:
    """How an article stands on Weibo and with outside media, as far as there are such."""
    if not isinstance(piece.shown, Article):
        return []
    article, found = piece.shown, await article_posts.list_of(session, piece.shown)
    return [
        {
            "outlet": outlet,
            "post": post,
            "may_send": article_posts.may_send(outlet, post, article, now),
            "text": article_posts.weibo_text(article) if outlet.kind is OutletKind.WEIBO else "",
        }
        for outlet, post in found
    ]


def words_of(kind: ContentKind, key: str, filled: Filled, now: datetime) -> str:
    """As plain words: an answer as the chat gives it; why there are none yet."""
    try:
        ready = content_forms.as_shown(kind, key, filled, now)
    except DomainError as error:
        return error.message
    return rich_text.to_text(ready.blocks) if isinstance(ready, ReadyArticle) else ready.in_chat()


def _facts(piece: Piece, desk: Desk, now: datetime) -> dict[str, Any]:
    shown, draft = piece.shown, piece.draft
    entry: Entry | None = None
    if shown is not None and not isinstance(shown, Article):
        entry = content_pieces.entry_of_row(piece.kind, shown)
    words = "" if entry is None else entry.in_chat()
    category = "" if shown is None else shown.category.value if isinstance(shown, Article) else shown.topic
    if isinstance(shown, Article):
        words = rich_text.to_text(rich_text.load(shown.blocks))
    review = None if shown is None else shown.next_review_on
    return {
        "piece": piece,
        "entry": entry,
        "article": shown if isinstance(shown, Article) else None,
        "shown_as": shown.state_at(now) if isinstance(shown, Article) else ArticleState.PUBLISHED,
        "category": content_forms.categories(piece.kind).get(category, "——"),
        "words": words,
        "draft_words": words_of(piece.kind, piece.key, piece.filled_draft(), now) if draft else "",
        "address": address(piece.kind, piece.key),
        "public": f"{PUBLIC[piece.kind]}/{piece.key}",
        "review": review,
        "is_public": piece.is_public(now),
        "is_late": piece.is_public(now) and review is not None and review < civil_date(now),
        "wrote": draft is not None and desk.standing.staff_id in content_pieces.writers(draft),
        "passed": draft is not None and desk.standing.staff_id in content_steps.approvers(draft),
        "states": ArticleState,
    }


async def again(
    kind: ContentKind,
    key: str,
    desk: Desk,
    shell: Shell,
    now: datetime,
    error: DomainError,
    **values: Any,
) -> HTMLResponse:
    if isinstance(error, NotFound):
        raise error
    status = 422 if error.status == 409 else error.status
    return await page_of(kind, key, desk, shell, now, status=status, error=error.message, **values)


def _view(request: Request) -> View:
    kinds = {each.value: each.label for each in ContentKind}
    kind = request.query_params.get("kind", "")
    filters = [
        Filter("title", "标题"),
        Filter("kind", "类型", kinds),
        Filter("state", "状态", {each.value: each.label for each in ArticleState}),
        Filter("due", "复审", {"overdue": "已到期"}),
        Filter("comments", "审核意见", {"open": "有没处理的"}),
        Filter("elsewhere", "别处", {"left": "下线了还看得到"}),
    ]
    if kind in kinds:  # each kind has categories of its own
        categories = content_forms.categories(ContentKind(kind))
        filters.insert(2, Filter("category", "栏目", categories))
    return listing.view_of(request, *filters)


def _chosen(view: View, now: datetime) -> Any:
    return contents_found.chosen(
        now,
        kind=ContentKind(view.get("kind")) if view.get("kind") else None,
        state=ArticleState(view.get("state")) if view.get("state") else None,
        category=view.get("category"),
        title=view.get("title"),
        overdue=view.get("due") == "overdue",
        commented=view.get("comments") == "open",
        left=view.get("elsewhere") == "left",
    )
