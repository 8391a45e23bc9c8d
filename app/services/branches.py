"""The tree of the union: 公司工会, 分工会, 班组. A branch is found by its lineage, all names from the root.

Who changes the tree waits for others who do, so that a name is given once. Members stay where they are when
a branch is renamed or moved: they belong to the branch, not to its name.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services.audience_rows import is_active
from app.services.bulk import insert_rows
from app.services.coordination import queue_for
from models import LINEAGE, Branch, BranchMove, Member
from models.types import public_id

log = structlog.get_logger(__name__)

MAX_NAME, MAX_LINEAGE = 40, 255
_TREE = "branches"  # what who changes the tree queues for
_AT_ONCE = 500  # lineages asked for in one statement


class WrongName(DomainError):
    status = 422


def lineage_of(names: Sequence[str]) -> str:
    return LINEAGE.join(names)


def wrong_lineage(names: Sequence[str]) -> str:
    """What is wrong with the names, to be said behind them; "" when all is well."""
    for name in names:
        if not name or name != name.strip():
            return "有一级没有名称"
        if LINEAGE in name:
            return f"名称里不能有「{LINEAGE}」"
        if len(name) > MAX_NAME:
            return f"有一级超过 {MAX_NAME} 个字"
        if any(unicodedata.category(each)[0] == "C" for each in name):
            return "里有看不见的控制字符"
    if len(lineage_of(names)) > MAX_LINEAGE:
        return f"各级连起来超过 {MAX_LINEAGE} 个字"
    return "" if names else "没有写名称"


def with_above(lineages: Iterable[str]) -> list[str]:
    """These and all above them, once each and the upper ones first, in the order they are named."""
    found: dict[str, None] = {}
    for lineage in lineages:
        names = lineage.split(LINEAGE)
        found |= dict.fromkeys(lineage_of(names[:depth]) for depth in range(1, len(names) + 1))
    return list(found)


# --- finding


async def find(session: AsyncSession, lineage: str) -> Branch | None:
    """By the path, such as 公司工会/北区分工会, or by a name that only one branch has."""
    names = [name.strip() for name in lineage.strip().split(LINEAGE)]
    found = await session.scalar(sa.select(Branch).where(Branch.lineage == lineage_of(names)))
    if found is not None or len(names) > 1:
        return found
    alike = (await session.scalars(sa.select(Branch).where(Branch.name == names[0]).limit(2))).all()
    return alike[0] if len(alike) == 1 else None


async def get(session: AsyncSession, lineage: str) -> Branch:
    """Raises: NotFound."""
    found = await find(session, lineage)
    if found is None:
        raise NotFound(
            f"没有找到组织「{lineage}」，或者不止一个。请写全，例如 公司工会/北区分工会；"
            "全部组织见 gonghui members branches。"
        )
    return found


async def find_named_in(session: AsyncSession, words: str) -> Branch | None:
    """The one whose name stands in `words`: with most of its upper names, the longest; of two alike none."""
    said = "".join(words.split())
    rows = await session.scalars(sa.select(Branch).where(sa.func.length(Branch.name) > 1))
    named = [(_standing_in(said, each), each) for each in rows if each.name in said]
    best = max((rank for rank, _ in named), default=None)
    found = [each for rank, each in named if rank == best]
    return found[0] if len(found) == 1 else None


def _standing_in(said: str, branch: Branch) -> tuple[int, int]:
    """What is below comes before what is written in front of it: 公司工会检修分会 is the latter."""
    return sum(name in said for name in branch.lineage.split(LINEAGE)), len(branch.name)


async def ids_below(session: AsyncSession, branch: Branch) -> list[int]:
    """Of the branch and all below it."""
    below = Branch.lineage.startswith(branch.lineage + LINEAGE, autoescape=True)
    return list(await session.scalars(sa.select(Branch.id).where(sa.or_(Branch.id == branch.id, below))))


async def list_children(session: AsyncSession, parent_id: int | None) -> Sequence[Branch]:
    """Those right below; of None the roots. In the order they were made."""
    return (
        await session.scalars(sa.select(Branch).where(Branch.parent_id == parent_id).order_by(Branch.id))
    ).all()


async def list_all(session: AsyncSession) -> Sequence[Branch]:
    """The whole tree, each branch after the one above it."""
    return (await session.scalars(sa.select(Branch).order_by(Branch.lineage))).all()


async def find_public(session: AsyncSession, public_id: str) -> Branch | None:
    return await session.scalar(sa.select(Branch).where(Branch.public_id == public_id))


@dataclass(slots=True)
class Node:
    """A branch in the tree. `members` are those of today, `total` with all branches below."""

    branch: Branch
    depth: int
    members: int
    total: int = 0
    children: list["Node"] = field(default_factory=list)


async def list_tree(session: AsyncSession, today: date) -> list[Node]:
    """Every branch, each right after the one it belongs to; sisters in the order they were made."""
    counted = await session.execute(
        sa.select(Member.branch_id, sa.func.count()).where(is_active(today)).group_by(Member.branch_id)
    )
    counts = {branch_id: number for branch_id, number in counted}  # noqa: C416 - rows are no pairs to mypy
    nodes: dict[int, Node] = {}
    for branch in await session.scalars(sa.select(Branch).order_by(Branch.id)):
        nodes[branch.id] = Node(branch, branch.lineage.count(LINEAGE), counts.get(branch.id, 0))
    roots: list[Node] = []
    for node in nodes.values():
        parent = node.branch.parent_id
        (roots if parent is None else nodes[parent].children).append(node)
    return [node for root in roots for node in _walk(root)]


def _walk(node: Node) -> list[Node]:
    below = [each for child in node.children for each in _walk(child)]
    node.total = node.members + sum(child.total for child in node.children)
    return [node, *below]


# --- changing


async def ensure(session: AsyncSession, *names: str, now: datetime) -> Branch:
    """The branch with these names from the root on; what is missing on the way is made.

    Raises:
        WrongName: a name is empty, too long or has a slash.
    """
    if refused := wrong_lineage(names):
        raise WrongName(f"「{lineage_of(names)[:MAX_NAME]}」{refused}。")
    lineage = lineage_of(names)
    ids = await ensure_all(session, [lineage], now)
    return await session.get_one(Branch, ids[lineage])


async def ensure_all(session: AsyncSession, lineages: Collection[str], now: datetime) -> dict[str, int]:
    """Lineage → id for these (valid) and all above them; the missing are made, the upper ones first."""
    wanted = with_above(lineages)
    found = await _ids(session, wanted)
    if set(wanted) <= found.keys():
        return found
    await queue_for(session, _TREE)
    found = await _ids(session, wanted)
    missing = [each for each in wanted if each not in found]
    connection = await session.connection()
    for depth in sorted({each.count(LINEAGE) for each in missing}):
        rows = [_row(each, found, now) for each in missing if each.count(LINEAGE) == depth]
        made = await connection.run_sync(insert_rows, Branch.__table__, rows, ("id", "lineage"))
        found |= {row.lineage: row.id for row in made}
    return found


def _row(lineage: str, ids: dict[str, int], now: datetime) -> dict[str, Any]:
    above, _, name = lineage.rpartition(LINEAGE)
    return {
        "public_id": public_id(),
        "name": name,
        "parent_id": ids[above] if above else None,
        "lineage": lineage,
        "created_at": now,
    }


async def _ids(session: AsyncSession, lineages: Collection[str]) -> dict[str, int]:
    ordered = sorted(lineages)
    found: dict[str, int] = {}
    for start in range(0, len(ordered), _AT_ONCE):
        asked = sa.select(Branch.lineage, Branch.id).where(
            Branch.lineage.in_(ordered[start : start + _AT_ONCE])
        )
        found |= {each.lineage: each.id for each in await session.execute(asked)}
    return found


async def rename(
    session: AsyncSession, branch: Branch, name: str, *, by: str, channel: str = "cli", now: datetime
) -> None:
    """Give the branch another name, and all below it the lineage that follows; what it was called is kept.

    Raises:
        DomainError: no name, or a sister has it.
    """
    name = name.strip()
    if refused := wrong_lineage([name]):
        raise WrongName(f"「{name[:MAX_NAME]}」{refused}。")
    await queue_for(session, _TREE)
    await session.refresh(branch)
    above, _, _ = branch.lineage.rpartition(LINEAGE)
    before = branch.lineage
    await _relocate(session, branch, f"{above}{LINEAGE}{name}" if above else name)
    branch.name = name
    _note(session, branch, before, by, channel, now)
    await session.flush()


async def move(
    session: AsyncSession,
    branch: Branch,
    parent: Branch | None,
    *,
    by: str,
    channel: str = "cli",
    now: datetime,
) -> None:
    """Put the branch, with all below it, under another one; None puts it at the top. Where it was is kept.

    Raises:
        DomainError: under itself or what is below it, or a sister there has its name.
    """
    await queue_for(session, _TREE)
    await session.refresh(branch)
    if parent is not None:
        await session.refresh(parent)
        if parent.id == branch.id or _is_below(parent.lineage, branch.lineage):
            raise DomainError(f"「{branch.lineage}」不能放到自己或自己的下级里。")
    lineage = branch.name if parent is None else f"{parent.lineage}{LINEAGE}{branch.name}"
    before = branch.lineage
    await _relocate(session, branch, lineage)
    branch.parent_id = None if parent is None else parent.id
    _note(session, branch, before, by, channel, now)
    await session.flush()


def _note(session: AsyncSession, branch: Branch, before: str, by: str, channel: str, now: datetime) -> None:
    """One record for the branch itself; what lies below it follows by name."""
    if branch.lineage == before:
        return
    session.add(
        BranchMove(
            branch_id=branch.id, before=before, after=branch.lineage, by=by[:64], channel=channel, at=now
        )
    )


async def list_moves(session: AsyncSession, limit: int = 200) -> Sequence[BranchMove]:
    """What was renamed or moved, the newest first."""
    return (await session.scalars(sa.select(BranchMove).order_by(BranchMove.id.desc()).limit(limit))).all()


async def list_moves_of(session: AsyncSession, branch: Branch, limit: int = 50) -> Sequence[BranchMove]:
    """How this branch, or one above it, was renamed or moved, the newest first."""
    names = branch.lineage.split(LINEAGE)
    above = [lineage_of(names[:depth]) for depth in range(1, len(names))]
    of_these = sa.or_(
        BranchMove.branch_id == branch.id,
        BranchMove.branch_id.in_(sa.select(Branch.id).where(Branch.lineage.in_(above))),
    )
    chosen = sa.select(BranchMove).where(of_these).order_by(BranchMove.id.desc()).limit(limit)
    return (await session.scalars(chosen)).all()


async def hold(session: AsyncSession, branch: Branch) -> None:
    """Whoever changes the tree is waited for, and waits from here on; `branch` is as it is now."""
    await queue_for(session, _TREE)
    await session.refresh(branch)


async def _relocate(session: AsyncSession, branch: Branch, lineage: str) -> None:
    """Write the new lineage to the branch and all below it."""
    old = branch.lineage
    if lineage == old:
        return
    if await session.scalar(sa.select(Branch.id).where(Branch.lineage == lineage)) is not None:
        raise DomainError(f"已经有「{lineage}」了。")
    under = Branch.lineage.startswith(old + LINEAGE, autoescape=True)
    below = [
        each
        for each in await session.scalars(sa.select(Branch).where(under))
        if _is_below(each.lineage, old)  # SQLite's LIKE takes a for A
    ]
    if len(lineage) - len(old) + max(len(each.lineage) for each in [branch, *below]) > MAX_LINEAGE:
        raise DomainError(f"各级名称连起来会超过 {MAX_LINEAGE} 个字。")
    for each in below:
        each.lineage = lineage + each.lineage.removeprefix(old)
    branch.lineage = lineage
    log.info("branches.relocated", branch=branch.id, below=len(below))


def _is_below(lineage: str, above: str) -> bool:
    return lineage.startswith(above + LINEAGE)
