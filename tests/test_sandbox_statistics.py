"""The sandbox's statistics: counted from what people did there, by day, and refused as WeChat refuses."""

import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.clock import SHANGHAI
from sandbox.driver import Phone
from tests.sandbox_articles import Press, press

SINGLE = (
    "getarticleread",
    "getarticleshare",
    "getarticletotaldetail",
    "getarticlesummary",
    "getarticletotal",
)
SPANS = {
    **dict.fromkeys(("getupstreammsghour", "getinterfacesummaryhour"), 1),
    **dict.fromkeys(("getupstreammsgdist", "getupstreammsgdistweek", "getupstreammsgdistmonth"), 15),
    "getupstreammsg": 7,
    "getinterfacesummary": 30,
    **dict.fromkeys((*SINGLE, "getuserreadhour", "getusersharehour"), 1),
    "getuserread": 3,
    "getusershare": 7,
    "getusersummary": 7,
    "getusercumulate": 7,
    "getbizsummary": 30,
}


class Desk:
    """The press on a day of December 2026."""

    def __init__(self, made: Press) -> None:
        self.press, self.platform, self.world = made, made.account.platform, made.account.app.state.world

    async def on(self, day: int, hour: int = 9) -> None:
        first = datetime(2026, 12, 1, hour, 30, tzinfo=SHANGHAI)
        moment = (first + timedelta(day - 1)).timestamp()
        await self.platform.ask("POST", "clock", {"offset": moment - time.time()})
        self.press.account.token = (await self.press.account.fresh_token())["access_token"]

    async def call(self, name: str, first: int | str, last: int | str | None = None) -> dict[str, Any]:
        asked = [one if isinstance(one, str) else f"2026-12-{one:02}" for one in (first, last or first)]
        body = {"begin_date": asked[0], "end_date": asked[1]}
        return await self.press.account.call(f"/datacube/{name}", body)

    async def listed(self, name: str, first: int, last: int | None = None) -> list[dict[str, Any]]:
        answer = await self.call(name, first, last)
        assert "list" in answer, answer
        return list(answer["list"])

    async def follower(self, name: str) -> Phone:
        return await self.platform.follower(name)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with press() as made:
        yield Desk(made)


async def lived_through(desk: Desk) -> tuple[str, str, int]:
    """Two days of an article's life, looked back on from the fourth: the addresses, and the number."""
    await desk.on(1)
    li, wang = await desk.follower("李建国"), await desk.follower("王秀兰")
    writing = desk.press.article(need_open_comment=1, content_source_url="https://gonghui.example.com/")
    url, other = await desk.press.published(writing, desk.press.article(title="触电急救"))
    number = url.rpartition("/")[2]
    data_id = desk.world.db.find("select msg_data_id from article where key = ?", number)["msg_data_id"]
    for way in ("message", "message", "friend"):
        await li.reads_article(url, way=way)
    await li.shares(wang, url)
    await desk.on(2, 10)
    await wang.reads_article(url, way="friend")
    await li.reads_article(url, way="timeline")
    await wang.likes(url)
    await wang.keeps(url)
    await wang.keeps(url)  # taken back, and still counted on its day
    await wang.shares_to_timeline(url)
    await wang.comments(url, "好")
    await wang.opens(f"{url}/source", desk.press.account.http)
    await desk.on(4)
    return url, other, int(data_id)


async def test_an_article_is_followed_day_by_day(desk: Desk) -> None:
    url, other, data_id = await lived_through(desk)

    answer = await desk.call("getarticleread", 1)
    first_day = {"user_count": 1, "scene_desc": "全部"}, {"user_count": 1, "scene_desc": "公众号消息"}
    sources = [*first_day, {"user_count": 1, "scene_desc": "聊天会话"}]
    assert answer["is_delay"] is False
    assert answer["list"] == [
        {
            "ref_date": "2026-12-01",
            "msgid": f"{data_id}_1",
            "detail": {"read_user": 1, "read_user_source": sources},
        }
    ]
    assert [one["detail"] for one in await desk.listed("getarticleshare", 2)] == [{"share_user": 1}]
    assert await desk.listed("getarticleshare", 3) == []

    followed, quiet = await desk.listed("getarticletotaldetail", 1)
    assert (followed["publish_type"], followed["title"], followed["content_url"]) == (1, "冬季用电安全", url)
    assert [one["stat_date"] for one in followed["detail_list"]] == [f"2026-12-0{n}" for n in (1, 2, 3)]
    assert [one["read_user"] for one in followed["detail_list"]] == [1, 2, 2]
    names = ("share_user", "like_user", "collection_user", "comment_count")
    assert [[one[name] for name in names] for one in followed["detail_list"][:2]] == [
        [1, 0, 0, 0],
        [2, 1, 1, 1],
    ]
    assert quiet["content_url"] == other
    assert quiet["detail_list"][2]["read_user"] == 0
    assert await desk.listed("getarticletotaldetail", 2) == []

    summary = await desk.listed("getbizsummary", 1, 3)
    assert [one["ref_date"] for one in summary] == ["2026-12-01", "2026-12-02"]
    told = [[one["detail"][name] for name in ("read_user", *names)] for one in summary]
    assert told == [[1, 1, 0, 0, 0], [2, 1, 1, 1, 1]]
    assert [one["detail"]["send_page_count"] for one in summary] == [2, 0]
    assert [one["detail"]["redirect_ori_page_user"] for one in summary] == [0, 1]


