"""What of a roster somebody may bring in who has only some branches: rows of his, nobody else's."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.branches import with_above
from app.services.member_lists import list_by_staff_numbers
from app.services.permissions import Scope
from app.services.roster_rows import Row
from app.services.sheets import Mistake
from models import Branch


async def outside(session: AsyncSession, rows: Sequence[Row], scope: Scope) -> list[Mistake]:
    """One for each row that is not his matter.

    A new branch is his where the nearest one above it is. Who is in another branch today is not taken over
    by a row; in which one is not told.
    """
    if scope.everything:
        return []
    known = {row.lineage: row.id for row in await session.execute(sa.select(Branch.lineage, Branch.id))}
    his = {lineage: _is_his(lineage, known, scope) for lineage in {row.branch for row in rows}}
    present = await list_by_staff_numbers(session, [row.staff_number for row in rows])
    found = []
    for row in rows:
        if not his[row.branch]:
            found.append(Mistake(row.line, "", "所在组织", f"「{row.branch}」不在您管的分会里"))
        elif row.staff_number in present and not scope.covers(present[row.staff_number]):
            words = f"「{row.staff_number}」现在在别的分会；要调入，请工会管理员来办"
            found.append(Mistake(row.line, "", "工号", words))
    return found


def _is_his(lineage: str, known: dict[str, int], scope: Scope) -> bool:
    nearest = next((known[each] for each in reversed(with_above([lineage])) if each in known), None)
    return nearest is not None and scope.covers(nearest)
