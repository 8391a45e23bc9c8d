"""Pictures, films, files and cards in articles: written in the console, read on the portal and at WeChat."""

import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import sqlalchemy as sa
from PIL import Image

from app.jobs import retention, stored_files
from app.jobs.wechat_articles import Publisher
from app.services import article_media, panoramas
from models import AccountKind, ArticleCut, ArticleMedia, FileState, StoredFile, WeChatArticle
from tests import making
from tests.both_ends import OURS, Ends
from tests.console_kit import CONSOLE, HTML, Worker, ends
from tests.framed import framed
from tests.media_files import film, pdf, photo, photo_with_place, sound
from tests.newsroom import li, zhang
from tests.panorama_kit import Darkroom, globe

__all__ = ["ends", "li", "zhang"]

HEAD: dict[str, Any] = {
    "title": "冬训的照片",
    "category": "union",
    "summary": "三个班组的合影。",
    "author": "公司工会",
}
HOUR = timedelta(hours=1)
Row = tuple[str, str]  # type and words of a block
File = tuple[str, tuple[str, bytes, str]]


class Writing:
    """The form of one article in a browser: what it shows is what is sent next."""

    def __init__(self, worker: Worker, address: str) -> None:
        self.worker, self.address = worker, address
        self.page, self.rows, self.fields = "", list[Row](), dict[str, str]()

    async def opens(self) -> "Writing":
        self._read((await self.worker.gets(self.address)).text)
        return self

    async def sends(self, do: str, *files: File, **given: Any) -> httpx.Response:
        """`given`: `m0-0-alt` and the like, with an underscore for each line."""
        told = HEAD | self.fields | {name.replace("_", "-"): value for name, value in given.items()}
        if "add-type" in told:
            told["add_type"] = told.pop("add-type")
        data = told | {
            "do": do,
            "token": await self.worker.token(),
            "block_type": [kind for kind, _ in self.rows],
            "block_text": [text for _, text in self.rows],
        }
        url = f"{CONSOLE}{self.address}"
        answer = await self.worker.browser.post(url, data=data, files=list(files) or None, headers=HTML)
        if answer.status_code in (200, 422) and do != "preview":
            self._read(answer.text)
        return answer

    async def adds(self, kind: str, *files: bytes, name: str = "照片.jpg", **given: Any) -> int:
        """One more block, last; its number."""
        await self.sends("add", add_type=kind)
        number = len(self.rows) - 1
        sent = [(f"m{number}-file", (name, data, "application/octet-stream")) for data in files]
        answer = await self.sends("stay", *sent)
        assert answer.status_code == 200, answer.text
        self.fields |= {f"m{number}-0-{field}": value for field, value in given.items()}
        return number

    def _read(self, page: str) -> None:
        self.page = page
        chosen = r'name="block_type"[^>]*?(?: value="(\w+)">|>.*?<option value="(\w+)" selected>.*?</select>)'
        kinds = [media or words for media, words in re.findall(chosen, page)]
        texts = re.findall(r'<textarea name="block_text"[^>]*>(.*?)</textarea>', page, re.DOTALL)
        self.rows = list(zip(kinds, map(unescape, texts), strict=True))
        for name in ("version", "key"):
            found = re.search(rf'name="{name}" value="([^"]*)"', page)
            self.fields[name] = found[1] if found else ""


async def writing(worker: Worker) -> Writing:
    return await Writing(worker, "/content/new?kind=article").opens()


async def published(ends: Ends, written: Writing, li: Worker) -> str:
    """Submitted and approved; its public id."""
    answer = await written.sends("submit")
    assert answer.status_code == 303, answer.text
    path = str(answer.headers["location"]).removeprefix(CONSOLE)
    version = re.search(r'name="version" value="(\d+)"', await li.reads(path))
    assert version
    assert "已通过" in await li.does(f"{path}/approve", version=version[1])
    return path.rpartition("/")[2]


