"""预约: reminders at the right hour, what is over, many at the same moment, and what breaks off."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.database import Database
from app.errors import DomainError
from app.jobs import appointments as job
from app.jobs import retention
from app.services import appointment_notices, appointment_rows, appointments
from app.services import appointment_work as work
from app.services.confidential import CONFIDENTIAL
from app.services.permissions import Standing
from models import (
    Account,
    AccountKind,
    AdviceSlot,
    Appointment,
    AppointmentState,
    AppointmentStep,
    CaseKind,
    DeliveryState,
    Message,
    NoticeTemplate,
    Outbox,
    SlotPlace,
    SlotState,
)
from tests.booking import adviser, booked, china, fresh, offered, somebody, told
from tests.conftest import NOON, FakeClock
from tests.town import our_town

S = AppointmentState


class Day:
    """A counsellor with a WeChat of her own, somebody who books, and time that passes."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock

    async def begin(self, day: date = date(2026, 11, 24), begins: time = time(9), **given: Any) -> None:
        until = given.pop("until", None) or time(begins.hour + 1)
        async with self.database.transaction() as session:
            self.own = await somebody(session)
            self.wang: Standing = await adviser(session, person_id=self.own)
            self.slot, *_ = await offered(session, self.wang, day=day, begins=begins, until=until, **given)
            self.li = await somebody(session)
            self.made = await booked(session, self.li, self.slot)

    async def at(self, moment: datetime) -> int:
        self.clock.set(moment)
        return await job.run(self.database, self.clock)

    async def heard(self, who: int, kind: str) -> list[str]:
        async with self.database.reading() as session:
            return await told(session, who, kind)

    async def state(self) -> AppointmentState:
        async with self.database.reading() as session:
            return (await fresh(session, self.made)).state


@pytest.fixture
async def day(database: Database, clock: FakeClock) -> AsyncIterator[Day]:
    yield Day(database, clock)


# --- reminders ---------------------------------------------------------------------------------------------


async def test_both_are_reminded_the_evening_before_and_two_hours_before(day: Day) -> None:
    await day.begin(begins=time(14))
    assert await day.at(china(23, 17, 59)) == 0
    assert await day.at(china(23, 18)) == 1
    assert await day.at(china(23, 18, 1)) == 0
    (words,) = await day.heard(day.li, "appointments.reminder")
    assert words.startswith("提醒您：11月24日（周二）14:00，心理疏导，咨询师王芳，地点：工会二楼谈心室。")
    (word,) = await day.heard(day.own, "staff.coming")
    assert word == "11月24日您有 1 个预约，最早的是 11月24日（周二）14:00。请到工作台看。"
    assert await day.at(china(24, 12)) == 1
    assert len(await day.heard(day.li, "appointments.reminder")) == 2
    assert "两小时内有预约" in (await day.heard(day.own, "staff.coming"))[1]
    assert await day.at(china(24, 15)) == 1
    assert await day.state() is S.UNMARKED
    assert await day.at(china(30, 15)) == 0


async def test_over_a_weekend_the_evening_before_is_sunday(day: Day) -> None:
    await day.begin(day=date(2026, 11, 30), begins=time(10))
    assert await day.at(china(28, 18)) == 0
    assert await day.at(china(29, 18)) == 1


@pytest.mark.parametrize(
    ("begins", "until", "expected"),
    [
        (time(10), time(11), china(24, 8)),
        (time(9), time(10), china(24, 8)),  # 7:00 is too early to wake anybody
        (time(8), time(9), None),  # nor is there an hour left; the evening before has to do
        (time(22), time(23), china(24, 20)),
        (time(23, 30), time(23, 50), china(24, 20)),  # 21:30 is too late
        (time(0, 30), time(1), china(23, 20)),
    ],
)
async def test_quiet_hours_are_left_quiet(
    day: Day, begins: time, until: time, expected: datetime | None
) -> None:
    await day.begin(begins=begins, until=until, minutes=20)
    steps = dict(appointment_notices.moments(day.slot))
    assert steps.get(AppointmentStep.SHORTLY) == expected


