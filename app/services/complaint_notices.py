"""What the person who brought a complaint hears of it: every step, and the answer."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import case_notices
from app.services.complaints import MINE_WORD
from models import Case, CaseEntry, Complaint, Outbox


async def tell(
    session: AsyncSession, case: Case, complaint: Complaint, entry: CaseEntry, said: str, now: datetime
) -> Outbox:
    """How far it has come; what was not read yet of before is not told any more."""
    kinds = (case_notices.MOVED,)
    await session.flush()
    await case_notices.withdraw(session, case, now, kinds=kinds)
    heading = f"您的{complaint.sort.label} {case.number}"
    short = f"{heading} 有进展，请回复「{MINE_WORD}」点编号看。"
    return await case_notices.tell(session, case, entry, case_notices.MOVED, f"{heading}：{said}", short, now)


async def tell_reply(
    session: AsyncSession, case: Case, complaint: Complaint, entry: CaseEntry, text: str, now: datetime
) -> Outbox:
    heading = f"您的{complaint.sort.label} {case.number} 有答复了"
    short = f"{heading}，内容较长，请回复「{MINE_WORD}」点编号看全文。"
    words = f"{heading}：\n{text}"
    return await case_notices.tell(session, case, entry, case_notices.ANSWERED, words, short, now)
