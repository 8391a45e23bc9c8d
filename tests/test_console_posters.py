"""Posters in the console, made with WeChat's codes, hung up, scanned by phones, counted and taken away."""

import io
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from PIL import Image

from app.jobs import fonts, posters, staff_jobs
from app.jobs.staff_work import KINDS
from app.services import posters as services
from models import Activity, FileState, JobState, Poster, Role, StaffJob, StoredFile
from tests.both_ends import Ends
from tests.console_kit import HTML, Worker, acts_of, at_work, ends
from tests.test_console_activities import plan, planned

__all__ = ["ends"]


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    """Who organises for the whole union."""
    return await at_work(ends, "赵敏", Role.ORGANISER)


async def work(ends: Ends, *, codes: bool = True) -> None:
    house = ends.house
    kinds = {**KINDS, **posters.kinds(house.wechat if codes else None)}
    await staff_jobs.run(house.database, house.clock, house.files, kinds)


async def hung(ends: Ends) -> Sequence[Poster]:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(Poster).order_by(Poster.id))).all()


async def last_job(ends: Ends) -> StaffJob:
    async with ends.house.database.reading() as session:
        found = await session.scalar(sa.select(StaffJob).order_by(StaffJob.id.desc()).limit(1))
    assert found is not None
    return found


async def hang(zhao: Worker, path: str, *places: str) -> None:
    for place in places:
        assert "正在做海报" in await zhao.does(f"{path}/posters", place=place)
    await work(zhao.ends)


def png(width: int = 1200, height: int = 800, colour: str = "#224466") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


async def covers(zhao: Worker, path: str, data: bytes, alt: str) -> Any:
    form = {"token": await zhao.token(), "alt": alt}
    return await zhao.browser.post(
        f"/console{path}/cover", data=form, files={"file": ("a.png", data, "image/png")}, headers=HTML
    )


async def test_from_the_poster_to_the_sign_up(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, question_prompt=["", ""])
    await hang(zhao, path, "食堂门口", "北区大厅")
    canteen, hall = await hung(ends)
    assert canteen.code != hall.code
    assert canteen.code.startswith("http://weixin.qq.com/q/")
    assert canteen.code_until is not None
    assert canteen.code_until - ends.house.clock.now() > timedelta(days=29)

    li = await ends.platform.person("李娜")
    followed = await li.follows(f"poster.{canteen.public_id}")
    assert "「职工羽毛球赛」报名中" in followed.text
    await li.chooses("我要报名")
    assert "报名成功" in (await li.chooses("确认")).text
    wang = await ends.platform.follower("王强")
    assert "我要报名" in (await wang.scans(f"poster.{hall.public_id}")).text

    page = await zhao.reads(f"{path}/posters")
    counts = re.findall(r"<td>([^<]*)</td><td>(\d*)</td><td>(\d*)</td><td>(\d*)</td>", page)
    assert counts == [
        ("食堂门口", "1", "1", "1"),
        ("北区大厅", "1", "0", "0"),
        ("没有扫海报", "", "", "0"),
    ]


async def test_the_counts_go_into_a_sheet_and_name_nobody(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao)
    await hang(zhao, path, "=食堂门口")
    li = await ends.platform.person("李娜")
    (canteen,) = await hung(ends)
    await li.follows(f"poster.{canteen.public_id}")

    await zhao.does(f"{path}/posters/export")
    await work(ends)

    job = await last_job(ends)
    assert (job.state, job.said) == (JobState.DONE, "共 2 行。")
    answer = await zhao.sends(f"/jobs/{job.public_id}/file")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert [[cell.value or "" for cell in row] for row in sheet.iter_rows()] == [
        ["张贴地点", "扫码人数", "其中新关注", "报名份数"],
        ["=食堂门口", "1", "1", "0"],
        ["没有扫海报", "", "", "0"],
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}


