"""Conditions of an activity from the organiser's form to pages and the mini-program: kept, copied, said."""

from datetime import timedelta
from typing import Any

from app.clock import shanghai
from models import Again, Member, Role
from tests import api_app, making
from tests.api_app import API, App, is_problem
from tests.both_ends import Ends
from tests.console_kit import at_work
from tests.portal_member import member
from tests.test_console_activities import plan, planned, row, version

ends, li = api_app.ends, api_app.li

WHO: dict[str, Any] = {
    "youngest": "18",
    "oldest": "60",
    "kind_of": " 疗 休养",
    "apart_months": "12",
    "again": "behind",
}


async def test_conditions_are_written_kept_copied_and_changed(ends: Ends) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    for filled, said in (
        ({"youngest": "十八"}, "最小年龄应是 0 到 120 的数"),
        ({"oldest": "121"}, "最大年龄应是 0 到 120 的数"),
        ({"youngest": "60", "oldest": "18"}, "年龄先后不对"),
        ({"kind_of": ""}, "请再写是哪一类活动"),
        ({"kind_of": "长" * 21}, "同类活动最多 20 个字"),
        ({"apart_months": "61"}, "几个月内不重复应是 0 到 60 的数"),
    ):
        answer = await zhao.sends("/activities/new", **plan(ends, **WHO | filled))
        assert answer.status_code == 422 and said in answer.text, said

    path = await planned(zhao, **WHO)
    kept = await row(ends, path)
    assert (kept.youngest, kept.oldest, kept.kind_of, kept.apart_months, kept.again) == (
        *(18, 60, "疗休养", 12),
        Again.BEHIND,
    )
    assert "12 个月内参加过疗休养的排在没去过的人后面" in await zhao.reads(path)
    copied = await zhao.reads(f"/activities/new?like={path.rsplit('/', 1)[1]}")
    for name, value in (("youngest", "18"), ("kind_of", "疗休养"), ("apart_months", "12")):
        assert f'name="{name}" value="{value}"' in copied
    assert 'value="behind" selected' in copied

    await zhao.does(f"{path}/edit", **plan(ends, **WHO | {"again": "x"}), version=await version(zhao, path))
    assert (await row(ends, path)).again is Again.REFUSED


async def test_the_reason_is_the_same_wherever_one_asks(ends: Ends, li: App) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    path = await planned(zhao, youngest="55", question_prompt=["", ""])
    public = f"/activities/{path.rsplit('/', 1)[1]}"
    assert "满 55 周岁，按活动开始那天算" in (await ends.web.get(public)).text
    shown = (await ends.web.get(f"{API}{public}")).json()
    assert shown["conditions"] == [{"heading": "年龄", "rule": "满 55 周岁，按活动开始那天算"}]

    standing = await li.gets(f"{API}{public}/mine")
    problem = is_problem(await li.acts(f"{API}{public}/sign-ups", {}), 409, "refused")
    wang = await member(ends, "王强")
    assert problem["detail"] == standing["obstacle"] and not standing["may_sign_up"]
    assert "还不知道您多大" in standing["obstacle"]
    page = await wang.reads(public)
    assert standing["obstacle"] in page and "/sign-up" not in page and "回复「报名」就能报名" not in page

    old = shanghai(ends.house.clock.now() - timedelta(days=60 * 366)).date()
    async with ends.house.database.transaction() as session:
        given = {"staff_number": "20001", "born_on": old.isoformat(), "person_id": await wang.person_id()}
        made: Member = await making.member(session, "王强", **given)
        assert made.born_on
    assert (await wang.taps(public, f"{public}/sign-up")).status_code == 303
