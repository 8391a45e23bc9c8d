"""Deciding on content: passed step by step by others than who wrote it, sent back, taken back, taken down.

What is decided on is exactly what was looked at, words and step. What is shown stays until its draft takes
its place. Functions flush and never commit. Not here: how many steps there are (`content_steps`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.errors import DomainError
from app.services import articles, content_revisions, content_steps, contents, library, wechat_articles
from app.services.audit import does
from app.services.content_forms import ReadyArticle
from app.services.content_pieces import TABLES, MovedOn, Piece, get, move, note, open_draft, writers
from app.services.content_steps import ONLY, Step
from app.services.permissions import Standing, demand
from models import Article, ArticleState, ContentDraft, ContentKind

S = ArticleState


async def approve(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    *,
    version: int,
    by: Standing,
    now: datetime,
    step: str = str(ONLY),
) -> ArticleState:
    """Pass one step; after the last what was reviewed is shown: now, or at the moment that an article names.

    `version` and `step` are what was looked at. Returns the state; `IN_REVIEW` where a further step follows.

    Raises:
        NotFound: no such thing, or no draft of it.
        MovedOn: it is not what was looked at any more, or takes other steps now.
        Forbidden: this step is not for `by` to decide.
        DomainError: own words; an earlier step of his; not in review; it does not do any more.
    """
    draft, now_at = await _at_step(session, kind, key, version, by)
    if step != str(now_at):
        raise MovedOn(
            f"审核设置改过了：这一条一共 {now_at.of} 步，现在是{now_at.name}。请看过现在的样子再决定。"
        )
    ready = await contents.ready(session, draft, now)
    if now_at.is_last:
        return await _show(session, draft, ready, by, now, now_at)
    draft.approver_ids = [*content_steps.approvers(draft), by.staff_id]
    note(session, kind, key, S.IN_REVIEW, S.IN_REVIEW, by.name, now, step=now_at.name)
    await session.flush()
    does(session, "content.pass", key, kind=kind.value, title=draft.title, step=now_at.name)
    return S.IN_REVIEW


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
    """To the writer, from any step; the next review begins at the first.

    Raises: NotFound, MovedOn, Forbidden, DomainError: not in review, or no reason was given.
    """
    draft = await open_draft(session, kind, key, version)
    demand(by, content_steps.step_of(await content_steps.read(session), draft).right, None)
    reason = _reason(reason, "请写明要改什么，作者会看到。")
    move(session, draft, S.CHANGES_REQUESTED, by.name, now, reason)
    draft.approver_ids = []
    await session.flush()
    does(session, "content.send_back", key, reason=reason, kind=kind.value, title=draft.title)


async def take_back(
    session: AsyncSession, key: str, *, version: int, reason: str, by: Standing, now: datetime
) -> None:
    """An article that was approved and waits for its moment goes back to its writer, up to that moment.

    `version` is that of the article. Whoever writes in a newer draft of it meanwhile goes on with that.

    Raises:
        NotFound: no such article.
        MovedOn: another text of it was approved meanwhile.
        DomainError: it does not wait, it is public by now, or no reason was given.
    """
    piece = await get(session, ContentKind.ARTICLE, key, lock=True)
    row = piece.shown
    if not isinstance(row, Article) or row.state is not S.PUBLISHED or row.published_at is None:
        raise DomainError("这篇文章没有在等发布。")
    if row.published_at <= now:
        at = f"{shanghai(row.published_at):%m-%d %H:%M}"
        raise DomainError(f"这篇文章 {at} 已经发布，收不回了。不想再显示，请点「撤下」。")
    if row.version != version:
        raise MovedOn("您打开以后，这篇文章又动过。请看过现在的内容再决定。")
    reason = _reason(reason, "请写明为什么收回，作者会看到。")
    articles.withdraw(session, row, by=by.name, reason=reason, now=now)
    to = S.CHANGES_REQUESTED if piece.draft is None else S.WITHDRAWN
    note(session, piece.kind, key, S.SCHEDULED, to, by.name, now, reason)
    if piece.draft is None:
        await _reopen(session, piece, now)
    await session.flush()
    does(session, "content.take_back", key, reason=reason, kind=piece.kind.value, title=piece.title)


async def withdraw(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    *,
    reason: str,
    by: Standing,
    now: datetime,
    at_wechat: bool = False,
) -> None:
    """Take down what is shown; files do not bring it back. Twice is no error.

    `at_wechat`: what was published of it in the account is deleted there too, for good.

    Raises: NotFound, DomainError: no reason was given.
    """
    piece = await get(session, kind, key, lock=True)
    if not piece.is_shown:
        return
    reason = _reason(reason, "请写明为什么撤下，记在经过里。")
    if isinstance(piece.shown, Article):
        articles.withdraw(session, piece.shown, by=by.name, reason=reason, now=now)
        if at_wechat:
            await wechat_articles.take_down(session, piece.shown, by=by.name, reason=reason, now=now)
    elif piece.shown is not None:
        await library.withdraw(session, piece.shown)
    note(session, piece.kind, key, S.PUBLISHED, S.WITHDRAWN, by.name, now, reason)
    await session.flush()
    does(session, "content.withdraw", key, reason=reason, kind=kind.value, title=piece.title)


# --- parts -------------------------------------------------------------------------------------------------


async def _at_step(
    session: AsyncSession, kind: ContentKind, key: str, version: int, by: Standing
) -> tuple[ContentDraft, Step]:
    """What `by` may decide on. Raises: as `approve`."""
    draft = await open_draft(session, kind, key, version)
    step = content_steps.step_of(await content_steps.read(session), draft)
    demand(by, step.right, None)
    if by.staff_id in writers(draft):
        raise DomainError("这一条是您自己写的，请另一位审核人审核。")
    if by.staff_id in content_steps.approvers(draft):
        raise DomainError(f"前一步是您审的，{step.name}请另一位审核人来办。")
    if draft.state is not S.IN_REVIEW:
        raise DomainError(f"{draft.state.label}的内容不能审核。")
    return draft, step


async def _show(
    session: AsyncSession, draft: ContentDraft, ready: Any, by: Standing, now: datetime, step: Step
) -> ArticleState:
    to = S.PUBLISHED
    if isinstance(ready, ReadyArticle):
        row = await articles.put(session, draft.key, ready, by=by.name, now=now)
        if row.published_at is not None and row.published_at > now:
            to = S.SCHEDULED
    else:
        await library.put(session, TABLES[draft.kind], ready)
    move(session, draft, to, by.name, now, step="" if step.of == 1 else step.name)
    await content_revisions.was_approved(session, draft, now)
    does(session, "content.approve", draft.key, kind=draft.kind.value, title=draft.title)
    return to


async def _reopen(session: AsyncSession, piece: Piece, now: datetime) -> None:
    """A draft of what was approved last, with its writers."""
    last = await content_revisions.find_shown(session, piece.kind, piece.key)
    filled = piece.filled_shown() if last is None else content_revisions.filled_of(last)
    session.add(
        ContentDraft(
            kind=piece.kind,
            key=piece.key,
            title=piece.title,
            state=S.CHANGES_REQUESTED,
            filled=filled,
            writer_ids=[] if last is None else last.writer_ids,
            by="" if last is None else last.by,
            created_at=now,
            updated_at=now,
        )
    )


def _reason(words: str, missing: str) -> str:
    if not words.strip():
        raise DomainError(missing)
    return words.strip()[:200]
