"""一键办理: a series of acts with one press on a case, all of them or none, by the rules of each."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import civil_date
from app.services import case_reminders, macros, staff
from models import CannedReply, CaseKind, CaseReminder, CaseState, Outbox, Role, StaffAct
from tests import making
from tests.both_ends import Ends
from tests.complaining import complain, person
from tests.console_kit import Worker, acts_of, admin, at_work, ends, staff_row
from tests.test_console_cases import SEEN, case_of, consults, leaves

__all__ = ["admin", "ends"]
DONE = {
    "title": "修好了",
    "text": "{称呼}好，{编号}修好了。",
    "rooms": ["desk"],
    "note": "已派维修班",
    "close": "yes",
}
LATER = {
    "title": "过几天再看",
    "text": "",
    "rooms": ["desk"],
    "note": "等配件",
    "days": "3",
    "why": "问配件到了没有",
}


async def makes(worker: Worker, **filled: Any) -> CannedReply:
    await worker.does("/canned/new", **filled)
    return await kept(worker.ends, filled["title"])


async def kept(ends: Ends, title: str) -> CannedReply:
    async with ends.house.database.reading() as session:
        found = await session.scalars(sa.select(CannedReply).where(CannedReply.title == title))
        return found.one()


async def presses(worker: Worker, at: str, macro: CannedReply, *, page: str = "", **given: Any) -> Any:
    """With what the page `page` held, or the page as it is now."""
    found = SEEN.search(page or await worker.reads(at))
    filled = {"seen": found[1] if found else "", "version": str(macro.version)} | given
    return await worker.sends(f"{at}/macro/{macro.public_id}", **filled)


async def named(ends: Ends) -> list[str]:
    """The acts on cases that the record has, in their order."""
    chosen = sa.select(StaffAct.act).where(StaffAct.act.startswith("case.")).order_by(StaffAct.id)
    async with ends.house.database.reading() as session:
        return list(await session.scalars(chosen))


async def count(ends: Ends, what: Any) -> int:
    async with ends.house.database.reading() as session:
        return int(await session.scalar(sa.select(sa.func.count(what))) or 0)


def shown(page: str) -> list[str]:
    """What the first of them says that it would do."""
    found = re.search(r'data-test="macro-does">(.*?)</ol>', page, re.DOTALL)
    return re.findall(r"<li[^>]*>([^<]*)</li>", found[1]) if found else []


# --- what it does


async def test_all_of_it_is_shown_first_and_done_with_one_press(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    at = f"/cases/{number}"
    macro = await makes(admin, **DONE)
    assert shown(await admin.reads(at)) == [
        f"答复本人：您好，{number}修好了。",
        "写内部备注：已派维修班",
        "办结",
    ]
    assert await named(ends) == []  # looking does nothing

    sent = await presses(admin, at, macro)

    assert sent.status_code == 303
    page = await admin.reads(at)
    assert f"您好，{number}修好了。" in page and "已派维修班" in page
    assert (await case_of(ends, number)).state is CaseState.CLOSED
    assert await named(ends) == ["case.answer", "case.note", "case.close"]
    assert {act.subject for act in await acts_of(ends) if act.act.startswith("case.")} == {number}
    assert (await kept(ends, "修好了")).uses == 1


async def test_it_hands_on_and_reminds(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    other = await at_work(ends, "李霞", Role.UNION_ADMIN)
    li = await staff_row(ends, other.login)
    macro = await makes(admin, **LATER | {"hand": li.public_id})
    today = civil_date(ends.house.clock.now())
    day = (today + timedelta(days=3)).isoformat()
    page = await admin.reads(f"/cases/{number}")
    assert shown(page) == ["转给李霞", "写内部备注：等配件", f"3 天后（{day}）提醒我：问配件到了没有"]

    assert (await presses(admin, f"/cases/{number}", macro)).status_code == 303

    case = await case_of(ends, number)
    assert (case.owner_id, case.state) == (li.id, CaseState.SUBMITTED)
    async with ends.house.database.reading() as session:
        reminder = (await session.scalars(sa.select(CaseReminder))).one()
    assert reminder.due_at == case_reminders.moment_of(case, day, "")
    assert await named(ends) == ["case.hand", "case.note", "case.remind"]


# --- all or nothing


async def test_where_one_step_cannot_be_done_none_is(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    back = await makes(admin, **DONE | {"title": "退回", "hand": "back", "close": "", "days": "", "why": ""})

    refused = await presses(admin, f"/cases/{number}", back)  # nobody has taken it

    assert refused.status_code == 422 and "没有人接手" in refused.text
    close = await makes(admin, title="办结", text="", rooms=["desk"], note="查过了", close="yes")
    refused = await presses(admin, f"/cases/{number}", close)  # nobody has answered
    assert refused.status_code == 422 and "还没有答复" in refused.text
    case = await case_of(ends, number)
    assert (case.state, case.owner_id) == (CaseState.SUBMITTED, None)
    assert "查过了" not in re.sub(r"<ol data-test=\"macro-does\">.*?</ol>", "", refused.text)
    assert await named(ends) == [] and await count(ends, Outbox.id) == 0
    assert (await kept(ends, "退回")).uses == 0


async def test_half_of_it_not_allowed_is_none_of_it(ends: Ends, admin: Worker) -> None:
    """To whom it goes may not answer there any more, and so nothing is said to anybody."""
    number = await leaves(ends)
    other = await at_work(ends, "李霞", Role.UNION_ADMIN)
    macro = await makes(admin, **DONE | {"close": "", "hand": (await staff_row(ends, other.login)).public_id})
    async with ends.house.database.transaction() as session:
        for grant in (await staff.get_by_login(session, other.login)).grants:
            grant.role = Role.LAWYER

    refused = await presses(admin, f"/cases/{number}", macro)

    assert refused.status_code == 422 and "李霞不能办这类事项" in refused.text
    assert await named(ends) == [] and await count(ends, Outbox.id) == 0


async def test_the_same_press_twice_does_it_once(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    at = f"/cases/{number}"
    answer = await makes(admin, **DONE | {"close": ""})
    later = await makes(admin, **LATER)
    page = await admin.reads(at)

    first, second = [await presses(admin, at, answer, page=page) for _ in range(2)]
    assert (first.status_code, second.status_code) == (303, 422)
    assert "已经处理过" in second.text
    page = await admin.reads(at)
    first, second = [await presses(admin, at, later, page=page) for _ in range(2)]
    assert (first.status_code, second.status_code) == (303, 422)
    assert "刚刚已经办过" in second.text

    assert await named(ends) == ["case.answer", "case.note", "case.note", "case.remind"]
    assert (await count(ends, Outbox.id), await count(ends, CaseReminder.id)) == (1, 1)


async def test_on_a_closed_case_nothing_is_done(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    at = f"/cases/{number}"
    macro = await makes(admin, **DONE)
    await presses(admin, at, macro)
    assert 'data-test="macros"' not in await admin.reads(at)

    refused = await presses(admin, at, macro, seen=str(10**6))
    later = await presses(admin, at, await makes(admin, **LATER))

    assert (refused.status_code, later.status_code) == (422, 422)
    assert await count(ends, CaseReminder.id) == 0


async def test_words_that_sound_like_a_diagnosis_are_not_sent_unread(ends: Ends) -> None:
    doctor = await at_work(ends, "赵医生", Role.DOCTOR)
    number = await leaves(ends, kind=CaseKind.HEALTH, topic="other")
    macro = await makes(doctor, title="确诊", text="您这是确诊了，照处方吃药。", rooms=["health"], note="x")

    refused = await presses(doctor, f"/health/{number}", macro)

    assert refused.status_code == 422
    assert await named(ends) == [] and await count(ends, Outbox.id) == 0


# --- whose, where, what is wrong


async def test_another_room_and_another_owner_have_it_not(ends: Ends, admin: Worker) -> None:
    lawyer = await at_work(ends, "张律师", Role.LAWYER)
    number, law = await leaves(ends), await consults(ends)
    own = await makes(admin, **DONE)

    assert (await presses(lawyer, f"/consultations/{law}", own)).status_code == 404
    assert (await lawyer.sends(f"/cases/{number}/macro/{own.public_id}")).status_code == 403
    assert (await admin.sends(f"/consultations/{law}/macro/{own.public_id}")).status_code == 403
    assert (await admin.sends(f"/cases/{law}/macro/{own.public_id}")).status_code == 404
    seen = SEEN.search(await admin.reads(f"/cases/{number}"))
    assert seen
    for nothing in ("%00", "nobody"):
        assert (await admin.sends(f"/cases/{number}/macro/{nothing}", seen=seen[1])).status_code == 404
    assert await named(ends) == []


async def test_of_another_branch_it_is_not_offered(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        branch = await making.branch(session, "城关供电所")
        there = branch.public_id
    number = await leaves(ends)
    await makes(admin, **DONE, whose="all", branch=there)

    refused = await presses(admin, f"/cases/{number}", await kept(ends, "修好了"))

    assert refused.status_code == 404


async def test_one_that_was_changed_meanwhile_is_shown_again(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    macro = await makes(admin, **DONE)
    await admin.does(f"/canned/{macro.public_id}", **DONE | {"text": "换一句", "version": "1"})

    refused = await presses(admin, f"/cases/{number}", macro)

    assert refused.status_code == 422 and "刚刚改过" in refused.text and "答复本人：换一句" in refused.text
    assert await named(ends) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"days": "3", "why": ""}, "也要写跟进什么"),
        ({"days": "0", "why": "看看"}, "请写 1 到 365 的数"),
        ({"days": "²", "why": "看看"}, "请写 1 到 365 的数"),
        ({"days": "9999999999", "why": "看看"}, "请写 1 到 365 的数"),
        ({"note": "长" * 201}, "备注最多 200 个字"),
        ({"hand": "back"}, "请去掉一样"),
        ({"hand": "nobody", "close": ""}, "没有这位同事"),
        ({"text": "", "note": "", "close": ""}, "请写内容"),
    ],
)
async def test_what_is_wrong_is_told(ends: Ends, admin: Worker, wrong: dict[str, str], told: str) -> None:
    refused = await admin.sends("/canned/new", **DONE | wrong)

    assert refused.status_code == 422 and told in refused.text
    assert await count(ends, CannedReply.id) == 0


async def test_one_without_words_is_not_put_into_an_answer(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    await makes(admin, **LATER)
    page = await admin.reads(f"/cases/{number}")
    assert 'data-test="macro"' in page and 'data-test="put"' not in page
    assert "不答复" in await admin.reads("/canned")


# --- rooms without it


@pytest.mark.parametrize("room", ["complaints", "department", "aid"])
async def test_where_there_is_no_one_press_it_is_refused_kindly(ends: Ends, admin: Worker, room: str) -> None:
    refused = await admin.sends("/canned/new", **DONE | {"rooms": ["desk", room]})
    assert refused.status_code == 422
    assert "没有一键办理，只能填入文字" in refused.text and "已派维修班" in refused.text, (
        "what was typed is kept"
    )
    assert await count(ends, CannedReply.id) == 0

    await makes(admin, title="请稍等", text="请稍等。", rooms=["desk", room])
    path = f"/canned/{(await kept(ends, '请稍等')).public_id}"
    given = {"title": "请稍等", "text": "请稍等。", "rooms": ["desk", room], "note": "等配件", "version": "1"}
    assert "没有一键办理" in (await admin.sends(path, **given)).text, "nor is it put into one that is there"


async def test_one_of_before_stays_and_is_not_worked_out_there(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    macro = await makes(admin, **DONE)
    async with ends.house.database.transaction() as session:
        (await session.get_one(CannedReply, macro.id)).rooms = ["desk", "complaints"]
        asker = await person(session)
        number = (await complain(session, asker, now=ends.house.clock.now())).number
    worked_out, names = list[str](), macros.offers

    async def offers(session, case, found, who, now):  # type: ignore[no-untyped-def]
        worked_out.extend(each.title for each in found)
        return await names(session, case, found, who, now)

    monkeypatch.setattr(macros, "offers", offers)
    page = await admin.reads(f"/complaints/{number}")
    assert "修好了" in page and 'data-test="macro"' not in page, "its words can be put in"
    assert worked_out == []

    version = str((await kept(ends, "修好了")).version)
    given = DONE | {"rooms": ["desk", "complaints"], "text": "{编号}修好了。", "version": version}
    assert "已保存" in await admin.does(f"/canned/{macro.public_id}", **given)
    assert (await kept(ends, "修好了")).steps == {"note": "已派维修班", "close": True}
    refused = await admin.sends("/canned/new", **given | {"title": "又一条"})
    assert refused.status_code == 422
