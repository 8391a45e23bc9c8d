"""Work of staff after activities: certificates of all who came as one PDF, figures and points as sheets."""

import asyncio
from collections.abc import Mapping
from typing import Final

from app.clock import civil_date
from app.errors import DomainError
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.jobs.staff_work import MOST_ROWS, XLSX, workbook
from app.services import (
    activities,
    attendance_figures,
    certificate_pages,
    certificates,
    permissions,
    point_sheets,
)
from app.services.attendance_figures import HEADS, Period
from app.services.permissions import Right

MOST: Final = 2000  # certificates of one file


async def make_certificates(bench: Bench) -> Ended:
    """`given`: the public id of an activity."""
    standing = await standing_of(bench)
    async with bench.database.reading() as session:
        activity = await activities.get(session, str(bench.given["activity"]), drafts=True)
        permissions.demand(standing, Right.ACTIVITIES_PEOPLE, activity.branch_id)
        if bench.clock.now() < activity.ends_at:
            raise DomainError(f"「{activity.title}」结束以后才有参加证明。")
        found = [each async for each in certificates.each(session, activity)]
    if not found:
        raise DomainError(f"「{activity.title}」没有签到、绑定了工号的人，没有要做的证明。")
    made = await asyncio.to_thread(certificate_pages.pdf, found[:MOST])
    await bench.went_on(len(found), len(found))
    name = f"参加证明-{civil_date(bench.clock.now()):%Y%m%d}.pdf"
    return Ended(f"共 {len(found[:MOST])} 张。", made, name, "application/pdf")


async def export_figures(bench: Bench) -> Ended:
    """`given`: days as a form has them, and the public id of an activity, or none of these."""
    standing, now = await standing_of(bench), bench.clock.now()
    permissions.demand(standing, Right.ACTIVITIES_READ)
    given = {name: str(bench.given.get(name) or "") for name in ("since", "until", "activity")}
    period = Period.of(given["since"], given["until"], now)
    scope = permissions.scope(standing, Right.ACTIVITIES_READ)
    async with bench.database.reading() as session:
        figures = await attendance_figures.read(session, scope, period, given["activity"])
    lines = attendance_figures.rows(figures)
    await bench.went_on(len(lines), len(lines))
    name = f"参加情况-{civil_date(now):%Y%m%d}.xlsx"
    return Ended(f"共 {len(lines)} 行。", workbook("参加情况", HEADS, lines), name, XLSX)


async def export_points(bench: Bench) -> Ended:
    """`given`: days as a form has them."""
    standing, now = await standing_of(bench), bench.clock.now()
    permissions.demand(standing, Right.ACTIVITIES_PEOPLE)
    scope = permissions.scope(standing, Right.ACTIVITIES_PEOPLE)
    since, until = (str(bench.given.get(name) or "") for name in ("since", "until"))
    period = Period.of(since, until, now)
    async with bench.database.reading() as session:
        lines = [line async for line in point_sheets.each(session, scope, period)][:MOST_ROWS]
    await bench.went_on(len(lines), len(lines))
    name = f"活动积分-{civil_date(now):%Y%m%d}.xlsx"
    return Ended(f"共 {len(lines)} 行。", workbook("活动积分", point_sheets.HEADS, lines), name, XLSX)


KINDS: Final[Mapping[str, Work]] = {
    "activities.certificates": make_certificates,
    "activities.figures": export_figures,
    "activities.points": export_points,
}
