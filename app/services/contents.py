"""Tips, law answers and articles as staff write them: a draft saved, submitted, given up, brought back.

What is shown stays until its draft takes its place. Functions flush and never commit. Not here: deciding
(`content_reviews`), one thing as it stands (`content_pieces`), lists of all (`contents_found`), what was said
before (`content_revisions`), what a form becomes (`content_forms`).
"""

import re
import secrets
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.errors import DomainError
from app.knowledge import Entry
from app.knowledge.vocabulary import normalise
from app.services import (
    article_cards,
    article_media,
    content_checks,
    content_comments,
    content_forms,
    content_revisions,
    content_words,
    library,
)
from app.services.audit import does, unseen
from app.services.board_wording import Wordlist
from app.services.content_checks import Finding
from app.services.content_forms import Filled, NotWhole, ReadyArticle
from app.services.content_pieces import MovedOn, Piece, find, get, move, note, open_draft, writers
from app.services.permissions import Standing
from models import ArticleState, ContentDraft, ContentKind
from models.types import PUBLIC_ALPHABET, public_id

S = ArticleState
NO_WORDS: Final = Wordlist()
UNTITLED: Final = "还没有标题"
_NEW_ARTICLE: Final = re.compile(f"[{PUBLIC_ALPHABET}]{{16}}")
_NEW_ANSWER: Final = re.compile("(?:tip|law)-[0-9a-f]{12}")


class AlreadyThere(DomainError):
    def __init__(self, key: str) -> None:
        super().__init__("这一条已经保存过了。")
        self.key = key


class NeedsReason(DomainError):
    """The check found what only goes to review with a reason."""

    status = 422

    def __init__(self, grave: Sequence[Finding]) -> None:
        said = "、".join(dict.fromkeys(f"「{each.words}」" for each in grave[:5]))
        super().__init__(
            f"检查发现 {len(grave)} 处要先处理：{said}。请改掉；确实要这样写的，请在下面写明理由再提交。"
        )


class StillOpen(DomainError):
    """Comments of reviewers that nobody has dealt with."""

    status = 422

    def __init__(self, count: int) -> None:
        super().__init__(f"还有 {count} 条审核意见没有处理。请处理完再提交；确实要先提交的，请在下面勾选。")


# --- writing -----------------------------------------------------------------------------------------------


def new_key(kind: ContentKind) -> str:
    """For something that is not there yet; its form carries it, so that sent twice it is made once."""
    return public_id() if kind is ContentKind.ARTICLE else f"{kind.value}-{secrets.token_hex(6)}"


def fitting(kind: ContentKind, key: str) -> str:
    """The key that a form carried; another one, where that is none of ours."""
    fits = _NEW_ARTICLE if kind is ContentKind.ARTICLE else _NEW_ANSWER
    return key if fits.fullmatch(key) else new_key(kind)


async def start(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    filled: Filled,
    *,
    by: Standing,
    now: datetime,
    by_itself: bool = False,
) -> ContentDraft:
    """A draft of something new; `by_itself`: nobody pressed a button, and it may lack a title.

    Raises:
        NotWhole: it has no title.
        AlreadyThere: the same form was sent before.
    """
    key = fitting(kind, key)
    piece = await find(session, kind, key, lock=True)
    if piece.shown is not None or piece.draft is not None:
        raise AlreadyThere(key)
    return await _begin(session, piece, filled, by, now, by_itself)


