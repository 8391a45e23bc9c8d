"""What readers do with articles: likes, favourites, and what they read lately, which they may switch off."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError, NotFound
from app.services import article_marks, closing, exports, interests, leaving, merging, reading_history
from app.services.article_marks import Marks
from app.services.interests import Noticed
from models import AccountKind, Article, ArticleCategory, ArticleState, ArticleVisit, Follower
from tests.both_ends import Ends, both_ends, settings_for
from tests.conftest import NOON
from tests.portal_member import HTML, member
from tests.test_merging import follow
from tests.test_portal_pages import first_link, page, publish, write

LATER = NOON + timedelta(minutes=1)


async def article(session: AsyncSession, title: str = "立冬特巡") -> Article:
    row = Article(
        category=ArticleCategory.UNION,
        title=title,
        blocks=[],
        state=ArticleState.PUBLISHED,
        published_at=NOON,
        created_at=NOON,
        updated_at=NOON,
    )
    session.add(row)
    await session.flush()
    return row


async def test_a_like_counts_once_and_can_be_taken_back(session: AsyncSession) -> None:
    one, other = await article(session), await article(session, "体检安排")
    li, wang = (await follow(session)).person_id, (await follow(session)).person_id
    for _ in range(2):
        await article_marks.like(session, one.public_id, li, NOON, on=True)
    await article_marks.like(session, one.public_id, wang, NOON, on=True)
    await article_marks.keep(session, one.public_id, li, NOON, on=True)
    await article_marks.keep(session, other.public_id, li, NOON, on=True)

    assert await article_marks.of(session, one, li) == Marks(0, 2, 1, liked=True, kept=True)
    assert await article_marks.of(session, one, None) == Marks(0, 2, 1, liked=False, kept=False)
    kept = await article_marks.list_kept(session, li, NOON, 10)
    assert [each.title for each in kept] == ["体检安排", "立冬特巡"]

    for _ in range(2):
        await article_marks.like(session, one.public_id, li, NOON, on=False)
    other.state = ArticleState.WITHDRAWN
    await session.flush()

    assert (await article_marks.of(session, one, li)).likes == 1
    assert [each.title for each in await article_marks.list_kept(session, li, NOON, 10)] == ["立冬特巡"]
    with pytest.raises(NotFound):
        await article_marks.like(session, other.public_id, li, NOON, on=True)
    await article_marks.keep(session, other.public_id, li, NOON, on=False)  # what is gone can be let go


async def test_favourites_have_an_end(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(article_marks, "MOST", 1)
    one, other, li = await article(session), await article(session), (await follow(session)).person_id
    for _ in range(2):  # again is no second one
        await article_marks.keep(session, one.public_id, li, NOON, on=True)

    with pytest.raises(DomainError, match="最多收藏 1 篇"):
        await article_marks.keep(session, other.public_id, li, NOON, on=True)


async def visits(database: Database, person_id: int) -> list[str]:
    async with database.reading() as session:
        return [each.title for each, _ in await reading_history.list_own(session, person_id, LATER)]


async def test_what_was_read_is_kept_for_a_while_and_only_for_who_wants_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_history, "MOST", 2)
    noticed = Noticed()
    async with database.transaction() as session:
        follower = await follow(session)
        li = follower.person_id
        rows = [await article(session, title) for title in ("一", "二", "三")]
    for minute, row in enumerate([*rows, rows[1]]):
        noticed.read(li, row.id, NOON + timedelta(seconds=minute))
    await noticed.flush(database.transaction)

    assert await visits(database, li) == ["二", "三"]  # the first fell out

    noticed.read(li, rows[0].id, NOON)  # not written when he clears it
    async with database.transaction() as session:
        assert await interests.clear_history(session, li, LATER) == 2
    await noticed.flush(database.transaction)
    assert await visits(database, li) == []

    noticed.read(li, rows[0].id, LATER)
    await noticed.flush(database.transaction)
    assert await visits(database, li) == ["一"]
    async with database.transaction() as session:
        await interests.switch(session, li, LATER, on=False)
    noticed.read(li, rows[0].id, LATER)
    await noticed.flush(database.transaction)
    assert await visits(database, li) == []

    async with database.transaction() as session:
        await interests.switch(session, li, LATER, on=True)
    noticed.read(li, rows[0].id, LATER)
    await noticed.flush(database.transaction)
    async with database.transaction() as session:
        left = sa.update(Follower).where(Follower.id == follower.id)
        await session.execute(left.values(subscribed=False, unsubscribed_at=LATER))
        await leaving.forget(session, [follower.id])
        assert await session.scalar(sa.select(sa.func.count(ArticleVisit.id))) == 0


async def test_old_visits_go_by_themselves(session: AsyncSession) -> None:
    one, li = await article(session), (await follow(session)).person_id
    session.add(ArticleVisit(person_id=li, article_id=one.id, first_at=NOON, last_at=NOON))
    await session.flush()
    rule = reading_history.forget_old
    assert await rule.count(session, NOON + timedelta(days=179)) == 0

    much_later = NOON + reading_history.KEPT_FOR
    ids = (await session.scalars(rule.find(much_later, 10))).all()

    assert await rule.act(session, ids, much_later) == 1


async def test_of_two_who_are_one_nothing_counts_twice(session: AsyncSession) -> None:
    older, younger = await follow(session), await follow(session, AccountKind.MINIPROGRAM)
    both, only = await article(session), await article(session, "体检安排")
    for person_id, rows in ((older.person_id, [both]), (younger.person_id, [both, only])):
        for row in rows:
            await article_marks.like(session, row.public_id, person_id, NOON, on=True)
            await article_marks.keep(session, row.public_id, person_id, NOON, on=True)
            at = NOON if row is only else LATER
            session.add(ArticleVisit(person_id=person_id, article_id=row.id, first_at=at, last_at=at))
    await session.flush()
    li = older.person_id

    await merging.merge(session, li, younger.person_id, NOON)

    for row in (both, only):
        await session.refresh(row)
    assert await article_marks.of(session, both, li) == Marks(0, 1, 1, liked=True, kept=True)
    assert (await article_marks.of(session, only, li)).kept
    read = await reading_history.list_own(session, li, LATER)
    assert [each.title for each, _ in read] == ["立冬特巡", "体检安排"]

    chapters = {each.key: each for each in await exports.gather(session, li, lambda _: "")}
    assert [row["article"] for row in chapters["article_favourites"].rows] == ["立冬特巡", "体检安排"]
    assert (chapters["article_likes"].count, chapters["article_visits"].count) == (2, 2)
    await closing.close(session, li, channel="portal", now=NOON)
    await session.refresh(both)
    assert await article_marks.of(session, both, li) == Marks(0, 0, 0, liked=False, kept=False)
    assert await reading_history.list_own(session, li, LATER) == []


# --- on the portal -----------------------------------------------------------------------------------------


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def test_a_reader_likes_keeps_and_finds_again(ends: Ends, tmp_path: Path) -> None:
    write(tmp_path / "news", "winter")
    await publish(ends, tmp_path / "news")
    address = first_link(await page(ends, "/news"), "/news")
    stranger = await page(ends, address)
    assert f'href="/signing-in?next=%2Fnews%2F{address.rpartition("/")[2]}"' in stranger
    assert "赞 0" in stranger

    li = await member(ends, "李建国")
    for _ in range(2):
        answer = await li.taps(address, f"{address}/like", on="yes")
        assert answer.headers["location"] == f"{address}#marks"
    await li.taps(address, f"{address}/favourite", on="yes")
    shown = await li.reads(address)
    assert "已赞 1" in shown
    assert "已收藏 1" in shown
    assert "赞 1" in await page(ends, address)
    assert "立冬特巡" in await li.reads("/me/favourites")

    await ends.house.rounds.once()
    assert "立冬特巡" in await li.reads("/me/history")
    await li.taps("/me/history", "/me/history/clear")
    assert "还没有记下什么" in await li.reads("/me/history")

    answer = await li.taps("/me/favourites", f"{address}/favourite", on="gone")
    assert answer.headers["location"] == "/me/favourites"
    assert "还没有收藏" in await li.reads("/me/favourites")
    await li.taps(address, f"{address}/like", on="no")
    assert "赞 0" in await page(ends, address)

    await li.taps("/me/interests", "/me/interests/off")
    await li.reads(address)
    await ends.house.rounds.once()
    assert "个性化推荐已关闭" in await li.reads("/me/history")
    nowhere = await li.browser.get("/me/favourites?page=0", headers=HTML)
    assert nowhere.status_code == 404