async def test_reading_and_sharing_are_told_by_day_hour_and_way(desk: Desk) -> None:
    await lived_through(desk)

    rows = await desk.listed("getuserread", 1, 3)
    assert [(row["ref_date"][-1], row["user_source"], row["int_page_read_count"]) for row in rows] == [
        *(("1", 99999999, 3), ("1", 0, 2), ("1", 1, 1)),
        *(("2", 99999999, 2), ("2", 1, 1), ("2", 2, 1)),
    ]
    assert [rows[3][name] for name in ("ori_page_read_user", "share_count", "add_to_fav_user")] == [1, 1, 1]
    hours = await desk.listed("getuserreadhour", 2)
    assert {row["ref_hour"] for row in hours} == {1000}
    shares = await desk.listed("getusershare", 1, 3)
    assert [(row["ref_date"][-1], row["share_scene"], row["share_user"]) for row in shares] == [
        ("1", 1, 1),
        ("2", 2, 1),
    ]
    assert [row["ref_hour"] for row in await desk.listed("getusersharehour", 1)] == [900]


async def test_the_calls_of_before_know_what_was_sent_to_people(desk: Desk) -> None:
    await desk.on(1)
    li = await desk.follower("李建国")
    await desk.follower("王秀兰")
    (published,) = await desk.press.published()
    order = {"filter": {"is_to_all": True}, "msgtype": "mpnews"}
    part = {"mpnews": {"media_id": await desk.press.draft()}}
    sent = await desk.press.call("message/mass/sendall", order | part)
    await desk.world.settle()
    await li.reads_article((await li.reads())[-1]["content"]["articles"][0]["url"])
    await desk.follower("张伟")  # came too late for it
    await li.reads_article(published)
    await desk.on(12)

    (summary,) = await desk.listed("getarticlesummary", 1)
    assert (summary["msgid"], summary["title"]) == (f"{sent['msg_data_id']}_1", "冬季用电安全")
    assert [summary[f"int_page_read_{name}"] for name in ("user", "count")] == [1, 1]
    (total,) = await desk.listed("getarticletotal", 1)
    assert [one["stat_date"][-2:] for one in total["details"]] == [f"0{n}" for n in range(1, 8)]
    assert total["details"][6]["target_user"] == 2
    assert total["details"][6]["int_page_from_session_read_user"] == 1
    assert total["details"][6]["int_page_from_feed_read_user"] == 0
    both = await desk.listed("getarticletotaldetail", 1)
    assert [one["publish_type"] for one in both] == [1, 0]
    assert [one["detail_list"][-1]["read_delivery_rate"] for one in both] == [0, 0.5]
    assert len(both[0]["detail_list"]) == 11


async def test_followers_are_counted_by_day_and_source(desk: Desk) -> None:
    await desk.on(1)
    li = await desk.follower("李建国")
    await (await desk.platform.person("王秀兰")).follows("act_7")
    await desk.on(3)
    await li.leaves()
    await desk.follower("张伟")
    await li.follows()
    await desk.on(5)

    rows = await desk.listed("getusersummary", 1, 4)
    assert [tuple(row.values()) for row in rows] == [
        ("2026-12-01", 1, 1, 0),
        ("2026-12-01", 30, 1, 0),
        ("2026-12-03", 0, 0, 1),
        ("2026-12-03", 1, 2, 0),
    ]
    counted = await desk.listed("getusercumulate", 1, 4)
    assert [row["cumulate_user"] for row in counted] == [2, 2, 3, 3]
    assert list(rows[0]) == ["ref_date", "user_source", "new_user", "cancel_user"]
    # Days before anybody was there are no error.
    assert (await desk.call("getusercumulate", "2026-11-01"))["list"][0]["cumulate_user"] == 0
    assert (await desk.call("getarticleread", "2025-10-31"))["list"] == []


