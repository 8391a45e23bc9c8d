"""An activity by lot in the console and on the portal: its seed is secret before the draw and open after."""

import sqlalchemy as sa

from app.jobs import activities as job
from models import Activity, Allocation, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, admin, at_work, ends
from tests.test_console_activities import plan, planned, row, signs_up, version, zhao

__all__ = ["admin", "ends", "zhao"]


async def test_from_the_plan_to_the_draw(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, allocation="lot", capacity="1")
    public = f"/activities/{path.rsplit('/', 1)[1]}"
    seed = (await row(ends, path)).lot_seed
    assert seed is not None

    before, desk = (await ends.web.get(public)).text, await zhao.reads(path)
    assert seed not in before and seed not in desk
    assert "抽签怎么保证公平" in before and "共 1，截止后抽签" in before and "报名截止以后自动抽" in desk
    first, second = await signs_up(ends, path), await signs_up(ends, path)

    await ends.moves_time(hours=5 * 24 + 1)
    await job.run(ends.house.database, ends.house.clock)
    xue = await at_work(ends, "薛敏", Role.ORGANISER)  # days have passed: nobody is signed in any more

    after, desk = (await ends.web.get(public)).text, await xue.reads(path)
    assert seed in after and "抽签的结果怎么核对" in after and f"种子 {seed}" in desk
    people = await xue.reads(f"{path}/people")
    assert "已报名" in people and "候补中" in people
    assert first.id != second.id


async def test_how_seats_are_given_is_kept_and_checked(ends: Ends, zhao: Worker) -> None:
    refused = await zhao.sends("/activities/new", **plan(ends, allocation="lot", capacity=""))
    assert refused.status_code == 422 and "抽签的活动要写名额" in refused.text
    assert 'value="lot" selected' in refused.text

    path = await planned(zhao, allocation="lot", publish=False)
    page = await zhao.reads(f"{path}/edit")
    assert 'value="lot" selected' in page
    await zhao.does(f"{path}/edit", **plan(ends, allocation="nonsense"), version=await version(zhao, path))
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(Activity.allocation)) is Allocation.FIRST_COME
