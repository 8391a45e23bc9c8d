"""How a case reads at a terminal: a line in a list, and its thread."""

from datetime import datetime

from app.clock import spoken
from app.services import case_threads, cases
from app.services.advice_kinds import CARE
from app.services.case_facts import Facts
from models import OVER, Case, CaseEntry, CaseKind, CaseState


def line(case: Case, now: datetime, facts: Facts) -> str:
    parts = [
        case.number,
        case.kind.label + (f"（{topic}）" if (topic := cases.topic_of(case)) else ""),
        case.state_label,
        "保密" if case.kind in CARE else "匿名" if case.anonymous else "实名",
    ]
    promised = case.state is CaseState.SUBMITTED or case.kind is CaseKind.LEGAL_AID
    due_at = case.answer_due_at or (case.first_answer_due_at if promised else None)
    parts += ["加急"] if facts.is_urgent and case.state not in OVER else []
    parts += ["对方是本公司"] if facts.own_company else []
    if due_at is not None:
        late = "已超时" if due_at < now else "最迟答复"
        parts.append(f"{late} {spoken(due_at, now)}")
    return "  ".join(parts)


def entry(each: CaseEntry, case: Case, now: datetime) -> str:
    said = case_threads.said(each, case, now)
    by = f"（{said.by}）" if said.by else ""
    return f"{said.when} {said.who}{by} {' '.join(filter(None, (said.move, said.text)))}".rstrip()
