"""Bringing applied menus to WeChat: the push, step by step, each a row that survives a crash.

A step that was under way when its process died is done again: creating the default menu and tags ends in
the same state, and a menu for an audience that was made twice is removed by the tidying step.
Not here: who carries which of our tags - `app.jobs.menu_tags`.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.jobs.menu_tags import SWEEP, tag_followers, tag_id
from app.menus.buttons import drift
from app.menus.model import MenuFile
from app.menus.pushes import CONDITIONAL, DEFAULT, DONE, ENSURE_TAG, TIDY, UNFINISHED
from app.wechat.api.buttons import read_buttons
from app.wechat.api.menus import MatchRule, MenusApi
from app.wechat.client import WeChatClient
from app.wechat.errors import NotAllowed, OutcomeUnknown, QuotaUsedUp, TryLater, WeChatError
from models import Lease, MenuPushStep, StepState

__all__ = ["drifted", "push_steps", "steps_due", "tag_followers"]

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=90)  # longer than a call with its one repeat
MOST_STEPS = 200  # in one go
OPERATOR_WAIT = timedelta(hours=1)  # somebody must act first; then it goes on by itself
MISTAKE_WAIT = timedelta(days=1)
REASON_LENGTH = 200
NO_RIGHT = "账号未认证，没有菜单接口；请在微信公众平台里手工设置菜单"


@dataclass(frozen=True)
class _Claim:
    """A step in our hands, with what it needs from those before it."""

    id: int
    token: str
    action: str
    payload: Any
    tries: int
    before: tuple[tuple[str, Any, Any], ...]  # action, payload, result of this round's finished steps


async def push_steps(
    database: Database, client: WeChatClient, clock: Clock, *, certified: bool = True
) -> int:
    """Do the steps that are due, one after another; how many were done.

    Stops at the first that cannot be done now. `certified` is whether the account has the menu calls at all.
    """
    done = 0
    if not certified:
        async with database.transaction() as session:
            await _drop_all(session)
        return done
    for _ in range(MOST_STEPS):
        async with database.transaction() as session:
            claim = await _claim(session, clock)
        if claim is None:
            break
        try:
            result = await _perform(claim, client)
        except WeChatError as error:
            await _put_off(database, claim, error, clock)
            break
        async with database.transaction() as session:
            await _settle(session, claim, state=StepState.DONE, reason="", result=result)
            if claim.action == DONE:  # who sees what may have changed: look at all followers now
                await session.execute(sa.delete(Lease).where(Lease.name == SWEEP))
        done += 1
    return done


async def drifted(client: WeChatClient, file: MenuFile, public_url: str) -> list[str]:
    """What WeChat shows otherwise than `file` says, in Chinese.

    Raises: WeChatError: it does not tell.
    """
    answer = await client.menus.get()
    tags = {tag.name: tag.id for tag in await client.tags.list()}
    return drift(file, public_url, answer.raw, tags)


async def steps_due(session: AsyncSession, now: datetime) -> bool:
    """Whether there is anything to do; cheap enough for every sweep."""
    due = sa.select(MenuPushStep.id).where(MenuPushStep.state.in_(UNFINISHED), MenuPushStep.due_at <= now)
    return await session.scalar(due.limit(1)) is not None


async def _drop_all(session: AsyncSession) -> None:
    waiting = sa.update(MenuPushStep).where(MenuPushStep.state.in_(UNFINISHED))
    await session.execute(waiting.values(state=StepState.DROPPED, reason=NO_RIGHT))


async def _claim(session: AsyncSession, clock: Clock) -> _Claim | None:
    """The first unfinished step, if it is due and nobody is at it: order is kept across processes."""
    real = clock.real_now()
    # Also of an older push: its call must not land after ours.
    busy = sa.select(MenuPushStep.id).where(MenuPushStep.lease_until > real).limit(1)
    if await session.scalar(busy) is not None:
        return None
    unfinished = sa.select(MenuPushStep).where(MenuPushStep.state.in_(UNFINISHED))
    in_order = unfinished.order_by(MenuPushStep.revision_id.desc(), MenuPushStep.position)
    step = (await session.scalars(in_order.limit(1).with_for_update())).first()
    if step is None or step.due_at > clock.now() or (step.lease_until and step.lease_until > real):
        return None
    step.lease_token = secrets.token_hex(8)
    step.lease_until = real + LEASE
    step.tries += 1
    return _Claim(
        step.id, step.lease_token, step.action, step.payload, step.tries, await _round(session, step)
    )


async def _round(session: AsyncSession, step: MenuPushStep) -> tuple[tuple[str, Any, Any], ...]:
    """What this push has done so far; the same revision may have been pushed before."""
    mine = sa.select(MenuPushStep).where(
        MenuPushStep.revision_id == step.revision_id, MenuPushStep.position < step.position
    )
    earlier: Sequence[MenuPushStep] = (await session.scalars(mine.order_by(MenuPushStep.position))).all()
    starts = [n for n, each in enumerate(earlier) if each.action == DEFAULT]
    return tuple((each.action, each.payload, each.result) for each in earlier[starts[-1] if starts else 0 :])


async def _perform(claim: _Claim, client: WeChatClient) -> dict[str, Any]:
    if claim.action == DEFAULT:
        await client.menus.create(read_buttons(claim.payload))
    elif claim.action == ENSURE_TAG:
        return {"id": await tag_id(client.tags, claim.payload["name"])}
    elif claim.action == CONDITIONAL:
        tag = next(
            r["id"] for a, p, r in claim.before if a == ENSURE_TAG and p["name"] == claim.payload["tag"]
        )
        rule = MatchRule(tag_id=str(tag))
        return {"menu_id": await client.menus.add_conditional(read_buttons(claim.payload), rule)}
    elif claim.action == TIDY:
        return {"removed": await _tidy(claim, client.menus)}
    return {}


async def _tidy(claim: _Claim, menus: MenusApi) -> list[str]:
    """Remove menus for audiences that this push did not make: those of older pushes, and doubles."""
    made = {result["menu_id"] for action, _, result in claim.before if action == CONDITIONAL}
    old = [menu.menu_id for menu in (await menus.get()).conditional if menu.menu_id not in made]
    for menu_id in old:
        await menus.delete_conditional(menu_id)
    return old


async def _put_off(database: Database, claim: _Claim, error: WeChatError, clock: Clock) -> None:
    state, wait, said = _meaning(error, claim.tries)
    code = "" if error.errcode is None else f"（{error.errcode} {error.errmsg}）"
    due = error.until if isinstance(error, QuotaUsedUp) else clock.now() + wait
    reason = f"{said}{code}"[:REASON_LENGTH]
    async with database.transaction() as session:
        await _settle(session, claim, state=state, reason=reason, due_at=due)
    level = log.error if state is StepState.FAILED else log.warning
    level("menus.push_stopped", action=claim.action, error=str(error), again_at=due.isoformat())


def _meaning(error: WeChatError, tries: int) -> tuple[StepState, timedelta, str]:
    """The state, how long to wait, and the reason in words."""
    backed_off = timedelta(seconds=min(10 * 2 ** min(tries, 10), 1800))
    if isinstance(error, TryLater):
        wait = max(timedelta(seconds=error.retry_after_seconds), backed_off if tries > 1 else timedelta())
        return StepState.WAITING, wait, "微信暂时繁忙，稍后自动再试"
    if isinstance(error, QuotaUsedUp):
        return StepState.WAITING, backed_off, "今天的调用次数用完了，明天自动再试"
    if isinstance(error, OutcomeUnknown):
        return StepState.WAITING, backed_off, "没有收到微信的答复，稍后自动再试"
    if isinstance(error, NotAllowed):
        named = error.retry_after_seconds
        wait = timedelta(seconds=named) if named else OPERATOR_WAIT
        return StepState.FAILED, wait, "微信不允许这个账号或服务器设置菜单，请管理员处理"
    return StepState.FAILED, MISTAKE_WAIT, "微信不接受这份菜单，请改正后重新应用"


async def _settle(session: AsyncSession, claim: _Claim, **values: Any) -> None:
    """Write what became of it, unless a newer push dropped it; give it back in any case."""
    mine = sa.update(MenuPushStep).where(MenuPushStep.id == claim.id, MenuPushStep.lease_token == claim.token)
    await session.execute(mine.where(MenuPushStep.state.in_(UNFINISHED)).values(**values))
    await session.execute(mine.values(lease_token=None, lease_until=None))
