"""What goes when somebody leaves of whom no event told: all that the event deletes (`app.dialogue.journal`).

Not here: the event itself, which comes by the thousand, and its statements.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.forgetting import change
from models import (
    ArticleVisit,
    Dialogue,
    DialogueState,
    Follower,
    FollowerTag,
    Interest,
    MenuLook,
    Message,
    NoticeConsent,
    TagChange,
)
from models.message import PLACES

_PLACES = sa.text(PLACES)


async def leave(session: AsyncSession, versions: Mapping[int, int], now: datetime) -> int:
    """These followers have left, unless something came from them since their `versions`; how many."""
    looked_at = sa.select(Follower.id, Follower.version).where(
        Follower.id.in_(versions), Follower.subscribed.is_(True)
    )
    rows = await session.execute(looked_at.order_by(Follower.id).with_for_update())
    ids = [row.id for row in rows if versions[row.id] == row.version]
    if not ids:
        return 0
    gone = {
        "subscribed": False,
        "unsubscribed_at": now,
        "version": Follower.version + 1,
        "menu_tag": None,
        "spoke_at": None,
        "acted_at": None,
    }
    await change(session, sa.update(Follower).where(Follower.id.in_(ids)).values(gone))
    half_finished = sa.update(Dialogue).where(
        Dialogue.follower_id.in_(ids), Dialogue.state != DialogueState.ENDED
    )
    await change(session, half_finished.values(state=DialogueState.ENDED, ended_at=now, pending=None))
    await forget(session, ids)
    return len(ids)


async def forget(session: AsyncSession, ids: Sequence[int]) -> int:
    """Delete what leaving deletes of followers who have left; the caller holds their rows."""
    await change(session, sa.delete(FollowerTag).where(FollowerTag.follower_id.in_(ids)))
    await change(session, sa.delete(TagChange).where(TagChange.follower_id.in_(ids)))
    await change(session, sa.delete(NoticeConsent).where(NoticeConsent.follower_id.in_(ids)))
    await change(session, sa.delete(MenuLook).where(MenuLook.follower_id.in_(ids)))
    persons = sa.select(Follower.person_id).where(Follower.id.in_(ids))
    for read in (Interest, ArticleVisit):
        await change(session, sa.delete(read).where(read.person_id.in_(persons)))
    await change(session, sa.update(Message).where(Message.follower_id.in_(ids), _PLACES).values(body=None))
    over = sa.update(Dialogue).where(Dialogue.follower_id.in_(ids), Dialogue.state == DialogueState.ENDED)
    await change(session, over.values(args=None, answers=None))
    return await change(
        session, sa.update(Follower).where(Follower.id.in_(ids)).values(unionid=None, asked_at=None)
    )