@pytest.mark.skipif(fonts.find() is None, reason="this machine has no Chinese font")
async def test_the_picture_is_drawn_once_and_again_when_the_activity_says_something_else(
    ends: Ends, zhao: Worker
) -> None:
    path = await planned(zhao)
    await hang(zhao, path, "食堂门口")
    (first,) = await hung(ends)
    shown = await zhao.gets(f"{path}/posters/{first.public_id}/picture")
    with Image.open(io.BytesIO(shown.content)) as picture:
        assert (picture.format, picture.size) == ("PNG", (1654, 2339))
        assert len(picture.getcolors(1_000_000) or []) > 20  # something stands on it
    taken = await zhao.gets(f"{path}/posters/{first.public_id}/picture?save=1")
    assert taken.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E6%B5%B7%E6%8A%A5")

    await zhao.does(f"{path}/posters/make")
    await work(ends)
    assert (await hung(ends))[0].file_id == first.file_id
    page = await zhao.reads(f"{path}/edit")
    version = re.findall(r'name="version" value="(\d+)"', page)[0]
    await zhao.does(f"{path}/edit", **plan(ends, place="体育馆", version=version, question_key=["q1", "q2"]))
    assert "图片是以前的" in await zhao.reads(f"{path}/posters")
    await zhao.does(f"{path}/posters/make")
    await work(ends)

    (again,) = await hung(ends)
    assert (again.code, again.file_id == first.file_id) == (first.code, False)
    assert "图片是以前的" not in await zhao.reads(f"{path}/posters")
    async with ends.house.database.reading() as session:
        old = await session.get_one(StoredFile, first.file_id)
    assert old.state is FileState.DELETED


async def test_without_a_font_there_is_a_page_to_print(
    ends: Ends, zhao: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "find", lambda: None)
    path = await planned(zhao)
    await hang(zhao, path, "食堂门口")

    (poster,) = await hung(ends)
    assert poster.file_id is None
    assert "没有中文字体" in await zhao.reads(f"{path}/posters")
    assert (await zhao.gets(f"{path}/posters/{poster.public_id}/picture")).status_code == 404
    printed = await zhao.reads(f"{path}/posters/{poster.public_id}")
    for words in (
        "<h1>职工羽毛球赛</h1>",
        "职工活动中心",
        "2 个",
        "微信扫一扫，马上报名",
        'class="qr"',
        "食堂门口",
    ):
        assert words in printed


async def test_an_account_without_such_codes_leads_to_the_page_and_says_that_it_cannot_count(
    ends: Ends, zhao: Worker
) -> None:
    path = await planned(zhao)
    await zhao.does(f"{path}/posters", place="食堂门口")
    await work(ends, codes=False)

    (poster,) = await hung(ends)
    assert poster.code == f"http://127.0.0.1:8000/activities/{path.rpartition('/')[2]}"
    assert "数不出来" in await zhao.reads(f"{path}/posters")
    assert "扫一扫，看活动" in await zhao.reads(f"{path}/posters/{poster.public_id}")