async def page_of(ends: Ends, key: str) -> str:
    answer = await ends.web.get(f"/news/{key}", headers=HTML)
    assert answer.status_code == 200
    return answer.text


def sources(page: str, of: str = "src") -> list[str]:
    return [unescape(each) for each in re.findall(rf'\s{of}="(/(?:news|console)/[^"]+)"', page)]


async def test_a_picture_is_uploaded_cut_reviewed_read_shared_and_laid_at_wechat(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    form = await writing(zhang)
    number = await form.adds("picture", photo_with_place(), shape="1x1", point="50-0")
    assert "照片.jpg" not in form.page and (seen := sources(form.page))
    assert (await ends.web.get(seen[0])).status_code == 303, "nobody who is not signed in"
    answer = await form.sends("submit")
    assert answer.status_code == 422 and "图上是什么" in answer.text and "冬训的照片" in answer.text

    form.fields |= {f"m{number}-0-alt": "队员<b>在山顶", f"m{number}-0-caption": "11 月 20 日"}
    preview = framed((await form.sends("preview")).text, "手机网页")
    key = form.fields["key"]
    shown = sources(preview)
    assert shown and shown[0].startswith(f"/console/content/article/{key}/media/")
    assert (await zhang.gets(shown[0].removeprefix(CONSOLE))).status_code == 200
    draft = shown[0].replace("/console/content/article/", "/news/")
    assert (await ends.web.get(draft, headers=HTML)).status_code == 404, "a draft's pictures are its own"
    assert await published(ends, form, li) == key

    page = await page_of(ends, key)
    assert (
        'alt="队员&lt;b&gt;在山顶" width="800" height="800" loading="lazy"' in page and "11 月 20 日" in page
    )
    several = re.search(r'srcset="([^"]+)"', page)
    assert several and [each.rpartition(" ")[2] for each in several[1].split(", ")] == ["480w", "800w"]
    for each in several[1].split(", "):
        got = await ends.web.get(each.partition(" ")[0])
        picture = Image.open(io.BytesIO(got.content))
        assert picture.width == picture.height and not picture.getexif()
        assert got.headers["cache-control"] == "public, max-age=604800, immutable"
        assert got.headers["content-type"] == "image/jpeg"
    image = re.search(r'og:image" content="([^"]+)"', page)
    assert image and image[1].startswith(f"{OURS}/news/{key}/media/") and image[1].endswith("/800")
    assert f'<img class="thumb" src="/news/{key}/media/' in (await ends.web.get("/news")).text
    feed = (await ends.web.get("/news/feed.atom")).text
    assert f"{OURS}/news/{key}/media/" in feed
    at_us = await li.reads(f"/content/article/{key}/wechat")
    assert f"/console/content/article/{key}/media/" in at_us and "picture.invalid" not in at_us

    draft = await _lies_at_wechat(ends, li, key)
    assert draft.count("/mmbiz/") == 1 and "11 月 20 日" in draft
    await li.does(f"/content/article/{key}/withdraw", reason="换一张")
    assert (await ends.web.get(sources(page)[0], headers=HTML)).status_code == 404


async def _lies_at_wechat(ends: Ends, li: Worker, key: str) -> str:
    """As a draft there, its pictures at WeChat's own addresses, the first its cover; the body."""
    await li.does(f"/content/article/{key}/wechat/draft")
    house = ends.house
    await Publisher(
        *(house.database, house.wechat, house.clock, house.files), house.accounts[AccountKind.OFFICIAL][0]
    ).run()
    async with house.database.reading() as session:
        row = (await session.scalars(sa.select(WeChatArticle))).one()
    (draft,) = (await house.wechat.drafts.get(row.media_id or "")).articles
    assert "picture.invalid" not in draft.content and row.reason == ""
    assert (await house.wechat.media.count_permanent()).images == 1
    return draft.content


async def test_each_kind_of_block_is_shown_everywhere_and_by_itself(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        times = {"opens_at": now - HOUR, "closes_at": now + 24 * HOUR, "starts_at": now + 48 * HOUR}
        times |= {"changes_until": now + 24 * HOUR, "ends_at": now + 50 * HOUR}
        walk = await making.activity(session, "健步走", capacity=30, **times)
    form = await writing(zhang)
    form.rows = [("paragraph", "先看视频。")]
    several = [photo(900 - 10 * n, 600) for n in range(7)]  # more than one step brings to WeChat
    gallery = await form.adds("gallery", *several)
    form.fields |= {f"m{gallery}-{n}-alt": f"第{n}张" for n in range(7)}
    await _puts_one_ahead(form, gallery)
    await form.adds("attachment", pdf(), name="../方案<1>.pdf")
    film_at = await form.adds("video", film(size=700_000), name="安全片.mp4")
    await form.sends("stay", (f"m{film_at}-poster", ("a.png", photo(1280, 720, "PNG"), "image/png")))
    await form.adds("audio", sound(), name="广播.m4a")
    await form.adds("activity", key=walk.public_id)
    await form.adds("tip", key="socket-sparks")
    tour = await _tour(ends)
    await form.adds("panorama", key=tour)
    key = await published(ends, form, li)

    page = await page_of(ends, key)
    assert page.count('<figure class="in-gallery"') == 1 and 'alt="第1张"' in page
    assert 'href="/activities/' in page and "正在报名" in page and "健步走" in page
    assert "/tips/socket-sparks" in page and "插座冒火花" in page
    preview = re.search(rf'src="(/panoramas/{tour}/pictures/\w+/preview)"', page)
    assert preview and (await ends.web.get(preview[1])).status_code == 200 and "三千册书" in page
    assert 'preload="none"' in page and "poster=" in page and "<audio" in page
    words = await li.reads(f"/content/article/{key}")
    assert "【视频】安全片" in words and "【活动】健步走" in words and "【附件】方案&lt;1&gt;" in words
    api = (await ends.web.get(f"/api/v1/news/{key}")).json()
    assert [each["type"] for each in api["blocks"]] == [kind for kind, _ in form.rows]
    shot = api["blocks"][1]["shots"][0]
    got = await ends.web.get(f"{api['media']}/{shot['file']}/{shot['cut']}/{shot['width']}")
    assert got.status_code == 200 and shot["width"] == 900
    at_wechat = await li.reads(f"/content/article/{key}/wechat")
    assert "【视频】安全片" in at_wechat and "阅读原文" in at_wechat and "<video" not in at_wechat

    assert (await _lies_at_wechat(ends, li, key)).count("/mmbiz/") == 7

    await _plays_and_is_taken_away(ends, page)


async def _plays_and_is_taken_away(ends: Ends, page: str) -> None:
    await _ranges(ends, re.findall(r'<video[^>]* src="([^"]+)"', page)[0])
    (file,) = re.findall(r'class="in-file"><a href="([^"]+)"', page)
    taken = await ends.web.get(file)
    assert taken.content == pdf() and taken.headers["content-type"] == "application/pdf"
    assert taken.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert taken.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in taken.headers["content-security-policy"]


async def _puts_one_ahead(form: Writing, gallery: int) -> None:
    await form.sends(f"ahead-{gallery}-2")
    assert [form.page.index(f'value="第{n}张"') for n in (0, 2, 1)] == sorted(
        form.page.index(f'value="第{n}张"') for n in range(3)
    )
    form.fields |= {f"m{gallery}-{n}-alt": f"第{n}张" for n in range(7)}
    for hostile in ("ahead-", "ahead-9-9", f"ahead-{gallery}-0", f"ahead-{gallery}-99", "ahead-x-y-z"):
        assert (await form.sends(hostile)).status_code == 200


async def _tour(ends: Ends) -> str:
    """A panorama that is shown; its public id."""
    house = ends.house
    room = Darkroom(house.database, house.files, house.clock)  # type: ignore[arg-type]
    tour, (scene,) = await room.tour("大厅")
    await room.takes(scene, globe())
    await room.cuts()
    async with house.database.transaction() as session:
        await panoramas.publish(session, await panoramas.get(session, tour.public_id, drafts=True))
    return tour.public_id


async def _ranges(ends: Ends, film_at: str) -> None:
    whole = (await ends.web.get(film_at)).content
    size = len(whole)
    for asked, first, last in (
        ("bytes=0-99", 0, 99),
        ("bytes=600000-", 600_000, size - 1),
        ("bytes=-5", size - 5, size - 1),
    ):
        part = await ends.web.get(film_at, headers={"Range": asked})
        assert part.status_code == 206 and part.content == whole[first : last + 1]
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
    assert (await ends.web.get(film_at, headers={"Range": f"bytes={len(whole)}-"})).status_code == 416
    assert (await ends.web.get(film_at, headers={"Range": "lines=1-2"})).status_code == 200


async def test_what_is_refused_costs_nothing_else_and_another_articles_files_are_not_shown(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    form = await writing(zhang)
    await form.sends("add", add_type="gallery")
    bad = ("m1-file", ("假的.jpg", b"MZ\x90\0 not a picture", "image/jpeg"))
    good = ("m1-file", ("真的.jpg", photo(600, 400), "image/jpeg"))
    answer = await form.sends("save", bad, good)

    assert answer.status_code == 422 and "「假的.jpg」没有收下" in answer.text
    assert len(sources(form.page)) == 1
    form.fields["m1-0-alt"] = "看得见"
    form.rows[0] = ("paragraph", "正文在这里。")
    mine = await published(ends, form, li)

    other = await writing(zhang)
    other.rows = [form.rows[1]]
    stolen = await other.sends("submit")
    assert stolen.status_code == 422 and "已经不在，请重新上传" in stolen.text
    (shown,) = sources(await page_of(ends, mine))
    for wrong in (
        shown.replace(mine, "0" * 16),
        shown.replace("/whole/", "/1x1-50-50/"),
        shown.replace("/whole/600", "/whole/481"),
        shown.replace("/whole/600", "/whole/" + "9" * 400),
        shown.replace("/whole/600", ""),
        shown.replace("/whole/600", "/../../etc/480"),
    ):
        assert (await ends.web.get(wrong, headers=HTML)).status_code == 404, wrong
    for hostile in (
        "文件 ../../etc/passwd",
        "文件 abc\n说明 看",
        "裁剪 16x9-999-1",
        "说明 只有说明",
        "x" * 5000,
    ):
        other.rows = [("picture", hostile)]
        assert (await other.sends("submit")).status_code == 422
    gone = await writing(zhang)
    await gone.adds("activity", key="0" * 16)
    assert "已经撤下" in (await gone.sends("submit")).text


async def test_what_no_text_names_is_swept_and_what_one_names_stays(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    form = await writing(zhang)
    await form.adds("picture", photo(900, 600), alt="留下的")
    await form.adds("picture", photo(800, 600), alt="去掉的")
    await form.sends("remove-2")
    form.rows[0] = ("paragraph", "正文在这里。")
    key = await published(ends, form, li)
    house = ends.house
    late = house.clock.now() + article_media.LOOSE_FOR + timedelta(hours=1)

    assert await retention.apply(house.database, article_media.sweep, house.clock.now()) == 0
    assert await retention.apply(house.database, article_media.sweep, late) == 1
    assert await retention.apply(house.database, article_media.sweep, late) == 0

    async with house.database.reading() as session:
        (left,) = await session.scalars(sa.select(ArticleMedia))
        cuts = (await session.scalars(sa.select(ArticleCut))).all()
        gone = (
            await session.scalars(sa.select(StoredFile).where(StoredFile.state == FileState.DELETED))
        ).all()
    assert left.width == 900 and {each.media_id for each in cuts} == {left.id} and len(gone) == 3
    assert await stored_files.tidy(house.database, house.files, house.clock) == 3
    for each in sources(await page_of(ends, key)):
        assert (await ends.web.get(each)).status_code == 200
