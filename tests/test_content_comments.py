"""Comments of reviewers: said about a block, seen where the writer works, answered, dealt with."""

import asyncio
import re

import sqlalchemy as sa

from models import ContentComment, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_content import ARTICLE, TIP, li, written, zhang

__all__ = ["admin", "ends", "li", "zhang"]


async def comments(ends: Ends) -> list[ContentComment]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(ContentComment).order_by(ContentComment.id)))


async def test_a_comment_on_a_block_is_seen_beside_it_answered_and_dealt_with(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    path = await written(zhang, "article")
    page = await li.reads(path)
    assert "第 2 块：二楼**东侧**" in page
    once = re.findall(r'name="once" value="(\w+)"', page)[0]
    said = {"version": "2", "block": "2", "text": "请写清楚是哪栋楼", "once": once}
    assert "意见已记下" in await li.does(f"{path}/comments", **said)
    await li.does(f"{path}/comments", **said)  # the same form once more

    assert len(await comments(ends)) == 1
    assert "您写的内容有审核意见" in await zhang.reads("") and "审核意见" not in await li.reads("")
    assert "职工书屋开放了" in await zhang.reads("/content?comments=open")
    await li.does(f"{path}/send-back", version="2", reason="见意见")
    moved = ARTICLE | {"block_text": ["前言", *ARTICLE["block_text"]], "block_type": ["paragraph"] * 5}
    form = await zhang.sends(f"{path}/edit", do="stay", version="3", **moved)
    third = form.text.split('data-test="block"')[3]
    assert "李娜：请写清楚是哪栋楼" in third and form.text.count("李娜：请写清楚是哪栋楼</p>") == 1

    refused = await zhang.sends(f"{path}/edit", do="submit", version="3", **ARTICLE)
    assert refused.status_code == 422 and "还有 1 条审核意见没有处理" in refused.text
    (comment,) = await comments(ends)
    of = f"{path}/comments/{comment.public_id}"
    assert "办公楼二楼" in await zhang.does(f"{of}/answer", text="办公楼二楼，已改")
    for _ in range(2):
        assert "已处理" in await zhang.does(f"{of}/done")
    late = await zhang.sends(f"{of}/answer", text="再说一句")
    assert late.status_code == 422 and "已经处理完了" in late.text
    await zhang.does(f"{path}/edit", do="submit", version="3", **ARTICLE)
    acts = [act.act for act in await acts_of(ends) if act.act.startswith("content.comment")]
    assert acts == ["content.comment", "content.comment_answer", "content.comment_done"]


async def test_it_goes_back_to_review_despite_the_comments_that_were_shown_and_no_newer_one(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    path = await written(zhang, do="save")
    await li.does(f"{path}/comments", version="1", text="题目再短些")
    (first,) = await comments(ends)
    assert first.block is None and f'value="{first.public_id}"' in await zhang.reads(f"{path}/edit")

    await li.does(f"{path}/comments", version="1", block="1", text="先后次序反了")
    stale = await zhang.sends(f"{path}/edit", do="submit", version="1", despite=first.public_id, **TIP)
    assert stale.status_code == 422 and "还有 2 条" in stale.text and "先后次序反了" in stale.text
    second = (await comments(ends))[1]
    await zhang.does(f"{path}/edit", do="submit", version="1", despite=second.public_id, **TIP)

    assert "2 条没有处理" in await li.reads(path)
    await li.does(f"{path}/approve", version="3")
    gone = await li.sends(f"{path}/comments/{first.public_id}/done")
    assert gone.status_code == 404
    assert "您写的内容有审核意见" not in await zhang.reads("")


async def test_what_was_not_read_is_not_commented_on_and_who_may_not(
    ends: Ends, zhang: Worker, li: Worker
) -> None:
    wu = await at_work(ends, "孙丽", Role.TRAINER)  # writes, does not review
    path = await written(zhang, do="save")
    for given, words in (
        ({"version": "9", "text": "好"}, "又动过"),
        ({"version": "1", "text": " "}, "请写意见"),
        ({"version": "1", "text": "长" * 501}, "最多 500 个字"),
        ({"version": "1", "text": "好", "block": "9"}, "没有这一块"),
    ):
        answer = await li.sends(f"{path}/comments", **given)
        assert answer.status_code == 422 and words in answer.text, words
    assert (await wu.sends(f"{path}/comments", version="1", text="好")).status_code == 403
    assert "写意见" not in await wu.reads(path)

    answers = await asyncio.gather(
        *(li.sends(f"{path}/comments", version="1", text="好", once="a" * 16) for _ in range(2))
    )
    assert {answer.status_code for answer in answers} == {303} and len(await comments(ends)) == 1
    of = f"{path}/comments/{(await comments(ends))[0].public_id}"
    other = await at_work(ends, "周强", Role.APPROVER)
    assert (await other.sends(f"{of}/done")).status_code == 422
    assert (await li.sends(f"{of}/answer", text="好")).status_code == 403
    assert "已处理" in await li.does(f"{of}/done")  # his own
    evil = "<script>alert(1)</script>"
    await li.does(f"{path}/comments", version="1", text=evil, block="1")
    for page in (await zhang.reads(path), await zhang.reads(f"{path}/edit")):
        assert evil not in page and "&lt;script&gt;" in page
