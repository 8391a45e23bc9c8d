"""Comments under articles, as their writers and readers have them: written, read, reported, taken back.

Nothing is shown before somebody of staff let it through (`comment_work`). Members choose a name as on the
board; who only follows us takes a nickname. Of the time only the day is kept. Functions flush, never commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from app.clock import civil_date, start_of_day
from app.errors import DomainError, NotFound
from app.services import articles, comment_notices, members
from app.services.board_rows import MOVES, SYSTEM, WRITER, NotNow
from app.services.board_voices import BY_REPORTS, HIDES
from app.services.board_wording import Wordlist, Wrong, marks_of, plain, shown_name, wrong_nickname
from app.services.coordination import upsert
from app.services.keysets import beyond
from models import Article, ArticleComment, BoardName, BoardState, CommentReport, Person, ReportReason
from models.sealing import keyring
from models.types import public_id

TEXT: Final = 500  # characters
PAGE: Final = 10
A_DAY: Final = 10  # comments of one person
REPORTS_A_DAY: Final = 20
LISTED: Final = 100
NOWHERE: Final = "没有找到这条评论，可能已经不公开了。"
CLOSED: Final = "这篇文章的评论已经关闭，看得到的照常能看。"
_READ: Final = (
    *(ArticleComment.public_id, ArticleComment.name, ArticleComment.text, ArticleComment.published_at),
    *(ArticleComment.reply, ArticleComment.reply_unit, ArticleComment.replied_at),
)
_SHOWN: Final = sa.text("article_comment.state = 'published'")  # written as in the index


class TooMany(DomainError):
    status = 429


@dataclass(frozen=True, slots=True)
class Said:
    """A comment as it was typed and found in order."""

    text: str
    naming: BoardName
    nickname: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    comments: Sequence[ArticleComment]
    more: str  # the comment after which the next page begins; empty where there is none


def author_digest(person_id: int) -> bytes:
    """Finds a person's comments again."""
    return keyring().digest(str(person_id), "comment-author")


def report_digest(person_id: int) -> bytes:
    return keyring().digest(str(person_id), "comment-report")


def names_for(*, member: bool) -> list[BoardName]:
    """What somebody may choose from."""
    return list(BoardName) if member else [BoardName.NICKNAME]


def checked(text: str, naming: str, nickname: str) -> Said:
    """Raises: Wrong."""
    text, nickname = plain(text), plain(nickname)
    wrong = {}
    if not text or len(text) > TEXT:
        wrong["text"] = f"评论请写 1 到 {TEXT} 个字，现在是 {len(text)} 个字。"
    if naming not in set(BoardName):
        wrong["naming"] = "请选用什么名字。"
    if naming == BoardName.NICKNAME and (mistake := wrong_nickname(nickname)):
        wrong["nickname"] = mistake
    if wrong:
        raise Wrong(wrong)
    return Said(text, BoardName(naming), nickname)


async def submit(
    session: AsyncSession,
    article_id: str,
    person_id: int,
    said: Said,
    words: Wordlist,
    *,
    once: str = "",
    now: datetime,
) -> ArticleComment:
    """A new comment, to be looked at by staff. The same form again (`once`) is the comment it made.

    Raises: NotFound: the article is not public; TooMany; DomainError: closed; Wrong: a name for members only.
    """
    # Of two forms sent at once each sees what the other wrote.
    await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())
    mark = keyring().digest(f"{person_id}:{once}", "comment-once") if once else None
    if mark is not None:
        same = sa.select(ArticleComment).where(ArticleComment.once_digest == mark)
        if (made := await session.scalar(same)) is not None:
            return made
    article = await articles.get_published(session, article_id, now)
    if article.comments_closed:
        raise DomainError(CLOSED)
    if await _written_today(session, person_id, now) >= A_DAY:
        raise TooMany(f"一天最多写 {A_DAY} 条评论，今天已经写满了，请明天再来。")
    name = await _name(session, person_id, said, now)
    comment = ArticleComment(
        public_id=public_id(),
        article_id=article.id,
        author_digest=author_digest(person_id),
        author={"person_id": person_id},
        once_digest=mark,
        naming=said.naming,
        name=name,
        text=said.text,
        marks=marks_of(words, said.text, name),
        state=BoardState.PENDING,
        written_at=start_of_day(now),
    )
    session.add(comment)
    await session.flush()
    return comment


async def list_shown(session: AsyncSession, article: Article, *, after: str = "", limit: int = PAGE) -> Shown:
    """What all may read, newest first; `after` is the public id of the last one on the page before."""
    keys = [ArticleComment.published_at, ArticleComment.id]
    chosen = sa.select(ArticleComment).where(_SHOWN, ArticleComment.article_id == article.id)
    # Who wrote it is not opened for readers, nor anything else they do not see.
    chosen = chosen.options(load_only(*_READ, raiseload=True))
    if after:
        last = await session.scalar(sa.select(ArticleComment).where(ArticleComment.public_id == after))
        if last is not None and last.published_at is not None:
            chosen = chosen.where(beyond(keys, [last.published_at, last.id], descending=True))
    found = (await session.scalars(chosen.order_by(*(each.desc() for each in keys)).limit(limit + 1))).all()
    return Shown(found[:limit], found[limit - 1].public_id if len(found) > limit else "")


