"""What `gonghui members …` prints: of what an import does or would do, of members and branches."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from app.clock import spoken
from app.services import member_words
from app.services.branches import Node
from app.services.roster_changes import Change
from app.services.rosters import Outcome
from models import BranchMove, Member, MemberEvent, MemberMove

BRANCHES = 20
_ORDER = (MemberEvent.JOINED, MemberEvent.CHANGED, MemberEvent.RETURNED, MemberEvent.LEFT)


def of_outcome(outcome: Outcome, *, complete: bool, samples: bool) -> Iterator[str]:
    """`samples`: with the first members of each kind by name."""
    for event in _ORDER:
        if number := outcome.events[event]:
            yield f"{event.label} {number} 人{_fields(outcome) if event is MemberEvent.CHANGED else ''}"
            if samples:
                yield from _samples(outcome.samples[event], number)
    yield f"没有变化 {outcome.unchanged} 人"
    if outcome.new_branches:
        more = f" 等 {len(outcome.new_branches)} 个" if len(outcome.new_branches) > BRANCHES else ""
        yield f"新的组织：{'、'.join(outcome.new_branches[:BRANCHES])}{more}"
    if outcome.missing:
        then = "从今天起离开" if complete else "不变"
        yield f"在册、文件里没有的 {outcome.missing} 人：{then}"


def _fields(outcome: Outcome) -> str:
    named = [f"{member_words.title(field)} {number}" for field, number in outcome.fields.most_common()]
    return f"（{'、'.join(named)}）" if named else ""


def _samples(changes: Sequence[Change], number: int) -> Iterator[str]:
    for each in changes:
        told = each.branch if each.event is MemberEvent.JOINED else member_words.changes(each.kept())
        yield f"  {each.staff_number}　{each.name}　{told}"
    if number > len(changes):
        yield f"  ……还有 {number - len(changes)} 人"


def of_member(member: Member, today: date) -> str:
    bound = "　已绑定" if member.person_id is not None else ""
    gone = f"　{_leaving(member, today)}" if member.left_on is not None else ""
    line = f"{member.staff_number}　{member.name}　{member.kind.label}　{member.branch.lineage}"
    return f"{line}　{member.post}".rstrip("　") + bound + gone


def _leaving(member: Member, today: date) -> str:
    return f"{member.left_on} {'起已离开' if member.has_left(today) else '起离开'}"


def of_one(member: Member, moves: Sequence[MemberMove], now: datetime, today: date) -> Iterator[str]:
    """All of a member, private values masked, and what happened to him."""
    yield f"{member.staff_number}　{member.name}　{member.kind.label}"
    yield f"所在组织：{member.branch.lineage}"
    for field in ("sex", "born_on", "phone", "post", "joined_on"):
        yield f"{member_words.title(field)}：{member_words.said(field, getattr(member, field))}"
    if member.left_on is not None:
        yield f"离开：{_leaving(member, today)}"
    bound = "没有" if member.bound_at is None else f"已绑定，{spoken(member.bound_at, now)}"
    yield f"微信：{bound}"
    yield "经过："
    for move in moves:
        yield f"  {_moved(move, now)}"


def _moved(move: MemberMove, now: datetime) -> str:
    kept: Any = move.changes
    told = member_words.changes(kept if isinstance(kept, dict) else None)
    what = MemberEvent(move.what).label
    return f"{spoken(move.at, now)}　{what}　{told}　{move.by}".replace("　　", "　")


def of_tree(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        own = f"（本级 {node.members} 人）" if node.children and node.members else ""
        yield f"{'    ' * node.depth}{node.branch.name}　{node.total} 人{own}"


def of_branch_moves(moves: Sequence[BranchMove], now: datetime) -> Iterator[str]:
    for move in moves:
        yield f"{spoken(move.at, now)}　{move.before} → {move.after}　{move.by}"
