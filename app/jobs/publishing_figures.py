"""内容数据 as a sheet: the numbers of the page, work that staff start."""

from collections.abc import Mapping
from typing import Final

from app.clock import civil_date, shanghai
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.jobs.staff_work import XLSX, workbook
from app.services import audience_figures, permissions, publishing_figures
from app.services.permissions import Right
from app.services.publishing_figures import ARTICLE_HEADS, CAMPAIGN_HEADS, DAY_HEADS


async def export(bench: Bench) -> Ended:
    """`given`: days as a form has them."""
    standing, now = await standing_of(bench), bench.clock.now()
    permissions.demand(standing, Right.CONTENT_READ)
    since, until = (str(bench.given.get(name) or "") for name in ("since", "until"))
    period = publishing_figures.period_of(since, until, now)
    async with bench.database.reading() as session:
        found = await publishing_figures.read(session, period)
        audiences = [
            *await audience_figures.by_branch(session, period),
            *await audience_figures.by_tag(session, period),
        ]
    lines: list[list[str]] = [
        [f"{day:%Y-%m-%d}", *map(str, publishing_figures.read_cells(reads))] for day, reads in found.days
    ]
    lines += [["合计", *map(str, publishing_figures.read_cells(found.total))], [], list(ARTICLE_HEADS)]
    lines += [[line.title, *map(str, publishing_figures.article_cells(line))] for line in found.articles]
    lines += [[], list(CAMPAIGN_HEADS)]
    for sent in found.campaigns:
        day = f"{shanghai(sent.campaign.started_at):%Y-%m-%d}" if sent.campaign.started_at else ""
        cells = publishing_figures.campaign_cells(sent)
        lines.append([sent.campaign.title, day, *("" if each is None else str(each) for each in cells)])
    lines += [[], list(audience_figures.HEADS)]
    lines += [[line.name, *audience_figures.cells(line)] for line in audiences]
    await bench.went_on(len(lines), len(lines))
    name = f"内容数据-{civil_date(now):%Y%m%d}.xlsx"
    return Ended(f"共 {len(lines)} 行。", workbook("内容数据", DAY_HEADS, lines), name, XLSX)


KINDS: Final[Mapping[str, Work]] = {"content.figures": export}
