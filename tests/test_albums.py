"""Pictures of activities: uploaded, given, looked at, shown to whom the organiser chose, taken away."""

import io
import re
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from PIL import Image

from app.jobs import albums as arriving
from app.services import album_forgetting, closing, merging, sign_ups
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from models import (
    Activity,
    AlbumPhoto,
    FileState,
    PhotoObjection,
    PhotoState,
    Role,
    StoredFile,
)
from tests import making
from tests.both_ends import OURS, Ends
from tests.console_kit import HTML, Worker, acts_of, at_work, ends
from tests.portal_member import TOKEN, Visiting, member
from tests.test_console_activities import told
from tests.test_console_check_in import today

__all__ = ["ends"]

JSON = {"Accept": "application/json"}


@pytest.fixture
async def zhao(ends: Ends) -> Worker:
    """Who organises for the whole union."""
    return await at_work(ends, "赵敏", Role.ORGANISER)


def shot(colour: str = "green", size: tuple[int, int] = (3000, 2000)) -> bytes:
    """A photograph that tells where it was taken."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "secret place", 6  # lies on its side
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


async def walked(ends: Ends, *who: Visiting) -> tuple[Activity, str]:
    """An activity that has begun and in which these take part; its album's path."""
    walk, _ = await today(ends, "健步走")
    async with ends.house.database.transaction() as session:
        for each in who:
            applicant = Applicant(await each.person_id(), Facts(), "portal")
            at = walk.starts_at - timedelta(hours=1)
            await sign_ups.sign_up(session, walk.id, applicant, now=at)
    return walk, f"/activities/{walk.public_id}/photos"


async def sends(
    browser: httpx.AsyncClient, path: str, token: str, *photos: bytes, agreed: str = "yes", **headers: str
) -> httpx.Response:
    files = [("photos", (f"{n}.jpg", each, "image/jpeg")) for n, each in enumerate(photos, 1)]
    data = {"token": token, "agreed": agreed}
    return await browser.post(path, data=data, files=files or None, headers=HTML | headers)


async def uploads(zhao: Worker, at: str, *photos: bytes, **more: str) -> httpx.Response:
    return await sends(zhao.browser, f"/console{at}/upload", await zhao.token(), *photos, **more)


async def gives(who: Visiting, at: str, *photos: bytes, **more: str) -> httpx.Response:
    token = TOKEN.search(await who.reads(f"{at}/add"))
    assert token
    return await sends(who.browser, f"{at}/add", token[1], *photos, **more)


async def photos(ends: Ends) -> list[AlbumPhoto]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(AlbumPhoto).order_by(AlbumPhoto.id)))


async def file_states(ends: Ends) -> set[FileState]:
    async with ends.house.database.reading() as session:
        return set(await session.scalars(sa.select(StoredFile.state).where(StoredFile.kind == "image")))


async def test_many_at_once_each_on_its_own_small_upright_and_without_their_past(
    ends: Ends, zhao: Worker
) -> None:
    _, at = await walked(ends)
    refused = await uploads(zhao, at, shot(), agreed="")
    assert (refused.status_code, "请先确认" in refused.text) == (422, True)

    mixed = await uploads(
        zhao, at, shot("red"), b"%PDF-1.7 x", b"\xff\xd8\xff broken", shot("blue"), shot("red")
    )

    assert mixed.status_code == 422
    lines = re.findall(r"<li>(\d\.jpg：[^<]*)</li>", mixed.text)
    assert [line[:5] for line in lines] == [f"{n}.jpg" for n in range(1, 6)]
    assert [line[6:] for line in lines] == [
        "已放进相册。",
        "这不是图片，请选 JPG、PNG、GIF 或 WebP。",
        "图片已损坏，打不开，请重新发一张。",
        "已放进相册。",
        "相册里已经有这一张。",
    ]
    one = await uploads(zhao, at, shot("yellow"), **JSON)
    assert one.json() == {"words": "已放进相册。", "good": True}
    red, blue, yellow = await photos(ends)
    assert {each.state for each in (red, blue, yellow)} == {PhotoState.SHOWN}
    assert (red.width, red.height) == (1365, 2048)  # stood up
    for size in ("large", "small"):
        answer = await zhao.gets(f"{at}/{red.public_id}/{size}")
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.format == "JPEG" and not picture.getexif()
            assert max(picture.size) == {"large": 2048, "small": 480}[size]
    assert [each.act for each in await acts_of(ends)].count("photo.add") == 3

    await zhao.does(f"{at}/{red.public_id}", do="describe", words="队伍出发")
    await zhao.does(f"{at}/{yellow.public_id}", do="earlier")
    await zhao.does(f"{at}/{blue.public_id}", do="cover")
    page = await zhao.reads(at)
    assert re.findall(r'id="p-(\w+)"', page) == [each.public_id for each in (red, yellow, blue)]
    assert 'alt="队伍出发"' in page


