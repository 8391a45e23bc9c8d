"""What somebody says to find his own cases again, also those that went to another desk."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFound
from app.services import cases
from app.services.advice_kinds import ADVICE, CARE
from models import CaseKind

_LEFT_WORDS: Final = "我的留言"
OWN: Final[Mapping[CaseKind, str]] = {
    CaseKind.DESK: _LEFT_WORDS,
    CaseKind.FEEDBACK: _LEFT_WORDS,
    CaseKind.COMPLAINT: "我的投诉",
    **{kind: named.own for kind, named in ADVICE.items()},
}


async def not_found(session: AsyncSession, person_id: int, number: str, words: str) -> NotFound:
    """Why there is none of that number here; of his own that lies elsewhere now, where he finds it.

    What was told a counsellor or a doctor goes nowhere else, and is not named in another room's words.
    """
    kinds = [kind for kind in OWN if kind not in CARE]
    found = await cases.find_mine(session, person_id, number.strip().upper(), *kinds)
    if found is None:
        return NotFound(words)
    case = found.case
    return NotFound(f"{case.number} 现在是{case.kind.label}，请回复「{OWN[case.kind]}」，点编号查看。")
