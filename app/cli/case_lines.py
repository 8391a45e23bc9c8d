"""How a case reads at a terminal: a line in a list, its thread, and what a consultation knows beyond that."""

from datetime import datetime

from app.clock import civil_date, spoken
from app.services import cases, consultation_facts
from app.services.statutory_deadlines import Deadline
from models import OVER, Case, CaseEntry, CaseState, Consultation, EntryKind, Urgency

_WHO = {EntryKind.MEMBER: "来件", EntryKind.STAFF: "答复", EntryKind.NOTE: "备注", EntryKind.EVENT: "过程"}
NOT_TO_THEM = "对方是本公司：不得交给公司的法务部门，请由县总工会安排的律师办理。"


def line(case: Case, now: datetime, facts: Consultation | None = None) -> str:
    parts = [
        case.number,
        case.kind.label + (f"（{topic}）" if (topic := cases.topic_of(case)) else ""),
        case.state.label,
        "匿名" if case.anonymous else "实名",
    ]
    due_at = case.first_answer_due_at if case.state is CaseState.SUBMITTED else None
    if facts is not None:
        due_at = facts.next_answer_due_at
        parts += ["加急"] if facts.urgency is Urgency.URGENT and case.state not in OVER else []
        parts += ["对方是本公司"] if facts.own_company else []
    if due_at is not None:
        late = "已超时" if due_at < now else "最迟答复"
        parts.append(f"{late} {spoken(due_at, now)}")
    return "  ".join(parts)


def entry(each: CaseEntry, case: Case, now: datetime) -> str:
    # Of an anonymous case only the day is kept.
    when = spoken(each.created_at, now)
    when = when.rpartition(" 0:00")[0] or when.removesuffix("0:00") if case.anonymous else when
    move = ""
    if each.from_state is not None and each.to_state is not None:
        move = f"{each.from_state.label} → {each.to_state.label}"
    asked = each.kind is EntryKind.STAFF and each.to_state is CaseState.WAITING_USER
    who = "追问" if asked else _WHO[each.kind]
    by = f"（{each.by}）" if each.by else ""
    return f"{when} {who}{by} {' '.join(filter(None, (move, cases.text_of(each))))}".rstrip()


def facts_of(facts: Consultation, now: datetime) -> list[str]:
    """What was answered before a lawyer looked, what follows from it, and what must not be done."""
    lines = [NOT_TO_THEM] if facts.own_company else []
    if facts.deadline_on and facts.deadline_basis:
        deadline = Deadline(facts.deadline_on, facts.deadline_basis)
        lines.append(f"期限：{deadline.spoken(civil_date(now))}（按本人说的日期算，请核对）")
    if facts.fast_track:
        lines.append("离期限不足 7 天：请先帮、后补材料（《法律援助法》第四十四条）。")
    lines += [f"{name}：{value}" for name, value in consultation_facts.read(facts)]
    lines.append(f"告知：{spoken(facts.consent_at, now)}同意（{facts.consent_version} 版）")
    if facts.referral_consent_at is not None:
        lines.append(f"转介：{spoken(facts.referral_consent_at, now)}记下本人的单独同意")
    return lines