async def test_who_sees_an_album_is_the_organisers_choice(ends: Ends, zhao: Worker) -> None:
    li, wang, zhang = [await member(ends, name) for name in ("李娜", "王强", "张伟")]
    async with ends.house.database.transaction() as session:
        await making.member(session, "王强", person_id=await wang.person_id())
    walk, at = await walked(ends, li)
    await uploads(zhao, at, shot())
    (photo,) = await photos(ends)
    guest = ends.browser()

    async def seeing() -> list[int]:
        paths = (at, f"{at}/{photo.public_id}", f"{at}/{photo.public_id}/small")
        found = [
            {(await who.get(path, headers=HTML)).status_code for path in paths}
            for who in (li.browser, wang.browser, zhang.browser, guest)
        ]
        assert all(len(each) == 1 for each in found)
        return [code for each in found for code in each]

    assert await seeing() == [200, 403, 403, 303]
    assert "活动照片" not in (await guest.get(f"/activities/{walk.public_id}", headers=HTML)).text
    await zhao.does(at, seen_by="members", takes="yes")
    assert await seeing() == [200, 200, 403, 303]
    await zhao.does(at, seen_by="everybody", takes="yes")
    assert await seeing() == [200, 200, 200, 200]
    shown = (await guest.get(f"/activities/{walk.public_id}", headers=HTML)).text
    assert f"{at}/{photo.public_id}/small" in shown and "全部 1 张" in shown
    refused = await zhao.sends(at, seen_by="nobody")
    assert refused.status_code == 422


async def test_participants_give_and_nobody_else_sees_it_before_it_was_looked_at(
    ends: Ends, zhao: Worker
) -> None:
    li, wang = await member(ends, "李娜"), await member(ends, "王强")
    walk, at = await walked(ends, li)
    await zhao.does(at, seen_by="everybody", takes="yes")
    assert (await wang.browser.get(f"{at}/add", headers=HTML)).status_code == 403
    assert (await gives(li, at, shot(), agreed="")).status_code == 422

    assert (await gives(li, at, shot("red"), shot("blue"))).status_code == 303
    mixed = await gives(li, at, b"GIF89a", shot("red"))
    assert mixed.status_code == 422 and "相册里已经有这一张" in mixed.text and "已损坏" in mixed.text
    red, blue = await photos(ends)
    assert red.given_by == "member" and red.giver_id == await li.person_id()
    assert "待审" in await li.reads(at)
    assert (await li.browser.get(f"{at}/{red.public_id}/small", headers=HTML)).status_code == 200
    assert (await wang.browser.get(f"{at}/{red.public_id}/small", headers=HTML)).status_code == 404
    assert "活动照片待审" in await zhao.reads("") and walk.title in await zhao.reads("/activities?photos=yes")

    refused = await zhao.sends(f"{at}/{blue.public_id}", do="refuse", words=" ")
    assert (refused.status_code, "请写原因" in refused.text) == (422, True)
    await zhao.does(f"{at}/{blue.public_id}", do="refuse", words="看不清")
    assert "1 张照片已公开" in await zhao.does(f"{at}/approve")
    assert (await told(ends, "albums.refused"))[0].endswith("原因：看不清")
    assert (await wang.browser.get(f"{at}/{red.public_id}/large", headers=HTML)).status_code == 200
    assert (await wang.browser.get(f"{at}/{blue.public_id}/large", headers=HTML)).status_code == 404
    again = await gives(li, at, shot("blue"))
    assert "以前未通过" in again.text

    foreign = await wang.taps(f"{at}/{red.public_id}", f"{at}/{red.public_id}/object")
    assert foreign.status_code == 200
    await zhao.does(f"{at}/{red.public_id}", do="restore", words="是背影")
    taken = await li.taps(f"{at}/{red.public_id}", f"{at}/{red.public_id}/take-back")
    assert "已经删除" in taken.text
    await zhao.does(at, seen_by="everybody")
    assert (await li.browser.get(f"{at}/add", headers=HTML)).status_code == 409
    assert [each.state for each in await photos(ends)] == [PhotoState.REFUSED]


