"""What goes of a sign-up some time after the activity, and when the account is closed: answers, companions,
guardians' consents, and which colleague made it.

That somebody was there, when, and with how many stays, for counting; and that he accepted the safety notice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import parties, sign_up_help, sign_ups
from app.services.audiences import Facts
from app.services.forgetting import Ids, Rule, Where, change
from app.services.sign_ups import Applicant
from models import LIVE, UNANNOUNCED, Activity, SignUp

WORDS_FOR: Final = timedelta(days=parties.KEPT_DAYS)


def _is_due(now: datetime) -> Where:
    over = sa.select(Activity.id).where(Activity.ends_at <= now - WORDS_FOR)
    return SignUp.forgotten_at.is_(None), SignUp.activity_id.in_(over)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    await sign_up_help.forget(session, ids)
    old = sa.update(SignUp).where(SignUp.id.in_(ids), *_is_due(now))
    return await change(
        session, old.values(answers={}, party=None, forgotten_at=now, version=SignUp.version + 1)
    )


forget_words = Rule("sign_up_words", SignUp.id, _is_due, _forget)


async def close(
    session: AsyncSession, person_id: int, channel: str, now: datetime
) -> Sequence[tuple[str, str]]:
    """Give up what is ahead, forget what was answered; returns what the receipt says of it."""
    who = Applicant(person_id, Facts(), channel)
    ahead = (
        sa.select(SignUp.activity_id)
        .join(Activity, Activity.id == SignUp.activity_id)
        .where(SignUp.person_id == person_id, SignUp.state.in_(LIVE))
        .where(Activity.starts_at > now, Activity.state.not_in(UNANNOUNCED))
        .order_by(SignUp.activity_id)
    )
    given_up = (await session.scalars(ahead)).all()
    for activity_id in given_up:
        await sign_ups.cancel(session, activity_id, who, now=now)
    await session.flush()
    await sign_up_help.forget_person(session, person_id)
    mine = sa.update(SignUp).where(SignUp.person_id == person_id)
    count = await change(session, mine.values(answers={}, party=None, version=SignUp.version + 1))
    if not count:
        return []
    gone = f"取消了还没开始的 {len(given_up)} 个；{count} 次报名里您填的回答已删除。"
    return [("活动报名", f"{gone}参加过的次数保留，用来统计人数，已经查不到是您")]
