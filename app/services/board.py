"""Writing on the board: a member's post from the form to the moderator, while it is the writer's to change.

Who wrote a post lies in `author_digest`, to find one's own, and sealed in `author`. Of the time only the day
is kept: the minute would lead from the post to who was here then. Functions flush and never commit.

Not here: deciding on posts (`board_work`), reading them (`board_lists`), what others do (`board_voices`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, start_of_day
from app.database import leave_work
from app.errors import DomainError
from app.services import board_rows, members, stored_files
from app.services.board_rows import WRITER, NotNow, author_digest, get_own
from app.services.board_wording import PICTURES, Words, shown_name
from models import BoardCheck, BoardMove, BoardPost, BoardState, FileState, Member, Person, StoredFile
from models.sealing import keyring
from models.types import public_id

A_DAY: Final = 3  # posts of one person
EDITS: Final = 10  # of one post: each is checked anew
LISTED: Final = 50


class NotAMember(DomainError):
    status = 403

    def __init__(self) -> None:
        super().__init__("留言板谁都可以看，绑定了工号的职工才能写，请先绑定工号。")


class TooMany(DomainError):
    status = 429

    def __init__(self) -> None:
        super().__init__(f"一天最多发 {A_DAY} 条，今天已经发满了，请明天再来。")


async def member_of(session: AsyncSession, person_id: int, now: datetime) -> Member:
    """Who may write. Raises: NotAMember."""
    own = await members.find_of_person(session, person_id)
    if own is None or own.has_left(civil_date(now)):
        raise NotAMember
    return own


async def check_may_write(session: AsyncSession, person_id: int, now: datetime) -> Member:
    """Before anything is asked. Raises: NotAMember, TooMany."""
    own = await member_of(session, person_id, now)
    if await _written_today(session, person_id, now) >= A_DAY:
        raise TooMany
    return own


async def submit(
    session: AsyncSession,
    person_id: int,
    words: Words,
    pictures: Sequence[StoredFile] = (),
    *,
    once: str = "",
    channel: str,
    now: datetime,
) -> BoardPost:
    """A new post, to be checked and then looked at by staff.

    The same form again (`once`: a random mark of it) is the post it made. `pictures` are rows not added yet
    whose bytes we have; they have no owner.

    Raises: NotAMember, TooMany.
    """
    # Of two forms sent at once each sees what the other wrote.
    await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())
    mark = keyring().digest(f"{person_id}:{once}", "board-once") if once else None
    if mark is not None and (same := await _sent_before(session, mark)) is not None:
        return same
    member = await check_may_write(session, person_id, now)
    post = BoardPost(
        public_id=public_id(),
        author_digest=author_digest(person_id),
        author={"person_id": person_id},
        once_digest=mark,
        state=BoardState.PENDING,
        written_at=start_of_day(now),
        pictures=[],
    )
    _fill(post, words, member, now)
    await _add_pictures(session, post, pictures)
    session.add(post)
    await session.flush()
    board_rows.note(session, post, post.state, by=WRITER, channel=channel, now=now, is_new=True)
    leave_work(session)
    await session.flush()
    return post


async def edit(
    session: AsyncSession,
    person_id: int,
    public_id: str,
    words: Words,
    pictures: Sequence[StoredFile] = (),
    *,
    drop: Sequence[str] = (),
    version: int,
    channel: str,
    now: datetime,
) -> BoardPost:
    """Other words while nobody has decided; they are checked anew. `drop` are pictures to leave out.

    Raises: NotFound; NotAMember; NotNow: decided already, changed elsewhere or often, too many pictures.
    """
    post = await get_own(session, public_id, person_id, lock=True)
    member = await member_of(session, person_id, now)
    _refuse_decided(post, "改")
    if post.version != version:
        raise NotNow("这条帖子在别处改过了，请刷新页面，看过再改。")
    if await _edits_of(session, post) >= EDITS:
        raise NotNow(f"这条帖子已经改过 {EDITS} 次，请等工作人员看过；要紧的话，可以撤回再写。")
    kept = [each for each in post.pictures if each not in drop]
    if len(kept) + len(pictures) > PICTURES:
        raise NotNow(f"最多 {PICTURES} 张图片，请少选几张。")
    gone = [each for each in post.pictures if each in drop]
    await stored_files.mark_deleted(session, gone)
    post.pictures = kept
    _fill(post, words, member, now)
    await _add_pictures(session, post, pictures)
    board_rows.note(session, post, post.state, by=WRITER, channel=channel, now=now, reason="改了内容")
    leave_work(session)
    await session.flush()
    return post


async def withdraw(
    session: AsyncSession, person_id: int, public_id: str, *, channel: str, now: datetime
) -> BoardPost:
    """Take a post back that nobody has decided on; its words and pictures go. Twice is no error.

    Raises: NotFound; NotNow: decided already.
    """
    post = await get_own(session, public_id, person_id, lock=True)
    if post.state is not BoardState.WITHDRAWN:
        _refuse_decided(post, "撤回")
        await take_away(session, post, channel=channel, now=now)
    return post


async def take_away(session: AsyncSession, post: BoardPost, *, channel: str, now: datetime) -> None:
    """Its writer wants it gone: nobody reads it any more, and what it said is deleted."""
    if BoardState.WITHDRAWN in board_rows.MOVES[post.state]:
        board_rows.move(session, post, BoardState.WITHDRAWN, by=WRITER, channel=channel, now=now)
    await empty(session, post)


async def empty(session: AsyncSession, post: BoardPost) -> None:
    """Delete the words and pictures; that there was a post stays."""
    await stored_files.mark_deleted(session, post.pictures)
    post.title = post.text = post.name = post.found_by = post.check_said = ""
    post.pictures, post.marks, post.check_due_at, post.lease_token = [], [], None, None
    await session.flush()


async def list_own(session: AsyncSession, person_id: int) -> Sequence[BoardPost]:
    """Newest first, in every state."""
    mine = sa.select(BoardPost).where(BoardPost.author_digest == author_digest(person_id))
    return (await session.scalars(mine.order_by(BoardPost.id.desc()).limit(LISTED))).all()


# --- parts -------------------------------------------------------------------------------------------------


def _fill(post: BoardPost, words: Words, member: Member, now: datetime) -> None:
    """With a check ahead; what one under way brings is not of these words."""
    post.topic, post.title, post.text = words.topic, words.title, words.text
    post.naming, post.name = words.naming, shown_name(words.naming, words.nickname, member)
    post.verdict, post.check_said, post.marks = BoardCheck.WAITING, "", []
    post.check_due_at, post.check_tries, post.lease_token, post.lease_until = now, 0, None, None


async def _add_pictures(session: AsyncSession, post: BoardPost, pictures: Sequence[StoredFile]) -> None:
    for each in pictures:
        each.owner_id, each.kept, each.state, each.created_at = None, True, FileState.READY, post.written_at
        session.add(each)
    post.pictures = [*post.pictures, *(each.public_id for each in pictures)]


def _refuse_decided(post: BoardPost, what: str) -> None:
    if post.state is not BoardState.PENDING:
        raise NotNow(
            f"这条帖子{post.state.label}，不能再{what}。要撤下公开的帖子，请在「我的 › 隐私」里删除。"
        )


async def _sent_before(session: AsyncSession, mark: bytes) -> BoardPost | None:
    found: BoardPost | None = await session.scalar(sa.select(BoardPost).where(BoardPost.once_digest == mark))
    return found


async def _edits_of(session: AsyncSession, post: BoardPost) -> int:
    chosen = sa.select(sa.func.count()).select_from(BoardMove)
    chosen = chosen.where(BoardMove.post_id == post.id, BoardMove.by == WRITER)
    return await session.scalar(chosen.where(BoardMove.from_state.is_not(None))) or 0


async def _written_today(session: AsyncSession, person_id: int, now: datetime) -> int:
    mine = sa.select(sa.func.count()).select_from(BoardPost)
    today = start_of_day(now)
    mine = mine.where(
        BoardPost.author_digest == author_digest(person_id),
        BoardPost.written_at >= today,
        BoardPost.written_at < today + timedelta(days=1),
    )
    return await session.scalar(mine) or 0
