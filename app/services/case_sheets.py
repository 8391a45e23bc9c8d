"""Lists of cases as rows of a sheet: what a list shows, and how each went. Never who brought one."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services import case_lists, permissions
from app.services.case_lists import Asked, Row
from app.services.permissions import Standing, scope
from models import Case

EXPORT: Final = "cases.export"
HEADS: Final = (
    *("编号", "类别", "话题", "状态", "署名", "办理人", "内容（开头）"),
    *("来件", "答复时限", "首次答复", "最近答复", "办结", "超时过"),
)
AT_ONCE: Final = 500


def asked_by(standing: Standing, given: Mapping[str, str], now: datetime) -> Asked:
    """What somebody wants in the sheet, as far as he may read it at this moment.

    `given`: the room, and the filters of its list. Raises: Forbidden.
    """
    place = case_lists.PLACES[given["room"]]
    room, right = place.room, place.reads
    permissions.demand(standing, right)
    return case_lists.asked_of(room, scope(standing, right), standing.staff_id, given, now)


async def each(session: AsyncSession, asked: Asked) -> AsyncIterator[list[str]]:
    """Lines for the sheet, newest first, as the list is narrowed down."""
    before: int | None = None
    while True:
        chosen = asked.everything().order_by(Case.id.desc()).limit(AT_ONCE)
        chosen = chosen if asked.until is None else chosen.where(Case.answer_due_at < asked.until)
        chosen = chosen if before is None else chosen.where(Case.id < before)
        found = (await session.scalars(chosen)).all()
        for row in await case_lists.rows(session, found, asked.now):
            yield line(row)
        if len(found) < AT_ONCE:
            return
        before = found[-1].id
        session.expunge_all()


def line(row: Row) -> list[str]:
    case = row.case
    return [
        *(case.number, case.kind.label, row.topic, case.state.label),
        *("匿名" if case.anonymous else "", row.owner, row.title),
        *(_when(case, case.opened_at), _when(case, row.due_at), _when(case, case.first_answered_at)),
        *(_when(case, case.answered_at), _when(case, case.closed_at), "是" if case.overdue else ""),
    ]


def _when(case: Case, moment: datetime | None) -> str:
    """Of an anonymous case the day."""
    if moment is None:
        return ""
    return f"{shanghai(moment):%Y-%m-%d}" if case.anonymous else f"{shanghai(moment):%Y-%m-%d %H:%M}"
