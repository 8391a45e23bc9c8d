"""Previews: a draft as the portal, WeChat and each card will show it, before anybody reads it."""

from typing import Any

from models import Role
from tests.both_ends import Ends
from tests.console_kit import Worker, at_work, ends
from tests.framed import framed
from tests.newsroom import zhang

__all__ = ["ends", "zhang"]

ARTICLE: dict[str, Any] = {
    "title": "职工书屋开放了",
    "category": "notice",
    "summary": "每天中午开门，带工作证就行。",
    "author": "公司工会",
    "block_type": ["paragraph", "paragraph"],
    "block_text": ["二楼**东侧**，见[地图](/news)。", "<script>alert(1)</script>"],
}
NEW = "/content/new?kind=article"


async def looks(worker: Worker, **filled: Any) -> str:
    """What the button of the form opens; nothing is stored of it."""
    answer = await worker.sends(NEW, do="preview", **(ARTICLE | filled))
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert (
        "default-src 'none'" in policy and "script-src" not in policy
    )  # where styles may stand, no script may
    return answer.text


async def test_an_article_is_seen_on_every_ground_on_which_it_is_met(zhang: Worker) -> None:
    page = await looks(zhang)

    on_phone, at_wechat = framed(page, "手机网页"), framed(page, "公众号文章")
    assert "二楼<strong>东侧</strong>" in on_phone and '<a href="/news"' in on_phone
    assert 'style="font-weight:bold' in at_wechat and 'href="/news"' not in at_wechat
    assert "请点文末「阅读原文」打开" in at_wechat and '<p class="mark"' not in at_wechat
    for framed_page in (on_phone, at_wechat):
        assert "<script>" not in framed_page and "&lt;script&gt;alert(1)" in framed_page
    cards = page.partition('data-test="卡片"')[2]
    assert cards.count("职工书屋开放了") == 6 and cards.count("每天中午开门，带工作证就行。") == 2
    assert 'class="cover drawn"' in cards and "正文没有图片" in cards and "发送人是「" in cards


async def test_what_wechat_would_refuse_is_said_and_the_rest_is_seen(zhang: Worker) -> None:
    """WeChat takes fewer characters in an article than our page."""
    page = await looks(zhang, block_type=["paragraph"] * 4, block_text=["电" * 9000] * 4)

    assert "还不能放进公众号：正文连同排版有" in page and 'title="公众号文章"' not in page
    assert "电" * 9000 in framed(page, "手机网页")
    lacking = await looks(zhang, summary="")
    assert "还不能预览：摘要应为 4 到 120 个字" in lacking and "<iframe" not in lacking


async def test_an_answer_is_seen_as_a_page_and_in_the_chat(ends: Ends, zhang: Worker) -> None:
    page = await zhang.reads("/content/tip/socket-sparks/preview")

    assert '<article class="reading">' in framed(page, "手机网页")
    said = page.partition('data-test="聊天里">')[2].partition("</pre>")[0]
    asked = (await (await ends.platform.follower("王秀兰")).says("插座冒火花")).text
    assert said and said.splitlines()[0] in asked


async def test_a_long_article_is_changed_without_losing_a_word(ends: Ends, zhang: Worker) -> None:
    """More blocks than a form grows to, each kept: paragraphs that follow each other share one."""
    words = [f"第 {n} 段。" for n in range(150)]
    heads = [f"第 {n} 节" for n in range(210)]
    kinds = ["paragraph"] * 150 + ["heading"] * 210
    li = await at_work(ends, "李娜", Role.APPROVER)
    given = ARTICLE | {"block_type": kinds, "block_text": words + heads}
    answer = await zhang.sends(NEW, do="submit", **given)
    path = str(answer.headers["location"]).removeprefix("/console")
    await li.does(f"{path}/approve", version="2")
    public = f"/news/{path.rpartition('/')[2]}"
    before = (await ends.web.get(public)).text
    assert before.count("<h2>第 ") == 210 and "<p>第 149 段。</p>" in before

    page = await zhang.reads(f"{path}/edit")
    assert page.count('name="block_text"') == 211  # all paragraphs in one
    typed = ["\n\n".join(words), *heads, "尾声"]
    again = ARTICLE | {"block_type": ["paragraph", *["heading"] * 210, "paragraph"], "block_text": typed}
    await zhang.does(f"{path}/edit", do="submit", version="", **again)
    review = await li.reads(path)
    version = review.partition('name="version" value="')[2].partition('"')[0]
    await li.does(f"{path}/approve", version=version)
    after = (await ends.web.get(public)).text
    assert after.count("<h2>第 ") == 210 and after.count("<p>第 ") == 150 and "尾声" in after
