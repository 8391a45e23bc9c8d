"""What the writer of a post hears of it, and what moderators hear: never a word of the post itself to them.

A row names a person, so its key holds only a digest: the id of the post would tell whose it is.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import outbox, permissions
from app.services.permissions import Right
from models import ArticleComment, BoardAnswer, BoardMove, BoardPost
from models.sealing import keyring

PUBLISHED, REFUSED, HIDDEN = "board.published", "board.refused", "board.hidden"
SHOWN, ANSWERED, REPORTED = "board.shown", "board.answered", "board.reported"
KINDS: Final[Mapping[str, str]] = {
    PUBLISHED: "帖子已公开",
    REFUSED: "帖子未通过",
    HIDDEN: "帖子已隐藏",
    SHOWN: "帖子恢复公开",
    ANSWERED: "帖子有答复",
    REPORTED: "帖子被举报",
}
OF_WRITERS: Final = frozenset(KINDS) - {REPORTED}
LATER: Final = "在「留言板」的「我的」里可以看到。"


async def moved(session: AsyncSession, post: BoardPost, row: BoardMove, kind: str, now: datetime) -> None:
    """Tell the writer what became of the post, and why."""
    words = {
        PUBLISHED: f"您在留言板的帖子「{post.title}」已公开。",
        SHOWN: f"您在留言板的帖子「{post.title}」恢复公开了。",
        REFUSED: f"您在留言板的帖子「{post.title}」未通过审核：{post.reason}\n改好以后可以再发一条。",
        HIDDEN: f"您在留言板的帖子「{post.title}」已隐藏：{post.reason}",
    }[kind]
    await session.flush()
    _tell(session, post, f"move:{row.id}", kind, words, now)


async def answered(session: AsyncSession, post: BoardPost, answer: BoardAnswer, now: datetime) -> None:
    await session.flush()
    words = f"{answer.unit}答复了您在留言板的帖子「{post.title}」：\n{answer.text}"
    _tell(session, post, f"answer:{answer.id}", ANSWERED, words, now)


def _tell(session: AsyncSession, post: BoardPost, about: str, kind: str, words: str, now: datetime) -> None:
    to = writer_of(post)
    if to is None:
        return
    digest = keyring().digest(about, "board-told").hex()
    payload = {"type": "text", "content": words, outbox.SHORT: f"您在留言板的帖子有消息，{LATER}"}
    outbox.add(session, kind, key=f"board-told:{digest}", to=to, payload=payload, now=now, confidential=True)


async def reported(session: AsyncSession, post: BoardPost, row: BoardMove, now: datetime) -> None:
    """All who moderate, and have a WeChat of their own, hear that one was hidden by reports."""
    await session.flush()
    mark = keyring().digest(f"{REPORTED}:{row.id}", "board-told").hex()
    words = "留言板有一条帖子被多人举报，已先隐藏。请到工作台看。"
    for each in await permissions.list_able(session, Right.BOARD_MODERATE, None):
        if each.person_id is not None:
            key = f"{REPORTED}:{mark}:{each.id}"
            payload = {"type": "text", "content": words}
            outbox.add(
                session, REPORTED, key=key, to=each.person_id, payload=payload, now=now, besides_reply=True
            )


def writer_of(post: BoardPost | ArticleComment) -> int | None:
    """The person who wrote it; None where that was forgotten. Staff open it by `board_work.reveal`."""
    known = post.author
    return int(known["person_id"]) if isinstance(known, dict) else None
