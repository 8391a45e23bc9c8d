"""分会接办: which branch's staff see what a member brings, beside those of the whole union.

A branch that takes cases takes those of all below it. Only of what is brought by name to 留言, 人工 or the
lawyer: an anonymous case, a complaint and what is told a counsellor or a doctor belong to no branch, so that
nobody near its person learns of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.services.audit import does
from models import LINEAGE, Branch, CaseKind, Member

KINDS: Final = (CaseKind.DESK, CaseKind.FEEDBACK, CaseKind.CONSULTATION)


_BRANCH: Final[Any] = Branch.__table__
# Most unions answer everything in one place: then nothing more is asked. Of the table: people wait for it.
_ANY: Final = sa.select(_BRANCH.c.id).where(_BRANCH.c.takes_cases.is_(True)).limit(1)
_ABOVE: Final = aliased(Branch)
# Not LIKE: a name may hold its signs, and SQLite's takes a for A.
_BEGINS: Final = sa.func.substr(Branch.lineage, 1, sa.func.length(_ABOVE.lineage) + 1)
_TAKES: Final = (  # a person's own branch, and the name of each that takes its cases: itself or one above it
    sa.select(Member.person_id, Branch.id.label("branch_id"), _ABOVE.name)
    .join(Branch, Branch.id == Member.branch_id)
    .join(_ABOVE, sa.or_(_ABOVE.id == Branch.id, _ABOVE.lineage + LINEAGE == _BEGINS))
    .where(_ABOVE.takes_cases.is_(True), Member.person_id.in_(sa.bindparam("persons", expanding=True)))
    .order_by(sa.func.length(_ABOVE.lineage))
)


def has_one(case: Mapping[str, Any]) -> bool:
    """Whether a new case with these values may belong to a branch."""
    return case["kind"] in KINDS and not case["anonymous"]


def of_persons(connection: sa.Connection, persons: Sequence[int]) -> dict[int | None, int]:
    """The branches new cases of these belong to; who is not in it, his are the whole union's."""
    if not persons or connection.execute(_ANY).first() is None:
        return {}
    found = connection.execute(_TAKES, {"persons": persons})
    return {row.person_id: row.branch_id for row in found}


async def name_for(session: AsyncSession, person_id: int) -> str:
    """What its person is told before: the nearest branch whose staff read it too; empty for none."""
    found = (await session.execute(_TAKES, {"persons": [person_id]})).all()
    return str(found[-1].name) if found else ""


async def turn(session: AsyncSession, branch: Branch, on: bool) -> None:
    """From now on the branch takes what its members bring, or no more; what it has stays with it."""
    does(session, "branches.take", branch.public_id, branch_id=branch.id, takes=on)
    branch.takes_cases = on
    await session.flush()
