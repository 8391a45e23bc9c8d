"""Panoramas in the console and on the portal: sent, cut, published, looked at, and kept from others."""

import html
import io
import json
import re
from typing import Any

import pytest
from PIL import Image

from app.console import bounds
from app.jobs import panoramas as job
from app.jobs import staff_jobs
from app.services.staff import Wanted
from models import Role
from tests import making
from tests.both_ends import OURS, Ends
from tests.console_kit import HTML, Worker, acts_of, at_work, ends
from tests.panorama_kit import bomb, globe
from tests.test_console_activities import planned

__all__ = ["ends"]

ROOM = "/panoramas"


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    return await at_work(ends, "赵敏", Role.ORGANISER)


async def uploads(worker: Worker, path: str, data: bytes, **filled: str) -> Any:
    form = {"token": await worker.token(), **filled}
    sent = {"file": ("a.jpg", data, "image/jpeg")}
    return await worker.browser.post(f"/console{path}", data=form, files=sent, headers=HTML)


async def toured(worker: Worker, title: str = "职工书屋", **filled: str) -> str:
    """The path of a new one."""
    answer = await worker.sends(ROOM, title=title, about="三千册书", **filled)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removeprefix("/console")


async def adds(worker: Worker, path: str, title: str, data: bytes) -> str:
    answer = await uploads(worker, f"{path}/scenes", data, scene_title=title, alt=f"{title}里有书架")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removeprefix("/console")


async def cut(ends: Ends) -> None:
    house = ends.house
    await staff_jobs.run(house.database, house.clock, house.files, job.KINDS)


def described(page: str) -> Any:
    found = re.search(r"data-tour='([^']*)'", page)
    assert found
    return json.loads(html.unescape(found[1]))


async def put_up(ends: Ends, zhao: Worker) -> tuple[str, str, str]:
    """A tour of two scenes with three hotspots; its path and those of its scenes."""
    path = await toured(zhao)
    hall = await adds(zhao, path, "大厅", globe(4096))
    assert "正在切图" in await zhao.reads(hall)
    refused = await zhao.sends(f"{path}/publish")
    assert (refused.status_code, "还没有切好的图片" in refused.text) == (422, True)
    await cut(ends)
    shelf = await adds(zhao, path, "书架", globe(2048, colour="#a63"))
    await cut(ends)
    to = shelf.rpartition("/")[2]
    await zhao.does(f"{hall}/hotspots", kind="scene", to=to, label="", yaw="30.5", pitch="-5")
    await zhao.does(
        f"{hall}/hotspots", kind="text", label="开放时间", words="8 点到 20 点", yaw="-90", pitch="0"
    )
    small = io.BytesIO()
    Image.new("RGB", (800, 600)).save(small, "PNG")
    placed = {"kind": "picture", "label": "荣誉", "words": "一面锦旗", "yaw": "10", "pitch": "0"}
    assert (await uploads(zhao, f"{hall}/hotspots", small.getvalue(), **placed)).status_code == 303
    await zhao.does(f"{hall}/aim", yaw="400", pitch="-5.5")
    return path, hall, shelf


async def test_a_place_from_the_camera_to_the_phone(ends: Ends, zhao: Worker) -> None:
    path, _, shelf = await put_up(ends, zhao)
    to = shelf.rpartition("/")[2]
    page = "/panoramas/" + path.rpartition("/")[2]
    assert (await ends.web.get(page, headers=HTML)).status_code == 404

    await zhao.does(f"{path}/publish")

    assert f'href="{page}"' in (await ends.web.get("/panoramas", headers=HTML)).text
    shown = (await ends.web.get(page, headers=HTML)).text
    first, second = described(shown)["scenes"]
    assert (first["title"], first["yaw"], first["pitch"], first["widths"]) == ("大厅", 40, -5.5, [2048, 4096])
    assert [(each["label"], each["kind"]) for each in first["spots"]] == [
        ("书架", "scene"),
        ("开放时间", "text"),
        ("荣誉", "picture"),
    ]
    assert first["spots"][0]["to"] == second["id"]
    for address in (first["at"] + "preview", first["at"] + "1-3-1", first["spots"][2]["src"]):
        answer = await ends.web.get(address)
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.format == "JPEG"
    for words in ('alt="大厅里有书架"', ">去书架</a>", "8 点到 20 点", 'alt="一面锦旗"'):
        assert words in shown  # for who has no WebGL
    assert described((await ends.web.get(f"{page}?scene={to}", headers=HTML)).text)["start"] == to
    assert (await ends.web.get(first["at"] + "2-0-0")).status_code == 404
    li = await ends.platform.follower("李娜")
    card = await li.says("全景")
    assert f"{OURS}{page}" in str(card)
    assert f"{OURS}{first['at']}preview" in str(card)


