"""One thing of the content: what is shown of it, its draft, the moves of both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.errors import DomainError, NotFound
from app.knowledge import Entry, LawAnswer, Tip
from app.services import content_forms, coordination, library
from app.services.content_forms import Filled
from models import OPEN_DRAFTS, Article, ArticleState, ContentDraft, ContentKind, ContentMove, ShippedRow
from models import LawAnswer as LawAnswerRow
from models import Tip as TipRow

S = ArticleState
TABLES: Final[dict[ContentKind, type[ShippedRow]]] = {ContentKind.TIP: TipRow, ContentKind.LAW: LawAnswerRow}
CONSOLE: Final = "console"
MOVES: Final[dict[ArticleState, frozenset[ArticleState]]] = {
    S.DRAFT: frozenset({S.IN_REVIEW, S.WITHDRAWN}),
    S.IN_REVIEW: frozenset({S.CHANGES_REQUESTED, S.SCHEDULED, S.PUBLISHED}),
    S.CHANGES_REQUESTED: frozenset({S.IN_REVIEW, S.WITHDRAWN}),
}
"""Of a draft. What is shown can only be taken down."""
NOWHERE: Final = "没有找到这一条内容。"


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing: what is shown of it, and the draft that is being written."""

    kind: ContentKind
    key: str
    shown: ShippedRow | Article | None
    draft: ContentDraft | None

    @property
    def title(self) -> str:
        return self.draft.title if self.draft is not None else self.shown.title if self.shown else ""

    @property
    def is_shown(self) -> bool:
        if isinstance(self.shown, Article):
            return self.shown.state is S.PUBLISHED
        return self.shown is not None and self.shown.live

    def is_public(self, now: datetime) -> bool:
        """Whether anybody may read it at this moment: an article may wait, or have ended."""
        if isinstance(self.shown, Article):
            return self.shown.state_at(now) is S.PUBLISHED
        return self.is_shown

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is read at WeChat: of such an article we have no text."""
        return isinstance(self.shown, Article) and self.shown.address is not None

    def filled_draft(self) -> Filled:
        assert self.draft is not None
        return dict(self.draft.filled)  # type: ignore[call-overload, no-any-return]

    def filled_shown(self) -> Filled:
        """The form of what is shown, or was."""
        if isinstance(self.shown, Article):
            return content_forms.of_article(self.shown)
        assert self.shown is not None
        return content_forms.of_entry(entry_of_row(self.kind, self.shown))

    def filled(self) -> Filled:
        """Where writing goes on."""
        return self.filled_shown() if self.draft is None else self.filled_draft()


def entry_of_row(kind: ContentKind, row: ShippedRow) -> Entry:
    made: type[Entry] = Tip if kind is ContentKind.TIP else LawAnswer
    return made.from_dict(row.data)  # type: ignore[arg-type]


async def get(session: AsyncSession, kind: ContentKind, key: str, *, lock: bool = False) -> Piece:
    """Raises: NotFound."""
    found = await find(session, kind, key, lock=lock)
    if found.shown is None and found.draft is None:
        raise NotFound(NOWHERE)
    return found


async def list_moves(session: AsyncSession, piece: Piece) -> list[ContentMove]:
    """Oldest first."""
    chosen = sa.select(ContentMove).where(ContentMove.kind == piece.kind, ContentMove.key == piece.key)
    return list(await session.scalars(chosen.order_by(ContentMove.id)))


async def find(session: AsyncSession, kind: ContentKind, key: str, *, lock: bool = False) -> Piece:
    """With nothing in it where there is nothing."""
    if lock:  # one queue for all who change content, files included
        await coordination.queue_for(session, library.VERSION)
    shown: ShippedRow | Article | None
    if kind is ContentKind.ARTICLE:
        shown = await session.scalar(sa.select(Article).where(Article.public_id == key))
    else:
        table = TABLES[kind]
        shown = await session.scalar(sa.select(table).where(table.slug == key))
    open_one = sa.select(ContentDraft).where(ContentDraft.kind == kind, ContentDraft.key == key)
    draft = await session.scalar(open_one.where(ContentDraft.state.in_(OPEN_DRAFTS)))
    return Piece(kind, key, shown, draft)


def writers(draft: ContentDraft) -> set[int]:
    """Ids of staff who wrote in it."""
    found: list[int] = draft.writer_ids  # type: ignore[assignment]
    return set(found)


# --- a draft and its moves ---------------------------------------------------------------------------------


class MovedOn(DomainError):
    """Somebody else was quicker."""


async def open_draft(session: AsyncSession, kind: ContentKind, key: str, version: int) -> ContentDraft:
    """The open draft, locked, as it was when it was looked at."""
    draft = (await get(session, kind, key, lock=True)).draft
    if draft is None:
        raise MovedOn("这份草稿已经发布或作废，请看现在的内容。")
    if draft.version != version:
        last = (await list_moves(session, Piece(kind, key, None, draft)))[-1]
        moved = last.at > draft.updated_at
        by, at = (last.by, last.at) if moved else (draft.by, draft.updated_at)
        said = f"{by}，{shanghai(at):%m-%d %H:%M}"
        raise MovedOn(f"您打开以后，这一条又动过（{said}）。请看过现在的内容再决定。")
    return draft


def move(
    session: AsyncSession,
    draft: ContentDraft,
    to: ArticleState,
    by: str,
    now: datetime,
    reason: str = "",
    *,
    step: str = "",
) -> None:
    if to not in MOVES.get(draft.state, frozenset()):
        raise DomainError(f"{draft.state.label}的内容不能改为{to.label}。")
    note(session, draft.kind, draft.key, draft.state, to, by, now, reason, step=step)
    draft.state = to


def note(
    session: AsyncSession,
    kind: ContentKind,
    key: str,
    before: ArticleState | None,
    to: ArticleState,
    by: str,
    now: datetime,
    reason: str = "",
    *,
    step: str = "",
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
            step=step,
            at=now,
        )
    )
