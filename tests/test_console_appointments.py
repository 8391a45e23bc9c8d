"""预约 in the console: a week of one's own, who has booked, each act kept without a name; nobody else's."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clock import civil_date
from app.services import appointments
from app.services.appointments import Wish
from app.services.staff import Wanted
from models import AdviceSlot, Appointment, AppointmentState, Role, SlotState
from tests import making
from tests.booking import somebody, told
from tests.both_ends import Ends
from tests.caring import bring
from tests.console_kit import Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
PAGE = "/appointments"
HOSTILE = "<script>alert(1)</script> =1+1"


@pytest.fixture
async def wang(ends: Ends) -> Worker:
    return await at_work(ends, "王芳", Role.COUNSELLOR)


def form(ends: Ends, **given: str) -> dict[str, str]:
    """The day after tomorrow, two of fifty minutes, in the room or by telephone."""
    day = civil_date(ends.house.clock.now()) + timedelta(days=2)
    times = {"day": day.isoformat(), "begins": "09:00", "until": "10:40", "minutes": "50", "weeks": "1"}
    where = {"place": "both", "room": "二楼谈心室"}
    return {"kind": "counselling", "once": "abc", **times, **where, **given}


async def slots(ends: Ends) -> list[AdviceSlot]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(AdviceSlot).order_by(AdviceSlot.starts_at)))


async def booking(ends: Ends, number: int = 0, **given: object) -> Appointment:
    """Somebody books one of the slots, by telephone."""
    slot = (await slots(ends))[number]
    async with ends.house.database.transaction() as session:
        wish = {"by_phone": True, "phone": "13812345678", "called": "小雨", "words": HOSTILE, **given}
        person_id = await somebody(session)
        return await appointments.book(
            session,
            person_id,
            Wish(slot.public_id, **wish),  # type: ignore[arg-type]
            channel="chat",
            now=ends.house.clock.now(),
        )


async def state(ends: Ends, booked: Appointment) -> AppointmentState:
    async with ends.house.database.reading() as session:
        return (await session.get_one(Appointment, booked.id)).state


async def passes(ends: Ends, who: Worker, slot: AdviceSlot) -> None:
    """Until five minutes after its beginning; who works has signed in again."""
    left = slot.starts_at - ends.house.clock.now() + timedelta(minutes=5)
    await ends.moves_time(seconds=left.total_seconds())
    assert (await who.signs_in()).status_code == 303


async def test_a_week_without_slots_leads_to_the_next_one(wang: Worker, ends: Ends) -> None:
    day = civil_date(ends.house.clock.now()) + timedelta(days=8)
    await wang.does(f"{PAGE}/offer", **form(ends, day=day.isoformat()))

    page = await wang.reads(PAGE)

    assert f"看下一次：{day.month}月{day.day}日" in page
    assert f'href="/console/appointments?week={day.isoformat()}"' in page


async def test_from_offering_to_who_came(ends: Ends, wang: Worker) -> None:
    page = await wang.does(f"{PAGE}/offer", **form(ends))
    assert "开放了 2 个时段。" in page and "09:00–09:50" in page
    await wang.does(f"{PAGE}/offer", **form(ends))  # pressed twice
    slot, _ = await slots(ends)
    booked = await booking(ends)

    one = await wang.reads(f"{PAGE}/{slot.public_id}")
    assert "小雨" in one and "138****5678" in one and "13812345678" not in one
    assert "<script>alert" not in one and 'data-test="came"' not in one
    given = {"appointment": booked.public_id, "version": str(booked.version)}
    shown = (await wang.sends(f"{PAGE}/{slot.public_id}/phone", **given)).text
    assert "13812345678" in shown

    await passes(ends, wang, slot)
    assert "今天的预约" in await wang.reads("")
    await wang.does(f"{PAGE}/{slot.public_id}/mark", **given, how="came")
    assert await state(ends, booked) is AppointmentState.CAME
    acts = {each.act for each in await acts_of(ends)}
    assert {"slots.offer", "appointments.phone", "appointments.came"} <= acts
    for act in await acts_of(ends):
        assert "小雨" not in str(act.changes) + act.subject and "1381" not in str(act.changes) + act.subject


async def test_a_saturday_is_offered_with_a_word(ends: Ends, wang: Worker) -> None:
    today = civil_date(ends.house.clock.now())
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 + 14)
    page = await wang.does(f"{PAGE}/offer", **form(ends, day=saturday.isoformat()))
    assert "开放了 2 个时段。" in page


async def test_what_cannot_be_offered_stays_filled_in(ends: Ends, wang: Worker) -> None:
    await wang.does(f"{PAGE}/offer", **form(ends))
    for given, words in (
        ({"once": "b"}, "重叠"),
        ({"day": "2020-01-01", "once": "c"}, "已经过去"),
        ({"room": "", "once": "d"}, "写明地点"),
        ({"kind": "health", "once": "e"}, "您的角色不能"),
        ({"day": "x" * 300 + "\0"}, "请填好日期"),
    ):
        answer = await wang.sends(f"{PAGE}/offer", **form(ends, **given))
        assert answer.status_code in (422, 403) and words in answer.text
    answer = await wang.sends(f"{PAGE}/offer", **form(ends, once="f", room='"><script>'))
    assert 'value="&#34;&gt;&lt;script&gt;"' in answer.text
    assert len(await slots(ends)) == 2


async def test_a_series_taken_back_tells_who_had_booked(ends: Ends, wang: Worker) -> None:
    await wang.does(f"{PAGE}/offer", **form(ends, weeks="2"))
    slot = (await slots(ends))[1]
    booked = await booking(ends, 1)
    page = await wang.does(f"{PAGE}/{slot.public_id}/withdraw", series="yes", reason=HOSTILE)
    assert "撤回了 3 个时段，1 位约了的人会收到通知。" in page
    assert await state(ends, booked) is AppointmentState.CALLED_OFF
    assert [each.state for each in await slots(ends)].count(SlotState.WITHDRAWN) == 3


async def test_two_pages_of_the_same_and_another_time(ends: Ends, wang: Worker) -> None:
    await wang.does(f"{PAGE}/offer", **form(ends))
    first, second = await slots(ends)
    booked = await booking(ends)
    at, given = f"{PAGE}/{first.public_id}", {"appointment": booked.public_id, "to": second.public_id}
    stale = await wang.sends(f"{at}/move", **given, version="99")
    assert stale.status_code == 422 and "刚刚有了变化" in stale.text
    for _ in range(2):  # pressed twice
        assert "改好了" in await wang.does(f"{at}/move", **given, version=str(booked.version))
    assert "10:40" in await wang.reads(f"{PAGE}/{second.public_id}")
    assert [each.state for each in await slots(ends)] == [SlotState.WITHDRAWN, SlotState.TAKEN]
    early = await wang.sends(f"{at}/mark", appointment=booked.public_id, version="2", how="no_show")
    assert early.status_code == 422 and "到时候再记" in early.text


async def test_nobody_else_sees_or_moves_it(ends: Ends, wang: Worker, admin: Worker) -> None:
    await wang.does(f"{PAGE}/offer", **form(ends))
    slot, _ = await slots(ends)
    booked = await booking(ends)
    zhao = await at_work(ends, "赵敏", Role.COUNSELLOR)
    given = {"appointment": booked.public_id, "version": str(booked.version)}
    for act in ("withdraw", "mark", "move", "phone"):
        answer = await zhao.sends(f"{PAGE}/{slot.public_id}/{act}", **given, how="came", to=slot.public_id)
        assert answer.status_code == 404, act
        assert (await admin.sends(f"{PAGE}/{slot.public_id}/{act}", **given)).status_code == 403
    for who in (zhao, admin):
        assert (await who.gets(f"{PAGE}/{slot.public_id}")).status_code == 404
        assert "小雨" not in await who.reads(PAGE)
    assert re.search(r"心理疏导</td>.*?>1<.*?>1<", await admin.reads(PAGE))
    assert (await admin.sends(f"{PAGE}/offer", **form(ends))).status_code == 403
    editor = await at_work(ends, "陈编辑", Role.EDITOR)
    assert (await editor.gets(PAGE)).status_code == 403
    async with ends.house.database.transaction() as session:
        north = (await making.branch(session)).id
    local = await at_work(ends, "孙丽", Wanted(Role.COUNSELLOR, north))
    assert (await local.gets(PAGE)).status_code == 403


async def test_it_stands_beside_the_matter_it_is_about(ends: Ends, wang: Worker) -> None:
    await wang.does(f"{PAGE}/offer", **form(ends))
    slot, _ = await slots(ends)
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        li = await somebody(session)
        number = (await bring(session, li, now=now)).opened.number
    async with ends.house.database.transaction() as session:
        wish = Wish(slot.public_id, by_phone=False, case=number)
        await appointments.book(session, li, wish, channel="portal", now=now)
    assert 'data-test="booked"' in await wang.reads(f"/counselling/{number}")
    assert number in await wang.reads(f"{PAGE}/{slot.public_id}")
    async with ends.house.database.reading() as session:
        assert len(await told(session, li, "appointments.receipt")) == 1


async def test_weeks_that_make_no_sense_are_this_one(ends: Ends, wang: Worker) -> None:
    for week in ("x", "0001-01-01", "9999-12-31", "2026-13-01", "%00"):
        assert "本周" in await wang.reads(f"{PAGE}?week={week}")
