"""How many seats of an activity nobody has yet: one number for all, or one for each branch that has a quota.

Quotas (按组织分名额): the organiser gives branches numbers of their own. A member belongs to the nearest one
above him that has some; everybody else shares what is given to nobody. Where the organiser chose so, what a
branch has not used by the closing of sign-ups is for whoever waits. Not here: who gets them (`sign_ups`,
`waiting_lists`), which quotas an organiser may write (`quotas`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from models import HOLDING, LINEAGE, Activity, Allocation, Branch, Membership, SignUp, SignUpState

MANY = 10**9  # seats left where there is no limit
Pool = int | None  # a branch whose quota it is; None: of everybody else


@dataclass(frozen=True, slots=True)
class Quota:
    branch_id: int
    lineage: str
    seats: int

    @property
    def name(self) -> str:
        return self.lineage.rpartition(LINEAGE)[2]

    def is_of(self, membership: Membership) -> bool:
        return f"{membership.lineage}{LINEAGE}".startswith(f"{self.lineage}{LINEAGE}")


@dataclass(slots=True)
class Seats:
    """What is left; who takes some counts them down."""

    by_pool: dict[Pool, int]
    quotas: Sequence[Quota] = ()  # the lower branches first
    together: bool = True  # all are in the one number of `None`

    def pool_of(self, membership: Membership | None) -> Pool:
        """From whose seats somebody takes his."""
        found = (each.branch_id for each in self.quotas if membership and each.is_of(membership))
        return next(found, None)

    @property
    def total(self) -> int:
        return sum(self.by_pool.values())

    def left(self, pool: Pool) -> int:
        return self.by_pool[self._counted(pool)]

    def take(self, pool: Pool, seats: int) -> None:
        self.by_pool[self._counted(pool)] -= seats

    def _counted(self, pool: Pool) -> Pool:
        return pool if pool in self.by_pool else None


async def count(session: AsyncSession, activity: Activity, now: datetime) -> Seats:
    """Never below 0: a capacity that was lowered takes no seat away."""
    if activity.capacity is None:
        return Seats({None: MANY})
    if activity.allocation is not Allocation.QUOTA:
        return Seats({None: max(0, activity.capacity - await _used(session, activity))})
    quotas = await of_activity(session, activity)
    if are_for_all(activity, now):
        return Seats({None: max(0, activity.capacity - await _used(session, activity))}, quotas)
    used = await by_pool(session, activity, quotas)
    given: dict[Pool, int] = {each.branch_id: each.seats for each in quotas}
    given[None] = activity.capacity - sum(given.values())
    left = {pool: max(0, seats - used.get(pool, 0)) for pool, seats in given.items()}
    return Seats(left, quotas, together=False)


def are_for_all(activity: Activity, now: datetime) -> bool:
    """Whether what one branch has not used may be had by others."""
    return activity.quotas_released and now >= activity.closes_at


async def of_activity(session: AsyncSession, activity: Activity) -> list[Quota]:
    """The lower branches first: a member belongs to the nearest. A branch that is gone has none."""
    given = dict(activity.quotas)
    found = await session.execute(sa.select(Branch.id, Branch.lineage).where(Branch.id.in_(given)))
    quotas = [Quota(row.id, row.lineage, given[row.id]) for row in found]
    return sorted(quotas, key=lambda each: (-each.lineage.count(LINEAGE), each.lineage))


async def by_pool(
    session: AsyncSession,
    activity: Activity,
    quotas: Sequence[Quota],
    states: Collection[SignUpState] = HOLDING,
) -> dict[Pool, int]:
    """Seats in these states; those of a branch whose quota was taken away count for all others."""
    found = await session.execute(
        sa.select(SignUp.quota_branch_id, sa.func.sum(SignUp.seats))
        .where(SignUp.activity_id == activity.id, SignUp.state.in_(states))
        .group_by(SignUp.quota_branch_id)
    )
    known = {each.branch_id for each in quotas}
    used: dict[Pool, int] = {}
    for branch_id, seats in found.all():
        pool = branch_id if branch_id in known else None
        used[pool] = used.get(pool, 0) + int(seats)
    return used


async def _used(session: AsyncSession, activity: Activity) -> int:
    held = sa.select(sa.func.coalesce(sa.func.sum(SignUp.seats), 0)).where(
        SignUp.activity_id == activity.id, SignUp.state.in_(HOLDING)
    )
    return int(await session.scalar(held) or 0)
