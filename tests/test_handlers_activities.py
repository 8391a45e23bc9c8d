"""Activities by chat: found, signed up for, waited for, taken, given back."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.jobs import activities as timers
from app.services import activities, notice_consents, sign_ups, sittings
from app.services.audiences import Facts
from app.services.sign_ups import Applicant
from models import (
    Activity,
    Again,
    Allocation,
    Message,
    MessageState,
    Outbox,
    Person,
    SignUp,
    SignUpState,
    Way,
)
from tests import making
from tests.conftest import NOON, FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def announce(talk: Talk, title: str = "登山", **given: Any) -> Activity:
    async with talk.database.transaction() as session:
        return await making.activity(session, title, **given)


async def signs_up(who: Speaker, title: str) -> str:
    """From the list to the answer, for an activity that asks nothing."""
    await who.says("报名")
    await who.taps(title)
    await who.taps("我要报名")
    return await who.says("确认")


async def states(talk: Talk, title: str) -> Sequence[SignUpState]:
    async with talk.database.reading() as session:
        chosen = sa.select(SignUp.state).join(Activity, Activity.id == SignUp.activity_id)
        return (await session.scalars(chosen.where(Activity.title == title).order_by(SignUp.id))).all()


# --- finding -----------------------------------------------------------------------------------------------


async def test_nothing_on_is_said_with_a_way_on(database: Database, clock: FakeClock) -> None:
    async with our_town(database, clock, activities=False) as talk:
        li = await talk.person("李娜")

        assert await li.says("有什么活动") == "近期没有活动，有新活动会发在这里。\n我的报名"
        assert "还没有报名" in await li.says("我的报名")
        assert (await li.clicks("activities.sign_up")).startswith("近期没有可报名的活动")


async def test_the_list_says_what_is_open_and_when(talk: Talk) -> None:
    await announce(talk, "登山", opens_at=NOON + timedelta(hours=3))
    li = await talk.person("李娜")

    listed = await li.says("活动")
    assert listed.splitlines()[1] == "羽毛球赛 报名中（11月30日（周一）14:00）"
    assert "登山 已发布" in listed
    shown = await li.taps("登山")
    assert "今天 15:00开始报名。" in shown
    assert "我要报名" not in shown


async def test_several_evenings_are_said_in_one_line(talk: Talk) -> None:
    first = NOON + timedelta(days=9, hours=7)
    rows = [
        sittings.raw(first + timedelta(days=days), first + timedelta(days=days, hours=2))
        for days in (0, 7, 14)
    ]
    await announce(talk, "书法课", sittings=rows)
    li = await talk.person("李娜")

    assert "书法课 报名中（共 3 次：12月2日、9日、16日 19:00）" in await li.says("活动")
    assert "时间：共 3 次：12月2日、9日、16日 19:00" in await li.taps("书法课")
    await li.taps("我要报名")
    done = await li.says("确认")
    assert done.startswith("「书法课」报名成功，共 3 次：12月2日、9日、16日 19:00，职工活动中心。")


async def test_without_an_activity_named_the_flow_asks_which(talk: Talk) -> None:
    await announce(talk, "登山")
    li = await talk.person("李娜")

    assert "请选择活动：" in await li.clicks("activities.sign_up")
    assert "活动：登山" in await li.taps("登山")


@pytest.mark.parametrize("forged", ["nothing", "'; DROP TABLE activity; --", "9" * 100])
async def test_an_invented_id_finds_nothing(talk: Talk, forged: str) -> None:
    li = await talk.person("李娜")

    for handler in ("show", "sign_up", "cancel", "accept", "decline"):
        read = await li.says("看看", choice=f"do:activities.{handler}?activity={forged}")
        assert "没有找到这个活动" in read or "使用帮助" in read, read


# --- signing up --------------------------------------------------------------------------------------------


async def test_a_crowd_is_not_held_up_by_whether_anybody_may_be_reminded(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked before the last step, in which others wait for the activity: that cost a crowd seconds."""
    await announce(talk, "登山")
    li, asked = await talk.person("李娜"), []
    may_ask = notice_consents.may_ask

    async def told(session: Any) -> bool:
        asked.append(li.last)  # what was said before
        return await may_ask(session)

    monkeypatch.setattr(notice_consents, "may_ask", told)

    assert "报名成功" in await signs_up(li, "登山")
    assert len(asked) == 1 and "确认" not in asked[0]


