"""Pasting: what Word, WeChat and pages put on the clipboard becomes our blocks, and nothing of it runs."""

import base64
import json
import re
import time
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
import sqlalchemy as sa

from app import rich_text
from app.console.blocks import MOST
from app.rich_text import MISSING, NotPasted, NotRichText, PastedPicture, from_pasted, gathered, to_typed
from app.rich_text.pasted_links import cleaned
from app.services import wechat_markup
from models import Article, ArticleMedia
from tests.both_ends import Ends
from tests.console_kit import HTML, Worker, ends
from tests.hostile_html import VECTORS, active
from tests.media_files import photo
from tests.newsroom import li, zhang
from tests.test_article_media import HEAD, Writing, page_of, published, writing

__all__ = ["ends", "li", "zhang"]

Row = tuple[str, str]
WORD = Path("tests/data/pasted_word.html").read_text("utf-8")
WECHAT = Path("tests/data/pasted_wechat.html").read_text("utf-8")


def pasted(html: str) -> list[Row]:
    """As rows of the form."""
    found: list[Row] = []
    for part in from_pasted(html):
        found += [("picture", "")] if isinstance(part, PastedPicture) else to_typed([part])
    return gathered(found)


def test_of_word_the_sense_stays_and_its_looks_go() -> None:
    assert pasted(WORD) == [
        ("heading", "关于冬季安全用电的通知"),
        (
            "paragraph",
            "各班组：\n\n入冬以来用电量**上升 12%**，请对照《[用电安全指南](https://www.example.com/guide)》检查。",
        ),
        ("numbers", "检查插座\n清理配电箱周围的杂物"),
        ("bullets", "不要私拉电线"),
        ("subheading", "时间安排"),
        ("paragraph", f"班组｜日期\n运维一班｜**12月1日**\n\n{MISSING}\n\n三、联系人：北京张师傅"),
        ("quote", "安全第一，预防为主。"),
    ]


def test_of_wechat_words_bold_and_places_of_pictures_stay() -> None:
    assert pasted(WECHAT) == [
        (
            "paragraph",
            f"**职工书屋开放啦**\n\n{MISSING}\n\n每天中午开门，带工作证就能进。\n请保持安静。\n\n"
            "上一篇：[冬训的照片](https://mp.weixin.qq.com/s?__biz=MzA4&mid=2650&idx=1&sn=9f2c)",
        ),
        ("bullets", "三千册书\n二十个座位"),
        ("quote", "读书使人充实。"),
    ]


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        ("<p>甲<p>乙<br><br>丙", [("paragraph", "甲\n\n乙\n\n丙")]),
        ("<b>粗</b>细<b style='font-weight:400'>也细</b>", [("paragraph", "**粗**细也细")]),
        ("<h3><strong>小标题</strong></h3>", [("subheading", "小标题")]),
        ("<ul><li>一<ol><li>里面</ol><li><p>二</p><p>还是二</p></ul>", [("bullets", "一\n里面\n二 还是二")]),
        ("<ol start=3><li>三<li>四</ol>", [("paragraph", "3. 三\n\n4. 四")]),
        ("<table><tr><td><h2>版</h2><p>栏</p></td></tr></table>", [("heading", "版"), ("paragraph", "栏")]),
        ("<p>2*3 [注] \\ **</p>", [("paragraph", "2\\*3 \\[注\\] \\\\ \\*\\*")]),
        ("<p>中文\n断行 and\nwords</p>", [("paragraph", "中文断行 and words")]),
        ("<p style='display:none'>藏</p>见", [("paragraph", "见")]),
        ("<p style='font-size:0'>零<span style='font-size:9px'>见</span></p>", [("paragraph", "见")]),
        ("<img src=https://x.example/a.png width=1>字", [("paragraph", "字")]),
        ("<img src=a><img src=b>", [("paragraph", MISSING)]),
        ("<a href='http://plain.example/'>不加密</a>", [("paragraph", "不加密")]),
        ("", []),
    ],
)  # fmt: skip
def test_what_becomes_what(html: str, rows: list[Row]) -> None:
    assert pasted(html) == rows
    assert pasted("") == [] and list(to_typed(rich_text.from_typed(rows)))[:1] == [
        (kind, text.partition("\n\n")[0]) for kind, text in rows[:1]
    ]


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://mp.weixin.qq.com/s?__biz=A&mid=1&chksm=2&scene=27#rd", "https://mp.weixin.qq.com/s?__biz=A&mid=1"),
        ("http://mp.weixin.qq.com/s/AbC?from=timeline", "https://mp.weixin.qq.com/s/AbC"),
        ("https://x.example/a?utm_source=w&id=7&spm=1#b", "https://x.example/a?id=7#b"),
        ("https://x.example/a(b) c?q=甲", "https://x.example/a%28b%29%20c?q=%E7%94%B2"),
        ("tel:95598", "tel:95598"),
        ("https://a:b@x.example/", ""),
        ("https://x.example:99999/", ""),
        ("https://[x/", ""),
        ("/console/content", ""),
        ("https://" + "x" * 1100 + ".example", ""),
    ],
)  # fmt: skip
def test_links_lose_what_follows_people_about(href: str, kept: str) -> None:
    assert cleaned(href) == kept


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 30_000,
        "<b>" * 900 + "x",
        "<p>" + "".join(f"<font x={n}>" for n in range(300)) + "<p>x" * 15_000,
        "<p>x" * 50_000,
        f"<b {' '.join(f'a{n}' for n in range(50_000))}>x",
        "x" * 2_000_001,
        "<a '" * 50_000,
    ],
)
def test_what_would_keep_us_busy_is_refused_at_once(html: str) -> None:
    before = time.process_time()
    with pytest.raises(NotPasted):
        from_pasted(html)
    assert time.process_time() - before < 2


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_hostile_that_is_pasted_or_typed_runs(vector: str) -> None:
    for html in (vector, f"<section><p>前{vector}后</p></section>", f"<table><tr><td>{vector}<td>乙"):
        rows = pasted(html)
        blocks = rich_text.from_typed(row for row in rows if row[0] != "picture")
        assert not active(rich_text.to_html(blocks)), rows
        assert list(to_typed(rich_text.load(rich_text.dump(blocks)))) == list(to_typed(blocks))
    try:
        typed = rich_text.from_typed([("paragraph", vector), ("bullets", vector), ("quote", vector)])
    except NotRichText:
        return
    assert not active(rich_text.to_html(typed))