async def count_shown(session: AsyncSession, article: Article) -> int:
    shown = sa.select(sa.func.count(ArticleComment.id)).where(_SHOWN, ArticleComment.article_id == article.id)
    return await session.scalar(shown) or 0


async def list_own(session: AsyncSession, person_id: int) -> Sequence[tuple[ArticleComment, Article]]:
    """Newest first, in every state."""
    mine = sa.select(ArticleComment, Article).join(Article, Article.id == ArticleComment.article_id)
    mine = mine.where(ArticleComment.author_digest == author_digest(person_id))
    found = await session.execute(mine.order_by(ArticleComment.id.desc()).limit(LISTED))
    return [(row[0], row[1]) for row in found]


async def take_back(session: AsyncSession, public_id: str, person_id: int, now: datetime) -> ArticleComment:
    """Its writer wants it gone, shown or not; its words go. Twice is no error. Raises: NotFound; NotNow."""
    comment = await get(session, public_id, lock=True)
    if comment.author_digest != author_digest(person_id):
        raise NotFound(NOWHERE)
    if comment.state is not BoardState.WITHDRAWN:
        if BoardState.WITHDRAWN not in MOVES[comment.state]:
            raise NotNow("这条评论没有通过，不用撤回；180 天后清空。")
        move(comment, BoardState.WITHDRAWN, by=WRITER, now=now)
        empty(comment)
        await session.flush()
    return comment


async def report(session: AsyncSession, public_id: str, person_id: int, reason: str, now: datetime) -> bool:
    """Say that a comment ought not to be there; true where it is hidden by that. Again changes nothing.

    Raises: NotFound: it is not shown; TooMany; DomainError: no reason, or one's own.
    """
    if reason not in set(ReportReason):
        raise DomainError("请选举报的原因。")
    await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update())
    comment = await get(session, public_id, lock=True)
    if comment.state is not BoardState.PUBLISHED:
        raise NotFound(NOWHERE)
    if comment.author_digest == author_digest(person_id):
        raise DomainError("这是您自己的评论，不用举报；可以在「我的评论」里撤回。")
    mine, today = report_digest(person_id), start_of_day(now)
    same = sa.select(sa.func.count()).select_from(CommentReport)
    same = same.where(CommentReport.person_digest == mine, CommentReport.at >= today)
    if (await session.scalar(same) or 0) >= REPORTS_A_DAY:
        raise TooMany(f"一天最多举报 {REPORTS_A_DAY} 次，今天已经用完。急的事请在公众号里回复「人工」。")
    row = upsert(session, CommentReport).values(
        comment_id=comment.id, person_digest=mine, reason=reason, at=today
    )
    new = row.on_conflict_do_nothing(index_elements=["comment_id", "person_digest"])
    added = await session.scalar(new.returning(CommentReport.__table__.c.id))
    if added is None:
        return False
    comment.reports += 1
    if comment.reports >= HIDES:
        move(comment, BoardState.HIDDEN, by=SYSTEM, now=now, reason=BY_REPORTS)
        await comment_notices.moved(session, comment, comment_notices.HIDDEN, now)
        return True
    await session.flush()
    return False


# --- rows, for acts of staff and forgetting too -----------------------------------------------------------


async def get(session: AsyncSession, public_id: str, *, lock: bool = False) -> ArticleComment:
    """Whatever its state. Raises: NotFound."""
    chosen = sa.select(ArticleComment).where(ArticleComment.public_id == public_id)
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    found = await session.scalar(chosen)
    if found is None:
        raise NotFound(NOWHERE)
    return found


def move(comment: ArticleComment, to: BoardState, *, by: str, now: datetime, reason: str = "") -> None:
    """Put it into another state, as a post on the board goes. Raises: NotNow: there is no such move."""
    if to not in MOVES[comment.state]:
        raise NotNow(f"这条评论现在是「{comment.state.label}」，不能改成「{to.label}」。")
    comment.state, comment.reason, comment.decided_by = to, reason or None, by
    comment.decided_at = start_of_day(now) if by in (WRITER, SYSTEM) else now
    if to is BoardState.PUBLISHED and comment.published_at is None:
        comment.published_at = now


def empty(comment: ArticleComment) -> None:
    """Delete the words, and what was answered to them; that there was a comment stays."""
    comment.text = comment.name = comment.reply_unit = ""
    comment.reply, comment.marks = None, []


# --- parts -------------------------------------------------------------------------------------------------


async def _name(session: AsyncSession, person_id: int, said: Said, now: datetime) -> str:
    own = await members.find_of_person(session, person_id)
    is_member = own is not None and not own.has_left(civil_date(now))
    if said.naming not in names_for(member=is_member):
        raise Wrong({"naming": "没有绑定工号的，请起一个昵称。"})
    return said.nickname if own is None else shown_name(said.naming, said.nickname, own)


async def _written_today(session: AsyncSession, person_id: int, now: datetime) -> int:
    today = start_of_day(now)
    mine = sa.select(sa.func.count(ArticleComment.id)).where(
        ArticleComment.author_digest == author_digest(person_id),
        ArticleComment.written_at >= today,
        ArticleComment.written_at < today + timedelta(days=1),
    )
    return await session.scalar(mine) or 0
