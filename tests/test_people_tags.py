"""Tags given or taken here are told to WeChat: at once, or later with the reason why not at once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from app import migrations
from app.database import Database
from app.services import tags
from models import TagChange
from sandbox.driver import Phone
from tests.both_ends import Ends, both_ends, settings_for

CREATE, TAG = "/cgi-bin/tags/create", "/cgi-bin/tags/members/batchtagging"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def gives(ends: Ends, who: Phone, tag: str, *, take: bool = False) -> None:
    change = tags.take if take else tags.give
    async with ends.house.database.transaction() as session:
        await change(session, who.openid, tag, "赵敏", ends.house.clock.now())


async def at_wechat(ends: Ends, who: Phone) -> list[str]:
    names = {tag.id: tag.name for tag in await ends.house.wechat.tags.list()}
    return [names[number] for number in await ends.house.wechat.tags.of(who.openid)]


async def untold(ends: Ends) -> list[tuple[str, str]]:
    async with ends.house.database.reading() as session:
        waiting = sa.select(TagChange.name, TagChange.reason).where(TagChange.settled_at.is_(None))
        return [(row.name, row.reason) for row in await session.execute(waiting)]


async def test_what_was_given_and_taken_is_told_once(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await gives(ends, li, "职工")
    await gives(ends, li, "羽毛球")
    await ends.house.rounds.once()
    assert sorted(await at_wechat(ends, li)) == ["羽毛球", "职工"]

    await gives(ends, li, "职工", take=True)
    await ends.house.rounds.once()
    await ends.house.rounds.once()

    assert await at_wechat(ends, li) == ["羽毛球"]
    assert await untold(ends) == []
    assert sum(call["path"] == TAG for call in await ends.platform.calls()) == 2


async def test_given_and_taken_before_wechat_heard_of_it_needs_no_tag_there(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await gives(ends, li, "职工")
    await gives(ends, li, "职工", take=True)

    await ends.house.rounds.once()

    assert [tag.name for tag in await ends.house.wechat.tags.list() if tag.name == "职工"] == []
    assert await untold(ends) == []


async def test_while_wechat_is_busy_it_waits(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await gives(ends, li, "职工")
    await ends.platform.misbehaves(fail_next={"path": TAG, "errcode": -1, "times": 1})

    await ends.house.rounds.once()
    assert await untold(ends) == [("职工", "微信暂时繁忙，稍后自动再试")]

    await ends.moves_time(seconds=61)
    await ends.house.rounds.once()
    assert await at_wechat(ends, li) == ["职工"]


async def test_what_wechat_does_not_take_says_why_and_is_tried_the_next_day(ends: Ends) -> None:
    li = await ends.platform.follower("李娜")
    await ends.house.rounds.once()  # the menus are pushed
    await gives(ends, li, "职工")
    await ends.platform.misbehaves(fail_next={"path": CREATE, "errcode": 45056, "times": 1})

    await ends.house.rounds.once()
    ((_, why),) = await untold(ends)
    assert "标签太多" in why and "45056" in why

    await ends.moves_time(seconds=timedelta(days=1).total_seconds() + 1)
    await ends.house.rounds.once()
    assert await at_wechat(ends, li) == ["职工"]


async def test_one_who_is_gone_holds_up_nobody(ends: Ends) -> None:
    li, wang = await ends.platform.follower("李娜"), await ends.platform.follower("王强")
    await gives(ends, li, "职工")
    await gives(ends, wang, "职工")
    await ends.platform.misbehaves(fail_next={"path": TAG, "errcode": 49003, "times": 2})

    await ends.house.rounds.once()

    assert await at_wechat(ends, wang) == ["职工"]
    assert [name for name, _ in await untold(ends)] == ["职工"]  # hers


async def test_tags_of_before_are_told_to_wechat_after_the_upgrade(empty_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    before = ScriptDirectory.from_config(config).get_revision("0014").down_revision
    database = Database(empty_url)
    await migrations.upgrade(database, str(before))
    async with database.writer.begin() as connection:
        for statement in (
            "INSERT INTO account (id, app_id, kind) VALUES (1, 'wx1', 'official'), (2, 'wx2', 'miniprogram')",
            "INSERT INTO person (id, public_id, created_at) VALUES (1, 'a', '2026-11-23')",
            "INSERT INTO follower"
            " (id, account_id, openid, person_id, version, subscribed, spoke_used, acted_used)"
            " VALUES (1, 1, 'oLi', 1, 0, true, 0, 0), (2, 1, 'oGone', 1, 0, false, 0, 0),"
            " (3, 2, 'oMini', 1, 0, true, 0, 0)",
            "INSERT INTO follower_tag (id, follower_id, name, given_at) VALUES (1, 1, '职工', '2026-11-23'),"
            " (2, 2, '职工', '2026-11-23'), (3, 3, '职工', '2026-11-23')",
        ):
            await connection.execute(sa.text(statement))

    await migrations.upgrade(database)

    async with database.reading() as session:
        (change,) = (await session.scalars(sa.select(TagChange))).all()
    assert (change.follower_id, change.name, change.given, change.settled_at) == (1, "职工", True, None)
    await database.close()