async def test_what_is_taken_away_is_gone_for_everybody_else(ends: Ends, zhao: Worker) -> None:
    path, _, shelf = await put_up(ends, zhao)
    await zhao.does(f"{path}/publish")
    page = "/panoramas/" + path.rpartition("/")[2]

    assert "通到这里的 1 个热点也去掉了" in await zhao.does(f"{shelf}/remove")

    (first,) = described((await ends.web.get(page)).text)["scenes"]
    assert [each["kind"] for each in first["spots"]] == ["text", "picture"]
    await zhao.does(f"{path}/withdraw")
    assert (await ends.web.get(first["at"] + "preview")).status_code == 404
    assert (await zhao.gets(first["at"] + "preview")).status_code == 200
    await zhao.does(f"{path}/delete")
    assert (await zhao.gets(path)).status_code == 404
    acts = [each.act for each in await acts_of(ends) if each.act.startswith("panorama")]
    assert acts == [
        *("panorama.create", "panorama.scene", "panorama.scene", "panorama.hotspot", "panorama.hotspot"),
        *("panorama.hotspot", "panorama.scene_change", "panorama.publish", "panorama.scene_remove"),
        *("panorama.withdraw", "panorama.delete"),
    ]


async def test_what_cannot_be_cut_is_refused_with_what_was_filled_in(ends: Ends, zhao: Worker) -> None:
    path = await toured(zhao)
    flat = io.BytesIO()
    Image.new("RGB", (4000, 3000)).save(flat, "JPEG")
    for data, said in (
        (b"", "JPG、PNG 或 WebP"),
        (b"%PDF-1.7", "JPG、PNG 或 WebP"),
        (bomb(), "图片太大"),
        (flat.getvalue(), "宽不是高的两倍"),
    ):
        answer = await uploads(zhao, f"{path}/scenes", data, scene_title="大厅", alt="书架")
        assert (answer.status_code, said in answer.text) == (422, True), said
        assert 'value="大厅"' in answer.text
    nothing = await zhao.sends(f"{path}/scenes", scene_title="大厅", alt="书架")
    assert "请先选一张全景图" in nothing.text
    scene = await adds(zhao, path, "大厅", globe(2048))
    twice = await uploads(zhao, f"{scene}/picture", globe(2048))
    assert (twice.status_code, "正在切图" in twice.text) == (422, True)
    await cut(ends)
    for filled, said in (
        ({"kind": "text", "label": "x", "words": "y", "yaw": "", "pitch": ""}, "点一下"),
        ({"kind": "text", "label": "x", "words": "y", "yaw": "nan", "pitch": "0"}, "点一下"),
        ({"kind": "door", "yaw": "0", "pitch": "0"}, "哪一种"),
        ({"kind": "scene", "to": scene.rpartition("/")[2], "yaw": "0", "pitch": "0"}, "就是这一处"),
        ({"kind": "activity", "activity": "nothing", "yaw": "0", "pitch": "0"}, "请选一个活动"),
    ):
        refused = await zhao.sends(f"{scene}/hotspots", **filled)
        assert (refused.status_code, said in refused.text) == (422, True), said
    kept = [each async for each in ends.house.files.names()]
    assert (
        len(kept) == 1 + 3
    )  # what was sent, until somebody tidies, and its pieces: nothing of what was refused


async def test_the_activity_leads_to_its_panorama_and_a_branch_keeps_to_its_own(
    ends: Ends, zhao: Worker
) -> None:
    climb = await planned(zhao, question_prompt=["", ""])
    name = climb.rpartition("/")[2]
    path = await toured(zhao, "登山现场", activity=name)
    await adds(zhao, path, "山顶", globe(2048))
    await cut(ends)
    await zhao.does(f"{path}/publish")
    page = "/panoramas/" + path.rpartition("/")[2]
    assert f'href="{page}"' in (await ends.web.get(f"/activities/{name}", headers=HTML)).text
    assert f'href="/activities/{name}"' in (await ends.web.get(page, headers=HTML)).text

    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
    li = await at_work(ends, "李娜", Wanted(Role.ORGANISER, north.id))
    assert (await li.gets(path)).status_code == 404
    assert "登山现场" not in await li.reads(ROOM)
    assert (await li.sends(f"{path}/withdraw")).status_code == 404
    refused = await li.sends(ROOM, title="北区书屋")
    assert (refused.status_code, "请选择全景属于哪个组织" in refused.text) == (422, True)
    refused = await li.sends(ROOM, title="北区登山", activity=name)
    assert "没有找到这个活动" in refused.text
    own = await toured(li, "北区书屋", branch=north.public_id)
    assert "北区书屋" in await li.reads(own)
    trainer = await at_work(ends, "王强", Role.TRAINER)
    assert "登山现场" in await trainer.reads(ROOM)
    assert (await trainer.sends(f"{path}/withdraw")).status_code == 403


async def test_a_panorama_may_be_larger_than_a_sheet_and_not_without_end(ends: Ends, zhao: Worker) -> None:
    path = await toured(zhao)
    for address, length, status in (
        (f"{path}/scenes", bounds.MOST_OF_A_PANORAMA + 1, 413),
        (path, bounds.MOST + 1, 413),
        ("/activities/new", bounds.MOST + 1, 413),
    ):
        headers = HTML | {"Content-Length": str(length)}
        answer = await zhao.browser.post(f"/console{address}", content=b"x", headers=headers)
        assert answer.status_code == status, address
    heavy = globe(2048) + b"\0" * bounds.MOST  # what a sheet may not be; a JPEG ends before it
    answer = await uploads(zhao, f"{path}/scenes", heavy, scene_title="大厅", alt="书架")
    assert answer.status_code == 303
