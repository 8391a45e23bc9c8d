"""跟进提醒: due once, told once, done or given up; and only his who wanted it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clock import shanghai
from app.jobs import case_clocks
from app.services import case_reminders, case_work, closed_cases
from models import CaseReminder, Outbox, Role, Staff
from tests import consulting
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import HOSTILE, case_of, consults, leaves

__all__ = ["admin", "ends"]
DUE = "到时间跟进的"


async def reminders(ends: Ends) -> list[CaseReminder]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(CaseReminder).order_by(CaseReminder.id)))


async def told(ends: Ends) -> list[Outbox]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(Outbox).where(Outbox.kind == "staff.follow_up")))


async def time_does(ends: Ends) -> None:
    await case_clocks.run(ends.house.database, ends.house.clock)


def on(ends: Ends, **later: int) -> dict[str, str]:
    """The fields of a form, for a moment so much later."""
    moment = shanghai(ends.house.clock.now() + timedelta(**later))
    return {"day": moment.date().isoformat(), "hour": f"{moment:%H:%M}"}


async def with_wechat(ends: Ends, worker: Worker) -> None:
    async with ends.house.database.transaction() as session:
        who = await consulting.person(session)
        await session.execute(sa.update(Staff).where(Staff.login == worker.login).values(person_id=who))


async def test_told_once_and_shown_until_it_is_done(ends: Ends, admin: Worker) -> None:
    await with_wechat(ends, admin)
    other = await at_work(ends, "李主席", Role.UNION_ADMIN)
    number = await leaves(ends)
    at, form = f"/cases/{number}", {**on(ends, hours=1), "remind": f"问结果{HOSTILE}"}

    assert "提醒您" in await admin.does(f"{at}/remind", **form)
    await admin.does(f"{at}/remind", **form)  # pressed twice
    (reminder,) = await reminders(ends)
    page = await admin.reads(at)
    assert "提醒我：问结果" in page and "<script>alert" not in page and "问结果" not in await other.reads(at)
    await time_does(ends)
    assert await told(ends) == [] and DUE not in await admin.reads("")

    await ends.moves_time(hours=1)
    for _ in range(2):
        await time_does(ends)
    (notice,) = await told(ends)
    assert number in str(notice.payload) and "问结果" not in str(notice.payload)
    assert DUE in await admin.reads("") and DUE not in await other.reads("")
    assert number in await admin.reads("/cases?for=reminded")
    assert number not in await other.reads("/cases?for=reminded")
    assert "到时间跟进了" in await admin.reads(at)

    done = f"{at}/remind/{reminder.public_id}"
    assert (await other.sends(done)).status_code == 404
    assert "提醒已了结" in await admin.does(done)
    await admin.does(done)  # pressed twice
    assert DUE not in await admin.reads("") and "问结果" not in await admin.reads(at)
    assert [act.subject for act in await acts_of(ends, "case.remind_end")] == [number, number]


async def test_what_is_wrong_is_told(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    good = {**on(ends, days=2), "remind": "问结果"}
    for wrong, refusal in (
        ({"day": ""}, "请写哪天提醒"),
        ({"day": "明天"}, "请写哪天提醒"),
        ({"day": "0000-00-00\0"}, "请写哪天提醒"),
        ({"hour": "25:00"}, "请写哪天提醒"),
        (on(ends, days=-1), "要在现在以后"),
        (on(ends, days=400), "要在现在以后"),
        ({"remind": ""}, "请写明要跟进什么"),
        ({"remind": "长" * 101}, "请写明要跟进什么"),
    ):
        refused = await admin.sends(f"/cases/{number}/remind", **good | wrong)
        assert refused.status_code == 422 and refusal in refused.text, wrong
    assert "问结果" in (await admin.sends(f"/cases/{number}/remind", **good | {"day": ""})).text
    assert await reminders(ends) == []
    for count in range(10):
        await admin.does(f"/cases/{number}/remind", **good | {"remind": f"第 {count} 次"})
    assert "已经有 10 个提醒" in (await admin.sends(f"/cases/{number}/remind", **good)).text
    legal = await consults(ends)
    assert (await admin.sends(f"/consultations/{legal}/remind", **good)).status_code == 403
    assert (await admin.sends("/cases/LY-2026-9999/remind", **good)).status_code == 404


@pytest.mark.parametrize("why", ["over", "disabled"])
async def test_given_up_with_the_case_or_the_one_who_wanted_it(ends: Ends, admin: Worker, why: str) -> None:
    other = await at_work(ends, "李主席", Role.UNION_ADMIN)
    await with_wechat(ends, other)
    number = await leaves(ends)
    await other.does(f"/cases/{number}/remind", **on(ends, hours=1), remind="问结果")
    if why == "over":
        await ends.answer(number, "好的")
        async with ends.house.database.transaction() as session:
            await case_work.close(session, number, "王强", ends.house.clock.now())
        refused = await other.sends(f"/cases/{number}/remind", **on(ends, hours=1), remind="再问")
        assert refused.status_code == 422 and "不用再提醒" in refused.text
    else:
        async with ends.house.database.transaction() as session:
            await session.execute(sa.update(Staff).where(Staff.login == other.login).values(state="disabled"))

    await ends.moves_time(hours=1)
    await time_does(ends)

    (reminder,) = await reminders(ends)
    assert reminder.ended_at is not None and await told(ends) == []
    if why == "over":
        assert DUE not in await other.reads("")
        case = await case_of(ends, number)
        async with ends.house.database.transaction() as session:
            await closed_cases.empty(session, [case.id])
        assert await reminders(ends) == []


async def test_of_an_anonymous_case_only_days_are_kept(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends, anonymous=True)
    await admin.does(f"/cases/{number}/remind", **on(ends, days=1), remind="问结果")
    (reminder,) = await reminders(ends)
    assert shanghai(reminder.due_at).time() == case_reminders.HOUR

    await ends.moves_time(hours=48)
    await admin.signs_in()
    await time_does(ends)
    await admin.does(f"/cases/{number}/remind/{reminder.public_id}")

    (reminder,) = await reminders(ends)
    for moment in (reminder.created_at, reminder.told_at, reminder.ended_at):
        assert moment is not None and shanghai(moment).time().isoformat() == "00:00:00"
    assert [act.subject for act in await acts_of(ends, "case.remind")] == [""]
