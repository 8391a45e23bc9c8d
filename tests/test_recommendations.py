"""为您推荐: with its reason, never what was read, gone once switched off; and better than most-read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services import interests
from bench import recommend
from models import Article, SignUp, SignUpState
from tests import making
from tests.both_ends import Ends, both_ends, settings_for
from tests.portal_member import Visiting, member
from tests.test_article_search import put


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def picked(li: Visiting) -> str:
    """The part of the first page that is meant for this person."""
    page = (await li.browser.get("/")).text
    start = page.find("为您推荐")
    return page[start : page.index("</section>", start)] if start >= 0 else ""


async def reads(ends: Ends, li: Visiting, title: str) -> None:
    public_id = await _address(ends, title)
    assert title in (await li.browser.get(f"/news/{public_id}")).text
    await ends.house.write_counts()


async def _address(ends: Ends, title: str) -> str:
    async with ends.house.database.reading() as session:
        chosen = sa.select(Article.public_id).where(Article.title == title)
        return str(await session.scalar(chosen))


async def test_what_was_read_and_signed_up_for_leads_to_more_with_the_reason(ends: Ends) -> None:
    for number in range(3):  # these stand on the page anyway
        await put(ends, f"通知 {number}", hours=number + 1, column="notice")
    for title in ("电动车充电要注意", "电动车充电三不要", "书画展开幕", "羽毛球赛战报", "社保缴费问答"):
        await put(ends, title, hours=30)
    li = await member(ends, "李建国")
    wang, person_id = await member(ends, "王秀英"), await li.person_id()
    assert await picked(li) == ""

    await reads(ends, li, "电动车充电要注意")

    assert "电动车充电三不要" in (found := await picked(li))
    assert "因为您看过「电动车充电要注意」" in found
    assert f"/news/{await _address(ends, '电动车充电要注意')}" not in found
    assert "大家最近都在看" in await picked(wang) and "电动车充电要注意" in await picked(wang)

    async with ends.house.database.transaction() as session:
        match = await making.activity(session, "羽毛球赛")
        entry = SignUp(activity_id=match.id, person_id=person_id, state=SignUpState.CONFIRMED, answers={})
        entry.signed_up_at = ends.house.clock.now()
        session.add(entry)
    assert "因为您报名了「羽毛球赛」" in await picked(li)

    async with ends.house.database.transaction() as session:
        await interests.forget_all(session, person_id, ends.house.clock.now())
    assert "因为您报名了" not in await picked(li)
    assert "因为您看过" in await picked(li)
    async with ends.house.database.transaction() as session:
        await interests.switch(session, person_id, ends.house.clock.now(), on=False)
    assert await picked(li) == ""


def test_readers_find_what_they_read_next_more_often_than_by_what_is_most_read_or_newest() -> None:
    found = recommend.replay(2)

    assert found["ours"] > 1.1 * found["most read"] > 0
    assert found["ours"] > 1.2 * found["newest"] > 0
