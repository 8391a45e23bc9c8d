"""What the writer of a comment hears of it. Keys hold only digests: an id would tell whose comment it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import outbox
from app.services.board_notices import writer_of
from models import Article, ArticleComment
from models.sealing import keyring

PUBLISHED, REFUSED, HIDDEN = "comment.published", "comment.refused", "comment.hidden"
SHOWN, REPLIED = "comment.shown", "comment.replied"
KINDS: Final[Mapping[str, str]] = {
    PUBLISHED: "评论已公开",
    REFUSED: "评论未通过",
    HIDDEN: "评论已隐藏",
    SHOWN: "评论恢复公开",
    REPLIED: "评论有答复",
}
LATER: Final = "在网站「我的 › 我的评论」里可以看到。"


async def moved(session: AsyncSession, comment: ArticleComment, kind: str, now: datetime) -> None:
    """Tell the writer what became of the comment, and why."""
    to = writer_of(comment)
    if to is None:
        return
    await session.flush()
    title = await session.scalar(sa.select(Article.title).where(Article.id == comment.article_id))
    about = f"您在《{title}》下面的评论"
    words = {
        PUBLISHED: f"{about}已公开。",
        SHOWN: f"{about}恢复公开了。",
        REFUSED: f"{about}未通过审核：{comment.reason}\n改好以后可以再写一条。",
        HIDDEN: f"{about}已隐藏：{comment.reason}",
        REPLIED: f"{comment.reply_unit}答复了{about}：\n{comment.reply}",
    }[kind]
    mark = keyring().digest(f"{comment.id}:{comment.version}:{kind}", "comment-told").hex()
    payload = {"type": "text", "content": words, outbox.SHORT: f"您写的评论有消息，{LATER}"}
    outbox.add(session, kind, key=f"comment-told:{mark}", to=to, payload=payload, now=now, confidential=True)
