"""代录: what callers and visitors say is written down as a case, and becomes the member's later."""

from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from app.services import case_work, cases, consultations
from models import Case, CaseKind, CaseRating, Consent, PersonMerge, Role
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.portal_member import Visiting
from tests.portal_member import member as follower

__all__ = ["admin", "ends"]

LEFT = "LY-2026-0001"
CALL = {
    "came": "phone", "name": "王大爷", "phone": "0911-5121234", "about": "feedback:safety",
    "words": "小区门口的电线杆歪了",
}  # fmt: skip
ASKS = CALL | {"about": "consultation:wages", "opponent": "own_company", "agrees": "yes"}


async def case_of(ends: Ends, number: str = LEFT) -> Case:
    async with ends.house.database.reading() as session:
        return await case_work.get_case(session, number)


async def bound(ends: Ends) -> Visiting:
    """A member with a WeChat."""
    li = await follower(ends, "李娜")
    async with ends.house.database.transaction() as session:
        made = await making.member(session, staff_number="10086")
        made.person_id = await li.person_id()
    return li


async def seen(worker: Worker, number: str = LEFT) -> str:
    return (await worker.reads(f"/cases/{number}")).split('name="seen" value="')[1].partition('"')[0]


async def test_a_call_becomes_a_case_with_number_and_clock(ends: Ends, admin: Worker) -> None:
    assert 'href="/console/callers"' in await admin.reads("/cases")
    assert "法律咨询" in await admin.reads("/callers")

    page = await admin.does("/callers", **CALL)

    assert f"已录成 {LEFT}，请把编号告诉来的人。" in page and "来电，王强代录：" in page
    case = await case_of(ends)
    assert case.answer_due_at is not None and case.topic == "safety"
    assert "0911-5121234" in (await admin.sends(f"/cases/{LEFT}/call")).text
    (act,) = await acts_of(ends, "case.caller")
    assert act.by == "王强"
    known = await admin.sends(f"/cases/{LEFT}/reveal", why="回电话")
    assert "王大爷" in known.text


async def test_whom_we_cannot_write_to_is_called_and_not_asked_to_rate(ends: Ends, admin: Worker) -> None:
    await admin.does("/callers", **CALL)

    told = await admin.does(f"/cases/{LEFT}/answer", text="今天派人去看。", seen=await seen(admin))
    assert "本人没有关注公众号，收不到，请打电话告诉" in told
    await admin.does(f"/cases/{LEFT}/close", seen=await seen(admin))

    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(CaseRating))).all() == []


async def test_a_member_with_a_wechat_gets_the_case_at_once(ends: Ends, admin: Worker) -> None:
    li = await bound(ends)

    await admin.does("/callers", **CALL | {"name": "李娜", "staff_number": " 10086 "})

    async with ends.house.database.reading() as session:
        found = await cases.find_mine(session, await li.person_id(), LEFT)
    assert found is not None
    assert 'data-test="join"' not in await admin.reads(f"/cases/{LEFT}")


async def test_it_turns_out_whose_case_it_is(ends: Ends, admin: Worker) -> None:
    await admin.does("/callers", **CALL)
    await admin.does(f"/cases/{LEFT}/answer", text="今天派人去看。", seen=await seen(admin))
    li = await bound(ends)

    page = await admin.does(f"/callers/{LEFT}/join", staff_number="10086", name="李娜")

    assert "已关联到李娜，以后的答复会到他的微信。" in page and 'data-test="join"' not in page
    async with ends.house.database.reading() as session:
        found = await cases.find_mine(session, await li.person_id(), LEFT)
        assert found is not None and found.answer == "今天派人去看。"
        merges = (await session.scalars(sa.select(PersonMerge.state))).all()
    assert [each.value for each in merges] == ["done"]
    assert len(await acts_of(ends, "case.join")) == 1
    assert "10086" not in page  # the thread knows nobody
    again = await admin.does(f"/callers/{LEFT}/join", staff_number="10086", name="李娜")
    assert "已经有本人，不用关联" in again