async def test_who_is_on_a_picture_has_it_hidden_at_once_and_hears_what_was_decided(
    ends: Ends, zhao: Worker
) -> None:
    li, wang = await member(ends, "李娜"), await member(ends, "王强")
    _, at = await walked(ends)
    await zhao.does(at, seen_by="everybody", takes="yes")
    await uploads(zhao, at, shot("red"), shot("blue"))
    red, blue = [f"{at}/{each.public_id}" for each in await photos(ends)]

    hidden = await li.taps(red, f"{red}/object")
    assert "已经先隐藏" in hidden.text
    assert (await wang.browser.get(f"{red}/large", headers=HTML)).status_code == 404
    page = await zhao.reads(at)
    assert "有人要求撤下 1" in page and (await zhao.gets(f"{red}/small")).status_code == 200
    refused = await zhao.sends(red, do="restore", words="")
    assert (refused.status_code, "请写原因" in refused.text) == (422, True)
    await zhao.does(red, do="restore", words="照片里没有您")
    assert "没有撤下。原因：照片里没有您" in (await told(ends, "albums.objection"))[0]
    again = await li.taps(red, f"{red}/object")
    assert "没有撤下" in again.text
    assert (await wang.browser.get(f"{red}/large", headers=HTML)).status_code == 200

    await wang.taps(blue, f"{blue}/object")
    await zhao.does(blue, do="remove", words="")
    assert "已经撤下，30 天后删除" in (await told(ends, "albums.objection"))[1]
    same = await uploads(zhao, at, shot("blue"), **JSON)
    assert same.json() == {"words": "这张照片以前已撤下，不再放进相册。", "good": False}
    async with ends.house.database.transaction() as session:
        later = ends.house.clock.now() + timedelta(days=31)
        ids = list(await session.scalars(sa.select(AlbumPhoto.id)))
        assert await album_forgetting.forget_over.act(session, ids, later) == 1
    assert await file_states(ends) == {FileState.READY, FileState.DELETED}
    assert "已删除" in await zhao.reads(at)


async def test_pictures_sent_in_chat_arrive_drawn_anew_and_wait(ends: Ends, zhao: Worker) -> None:
    li = await member(ends, "李娜")
    _, at = await walked(ends, li)
    assert "没有收照片的相册" in (await li.phone.says("传照片")).text
    await zhao.does(at, seen_by="everybody", takes="yes")

    asked = await li.phone.says("传照片")
    assert "照片放进哪个活动的相册" in asked.text
    await li.phone.chooses("健步走")
    await li.phone.sends("picture")
    await li.phone.says("完成")
    assert "收到 1 张" in (await li.phone.chooses("确认")).text
    (coming,) = await photos(ends)
    assert coming.state is PhotoState.COMING and "正在接收" in await li.reads(at)
    await ends.house.rounds.once()
    await arriving.run(ends.house.database, ends.house.files, ends.house.clock)

    (photo,) = await photos(ends)
    assert (photo.state, bool(photo.digest)) == (PhotoState.PENDING, True)
    await zhao.does(f"{at}/approve")
    shown = await li.phone.says("活动照片")
    assert f"{OURS}{at}" in str(shown) and "健步走：活动照片" in str(shown)
    assert f"{at}/{photo.public_id}/small" in str(shown)


async def test_who_closes_his_account_takes_his_pictures_along_and_two_who_are_one_keep_them(
    ends: Ends, zhao: Worker
) -> None:
    li, wang = await member(ends, "李娜"), await member(ends, "王强")
    _, at = await walked(ends, li)
    await zhao.does(at, seen_by="everybody", takes="yes")
    await gives(li, at, shot("red"))
    await zhao.does(f"{at}/approve")
    (red,) = await photos(ends)
    for who in (li, wang):
        page = await who.reads(f"{at}/{red.public_id}")
        token = TOKEN.search(page)
        assert token
        path = f"{at}/{red.public_id}/object"
        await who.browser.post(path, data={"token": token[1]}, headers=HTML)
        async with ends.house.database.transaction() as session:
            await session.execute(sa.update(AlbumPhoto).values(state=PhotoState.SHOWN))
    one, other = await li.person_id(), await wang.person_id()
    now = ends.house.clock.now()

    async with ends.house.database.transaction() as session:
        await merging.merge(session, one, other, now)
    async with ends.house.database.reading() as session:
        said = (await session.scalars(sa.select(PhotoObjection.person_id))).all()
    assert list(said) == [min(one, other)]
    async with ends.house.database.transaction() as session:
        receipt = await closing.close(session, min(one, other), channel="portal", now=now)
    assert "给活动相册的照片" in str(vars(receipt))
    assert await photos(ends) == []
    assert await file_states(ends) == {FileState.DELETED}
