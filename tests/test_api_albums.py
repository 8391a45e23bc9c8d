"""Albums in the mini-program: seen by whom they are for, added to once, hidden by who is on a picture."""

import io
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from PIL import Image

from app.api import photo_uploads
from app.services import album_photos, album_work, albums, sign_ups
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from models import Activity, AlbumPhoto, AlbumSeen, PhotoObjection, PhotoState
from tests import api_app
from tests.api_app import API, App, app_of, is_problem
from tests.both_ends import Ends
from tests.test_albums import shot
from tests.test_console_check_in import today

ends, li = api_app.ends, api_app.li


async def begun(ends: Ends, *who: App, seen_by: AlbumSeen = AlbumSeen.PARTICIPANTS) -> tuple[Activity, str]:
    """An activity with an album in which these take part; the album's path."""
    walk, _ = await today(ends, "健步走")
    async with ends.house.database.transaction() as session:
        for each in who:
            applicant = Applicant(await each.person_id(), Facts(), "api")
            await sign_ups.sign_up(session, walk.id, applicant, now=walk.starts_at - timedelta(hours=1))
        album = await albums.begin(session, await session.get_one(Activity, walk.id), ends.house.clock.now())
        album.seen_by = seen_by
    return walk, f"{API}/activities/{walk.public_id}/album"


async def gives(who: App, path: str, photo: bytes | None, **more: str) -> httpx.Response:
    """As `wx.uploadFile` sends it."""
    form = {"agreed": "yes", **more}
    files = None if photo is None else {"photo": ("tmp_1.jpg", photo, "image/jpeg")}
    headers = {"Authorization": f"Bearer {who.tokens.get('access_token', '')}"}
    return await who.ends.web.post(f"{path}/photos", data=form, files=files, headers=headers)


async def approve(ends: Ends, walk: Activity) -> None:
    async with ends.house.database.transaction() as session:
        album = await albums.get(session, await session.get_one(Activity, walk.id))
        await album_work.approve(session, album, [], "赵敏", ends.house.clock.now())


async def test_a_picture_is_given_once_looked_at_hidden_and_taken_back(ends: Ends, li: App) -> None:
    zhang, wang = await app_of(ends, "张伟"), await app_of(ends, "王强")
    walk, path = await begun(ends, li, zhang)
    empty = await li.gets(path)
    assert (empty["items"], empty["may_add"], empty["seen_by_label"]) == ([], True, "参加的人")
    for is_new in (True, False):
        answer = await gives(li, path, shot())
        assert (answer.status_code, answer.json()["is_new"]) == (201, is_new)
    assert "已经有这一张" in answer.json()["words"]

    (own,) = (await li.gets(path))["own"]
    assert (own["state_label"], own["is_own"], own["width"] > own["height"]) == ("待审", True, False)
    browser = ends.browser()
    small = await browser.get(own["small"])  # without a token, as `image` loads it
    assert Image.open(io.BytesIO(small.content)).size == (320, 480)
    assert (await browser.get(own["small"].partition("?")[0])).status_code == 303
    assert (await zhang.gets(path))["items"] == [] == (await zhang.gets(f"{API}/albums"))["items"]
    photo = f"{path}/photos/{own['id']}"
    is_problem(await zhang.calls("GET", photo), 404, "not_found")

    await approve(ends, walk)
    (seen,) = (await zhang.gets(path))["items"]
    (card,) = (await zhang.gets(f"{API}/albums"))["items"]
    assert (card["count"], card["cover"], seen["is_own"]) == (1, seen["small"], False)
    large = await browser.get(seen["large"])
    assert large.headers["content-type"] == "image/jpeg" and large.headers["cache-control"] == "no-store"
    is_problem(await zhang.calls("DELETE", photo), 404, "not_found")
    for method, at in (("GET", path), ("GET", photo), ("POST", f"{photo}/objection")):
        assert (await wang.acts_as(method, at)).status_code == 403
    assert (await wang.gets(f"{API}/albums"))["items"] == []

    for _ in range(2):  # the same key
        told = (await zhang.acts(f"{photo}/objection", key="k" * 16)).json()
        assert told["hidden"] and "先隐藏" in told["words"]
    assert (
        await browser.get(seen["large"])
    ).status_code == 303  # the address of a moment ago shows it no more
    assert (await li.gets(photo))["state"] == "objected"
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(PhotoObjection.id))) == 1
    assert "不再放进相册" in is_problem(await gives(li, path, shot()), 409, "refused")["detail"]
    assert (await li.calls("DELETE", photo)).status_code == 204
    is_problem(await li.calls("DELETE", photo), 404, "not_found")
    assert (await browser.get(own["small"])).status_code == 404


async def test_what_is_no_picture_or_not_agreed_to_is_refused_in_words(
    ends: Ends, li: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang = await app_of(ends, "王强")
    walk, path = await begun(ends, li, seen_by=AlbumSeen.EVERYBODY)
    assert "只有参加" in (await wang.gets(path))["obstacle"]
    assert "先选照片" in is_problem(await gives(li, path, None), 422, "invalid")["detail"]
    assert "都同意" in is_problem(await gives(li, path, shot(), agreed="no"), 422, "invalid")["detail"]
    is_problem(await gives(li, path, b"no picture at all"), 415, "refused")
    is_problem(await gives(wang, path, shot()), 403, "refused")
    is_problem(await li.calls("POST", f"{path}/photos", {"photo": "x", "agreed": "yes"}), 422, "invalid")
    headers = {"Authorization": f"Bearer {li.tokens['access_token']}"}
    broken = {**headers, "Content-Type": "multipart/form-data"}
    answer = await ends.web.post(f"{path}/photos", content=b"broken", headers=broken)
    assert "没有传完整" in is_problem(answer, 400, "invalid")["detail"]
    long = await ends.web.post(
        f"{path}/photos", content=b"", headers={"Content-Length": str(photo_uploads.MOST + 1)}
    )
    assert "最大 15 MB" in is_problem(long, 413, "too_large")["detail"]

    monkeypatch.setattr(album_photos, "MOST_OF_ONE", 1)
    assert (await gives(li, path, shot("red"))).status_code == 201
    assert "最多 1 张" in is_problem(await gives(li, path, shot("blue")), 409, "refused")["detail"]
    assert "最多 1 张" in (await li.gets(path))["obstacle"]
    async with ends.house.database.transaction() as session:
        album = await albums.get(session, await session.get_one(Activity, walk.id))
        album.takes = False
    assert "不再收照片" in is_problem(await gives(li, path, shot("red")), 409, "refused")["detail"]


async def test_pages_of_an_album_hold_each_picture_once(ends: Ends, li: App) -> None:
    walk, path = await begun(ends, li)
    for colour in ("red", "green", "blue"):
        await gives(li, path, shot(colour, (60, 40)))
    await approve(ends, walk)
    first = await li.gets(f"{path}?limit=2")
    rest = await li.gets(f"{path}?limit=2&cursor={first['next']}")
    assert len(first["items"]) == 2 and first["count"] == 3 and len(first["own"]) == 3
    assert (len(rest["items"]), rest["own"], rest["next"]) == (1, [], None)
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 3
    is_problem(await li.calls("GET", f"{path}?cursor=x"), 422, "bad_cursor")
    async with ends.house.database.reading() as session:
        states = set(await session.scalars(sa.select(AlbumPhoto.state)))
    assert states == {PhotoState.SHOWN}
