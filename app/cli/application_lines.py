"""How 入会申请 read at a terminal: a line in a list, one with what was filled in, and the member it made."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import case_lines, member_lines
from app.clock import spoken
from app.services import application_facts, application_work, members
from app.services.application_work import Listing
from models import OVER, Branch, Case, CaseEntry, Member, MembershipApplication

_NO_BRANCH = "没有选组织"


def of_list(found: Sequence[Listing], now: datetime) -> list[str]:
    """Late ones are counted in the first line, so that nobody has to look for them."""
    late = sum(_is_late(each.application, now) for each in found)
    lines = [f"有 {late} 份超过了答复时限，请先办。"] if late else []
    return [*lines, *(_line(each, now) for each in found)] or ["没有入会申请。"]


def _line(listing: Listing, now: datetime) -> str:
    case, application = listing.case, listing.application
    kept = application_facts.facts_of(application)
    parts = [
        case.number,
        case.state.label,
        kept.get("name") or "（资料已清除）",
        application.kind.label,
        listing.branch.lineage if listing.branch is not None else _NO_BRANCH,
        *([f"{application.taken_by}接办"] if application.taken_by else []),
        *_when(case, application, now),
    ]
    return "  ".join(parts)


def _when(case: Case, application: MembershipApplication, now: datetime) -> list[str]:
    if case.state in OVER:
        return [] if case.closed_at is None else [spoken(case.closed_at, now)]
    if application.due_at is None:
        return ["等本人补正"]
    if _is_late(application, now):
        return [f"已超时 {spoken(application.due_at, now)}"]
    near = "快到期，" if application_work.is_near(application, now) else ""
    return [f"{near}最迟 {spoken(application.due_at, now)}"]


def _is_late(application: MembershipApplication, now: datetime) -> bool:
    return application.due_at is not None and application.due_at <= now


def of_one(
    case: Case,
    application: MembershipApplication,
    branch: Branch | None,
    entries: Sequence[CaseEntry],
    now: datetime,
    *,
    whole: bool,
) -> Iterator[str]:
    """Private fields masked, unless `whole`."""
    yield "  ".join([case.number, case.state.label, *_when(case, application, now)])
    facts = application_facts.lines(application, whole=whole)
    yield from (f"{title}：{value}" for title, value in facts)
    if not facts:
        yield "填的资料已过保存期限，已清除。"
    yield f"申请到：{branch.lineage if branch is not None else _NO_BRANCH}"
    yield f"入会声明：{spoken(application.declared_at, now)}确认（{application.declaration_version} 版）"
    if application.taken_by:
        yield f"接办：{application.taken_by}"
    yield "经过："
    yield from (f"  {case_lines.entry(each, case, now)}" for each in entries)


async def of_member(session: AsyncSession, member: Member, today: date) -> str:
    """As `gonghui members list` has it."""
    return member_lines.of_member(await members.get(session, member.staff_number), today)