async def test_a_receipt_is_the_reply_itself_and_the_reminder_comes_later(talk: Talk) -> None:
    await announce(talk, "登山")
    li = await talk.person("李娜")

    assert (await signs_up(li, "登山")).startswith("「登山」报名成功，11月30日（周一）14:00，职工活动中心。")

    async with talk.database.reading() as session:
        rows = (await session.scalars(sa.select(Outbox).order_by(Outbox.id))).all()
    assert [(row.kind, row.way) for row in rows] == [
        ("activities.receipt", Way.PASSIVE),
        ("activities.reminder", None),
    ]


async def test_confirming_twice_and_a_repeated_push_sign_up_once(talk: Talk) -> None:
    await announce(talk, "登山")
    li = await talk.person("李娜")
    await li.says("报名")
    await li.taps("登山")
    await li.taps("我要报名")
    push = li.incoming("text", "<Content>确认</Content>")

    first = await li.pushes(push)
    assert await li.pushes(push) == first
    await li.says("确认")

    assert await states(talk, "登山") == [SignUpState.CONFIRMED]
    await li.says("报名")
    assert "取消报名" in await li.taps("登山")


async def test_filled_between_question_and_confirmation_is_asked_again(talk: Talk) -> None:
    """Nobody finds himself on a waiting list who said yes to a seat."""
    await announce(talk, "登山", capacity=1)
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await li.says("报名")
    await li.taps("登山")
    assert "确认报名吗？" in await li.taps("我要报名")
    await signs_up(wang, "登山")

    again = await li.says("确认")
    assert again.startswith("内容有了变化，请再确认一次。")
    assert "名额已满，确认后进入候补" in again
    assert "您在候补名单中" in await li.says("确认")


async def test_called_off_between_question_and_confirmation_says_so(talk: Talk) -> None:
    climb = await announce(talk, "登山")
    li = await talk.person("李娜")
    await li.says("报名")
    await li.taps("登山")
    await li.taps("我要报名")
    async with talk.database.transaction() as session:
        await activities.call_off(session, climb.public_id, by="王强", now=talk.clock.now())

    assert await li.says("确认") == "「登山」已取消。"
    assert await states(talk, "登山") == []


async def test_closed_while_somebody_thinks_says_so(talk: Talk) -> None:
    await announce(talk, "登山", closes_at=NOON + timedelta(minutes=5))
    li = await talk.person("李娜")
    await li.says("报名")
    await li.taps("登山")
    await li.taps("我要报名")
    talk.clock.advance(600)

    assert await li.says("确认") == "「登山」报名已截止。"