async def test_after_a_night_without_us_one_reminder_is_made(day: Day) -> None:
    await day.begin(begins=time(14))
    assert await day.at(china(24, 13)) == 1
    assert len(await day.heard(day.li, "appointments.reminder")) == 1
    assert await day.at(china(24, 13, 30)) == 0


async def test_of_what_was_given_up_nobody_is_reminded(day: Day) -> None:
    await day.begin(begins=time(14))
    await day.at(china(23, 18))
    async with day.database.transaction() as session:
        await appointments.cancel(session, day.li, day.made.public_id, channel="chat", now=china(23, 19))
        found = sa.select(Outbox.state).where(Outbox.kind == "appointments.reminder")
        assert await session.scalar(found) is DeliveryState.SKIPPED
    assert await day.at(china(24, 12)) == 0


async def test_who_advises_no_more_lets_nobody_come_in_vain(day: Day) -> None:
    await day.begin()
    async with day.database.transaction() as session:
        await session.execute(sa.text("DELETE FROM staff_grant"))
    await day.at(china(23, 18))
    assert await day.state() is S.CALLED_OFF
    assert len(await day.heard(day.li, "appointments.called_off")) == 1
    assert not await day.heard(day.li, "appointments.reminder")


@pytest.mark.parametrize("room", ["工会二楼谈心室", "很长" * 30])
async def test_where_a_template_is_mapped_it_carries_the_reminder(day: Day, room: str) -> None:
    await day.begin(room=room)
    async with day.database.transaction() as session:
        account = Account(app_id="wx1", kind=AccountKind.OFFICIAL)
        session.add(account)
        await session.flush()
        fields = {"thing1": "事由", "time2": "时间", "thing3": "地点"}
        row = {"template_id": "t1", "fields": fields, "mapped_by": "王强", "mapped_at": NOON}
        session.add(NoticeTemplate(account_id=account.id, kind=appointment_notices.CARD, **row))
    await day.at(china(23, 18))
    async with day.database.reading() as session:
        found = sa.select(Outbox).where(Outbox.person_id == day.li, Outbox.kind == appointment_notices.CARD)
        card = (await session.scalars(found)).one()
    payload = dict(card.payload)  # type: ignore[call-overload]
    assert payload["data"]["thing1"] == "您约好的面谈"
    assert payload["data"]["time2"] == "2026年11月24日 09:00"
    assert "心理" not in str(payload) and "咨询师" not in str(payload)


# --- at the same moment ------------------------------------------------------------------------------------


async def test_of_many_who_want_one_slot_one_gets_it(database: Database) -> None:
    async with database.transaction() as session:
        slot, _ = await offered(session, await adviser(session))
        who = [await somebody(session) for _ in range(5)]

    async def books(person_id: int) -> Appointment:
        async with database.transaction() as session:
            return await booked(session, person_id, slot)

    done = await asyncio.gather(*map(books, who), return_exceptions=True)
    late = [each for each in done if isinstance(each, DomainError)]
    assert len(late) == 4 and all("刚刚被别人约走了。最近还能约的" in each.message for each in late)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1


async def test_one_person_in_chat_and_on_the_portal_books_one(database: Database) -> None:
    async with database.transaction() as session:
        made = await offered(session, await adviser(session))
        li = await somebody(session)

    async def books(slot: AdviceSlot) -> Appointment:
        async with database.transaction() as session:
            return await booked(session, li, slot)

    done = await asyncio.gather(*map(books, [*made, *made]), return_exceptions=True)
    assert {type(each) for each in done} <= {Appointment, DomainError}
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1


async def test_a_slot_taken_back_while_somebody_books_leaves_nobody_waiting(database: Database) -> None:
    async with database.transaction() as session:
        wang = await adviser(session)
        slot, _ = await offered(session, wang)
        li = await somebody(session)

    async def books() -> None:
        async with database.transaction() as session:
            await booked(session, li, slot)

    async def withdraws() -> None:
        async with database.transaction() as session:
            await work.withdraw(session, wang, slot.public_id, "", NOON, series=False)

    done = await asyncio.gather(books(), withdraws(), return_exceptions=True)
    assert all(each is None or isinstance(each, DomainError) for each in done)
    async with database.reading() as session:
        assert (await session.get_one(AdviceSlot, slot.id)).state is SlotState.WITHDRAWN
        states = (await session.scalars(sa.select(Appointment.state))).all()
        heard = await told(session, li, "appointments.called_off")
    assert (states, len(heard)) in (([S.CALLED_OFF], 1), ([], 0))