async def test_when_wechat_gives_no_code_it_is_said_and_made_later(
    ends: Ends, zhao: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await planned(zhao)
    await zhao.does(f"{path}/posters", place="食堂门口")
    monkeypatch.setattr(services, "SCENE", "x" * 60)  # longer than WeChat takes
    await work(ends)
    monkeypatch.undo()

    assert "微信没有给「食堂门口」的二维码" in await zhao.reads(f"{path}/posters")
    assert (await hung(ends))[0].code == ""
    await zhao.does(f"{path}/posters/make")
    await work(ends)
    assert (await hung(ends))[0].code


async def test_a_far_activity_gets_a_code_for_good(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, publish=False)
    async with ends.house.database.transaction() as session:
        late = ends.house.clock.now() + timedelta(days=60)
        times = {"starts_at": late, "ends_at": late + timedelta(hours=3)}
        await session.execute(sa.update(Activity).values(**times))
    await zhao.does(f"{path}/publish")
    await hang(zhao, path, "食堂门口")

    (poster,) = await hung(ends)
    assert (poster.counts, poster.code_until) == (True, None)
    assert "二维码长期有效" in await zhao.reads(f"{path}/posters")


async def test_what_cannot_be_is_refused_in_words(ends: Ends, zhao: Worker) -> None:
    draft = await planned(zhao, publish=False)
    refused = await zhao.sends(f"{draft}/posters", place="食堂门口")
    assert refused.status_code in (404, 422)
    path = await planned(zhao, title="登山")
    refused = await zhao.sends(f"{path}/posters", place=" ")
    assert (refused.status_code, "请写海报贴在哪里" in refused.text) == (422, True)
    await hang(zhao, path, "食堂门口", "北区大厅")
    canteen, hall = await hung(ends)
    li = await ends.platform.person("李娜")
    await li.follows(f"poster.{canteen.public_id}")

    refused = await zhao.sends(f"{path}/posters/{canteen.public_id}/remove")
    assert (refused.status_code, "已经有人扫过" in refused.text) == (422, True)
    await zhao.does(f"{path}/posters/{hall.public_id}/remove")
    assert [each.place for each in await hung(ends)] == ["食堂门口"]
    assert (await zhao.gets(f"{draft}/posters/{canteen.public_id}")).status_code == 404
    assert [each.act for each in await acts_of(ends)][-1] == "poster.remove"


async def test_a_cover_is_made_small_described_shown_and_given_up(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao)
    page = "/activities/" + path.rpartition("/")[2]
    assert (await ends.web.get(f"{page}/cover")).status_code == 404
    refused = await covers(zhao, path, png(), "")
    assert (refused.status_code, "请用一句话说图上是什么" in refused.text) == (422, True)
    for bad, said in (
        (b"%PDF-1.7 x", "这不是图片"),
        (b"\x89PNG\r\n\x1a\nx", "已损坏"),
        (png(300), "300 像素宽"),
    ):
        refused = await covers(zhao, path, bad, "球场")
        assert said in refused.text

    assert (await covers(zhao, path, png(4000, 3000), "两个人在打双打")).status_code == 303

    shown = await ends.web.get(f"{page}/cover")
    with Image.open(io.BytesIO(shown.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1653, 1240))
    assert 'alt="两个人在打双打"' in (await ends.web.get(page, headers=HTML)).text
    assert 'alt="两个人在打双打"' in await zhao.reads(path)
    await zhao.does(f"{path}/cover", do="remove")
    assert (await ends.web.get(f"{page}/cover")).status_code == 404
    async with ends.house.database.reading() as session:
        states = await session.scalars(sa.select(StoredFile.state).where(StoredFile.kind == "image"))
        assert set(states) == {FileState.DELETED}


async def test_a_copy_has_all_but_times_people_and_state(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao, contact_name="王芳", contact_phone="0911-2345678", guests="1")
    await covers(zhao, path, png(), "两个人在打双打")
    await hang(zhao, path, "食堂门口")
    name = path.rpartition("/")[2]

    form = await zhao.reads(f"/activities/new?like={name}")
    assert "照「职工羽毛球赛」填好了" in form
    assert 'value="王芳"' in form
    assert 'name="starts" value=""' in form
    key = re.findall(r'name="key" value="(\w+)"', form)[0]
    refused = await zhao.sends("/activities/new", **plan(ends, like=name, key=key, starts=""))
    assert (refused.status_code, "照「职工羽毛球赛」填好了" in refused.text) == (422, True)
    again = await planned(zhao, publish=False, like=name, key=key, contact_name="王芳")

    async with ends.house.database.reading() as session:
        made = await session.scalars(sa.select(Activity).order_by(Activity.id))
        first, second = made.all()
    assert again.endswith(key)
    assert second.public_id == key
    assert (second.state, second.cover, second.cover_alt) == ("draft", first.cover, first.cover_alt)
    assert second.questions == first.questions
    assert len(await hung(ends)) == 1
    await zhao.does(f"{path}/cover", do="remove")  # the copy still shows it
    assert (await zhao.gets(f"{again}/cover")).status_code == 200


async def test_whom_to_ask_is_told_to_who_signed_up_and_to_nobody_else(ends: Ends, zhao: Worker) -> None:
    refused = await zhao.sends("/activities/new", **plan(ends, contact_phone="打给王芳"))
    assert (refused.status_code, "联系电话只写数字" in refused.text) == (422, True)
    given: dict[str, Any] = {
        "contact_name": "王芳",
        "contact_phone": "0911-2345678",
        "question_prompt": ["", ""],
    }
    path = await planned(zhao, **given)
    name = path.rpartition("/")[2]
    assert "2345678" in await zhao.reads(path)
    assert "2345678" not in (await ends.web.get(f"/activities/{name}", headers=HTML)).text
    li = await ends.platform.follower("李娜")
    await li.says("有什么活动")
    assert "2345678" not in (await li.chooses("职工羽毛球赛")).text

    await li.chooses("我要报名")

    assert "有事问王芳 0911-2345678。" in (await li.chooses("确认")).text


async def test_the_next_ones_come_as_a_card_with_their_covers(ends: Ends, zhao: Worker) -> None:
    path = await planned(zhao)
    await covers(zhao, path, png(), "两个人在打双打")
    li = await ends.platform.follower("李娜")
    listed = await li.says("有什么活动")
    assert "职工羽毛球赛" in listed.text

    card = await li.chooses("看图文")

    said = str(card.detail)
    name = path.rpartition("/")[2]
    assert "职工羽毛球赛（报名中）" in card.text + said
    assert f"http://127.0.0.1:8000/activities/{name}/cover?of=" in said
