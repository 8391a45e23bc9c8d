"""What others do with a post: a like each, taken back by a second one; a report each, and what many do.

Signed in is enough for both: whoever may read it may say that it ought not to be there.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import DomainError, NotFound
from app.services import board_notices, board_rows
from app.services.board_rows import NOWHERE, SYSTEM, author_digest, like_digest, report_digest
from app.services.coordination import upsert
from app.services.forgetting import change
from models import BoardLike, BoardPost, BoardReport, BoardState, Person, ReportReason

HIDES: Final = 3  # different persons
A_DAY: Final = 20  # reports of one person
WORDS: Final = 200  # characters
BY_REPORTS: Final = "有多位职工举报，先隐藏，等工作人员看过再定。"


class TooManyReports(DomainError):
    status = 429

    def __init__(self) -> None:
        super().__init__(f"一天最多举报 {A_DAY} 次，今天已经用完。急的事请在公众号里回复「人工」。")


@dataclass(frozen=True, slots=True)
class Liking:
    likes: int
    liked: bool


async def like(session: AsyncSession, public_id: str, person_id: int) -> Liking:
    """Like the post, or take the like back. Raises: NotFound: it is not public."""
    post = await _public(session, public_id)
    mine = like_digest(person_id)
    added = upsert(session, BoardLike).values(post_id=post.id, person_digest=mine)
    row_id = await session.scalar(
        added.on_conflict_do_nothing(index_elements=["post_id", "person_digest"]).returning(
            BoardLike.__table__.c.id
        )
    )
    if row_id is None:
        await change(
            session, sa.delete(BoardLike).where(BoardLike.post_id == post.id, BoardLike.person_digest == mine)
        )
    step = -1 if row_id is None else 1
    counted = sa.update(BoardPost).where(BoardPost.id == post.id).values(likes=BoardPost.likes + step)
    await change(session, counted)
    return Liking(max(post.likes + step, 0), liked=row_id is not None)


async def liked_by(session: AsyncSession, post: BoardPost, person_id: int | None) -> bool:
    if person_id is None:
        return False
    mine = sa.select(BoardLike.id).where(
        BoardLike.post_id == post.id, BoardLike.person_digest == like_digest(person_id)
    )
    return await session.scalar(mine) is not None


async def report(
    session: AsyncSession, public_id: str, person_id: int, reason: str, words: str, now: datetime
) -> bool:
    """Say that a post ought not to be there; true where it is hidden by that. A second one changes nothing.

    Raises: NotFound: it is not public; DomainError: no reason, too long, one's own; TooManyReports.
    """
    if reason not in set(ReportReason):
        raise DomainError("请选举报的原因。")
    if len(words) > WORDS:
        raise DomainError(f"说明最多 {WORDS} 个字，现在是 {len(words)} 个字，请缩短。")
    await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())
    post = await _public(session, public_id)
    if post.author_digest == author_digest(person_id):
        raise DomainError("这是您自己的帖子，不用举报。")
    mine = report_digest(person_id)
    if await _has_reported(session, post, mine):
        return False
    if await _reported_today(session, mine, now) >= A_DAY:
        raise TooManyReports
    session.add(
        BoardReport(
            post_id=post.id,
            person_digest=mine,
            reason=ReportReason(reason),
            words=words or None,
            at=start_of_day(now),
        )
    )
    post.reports += 1
    await session.flush()
    if post.reports < HIDES:
        return False
    row = board_rows.move(
        session, post, BoardState.HIDDEN, by=SYSTEM, channel="portal", now=now, reason=BY_REPORTS
    )
    await board_notices.moved(session, post, row, board_notices.HIDDEN, now)
    await board_notices.reported(session, post, row, now)
    return True


async def _public(session: AsyncSession, public_id: str) -> BoardPost:
    post = await board_rows.get(session, public_id, lock=True)
    if post.state is not BoardState.PUBLISHED:
        raise NotFound(NOWHERE)
    return post


async def _has_reported(session: AsyncSession, post: BoardPost, mine: bytes) -> bool:
    same = sa.select(BoardReport.id).where(BoardReport.post_id == post.id, BoardReport.person_digest == mine)
    return await session.scalar(same) is not None


async def _reported_today(session: AsyncSession, mine: bytes, now: datetime) -> int:
    today = sa.select(sa.func.count()).select_from(BoardReport)
    today = today.where(BoardReport.person_digest == mine, BoardReport.at >= start_of_day(now))
    return await session.scalar(today) or 0
