"""按组织分名额 as an organiser writes it: numbers for branches, checked, and how they stand.

How they are counted is `seats`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import branches, seats
from app.services.form_words import NotWhole, number
from models import Activity, Allocation, Branch, Membership, SignUpState

MOST: Final = 30  # branches with a quota
BIGGEST: Final = 100_000  # seats
OTHERS: Final = "其他人"

Row = dict[str, str]  # of the form: branch (public id) → seats, as typed


@dataclass(frozen=True, slots=True)
class Standing:
    """What staff see of one branch: its seats, how many are held, how many wait."""

    name: str
    seats: int
    used: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Left:
    """What everybody may read of one branch's seats."""

    name: str
    seats: int
    left: int


def check(activity: Activity) -> None:
    """Raises: DomainError: numbers that contradict each other."""
    if activity.allocation is not Allocation.QUOTA:
        return
    if activity.capacity is None:
        raise DomainError("按组织分名额的活动要写名额。")
    if not activity.quotas:
        raise DomainError("按组织分名额，请写至少一个组织和它的名额。")
    if len({branch_id for branch_id, _ in activity.quotas}) < len(activity.quotas):
        raise DomainError("同一个组织只能写一次名额。")
    given = sum(wanted for _, wanted in activity.quotas)
    if given > activity.capacity:
        raise DomainError(f"各组织的名额加起来是 {given}，比总名额 {activity.capacity} 多。")


def rows_of(activity: Activity, held: Mapping[int, Branch]) -> list[Row]:
    """For the form: those of branches that its reader may choose."""
    return [
        {"branch": held[branch_id].public_id, "seats": str(wanted)}
        for branch_id, wanted in activity.quotas
        if branch_id in held
    ]


def values_of(rows: Sequence[Row], held: Mapping[str, Branch]) -> list[list[int]]:
    """Rows without a branch are none. Raises: NotWhole."""
    found: list[list[int]] = []
    for row in rows:
        if not row["branch"]:
            continue
        if row["branch"] not in held:
            raise NotWhole("没有这个组织，或者不归您管，请重新选择。")
        branch = held[row["branch"]]
        found.append([branch.id, number(row["seats"] or "0", f"{branch.name}的名额", BIGGEST)])
    return found


def list_left(activity: Activity, free: seats.Seats) -> list[Left]:
    """Branch by branch, and last what all others share; empty where one number is for all."""
    if free.together:
        return []
    found = [Left(each.name, each.seats, free.left(each.branch_id)) for each in _in_order(free.quotas)]
    rest = (activity.capacity or 0) - sum(each.seats for each in free.quotas)
    return [*found, Left(OTHERS, rest, free.left(None))] if rest > 0 else found


def whose(free: seats.Seats, membership: Membership | None) -> str:
    """From which of these somebody takes his seat; empty where one number is for all."""
    if free.together:
        return ""
    pool = free.pool_of(membership)
    return next((each.name for each in free.quotas if each.branch_id == pool), OTHERS)


def words(free: seats.Seats, membership: Membership | None) -> str:
    """What somebody may hope for, in a few words."""
    left, name = free.left(free.pool_of(membership)), whose(free, membership)
    if left:
        return f"{name}还有 {left} 个名额" if name else f"还有 {left} 个名额"
    return f"{name}的名额已满，可以候补" if name else "名额已满，可以候补"


async def from_names(session: AsyncSession, given: Mapping[str, int]) -> list[list[int]]:
    """Of a file: lineages, or names where only one branch is called so.

    Raises: DomainError: no such branch, or several.
    """
    known = await branches.list_all(session) if given else []
    found: list[list[int]] = []
    for said, wanted in given.items():
        meant = [each for each in known if said in (each.lineage, each.name)]
        if len(meant) != 1:
            why = "有几个组织叫" if meant else "没有组织叫"
            raise DomainError(f"quotas：{why}「{said}」，请写全称，例如 公司工会/北区分工会。")
        found.append([meant[0].id, wanted])
    return found


async def facts(session: AsyncSession, activity: Activity) -> str:
    """For who reviews it; empty where seats are not given by branch."""
    if activity.allocation is not Allocation.QUOTA:
        return ""
    given = "、".join(
        f"{each.name} {each.seats}" for each in _in_order(await seats.of_activity(session, activity))
    )
    return f"{given}，{'没用完的截止后让给别的组织' if activity.quotas_released else '没用完的空着'}"


async def standings(session: AsyncSession, activity: Activity) -> list[Standing]:
    """How every branch's seats stand, in the order of the tree, and last those of all others."""
    if activity.allocation is not Allocation.QUOTA:
        return []
    quotas = _in_order(await seats.of_activity(session, activity))
    used = await seats.by_pool(session, activity, quotas)
    waiting = await seats.by_pool(session, activity, quotas, {SignUpState.WAITLISTED})
    rows = [
        Standing(each.name, each.seats, used.get(each.branch_id, 0), waiting.get(each.branch_id, 0))
        for each in quotas
    ]
    rest = max(0, (activity.capacity or 0) - sum(each.seats for each in quotas))
    if rest or None in used or None in waiting:
        rows.append(Standing(OTHERS, rest, used.get(None, 0), waiting.get(None, 0)))
    return rows


def _in_order(quotas: Sequence[seats.Quota]) -> list[seats.Quota]:
    return sorted(quotas, key=lambda each: each.lineage)
