"""History of content: what was saved stays to be read, compared and brought back, and nothing shown moves."""

import asyncio
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.jobs import retention as job
from app.services import content_differences, content_forms, content_revisions
from app.services.content_differences import ADDED, REMOVED, SAME, Part
from models import ContentKind, ContentRevision, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_content import ARTICLE, SHIPPED, TIP, li, written, zhang

__all__ = ["admin", "ends", "li", "zhang"]


async def revisions(ends: Ends, path: str) -> list[ContentRevision]:
    key = path.rsplit("/", 1)[1]
    chosen = sa.select(ContentRevision).where(ContentRevision.key == key).order_by(ContentRevision.number)
    async with ends.house.database.reading() as session:
        return list(await session.scalars(chosen))


async def test_each_save_that_changed_something_is_kept_and_says_what(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    path = await written(zhang, "article", do="save")
    await zhang.does(f"{path}/edit", do="save", version="1", **ARTICLE)  # the same once more
    changed = ARTICLE | {
        "summary": "每天中午和晚上开门。",
        "block_text": ["在哪里", "三楼**东侧**，见[地图](/news)。", "", "慢读"],
    }
    await zhang.does(f"{path}/edit", do="submit", version="2", **changed)

    assert [(row.number, row.by) for row in await revisions(ends, path)] == [(1, "张伟"), (2, "张伟")]
    page = await li.reads(f"{path}/history")
    assert "第 1 版 → 第 2 版" in page and "每天中午<ins>和晚上</ins>开门。" in page
    named = re.findall("<dt>([^ <]*)", page.split('data-test="differences"')[1].split("</dl>")[0])
    assert named == ["摘要", "第", "删去的列表", "删去的引用", "第"]
    assert "<ins>三</ins>" in page and "<del>二</del>" in page and "<del>带工作证\n保持安静</del>" in page
    await li.does(f"{path}/approve", version="4")
    shown = await li.reads(f"{path}/history?old=shown&new=1")
    assert "公众号里现在的样子 → 第 1 版" in shown and "每天中午<del>和晚上</del>开门。" in shown
    rows = await revisions(ends, path)
    assert [row.shown_at is not None for row in rows] == [False, True]


async def test_an_old_one_is_brought_back_as_a_draft_and_what_is_shown_stays(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    both = await at_work(ends, "赵敏", Role.EDITOR, Role.APPROVER)
    await both.does(f"{SHIPPED}/edit", do="submit", version="", **TIP)
    refused = await zhang.sends(f"{SHIPPED}/restore", number="1", version="2")
    assert refused.status_code == 422 and "正在审核" in refused.text
    assert 'data-test="waits"' in await zhang.reads(f"{SHIPPED}/history?new=1")
    await li.does(f"{SHIPPED}/approve", version="2")

    page = await zhang.reads(f"{SHIPPED}/history?new=1")
    assert "随系统提供" in page and "恢复第 1 版" in page and "第 1 版的全文" in page
    said = await zhang.does(f"{SHIPPED}/restore", number="1", version="")
    assert "已按第 1 版写成草稿" in said and "先做：马上离开插座" in said
    assert "石榴园水泵" in (await ends.web.get("/tips/socket-sparks")).text

    again = await zhang.sends(f"{SHIPPED}/restore", number="1", version="1")
    assert again.status_code == 422 and "不用恢复" in again.text
    late = await zhang.sends(f"{SHIPPED}/restore", number="2", version="")
    assert late.status_code == 422 and "张伟 在" in late.text
    for number in ("9", "x", ""):
        assert (await zhang.sends(f"{SHIPPED}/restore", number=number, version="1")).status_code == 404
    assert "已按第 2 版" in await zhang.does(f"{SHIPPED}/restore", number="2", version="1")
    await zhang.does(f"{SHIPPED}/edit", do="submit", version="3", **TIP)
    # The words are hers, whoever brought them back.
    own = await both.sends(f"{SHIPPED}/approve", version="5")
    assert own.status_code == 422 and "您自己写的" in own.text
    acts = [act.act for act in await acts_of(ends, "content.restore")]
    assert len(acts) == 2
    assert [row.by for row in await revisions(ends, SHIPPED)] == ["", "赵敏", "张伟", "张伟"]


async def test_two_who_bring_back_at_once_make_one_draft(ends: Ends, zhang: Worker, li: Worker) -> None:
    path = await written(zhang, do="save")
    await zhang.does(f"{path}/edit", do="save", version="1", **(TIP | {"title": "水泵"}))
    wu = await at_work(ends, "吴刚", Role.EDITOR)

    answers = await asyncio.gather(
        *(each.sends(f"{path}/restore", number="1", version="2") for each in (zhang, wu))
    )

    assert sorted(answer.status_code for answer in answers) == [303, 422]
    assert [row.number for row in await revisions(ends, path)] == [1, 2, 3]
    for reader, status in ((li, 403), (await at_work(ends, "周正", Role.AUDITOR), 403)):
        assert (await reader.sends(f"{path}/restore", number="1", version="3")).status_code == status
    assert (await li.gets("/content/tip/nothing/history")).status_code == 404
    assert "还没有历史版本" in await li.reads(f"{SHIPPED}/history?old=7&new=x")


async def test_what_was_never_shown_is_forgotten_after_a_year_unless_it_is_being_written(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    await zhang.does(f"{SHIPPED}/edit", do="save", version="", **(TIP | {"title": "水泵"}))
    await zhang.does(f"{SHIPPED}/edit", do="submit", version="1", **TIP)
    database, rule = ends.house.database, content_revisions.forget_old
    later = ends.house.clock.now() + timedelta(days=367)

    assert await job.apply(database, rule, later) == 0
    await li.does(f"{SHIPPED}/approve", version="3")
    assert await job.apply(database, rule, later - timedelta(days=2)) == 0
    assert await job.apply(database, rule, later) == 1

    assert [row.number for row in await revisions(ends, SHIPPED)] == [1, 3]


PAIRS = [
    ("每天开门", "每天中午开门", [(SAME, "每天"), (ADDED, "中午"), (SAME, "开门")]),
    ("电话95598", "电话12351", [(SAME, "电话"), (REMOVED, "95598"), (ADDED, "12351")]),
    ("一样", "一样", [(SAME, "一样")]),
    ("", "新的", [(ADDED, "新的")]),
    ("甲的乙", "丙的丁", [(REMOVED, "甲的乙"), (ADDED, "丙的丁")]),
]


@pytest.mark.parametrize(("old", "new", "parts"), PAIRS)
def test_words_are_compared_as_a_reader_would(old: str, new: str, parts: list[tuple[str, str]]) -> None:
    assert content_differences.of_words(old, new) == tuple(Part(*each) for each in parts)


def test_long_texts_are_compared_within_a_moment_and_lose_nothing() -> None:
    old, new = "甲乙丙丁" * 5000, "甲丙乙丁" * 5000

    parts = content_differences.of_words(old, new)

    assert "".join(part.text for part in parts if part.fate != ADDED) == old
    assert "".join(part.text for part in parts if part.fate != REMOVED) == new


def test_a_block_that_was_moved_changed_or_of_another_type_says_so() -> None:
    old = content_forms.empty(ContentKind.ARTICLE) | {
        "blocks": [["paragraph", "书屋在二楼东侧，带工作证。"], ["quote", "开卷有益"], ["bullets", "安静"]]
    }
    new = old | {
        "blocks": [["heading", "书屋"], ["quote", "书屋在二楼西侧，带工作证。"], ["bullets", "安静"]]
    }

    found = content_differences.between(ContentKind.ARTICLE, old, new)

    said = [(each.label, each.what) for each in found]
    assert said == [
        ("第 1 块标题", "新增"),
        ("第 2 块引用", "由段落改为引用"),
        ("删去的引用", "删去"),
    ]
    assert re.sub(r"\s", "", "".join(part.text for part in found[1].parts)) == "书屋在二楼东西侧，带工作证。"
