"""辟谣 in the chat: a rumour is answered by what was found out, before tips and after danger."""

import sqlalchemy as sa

from app.database import Database
from app.jobs import retention
from app.services.confidential import CONFIDENTIAL
from app.services.library import Library
from handlers.clarifications import in_words
from models import ClarificationReport, Message
from tests.conftest import FakeClock
from tests.rumouring import published
from tests.shipped import answers
from tests.town import our_town


async def knowing(database: Database) -> Library:
    """One clarification is published, and a process has heard of it."""
    async with database.transaction() as session:
        await published(session)
    fresh, library = Library(), Library(answers())
    assert await fresh.refresh(database.reading)
    library.rumours = fresh.rumours
    return library


async def test_a_rumour_is_answered_by_what_was_found_out(database: Database, clock: FakeClock) -> None:
    library = await knowing(database)
    async with our_town(database, clock, library=library) as talk:
        li = await talk.person("李娜")
        said = await li.says("听说要涨电费")
        first, second, third, *_ = said.splitlines()
        assert first == "✕不实：居民电价没有调整。电价由省发改委定，调整会提前公布。"
        assert (second, third) == ("黄陵县供电公司营销部，2026-11-23", "《关于居民电价的说明》PY-2026-0001")
        (rumour,) = library.rumours.all
        whole = in_words(rumour, "https://gonghui.example.com")
        assert f"https://gonghui.example.com/clarifications/{rumour.id}" in whole

        assert "居民电价没有调整" not in await li.says("电费怎么交")
        danger = await li.says("听说下个月电费要涨一倍，我家有人触电了")
        assert danger.index("120") < danger.index("不实")
        assert "这个说法还没有核实过" in await li.says("听说火星人要来种土豆")

        assert "关于居民电价的说明" in await li.says("辟谣")
        assert "电价由省发改委定" in await li.taps("关于居民电价的说明")


async def test_what_is_known_already_is_said_before_more_is_asked(
    database: Database, clock: FakeClock
) -> None:
    async with our_town(database, clock, library=await knowing(database)) as talk:
        li = await talk.person("李娜")
        await li.says("举报谣言")
        assert "这个说法核实过：✕不实" in await li.says("电费下个月要涨一倍")
        assert "黄陵县供电公司营销部" in await li.taps("就是这个")
        await li.says("举报谣言")
        await li.says("电费下个月要涨一倍")
        assert "从哪里听到的" in await li.taps("不是这个")
        await li.taps("短视频")
        await li.says("跳过")
        assert "PY-2026-0002" in await li.taps("确认")
        assert "PY-2026-0002　收到线索" in await li.says("辟谣")
    clock.advance(3600)
    await retention.run(database, clock)
    async with database.reading() as session:
        found = (await session.scalars(sa.select(ClarificationReport))).all()
        said = (await session.scalars(sa.select(Message).where(Message.rule == CONFIDENTIAL))).all()
    assert [each.words for each in found][-1] == "电费下个月要涨一倍"
    assert said and {(each.body, each.follower_id) for each in said} == {(None, None)}
