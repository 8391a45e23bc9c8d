"""Tips, law answers and articles as staff write them: draft, review by somebody else, shown, taken down.

What is shown stays until its draft takes its place. Whoever wrote in a draft does not approve it. Functions
flush and never commit. Not here: one thing as it stands (`content_pieces`), lists of all (`contents_found`),
what a form becomes (`content_forms`).
"""

import re
import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.errors import DomainError
from app.knowledge import Entry
from app.knowledge.vocabulary import normalise
from app.services import article_cards, article_media, articles, content_forms, library
from app.services.audit import does
from app.services.content_forms import Filled, NotWhole, ReadyArticle
from app.services.content_pieces import TABLES, Piece, find, get
from app.services.permissions import Standing
from models import Article, ArticleState, ContentDraft, ContentKind, ContentMove
from models.types import PUBLIC_ALPHABET, public_id

S = ArticleState
MOVES: Final[dict[ArticleState, frozenset[ArticleState]]] = {
    S.DRAFT: frozenset({S.IN_REVIEW, S.WITHDRAWN}),
    S.IN_REVIEW: frozenset({S.CHANGES_REQUESTED, S.SCHEDULED, S.PUBLISHED}),
    S.CHANGES_REQUESTED: frozenset({S.IN_REVIEW, S.WITHDRAWN}),
}
"""Of a draft. What is shown can only be taken down."""

CONSOLE: Final = "console"
_NEW_ARTICLE: Final = re.compile(f"[{PUBLIC_ALPHABET}]{{16}}")
_NEW_ANSWER: Final = re.compile("(?:tip|law)-[0-9a-f]{12}")


class MovedOn(DomainError):
    """Somebody else was quicker."""


class AlreadyThere(DomainError):
    def __init__(self, key: str) -> None:
        super().__init__("这一条已经保存过了。")
        self.key = key


# --- writing -----------------------------------------------------------------------------------------------


def new_key(kind: ContentKind) -> str:
    """For something that is not there yet; its form carries it, so that sent twice it is made once."""
    return public_id() if kind is ContentKind.ARTICLE else f"{kind.value}-{secrets.token_hex(6)}"


def fitting(kind: ContentKind, key: str) -> str:
    """The key that a form carried; another one, where that is none of ours."""
    fits = _NEW_ARTICLE if kind is ContentKind.ARTICLE else _NEW_ANSWER
    return key if fits.fullmatch(key) else new_key(kind)


async def start(
    session: AsyncSession, kind: ContentKind, key: str, filled: Filled, *, by: Standing, now: datetime
) -> ContentDraft:
    """A draft of something new.

    Raises:
        NotWhole: it has no title.
        AlreadyThere: the same form was sent before.
    """
    key = fitting(kind, key)
    piece = await find(session, kind, key, lock=True)
    if piece.shown is not None or piece.draft is not None:
        raise AlreadyThere(key)
    return await _begin(session, piece, filled, by, now)


async def save(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    filled: Filled,
    *,
    version: int | None,
    by: Standing,
    now: datetime,
) -> ContentDraft:
    """Put down what was typed. `version` is that of the draft which was read; None: there was none.

    Raises:
        NotFound: no such thing.
        MovedOn: somebody saved meanwhile.
        DomainError: it is in review, or read elsewhere; it has no title.
    """
    piece = await get(session, kind, key, lock=True)
    if piece.is_elsewhere:
        raise DomainError("这篇文章在微信里，正文不能在这里改；不想再显示，可以撤下。")
    draft = piece.draft
    if draft is None:
        if version is not None:
            raise MovedOn("这份草稿已经发布或作废。请核对现在的内容，要改请再保存一次。")
        return await _begin(session, piece, filled, by, now)
    if draft.version != version:
        at = f"{shanghai(draft.updated_at):%m-%d %H:%M}"
        raise MovedOn(f"{draft.by} 在 {at} 改过这一条。您写的还在下面，请先核对现在存着的，再决定是否保存。")
    if draft.state is S.IN_REVIEW:
        raise DomainError("这一条正在审核。要改，请审核人先退回。")
    draft.filled, draft.title = filled, _title(filled)
    draft.writer_ids = sorted({*writers(draft), by.staff_id})
    draft.by, draft.updated_at = by.name, now
    await session.flush()
    does(session, "content.save", key, kind=kind.value, title=draft.title)
    return draft


async def submit(session: AsyncSession, draft: ContentDraft, *, by: Standing, now: datetime) -> None:
    """Send a draft to review, whole. Raises: NotWhole, DomainError."""
    await _ready(session, draft, now)
    _move(session, draft, S.IN_REVIEW, by.name, now)
    await session.flush()
    does(session, "content.submit", draft.key, kind=draft.kind.value, title=draft.title)


async def discard(
    session: AsyncSession, kind: ContentKind, key: str, *, version: int, by: Standing, now: datetime
) -> None:
    """Give a draft up; what is shown stays. Raises: NotFound, MovedOn, DomainError."""
    draft = await _draft(session, kind, key, version)
    _move(session, draft, S.WITHDRAWN, by.name, now, "作废草稿")
    await session.flush()
    does(session, "content.discard", key, kind=kind.value, title=draft.title)


# --- deciding ----------------------------------------------------------------------------------------------


