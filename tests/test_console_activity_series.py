"""A series in the console: its days looked at, made, reviewed together, changed, called off; seen by all."""

import re
from datetime import timedelta

import pytest

from app.clock import civil_date, shanghai
from models import Activity, ActivityState, Role
from tests import making
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, Worker, acts_of, at_work, ends
from tests.test_console_activities import plan, planned, row, signs_up, told, version
from tests.test_console_activity_reviews import has_wechat, seen

__all__ = ["ends"]

DATES = re.compile(r'name="day" value="([0-9-]{10})"( disabled)?( checked)?')


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    return await at_work(ends, "赵敏", Role.ORGANISER)


async def made(zhao: Worker, path: str, weeks: int = 3) -> list[str]:
    """The pages of the further dates, one a week."""
    activity = await row(zhao.ends, path)
    until = civil_date(activity.starts_at) + timedelta(weeks=weeks)
    how = {"how": "weekly", "until": until.isoformat(), "opens": "same", "version": activity.version}
    looked = await zhao.sends(f"{path}/series", do="look", **how)
    assert looked.status_code == 200
    days = [day for day, _, _ in DATES.findall(looked.text)]
    assert len(days) == weeks
    assert f"做好 {weeks} 场草稿" in await zhao.does(f"{path}/series", do="make", day=days, **how)
    assert "这些日子都已经有了" in await zhao.does(f"{path}/series", do="make", day=days, **how)
    found = re.findall(rf'href="{CONSOLE}(/activities/[a-z0-9]{{16}})">', await zhao.reads(path))
    return list(dict.fromkeys(each for each in found if each != path))


def moment(ends: Ends, days: float) -> str:
    return f"{shanghai(ends.house.clock.now() + timedelta(days=days)):%Y-%m-%dT%H:%M}"


def at(ends: Ends, weeks: int, **filled: object) -> dict[str, object]:
    """The form of the date so many weeks behind the first, with some of it changed."""
    return plan(ends, starts=moment(ends, 7 * weeks + 7), ends=moment(ends, 7 * weeks + 7.2), **filled)


async def states(ends: Ends, *paths: str) -> set[ActivityState]:
    return {(await row(ends, each)).state for each in paths}


async def test_a_series_is_made_and_announced_and_seen_as_one(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, publish=False, question_prompt=["", ""])
    empty = await zhao.sends(f"{path}/series", do="make", how="weekly", version=await seen(ends, path))
    assert empty.status_code == 422 and "请至少留下一天" in empty.text
    late = await zhao.sends(f"{path}/series", do="look", how="list", listed="明天")
    assert late.status_code == 422 and "「明天」不是日期" in late.text
    others = await made(zhao, path)

    listed = await zhao.reads("/activities")
    assert listed.count("职工羽毛球赛") == 1 and "系列 4 场" in listed
    key = (await row(ends, path)).series
    whole = await zhao.reads(f"/activities?series={key}")
    assert whole.count("</a></td>") == 4 and "系列：职工羽毛球赛" in whole
    assert "系列 4 场" in await zhao.reads("/activities?series=%00'--")  # as if it had asked for nothing
    assert "发布（全部 4 场）" in await zhao.reads(path)
    assert "已发布 4 场" in await zhao.does(f"{path}/publish", scope="all")

    assert await states(ends, path, *others) == {ActivityState.REGISTRATION_OPEN}
    public = (await ends.web.get("/activities")).text
    assert public.count("职工羽毛球赛") == 1 and "本系列还有 3 场" in public
    one = (await ends.web.get(f"/activities/{path.rsplit('/', 1)[1]}")).text
    assert "本系列还有 3 场" in one and others[0].rsplit("/", 1)[1] in one
    code = path.rsplit("/", 1)[1]
    (listed_once,) = (await ends.web.get("/api/v1/activities")).json()["items"]
    assert (listed_once["id"], listed_once["more_dates"]) == (code, 3)
    dates = (await ends.web.get(f"/api/v1/activities/{code}")).json()["dates"]
    assert [f"/activities/{each['id']}" for each in dates] == others and dates[0]["takes_sign_ups"]
    acts = [each.act for each in await acts_of(ends) if each.act == "activity.series"]
    assert len(acts) == 1


