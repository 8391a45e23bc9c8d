"""紧急提醒 in the console and on the phones of staff: who hears of it, who takes it, who reads the words."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.services import crisis, on_duty
from app.services.staff import Wanted
from models import AlertState, CrisisAlert, Follower, Role, Staff, StaffGrant, StaffState
from sandbox.driver import Phone
from tests import making
from tests.both_ends import Ends
from tests.complaining import complain, look, person
from tests.console_kit import Worker, acts_of, admin, at_work, ends, staff_row

__all__ = ["admin", "ends"]
WORDS = "我不想活了"


async def despairs(ends: Ends, name: str = "李娜") -> Phone:
    """Somebody writes words that frighten."""
    phone = await ends.platform.follower(name)
    await phone.says(WORDS)
    return phone


async def alert_of(ends: Ends) -> CrisisAlert:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(CrisisAlert).order_by(CrisisAlert.id.desc()))).first()  # type: ignore[return-value]


async def binds(ends: Ends, worker: Worker, phone: Phone) -> None:
    """The worker's WeChat is this phone's."""
    await phone.says("你好")
    async with ends.house.database.transaction() as session:
        own = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == phone.openid))
        await session.execute(sa.update(Staff).where(Staff.login == worker.login).values(person_id=own))


async def read(phone: Phone) -> list[str]:
    return [str(each["content"]) for each in await phone.reads()]


async def grants(ends: Ends, worker: Worker, **values: Any) -> None:
    row = await staff_row(ends, worker.login)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(StaffGrant).where(StaffGrant.staff_id == row.id).values(**values))


# --- on the phone


async def test_staff_with_their_wechat_hear_of_it_and_take_it_there(ends: Ends, admin: Worker) -> None:
    phone = await ends.platform.follower("王强")
    await binds(ends, admin, phone)
    await despairs(ends)

    await ends.house.rounds.once()
    assert any("【紧急】" in words for words in await read(phone))
    seen = await phone.chooses("我来处理")

    assert WORDS in seen.text and "由您接手" in seen.text
    alert = await alert_of(ends)
    assert (alert.state, alert.taken_by) == (AlertState.TAKEN, f"王强（{admin.login}）")
    assert WORDS in await admin.reads(f"/alerts/{alert.id}")  # the same one of staff, at his desk


async def test_who_is_on_duty_is_asked_at_each_round(ends: Ends, admin: Worker) -> None:
    """Bound after the first round, and no longer there at the third."""
    phone = await ends.platform.follower("王强")
    await despairs(ends)
    await ends.house.rounds.once()
    assert not any("【紧急】" in words for words in await read(phone))

    await binds(ends, admin, phone)
    await ends.moves_time(seconds=301)
    await ends.house.rounds.once()
    assert sum("【紧急】" in words for words in await read(phone)) == 1

    async with ends.house.database.transaction() as session:
        gone = sa.update(Staff).where(Staff.login == admin.login)
        await session.execute(gone.values(state=StaffState.DISABLED))
    await ends.moves_time(seconds=301)
    await ends.house.rounds.once()
    assert sum("【紧急】" in words for words in await read(phone)) == 1
    assert "没有找到这条提醒" in (await phone.says(crisis.TAKE)).text


@pytest.mark.parametrize("why", ["no such right", "of a branch", "has left the account", "not bound"])
async def test_others_of_staff_hear_nothing(ends: Ends, why: str) -> None:
    worker = await at_work(ends, "赵敏", Role.EDITOR if why == "no such right" else Role.COUNSELLOR)
    phone = await ends.platform.follower("赵敏")
    if why != "not bound":
        await binds(ends, worker, phone)
    if why == "of a branch":
        async with ends.house.database.transaction() as session:
            branch = await making.branch(session)
        await grants(ends, worker, branch_id=branch.id)
    if why == "has left the account":
        await phone.leaves()

    async with ends.house.database.reading() as session:
        app_id = ends.house.wechat.app_id
        assert list(await on_duty.list_openids(session, ["oFixed"], app_id)) == ["oFixed"]


async def test_one_named_in_the_settings_too_is_told_once(ends: Ends, admin: Worker) -> None:
    phone = await ends.platform.follower("王强")
    await binds(ends, admin, phone)

    async with ends.house.database.reading() as session:
        fixed = ["oFixed", phone.openid]
        assert list(await on_duty.list_openids(session, fixed, ends.house.wechat.app_id)) == fixed


# --- at the desk


async def test_an_alert_is_late_at_once_and_taken_at_the_desk(ends: Ends, admin: Worker) -> None:
    await despairs(ends)
    alert = await alert_of(ends)
    assert "1 件已超时" in await admin.reads("")
    assert WORDS not in await admin.reads("/alerts") + await admin.reads(f"/alerts/{alert.id}")

    page = await admin.does(f"/alerts/{alert.id}/take")

    assert WORDS in page and "由您接手" in page
    assert "紧急提醒，请马上接手" not in await admin.reads("")
    (act,) = await acts_of(ends, "alert.take")
    assert act.subject == str(alert.id) and WORDS not in str(act.changes)
    await ends.moves_time(seconds=301)
    assert (await alert_of(ends)).state is AlertState.TAKEN


async def test_the_second_to_take_it_sees_who_was_first_and_no_words(ends: Ends, admin: Worker) -> None:
    zhao = await at_work(ends, "赵敏", Role.COUNSELLOR)
    await despairs(ends)
    alert = await alert_of(ends)
    await admin.does(f"/alerts/{alert.id}/take")

    second = await zhao.sends(f"/alerts/{alert.id}/take")

    assert second.status_code == 422 and f"已经由王强（{admin.login}）接手" in second.text
    assert WORDS not in second.text + await zhao.reads(f"/alerts/{alert.id}")
    said = await zhao.sends(f"/alerts/{alert.id}/reply", text="我在")
    assert said.status_code == 422 and "请由接手的人回话" in said.text


async def test_who_has_taken_it_speaks_to_the_person(ends: Ends, admin: Worker) -> None:
    li = await despairs(ends)
    alert = await alert_of(ends)
    early = await admin.sends(f"/alerts/{alert.id}/reply", text="我在")
    assert early.status_code == 422 and "请先接手" in early.text
    await admin.does(f"/alerts/{alert.id}/take")
    empty = await admin.sends(f"/alerts/{alert.id}/reply", text=" ")
    assert empty.status_code == 422 and "请写 1 到" in empty.text

    for _ in range(2):  # pressed twice
        await admin.does(f"/alerts/{alert.id}/reply", text="我是工会的，现在方便说话吗")

    await ends.house.rounds.once()
    assert sum("现在方便说话吗" in words for words in await read(li)) == 1
    assert len(await acts_of(ends, "alert.reply")) == 2


async def test_who_is_not_on_duty_sees_none(ends: Ends) -> None:
    await despairs(ends)
    alert = await alert_of(ends)
    async with ends.house.database.transaction() as session:
        branch = await making.branch(session)
    editor = await at_work(ends, "周芳", Role.EDITOR)
    local = await at_work(ends, "孙丽", Wanted(Role.COUNSELLOR, branch.id))

    assert (await editor.gets("/alerts")).status_code == 403
    assert (await editor.sends(f"/alerts/{alert.id}/take")).status_code == 403
    assert f"/alerts/{alert.id}" not in await local.reads("/alerts")
    assert (await local.gets(f"/alerts/{alert.id}")).status_code == 404
    assert (await local.sends(f"/alerts/{alert.id}/take")).status_code == 404
    assert (await alert_of(ends)).state is AlertState.WAITING
    for wrong in ("0", "999999", "9" * 30):
        assert (await local.gets(f"/alerts/{wrong}")).status_code == 404


# --- where it was said


async def says_in_a_complaint(ends: Ends) -> str:
    """Words that frighten, written in one's complaint on a page; its number."""
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        asker = await person(session)
        case, _ = await look(session, (await complain(session, asker, now=now)).number)
        await crisis.heed(session, asker, WORDS, "portal", now, case)
        return case.number


