"""Whom WeChat knows and we do not, and the other way round: adopted at the start, looked at every night."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.jobs import walking
from app.jobs.budgets import NearlyUsedUp
from app.jobs.trails import Busy, Trail
from app.jobs.walking import Walker
from app.services import coordination, tags
from app.wechat.api.transport import Call
from app.wechat.errors import QuotaUsedUp, WeChatError
from models import (
    AccountKind,
    Article,
    ArticleState,
    Dialogue,
    DialogueState,
    Follower,
    FollowerTag,
    Listed,
    Message,
    Person,
    Walk,
    WalkKind,
    WalkStep,
)
from tests.both_ends import Ends, both_ends, settings_for

HOURS = 3600


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


def walker(ends: Ends, **given: Any) -> Walker:
    house = ends.house
    account = house.accounts[AccountKind.OFFICIAL][0]
    return Walker(house.database, house.wechat, house.clock, account, **given)


async def adopts(ends: Ends) -> Walk:
    return await walker(ends).walk(WalkKind.ADOPTION)


async def night(ends: Ends) -> None:
    """The next daily walk; the clock moves to it."""
    await walker(ends).daily()  # plans the first one
    await ends.moves_time(hours=30)
    assert await walker(ends).daily()


async def forgets_all(ends: Ends) -> None:
    """As if the messages that made them had never come."""
    async with ends.house.database.transaction() as session:
        for table in (Message, Dialogue, FollowerTag, Follower, Person):
            await session.execute(sa.delete(table))


async def followers(ends: Ends) -> dict[str, bool]:
    """Whom we know, by the end of their openids, and whether they follow."""
    async with ends.house.database.reading() as session:
        rows = await session.execute(sa.select(Follower.openid, Follower.subscribed))
        return {row.openid: row.subscribed for row in rows}


async def count(ends: Ends, table: Any) -> int:
    async with ends.house.database.reading() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_an_adoption_meets_everybody_who_follows_and_nobody_else(ends: Ends) -> None:
    li, wang = await ends.platform.follower("李娜"), await ends.platform.follower("王强")
    gone = await ends.platform.follower("赵敏")
    await gone.leaves()
    await forgets_all(ends)

    walk = await adopts(ends)

    assert await followers(ends) == {li.openid: True, wang.openid: True}
    assert (walk.step, walk.counts["listed"], walk.counts["met"]) == (WalkStep.DONE, 2, 2)
    assert await count(ends, Person) == 2
    assert await count(ends, Listed) == 0
    assert (await li.says("年假有几天")).result == "reply"  # and talks like anybody


async def test_adopting_twice_changes_nothing(ends: Ends) -> None:
    await ends.platform.follower("李娜")
    await forgets_all(ends)
    await adopts(ends)
    before = await followers(ends)

    walk = await adopts(ends)

    assert await followers(ends) == before
    assert walk.counts["met"] == 0


async def test_a_walk_that_was_killed_goes_on_where_it_was(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("李娜", "王强", "赵敏", "孙丽"):
        await ends.platform.follower(name)
    await forgets_all(ends)
    monkeypatch.setattr(walking, "PAGE", 1)
    monkeypatch.setattr("app.services.walks.PAGE", 2)

    def dies(walk: Walk) -> None:
        if walk.step is WalkStep.MEET and walk.cursor:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await walker(ends, tell=dies).walk(WalkKind.ADOPTION)
    assert len(await followers(ends)) == 2

    walk = await adopts(ends)

    assert all((await followers(ends)).values()) and len(await followers(ends)) == 4
    assert walk.counts["met"] == 4
    calls = [call["path"] for call in await ends.platform.calls()]
    assert calls.count(walking.LIST_CALL) == 2  # the page and its end; not read again


async def test_only_one_walks_at_a_time(ends: Ends) -> None:
    account = ends.house.accounts[AccountKind.OFFICIAL][0]
    other = Trail(ends.house.database, ends.house.clock, account)
    await other.hold()

    with pytest.raises(Busy):
        await adopts(ends)

    await other.let_go()
    await adopts(ends)


async def test_the_reserve_of_a_days_calls_is_left_to_others(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await forgets_all(ends)
    await ends.platform.ask("POST", "quota", {"path": walking.LIST_CALL, "limit": 10})
    for _ in range(8):
        await ends.house.wechat.users.list()

    with pytest.raises(NearlyUsedUp) as stopped:
        await adopts(ends)

    assert stopped.value.until > ends.house.clock.now()
    assert not await followers(ends)
    await ends.moves_time(hours=24)
    await adopts(ends)
    assert await followers(ends) == {li.openid: True}


@pytest.mark.parametrize("errcode", [45009, -1])
async def test_what_wechat_does_not_do_now_is_gone_on_with_later(ends: Ends, errcode: int) -> None:
    await ends.platform.follower("李娜")
    await forgets_all(ends)
    await ends.platform.misbehaves(fail_next={"path": "/cgi-bin/tags/get", "errcode": errcode, "times": 2})

    with pytest.raises(WeChatError) as stopped:
        await adopts(ends)

    assert isinstance(stopped.value, QuotaUsedUp) == (errcode == 45009)
    async with ends.house.database.reading() as session:
        walk = (await session.scalars(sa.select(Walk))).one()
    assert (walk.step, walk.due_at > ends.house.clock.now()) == (WalkStep.TAGS, True)


# --- every night -------------------------------------------------------------------------------------------


async def test_whom_we_missed_is_met_in_the_night(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await forgets_all(ends)

    await night(ends)

    assert await followers(ends) == {li.openid: True}


async def test_who_left_unseen_takes_along_what_leaving_deletes(ends: Ends) -> None:
    li, wang = await ends.platform.follower("李娜"), await ends.platform.follower("王强")
    await li.says("我要留言")
    async with ends.house.database.transaction() as session:
        mine = (await session.scalars(sa.select(Follower).where(Follower.openid == li.openid))).one()
        before = {name: getattr(mine, name) for name in ("subscribed_at", "spoke_at", "acted_at", "version")}
    await li.leaves()
    async with ends.house.database.transaction() as session:
        still_here = sa.update(Follower).where(Follower.openid == li.openid)
        await session.execute(
            still_here.values(subscribed=True, unsubscribed_at=None, unionid="u1", **before)
        )
        session.add(FollowerTag(follower_id=mine.id, name="羽毛球", given_at=ends.house.clock.now()))
        half = sa.update(Dialogue).where(Dialogue.follower_id == mine.id)
        await session.execute(half.values(state=DialogueState.OPEN, ended_at=None))

    await night(ends)

    assert await followers(ends) == {li.openid: False, wang.openid: True}
    assert await count(ends, FollowerTag) == 0
    async with ends.house.database.reading() as session:
        row = (await session.scalars(sa.select(Follower).where(Follower.openid == li.openid))).one()
        dialogue = (await session.scalars(sa.select(Dialogue))).one()
    assert (row.unionid, row.spoke_at, row.version) == (None, None, before["version"] + 1)
    assert (dialogue.state, dialogue.answers) == (DialogueState.ENDED, None)


async def test_who_came_back_unseen_follows_again(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await ends.moves_time(hours=1)
    async with ends.house.database.transaction() as session:
        left = {"subscribed": False, "unsubscribed_at": ends.house.clock.now()}
        await session.execute(sa.update(Follower).values(left))

    await night(ends)

    assert await followers(ends) == {li.openid: True}


async def test_an_event_that_comes_while_walking_wins(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    li = await ends.platform.follower("李娜")
    await walker(ends).daily()
    await ends.moves_time(hours=30)
    ask = Walker._list

    async def leaves_meanwhile(self: Walker, walk: Walk) -> None:
        await ask(self, walk)  # WeChat's list still has her
        if walk.step is WalkStep.MEET:
            await li.leaves()

    monkeypatch.setattr(Walker, "_list", leaves_meanwhile)
    assert await walker(ends).daily()

    assert await followers(ends) == {li.openid: False}


async def test_who_follows_while_walking_is_not_taken_for_gone(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ends.platform.follower("李娜")
    await walker(ends).daily()
    await ends.moves_time(hours=30)
    ask = Walker._list

    async def follows_meanwhile(self: Walker, walk: Walk) -> None:
        await ask(self, walk)
        if walk.step is WalkStep.MEET:
            await ends.platform.follower("王强")

    monkeypatch.setattr(Walker, "_list", follows_meanwhile)
    assert await walker(ends).daily()

    assert list((await followers(ends)).values()) == [True, True]


async def test_the_daily_walk_waits_for_an_adoption_but_not_for_ever(ends: Ends) -> None:
    await ends.platform.follower("李娜")
    await walker(ends).daily()
    await ends.moves_time(hours=30)
    await ends.platform.misbehaves(fail_next={"path": "/cgi-bin/tags/get", "errcode": 45009, "times": 1})
    with pytest.raises(QuotaUsedUp):
        await adopts(ends)

    assert not await walker(ends).daily()

    await ends.moves_time(hours=49)
    assert await walker(ends).daily()


async def test_the_rounds_walk_by_themselves(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await forgets_all(ends)
    await ends.house.rounds.once()
    assert not await followers(ends)

    await ends.moves_time(hours=30)
    await ends.house.rounds.once()

    assert await followers(ends) == {li.openid: True}


# --- tags and articles -------------------------------------------------------------------------------------


async def carried(ends: Ends) -> dict[str, list[str]]:
    """By openid, what people carry here."""
    async with ends.house.database.reading() as session:
        rows = await session.execute(
            sa.select(Follower.openid, FollowerTag.name)
            .join(FollowerTag, FollowerTag.follower_id == Follower.id)
            .order_by(FollowerTag.name)
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row.openid, []).append(row.name)
        return found


async def test_tags_are_what_they_are_at_wechat(ends: Ends) -> None:
    li, wang = await ends.platform.follower("李娜"), await ends.platform.follower("王强")
    api = ends.house.wechat.tags
    staff, sport = await api.create("职工"), await api.create("羽毛球")
    await api.tag(staff.id, [li.openid, wang.openid])
    await api.tag(sport.id, [li.openid])

    walk = await adopts(ends)
    assert await carried(ends) == {li.openid: ["羽毛球", "职工"], wang.openid: ["职工"]}
    assert (walk.counts["tags"], walk.counts["tagged"]) == (2, 3)

    await api.untag(staff.id, [wang.openid])
    await api.delete(sport.id)
    await night(ends)
    assert await carried(ends) == {li.openid: ["职工"]}


async def test_our_own_tags_for_menus_are_nobodys_interest(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    ours = await ends.house.wechat.tags.create("gh-menu-1")
    await ends.house.wechat.tags.tag(ours.id, [li.openid])

    await adopts(ends)

    assert await carried(ends) == {}


async def test_a_tag_given_here_is_not_undone_before_wechat_knows_it(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    async with ends.house.database.transaction() as session:
        await tags.give(session, li.openid, "职工", "赵敏", ends.house.clock.now())
    await ends.moves_time(hours=1)

    await adopts(ends)
    assert await carried(ends) == {li.openid: ["职工"]}

    await ends.house.rounds.once()
    assert [tag.name for tag in await ends.house.wechat.tags.list() if tag.id > 2 and tag.count] == ["职工"]
    await night(ends)
    assert await carried(ends) == {li.openid: ["职工"]}


async def test_published_articles_stand_among_the_news(ends: Ends) -> None:
    articles = [{"title": "慰问一线", "digest": "送清凉"}, {"title": "职工运动会"}]
    for place in range(25):
        await ends.platform.ask("POST", "publications", {"articles": [{"title": f"旧闻 {place}"}]})
    await ends.moves_time(hours=1)
    published = await ends.platform.ask("POST", "publications", {"articles": articles})

    walk = await adopts(ends)
    assert walk.counts["articles"] == 27
    page = (await ends.web.get("/news")).text
    assert page.index("慰问一线") < page.index("职工运动会") < page.index("旧闻")

    async with ends.house.database.reading() as session:
        row = (await session.scalars(sa.select(Article).where(Article.title == "慰问一线"))).one()
    assert row.address == published["urls"][0]
    shown = await ends.web.get(f"/news/{row.public_id}")
    assert (shown.status_code, shown.headers["location"]) == (302, row.address)
    li = await ends.platform.follower("李娜")
    assert "慰问一线" in (await li.says("工会动态")).text

    await ends.house.wechat.base._caller.ask(_delete(published["article_id"]))
    await night(ends)
    async with ends.house.database.reading() as session:
        gone = sa.select(Article.title).where(Article.state == ArticleState.WITHDRAWN)
        assert set(await session.scalars(gone)) == {"慰问一线", "职工运动会"}


def _delete(article_id: str) -> Any:
    return Call("/cgi-bin/freepublish/delete", "POST", body={"article_id": article_id, "index": 0})


async def test_leases_are_given_back(ends: Ends) -> None:
    await adopts(ends)

    async with ends.house.database.transaction() as session:
        taken = await coordination.take_lease(
            session, "walk", "another", seconds=1, now=ends.house.clock.real_now() + timedelta(seconds=1)
        )
    assert taken
