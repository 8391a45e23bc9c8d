"""Asking that something be put right (PIPL 46): staff do it, the person gets a receipt and an answer.

What somebody can change himself he changes where it is shown: his binding, his answers in a sign-up.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import spoken
from app.services import cases, privacy_requests
from app.services.privacy_requests import Line
from models import CaseKind, PrivacyRequest, RequestKind

LONGEST = 500  # characters


async def ask(
    session: AsyncSession, person_id: int, what: str, *, channel: str, now: datetime
) -> PrivacyRequest:
    """Bring it to the desk; the receipt names the case and until when it is answered."""
    blocks = [{"type": "text", "text": f"更正个人信息：{what.strip()}"}]
    opened = await cases.open_case(
        session, CaseKind.DESK, person_id, None, blocks=blocks, channel=channel, now=now
    )
    by = spoken(opened.first_answer_due_at, now)
    line = Line("更正个人信息", f"已转工作人员核对，编号 {opened.number}，最迟 {by} 答复")
    return await privacy_requests.done(session, RequestKind.CORRECT, person_id, [line], channel, now)