async def test_two_rounds_at_once_remind_once(day: Day) -> None:
    await day.begin(begins=time(14))
    day.clock.set(china(23, 18))
    await asyncio.gather(*(job.run(day.database, day.clock) for _ in range(3)))
    assert len(await day.heard(day.li, "appointments.reminder")) == 1


async def test_forms_at_once_never_overlap(database: Database) -> None:
    async with database.transaction() as session:
        wang = await adviser(session)

    async def offers(minute: int) -> None:
        async with database.transaction() as session:
            await offered(session, wang, begins=time(9, minute), until=time(10, minute))

    done = await asyncio.gather(*map(offers, (0, 20, 40)), return_exceptions=True)
    assert sum(isinstance(each, DomainError) for each in done) == 2


# --- what breaks off ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dies_at", ["receipt", "tell_booked"])
async def test_a_booking_that_breaks_off_has_not_been(
    database: Database, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    async with database.transaction() as session:
        slot, _ = await offered(session, await adviser(session))
        li = await somebody(session)

    def dies(*args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(appointment_notices, dies_at, dies)
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await booked(session, li, slot)
    monkeypatch.undo()
    async with database.transaction() as session:
        assert (await session.get_one(AdviceSlot, slot.id)).state is SlotState.FREE
        assert await appointment_rows.find_live(session, li, CaseKind.COUNSELLING) is None
        assert await booked(session, li, slot)


async def test_a_reminder_that_breaks_off_comes_again(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    await day.begin(begins=time(14))

    async def dies(*args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(appointment_notices, "tell_day", dies)
    with pytest.raises(RuntimeError):
        await day.at(china(23, 18))
    monkeypatch.undo()
    assert not await day.heard(day.li, "appointments.reminder")
    assert await day.at(china(23, 18, 1)) == 1
    assert len(await day.heard(day.li, "appointments.reminder")) == 1


# --- in the chat -------------------------------------------------------------------------------------------


async def test_the_chat_keeps_no_word_of_it_and_says_nothing_twice(
    database: Database, clock: FakeClock
) -> None:
    async with our_town(database, clock, advisers=True) as talk:
        li, sun = await talk.person("李娜"), await talk.person("孙丽")
        for who in (li, sun):
            await who.says("预约咨询师")
            for words in ("同意", "1", "1", "1", "跳过", "<script>alert(1)</script> =1+1"):
                await who.says(words)
        assert "约好了" in await li.says("确认")
        late = await sun.says("确认")
        assert "已经不能选了" in late or "刚刚被别人约走了" in late
        assert "请选" in late
        await sun.says("取消")
        assert "一次只能约一个" in await li.says("约咨询师")
    async with database.reading() as session:
        receipt = sa.select(Outbox.state).where(Outbox.kind == "appointments.receipt")
        assert (await session.scalars(receipt)).all() == [DeliveryState.DELIVERED]
        assert await session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1
    clock.advance(timedelta(days=2).total_seconds())
    await retention.run(database, clock)
    async with database.reading() as session:
        said = (await session.scalars(sa.select(Message).where(Message.rule == CONFIDENTIAL))).all()
    assert said and {(each.body, each.reply, each.follower_id) for each in said} == {(None, None, None)}


async def test_without_a_free_time_the_way_to_write_is_shown(database: Database, clock: FakeClock) -> None:
    async with our_town(database, clock) as talk:
        li = await talk.person("李娜")
        assert "没有空着的时段了。可以先写下来" in await li.says("预约医生")
        assert "没有约好的时间" in await li.says("我的预约")


async def test_by_telephone_only_asks_no_way(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        await offered(session, await adviser(session), place=SlotPlace.PHONE)
    async with our_town(database, clock) as talk:
        li = await talk.person("李娜")
        for words in ("预约咨询师", "同意", "1"):
            await li.says(words)
        assert "方便接的电话" in await li.says("1")