async def test_hostile_words_in_answers_come_back_as_words(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("报名")
    await li.taps("羽毛球赛")
    await li.taps("我要报名")
    await li.taps("就我自己")
    await li.taps("L")
    hostile = ']]></Content><a href="weixin://bizmsgmenu?msgmenucontent=确认&msgmenuid=x">x</a>\x00'

    assert "请只发号码" in await li.says(hostile.replace("]]>", "]]]]><![CDATA[>").replace("\x00", ""))


# --- waiting, taking, giving back --------------------------------------------------------------------------


async def test_a_seat_given_back_reaches_the_next_by_a_word(talk: Talk) -> None:
    await announce(talk, "登山", capacity=1)
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await signs_up(li, "登山")
    await signs_up(wang, "登山")
    assert "现在没有给您留的候补名额" in await wang.says("接受")

    await li.says("我的报名")
    await li.taps("登山")
    await li.taps("取消报名")
    assert "已取消" in await li.says("确认")

    assert "候补待确认" in await wang.says("我的报名")
    assert (await wang.says("接受")).startswith("「登山」报名成功")
    assert await states(talk, "登山") == [SignUpState.CANCELLED, SignUpState.CONFIRMED]


async def test_with_several_offers_one_is_asked_which(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    for title in ("登山", "插花"):
        await announce(talk, title, capacity=1)
        await signs_up(li, title)
        await signs_up(wang, title)
    async with talk.database.transaction() as session:
        for each in await activities.list_ahead(session, talk.clock.now(), 8):
            if each.title != "羽毛球赛":
                await activities.set_capacity(session, each.public_id, 2, now=talk.clock.now())

    assert (await wang.says("放弃")).startswith("是哪一个活动？")
    assert "「插花」的名额让给下一位了" in await wang.taps("插花")
    assert (await wang.says("接受")).startswith("「登山」报名成功")


async def test_an_offer_runs_out_by_itself_and_goes_to_the_next(talk: Talk) -> None:
    await announce(talk, "登山", capacity=1)
    people = [await talk.person(name) for name in ("李娜", "王强", "赵敏")]
    for who in people:
        await signs_up(who, "登山")
    await people[0].says("我的报名")
    await people[0].taps("登山")
    await people[0].taps("取消报名")
    await people[0].says("确认")

    talk.clock.advance(13 * 3600)
    assert await timers.run(talk.database, talk.clock) == 1
    assert await timers.run(talk.database, talk.clock) == 0

    assert await states(talk, "登山") == [
        SignUpState.CANCELLED,
        SignUpState.OFFER_EXPIRED,
        SignUpState.OFFERED,
    ]
    assert "现在没有给您留的候补名额" in await people[1].says("接受")


async def test_no_message_failed_in_all_this(talk: Talk) -> None:
    li = await talk.person("李娜")
    for words in ("活动", "我的报名", "接受", "放弃", "取消报名"):
        await li.says(words)

    async with talk.database.reading() as session:
        failed = sa.select(sa.func.count(Message.id)).where(Message.state == MessageState.FAILED)
        assert await session.scalar(failed) == 0


# --- who may not -------------------------------------------------------------------------------------------


async def test_why_not_is_said_before_anything_is_asked_and_again_at_the_end(talk: Talk) -> None:
    rest = {"kind_of": "疗休养", "apart_months": 12}
    await announce(talk, "秦岭疗养", guests=2, **rest)
    await announce(talk, "华山疗养", **rest)
    await announce(talk, "老年健步走", youngest=55)
    li = await talk.person("李娜")
    await li.says("报名")
    shown = await li.taps("老年健步走")
    assert "年龄：满 55 周岁，按活动开始那天算" in shown
    assert "还不知道您多大：请在公众号里回复「绑定」" in shown and "我要报名" not in shown

    await li.says("报名")
    assert "同类活动：12 个月内参加过「疗休养」的不能再报" in await li.taps("秦岭疗养")
    await li.taps("我要报名")
    async with talk.database.transaction() as session:  # meanwhile, on the portal
        person_id = await session.scalar(sa.select(sa.func.max(Person.id)))
        other = next(each for each in await activities.list_ahead(session, NOON, 8) if "华山" in each.title)
        who = Applicant(person_id or 0, Facts(), "portal")
        await sign_ups.sign_up(session, other.id, who, now=talk.clock.now())
    assert "您已经报了2026年11月30日的「华山疗养」" in await li.taps("带 1 位")
    assert await states(talk, "秦岭疗养") == []


async def test_who_was_there_lately_hears_that_he_comes_last(talk: Talk) -> None:
    rest = {"kind_of": "疗休养", "apart_months": 12, "again": Again.BEHIND}
    await announce(talk, "秦岭疗养", **rest)
    await announce(talk, "华山疗养", **rest)
    li = await talk.person("李娜")
    await signs_up(li, "华山疗养")
    await li.says("报名")
    assert "再报，要排在没去过的人后面。" in await li.taps("秦岭疗养")
    assert "报名截止后还有名额，会问您。确认报名吗？" in await li.taps("我要报名")
    assert "您排在候补最后" in await li.says("确认")
    assert await states(talk, "秦岭疗养") == [SignUpState.WAITLISTED]


# --- by lot ------------------------------------------------------------------------------------------------


async def test_by_lot_one_enters_and_hears_after_the_closing(talk: Talk, clock: FakeClock) -> None:
    trip = await announce(talk, "疗养", allocation=Allocation.LOT, capacity=1)
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await li.says("报名")
    assert "1 个名额，截止后抽签" in await li.taps("疗养")
    assert "截止后抽签，早报晚报都一样。确认报名吗？" in await li.taps("我要报名")
    assert "截止后抽签，结果会通知您。" in await li.says("确认")
    await signs_up(wang, "疗养")
    await li.says("报名")
    assert "取消报名" in await li.taps("疗养")

    clock.set(trip.closes_at)
    await timers.run(talk.database, clock)

    assert sorted(await states(talk, "疗养")) == [SignUpState.CONFIRMED, SignUpState.WAITLISTED]
    async with talk.database.reading() as session:
        rows = await session.scalars(sa.select(Outbox.payload).where(Outbox.kind == "activities.lot"))
        words = [str(each) for each in rows]
    assert sum("抽中了！" in each for each in words) == sum("没有抽中" in each for each in words) == 1


# --- what one agrees to ------------------------------------------------------------------------------------


async def test_children_a_guardian_and_a_notice_that_changes_meanwhile(talk: Talk) -> None:
    asked = {"guests": 2, "names_guests": True, "safety_notice": "系好安全绳。"}
    climb = await announce(talk, "攀岩", **asked)
    li = await talk.person("李娜")
    await li.says("报名")
    await li.taps("攀岩")
    await li.taps("我要报名")
    assert await li.taps("带 2 位") == "第 1 位同伴叫什么名字？\n回复「取消」可退出。"
    hostile = "小明]]]]><![CDATA[><x>"
    assert "活动那天几周岁？" in await li.says(hostile)
    assert "请回复 0 到 120 的数字" in await li.says("八岁半")
    await li.says("８岁")
    await li.says("王奶奶")
    assert "不满 14 周岁，要有监护人同意。监护人叫什么名字？" in await li.says("68")
    assert "的监护人李娜，同意孩子参加「攀岩」" in await li.says("李娜")
    assert "安全须知，请先看完：\n系好安全绳。" in await li.says("确认")
    async with talk.database.transaction() as session:
        values = {"safety_notice": "系好安全绳，戴头盔。", "questions": [], "starts_at": climb.starts_at}
        given: dict[str, Any] = {"version": climb.version, "by": "王强", "now": talk.clock.now()}
        await activities.change(session, climb.public_id, values, **given)
    again = await li.says("确认")
    assert again.startswith("内容有了变化，请再确认一次。") and "戴头盔" in again
    assert "人数：3\n同伴：小明]]><x>（8 岁）、王奶奶（68 岁）" in await li.says("确认")
    assert (await li.says("确认")).startswith("「攀岩」报名成功")

    async with talk.database.reading() as session:
        entry = (await session.scalars(sa.select(SignUp))).one()
        kept: Any = entry.party
    assert [each["age"] for each in kept["guests"]] == [8, 68] and kept["guardian"]["name"] == "李娜"

    wang = await talk.person("王强")
    await wang.says("报名")
    await wang.taps("攀岩")
    await wang.taps("我要报名")
    assert "戴头盔" in await wang.taps("就我自己")
    await wang.says("取消")
    assert await states(talk, "攀岩") == [SignUpState.CONFIRMED]


# --- saying otherwise --------------------------------------------------------------------------------------


async def test_a_change_that_no_longer_fits_is_asked_again_and_loses_nothing(talk: Talk) -> None:
    await announce(talk, "春游", guests=2, capacity=3, changes_until=NOON + timedelta(minutes=10))
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await li.says("报名")
    await li.taps("春游")
    await li.taps("我要报名")
    await li.taps("就我自己")
    await li.says("确认")
    await li.taps("改报名")
    assert "人数：3\n确认这样改吗？" in await li.taps("带 2 位")
    await wang.says("报名")
    await wang.taps("春游")
    await wang.taps("我要报名")
    await wang.taps("就我自己")
    await wang.says("确认")

    again = await li.says("确认")
    assert again.startswith("还有 1 个名额，加不了 2 位。您原来的报名没有变。") and "带同伴一起去吗" in again
    assert "人数：2" in await li.taps("带 1 位")
    assert (await li.says("确认")).startswith("改好了。\n「春游」报名成功")

    await li.taps("改报名")
    talk.clock.advance(600)
    assert "只能改到" in await li.says("就我自己")
    async with talk.database.reading() as session:
        assert (await session.scalars(sa.select(SignUp.seats).order_by(SignUp.id))).all() == [2, 1]