def test_the_collection_would_run_where_nothing_stops_it() -> None:
    assert len(VECTORS) > 80 and sum(bool(active(vector)) for vector in VECTORS) > 80


# --- in the form -------------------------------------------------------------------------------------------


async def pastes(
    form: Writing, html: str | bytes, at: int = 0, before: str = "", after: str = ""
) -> httpx.Response:
    """As the page's script sends it; the form shows what came back."""
    data = HEAD | form.fields | {"token": await form.worker.token(), "do": "paste", "at": str(at)}
    data |= {"before": before, "after": after, "block_type": [kind for kind, _ in form.rows]}
    data |= {"block_text": [text for _, text in form.rows]}
    file = ("clip", html.encode() if isinstance(html, str) else html, "text/html")
    url = re.search(r'data-paste="([^"]+)"', form.page)
    assert url
    answer = await form.worker.browser.post(url[1], data=data, files={"html": file}, headers=HTML)
    if answer.status_code in (200, 422):
        form._read(answer.text)
    return answer


def carried(data: bytes, kind: str = "image/png") -> str:
    return f'<p>图：<img src="data:{kind};base64,{base64.b64encode(data).decode()}"></p>'


async def test_what_is_pasted_stands_where_the_cursor_was(ends: Ends, zhang: Worker, li: Worker) -> None:
    form = await writing(zhang)
    form.rows = [("paragraph", "开头结尾"), ("bullets", "一项")]

    assert (await pastes(form, "<p>插入<b>粗</b></p>", 0, "开头", "结尾")).status_code == 200
    assert form.rows == [("paragraph", "开头插入**粗**结尾"), ("bullets", "一项")]
    await pastes(form, "<h2>题</h2><ul><li>甲<li>乙</ul>", 0, "开头\n", "\n结尾")
    assert form.rows == [
        *(("paragraph", "开头"), ("heading", "题"), ("bullets", "甲\n乙")),
        *(("paragraph", "结尾"), ("bullets", "一项")),
    ]
    assert 'id="pasted"' in form.page and 'data-at="2"' in form.page

    answer = await pastes(form, "<script>alert(1)</script>", 1)
    assert answer.status_code == 422 and "没有可以用的文字" in answer.text and len(form.rows) == 5
    many = "".join(f"<h2>{n}</h2>" for n in range(MOST))
    answer = await pastes(form, many, 1)
    assert answer.status_code == 422 and "放不下" in answer.text and form.rows[1] == ("heading", "题")

    key = await published(ends, form, li)
    assert "<li>甲</li><li>乙</li>" in await page_of(ends, key)
    again = await Writing(zhang, f"/content/article/{key}/edit").opens()
    await pastes(again, "<p>补充</p>", 0, "开头", "")
    assert again.rows[0] == ("paragraph", "开头补充")


