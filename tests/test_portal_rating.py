"""Rating a finished case of one's own on its page: five choices, words, another choice, and the end of it."""

import sqlalchemy as sa

from app.jobs import case_ratings as job
from app.services import case_work
from app.services.quiet_hours import after_quiet
from models import CaseRating, CrisisAlert
from tests.both_ends import Ends
from tests.conftest import FakeClock
from tests.portal_member import HTML, TOKEN, Visiting, member
from tests.test_portal_attacks import ends
from tests.test_portal_me import leaves, link

__all__ = ["ends"]


async def finished(ends: Ends, who: Visiting) -> str:
    """Left, answered, closed, and an hour gone by; the address of its page."""
    opened = await leaves(ends, who, "灯坏了")
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        await case_work.answer(session, opened.number, "修好了。", "赵敏", now)
        await case_work.close(session, opened.number, "赵敏", now)
        case = await case_work.get_case(session, opened.number)
        due = sa.update(CaseRating).where(CaseRating.case_id == case.id)
        await session.execute(due.values(invite_due_at=now))  # the hour is over
    by_day = FakeClock(after_quiet(now))  # whatever the hour is in which this runs
    assert await job.run(ends.house.database, by_day) == 1
    return link(await who.reads("/me/cases"), "/me/cases")


async def rating(ends: Ends) -> CaseRating:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(CaseRating))).one()


async def test_rated_changed_and_over_after_a_week(ends: Ends) -> None:
    li = await member(ends, "李娜")
    page = await finished(ends, li)
    asked = await li.reads(page)
    assert asked.count('type="radio"') == 5 and "办得怎么样？" in asked and "checked" not in asked
    where = f"{page}/rating"

    done = await li.taps(page, where, score="5", words="很快\r\n谢谢")
    assert (done.status_code, done.headers["location"]) == (303, page)
    again = await li.taps(page, where, score="5", words="很快\r\n谢谢")
    assert again.status_code == 303
    assert 'value="5" checked' in await li.reads(page)
    await li.taps(page, where, score="2")
    row = await rating(ends)
    assert (row.score, row.words) == (2, "很快\n谢谢"), "an empty field takes no words away"

    token = TOKEN.search(await li.reads(page))
    assert token
    async with ends.house.database.transaction() as session:  # the week is over
        await session.execute(sa.update(CaseRating).values(ends_at=ends.house.clock.now()))
    late = await li.browser.post(where, data={"token": token[1], "score": "5"}, headers=HTML)
    assert late.status_code == 422 and "现在不能评价了：办结后 7 天内可以评" in late.text
    closed = await li.reads(page)
    assert "您评了「2 不太满意」" in closed and 'type="radio"' not in closed
    assert (await rating(ends)).score == 2


async def test_a_wrong_one_keeps_what_was_typed(ends: Ends) -> None:
    li = await member(ends, "李娜")
    page = await finished(ends, li)
    where, hostile = f"{page}/rating", "<script>alert(1)</script>\0=1+1"

    for score in ("", "0", "6", "５", "5 ", "1e1"):
        refused = await li.taps(page, where, score=score, words=hostile)
        assert refused.status_code == 422 and "请先选一项" in refused.text
        assert "&lt;script&gt;" in refused.text and "<script>alert" not in refused.text
    long = await li.taps(page, where, score="3", words="长" * 301)
    assert 'value="3" checked' in long.text, "what was picked is kept"
    assert long.status_code == 422 and "最多写 300 个字，现在是 301 个字" in long.text
    assert (await rating(ends)).score is None
    assert (await li.taps(page, where, score="3", words=hostile)).status_code == 303
    assert "<script>alert" not in await li.reads(page)
    assert (await rating(ends)).words == hostile.replace("\0", "")


async def test_danger_in_the_words_is_answered_first(ends: Ends) -> None:
    li = await member(ends, "李娜")
    page = await finished(ends, li)

    said = await li.taps(page, f"{page}/rating", score="1", words="没有用，我不想活了")

    assert said.status_code == 200 and "12356" in said.text
    assert (await rating(ends)).score == 1
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(CrisisAlert.channel))).all() == ["portal"]


async def test_what_nobody_asks_about_has_no_form(ends: Ends) -> None:
    li, wang = await member(ends, "李娜"), await member(ends, "王强")
    await leaves(ends, li, "灯坏了")
    page = link(await li.reads("/me/cases"), "/me/cases")
    assert "办得怎么样" not in await li.reads(page)
    token = TOKEN.search(await wang.reads("/me"))
    mine = TOKEN.search(await li.reads("/me"))
    assert token and mine

    other = await wang.browser.post(f"{page}/rating", data={"token": token[1], "score": "5"}, headers=HTML)
    early = await li.browser.post(f"{page}/rating", data={"token": mine[1], "score": "5"}, headers=HTML)

    assert other.status_code == 404
    assert early.status_code == 422 and "现在不能评价" in early.text
