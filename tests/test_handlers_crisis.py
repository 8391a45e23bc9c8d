"""Danger in chat: lines first, people on duty, and no small talk after a confession."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue import engine
from app.services import crisis
from models import AlertState, CrisisAlert, Follower, Outbox
from tests.conftest import FakeClock
from tests.talking import Talk
from tests.town import ON_DUTY, our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def alerts(talk: Talk) -> list[CrisisAlert]:
    async with talk.database.reading() as session:
        return list(await session.scalars(sa.select(CrisisAlert).order_by(CrisisAlert.id)))


async def test_a_confession_gets_warm_lines_and_nothing_else(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = await li.says("我不想活了")

    assert answered == crisis.SELF_HARM.lines
    (alert,) = await alerts(talk)
    assert (alert.excerpt, alert.state) == ("我不想活了", AlertState.WAITING)
    # no list of questions for the next tip
    assert await talk.unanswered.flush(talk.database.transaction) == 0


async def test_a_spoken_confession_is_heard_too(talk: Talk) -> None:
    li = await talk.person("李娜")

    assert await li.sends_voice("活着没意思。") == crisis.SELF_HARM.lines


async def test_the_same_push_twice_alerts_once(talk: Talk) -> None:
    li = await talk.person("李娜")
    pushed = li.incoming("text", "<Content>我想自杀</Content>")

    assert await li.pushes(pushed) == await li.pushes(pushed)
    assert len(await alerts(talk)) == 1


async def test_inside_a_story_the_lines_come_first_and_the_story_goes_on(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("留言")
    await li.says("3")

    told = await li.says("加班到活不下去了，真想跳楼")

    assert told.startswith(crisis.SELF_HARM.lines)
    assert "收到，共 1 条" in told
    assert len(await alerts(talk)) == 1
    assert "要实名还是匿名？" in await li.says("完成")


async def test_an_accident_gets_the_number_first_then_the_whole_answer_and_no_alert(talk: Talk) -> None:
    li = await talk.person("李娜")

    answered = await li.says("触电了怎么急救")

    assert answered.startswith(crisis.SHOCK.lines)
    assert "【有人触电怎么救】" in answered
    assert await alerts(talk) == []


async def test_in_a_crowd_words_of_danger_are_let_in_and_answered(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await talk.person("李娜")
    monkeypatch.setattr(engine, "CROWDED", 0)

    assert await li.says("今天活动几点") == engine.SORRY_BUSY
    assert await li.says("我不想活了") == crisis.SELF_HARM.lines
    assert (await li.sends_voice("有人触电了")).startswith(crisis.SHOCK.lines)
    assert len(await alerts(talk)) == 1


async def test_where_no_room_is_left_nothing_is_promised(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    li = await talk.person("李娜")
    monkeypatch.setattr(engine, "CROWDED", 0)
    monkeypatch.setattr(engine, "PACKED", 0)

    assert await li.says("我不想活了") == engine.SORRY_BUSY
    assert await alerts(talk) == []


async def test_only_people_on_duty_take_an_alert_and_read_the_words(talk: Talk) -> None:
    zhao = await talk.person("赵敏")
    assert zhao.openid == ON_DUTY
    li = await talk.person("李娜")
    await li.says("我不想活了")

    refused = await li.says("我来处理", choice="do:crisis.take?alert=1")
    taken = await zhao.says("我来处理", choice="do:crisis.take?alert=1")

    assert refused == "没有找到这条提醒。"
    assert taken.startswith("提醒 1 由您接手，不再重复提醒。\n今天 12:00 的原话：我不想活了")
    (alert,) = await alerts(talk)
    assert alert.state is AlertState.TAKEN


async def test_who_has_no_line_to_tap_says_the_word(talk: Talk) -> None:
    zhao = await talk.person("赵敏")
    li = await talk.person("李娜")
    assert await zhao.says(crisis.TAKE) == "现在没有等待接手的提醒。"
    await li.says("我不想活了")

    assert await li.says(crisis.TAKE) == "没有找到这条提醒。"
    assert (await zhao.says(crisis.TAKE)).startswith("提醒 1 由您接手，不再重复提醒。")


async def test_of_several_alerts_one_is_chosen(talk: Talk) -> None:
    zhao = await talk.person("赵敏")
    for name in ("李娜", "王强"):
        await (await talk.person(name)).says("我不想活了")

    asked = await zhao.says(crisis.TAKE)

    assert asked.startswith("有几条提醒在等人接手，请选一条：\n2 号，今天 12:00\n1 号，今天 12:00")
    assert (await zhao.taps("1 号")).startswith("提醒 1 由您接手")


async def test_the_word_is_not_sent_to_the_person_one_is_just_writing_to(talk: Talk) -> None:
    zhao, li = await talk.person("赵敏"), await talk.person("李娜")
    await li.says("我不想活了")
    await zhao.says(crisis.TAKE)
    await zhao.taps("给本人回话")

    assert "要接手另一条提醒，请先回复「取消」。" in await zhao.says(crisis.TAKE)
    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(Outbox))).all() == []


async def test_who_took_it_can_speak_to_the_person_without_knowing_who_it_is(talk: Talk) -> None:
    zhao, li = await talk.person("赵敏"), await talk.person("李娜")
    await li.says("我不想活了")
    await zhao.says("我来处理", choice="do:crisis.take?alert=1")

    assert (await zhao.taps("给本人回话")).startswith("请写给本人的话")
    assert (await zhao.says("我是小赵，现在方便接电话吗？")).startswith("已交给微信发送。")

    async with talk.database.reading() as session:
        row = (await session.scalars(sa.select(Outbox))).one()
        person = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == li.openid))
    assert (row.person_id, row.urgent) == (person, True)
    assert row.payload == {"type": "text", "content": "工会值班同事：我是小赵，现在方便接电话吗？"}


async def test_nobody_else_speaks_in_the_name_of_the_people_on_duty(talk: Talk) -> None:
    await talk.person("赵敏")
    li = await talk.person("李娜")
    await li.says("我不想活了")

    assert await li.clicks("crisis.reply?alert=1") == "没有找到这条提醒。"


@pytest.mark.parametrize("number", ["", "0", "2", "abc", "1 OR 1", "9" * 40, "²"])
async def test_a_made_up_alert_is_not_found(talk: Talk, number: str) -> None:
    zhao = await talk.person("赵敏")

    assert (
        await zhao.says("我来处理", choice=f"do:crisis.take?alert={number or '%20'}") == "没有找到这条提醒。"
    )
