"""What staff do with the board: decide on posts, answer, put one on top, settle reports, open who wrote one.

Every act names the version that was seen; who comes second is told what became of it. Nothing gets public
without somebody's decision, and nothing before the check of its words has come to an end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import board_notices, board_rows, members
from app.services.audit import does
from app.services.board_rows import REASON, NotNow, lock_seen
from app.services.board_wording import plain
from app.services.case_reporters import REASON_LENGTH, Known
from app.services.forgetting import change
from app.services.permissions import Standing
from models import BoardAnswer, BoardCheck, BoardMove, BoardPost, BoardReport, BoardState, Person, Staff

ANSWER: Final = 1000  # characters
UNIT: Final = 30
MOST_PINNED: Final = 5
CHANNEL: Final = "console"
OWN: Final = "这是您自己写的，请别的同事来定。"
LOOK_TWICE: Final = "机器检查没有通过，或者没有结果。请看过原文，勾选「我看过原文，可以公开」再办。"


@dataclass(frozen=True, slots=True)
class Seen:
    """A post, or a comment, as somebody of staff saw it, and who acts."""

    public_id: str
    version: int
    by: Standing


async def publish(session: AsyncSession, seen: Seen, now: datetime, *, knowingly: bool = False) -> BoardPost:
    """From 待审. `knowingly`: whoever acts has read the words although the check was not clean.

    Raises: NotFound, MovedOn, NotNow; DomainError: to be read first.
    """
    post = await lock_seen(session, seen.public_id, seen.version, now)
    if post.state is not BoardState.PENDING:
        raise NotNow(f"这条帖子现在是「{post.state.label}」，不用再通过。")
    await _refuse_own(session, post, seen)
    if post.verdict is BoardCheck.WAITING:
        raise NotNow("机器检查还没有结果，请过一会儿再看。")
    if not post.is_clean and not knowingly:
        raise DomainError(LOOK_TWICE)
    _does(session, "board.publish", post)
    row = _move(session, post, BoardState.PUBLISHED, seen, now)
    post.published_at = now
    await board_notices.moved(session, post, row, board_notices.PUBLISHED, now)
    return post


async def refuse(session: AsyncSession, seen: Seen, reason: str, now: datetime) -> BoardPost:
    """From 待审; the writer is told why. Raises: NotFound, MovedOn, NotNow; DomainError: no reason."""
    reason = _reason(reason, "为什么不通过")
    post = await lock_seen(session, seen.public_id, seen.version, now)
    row = _move(session, post, BoardState.REFUSED, seen, now, reason)
    _does(session, "board.refuse", post, reason)
    post.check_due_at = post.lease_token = None
    await board_notices.moved(session, post, row, board_notices.REFUSED, now)
    return post


async def hide(session: AsyncSession, seen: Seen, reason: str, now: datetime) -> BoardPost:
    """What was public, or was hidden by reports and is to stay so; the reports are settled by it.

    Raises: NotFound, MovedOn, NotNow; DomainError: no reason.
    """
    reason = _reason(reason, "为什么隐藏")
    post = await lock_seen(session, seen.public_id, seen.version, now)
    if post.state is BoardState.HIDDEN and post.reports:
        row = board_rows.note(
            session, post, post.state, by=seen.by.name, channel=CHANNEL, now=now, reason=reason
        )
        post.reason, post.decided_at, post.decided_by = reason, now, seen.by.name
    else:
        row = _move(session, post, BoardState.HIDDEN, seen, now, reason)
    _does(session, "board.hide", post, reason)
    await _settle_reports(session, post, seen, now)
    await board_notices.moved(session, post, row, board_notices.HIDDEN, now)
    return post


async def show(session: AsyncSession, seen: Seen, now: datetime) -> BoardPost:
    """Again public; the reports are settled by it. Raises: NotFound, MovedOn, NotNow."""
    post = await lock_seen(session, seen.public_id, seen.version, now)
    if post.state is not BoardState.HIDDEN:
        raise NotNow(f"这条帖子现在是「{post.state.label}」，不用恢复。")
    await _refuse_own(session, post, seen)
    _does(session, "board.show", post)
    row = _move(session, post, BoardState.PUBLISHED, seen, now)
    await _settle_reports(session, post, seen, now)
    await board_notices.moved(session, post, row, board_notices.SHOWN, now)
    return post


async def dismiss(session: AsyncSession, seen: Seen, now: datetime) -> BoardPost:
    """The reports of a public post were looked at, and it stays. Raises: NotFound, MovedOn, NotNow."""
    post = await lock_seen(session, seen.public_id, seen.version, now)
    if post.state is not BoardState.PUBLISHED or not post.reports:
        raise NotNow("这条帖子没有要处理的举报。")
    await _refuse_own(session, post, seen)
    _does(session, "board.dismiss", post)
    board_rows.note(
        session, post, post.state, by=seen.by.name, channel=CHANNEL, now=now, reason="举报看过，不成立"
    )
    await _settle_reports(session, post, seen, now)
    await session.flush()
    return post


async def pin(session: AsyncSession, seen: Seen, now: datetime, *, on: bool) -> BoardPost:
    """On top of the list, or no more. Raises: NotFound, MovedOn, NotNow: not public, or enough of them."""
    post = await lock_seen(session, seen.public_id, seen.version, now)
    if post.state is not BoardState.PUBLISHED:
        raise NotNow("公开的帖子才能置顶。")
    if on and post.pinned_at is None and await _count_pinned(session) >= MOST_PINNED:
        raise NotNow(f"最多置顶 {MOST_PINNED} 条，请先取消一条。")
    _does(session, "board.pin" if on else "board.unpin", post)
    post.pinned_at = (post.pinned_at or now) if on else None
    await session.flush()
    return post


# --- answers -----------------------------------------------------------------------------------------------


async def answer(session: AsyncSession, seen: Seen, unit: str, text: str, now: datetime) -> BoardAnswer:
    """Say something officially, under the name of `unit`; the writer is told.

    Raises: NotFound, MovedOn; NotNow: not public, or answered by oneself before; DomainError: fields.
    """
    unit, text = checked_answer(unit, text)
    post = await lock_seen(session, seen.public_id, seen.version, now)
    if post.state is not BoardState.PUBLISHED:
        raise NotNow("公开的帖子才能答复。")
    if await find_own_answer(session, post, seen.by) is not None:
        raise NotNow("您已经答复过这一条，请改原来的答复。")
    _does(session, "board.answer", post)
    made = BoardAnswer(
        post_id=post.id, staff_id=seen.by.staff_id, by=seen.by.name, unit=unit, text=text, at=now
    )
    session.add(made)
    post.answered_at = now
    await session.flush()
    await board_notices.answered(session, post, made, now)
    return made


async def change_answer(
    session: AsyncSession,
    public_id: str,
    by: Standing,
    unit: str,
    text: str,
    version: int,
    now: datetime,
) -> BoardAnswer:
    """Of one's own answer to the post. Raises: NotFound: none of one's own; NotNow; DomainError: fields."""
    unit, text = checked_answer(unit, text)
    post = await board_rows.get(session, public_id, lock=True)
    own = await find_own_answer(session, post, by)
    if own is None:
        raise NotFound("您没有答复过这一条。别人的答复由他本人改。")
    if own.version != version:
        raise NotNow("没有保存：这份答复在别处改过了，请看过现在的再改。")
    does(session, "board.change_answer", post.public_id)
    own.unit, own.text, own.changed_at = unit, text, now
    await session.flush()
    return own


async def find_own_answer(session: AsyncSession, post: BoardPost, by: Standing) -> BoardAnswer | None:
    mine = sa.select(BoardAnswer).where(BoardAnswer.post_id == post.id, BoardAnswer.staff_id == by.staff_id)
    found: BoardAnswer | None = await session.scalar(mine)
    return found


def checked_answer(unit: str, text: str) -> tuple[str, str]:
    """In whose name something is said, and what. Raises: DomainError."""
    unit, text = " ".join(plain(unit).split()), plain(text)
    if not unit or len(unit) > UNIT:
        raise DomainError(f"请写以哪个单位的名义答复，1 到 {UNIT} 个字。")
    if not text or len(text) > ANSWER:
        raise DomainError(f"答复请写 1 到 {ANSWER} 个字，现在是 {len(text)} 个字。")
    return unit, text


def unit_of(by: Standing) -> str:
    """As which unit somebody probably answers: the branch he works for."""
    branches = [grant.branch.rpartition("/")[2] for grant in by.grants if grant.branch]
    return branches[0][:UNIT] if branches else "公司工会"


# --- who wrote it ------------------------------------------------------------------------------------------


async def reveal(session: AsyncSession, public_id: str, by: Standing, why: str, now: datetime) -> Known:
    """Who wrote a post, for a reason that is kept with it and in the record.

    Raises: NotFound; DomainError: no reason, or it was forgotten.
    """
    why = plain(why)
    if not why or len(why) > REASON_LENGTH:
        raise DomainError(f"请写明为什么要看，1 到 {REASON_LENGTH} 个字。")
    post = await board_rows.get(session, public_id, lock=True)
    person_id = board_notices.writer_of(post)
    if person_id is None:
        raise DomainError("这条帖子是谁写的已经清除。")
    does(session, "board.author", post.public_id, reason=why)
    board_rows.note(
        session, post, post.state, by=by.name, channel=CHANNEL, now=now, reason=f"查看了作者是谁：{why}"
    )
    await session.flush()
    person = await session.get_one(Person, person_id)
    own = await members.find_of_person(session, person_id)
    if own is None:
        return Known("", "", "", person.public_id)
    return Known(own.name, own.staff_number, own.branch.way, person.public_id)


# --- what waits --------------------------------------------------------------------------------------------


async def count_pending(session: AsyncSession) -> int:
    chosen = sa.select(sa.func.count()).select_from(BoardPost).where(sa.text("state = 'pending'"))
    return await session.scalar(chosen) or 0


async def count_reported(session: AsyncSession) -> int:
    chosen = sa.select(sa.func.count()).select_from(BoardPost).where(sa.text("reports > 0"))
    return await session.scalar(chosen) or 0


async def reports_of(session: AsyncSession, post: BoardPost) -> Sequence[BoardReport]:
    """Newest first."""
    chosen = sa.select(BoardReport).where(BoardReport.post_id == post.id).order_by(BoardReport.id.desc())
    return (await session.scalars(chosen.limit(100))).all()


# --- parts -------------------------------------------------------------------------------------------------


def _does(session: AsyncSession, act: str, post: BoardPost, reason: str = "") -> None:
    """After all that may refuse it: what was refused must not stand in the record."""
    does(session, act, post.public_id, reason=reason or None)


def _move(
    session: AsyncSession, post: BoardPost, to: BoardState, seen: Seen, now: datetime, reason: str = ""
) -> BoardMove:
    return board_rows.move(session, post, to, by=seen.by.name, channel=CHANNEL, now=now, reason=reason)


async def _refuse_own(session: AsyncSession, post: BoardPost, seen: Seen) -> None:
    await refuse_own(session, seen, post.author_digest, board_rows.author_digest)


async def refuse_own(
    session: AsyncSession, seen: Seen, author: bytes | None, digest: Callable[[int], bytes]
) -> None:
    """Raises: DomainError: whoever acts wrote it. `digest` is how the `author` of such words is kept."""
    person_id = await session.scalar(sa.select(Staff.person_id).where(Staff.id == seen.by.staff_id))
    if person_id is not None and author == digest(person_id):
        raise DomainError(OWN)


async def _settle_reports(session: AsyncSession, post: BoardPost, seen: Seen, now: datetime) -> None:
    open_ones = sa.update(BoardReport).where(BoardReport.post_id == post.id, BoardReport.settled_at.is_(None))
    await change(session, open_ones.values(settled_at=now, settled_by=seen.by.name))
    post.reports = 0


async def _count_pinned(session: AsyncSession) -> int:
    chosen = sa.select(sa.func.count()).select_from(BoardPost)
    chosen = chosen.where(sa.text("state = 'published'"), BoardPost.pinned_at.is_not(None))
    return await session.scalar(chosen) or 0


def _reason(words: str, what: str) -> str:
    words = plain(words)
    if not words or len(words) > REASON:
        raise DomainError(f"请写{what}，1 到 {REASON} 个字，作者会看到。")
    return words