async def test_pictures_come_along_only_when_they_are_some(ends: Ends, zhang: Worker, li: Worker) -> None:
    form = await writing(zhang)
    lies = carried(b"<svg onload=alert(1)>", "image/svg+xml") + carried(b"MZ") + carried(photo(20, 20, "PNG"))

    answer = await pastes(form, carried(photo(900, 600)) + lies + '<img src="https://x.example/a.png">')

    assert answer.status_code == 200 and "带来 1 张图片" in answer.text and "没有收下" in answer.text
    assert [kind for kind, _ in form.rows] == ["paragraph", "picture", "paragraph"]
    assert form.rows[2][1].count(MISSING) == 3, "one line for two that follow each other"
    async with ends.house.database.reading() as session:
        assert [each.name for each in await session.scalars(sa.select(ArticleMedia))] == ["粘贴的图片 1"]
    form.fields["m1-0-alt"] = "合影"
    assert "合影" in await page_of(ends, await published(ends, form, li))


async def test_who_may_not_write_pastes_nothing(ends: Ends, zhang: Worker, li: Worker) -> None:
    form = await writing(zhang)
    form.worker = li
    assert (await pastes(form, "<p>字</p>")).status_code == 403
    form.worker, form.page = zhang, form.page.replace(form.fields["key"], "socket-sparks")
    assert (await pastes(form, "<p>字</p>")).status_code == 404


async def test_nothing_hostile_comes_through_to_any_reader(ends: Ends, zhang: Worker, li: Worker) -> None:
    plain = await writing(zhang)
    plain.rows = [("paragraph", "无害"), ("picture", "")]
    await pastes(plain, carried(photo(900, 600)))
    plain.fields |= {f"m{number}-0-alt": "合影" for number in range(3)}
    plain.rows = [row for row in plain.rows if row[1]]
    harmless = await _read_everywhere(ends, li, await published(ends, plain, li))

    for typed in (False, True):
        form = await writing(zhang)
        if typed:
            form.rows = [
                (kind, text) for kind in ("paragraph", "quote") for text in _typeable()[kind == "quote" :: 2]
            ]
        else:
            whole = "".join(f"<div>{vector}</div>" for vector in VECTORS if "<plaintext" not in vector)
            assert (await pastes(form, whole)).status_code == 200
        form.rows.append(("paragraph", ""))
        await pastes(form, carried(photo(900, 600)), len(form.rows) - 1)
        evil = '"><img src=x onerror=alert(1)>'
        at = next(number for number, (kind, _) in enumerate(form.rows) if kind == "picture")
        form.fields |= {f"m{at}-0-alt": evil, f"m{at}-0-caption": evil, "title": evil, "summary": evil * 2}
        form.fields |= {"author": '"><b onx=1>', "source_name": evil}
        found = await _read_everywhere(ends, li, await published(ends, form, li))

        for place, html in found.items():
            assert active(html) - active(harmless[place]) == {}, place
        assert "onerror" in found["portal"], "as words it is there"


def _typeable() -> list[str]:
    """Those that may be typed as they are; what looks like a link to nowhere is typed as words."""
    found = []
    for vector in VECTORS:
        try:
            rich_text.from_typed([("paragraph", vector)])
            found.append(vector)
        except NotRichText:
            found.append(re.sub(r"([\[\]*])", r"\\\1", vector))
    return ["\n\n".join(found[at : at + 3]) for at in range(0, len(found), 3)]


async def _read_everywhere(ends: Ends, li: Worker, key: str) -> dict[str, str]:
    """By where it is read, the HTML that is there."""
    atom = ElementTree.fromstring((await ends.web.get("/news/feed.atom")).content)
    entries = [each.text or "" for each in atom.iter("{http://www.w3.org/2005/Atom}content")]
    api = (await ends.web.get(f"/api/v1/news/{key}")).text
    hrefs = [json.loads(each) for each in re.findall(r'"href":("(?:[^"\\\\]|\\\\.)*")', api)]
    feed = json.loads((await ends.web.get("/news/feed.json")).text)
    async with ends.house.database.reading() as session:
        article = (await session.scalars(sa.select(Article).where(Article.public_id == key))).one()
        wechat = wechat_markup.converted(article)
    return {
        "portal": await page_of(ends, key),
        "atom": entries[0],
        "json": feed["items"][0]["content_html"],
        "api": "".join(f'<a href="{escape(each)}">' for each in hrefs),
        "console": await li.reads(f"/content/article/{key}"),
        "history": await li.reads(f"/content/article/{key}/history"),
        "list": (await ends.web.get("/news")).text,
        "wechat page": await li.reads(f"/content/article/{key}/wechat"),
        "wechat": wechat.content,
    }
