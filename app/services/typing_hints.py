"""对方正在输入: whose chat may show that somebody of staff is typing an answer, at this moment.

WeChat shows it only to who was here within half a minute and could be sent a message; no page of it says that
a hint uses up one of the messages. Never of an anonymous case or one that is kept secret: that somebody is
typing just now would tell whose it is. Not here: asking WeChat, and how often (`app.jobs.typing_hints`).
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import case_notices, talks, windows
from models import OVER, Case

HERE_WITHIN: Final = timedelta(seconds=30)  # api_typing, 45080
KINDS: Final = tuple(kind for kind in talks.KINDS if kind not in talks.SECRET)


def may_show(case: Case) -> bool:
    return case.kind in KINDS and not case.anonymous and case.state not in OVER


async def find_openid(session: AsyncSession, case: Case, now: datetime, app_id: str) -> str | None:
    """Where to show it; None where it may not be shown, or would not be."""
    if not may_show(case):
        return None
    person_id = (await case_notices.reporter(session, case))["person_id"]
    follower = await session.scalar(windows.of_person(app_id, person_id))
    if follower is None or not follower.subscribed or not windows.is_open(follower, now):
        return None
    return follower.openid if windows.was_here(follower, now, HERE_WITHIN) else None
