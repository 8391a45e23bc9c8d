"""Deciding on many posts at once: those that need not be read again, each as it was seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import board_rows, board_work
from app.services.audit import does
from app.services.board_work import Seen
from app.services.permissions import Standing
from models import BoardState

MOST: Final = 50


class Act(StrEnum):
    PUBLISH = "publish"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Done:
    count: int
    left: int
    act: Act

    @property
    def said(self) -> str:
        what = {"publish": "公开", "hide": "隐藏"}[self.act.value]
        left = f"还有 {self.left} 条没有办：要先看原文，或者刚刚有变动，请点开看。" if self.left else ""
        return f"{what}了 {self.count} 条。{left}" if self.count else f"没有{what}。{left}"


async def act(
    session: AsyncSession, what: Act, ticked: Sequence[str], reason: str, by: Standing, now: datetime
) -> Done:
    """`ticked`: `public_id:version` each. Always in one order: two who do the same never block each other.

    Raises: DomainError: nothing was ticked, too much, no reason, or none of them could be decided on.
    """
    if not ticked or len(ticked) > MOST:
        raise DomainError(f"请勾选 1 到 {MOST} 条。")
    done: list[str] = []
    for public_id, version in sorted(_pair(each) for each in ticked):
        seen = Seen(public_id, version, by)
        try:
            await _one(session, what, seen, reason, now)
        except DomainError:
            if what is Act.HIDE and not reason.strip():
                raise
            continue
        done.append(public_id)
    outcome = Done(len(done), len(ticked) - len(done), what)
    if not done:
        raise DomainError(outcome.said)
    does(session, f"board.{what.value}", f"{len(done)} 条", reason=reason or None, posts=done)
    return outcome


async def _one(session: AsyncSession, what: Act, seen: Seen, reason: str, now: datetime) -> None:
    """Nothing of it has been written where it is refused."""
    if what is Act.PUBLISH:
        await board_work.publish(session, seen, now)
        return
    post = await board_rows.get(session, seen.public_id)
    if post.state is not BoardState.PUBLISHED:
        raise board_rows.NotNow("公开的帖子才能隐藏。")
    await board_work.hide(session, seen, reason, now)


def _pair(ticked: str) -> tuple[str, int]:
    public_id, _, version = ticked.partition(":")
    return public_id[:16], int(version) if version.isascii() and version.isdecimal() and len(
        version
    ) < 9 else 0
