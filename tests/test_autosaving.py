"""Drafts that save themselves: one sitting one revision and one act, and nobody's words written over."""

import re
from typing import Any

import sqlalchemy as sa

from models import ContentDraft, ContentRevision, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, at_work, ends
from tests.test_console_content import ARTICLE, SHIPPED, TIP, li, version, written, zhang

__all__ = ["ends", "li", "zhang"]


async def saves(worker: Worker, path: str, read: Any, **filled: Any) -> dict[str, Any]:
    answer = await worker.sends(f"{path}/autosave", version=str(read), **(ARTICLE | filled))
    assert answer.status_code in (200, 409), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def revisions(ends: Ends, path: str) -> list[tuple[str, bool]]:
    chosen = sa.select(ContentRevision).where(ContentRevision.key == path.rpartition("/")[2])
    async with ends.house.database.reading() as session:
        rows = (await session.scalars(chosen.order_by(ContentRevision.number))).all()
    return [(row.title, row.by_itself) for row in rows]


async def test_a_sitting_is_one_revision_and_one_act(ends: Ends, zhang: Worker, li: Worker) -> None:
    page = await zhang.reads("/content/new?kind=article")
    found = re.search(r'data-autosave="/console([^"]+)/autosave"', page)
    assert found
    path = found[1]

    told = await saves(zhang, path, "", title="")
    assert (
        told["version"] == 1
        and told["address"] == f"/console{path}/edit"
        and re.match(r"\d\d:\d\d", told["at"])
    )
    assert "还没有标题" in await zhang.reads(path)
    for number in range(2, 7):
        assert (await saves(zhang, path, number - 1, title=f"书屋 {number}"))["version"] == number
        await ends.moves_time(seconds=20 * 60)
    assert await revisions(ends, path) == [("书屋 6", True)]
    assert len(await acts_of(ends, "content.save")) == 1
    await ends.moves_time(seconds=30 * 60)
    await saves(zhang, path, 6, title="书屋第二天")
    await zhang.does(f"{path}/edit", do="save", version="7", **(ARTICLE | {"title": "书屋定稿"}))
    await saves(zhang, path, 8, title="书屋又改")

    assert await revisions(ends, path) == [("书屋 6", True), ("书屋定稿", False), ("书屋又改", True)]
    assert len(await acts_of(ends, "content.save")) == 4
    await zhang.does(f"{path}/edit", do="submit", version="9", **ARTICLE)
    refused = await saves(zhang, path, await version(zhang, f"{path}/edit"), title="审核时写的")
    assert "正在审核" in refused["words"]
    await li.signs_in()  # hours have gone by
    assert "已通过" in await li.does(f"{path}/approve", version=await version(li, path))
    assert (await saves(zhang, path, "", title="发布以后改的"))["version"] == 1
    assert "职工书屋开放了" in (await ends.web.get(f"/news/{path.rpartition('/')[2]}")).text


async def test_what_somebody_else_saved_is_not_written_over(ends: Ends, zhang: Worker, li: Worker) -> None:
    zhao = await at_work(ends, "赵敏", Role.EDITOR)
    path = await written(zhang, "article", do="save")
    assert (await saves(zhao, path, 1, summary="赵敏写的摘要。"))["version"] == 2

    refused = await saves(zhang, path, 1, summary="张伟写的摘要。")
    assert "赵敏 在" in refused["words"] and "version" not in refused
    answer = await zhang.sends(
        f"{path}/edit", do="save", version="1", **(ARTICLE | {"summary": "张伟写的摘要。"})
    )
    assert answer.status_code == 422 and "赵敏写的摘要。" not in answer.text.split("<form")[-1]
    assert (
        'data-test="present"' in answer.text
        and "data-held" in answer.text
        and "张伟写的摘要。" in answer.text
    )

    assert (await saves(zhao, path, 1, summary="赵敏写的摘要。"))["version"] == 2, "its answer was lost"
    await saves(zhang, path, 2, summary="张伟接着写。")
    assert len(await revisions(ends, path)) == 3, "each has a revision of his own"
    async with ends.house.database.reading() as session:
        draft = (await session.scalars(sa.select(ContentDraft))).one()
    assert draft.version == 3 and len(draft.writer_ids) == 2  # type: ignore[arg-type]


async def test_a_button_pressed_twice_saves_once(ends: Ends, zhang: Worker, li: Worker) -> None:
    path = await written(zhang, "article", do="save")
    changed = ARTICLE | {"summary": "每天中午和晚上开门。"}
    for _ in range(2):
        assert "草稿已保存" in await zhang.does(f"{path}/edit", do="save", version="1", **changed)
    assert await version(zhang, f"{path}/edit") == "2" and len(await revisions(ends, path)) == 2


async def test_answers_save_themselves_too_and_only_for_who_may_write(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    tip = TIP | {"first": ""}
    assert (await zhang.sends(f"{SHIPPED}/autosave", version="", **tip)).json()["version"] == 1
    assert (await li.sends(f"{SHIPPED}/autosave", version="1", **tip)).status_code == 403
    assert (await zhang.sends("/content/tip/no-such/autosave", version="", **tip)).status_code == 404
    assert (
        await zhang.sends("/content/tip/tip-0123456789ab/autosave", version="3", **tip)
    ).status_code == 404
