"""Where an activity is on a map: chosen in the console, opened on the portal, in chat and by the API."""

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.database import Database
from app.errors import DomainError, OperatorError
from app.services import activity_files, addresses, map_places
from app.services.map_places import MapPlace
from models import Role
from tests import making
from tests.both_ends import Ends
from tests.conftest import FakeClock
from tests.console_kit import Worker, at_work, ends
from tests.talking import Talk
from tests.test_console_activities import plan, planned, row, version
from tests.town import our_town

__all__ = ["ends"]

PARK = MapPlace(35.5847, 109.2655, "沮河公园 (南门)", "桥山中路 12 号")


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    return await at_work(ends, "赵敏", Role.ORGANISER)


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock, activities=False) as town:
        yield town


def test_chinese_maps_lie_beside() -> None:
    assert map_places.shifted(39.915, 116.404) == (39.916404, 116.410244)
    assert map_places.shifted(51.5, -0.12) == (51.5, -0.12)
    assert PARK.geo.startswith("geo:35.5847,109.2655?q=35.5847,109.2655(%E6%B2%AE")
    assert "%28" in PARK.geo and PARK.geo.endswith("%29)")
    assert map_places.load(PARK.dump()) == PARK and map_places.load(None) is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("", "公园", ""), "还要写坐标"),
        (("桥山", "", ""), "应写成「纬度, 经度」"),
        (("95.1, 109.2", "", ""), "应写成「纬度, 经度」"),
        (("35.5, 109.2", "", ""), "请写地图上显示的名称"),
        (("35.5, 109.2", "长" * 41, ""), "名称最多 40 个字"),
        (("35.5, 109.2", "公园", "长" * 81), "地址最多 80 个字"),
    ],
)
def test_what_is_no_place_is_refused(typed: tuple[str, str, str], said: str) -> None:
    with pytest.raises(DomainError, match=said):
        map_places.parse(*typed, place="")


async def test_a_place_is_typed_or_taken_from_where_one_checks_in(ends: Ends, zhao: Worker) -> None:
    nowhere = await zhao.sends("/activities/new", **plan(ends, map_same="yes"))
    assert nowhere.status_code == 422 and "还没有写签到地点" in nowhere.text
    wrong = await zhao.sends("/activities/new", **plan(ends, map_point="桥山"))
    assert wrong.status_code == 422 and "纬度, 经度" in wrong.text and "桥山" in wrong.text
    path = await planned(zhao, check_in_point="35.5847, 109.2655", map_same="yes", map_address="桥山中路")

    kept = map_places.load((await row(ends, path)).map_place)
    assert kept == MapPlace(35.5847, 109.2655, "职工活动中心", "桥山中路")
    assert "地图：职工活动中心，桥山中路（35.5847, 109.2655）" in await zhao.reads(path)
    filled: Any = {"map_point": PARK.point, "map_name": PARK.name, "map_address": PARK.address}
    await zhao.does(f"{path}/edit", **plan(ends, **filled, version=await version(zhao, path)))

    public = f"/activities/{path.rsplit('/', 1)[1]}"
    page = (await ends.web.get(public)).text
    found = re.search(r'<a href="(geo:[^"]+)" data-map="([^"]+)">', page)
    assert found and html.unescape(found[1]) == PARK.geo
    wanted = {"latitude": 35.584421, "longitude": 109.270669, "name": PARK.name, "address": PARK.address}
    assert json.loads(html.unescape(found[2])) == wanted
    assert b"GEO:35.5847;109.2655" in (await ends.web.get(f"{public}/calendar.ics")).content
    assert (await ends.web.get(f"/api/v1{public}")).json()["map_place"] == wanted
    await zhao.does(f"{path}/edit", **plan(ends, version=await version(zhao, path)))
    assert "geo:" not in (await ends.web.get(public)).text
    assert (await ends.web.get(f"/api/v1{public}")).json()["map_place"] is None


async def test_in_chat_it_is_a_line_that_opens_the_page(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with talk.database.transaction() as session:
        activity = await making.activity(session, "健步走", map_place=PARK.dump())
    li = await talk.person("李娜")
    await li.says("活动")
    assert "地图：沮河公园 (南门)，桥山中路 12 号" in await li.taps("健步走")

    monkeypatch.setattr(addresses, "_base", "https://gh.example.cn")
    await li.says("活动")
    await li.taps("健步走")

    assert f'<a href="https://gh.example.cn/activities/{activity.public_id}#map">看怎么走</a>' in li.last


def test_a_file_may_say_it_too(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    times = "opens: +0 08:00\ncloses: +3 18:00\nstarts: +5 14:00\nends: +5 18:00\n"
    words = f"title: 健步走\nplace: 沮河公园\n{times}"
    file.write_text(f'{words}map_at: "35.5847, 109.2655"\n', encoding="utf-8")
    (planned,) = activity_files.load(file)
    assert planned.map_at == "35.5847, 109.2655" and planned.place == "沮河公园"

    file.write_text(f"{words}map_name: 公园\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="还要写坐标"):
        activity_files.load(file)
