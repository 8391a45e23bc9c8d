"""How a case reads at a terminal: a line in a list, its thread, and what a consultation knows beyond that."""

from datetime import datetime

from app.clock import civil_date, spoken
from app.services import case_threads, cases, consultation_facts
from models import OVER, Case, CaseEntry, CaseState, Consultation, Urgency


def line(case: Case, now: datetime, facts: Consultation | None = None) -> str:
    parts = [
        case.number,
        case.kind.label + (f"（{topic}）" if (topic := cases.topic_of(case)) else ""),
        case.state.label,
        "匿名" if case.anonymous else "实名",
    ]
    due_at = case.answer_due_at or (case.first_answer_due_at if case.state is CaseState.SUBMITTED else None)
    if facts is not None:
        parts += ["加急"] if facts.urgency is Urgency.URGENT and case.state not in OVER else []
        parts += ["对方是本公司"] if facts.own_company else []
    if due_at is not None:
        late = "已超时" if due_at < now else "最迟答复"
        parts.append(f"{late} {spoken(due_at, now)}")
    return "  ".join(parts)


def entry(each: CaseEntry, case: Case, now: datetime) -> str:
    said = case_threads.said(each, case, now)
    by = f"（{said.by}）" if said.by else ""
    return f"{said.when} {said.who}{by} {' '.join(filter(None, (said.move, said.text)))}".rstrip()


def facts_of(facts: Consultation, now: datetime) -> list[str]:
    """What was answered before a lawyer looked, what follows from it, and what must not be done."""
    rows = [*consultation_facts.read(facts), *consultation_facts.agreed(facts, now)]
    return [
        *consultation_facts.warnings(facts, civil_date(now)),
        *(f"{name}：{value}" for name, value in rows),
    ]