async def save(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    filled: Filled,
    *,
    version: int | None,
    by: Standing,
    now: datetime,
    by_itself: bool = False,
) -> ContentDraft:
    """Put down what was typed. `version` is that of the draft which was read; None: there was none.

    `by_itself`: while somebody writes, so one sitting is one act and one revision. The same words sent once
    more, because an answer was lost or a button pressed twice, are saved already.

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
        return await _begin(session, piece, filled, by, now, by_itself)
    if draft.version != version:
        if draft.state is not S.IN_REVIEW and _says(draft, filled, by):
            return draft
        at = f"{shanghai(draft.updated_at):%m-%d %H:%M}"
        raise MovedOn(f"{draft.by} 在 {at} 改过这一条。您写的还在下面，请先核对现在存着的，再决定是否保存。")
    if draft.state is S.IN_REVIEW:
        raise DomainError("这一条正在审核。要改，请审核人先退回。")
    goes_on = by_itself and await content_revisions.find_sitting(session, kind, key, by, now) is not None
    with unseen(session) if goes_on else nullcontext():
        draft.filled, draft.title = filled, _title(filled, by_itself)
        draft.writer_ids = sorted({*writers(draft), by.staff_id})
        draft.by, draft.updated_at = by.name, now
        await session.flush()
        await content_revisions.keep(session, draft, now, by=by, by_itself=by_itself)
    if not goes_on:
        does(session, "content.save", key, kind=kind.value, title=draft.title)
    return draft


async def restore(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    number: int,
    *,
    version: int | None,
    by: Standing,
    now: datetime,
) -> ContentDraft:
    """A draft with the words of that revision; what is shown stays. `version` is as in `save`.

    Who wrote them then does not approve them now either.

    Raises:
        NotFound: no such thing, or no such revision.
        MovedOn: somebody saved meanwhile.
        DomainError: it is in review, or read elsewhere; it says so already.
    """
    old = await content_revisions.get_one(session, kind, key, number)
    piece = await get(session, kind, key, lock=True)
    is_fresh = piece.draft is not None and piece.draft.version == version
    if is_fresh and content_revisions.digest(piece.filled_draft()) == old.digest:
        raise DomainError("草稿现在就是这一版的内容，不用恢复。")
    draft = await save(session, kind, key, content_revisions.filled_of(old), version=version, by=by, now=now)
    found: list[int] = old.writer_ids  # type: ignore[assignment]
    draft.writer_ids = sorted(writers(draft) | set(found))
    await session.flush()
    does(session, "content.restore", key, kind=kind.value, title=draft.title, number=number)
    return draft


async def submit(
    session: AsyncSession,
    draft: ContentDraft,
    *,
    by: Standing,
    now: datetime,
    words: Wordlist = NO_WORDS,
    reason: str = "",
    seen: str = "",
    despite: str = "",
) -> None:
    """Send a draft to review, whole. `words` are those of the board, which are looked for too.

    What the check finds grave goes there with a `reason` only, given by who was shown just that: `seen`; and
    with comments still open it goes `despite` those that were shown, named by the last one.

    Raises: NotWhole, NeedsReason, StillOpen, DomainError.
    """
    await ready(session, draft, now)
    still_open = await content_comments.list_open(session, draft)
    if still_open and despite != still_open[-1].public_id:
        raise StillOpen(len(still_open))
    grave = content_checks.grave(await content_words.check(session, draft.kind, draft.filled, words))
    reason = reason.strip()[:200]
    if grave and not (reason and seen == content_checks.mark(grave)):
        raise NeedsReason(grave)
    reason = reason if grave else ""
    move(session, draft, S.IN_REVIEW, by.name, now, reason)
    draft.approver_ids = []
    await session.flush()
    does(
        session, "content.submit", draft.key, reason=reason or None, kind=draft.kind.value, title=draft.title
    )


async def discard(
    session: AsyncSession, kind: ContentKind, key: str, *, version: int, by: Standing, now: datetime
) -> None:
    """Give a draft up; what is shown stays. Raises: NotFound, MovedOn, DomainError."""
    draft = await open_draft(session, kind, key, version)
    move(session, draft, S.WITHDRAWN, by.name, now, "作废草稿")
    await session.flush()
    does(session, "content.discard", key, kind=kind.value, title=draft.title)


# --- parts -------------------------------------------------------------------------------------------------


async def _begin(
    session: AsyncSession, piece: Piece, filled: Filled, by: Standing, now: datetime, by_itself: bool
) -> ContentDraft:
    await content_revisions.keep_shown(session, piece, now)
    draft = ContentDraft(
        kind=piece.kind,
        key=piece.key,
        title=_title(filled, by_itself),
        state=S.DRAFT,
        filled=filled,
        writer_ids=[by.staff_id],
        by=by.name,
        created_at=now,
        updated_at=now,
    )
    session.add(draft)
    await session.flush()
    note(session, piece.kind, piece.key, None, S.DRAFT, by.name, now)
    await content_revisions.keep(session, draft, now, by=by, by_itself=by_itself)
    does(session, "content.save", piece.key, kind=piece.kind.value, title=draft.title)
    return draft


async def ready(session: AsyncSession, draft: ContentDraft, now: datetime) -> Any:
    """What it becomes. Raises: NotWhole."""
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


def _says(draft: ContentDraft, filled: Filled, by: Standing) -> bool:
    said = content_revisions.digest(content_revisions.filled_of(draft))
    return by.staff_id in writers(draft) and said == content_revisions.digest(filled)


def _title(filled: Filled, by_itself: bool) -> str:
    title: str = filled.get("title", "") or (UNTITLED if by_itself else "")
    if not title:
        raise NotWhole("请先写标题。")
    return title[:80]
