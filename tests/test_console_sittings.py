"""Several sittings of one activity, on pages: planned in the form, seen by people, checked in at the door."""

import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import openpyxl

from app.clock import shanghai
from app.jobs import staff_jobs
from app.jobs.staff_work import KINDS
from app.services import sittings
from models import Activity, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, at_work, ends
from tests.test_console_activities import plan, planned, row, signs_up, version, zhao
from tests.test_console_activity_changes import seen
from tests.test_console_check_in import read, sends

__all__ = ["ends", "zhao"]
HOSTILE = "<script>alert(1)</script>"


def typed(ends: Ends, *days: float, hours: float = 2, **given: Sequence[str]) -> dict[str, Any]:
    """Rows of the form that begin so many days from now; with it the times that are not asked then."""
    now = ends.house.clock.now()

    def at(moment: float) -> str:
        return f"{shanghai(now + timedelta(days=moment)):%Y-%m-%dT%H:%M}"

    rows = {
        "sitting_key": [""] * len(days),
        "sitting_starts": [at(day) for day in days],
        "sitting_ends": [at(day + hours / 24) for day in days],
        "sitting_title": [""] * len(days),
        "sitting_place": [""] * len(days),
    }
    return {"starts": "", "ends": "", **rows, **given}


def fields(page: str, name: str) -> list[str]:
    return re.findall(rf'name="sitting_{name}" value="([^"]*)"', page)


async def course(zhao: Worker, *days: float, **given: Any) -> tuple[str, Activity]:
    path = await planned(zhao, **typed(zhao.ends, *days, **given))
    return path, await row(zhao.ends, path)


async def moves(ends: Ends, activity: Activity, moment: datetime) -> None:
    """As if it were `moment` of what `activity` says: its sittings come nearer."""
    earlier = ends.house.clock.now() - moment
    async with ends.house.database.transaction() as session:
        kept = await session.get_one(Activity, activity.id)
        kept.sittings = sittings.shifted(activity.sittings, earlier)
        kept.starts_at, kept.ends_at = activity.starts_at + earlier, activity.ends_at + earlier


async def test_sittings_are_planned_added_and_taken_away_in_the_form(ends: Ends, zhao: Worker) -> None:
    once = plan(ends, **typed(ends, 7, 14, sitting_title=["楷书", HOSTILE], sitting_place=["", "三楼"]))

    added = (await zhao.sends("/activities/new", **once | {"do": "sitting-add"})).text
    starts = fields(added, "starts")
    assert len(starts) == 4 and starts[3] == ""  # the new one as far behind, and an empty one
    assert starts[2] == typed(ends, 21)["sitting_starts"][0] and fields(added, "place")[2] == "三楼"
    swapped = (await zhao.sends("/activities/new", **once | {"do": "sitting-up-1"})).text
    assert fields(swapped, "title")[1] == "楷书" and fields(swapped, "starts")[:2] == once["sitting_starts"]
    assert HOSTILE not in swapped and "&lt;script&gt;" in swapped
    removed = (await zhao.sends("/activities/new", **once | {"do": "sitting-remove-0"})).text
    assert fields(removed, "starts") == [once["sitting_starts"][1], ""]
    assert "第 1 次（楷书）" not in removed

    path = await planned(zhao, **once)
    activity = await row(ends, path)
    page = await zhao.reads(path)
    assert "第 1 次（楷书）" in page and "三楼" in page
    public = (await ends.web.get(f"/activities/{activity.public_id}")).text
    assert (
        "共 2 次，报一次名都参加" in public
        and "第 1 次　楷书" in public
        and "地点：三楼" in public
        and HOSTILE not in public
    )
    shown = (await ends.web.get("/activities")).text
    assert f"共 2 次：{shanghai(activity.starts_at).month}月" in shown
    again = await zhao.reads(f"{path}/edit")
    assert fields(again, "key")[:2] == [each.key for each in sittings.of(activity)]
    listed = (await ends.web.get(f"/api/v1/activities/{activity.public_id}")).json()["sessions"]
    assert [(each["number"], each["title"], each["place"]) for each in listed] == [
        (1, "楷书", "职工活动中心"),
        (2, HOSTILE, "三楼"),
    ]


async def test_what_will_not_do_is_told_and_kept(ends: Ends, zhao: Worker) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"sitting_ends": ["", ""]}, "请填写第 1 次结束的日期和时间"),
        ({"sitting_starts": ["明天", "后天"]}, "请填写第 1 次开始的日期和时间"),
        ({"sitting_title": ["字" * 31, ""]}, "名称最多 30 个字"),
        ({"closes": "2099-01-01T10:00"}, "时间先后不对"),
        (typed(ends, 7, 7.05), "第 1 次还没有结束，第 2 次就开始了"),
    ]
    for given, why in refused:
        answer = await zhao.sends("/activities/new", **plan(ends, **typed(ends, 7, 14) | given))
        assert answer.status_code in (409, 422) and why in answer.text, why
        assert len(fields(answer.text, "starts")) == 3

    crowd = await zhao.sends("/activities/new", **plan(ends, **typed(ends, *(7 + day for day in range(31)))))
    assert "一个活动最多 30 次，现在写了 31 次" in crowd.text


