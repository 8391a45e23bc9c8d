"""Asking WeChat for unionids: once, in whole pages, and whoever it does not know holds up nobody."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from models import Follower
from tests.api_app import MINI
from tests.both_ends import Ends, both_ends, settings_for

BATCH = "/cgi-bin/user/info/batchget"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path, **MINI)
    async with both_ends(settings, monkeypatch, miniprogram=True) as joined:
        for name in ("李娜", "王强", "赵敏"):
            await joined.platform.follower(name)
        yield joined


async def known(ends: Ends) -> list[tuple[bool, bool]]:
    """Of each follower: whether he was asked about, and whether his unionid is known."""
    async with ends.house.database.reading() as session:
        rows = await session.execute(sa.select(Follower.asked_at, Follower.unionid).order_by(Follower.id))
        return [(row.asked_at is not None, row.unionid is not None) for row in rows.all()]


async def asked(ends: Ends) -> int:
    calls = await ends.platform.ask("GET", "calls?limit=200")
    return sum(call["path"] == BATCH for call in calls)


async def test_everybody_is_asked_about_once(ends: Ends) -> None:
    await ends.house.rounds.once()
    await ends.house.rounds.once()

    assert await known(ends) == [(True, True)] * 3
    assert await asked(ends) == 1


async def test_one_whom_wechat_does_not_know_holds_up_nobody(ends: Ends) -> None:
    await ends.platform.misbehaves(fail_next={"path": BATCH, "errcode": 40003, "times": 2})

    await ends.house.rounds.once()

    assert await known(ends) == [(True, False), (True, True), (True, True)]


async def test_while_wechat_is_busy_nobody_counts_as_asked(ends: Ends) -> None:
    await ends.platform.misbehaves(fail_next={"path": BATCH, "errcode": 45009, "times": 1})
    await ends.house.rounds.once()
    assert await known(ends) == [(False, False)] * 3

    await ends.house.rounds.once()

    assert await known(ends) == [(True, True)] * 3


async def test_who_left_and_came_back_is_asked_about_anew(ends: Ends) -> None:
    await ends.house.rounds.once()
    li = await ends.platform.person("李娜")
    await li.leaves()
    assert (await known(ends))[0] == (False, False)

    await ends.moves_time(seconds=60)  # the same event within a second is the same to WeChat
    await li.follows()
    await ends.house.rounds.once()

    assert await known(ends) == [(True, True)] * 3
