"""Conditions of an activity from the organiser's form to pages and the mini-program: kept, copied, said."""

import re
from datetime import timedelta
from typing import Any

from app.clock import shanghai
from app.services import activities, participants
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

    later = f"{shanghai(ends.house.clock.now() + timedelta(days=6)):%Y-%m-%dT%H:%M}"
    path = await planned(zhao, changes_until=later, **WHO)
    assert later in await zhao.reads(f"{path}/edit")
    kept = await row(ends, path)
    assert (kept.youngest, kept.oldest, kept.kind_of, kept.apart_months, kept.again) == (
        *(18, 60, "疗休养", 12),
        Again.BEHIND,
    )
    assert "12 个月内参加过「疗休养」的排在没去过的人后面" in await zhao.reads(path)
    copied = await zhao.reads(f"/activities/new?like={path.rsplit('/', 1)[1]}")
    for name, value in (("youngest", "18"), ("kind_of", "疗休养"), ("apart_months", "12")):
        assert f'name="{name}" value="{value}"' in copied
    assert 'value="behind" selected' in copied and later not in copied, "a deadline is a time, as the others"

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


async def test_what_is_agreed_to_on_a_page_and_in_the_app_reaches_those_who_organise(
    ends: Ends, li: App
) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    nothing: dict[str, Any] = {"question_prompt": ["", ""]}
    long = await zhao.sends("/activities/new", **plan(ends, safety_notice="长" * 501))
    assert long.status_code == 422 and "安全须知最多 500 个字，现在是 501 个字" in long.text
    bare = await zhao.sends("/activities/new", **plan(ends, names_guests="yes"))
    assert bare.status_code == 422 and "请先写每人可带几位同伴" in bare.text

    climb = await planned(zhao, safety_notice="系好安全绳。\r\n<b>戴头盔</b>", **nothing)
    public, wang = f"/activities/{climb.rsplit('/', 1)[1]}", await member(ends, "王强")
    page = await wang.reads(public)
    assert "系好安全绳。\n&lt;b&gt;戴头盔&lt;/b&gt;" in page
    found = re.search(r'name="accepted" value="([0-9a-f]{16})"', page)
    assert found
    refused = await wang.taps(public, f"{public}/sign-up")
    assert refused.status_code == 422 and "请看完并同意" in refused.text
    await zhao.does(
        f"{climb}/edit",
        **plan(ends, safety_notice="系好安全绳。", tell_of_notice="yes", **nothing),
        version=await version(zhao, climb),
    )
    stale = await wang.taps(public, f"{public}/sign-up", accepted=found[1])
    assert stale.status_code == 409 and "刚刚改过，请再看一遍" in stale.text
    found = re.search(r'name="accepted" value="([0-9a-f]{16})"', await wang.reads(public))
    assert found and (await wang.taps(public, f"{public}/sign-up", accepted=found[1])).status_code == 303
    assert "发给已经报名的 1 位职工" in await zhao.reads(f"{climb}/edit")

    picnic = await planned(zhao, names_guests="yes", guests="2", safety_notice="看好孩子。", **nothing)
    path = f"{API}/activities/{picnic.rsplit('/', 1)[1]}"
    shown = (await ends.web.get(path)).json()
    assert shown["names_guests"] and "{children}的监护人{guardian}，同意孩子" in shown["guardian_words"]
    given: dict[str, Any] = {"seats": 2, "safety_version": shown["safety"]["version"]}
    given["companions"] = [{"name": "=HYPERLINK(小明)", "age": 8}]
    problem = is_problem(await li.acts(f"{path}/sign-ups", given), 422, "invalid")
    assert "不满 14 周岁，要有监护人的姓名和同意" in problem["detail"]
    given["guardian"] = {"name": "李娜", "agrees": True}
    own = (await li.acts(f"{path}/sign-ups", given)).json()
    assert own["companions"] == given["companions"]
    assert (await li.acts(f"{path}/sign-ups", {})).json()["id"] == own["id"]

    read = await zhao.reads(f"{picnic}/people/{own['id']}")
    assert "的监护人李娜，同意孩子参加" in read and "=HYPERLINK(小明)（8 岁）" in read
    assert "同意</dd>" in read.split("安全须知")[1]
    async with ends.house.database.reading() as session:
        activity = await activities.get(session, picnic.rsplit("/", 1)[1])
        rows = [participants.line(activity, who) async for who in participants.each(session, activity)]
    assert participants.heads(activity)[-3:] == ["安全须知", "同伴", "监护人同意"]
    assert rows[0][-2] == "=HYPERLINK(小明)（8 岁）" and "李娜" in rows[0][-1]


async def test_the_app_says_otherwise_until_the_deadline(ends: Ends, li: App) -> None:
    until = ends.house.clock.now() + timedelta(days=1)
    asked = [{"key": "size", "prompt": "尺码？", "required": False}]
    run = await api_app.announce(ends, guests=2, capacity=3, questions=asked, changes_until=until)
    own = (await li.acts(f"{API}/activities/{run.public_id}/sign-ups", {"seats": 2})).json()
    path = f"{API}/me/sign-ups/{own['id']}"
    assert own["may_change"]

    first = await li.calls("GET", path)
    given = {"seats": 3, "answers": {"size": "M"}}
    changed = await li.calls("PUT", path, given, If_Match=first.headers["etag"])
    assert (changed.json()["seats"], changed.json()["answers"]) == (3, {"size": "M"})
    assert changed.json()["signed_up_at"] == own["signed_up_at"]
    stale = await li.calls("PUT", path, {"seats": 1}, If_Match=first.headers["etag"])
    assert stale.status_code == 412
    assert (await li.calls("PUT", path, given)).json() == changed.json()
    problem = is_problem(await li.calls("PUT", path, {"seats": 4}), 409, "refused")
    assert "每人最多带 2 位同伴" in problem["detail"]

    await ends.moves_time(hours=25)
    await li.logs_in()
    problem = is_problem(await li.calls("PUT", path, {"seats": 1}), 409, "refused")
    assert "只能改到" in problem["detail"] and not (await li.gets(path))["may_change"]