async def test_a_series_is_reviewed_in_one_step(ends: Ends, zhao: Worker) -> None:
    qian = await at_work(ends, "钱进", Role.APPROVER)
    await has_wechat(ends, zhao, qian)
    path = await planned(zhao, publish=False)
    others = await made(zhao, path)
    edited = at(ends, 2, place="礼堂", version=await version(zhao, others[1]))
    await zhao.does(f"{others[1]}/edit", **edited)
    assert "4 场已提交审核" in await zhao.does(f"{path}/submit", scope="all", version=await seen(ends, path))
    assert "另外 3 场" in (await told(ends, "staff.activity_submitted"))[0]
    page = await qian.reads(path)
    assert "有 1 场和这一场不同" in page and "礼堂" in page
    (mark,) = set(re.findall(r'name="mark" value="(\w{16})"', page))
    looked_at = await seen(ends, path)

    edited = at(ends, 1, place="操场", version=await version(zhao, others[0]))
    await zhao.does(f"{others[0]}/edit", **edited)
    late = await qian.sends(f"{path}/approve", scope="all", mark=mark, version=looked_at)
    assert late.status_code == 422 and "又改过" in late.text
    assert await states(ends, path, *others[1:]) == {ActivityState.IN_REVIEW}
    (mark,) = set(re.findall(r'name="mark" value="(\w{16})"', await qian.reads(path)))
    for said in ("已通过并发布 3 场", "已经发布了"):
        assert said in await qian.does(f"{path}/approve", scope="all", mark=mark, version=looked_at)

    assert await states(ends, path, *others[1:]) == {ActivityState.REGISTRATION_OPEN}
    assert await states(ends, others[0]) == {ActivityState.DRAFT}
    assert len(await told(ends, "staff.activity_reviewed")) == 1
    await zhao.does(f"{others[0]}/submit", version=await seen(ends, others[0]))
    await qian.does(f"{others[0]}/send-back", scope="all", version=await seen(ends, others[0]), reason="太远")
    assert "退回了：太远" in await zhao.reads(others[0])


async def test_who_is_told_is_said_before_all_later_ones_change(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, publish=False)
    others = await made(zhao, path)
    await zhao.does(f"{path}/publish", scope="all")
    for each in (path, path, others[0], others[2]):
        await signs_up(ends, each)
    form = await zhao.reads(f"{path}/edit")
    assert "以后还有 3 场" in form and "一共通知 4 位" in form

    filled = plan(ends, place="礼堂", version=await version(zhao, path), do="save_later")
    said = await zhao.does(f"{path}/edit", **filled)
    assert "以后 3 场也改了" in said and "将通知 4 位职工" in said
    assert {(await row(ends, each)).place for each in others} == {"礼堂"}

    page = await zhao.reads(others[0])
    assert "这一场和以后 2 场都取消，通知 2 位" in page
    said = await zhao.does(f"{others[0]}/cancel", scope="later", reason="场馆检修")
    assert "已取消这一场和以后 2 场，将通知 2 位职工" in said
    assert await states(ends, path) == {ActivityState.REGISTRATION_OPEN}
    assert await states(ends, *others) == {ActivityState.CANCELLED}


async def test_a_wrong_role_and_a_wrong_branch_make_no_series(ends: Ends, zhao: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
    editor = await at_work(ends, "张伟", Role.EDITOR)
    path = await planned(zhao, branch=north.public_id)

    assert (await editor.gets(f"{path}/series")).status_code == 403
    assert (await editor.sends(f"{path}/series", do="make", day=["2030-01-01"])).status_code == 403
    assert (await zhao.gets("/activities/nothing0nothing0/series")).status_code == 404
    forged = await zhao.sends(f"{path}/series", do="make", day=["2020-01-01"], version=await seen(ends, path))
    assert forged.status_code == 422 and "已经过了" in forged.text
    assert isinstance(await row(ends, path), Activity)
