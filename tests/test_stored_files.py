"""Pictures that nobody needs are deleted, bytes and all; those of a case never are."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.files import Files
from app.jobs import media, retention
from app.jobs.stored_files import tidy
from app.services import backups
from app.services.stored_files import mark_deleted
from models import FileState, Follower, MediaFetch, StoredFile
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town

DAYS = 86400


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


async def rows(talk: Talk) -> list[StoredFile]:
    async with talk.database.reading() as session:
        return list(await session.scalars(sa.select(StoredFile).order_by(StoredFile.id)))


async def arrive(talk: Talk, files: Files) -> None:
    """What was sent in chat comes over from WeChat."""
    async with talk.database.transaction() as session:
        for file in await session.scalars(sa.select(StoredFile).where(StoredFile.state == "expected")):
            await files.put(file.public_id, b"the same picture")
            file.state, file.size, file.sha256 = FileState.READY, 16, "the same"
        await session.execute(sa.update(MediaFetch).values(done=True))


async def held(files: Files) -> set[str]:
    return {name async for name in files.names()}


async def sends_pictures(talk: Talk, files: Files, who: Speaker, count: int = 1) -> list[str]:
    """Somebody begins a 留言 with pictures; returns their names."""
    before = {row.public_id for row in await rows(talk)}
    await who.says("留言")
    await who.taps("安全生产")
    for _ in range(count):
        await who.sends_picture()
    await arrive(talk, files)
    return [row.public_id for row in await rows(talk) if row.public_id not in before]


async def submits(who: Speaker, naming: str) -> None:
    await who.says("完成")
    await who.taps(naming)
    if naming != "匿名":
        await who.says("跳过")
    assert "编号" in await who.taps("确认")


# --- nobody needs them --------------------------------------------------------------------------------------


async def cancels(talk: Talk, li: Speaker) -> None:
    assert "已取消" in await li.says("取消")


async def declines(talk: Talk, li: Speaker) -> None:
    await li.says("完成")
    await li.taps("匿名")
    assert "已取消" in await li.taps("取消")


async def leaves(talk: Talk, li: Speaker) -> None:
    await li.leaves()


async def goes_back(talk: Talk, li: Speaker) -> None:
    await li.says("完成")
    assert (await li.says("上一步")).startswith("已经收到 2 条")
    for _ in range(2):  # each takes one picture away
        await li.says("上一步")
    await li.says("还是用文字说吧")


async def forgets_it(talk: Talk, li: Speaker) -> None:
    for days in (1, 8):
        talk.clock.advance(days * DAYS)
        await retention.run(talk.database, talk.clock)


@pytest.mark.parametrize("ends", [cancels, declines, leaves, goes_back, forgets_it])
async def test_pictures_of_what_was_not_submitted_are_deleted(talk: Talk, files: Files, ends: Any) -> None:
    li = await talk.person("李娜")
    await sends_pictures(talk, files, li, 2)
    assert await tidy(talk.database, files, talk.clock) == 0

    await ends(talk, li)

    assert await tidy(talk.database, files, talk.clock) == 2
    assert (await rows(talk), await held(files)) == ([], set())
    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(MediaFetch))).all() == []


async def test_one_that_had_not_come_yet_is_not_asked_for(talk: Talk, files: Files) -> None:
    li = await talk.person("李娜")
    await li.says("留言")
    await li.taps("安全生产")
    await li.sends_picture()
    await li.says("取消")
    async with talk.database.transaction() as session:
        await mark_deleted(session, [(await session.scalars(sa.select(StoredFile.public_id))).one()])

    client: Any = type("Client", (), {"app_id": talk.account.app_id})()  # without anything to ask

    assert await media.fetch_due(talk.database, client, files, talk.clock) == 0
    assert await tidy(talk.database, files, talk.clock) == 1


async def test_one_that_is_being_fetched_goes_when_nobody_is_at_it(talk: Talk, files: Files) -> None:
    li = await talk.person("李娜")
    await sends_pictures(talk, files, li)
    await li.says("取消")
    async with talk.database.transaction() as session:
        until = talk.clock.real_now() + media.LEASE
        await session.execute(sa.update(MediaFetch).values(lease_token="t", lease_until=until))

    assert await tidy(talk.database, files, talk.clock) == 0
    talk.clock.advance(media.LEASE.total_seconds())
    assert await tidy(talk.database, files, talk.clock) == 1


async def test_while_a_backup_is_made_their_bytes_stay(talk: Talk, files: Files) -> None:
    """The copy of the database may be of a moment at which somebody still needed them."""
    li = await talk.person("李娜")
    names = await sends_pictures(talk, files, li)
    async with talk.database.transaction() as session:
        assert await backups.begin(session, "night", real_now=talk.clock.real_now())
    await li.says("取消")

    assert await tidy(talk.database, files, talk.clock) == 0
    assert await held(files) == set(names)

    talk.clock.advance(backups.HELD_FOR.total_seconds())  # the backup was killed
    assert await tidy(talk.database, files, talk.clock) == len(names)
    assert await held(files) == set()


# --- somebody does ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("naming", ["实名", "匿名"])
async def test_pictures_of_a_case_stay(talk: Talk, files: Files, naming: str) -> None:
    li = await talk.person("李娜")
    names = await sends_pictures(talk, files, li, 3)
    await submits(li, naming)
    await forgets_it(talk, li)

    for _ in range(2):
        assert await tidy(talk.database, files, talk.clock) == 0

    assert {row.public_id for row in await rows(talk) if row.kept} == set(names) == await held(files)


async def test_what_is_told_to_the_desk_stays_too(talk: Talk, files: Files) -> None:
    li = await talk.person("李娜")
    await li.says("人工")
    await li.says("说说是什么事")
    await li.sends_picture()
    await li.says("完成")
    await li.sends_picture()  # and what is sent without being asked for
    await arrive(talk, files)

    assert await tidy(talk.database, files, talk.clock) == 0
    assert [row.kept for row in await rows(talk)] == [True, True]


async def test_an_interrupted_dialogue_and_a_draft_keep_theirs(talk: Talk, files: Files) -> None:
    li = await talk.person("李娜")
    (name,) = await sends_pictures(talk, files, li)
    await li.clicks("hotlines.show")
    assert await tidy(talk.database, files, talk.clock) == 0
    talk.clock.advance(DAYS)
    await retention.run(talk.database, talk.clock)
    assert await tidy(talk.database, files, talk.clock) == 0

    await li.says("继续")
    await submits(li, "匿名")

    assert await tidy(talk.database, files, talk.clock) == 0
    assert await held(files) == {name}


async def test_of_two_that_look_alike_only_the_unneeded_one_goes(talk: Talk, files: Files) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    (hers,) = await sends_pictures(talk, files, li)
    await sends_pictures(talk, files, wang)
    await submits(li, "实名")
    await wang.says("取消")

    assert await tidy(talk.database, files, talk.clock) == 1

    assert await files.get(hers) == b"the same picture"
    assert [(row.public_id, row.sha256) for row in await rows(talk)] == [(hers, "the same")]


async def test_what_nobody_can_read_may_need_its_pictures(talk: Talk, files: Files) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    (hers,) = await sends_pictures(talk, files, li)
    await sends_pictures(talk, files, wang)
    await wang.says("取消")
    async with talk.database.transaction() as session:
        follower = await session.scalar(sa.select(Follower.id).where(Follower.openid == li.openid))
        broken = sa.text(
            "UPDATE dialogue SET pending = args WHERE follower_id = :who"
        )  # sealed for elsewhere
        await session.execute(broken, {"who": follower})

    assert await tidy(talk.database, files, talk.clock) == 1
    assert await held(files) == {hers}


# --- twice at once, and cut off -----------------------------------------------------------------------------


class Killed(BaseException):
    """The process dies here."""


async def test_who_dies_between_bytes_and_row_is_followed_by_another(
    talk: Talk, files: Files, tmp_path: Path
) -> None:
    class Dying(Files):
        async def delete(self, public_id: str) -> None:
            await super().delete(public_id)
            raise Killed

    li = await talk.person("李娜")
    await sends_pictures(talk, files, li)
    await li.says("取消")

    with pytest.raises(Killed):
        await tidy(talk.database, Dying(tmp_path / "files"), talk.clock)
    assert [row.state for row in await rows(talk)] == [FileState.DELETED]
    assert await held(files) == set()

    assert await tidy(talk.database, files, talk.clock) == 1
    assert await rows(talk) == []


async def test_two_processes_do_each_others_work_without_harm(
    talk: Talk, files: Files, database_url: str
) -> None:
    li = await talk.person("李娜")
    await sends_pictures(talk, files, li, 5)
    await li.says("取消")
    other = Database(database_url)

    await asyncio.gather(*(tidy(each, files, talk.clock) for each in (talk.database, other) * 2))

    await other.close()
    assert (await rows(talk), await held(files)) == ([], set())


async def test_one_that_sticks_keeps_no_other(talk: Talk, files: Files, tmp_path: Path) -> None:
    li = await talk.person("李娜")
    first, *others = await sends_pictures(talk, files, li, 3)
    await li.says("取消")

    class Sticking(Files):
        async def delete(self, public_id: str) -> None:
            if public_id == first:
                raise PermissionError
            await super().delete(public_id)

    assert await tidy(talk.database, Sticking(tmp_path / "files"), talk.clock) == len(others)
    assert await held(files) == {first}
    assert await tidy(talk.database, files, talk.clock) == 1
