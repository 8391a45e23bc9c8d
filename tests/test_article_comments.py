"""Comments under articles: written, let through by staff, answered, reported, taken back, forgotten."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import article_comments, closing, comment_forgetting, comment_work, exports, merging
from app.services.article_comments import Said, TooMany, checked
from app.services.board_rows import MovedOn, NotNow
from app.services.board_wording import Wordlist, Wrong
from app.services.board_work import Seen
from app.services.permissions import Standing
from models import AccountKind, Article, ArticleComment, BoardState, Outbox, Role, Staff
from tests.boarding import HOSTILE, moderator, writer
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.portal_member import HTML, Visiting, member
from tests.test_article_readers import article
from tests.test_merging import follow
from tests.test_portal_pages import first_link, page, publish, write

__all__ = ["admin", "ends"]
WORDS = Wordlist(forbidden=("坏话",))


def said(text: str = "同志们辛苦了", naming: str = "nickname", nickname: str = "塬上风") -> Said:
    return checked(text, naming, nickname)


async def wrote(
    session: AsyncSession, on: Article, person_id: int, *, now: datetime = NOON, **given: str
) -> ArticleComment:
    return await article_comments.submit(session, on.public_id, person_id, said(**given), WORDS, now=now)


def seen(comment: ArticleComment, by: Standing) -> Seen:
    return Seen(comment.public_id, comment.version, by)


async def shown(session: AsyncSession, on: Article) -> list[str]:
    return [each.text for each in (await article_comments.list_shown(session, on)).comments]


async def somebody(session: AsyncSession) -> int:
    return (await follow(session)).person_id


async def test_nothing_is_shown_before_staff_let_it_through(session: AsyncSession) -> None:
    on, wang = await article(session), await moderator(session)
    one = await wrote(session, on, await somebody(session), text="有坏 话，电话13812345678")
    assert (one.state, one.marks, one.name) == (BoardState.PENDING, ["forbidden", "phone"], "塬上风")
    assert await shown(session, on) == []

    old = seen(one, wang)
    await comment_work.publish(session, old, NOON)
    assert await shown(session, on) == ["有坏 话，电话13812345678"]
    with pytest.raises(MovedOn, match="已公开"):
        await comment_work.refuse(session, old, "广告", NOON)
    await comment_work.reply(session, seen(one, wang), "后勤部", "谢谢。", NOON)
    assert (one.reply, one.reply_unit) == ("谢谢。", "后勤部")

    refused = await wrote(session, on, await somebody(session))
    with pytest.raises(DomainError, match="请写为什么"):
        await comment_work.refuse(session, seen(refused, wang), " ", NOON)
    await comment_work.refuse(session, seen(refused, wang), "像是广告", NOON)
    with pytest.raises(NotNow):
        await comment_work.reply(session, seen(refused, wang), "后勤部", "谢谢。", NOON)
    told = await session.scalars(sa.select(Outbox.payload).order_by(Outbox.id))
    contents = [each["content"] for each in told.all() if isinstance(each, dict)]
    assert contents == [
        "您在《立冬特巡》下面的评论已公开。",
        "后勤部答复了您在《立冬特巡》下面的评论：\n谢谢。",
        "您在《立冬特巡》下面的评论未通过审核：像是广告\n改好以后可以再写一条。",
    ]


async def test_who_may_write_under_which_name_and_how_much(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(article_comments, "A_DAY", 2)
    on, li, wang = await article(session), await writer(session), await somebody(session)
    assert (await wrote(session, on, li, naming="surname")).name == "李师傅"
    assert (await wrote(session, on, li, naming="real")).name == "李娜"
    with pytest.raises(TooMany, match="一天最多写 2 条"):
        await wrote(session, on, li)
    assert (await wrote(session, on, li, now=NOON + timedelta(days=1))).name == "塬上风"
    with pytest.raises(Wrong, match="请起一个昵称"):
        await wrote(session, on, wang, naming="real")
    for text, naming, nickname in (("", "nickname", "风"), ("好", "x", ""), ("好", "nickname", "工会主席")):
        with pytest.raises(Wrong):
            checked(text, naming, nickname)
    with pytest.raises(Wrong, match="1 到 500 个字"):
        checked("长" * 501, "nickname", "风")

    twice = [
        await article_comments.submit(session, on.public_id, wang, said(), WORDS, once="a", now=NOON)
        for _ in range(2)
    ]
    assert twice[0].id == twice[1].id

    by = await moderator(session)
    await comment_work.close(session, on.public_id, closed=True)
    with pytest.raises(DomainError, match="评论已经关闭"):
        await wrote(session, on, wang)
    row = await session.get_one(Staff, by.staff_id)
    row.person_id = wang
    with pytest.raises(DomainError, match="您自己写的"):
        await comment_work.publish(session, seen(twice[0], by), NOON)


async def test_three_who_report_hide_it_until_staff_decide(session: AsyncSession) -> None:
    on, wang, li = await article(session), await moderator(session), await somebody(session)
    one = await wrote(session, on, li)
    with pytest.raises(NotFound):
        await article_comments.report(session, one.public_id, await somebody(session), "abuse", NOON)
    await comment_work.publish(session, seen(one, wang), NOON)
    with pytest.raises(DomainError, match="您自己的评论"):
        await article_comments.report(session, one.public_id, li, "abuse", NOON)
    first = await somebody(session)
    done = [
        await article_comments.report(session, one.public_id, each, "abuse", NOON)
        for each in (first, first, await somebody(session), await somebody(session))
    ]
    assert done == [False, False, False, True]
    assert (await shown(session, on), one.reports) == ([], 3)

    await comment_work.show(session, seen(one, wang), NOON)
    assert (await shown(session, on), one.reports) == (["同志们辛苦了"], 0)
    await comment_work.hide(session, seen(one, wang), "骂人", NOON)
    assert one.state is BoardState.HIDDEN
    await article_comments.take_back(session, one.public_id, li, NOON)
    assert (one.state, one.text) == (BoardState.WITHDRAWN, "")
    with pytest.raises(NotFound):
        await article_comments.take_back(session, one.public_id, first, NOON)


async def test_a_crowd_is_read_page_by_page_without_missing_anybody(session: AsyncSession) -> None:
    on, wang = await article(session), await moderator(session)
    for number in range(23):
        one = await wrote(session, on, await somebody(session), text=f"第{number}条")
        await comment_work.publish(session, seen(one, wang), NOON + timedelta(seconds=number // 3))

    found, after = [], ""
    while True:
        shown = await article_comments.list_shown(session, on, after=after)
        found += [each.text for each in shown.comments]
        if not (after := shown.more):
            break

    assert found == [f"第{number}条" for number in range(22, -1, -1)]
    assert await article_comments.count_shown(session, on) == 23


async def test_what_becomes_of_comments_of_who_merges_closes_or_of_long_ago(session: AsyncSession) -> None:
    on, wang = await article(session), await moderator(session)
    older, younger = await follow(session), await follow(session, AccountKind.MINIPROGRAM)
    li = older.person_id
    first, second = await wrote(session, on, li), await wrote(session, on, younger.person_id, text="二")
    for each in (first, second):
        await comment_work.publish(session, seen(each, wang), NOON)
    other = await wrote(session, on, await somebody(session))
    await comment_work.publish(session, seen(other, wang), NOON)
    for person_id in (li, younger.person_id):
        await article_comments.report(session, other.public_id, person_id, "false", NOON)

    await merging.merge(session, li, younger.person_id, NOON)
    await session.refresh(other)
    assert other.reports == 1
    assert len(await article_comments.list_own(session, li)) == 2
    chapters = {each.key: each for each in await exports.gather(session, li, lambda _: "")}
    assert [row["text"] for row in chapters["article_comments"].rows] == ["同志们辛苦了", "二"]
    assert chapters["comment_reports"].count == 1

    receipt = await closing.close(session, li, channel="portal", now=NOON)
    assert "2 条已撤下，文字已删除" in str(receipt.outcome)
    for row in (on, other):
        await session.refresh(row)
    assert await shown(session, on) == ["同志们辛苦了"]

    await comment_work.hide(session, seen(other, wang), "骂人", NOON)
    for rule, days in ((comment_forgetting.forget_over, 180), (comment_forgetting.forget_writers, 3 * 365)):
        later = NOON + timedelta(days=days)
        if rule is comment_forgetting.forget_writers:
            other.state = BoardState.PUBLISHED
            other.author_digest = b"0" * 16
            await session.flush()
        ids = (await session.scalars(rule.find(later, 10))).all()
        assert (await rule.act(session, ids, later), await rule.count(session, later)) == (1, 0)
        await session.refresh(other)
        assert (other.author_digest, other.author) == (None, None)
    assert other.text == ""


# --- portal and console ------------------------------------------------------------------------------------


async def test_from_a_reader_to_the_answer_under_the_article(
    ends: Ends, admin: Worker, tmp_path: Path
) -> None:
    write(tmp_path / "news", "winter")
    await publish(ends, tmp_path / "news")
    address = first_link(await page(ends, "/news"), "/news")
    assert "登录以后可以写评论" in await page(ends, address)
    li = await member(ends, "李建国")
    filled = {"text": HOSTILE, "naming": "nickname", "nickname": "塬上风"}
    wrong = await li.taps(address, f"{address}/comments", **filled | {"nickname": "工会"})
    assert wrong.status_code == 422
    assert "容易让人以为" in wrong.text
    assert "&lt;script&gt;" in wrong.text
    answer = await li.taps(address, f"{address}/comments", **filled)
    assert answer.headers["location"] == f"{address}?commented=1#comments"
    assert "已收到。工作人员看过以后公开" in await li.reads(f"{address}?commented=1")
    assert "塬上风" not in await page(ends, address)
    assert "待审" in await li.reads("/me/comments")

    assert "评论等您审核" in await admin.reads("/")
    rows = await admin.reads("/comments?state=pending")
    name = first_link(rows, "/console/comments").rpartition("/")[2]
    assert "<script>alert" not in rows
    await admin.does(f"/comments/{name}/publish", version="1")
    done = await admin.does(f"/comments/{name}/reply", version="2", unit="后勤部", text="谢谢。")
    assert "后勤部的答复" in done
    public = await page(ends, address)
    assert all(words in public for words in ("塬上风", "官方答复", "后勤部", "评论 1", "&lt;script&gt;"))
    assert "<script>alert" not in public
    assert "塬上风" in await page(ends, f"{address}/comments")
    stale = await admin.sends(f"/comments/{name}/hide", version="1", reason="骂人")
    assert stale.status_code == 422
    assert "骂人" in stale.text

    await reported_closed_taken_back(ends, admin, li, address, name)


async def reported_closed_taken_back(
    ends: Ends, admin: Worker, li: Visiting, address: str, name: str
) -> None:
    zhang = await member(ends, "张伟")
    reported = await zhang.taps(address, f"{address}/comments/{name}/report", reason="abuse")
    assert "谢谢您，已经记下" in await zhang.reads(reported.headers["location"])
    assert "1 人举报" in await admin.reads("/comments?state=reported")
    await admin.does(f"/comments/{name}/dismiss", version="4")

    danger = await zhang.taps(
        address, f"{address}/comments", text="不想活了", naming="nickname", nickname="无"
    )
    assert danger.status_code == 200
    assert "12356" in danger.text

    closed = await admin.does(f"/comments/articles/{address.rpartition('/')[2]}", closed="yes")
    assert "评论已关闭" in closed
    assert "评论已经关闭。" in await li.reads(address)
    assert len(await acts_of(ends, "comment.close")) == 1
    await li.taps("/me/comments", "/me/comments/take-back", comment=name)
    assert "塬上风" not in await page(ends, address)
    writer_only = await at_work(ends, "赵敏", Role.EDITOR)
    refused = await writer_only.sends(f"/comments/{name}/publish", version="5")
    assert refused.status_code in (403, 404)
    nobody = await ends.browser().post(f"{address}/comments", data={"text": "好"}, headers=HTML)
    assert nobody.status_code == 403
