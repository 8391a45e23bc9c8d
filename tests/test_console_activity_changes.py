"""Changes of what is announced: they wait for another, and until then people see it as it was."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import sign_ups
from models import Activity, ActivityChange, Role, StaffAct
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, at_work, ends
from tests.test_console_activities import plan, planned, row, told, version
from tests.test_console_activity_reviews import has_wechat, qian, zhao
from tests.test_console_activity_series import made

__all__ = ["ends", "qian", "zhao"]


async def announced(ends: Ends, zhao: Worker, qian: Worker) -> str:
    path = await planned(zhao, publish=False)
    await zhao.does(f"{path}/submit", version=(await row(ends, path)).version)
    await qian.does(f"{path}/approve", version=(await row(ends, path)).version)
    return path


async def changes(ends: Ends, zhao: Worker, path: str, do: str = "save", **values: Any) -> str:
    return await zhao.does(f"{path}/edit", **plan(ends, version=await version(zhao, path), do=do, **values))


async def waiting(ends: Ends, path: str) -> ActivityChange | None:
    async with ends.house.database.reading() as session:
        found = sa.select(ActivityChange).join(Activity, Activity.id == ActivityChange.activity_id)
        return await session.scalar(found.where(Activity.public_id == path.rsplit("/", 1)[1]))


async def seen(ends: Ends, path: str) -> int:
    found = await waiting(ends, path)
    assert found is not None
    return found.version


async def public(ends: Ends, path: str) -> str:
    return (await ends.web.get(f"/activities/{path.rsplit('/', 1)[1]}")).text


async def test_it_waits_until_another_passes_it_and_is_told_then(
    ends: Ends, zhao: Worker, qian: Worker
) -> None:
    await has_wechat(ends, zhao, qian)
    path = await announced(ends, zhao, qian)
    async with ends.house.database.transaction() as session:
        who = await making.person(session)
        found = await session.get_one(Activity, (await row(ends, path)).id)
        await sign_ups.sign_up(session, found.id, who, now=max(found.opens_at, ends.house.clock.now()))
    before = await row(ends, path)

    assert "已提交审核" in await changes(ends, zhao, path, place="体育馆", oldest="60")

    assert "职工活动中心" in await public(ends, path) and "体育馆" not in await public(ends, path)
    assert (await row(ends, path)).version == before.version
    assert await told(ends, "activity.changed") == []
    assert len(await told(ends, "staff.activity_submitted")) == 2  # the draft, and now this
    assert "活动改动等您审核" in await qian.reads("") and "活动改动等您审核" not in await zhao.reads("")
    assert "职工羽毛球赛" in await qian.reads("/activities?changes=wait")
    page = await qian.reads(path)
    assert "体育馆</ins>" in page and "不超过 60 周岁" in page and "将通知 1 位职工" in page
    assert "通过，马上改好" in page
    assert "通过，马上改好" not in await zhao.reads(path)
    (act,) = [each for each in await acts_of(ends) if each.act == "activity.propose"]
    put_down: Any = act.changes
    assert {each.get("table") for each in put_down} <= {None, "activity_change"}  # nothing of the trial

    said = await qian.does(f"{path}/change/approve", version=await seen(ends, path))

    assert "已通过，改好了，将通知 1 位职工" in said
    assert "体育馆" in await public(ends, path) and (await row(ends, path)).oldest == 60
    assert "改动钱进审核通过" in (await told(ends, "staff.activity_reviewed"))[-1]
    assert await waiting(ends, path) is None
    again = await qian.sends(f"{path}/change/approve", version=1)
    assert again.status_code == 422 and "没有在等审核的改动" in again.text
    async with ends.house.database.reading() as session:
        passed = await session.scalar(sa.select(StaffAct).where(StaffAct.act == "activity.change_pass"))
    assert passed is not None and "place" in str(passed.changes)


async def test_it_comes_back_is_written_on_and_taken_back(ends: Ends, zhao: Worker, qian: Worker) -> None:
    path = await announced(ends, zhao, qian)
    await changes(ends, zhao, path, place="体育馆")
    at = await seen(ends, path)
    silent = await qian.sends(f"{path}/change/send-back", version=at, reason=" ")
    assert silent.status_code == 422 and "请写明要改什么" in silent.text

    assert "已退回" in await qian.does(f"{path}/change/send-back", version=at, reason="写明哪个门")

    assert "您的活动改动被退回" in await zhao.reads("") and "活动改动等您审核" not in await qian.reads("")
    assert "职工羽毛球赛" in await zhao.reads("/activities?changes=back")
    form = await zhao.reads(f"{path}/edit")
    assert "退回了：写明哪个门" in form and 'value="体育馆"' in form
    await changes(ends, zhao, path, place="体育馆东门")
    late = await qian.sends(f"{path}/change/approve", version=at)
    assert late.status_code == 422 and "又改过" in late.text
    assert "体育馆东门</ins>" in await qian.reads(path)

    for _ in range(2):
        assert "改动已收回" in await zhao.does(f"{path}/change/drop")
    assert await waiting(ends, path) is None and "职工活动中心" in await public(ends, path)


async def test_what_only_helps_or_cannot_wait_is_done_at_once(ends: Ends, zhao: Worker, qian: Worker) -> None:
    path = await announced(ends, zhao, qian)
    assert "已保存" in await changes(ends, zhao, path, capacity="50")
    assert (await row(ends, path)).capacity == 50
    wrong = plan(ends, version=await version(zhao, path), capacity="50", place="体育馆")
    wrong |= {"ends": wrong["starts"]}
    refused = await zhao.sends(f"{path}/edit", **wrong)
    assert refused.status_code == 422 and await waiting(ends, path) is None

    await changes(ends, zhao, path, capacity="50", place="体育馆")
    own = await at_work(ends, "孙丽", Role.ORGANISER, Role.APPROVER)
    assert "体育馆</ins>" in await own.reads(path)
    await changes(ends, own, path, capacity="50", place="图书馆")  # takes the place of what waited
    mine = await own.sends(f"{path}/change/approve", version=await seen(ends, path))
    assert mine.status_code == 422 and "您自己提交的" in mine.text
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(Activity).values(place="职工之家"))
    moved = await qian.sends(f"{path}/change/approve", version=await seen(ends, path))
    assert moved.status_code == 422 and "又改过" in moved.text

    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        soon = {"starts_at": now + timedelta(hours=23), "closes_at": now + timedelta(hours=1)}
        await session.execute(sa.update(Activity).values(**soon, ends_at=now + timedelta(hours=30)))
    form = await zhao.reads(f"{path}/edit")
    assert "图书馆" in form
    last = await row(ends, path)
    times = {
        name: f"{(getattr(last, f'{name}_at') + timedelta(hours=8)):%Y-%m-%dT%H:%M}"
        for name in ("opens", "closes", "starts", "ends")
    }
    given = plan(ends, version=await version(zhao, path), capacity="50", place="北门") | times
    assert "已保存" in await zhao.does(f"{path}/edit", **given)
    assert (await row(ends, path)).place == "北门" and await waiting(ends, path) is None


async def test_of_a_series_all_later_dates_wait_together(ends: Ends, zhao: Worker, qian: Worker) -> None:
    path = await planned(zhao, publish=False)
    others = await made(zhao, path)
    await zhao.does(f"{path}/submit", version=(await row(ends, path)).version, scope="all")
    page = await qian.reads(path)
    mark = page.split('name="mark" value="', 1)[1].partition('"')[0]
    at = (await row(ends, path)).version
    await qian.does(f"{path}/approve", version=at, scope="all", mark=mark)

    assert "已提交审核" in await changes(ends, zhao, path, "save_later", place="体育馆")
    assert {(await row(ends, each)).place for each in (path, *others)} == {"职工活动中心"}
    assert "以后的场次也一起改" in await qian.reads(path)
    assert "以后 3 场都改好了" in await qian.does(f"{path}/change/approve", version=await seen(ends, path))
    assert {(await row(ends, each)).place for each in (path, *others)} == {"体育馆"}


@pytest.mark.parametrize("right", [Role.ORGANISER, Role.CHECKER])
async def test_who_may_not_approve_does_not(ends: Ends, zhao: Worker, qian: Worker, right: Role) -> None:
    path = await announced(ends, zhao, qian)
    await changes(ends, zhao, path, place="体育馆")
    other = await at_work(ends, "马超", right)
    for what in ("approve", "send-back"):
        answer = await other.sends(f"{path}/change/{what}", version=await seen(ends, path), reason="不行")
        assert answer.status_code in (403, 404)
    assert "职工活动中心" in await public(ends, path)
