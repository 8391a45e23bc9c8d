"""What stands beside the answer of a case on its page, for who writes it.

Not here: what is done with it (`case_aids`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.console.entrance import Desk
from app.services import canned_replies
from app.services.permissions import Right
from models import OVER, Case

ASKED_LENGTH = 60  # characters of a search


async def beside(
    session: AsyncSession, desk: Desk, case: Case, answers: Right, now: datetime
) -> dict[str, Any]:
    """Nothing for who may not answer, nor of what is over."""
    if case.state in OVER or not desk.may(answers, case.branch_id):
        return {}
    return {"canned": await canned_replies.list_fitting(session, case, answers, desk.standing)}


async def sought(session: AsyncSession, desk: Desk, case: Case, answers: Right, words: str) -> dict[str, Any]:
    """What there is to be put in, by words that somebody looks for."""
    return {"canned": await canned_replies.list_fitting(session, case, answers, desk.standing, words)}
