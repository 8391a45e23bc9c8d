"""留言板 on the portal: read by all, written by members; pictures, hostile words, the same form twice."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from PIL import Image

from app import sent_pictures
from app.portal import uploads
from app.services import board_rows, board_work
from app.services.permissions import Standing
from models import BoardPost, BoardState, CrisisAlert, FileState, Member, StoredFile
from tests import making
from tests.boarding import HOSTILE, moderator, seen
from tests.both_ends import Ends, both_ends, settings_for
from tests.portal_member import HTML, TOKEN, Visiting, member

ONCE = re.compile(r'name="once" value="(\w+)"')
FILLED = {"topic": "canteen", "title": "晚饭早一点", "text": "夜班赶不上。", "naming": "nobody"}
DANGER = "我不想活了"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


@pytest.fixture
async def li(ends: Ends) -> Visiting:
    """Signed in, and bound to a number."""
    visiting = await member(ends, "李娜")
    async with ends.house.database.transaction() as session:
        await making.member(session, person_id=await visiting.person_id())
    return visiting


def shot(size: tuple[int, int] = (40, 30)) -> bytes:
    """A photograph that tells where it was taken."""
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "Canon", "secret place"
    out = io.BytesIO()
    Image.new("RGB", size, "green").save(out, "JPEG", exif=exif)
    return out.getvalue()


async def sends(who: Visiting, path: str = "/board/new", *pictures: bytes, **given: Any) -> httpx.Response:
    page = await who.reads(path)
    token, once = TOKEN.search(page), ONCE.search(page)
    assert token
    data = {"token": token[1], "once": once[1] if once else "", **FILLED, **given}
    files = [("pictures", (f"{n}.jpg", each, "image/jpeg")) for n, each in enumerate(pictures)]
    return await who.browser.post(path, data=data, files=files or None, headers=HTML)


async def posts(ends: Ends) -> list[BoardPost]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(BoardPost).order_by(BoardPost.id)))


async def decides(ends: Ends, act: str = "publish", reason: str = "") -> str:
    """What staff do with the newest post; its address."""
    await ends.house.rounds.once()
    newest = (await posts(ends))[-1]
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        by = Standing((await moderator(session, login=f"s{newest.id}{act}")).staff_id, "王强")
        if act == "publish":
            await board_work.publish(session, seen(newest, by), now, knowingly=True)
        else:
            await getattr(board_work, act)(session, seen(newest, by), reason, now)
    return f"/board/{newest.public_id}"


async def test_from_the_form_to_a_page_that_all_may_read(ends: Ends, li: Visiting) -> None:
    answer = await sends(li)
    assert answer.status_code == 303
    at = answer.headers["location"]
    page = await li.reads(at)
    assert "待审" in page and "工作人员看过以后公开" in page and f'action="{at}/withdraw"' in page
    guest = ends.browser()
    assert (await guest.get(at, headers=HTML)).headers["location"].startswith("/signing-in")
    assert "还没有帖子" in (await guest.get("/board", headers=HTML)).text

    at = await decides(ends)
    seen_by_guest = await guest.get(at, headers=HTML)
    assert seen_by_guest.status_code == 200
    assert "夜班赶不上" in seen_by_guest.text and "匿名职工" in seen_by_guest.text
    assert "李娜" not in seen_by_guest.text and "/signing-in?next=" in seen_by_guest.text
    assert "晚饭早一点" in (await guest.get("/board", headers=HTML)).text
    assert "已公开" in await li.reads("/board/mine")
    assert (await li.browser.get("/board/mine", headers=HTML)).headers["cache-control"] == "no-store"


async def test_no_address_of_a_writer_holds_the_id_that_gets_public(ends: Ends, li: Visiting) -> None:
    at = (await sends(li, "/board/new", shot())).headers["location"]
    (post,) = await posts(ends)
    public = f"/board/{post.public_id}"
    pages = [await li.reads(path) for path in (at, f"{at}/edit", "/board/mine")]
    assert post.public_id not in at and not any(post.public_id in page for page in pages)
    assert at in pages[2]
    for who in (li.browser, ends.browser()):  # the writer too: who alone opens it wrote it
        for path in (public, f"{public}/pictures/1", f"{public}/edit"):
            assert (path, (await who.get(path, headers=HTML)).status_code) == (path, 404)
    assert (await (await member(ends, "王强")).browser.get(at, headers=HTML)).status_code == 404

    assert await decides(ends) == public
    own = await li.reads(at)
    assert "已公开" in own and post.public_id not in own
    assert "夜班赶不上" in await li.reads(public)
    await decides(ends, "hide", "提到了同事的姓名")
    assert "原因：提到了同事的姓名" in await li.reads(at)
    assert (await li.browser.get(public, headers=HTML)).status_code == 404


async def test_guests_sign_in_and_strangers_bind_first(ends: Ends) -> None:
    guest = ends.browser()
    answer = await guest.get("/board/new", headers=HTML)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/signing-in")
    assert (await guest.post("/board/new", data=FILLED, headers=HTML)).status_code == 403
    wang = await member(ends, "王强")
    answer = await wang.browser.get("/board/new", headers=HTML)
    assert answer.status_code == 403 and "先绑定工号" in answer.text
    token = TOKEN.search(await wang.reads("/me"))
    assert token
    answer = await wang.browser.post("/board/new", data={"token": token[1], **FILLED}, headers=HTML)
    assert answer.status_code == 403 and await posts(ends) == []


async def test_the_same_form_twice_is_one_post_with_its_pictures(ends: Ends, li: Visiting) -> None:
    page = await li.reads("/board/new")
    token, once = TOKEN.search(page), ONCE.search(page)
    assert token and once
    for _ in range(2):
        data = {"token": token[1], "once": once[1], **FILLED}
        files = [("pictures", ("a.jpg", shot(), "image/jpeg"))]
        answer = await li.browser.post("/board/new", data=data, files=files, headers=HTML)
        assert answer.status_code == 303
    (post,) = await posts(ends)
    assert len(post.pictures) == 1
    assert [name async for name in ends.house.files.names()] == post.pictures


async def test_pictures_lose_their_past_and_their_owner(ends: Ends, li: Visiting) -> None:
    answer = await sends(li, "/board/new", shot(), shot((20, 20)))
    at = answer.headers["location"]
    got = await li.browser.get(f"{at}/pictures/1", headers=HTML)
    assert got.status_code == 200 and got.headers["content-type"] == "image/jpeg"
    assert b"Canon" not in got.content and b"secret place" not in got.content
    assert got.headers["cache-control"] == "no-store, private"
    guest = ends.browser()
    assert (await guest.get(f"{at}/pictures/1", headers=HTML)).status_code == 303
    async with ends.house.database.reading() as session:
        files = (await session.scalars(sa.select(StoredFile))).all()
    assert {(each.owner_id, each.kept, each.state) for each in files} == {(None, True, FileState.READY)}
    at = await decides(ends)
    assert (await guest.get(f"{at}/pictures/2", headers=HTML)).status_code == 200
    for wrong in ("0", "3", "-1", "99999999999999999999"):
        assert (await guest.get(f"{at}/pictures/{wrong}", headers=HTML)).status_code in (404, 422)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"<svg onload=alert(1)>", "不支持这种文件"),
        (b"", "空的"),
        (b"%PDF-1.7 nothing", "不是图片"),
        (b"\xff\xd8\xff broken", "已损坏"),
    ],
)
async def test_what_is_no_picture_is_not_taken(ends: Ends, li: Visiting, sent: bytes, said: str) -> None:
    answer = await sends(li, "/board/new", shot(), sent)
    assert answer.status_code == 422 and "第 2 张" in answer.text and said in answer.text
    assert "夜班赶不上。" in answer.text  # what was typed stays
    assert await posts(ends) == [] and [name async for name in ends.house.files.names()] == []


async def test_four_pictures_or_a_huge_form_are_not_taken(
    ends: Ends, li: Visiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await sends(li, "/board/new", *[shot()] * 4)
    assert answer.status_code == 422 and "最多 3 张图片" in answer.text
    monkeypatch.setattr(sent_pictures, "LARGEST", 100)
    assert "超过" in (await sends(li, "/board/new", shot())).text
    long = {"Content-Length": str(uploads.MOST + 1)}
    answer = await li.browser.post("/board/new", content=b"", headers=HTML | long)
    assert answer.status_code == 413 and "没有收下" in answer.text
    assert await posts(ends) == []


async def test_hostile_words_are_words(ends: Ends, li: Visiting) -> None:
    answer = await sends(li, title=HOSTILE[:30], text=HOSTILE + "\0\u202e")
    assert answer.status_code == 303, answer.text
    at = await decides(ends)
    for path in (at, "/board", "/board/mine", "/board?q=<script>"):
        page = await li.reads(path)
        assert "<script>alert" not in page and "\0" not in page and "49" not in page.split("</h1>")[0]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; =1+1 {{7*7}}" in await li.reads(at)


async def test_what_is_wrong_stands_at_its_field_and_the_rest_stays(ends: Ends, li: Visiting) -> None:
    answer = await sends(li, topic="", naming="nickname", nickname="工会主席")
    assert answer.status_code == 422
    assert "有 2 处要改" in answer.text and "请选一个话题" in answer.text and "工会主席" in answer.text
    assert 'value="晚饭早一点"' in answer.text


async def test_the_fourth_of_a_day_is_told_so(ends: Ends, li: Visiting) -> None:
    for _ in range(3):
        assert (await sends(li)).status_code == 303
    answer = await li.browser.get("/board/new", headers=HTML)
    assert answer.status_code == 429 and "一天最多发 3 条" in answer.text


async def test_words_of_danger_are_answered_first_and_told_to_who_is_on_duty(
    ends: Ends, li: Visiting
) -> None:
    answer = await sends(li, text=DANGER)
    assert answer.status_code == 200 and "110" in answer.text and "待审" in answer.text
    async with ends.house.database.reading() as session:
        (alert,) = (await session.scalars(sa.select(CrisisAlert))).all()
    assert DANGER in (alert.excerpt or "") and len(await posts(ends)) == 1
    answer = await sends(li, text=DANGER + "。", topic="")  # heard also where something else is wrong
    assert answer.status_code == 422 and "12356" in answer.text


async def test_changing_and_taking_back_while_nobody_has_decided(ends: Ends, li: Visiting) -> None:
    at = (await sends(li, "/board/new", shot())).headers["location"]
    (post,) = await posts(ends)
    form = await li.reads(f"{at}/edit")
    assert 'value="晚饭早一点"' in form and f'name="drop" value="{post.pictures[0]}"' in form
    answer = await sends(
        li, f"{at}/edit", shot(), title="早饭", version=str(post.version), drop=post.pictures[0]
    )
    assert answer.status_code == 303
    (changed,) = await posts(ends)
    assert changed.title == "早饭" and len(changed.pictures) == 1
    assert changed.pictures != post.pictures
    stale = await sends(li, f"{at}/edit", title="午饭", version=str(post.version))
    assert stale.status_code == 422 and "在别处改过" in stale.text and 'value="午饭"' in stale.text

    other = await member(ends, "王强")
    token = TOKEN.search(await other.reads("/me"))
    assert token
    for act in ("edit", "withdraw"):
        data = {"token": token[1], **FILLED}
        assert (await other.browser.post(f"{at}/{act}", data=data, headers=HTML)).status_code == 404
    assert (await li.taps(at, f"{at}/withdraw")).headers["location"] == "/board/mine"
    page = await li.reads(at)
    assert "已撤回" in page and "内容已经删除" in page
    assert (await li.browser.get(f"{at}/edit", headers=HTML)).status_code == 303
    await ends.house.rounds.once()
    assert [name async for name in ends.house.files.names()] == []


async def test_what_is_decided_is_not_the_writers_any_more(ends: Ends, li: Visiting) -> None:
    await sends(li)
    own = f"/board/mine/{board_rows.address_of((await posts(ends))[0], await li.person_id())}"
    stale = await li.reads(own)
    await decides(ends)
    token = TOKEN.search(stale)
    assert token
    answer = await li.browser.post(f"{own}/withdraw", data={"token": token[1]}, headers=HTML)
    assert answer.status_code == 409 and "不能再撤回" in answer.text
    hidden = await decides(ends, "hide", "提到了同事的姓名")
    assert "原因：提到了同事的姓名" in await li.reads(own)
    assert (await ends.browser().get(hidden, headers=HTML)).status_code == 404
    other = await member(ends, "王强")
    for act in ("like", "report"):
        found = await other.browser.post(
            f"{hidden}/{act}",
            data={"token": TOKEN.search(await other.reads("/me"))[1], "reason": "abuse"},  # type: ignore[index]
            headers=HTML,
        )
        assert found.status_code == 404


async def test_likes_and_reports_need_a_form_of_ours(ends: Ends, li: Visiting) -> None:
    await sends(li)
    at = await decides(ends)
    readers = [await member(ends, name) for name in ("王强", "赵敏", "孙丽")]
    assert (await readers[0].taps(at, f"{at}/like")).status_code == 303
    assert "已赞 1" in await readers[0].reads(at)
    await readers[0].taps(at, f"{at}/like")
    assert "赞 0" in await readers[0].reads(at)
    assert (await readers[0].browser.post(f"{at}/like", headers=HTML)).status_code == 403
    assert f'action="{at}/report"' not in await li.reads(at)

    answer = await readers[0].taps(at, f"{at}/report", reason="")
    assert answer.status_code == 422 and "请选举报的原因" in answer.text
    for number, who in enumerate(readers, 1):
        answer = await who.taps(at, f"{at}/report", reason="abuse", words=HOSTILE)
        assert answer.headers["location"] == ("/board" if number == 3 else f"{at}?reported=1")
        if number < 3:
            assert "已经记下" in await who.reads(f"{at}?reported=1")
    (post,) = await posts(ends)
    assert (post.state, post.reports) == (BoardState.HIDDEN, 3)
    assert "有多位职工举报" in await li.reads("/board/mine")


async def test_lists_are_narrowed_by_address(ends: Ends, li: Visiting) -> None:
    await sends(li)
    at = await decides(ends)
    guest = ends.browser()
    for query, found in [
        ("?topic=canteen", True),
        ("?topic=safety", False),
        ("?q=夜班", True),
        ("?q=早饭", False),
        ("?order=answered", False),
        ("?order=made-up&topic=made-up", True),
        (f"?after={at.rpartition('/')[2]}", False),
        ("?after=%00&q=%00", True),
    ]:
        page = (await guest.get(f"/board{query}", headers=HTML)).text
        assert ("晚饭早一点" in page) == found, query


async def test_all_posts_go_by_the_page_of_ones_own_data(ends: Ends, li: Visiting) -> None:
    await sends(li)
    at = await decides(ends)
    answer = await li.taps("/me/privacy/delete", "/me/privacy/delete", part="board")
    assert answer.status_code in (200, 303)
    (post,) = await posts(ends)
    assert (post.state, post.title) == (BoardState.WITHDRAWN, "")
    assert (await ends.browser().get(at, headers=HTML)).status_code == 404
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(Member))).one().person_id is not None
