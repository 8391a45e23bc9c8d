"""The way from applied to pushed: the calls to WeChat that a revision needs, as rows in order.

Each step can be done twice without harm: the default menu replaces itself, tags are looked up by name, and
menus for audiences that were made twice are tidied away by the step after them. `app.jobs.menus` does them.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.menus.buttons import conditional_menus, default_menu
from app.menus.file import read_applied
from app.menus.known import Handlers
from app.menus.revisions import live
from models import MenuPushStep, MenuRevision, StepState

DEFAULT, ENSURE_TAG, CONDITIONAL, TIDY, DONE = "default", "ensure_tag", "conditional", "tidy", "done"
UNFINISHED = (StepState.WAITING, StepState.FAILED)


async def put_in_force(
    session: AsyncSession,
    make: Callable[[], Awaitable[MenuRevision]],
    known: Handlers,
    public_url: str,
    now: datetime,
) -> tuple[MenuRevision, bool]:
    """What `make` applies, and whether it is new: then its way to WeChat is planned."""
    before = await live(session)
    revision = await make()
    if before is not None and before.id == revision.id:
        return revision, False
    await plan_push(session, revision, known, public_url, now)
    return revision, True


async def plan_push(
    session: AsyncSession, revision: MenuRevision, known: Handlers, public_url: str, now: datetime
) -> list[MenuPushStep]:
    """The steps for `revision`; unfinished ones of older pushes are dropped.

    Planned again, a revision is pushed again from its first step.
    """
    file = read_applied(revision.text, known)
    menus = conditional_menus(file, public_url)
    calls: list[tuple[str, object]] = [(DEFAULT, {"button": default_menu(file, public_url)})]
    calls += [(ENSURE_TAG, {"name": menu.tag}) for menu in menus]
    # WeChat asks the newest first, so the first in the file is made last.
    calls += [(CONDITIONAL, {"tag": menu.tag, "button": menu.buttons}) for menu in reversed(menus)]
    calls += [(TIDY, None), (DONE, None)]

    older = sa.update(MenuPushStep).where(MenuPushStep.state.in_(UNFINISHED))
    reason = {"state": StepState.DROPPED, "reason": "有了更新的一次发布"}
    await session.execute(older.values(**reason))
    start = await _next_position(session, revision)
    steps = [
        MenuPushStep(
            revision_id=revision.id,
            position=start + n,
            action=action,
            payload=payload,
            state=StepState.WAITING,
            due_at=now,
        )
        for n, (action, payload) in enumerate(calls)
    ]
    session.add_all(steps)
    await session.flush()
    return steps


async def _next_position(session: AsyncSession, revision: MenuRevision) -> int:
    used = sa.select(sa.func.max(MenuPushStep.position)).where(MenuPushStep.revision_id == revision.id)
    newest = await session.scalar(used)
    return 0 if newest is None else newest + 1


async def push_state(session: AsyncSession, revision: MenuRevision) -> str:
    """Whether the buttons of `revision` are on phones, in words."""
    return (await push_states(session, [revision]))[revision.id]


async def push_states(session: AsyncSession, found: Sequence[MenuRevision]) -> dict[int, str]:
    """As `push_state`, by the revisions' ids."""
    by_revision: dict[int, list[MenuPushStep]] = {revision.id: [] for revision in found}
    theirs = sa.select(MenuPushStep).where(MenuPushStep.revision_id.in_(by_revision))
    for step in await session.scalars(theirs.order_by(MenuPushStep.position)):
        by_revision[step.revision_id].append(step)
    return {number: in_words(steps) for number, steps in by_revision.items()}


async def steps_of(session: AsyncSession, revision: MenuRevision) -> Sequence[MenuPushStep]:
    """In order; a revision pushed again has them again."""
    mine = sa.select(MenuPushStep).where(MenuPushStep.revision_id == revision.id)
    return (await session.scalars(mine.order_by(MenuPushStep.position))).all()


def in_words(steps: Sequence[MenuPushStep]) -> str:
    if not steps:
        return "没有发布到微信"
    last = steps[-1]
    if last.state is StepState.DONE:
        return "已发布到微信"
    stuck = next((step for step in steps if step.state is StepState.FAILED), None)
    if stuck:
        return f"发布遇到问题：{stuck.reason}"
    if last.state is StepState.DROPPED:
        return f"未发布：{last.reason}"
    return "正在发布到微信"