async def test_who_may_open_the_case_goes_there_and_nobody_else_learns_of_it(
    ends: Ends, admin: Worker
) -> None:
    number = await says_in_a_complaint(ends)
    page = f"/alerts/{(await alert_of(ends)).id}"
    counsellor = await at_work(ends, "刘老师", Role.COUNSELLOR)

    assert f'href="/console/number/{number}"' in await admin.reads(page)
    leads_to = await admin.gets(f"/number/{number}")
    assert leads_to.headers["location"] == f"/console/complaints/{number}"
    assert "等人接手" in await counsellor.reads("/alerts")
    assert number not in await counsellor.reads(page) and number not in await counsellor.does(f"{page}/take")


async def test_the_message_and_the_taking_name_it_for_who_may_open_it(ends: Ends, admin: Worker) -> None:
    counsellor = await at_work(ends, "刘老师", Role.COUNSELLOR)
    phones = [await ends.platform.follower(name) for name in ("王强", "刘老师")]
    for worker, phone in zip((admin, counsellor), phones, strict=True):
        await binds(ends, worker, phone)
    number = await says_in_a_complaint(ends)
    await ends.house.rounds.once()

    heard = ["\n".join(await read(phone)) for phone in phones]
    assert all("【紧急】" in words for words in heard)
    assert [f"在投诉建议 {number} 里说的" in words for words in heard] == [True, False]
    taken = await phones[0].chooses("我来处理")
    assert f"/console/number/{number}" in str(taken) and "马上联系本人" in str(taken)
