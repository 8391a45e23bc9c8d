"""How a 法律援助申请 stands, in one sentence with its clock: the same in the chat, on pages and for staff."""

from datetime import datetime
from typing import Final

from app.clock import due_day
from app.services.legal_aid import may_object
from app.services.legal_aid_clocks import left_in_words
from models import Case, CaseState, LegalAid

S: Final = CaseState
LATE: Final = "比说好的晚了，很抱歉，我们在催办。"
_OURS: Final = {
    S.SUBMITTED: "答复",
    S.REVIEWING: "答复",
    S.OBJECTION: "复核您的异议",
    **dict.fromkeys((S.GRANTED, S.ASSIGNED, S.IN_PROGRESS), "指派律师"),
}


def clock_of(case: Case, row: LegalAid, now: datetime) -> str:
    """Until when who has to do what, as the member reads it; empty where nothing runs."""
    told = []
    if row.due_at is not None:
        what = "指派律师" if case.state is S.SUBMITTED and row.fast_track else _OURS[case.state]
        late = f"{what}{LATE}"
        ahead = f"最迟 {due_day(row.due_at)}{what}（{left_in_words(row.due_at, now)}）"
        told.append(ahead if now < row.due_at else late)
    if row.supplement_due_at is not None:
        left = left_in_words(row.supplement_due_at, now)
        told.append(f"请在 {due_day(row.supplement_due_at)}（含当天）以前补材料（{left}）")
    if may_object(case, row, now) and row.objection_until is not None:
        left = left_in_words(row.objection_until, now)
        told.append(f"不同意的，{due_day(row.objection_until)}（含当天）以前可以提出异议（{left}）")
    return "；".join(told)
