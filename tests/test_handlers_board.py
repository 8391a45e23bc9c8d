"""留言板 in the chat: the newest with links, a post of one's own; and many at the same moment."""

import asyncio

import pytest
import sqlalchemy as sa

from app.database import Database
from app.errors import DomainError
from app.jobs import retention
from app.services import board, board_notices, board_voices, board_work, members
from app.services.board_checks import Verdict
from app.services.confidential import CONFIDENTIAL
from models import BoardCheck, BoardPost, BoardState, Message
from tests.boarding import HOSTILE, again, check, moderator, published, reader, seen, words, writer
from tests.conftest import NOON, FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town
from tests.whole_life import person_of


async def bound(talk: Talk, name: str = "李娜") -> Speaker:
    """Somebody who follows and has bound a number."""
    who = await talk.person(name)
    await who.says("你好")
    person_id = await person_of(talk, who.openid)
    async with talk.database.transaction() as session:
        (await members.get(session, "10001")).person_id = person_id
    return who


async def test_the_newest_come_with_links_and_hostile_titles_end_no_link(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        li, wang = await writer(session, "王敏", "10002"), await moderator(session)
        await published(session, li, wang, title='"><a href=x>点我</a>&'[:30])
        await published(session, li, wang, title="晚饭早一点")
        await board.submit(session, li, words(title="还没审"), channel="chat", now=NOON)
    async with our_town(database, clock) as talk:
        li_talks = await talk.person("李娜")
        read = await li_talks.says("留言板")
    assert "晚饭早一点</a>（王师傅）" in read and "还没审" not in read
    assert "<a href=x" not in read and "＜a href=x＞点我＜/a＞＆" in read
    assert read.count("<a ") == read.count("</a>")


async def test_a_post_is_written_by_talking_and_leaves_no_words_behind(
    database: Database, clock: FakeClock
) -> None:
    async with our_town(database, clock) as talk:
        li = await bound(talk)
        await li.says("发帖")
        await li.taps("安全生产")
        await li.says("安全帽该换了")
        await li.says(HOSTILE)
        await li.taps("匿名职工")
        done = await li.taps("确认")
        assert "工作人员看过以后公开" in done and "/board/mine/" in done
    clock.advance(3600)
    await retention.run(database, clock)
    async with database.reading() as session:
        (post,) = (await session.scalars(sa.select(BoardPost))).all()
        said = (await session.scalars(sa.select(Message).where(Message.rule == CONFIDENTIAL))).all()
    assert post.public_id not in done
    assert (post.name, post.text, post.state) == ("匿名职工", HOSTILE, BoardState.PENDING)
    assert said and {(each.body, each.reply, each.follower_id) for each in said} == {(None, None, None)}


async def test_who_has_left_the_roster_reads_only(database: Database, clock: FakeClock) -> None:
    async with our_town(database, clock) as talk:
        stranger = await talk.person("孙丽")
        assert "请先绑定工号" in await stranger.says("发帖")
        assert "还没有帖子" in await stranger.says("留言板")


# --- at the same moment ------------------------------------------------------------------------------------


async def test_one_form_sent_twice_at_once_is_one_post(database: Database) -> None:
    async with database.transaction() as session:
        li = await writer(session)

    async def sends(once: str) -> None:
        async with database.transaction() as session:
            await board.submit(session, li, words(), once=once, channel="portal", now=NOON)

    await asyncio.gather(*(sends("same") for _ in range(4)))
    done = await asyncio.gather(*(sends(f"{n}") for n in range(4)), return_exceptions=True)
    assert sum(isinstance(each, board.TooMany) for each in done) == 2  # three a day
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(BoardPost)) == 3


async def test_likes_and_reports_at_once_all_count(database: Database) -> None:
    async with database.transaction() as session:
        li, wang = await writer(session), await moderator(session)
        post = await published(session, li, wang)
        who = [await reader(session) for _ in range(6)]

    async def likes(person_id: int) -> None:
        async with database.transaction() as session:
            await board_voices.like(session, post.public_id, person_id)

    async def reports(person_id: int) -> bool:
        async with database.transaction() as session:
            return await board_voices.report(session, post.public_id, person_id, "abuse", "", NOON)

    await asyncio.gather(*map(likes, who))
    hidden = await asyncio.gather(*map(reports, who[:3]))
    assert sorted(hidden) == [False, False, True]
    async with database.reading() as session:
        after = await again(session, post)
    assert (after.likes, after.reports, after.state) == (6, 3, BoardState.HIDDEN)


async def test_of_two_moderators_at_once_one_decides(database: Database) -> None:
    async with database.transaction() as session:
        li, wang, zhao = (
            await writer(session),
            await moderator(session),
            await moderator(session, "赵敏", "z"),
        )
        post = await board.submit(session, li, words(), channel="portal", now=NOON)
        await check(session, Verdict(BoardCheck.PASSED))
        post = await again(session, post)

    async def publishes() -> None:
        async with database.transaction() as session:
            await board_work.publish(session, seen(post, wang), NOON)

    async def refuses() -> None:
        async with database.transaction() as session:
            await board_work.refuse(session, seen(post, zhao), "广告", NOON)

    done = await asyncio.gather(publishes(), refuses(), return_exceptions=True)
    assert sum(isinstance(each, DomainError) for each in done) == 1
    async with database.reading() as session:
        after = await again(session, post)
    assert after.state in (BoardState.PUBLISHED, BoardState.REFUSED)


@pytest.mark.parametrize("dies_at", ["publish", "told"])
async def test_a_publication_that_breaks_off_has_not_been(
    database: Database, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    async with database.transaction() as session:
        li, wang = await writer(session), await moderator(session)
        post = await board.submit(session, li, words(), channel="portal", now=NOON)
        await check(session, Verdict(BoardCheck.PASSED))
        post = await again(session, post)

    async def dies(*args: object) -> None:
        raise RuntimeError("power cut")

    if dies_at == "told":
        monkeypatch.setattr(board_notices, "moved", dies)
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await board_work.publish(session, seen(post, wang), NOON)
            await dies()
    monkeypatch.undo()
    async with database.transaction() as session:
        assert (await again(session, post)).state is BoardState.PENDING
        done = await board_work.publish(session, seen(await again(session, post), wang), NOON)
        assert done.state is BoardState.PUBLISHED