async def test_days_are_refused_with_their_codes(desk: Desk) -> None:
    await desk.on(20)
    for name, most in SPANS.items():
        assert "list" in await desk.call(name, 19 - most + 1 if most < 19 else "2026-11-20", 19), name
        begins = 19 - most if most < 19 else "2026-11-19"
        assert (await desk.call(name, begins, 19))["errcode"] == 61501, name
        assert (await desk.call(name, 20))["errcode"] == 61501, name
    assert (await desk.call("getuserread", 19, 18))["errcode"] == 61501
    for wrong in ("2026-12-1", "20261201", "2026-13-01", "2026-11-31", "昨天", " 2026-12-1"):
        assert (await desk.call("getuserread", wrong))["errcode"] == 61500, wrong
    assert await desk.press.account.code("/datacube/getuserread", {"begin_date": 20261201}) == 61500
    assert await desk.press.account.code("/datacube/getuserread") == 43002

    await desk.on(20, 7)
    assert (await desk.call("getuserread", 17, 19))["errcode"] == 61503
    assert "list" in await desk.call("getuserread", 17, 18)
    await desk.on(20, 8)
    assert "list" in await desk.call("getuserread", 17, 19)
    await desk.platform.ask("POST", "rights", {"statistics": False})
    assert {(await desk.call(name, 19))["errcode"] for name in SPANS} == {48001}


def rows(found: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(one[name] for name in ("ref_date", *names)) for one in found]


async def test_what_people_wrote_and_how_it_was_answered_is_counted(desk: Desk) -> None:
    await desk.on(1)  # a Tuesday
    li, wang = await desk.follower("李建国"), await desk.follower("王秀兰")
    for number in range(6):
        await li.says(f"第 {number} 句")
    await wang.sends("picture")
    await desk.on(3, 14)
    await desk.platform.misbehaves(drop_next={"path": "callback", "times": 3})
    assert (await wang.says("听得到吗")).result == "fault"
    await desk.on(20)

    assert rows(await desk.listed("getupstreammsg", 1, 7), "msg_type", "msg_user", "msg_count") == [
        ("2026-12-01", 1, 1, 6),
        ("2026-12-01", 2, 1, 1),
        ("2026-12-03", 1, 1, 1),
    ]
    assert rows(await desk.listed("getupstreammsghour", 3), "ref_hour") == [("2026-12-03", 1400)]
    week = (await desk.call("getupstreammsgweek", "2026-11-30"))["list"]
    assert rows(week, "msg_type", "msg_user", "msg_count") == [
        ("2026-11-30", 1, 2, 7),
        ("2026-11-30", 2, 1, 1),
    ]
    for wrong in (1, 14):  # no Monday; a week that is not over
        assert (await desk.call("getupstreammsgweek", wrong))["errcode"] == 61501
    assert (await desk.call("getupstreammsgmonth", 1))["errcode"] == 61501
    assert (await desk.call("getupstreammsgmonth", "2026-11-01"))["list"] == []

    assert rows(await desk.listed("getupstreammsgdist", 1, 3), "count_interval", "msg_user") == [
        ("2026-12-01", 1, 1),
        ("2026-12-01", 2, 1),
        ("2026-12-03", 1, 1),
    ]
    weeks = (await desk.call("getupstreammsgdistweek", "2026-11-30", "2026-12-14"))["list"]
    assert rows(weeks, "count_interval", "msg_user") == [("2026-11-30", 1, 1), ("2026-11-30", 2, 1)]
    assert (await desk.call("getupstreammsgdistmonth", "2026-11-20", "2026-12-04"))["list"] == []

    counts = rows(await desk.listed("getinterfacesummary", 1, 3), "callback_count", "fail_count")
    assert counts == [("2026-12-01", 9, 0), ("2026-12-03", 3, 3)]
    (hour,) = await desk.listed("getinterfacesummaryhour", 3)
    assert (hour["ref_hour"], hour["fail_count"]) == (1400, 3)
    assert hour["total_time_cost"] >= hour["max_time_cost"] >= 0
    await desk.on(33)
    month = await desk.listed("getupstreammsgmonth", 1)
    assert rows(month, "msg_type", "msg_count") == [("2026-12-01", 1, 7), ("2026-12-01", 2, 1)]
    assert rows(await desk.listed("getupstreammsgdistmonth", 1), "count_interval") == [
        ("2026-12-01", 1),
        ("2026-12-01", 2),
    ]
