"""What goes of a sign-up some time after the activity: answers, who came along, guardians' consents.

That somebody was there, when, and with how many stays, for counting; and that he accepted the safety notice.
"""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import parties
from app.services.forgetting import Ids, Rule, Where, change
from models import Activity, SignUp

WORDS_FOR: Final = timedelta(days=parties.KEPT_DAYS)


def _is_due(now: datetime) -> Where:
    over = sa.select(Activity.id).where(Activity.ends_at <= now - WORDS_FOR)
    return SignUp.forgotten_at.is_(None), SignUp.activity_id.in_(over)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    old = sa.update(SignUp).where(SignUp.id.in_(ids), *_is_due(now))
    return await change(
        session, old.values(answers={}, party=None, forgotten_at=now, version=SignUp.version + 1)
    )


forget_words = Rule("sign_up_words", SignUp.id, _is_due, _forget)