async def approve(
    session: AsyncSession, kind: ContentKind, key: str, *, version: int, by: Standing, now: datetime
) -> ArticleState:
    """Show what was reviewed: now, or at the moment that an article names. `version` is what was looked at.

    Raises:
        NotFound: no such thing, or no draft of it.
        MovedOn: it is not what was looked at any more.
        DomainError: one's own writing; not in review; it does not do any more.
    """
    draft = await _draft(session, kind, key, version)
    if by.staff_id in writers(draft):
        raise DomainError("这一条是您自己写的，请另一位审核人审核。")
    ready = await _ready(session, draft, now)
    if isinstance(ready, ReadyArticle):
        row = await articles.put(session, key, ready, by=by.name, now=now)
        to = S.SCHEDULED if row.published_at is not None and row.published_at > now else S.PUBLISHED
    else:
        await library.put(session, TABLES[kind], ready)
        to = S.PUBLISHED
    _move(session, draft, to, by.name, now)
    await session.flush()
    does(session, "content.approve", key, kind=kind.value, title=draft.title)
    return to


async def send_back(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    *,
    version: int,
    reason: str,
    by: Standing,
    now: datetime,
) -> None:
    """Raises: NotFound, MovedOn, DomainError: not in review, or no reason was given."""
    draft = await _draft(session, kind, key, version)
    if not reason.strip():
        raise DomainError("请写明要改什么，作者会看到。")
    _move(session, draft, S.CHANGES_REQUESTED, by.name, now, reason.strip()[:200])
    await session.flush()
    does(session, "content.send_back", key, reason=reason.strip()[:200], kind=kind.value, title=draft.title)


async def withdraw(
    session: AsyncSession, kind: ContentKind, key: str, *, reason: str, by: Standing, now: datetime
) -> None:
    """Take down what is shown; files do not bring it back. Twice is no error.

    Raises: NotFound, DomainError: no reason was given.
    """
    piece = await get(session, kind, key, lock=True)
    if not piece.is_shown:
        return
    if not reason.strip():
        raise DomainError("请写明为什么撤下，记在经过里。")
    reason = reason.strip()[:200]
    if isinstance(piece.shown, Article):
        articles.withdraw(session, piece.shown, by=by.name, reason=reason, now=now)
    elif piece.shown is not None:
        await library.withdraw(session, piece.shown)
    _note(session, piece.kind, key, S.PUBLISHED, S.WITHDRAWN, by.name, now, reason)
    await session.flush()
    does(session, "content.withdraw", key, reason=reason, kind=kind.value, title=piece.title)


def writers(draft: ContentDraft) -> set[int]:
    """Ids of staff who wrote in it."""
    found: list[int] = draft.writer_ids  # type: ignore[assignment]
    return set(found)


# --- parts -------------------------------------------------------------------------------------------------


async def _draft(session: AsyncSession, kind: ContentKind, key: str, version: int) -> ContentDraft:
    """The open draft, locked, as it was when it was looked at."""
    draft = (await get(session, kind, key, lock=True)).draft
    if draft is None:
        raise MovedOn("这份草稿已经发布或作废，请看现在的内容。")
    if draft.version != version:
        at = f"{shanghai(draft.updated_at):%m-%d %H:%M}"
        raise MovedOn(f"您打开以后，这一条又动过（{draft.by}，{at}）。请看过现在的内容再决定。")
    return draft


async def _begin(
    session: AsyncSession, piece: Piece, filled: Filled, by: Standing, now: datetime
) -> ContentDraft:
    draft = ContentDraft(
        kind=piece.kind,
        key=piece.key,
        title=_title(filled),
        state=S.DRAFT,
        filled=filled,
        writer_ids=[by.staff_id],
        by=by.name,
        created_at=now,
        updated_at=now,
    )
    session.add(draft)
    await session.flush()
    _note(session, piece.kind, piece.key, None, S.DRAFT, by.name, now)
    does(session, "content.save", piece.key, kind=piece.kind.value, title=draft.title)
    return draft


async def _ready(session: AsyncSession, draft: ContentDraft, now: datetime) -> Any:
    filled: Filled = dict(draft.filled)  # type: ignore[call-overload]
    ready = content_forms.as_shown(draft.kind, draft.key, filled, now)
    if isinstance(ready, Entry):
        await _check_asked_once(session, ready)
    if isinstance(ready, ReadyArticle):
        return await shown_as(session, draft.key, ready, now)
    return ready


async def shown_as(session: AsyncSession, key: str, ready: ReadyArticle, now: datetime) -> ReadyArticle:
    """With what its files and cards are. Raises: NotWhole: one is not there any more."""
    blocks = await article_media.settled(session, key, ready.blocks)
    return replace(ready, blocks=await article_cards.titled(session, blocks, now))


async def _check_asked_once(session: AsyncSession, entry: Entry) -> None:
    """A question form of two answers would make the answer a matter of chance."""
    forms = {normalise(form): form for form in entry.ask}
    for other in (await library.read(session)).entries:
        if other.id == entry.id:
            continue
        for form in other.ask:
            if (mine := forms.get(normalise(form))) is not None:
                raise NotWhole(f"「{mine}」已经是「{other.title}」的问法，请换一种问法，或者去改那一条。")


def _move(
    session: AsyncSession, draft: ContentDraft, to: ArticleState, by: str, now: datetime, reason: str = ""
) -> None:
    if to not in MOVES.get(draft.state, frozenset()):
        raise DomainError(f"{draft.state.label}的内容不能改为{to.label}。")
    _note(session, draft.kind, draft.key, draft.state, to, by, now, reason)
    draft.state = to


def _note(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    before: ArticleState | None,
    to: ArticleState,
    by: str,
    now: datetime,
    reason: str = "",
) -> None:
    session.add(
        ContentMove(
            kind=kind,
            key=key,
            from_state=before,
            to_state=to,
            by=by[:64],
            channel=CONSOLE,
            reason=reason,
            at=now,
        )
    )


def _title(filled: Filled) -> str:
    title: str = filled.get("title", "")
    if not title:
        raise NotWhole("请先写标题。")
    return title[:80]
