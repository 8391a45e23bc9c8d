"""A broadcast from the console to the phones: announced, reminded of, watched, watched again."""

import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.clock import shanghai
from app.services.staff import Wanted
from models import Role
from tests import making
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.console_kit import HTML, Worker, at_work
from tests.portal_member import Visiting, member
from tests.test_console_activities import planned

STREAM = "https://live.example.cn/hall/index.m3u8"
FILM = "https://live.example.cn/hall/film.mp4?k=1"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path, live_hosts="live.example.cn, Film.example.cn")
    async with both_ends(settings, monkeypatch) as joined:
        hour = shanghai(joined.house.clock.now()).hour
        await joined.moves_time(hours=(10 - hour) % 24)  # by day: nobody is reminded at night
        yield joined


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    return await at_work(ends, "赵敏", Role.ORGANISER)


def plan(ends: Ends, **given: str) -> dict[str, str]:
    starts = shanghai(ends.house.clock.now() + timedelta(hours=2))
    return {
        "title": "用电安全讲座",
        "about": "请电力调度员来讲",
        "starts": f"{starts:%Y-%m-%dT%H:%M}",
        "ends": f"{starts + timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "link": STREAM,
        **given,
    }


async def made(zhao: Worker, **given: str) -> str:
    answer = await zhao.sends("/lives/new", **plan(zhao.ends, **given))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removeprefix("/console")


async def looks(who: Visiting, page: str) -> str:
    return (await who.browser.get(page, headers=HTML)).text


async def test_from_the_announcement_to_the_replay(ends: Ends, zhao: Worker) -> None:
    path = await made(zhao)
    page = path
    assert (await ends.web.get(page, headers=HTML)).status_code == 404
    await zhao.does(f"{path}/announce")
    li = await member(ends, "李建国")
    card = str(await li.phone.says("直播"))
    assert "用电安全讲座（预告）" in card
    assert f"{OURS}{page}" in card
    shown = await ends.web.get(page, headers=HTML)
    assert (
        "media-src 'self' https://live.example.cn https://film.example.cn"
        in shown.headers["content-security-policy"]
    )
    assert 'id="countdown"' in shown.text
    assert STREAM not in shown.text

    await li.taps(page, f"{page}/remind")
    assert "不用提醒了" in await looks(li, page)
    assert re.search(r'data-test="reminded">1 人', await zhao.reads(path))
    assert "已经开始" not in await zhao.reads(path)
    await ends.moves_time(hours=2.1)
    before = await looks(li, page)
    assert "进入直播" in before
    assert STREAM not in before
    await li.taps(page, f"{page}/watch")
    playing = await looks(li, page)
    assert f'src="{STREAM}"' in playing
    assert 'data-stream="yes"' in playing
    passing = (await ends.web.get(f"{page}?on=1", headers=HTML)).text
    assert f'src="{STREAM}"' in passing
    await ends.moves_time(hours=2)
    assert "已结束" in await looks(li, page)
    await zhao.signs_in()
    lines = "0:00 开场\n12:30 答疑"
    form = await zhao.reads(f"{path}/edit")
    filled = dict(re.findall(r'name="(starts|ends)" value="([^"]+)"', form))
    await zhao.does(f"{path}/edit", **plan(ends, replay=FILM, chapters=lines) | filled)
    again = await looks(li, page)
    assert 'data-seconds="750">12:30 答疑' in again
    assert "film.mp4" in again
    assert "data-stream" not in again
    said = await zhao.reads(path)
    assert "直播时 1 人，只看回看的 0 人" in said
    assert "可回看" in str(await li.phone.says("看回放"))


async def test_elsewhere_it_is_a_link_and_the_activity_leads_there(ends: Ends, zhao: Worker) -> None:
    climb = (await planned(zhao, question_prompt=["", ""])).rpartition("/")[2]
    path = await made(zhao, link="https://meeting.example.com/1?a=1&b=2", activity=climb)
    await zhao.does(f"{path}/announce")
    assert f'href="{path}"' in (await ends.web.get(f"/activities/{climb}", headers=HTML)).text
    assert f'href="{path}"' in (await ends.web.get("/lives", headers=HTML)).text
    await ends.moves_time(hours=2.1)

    shown = (await ends.web.get(f"{path}?on=1", headers=HTML)).text

    assert 'href="https://meeting.example.com/1?a=1&amp;b=2"' in shown
    assert "会打开" in shown
    assert "<video" not in shown


async def test_a_cover_is_described_and_what_is_not_ones_own_is_out_of_reach(
    ends: Ends, zhao: Worker
) -> None:
    path = await made(zhao)
    out = io.BytesIO()
    Image.new("RGB", (800, 500)).save(out, "PNG")
    form: dict[str, Any] = {"token": await zhao.token(), "alt": ""}
    sent = {"file": ("a.png", out.getvalue(), "image/png")}
    refused = await zhao.browser.post(f"/console{path}/cover", data=form, files=sent, headers=HTML)
    assert (refused.status_code, "一句话说图上是什么" in refused.text) == (422, True)
    form["alt"] = "讲台和投影"
    taken = await zhao.browser.post(f"/console{path}/cover", data=form, files=sent, headers=HTML)
    assert taken.status_code == 303
    await zhao.does(f"{path}/announce")
    assert 'alt="讲台和投影"' in (await ends.web.get(path, headers=HTML)).text
    assert (await ends.web.get(f"{path}/cover")).headers["content-type"] == "image/jpeg"

    bad = await zhao.sends("/lives/new", **plan(ends, link="https://elsewhere.cn/a.m3u8"))
    assert (bad.status_code, "GONGHUI_LIVE_HOSTS" in bad.text) == (422, True)
    assert 'value="用电安全讲座"' in bad.text
    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
    li = await at_work(ends, "李娜", Wanted(Role.ORGANISER, north.id))
    assert (await li.gets(path)).status_code == 404
    assert (await li.sends(f"{path}/cancel")).status_code == 404
    assert "用电安全讲座" not in await li.reads("/lives")
    said = await zhao.does(f"{path}/cancel")
    assert "已取消" in said
    assert "这场直播取消了" in (await ends.web.get(path, headers=HTML)).text