async def test_a_lawyer_writes_down_a_question_and_the_company_never_gets_it(ends: Ends) -> None:
    wu = await at_work(ends, "吴律师", Role.LAWYER)

    page = await wu.does("/callers", **ASKS)

    assert "已录成 FL-2026-0001" in page and "不得交给公司的法务部门" in page
    async with ends.house.database.reading() as session:
        facts = await consultations.facts_of(session, await case_work.get_case(session, "FL-2026-0001"))
        assert facts.own_company
        assert (await session.scalars(sa.select(Consent.given_by))).all() == ["phone"]


async def test_who_may_not_read_consultations_hears_only_the_number(ends: Ends, admin: Worker) -> None:
    page = await admin.does("/callers", **ASKS)

    assert "已录成 FL-2026-0001" in page and "电线杆" not in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "请写来的人怎么称呼"),
        ({"name": "王" * 21}, "请写来的人怎么称呼"),
        ({"words": ""}, "请写来的人说了什么"),
        ({"words": "话" * 1001}, "现在是 1001 个字"),
        ({"came": "pigeon"}, "请选是来电、来访还是来信"),
        ({"about": "counselling:work"}, "请选是哪方面的事"),
        ({"about": "feedback:wages"}, "请选是哪方面的事"),
        ({"about": ""}, "请选是哪方面的事"),
        ({"staff_number": "404"}, "工号和姓名对不上"),
        (ASKS | {"agrees": ""}, "本人同意了再录"),
        (ASKS | {"opponent": ""}, "请选对方是谁"),
        (ASKS | {"about": "consultation:"}, "请选是哪方面的事"),
    ],
)
async def test_what_is_missing_is_said_and_what_was_typed_stays(
    ends: Ends, admin: Worker, wrong: Mapping[str, str], said: str
) -> None:
    answer = await admin.sends("/callers", **CALL | dict(wrong) | {"phone": "13<b>8"})

    assert answer.status_code == 422 and said in answer.text
    assert "13&lt;b&gt;8" in answer.text
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(Case.id))).all() == []


async def test_a_number_with_another_name_reaches_no_stranger(ends: Ends, admin: Worker) -> None:
    await bound(ends)
    assert "工号和姓名对不上" in (await admin.sends("/callers", **CALL | {"staff_number": "10086"})).text
    await admin.does("/callers", **CALL)

    for filled in ({"staff_number": "10086", "name": "王大爷"}, {"staff_number": "", "name": "李娜"}):
        page = await admin.does(f"/callers/{LEFT}/join", **filled)
        assert "对不上" in page or "请写工号" in page
    assert await acts_of(ends, "case.join") == []


async def test_a_member_without_a_wechat_cannot_be_joined_yet(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        await making.member(session, staff_number="10086")
    await admin.does("/callers", **CALL)

    page = await admin.does(f"/callers/{LEFT}/join", staff_number="10086", name="李娜")

    assert "还没有在公众号绑定工号" in page


async def test_a_case_that_somebody_brought_is_joined_to_nobody(ends: Ends, admin: Worker) -> None:
    li, now = await (await bound(ends)).person_id(), ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        words = [{"type": "text", "text": "灯坏了"}]
        await cases.open_case(session, CaseKind.FEEDBACK, li, None, blocks=words, anonymous=True, now=now)

    assert "已经有本人" in await admin.does(f"/callers/{LEFT}/join", staff_number="10086", name="李娜")
    assert (await admin.sends("/callers/LY-2099-0001/join", staff_number="1", name="x")).status_code == 404


async def test_the_same_form_sent_twice_is_one_case(ends: Ends, admin: Worker) -> None:
    once = (await admin.reads("/callers")).split('name="once" value="')[1].partition('"')[0]

    for _ in range(2):
        assert f"已录成 {LEFT}" in await admin.does("/callers", **CALL | {"once": once})

    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(Case.number))).all() == [LEFT]
    other = (await admin.reads("/callers")).split('name="once" value="')[1].partition('"')[0]
    assert "已录成 LY-2026-0002" in await admin.does("/callers", **CALL | {"once": other})


async def test_who_has_no_right_writes_nothing_down(ends: Ends) -> None:
    editor = await at_work(ends, "小编", Role.EDITOR)

    assert (await editor.gets("/callers")).status_code == 403
    assert (await editor.sends("/callers", **CALL)).status_code == 403