async def test_a_change_is_told_with_its_number_and_a_copy_asks_for_the_first_day(
    ends: Ends, zhao: Worker
) -> None:
    path, activity = await course(zhao, 7, 14)
    await signs_up(ends, path)
    keys = {"sitting_key": [each.key for each in sittings.of(activity)]}

    form = plan(ends, **typed(ends, 7, 15) | keys, version=await version(zhao, path))
    assert "将通知 1 位职工" in await zhao.does(f"{path}/edit", **form)

    like = path.rsplit("/", 1)[1]
    page = await zhao.reads(f"/activities/new?like={like}")
    assert "后面没写时间的按" in page and fields(page, "starts") == ["", "", ""]
    blank = {"sitting_ends": ["", ""], "like": like, **keys}
    copy = typed(ends, 30, 31) | blank
    copy["sitting_starts"] = [copy["sitting_starts"][0], ""]
    made = await row(ends, await planned(zhao, publish=False, **copy))
    first, second = sittings.of(made)
    assert second.starts_at - first.starts_at == timedelta(days=8)
    assert first.ends_at - first.starts_at == timedelta(hours=2)


async def test_the_door_is_that_of_the_sitting_on_now(ends: Ends, zhao: Worker) -> None:
    path, activity = await course(zhao, 7, 14)
    entry, other = await signs_up(ends, path, "李娜"), await signs_up(ends, path, "张伟")
    at = f"{path}/check-in"
    first, second = sittings.of(activity)
    assert "第 1 次" in await zhao.reads(at) and "开始签到" in await zhao.reads(at)
    await moves(ends, activity, first.starts_at + timedelta(minutes=5))

    told = await sends(zhao, at, read(entry))
    assert told["answers"][0]["words"] == "签的是第 1 次。" and told["counts"]["late"] == 1
    await moves(ends, activity, second.starts_at - timedelta(minutes=5))
    page = await zhao.reads(f"{at}?q=李娜")
    assert f"list?which=missing&amp;sitting={first.key}" in page and f"sitting={second.key}" not in page
    assert "扫票签的是这一次" in page and 'data-test="by-hand"' in page
    (answer,) = (await sends(zhao, at, read(entry, "scan-0002")))["answers"]
    assert (answer["answer"], answer["arrived"]) == ("ok", 1)
    (answer,) = (await sends(zhao, at, read(entry, "scan-0003")))["answers"]
    assert answer["answer"] == "already_checked_in" and answer["words"].startswith("第 2 次")
    assert "第 2 次" in await zhao.reads(f"{at}/screen")

    assert told["counts"]["sitting"].startswith("第 1 次　")
    sheet_ = await zhao.reads(f"{at}/sheet")
    assert "<th>第 2 次</th>" in sheet_ and "迟到" in sheet_ and sheet_.index("张伟") < sheet_.index("李娜")
    listed = await zhao.reads(f"{at}/list")
    assert "2/2" in listed and "0/2" in listed and "已到 1" in listed
    missing = await zhao.reads(f"{at}/list?which=missing&sitting={first.key}")
    assert "张伟" in missing and "李娜" not in missing
    one = await zhao.reads(f"{at}/people/{entry.public_id}")
    assert "撤销第 1 次签到" in one and "撤销第 2 次签到" in one
    undo: Any = {"reason": "扫错了", "sitting": first.key}
    await zhao.does(f"{at}/people/{entry.public_id}/undo", **undo)
    assert "1/2" in await zhao.reads(f"{at}/list")
    assert "签到第 2 次" in await zhao.reads(f"{at}/people/{other.public_id}")

    await zhao.does(f"{at}/export")
    await staff_jobs.run(ends.house.database, ends.house.clock, ends.house.files, KINDS)
    found = re.search(r"/console(/jobs/\w+/file)", await zhao.reads("/jobs"))
    assert found
    sheet = openpyxl.load_workbook(io.BytesIO((await zhao.sends(found[1])).content)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][4] == "参加" and str(rows[0][5]).startswith("第 1 次 ")
    assert (rows[1][0], rows[1][4], rows[1][5]) == ("李娜", "1/2", "")


async def test_another_day_of_one_sitting_waits_for_the_approver(ends: Ends, zhao: Worker) -> None:
    qian = await at_work(ends, "钱进", Role.APPROVER)
    path = await planned(zhao, publish=False, **typed(ends, 7, 14))
    await zhao.does(f"{path}/submit", version=(await row(ends, path)).version)
    await qian.does(f"{path}/approve", version=(await row(ends, path)).version)
    before = await row(ends, path)
    keys = {"sitting_key": [each.key for each in sittings.of(before)]}

    form = plan(ends, **typed(ends, 7, 15) | keys, version=await version(zhao, path))
    assert "已提交审核" in await zhao.does(f"{path}/edit", **form)

    assert (await row(ends, path)).sittings == before.sittings
    assert "第 2 次：" in await qian.reads(path)
    await qian.does(f"{path}/change/approve", version=await seen(ends, path))
    first, second = sittings.of(await row(ends, path))
    assert second.starts_at - first.starts_at == timedelta(days=8)
    assert [each.key for each in (first, second)] == keys["sitting_key"]
