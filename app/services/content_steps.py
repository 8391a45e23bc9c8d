"""How many steps the review of content takes, and at which one a draft stands.

What is set counts from the next step on, for what is in review already too: somebody who publishes decides
last, however many passed it before. Functions flush and never commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import content_forms, coordination, library
from app.services.audit import does
from app.services.permissions import Right, Standing, may
from models import ArticleState, ContentDraft, ContentKind, ContentSteps

MOST: Final = 3
_NAMES: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("审核",),
    2: ("初审", "终审"),
    3: ("初审", "复审", "终审"),
}
Place = tuple[ContentKind, str]  # a kind and one of its categories, "" for all of it
Settings = Mapping[Place, int]  # steps; what is not there follows its kind, and that is one


class SetMeanwhile(DomainError):
    """Somebody else changed the settings since they were looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a draft in review stands: `number` from 1, of `of`."""

    number: int
    of: int

    @property
    def name(self) -> str:
        return _NAMES[self.of][self.number - 1]

    @property
    def next_name(self) -> str:
        return "" if self.is_last else _NAMES[self.of][self.number]

    @property
    def is_last(self) -> bool:
        return self.number == self.of

    @property
    def right(self) -> Right:
        return Right.CONTENT_PUBLISH if self.is_last else Right.CONTENT_CHECK

    def __str__(self) -> str:
        """As a form carries it."""
        return f"{self.number}-{self.of}"


ONLY: Final = Step(1, 1)


# --- where a draft stands ----------------------------------------------------------------------------------


def approvers(draft: ContentDraft) -> list[int]:
    """Ids of staff who passed an earlier step of this review."""
    found: list[int] = draft.approver_ids  # type: ignore[assignment]
    return list(found)


def step_of(settings: Settings, draft: ContentDraft) -> Step:
    """The one that comes next."""
    filled: dict[str, object] = draft.filled  # type: ignore[assignment]
    of = needed(settings, draft.kind, str(filled.get("category", "")))
    return Step(min(len(approvers(draft)) + 1, of), of)


def needed(settings: Settings, kind: ContentKind, category: str) -> int:
    return settings.get((kind, category)) or settings.get((kind, "")) or 1


async def find(session: AsyncSession, draft: ContentDraft) -> Step | None:
    """The one it waits for; None where it is not in review."""
    return step_of(await read(session), draft) if draft.state is ArticleState.IN_REVIEW else None


async def list_waiting(session: AsyncSession) -> list[tuple[ContentDraft, Step]]:
    """All drafts in review, the longest waiting first."""
    settings = await read(session)
    chosen = sa.select(ContentDraft).where(ContentDraft.state == ArticleState.IN_REVIEW)
    found = await session.scalars(chosen.order_by(ContentDraft.updated_at, ContentDraft.id))
    return [(draft, step_of(settings, draft)) for draft in found]


def is_for(standing: Standing, draft: ContentDraft, step: Step) -> bool:
    """Whether this person may decide this step: not on own words, and one step of a review at most."""
    had_part = {*approvers(draft), *_writers(draft)}
    return standing.staff_id not in had_part and may(standing, step.right, None)


def _writers(draft: ContentDraft) -> list[int]:
    found: list[int] = draft.writer_ids  # type: ignore[assignment]
    return found


# --- what is set -------------------------------------------------------------------------------------------


async def read(session: AsyncSession) -> dict[Place, int]:
    rows = await session.scalars(sa.select(ContentSteps))
    return {(row.kind, row.category): row.steps for row in rows}


def places() -> list[Place]:
    """All that may be set: each kind, and the columns of the articles."""
    columns = [(ContentKind.ARTICLE, category) for category in content_forms.categories(ContentKind.ARTICLE)]
    return [*((kind, "") for kind in ContentKind), *columns]


async def put(session: AsyncSession, wanted: Settings, *, seen: Settings, by: Standing, now: datetime) -> int:
    """Set all of it; 0 takes a column's own number away. Returns how many in review now take another way.

    Raises: SetMeanwhile: it is not `seen` any more. DomainError: there are no so many steps.
    """
    await coordination.queue_for(session, library.VERSION)  # nobody decides on anything meanwhile
    rows = {(row.kind, row.category): row for row in await session.scalars(sa.select(ContentSteps))}
    before = {place: row.steps for place, row in rows.items()}
    if before != dict(seen):
        raise SetMeanwhile("您打开以后，有人改过审核设置。请看过现在的设置再决定。")
    after = {place: steps for place in places() if (steps := wanted.get(place, 0))}
    if any(not 1 <= steps <= MOST for steps in after.values()):
        raise DomainError(f"审核步数应为 1 到 {MOST}。")
    for place in places():
        kind, category = place
        row, of = rows.get(place), after.get(place)
        if of is None and row is not None:
            await session.delete(row)
        elif of is not None and row is None:
            session.add(ContentSteps(kind=kind, category=category, steps=of, by=by.name, changed_at=now))
        elif row is not None and of is not None and row.steps != of:
            row.steps, row.by, row.changed_at = of, by.name, now
    await session.flush()
    does(session, "content.steps", "content")
    waiting = sa.select(ContentDraft).where(ContentDraft.state == ArticleState.IN_REVIEW)
    drafts = (await session.scalars(waiting)).all()
    return sum(step_of(before, draft) != step_of(after, draft) for draft in drafts)
