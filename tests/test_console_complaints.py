"""投诉建议 in the console: taking up, handing out, a department's desk, and from whom it is kept."""

from typing import Any

import pytest

from app.services import case_work, complaint_ending, departments, staff
from app.services.staff import Wanted
from models import Case, CaseState, Complaint, ComplaintSort, Naming, Role
from tests import making
from tests.both_ends import Ends
from tests.complaining import complain, look, person
from tests.console_kit import Worker, acts_of, admin, at_work, ends, staff_row
from tests.test_console_cases import HOSTILE, acts, picture

__all__ = ["admin", "ends"]
ROOM, DESK = "/complaints", "/department"
S = CaseState


async def files(ends: Ends, **changed: Any) -> str:
    async with ends.house.database.transaction() as session:
        who = await person(session)
        return (await complain(session, who, now=ends.house.clock.now(), **changed)).number


async def kept(ends: Ends, number: str) -> tuple[Case, Complaint]:
    async with ends.house.database.reading() as session:
        return await look(session, number)


async def sets_up(ends: Ends, name: str, *workers: Worker, branch_id: int | None = None) -> str:
    """A department with these; its public id."""
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        made = await departments.add(session, name, branch_id, now)
        for each in workers:
            who = await staff.get_by_login(session, each.login)
            await departments.put_in(session, made, who, now)
        return made.public_id


@pytest.fixture
async def chen(ends: Ends) -> Worker:
    return await at_work(ends, "陈晨", Role.HANDLER)


async def goes(worker: Worker, path: str, do: str, **filled: Any) -> str:
    answer = await acts(worker, path, do=do, **filled)
    assert answer.status_code == 303, answer.text
    return await worker.reads(answer.headers["location"].removeprefix("/console"))


# --- from the first to the last step -----------------------------------------------------------------------


async def test_it_is_taken_up_handed_out_replied_to_and_closed(
    ends: Ends, admin: Worker, chen: Worker
) -> None:
    number = await files(ends, naming=Naming.NICKNAME, nickname="小雨")
    to = await sets_up(ends, "后勤部", chen)
    path, desk = f"{ROOM}/{number}", f"{DESK}/{number}"
    assert "要受理或转办的投诉建议" in await admin.reads("") and number in await admin.reads(ROOM)
    assert (await chen.gets(desk)).status_code == 404

    assert "已受理" in await goes(admin, path, "accept")
    assert "后勤部" in await goes(admin, path, "dispatch", to=to)
    assert "本部门要办的投诉建议" in await chen.reads("") and number in await chen.reads(DESK)
    page = await chen.reads(desk)
    assert "小雨" in page and "13812345678" not in page
    assert 'data-test="call"' not in page and 'data-test="reveal"' not in page
    assert "陈晨在办" in await goes(chen, desk, "take")
    assert "换了供货的" in await goes(chen, desk, "reply", text="换了供货的。")
    assert "已办结" in await goes(admin, path, "close")

    assert (await kept(ends, number))[0].state is S.CLOSED
    done = [act.act for act in await acts_of(ends) if act.act.startswith(("complaint", "case"))]
    assert done == [f"complaint.{each}" for each in ("accept", "dispatch", "take", "reply")] + ["case.close"]


async def test_a_department_gives_it_back_and_sees_it_no_more(
    ends: Ends, admin: Worker, chen: Worker
) -> None:
    number = await files(ends)
    to = await sets_up(ends, "后勤部", chen)
    await goes(admin, f"{ROOM}/{number}", "accept")
    await goes(admin, f"{ROOM}/{number}", "dispatch", to=to)

    refused = await acts(chen, f"{DESK}/{number}", do="return", why=" ")
    assert refused.status_code == 422 and "请写明退回的原因" in refused.text
    assert "没有转给您部门的投诉建议" in await goes(chen, f"{DESK}/{number}", "return", why="归食堂承包方")

    assert (await chen.gets(f"{DESK}/{number}")).status_code == 404
    assert "后勤部退回：归食堂承包方" in await admin.reads(f"{ROOM}/{number}")
    assert "退回重派" in await admin.reads(f"{ROOM}?state=returned")


async def test_refusing_needs_a_reason_and_where_to_go(ends: Ends, admin: Worker) -> None:
    number = await files(ends)
    path = f"{ROOM}/{number}"
    refused = await acts(admin, path, do="refuse", why="不归工会管", elsewhere="")
    assert refused.status_code == 422 and "请写明可以找哪里" in refused.text and "不归工会管" in refused.text
    assert "不予受理" in await goes(admin, path, "refuse", why="不归工会管", elsewhere="12345")
    again = await acts(admin, path, do="accept")
    assert again.status_code == 422 and "不予受理的事项不能改为已受理" in again.text


async def test_only_a_lead_extends_and_a_department_suspends(ends: Ends, admin: Worker, chen: Worker) -> None:
    number = await files(ends)
    clerk = await at_work(ends, "吴芳", Role.COMPLAINTS)
    to = await sets_up(ends, "后勤部", chen)
    path, desk = f"{ROOM}/{number}", f"{DESK}/{number}"
    await goes(clerk, path, "accept")
    await goes(clerk, path, "dispatch", to=to)
    await goes(chen, desk, "take")

    assert "批准延期" not in await clerk.reads(path) and "批准延期" in await admin.reads(path)
    assert (await acts(clerk, path, do="extend", why="等检测")).status_code == 403
    assert (await chen.sends(f"{path}/extend", why="等检测")).status_code == 403
    wrong = await acts(chen, desk, do="suspend", why="等检测", until="2020-01-01")
    assert wrong.status_code == 422 and "今天以后" in wrong.text and "等检测" in wrong.text
    wrong = await acts(chen, desk, do="suspend", why="等检测", until="明天")
    assert wrong.status_code == 422
    assert "已延期" in await goes(admin, path, "extend", why="等检测")
    assert (await acts(admin, path, do="extend", why="再等")).status_code == 422
    assert (await kept(ends, number))[0].state is S.EXTENDED


# --- from whom it is kept ----------------------------------------------------------------------------------


async def test_the_unit_it_is_about_finds_nothing_anywhere(ends: Ends, admin: Worker, chen: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = (await making.branch(session, "黄陵供电公司工会/北区分工会")).id
        shift = (await making.branch(session, making.NORTH)).id
    accused = await at_work(ends, "孙丽", Wanted(Role.UNION_ADMIN, north), Wanted(Role.HANDLER, shift))
    number = await files(ends, branch_id=north)
    other = await files(ends)
    to = await sets_up(ends, "后勤部", chen, accused)
    theirs = await sets_up(ends, "北区综合组", chen, branch_id=shift)
    page = await goes(admin, f"{ROOM}/{number}", "accept")
    assert "后勤部" in page and "北区综合组" not in page
    refused = await acts(admin, f"{ROOM}/{number}", do="dispatch", to=theirs)
    assert refused.status_code == 422 and "反映的就是「北区综合组」" in refused.text
    await goes(admin, f"{ROOM}/{number}", "dispatch", to=to)
    await goes(admin, f"{ROOM}/{other}", "accept")
    await goes(admin, f"{ROOM}/{other}", "dispatch", to=to)

    assert other in await accused.reads(DESK) and number not in await accused.reads(DESK)
    assert "没有这样的事项" in await accused.reads(f"{DESK}?number={number}")
    assert (await accused.gets(f"{DESK}/{number}")).status_code == 404
    for act in ("take", "return", "reply", "suspend", "resume", "ask", "part", "note", "files/1"):
        assert (await accused.sends(f"{DESK}/{number}/{act}", text="x", why="x")).status_code == 404, act
    assert (await accused.gets(ROOM)).status_code == 403
    assert (await accused.gets(f"{ROOM}/{number}")).status_code == 403
    assert f"/{number}" not in await accused.reads(f"/search?q={number}")
    assert f"{DESK}/{other}" in await accused.reads(f"/search?q={other}")
    for worker, waits in ((accused, 1), (chen, 2)):
        assert f"<b>{waits}</b><span>本部门要办的投诉建议</span>" in await worker.reads("")
    assert f"{DESK}/{number}" in await chen.reads(f"/search?q={number}")


async def test_another_department_and_other_roles_find_nothing(
    ends: Ends, admin: Worker, chen: Worker
) -> None:
    zhao = await at_work(ends, "赵敏", Role.HANDLER)
    editor = await at_work(ends, "周编", Role.EDITOR)
    number = await files(ends)
    to = await sets_up(ends, "后勤部", chen)
    await sets_up(ends, "人资部", zhao)
    await goes(admin, f"{ROOM}/{number}", "accept")
    await goes(admin, f"{ROOM}/{number}", "dispatch", to=to)

    assert number not in await zhao.reads(DESK)
    assert (await zhao.gets(f"{DESK}/{number}")).status_code == 404
    assert (await zhao.sends(f"{DESK}/{number}/take")).status_code == 404
    for room in (ROOM, DESK):
        assert (await editor.gets(room)).status_code == 403
    assert (await chen.gets(ROOM)).status_code == 403
    assert (await chen.sends(f"{ROOM}/{number}/call")).status_code == 403
    assert (await chen.sends(f"{ROOM}/{number}/reveal", why="x")).status_code == 403


async def test_only_the_union_opens_who_it_is_and_it_is_kept(ends: Ends, admin: Worker) -> None:
    named = await files(ends)
    nameless = await files(ends, naming=Naming.ANONYMOUS, contact="")
    shown = await acts(admin, f"{ROOM}/{named}", do="call")
    assert shown.status_code == 200 and "13812345678" in shown.text
    assert (await acts(admin, f"{ROOM}/{named}", do="reveal", why="要核实")).status_code == 200
    page = await admin.reads(f"{ROOM}/{nameless}")
    assert 'data-test="call"' not in page and 'data-test="reveal"' not in page
    for act in ("call", "reveal"):
        refused = await acts(admin, f"{ROOM}/{nameless}", do=act, why="要核实")
        assert refused.status_code == 422 and "匿名" in refused.text
    assert [act.act for act in await acts_of(ends)][-2:] == ["case.contact", "case.reporter"]


# --- at once, hostile, twice -------------------------------------------------------------------------------


async def test_two_hand_it_out_at_once_and_one_act_comes_twice(
    ends: Ends, admin: Worker, chen: Worker
) -> None:
    number = await files(ends)
    to, other = await sets_up(ends, "后勤部", chen), await sets_up(ends, "人资部", chen)
    path = f"{ROOM}/{number}"
    await goes(admin, path, "accept")
    assert (await acts(admin, path, do="accept")).status_code == 422
    await goes(admin, path, "dispatch", to=to)
    assert (await acts(admin, path, do="dispatch", to=to)).status_code == 303
    late = await acts(admin, path, do="dispatch", to=other)
    assert late.status_code == 422 and "已经转给「后勤部」" in late.text
    assert (await acts(admin, path, do="dispatch", to="nothing")).status_code == 404
    assert len(await acts_of(ends, "complaint.dispatch")) == 1


async def test_the_union_puts_right_whom_it_is_about(ends: Ends, admin: Worker, chen: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = await making.branch(session, "黄陵供电公司工会/检修分会")
    to = await sets_up(ends, "综合组", chen, branch_id=north.id)
    number = await files(ends, about="修线路的张主任")
    path = f"{ROOM}/{number}"
    await goes(admin, path, "accept")
    await goes(admin, path, "dispatch", to=to)
    await goes(chen, f"{DESK}/{number}", "take")

    assert (await acts(admin, path, do="about", about="nothing")).status_code == 422
    assert "黄陵供电公司工会 › 检修分会" in await goes(admin, path, "about", about=north.public_id)
    assert (await chen.gets(f"{DESK}/{number}")).status_code == 404
    assert (await kept(ends, number))[0].state is S.RETURNED
    assert len(await acts_of(ends, "complaint.about")) == 1
    assert (await chen.sends(f"{path}/about", about="")).status_code == 403


async def test_who_replies_while_it_is_withdrawn_is_told(ends: Ends, admin: Worker, chen: Worker) -> None:
    async with ends.house.database.transaction() as session:
        li = await person(session)
        number = (await complain(session, li, now=ends.house.clock.now())).number
    to = await sets_up(ends, "后勤部", chen)
    await goes(admin, f"{ROOM}/{number}", "accept")
    await goes(admin, f"{ROOM}/{number}", "dispatch", to=to)
    await goes(chen, f"{DESK}/{number}", "take")
    seen = (await chen.reads(f"{DESK}/{number}")).partition('name="seen" value="')[2].partition('"')[0]
    async with ends.house.database.transaction() as session:
        await complaint_ending.cancel(session, li, number, channel="chat", now=ends.house.clock.now())

    answer = await chen.sends(f"{DESK}/{number}/reply", seen=seen, text="换了供货的。")
    assert answer.status_code == 422 and "本人又有了动静" in answer.text and "换了供货的" in answer.text


async def test_hostile_words_are_shown_as_they_are(ends: Ends, admin: Worker, chen: Worker) -> None:
    words = HOSTILE.replace("\0", "")
    number = await files(
        ends,
        parts=[{"type": "text", "text": words}, {"type": "image", "file": await picture(ends)}],
        naming=Naming.NICKNAME,
        nickname="<b>小雨</b>",
        about="<i>科",
        sort=ComplaintSort.SUGGESTION,
    )
    to = await sets_up(ends, "<u>部", chen)
    path, desk = f"{ROOM}/{number}", f"{DESK}/{number}"
    await goes(admin, path, "accept")
    await goes(admin, path, "dispatch", to=to)
    await goes(chen, desk, "take")
    assert (await acts(chen, desk, do="note", note=HOSTILE)).status_code == 303
    for page in (await admin.reads(path), await chen.reads(desk), await admin.reads(ROOM)):
        for tag in ("<script>alert", "<b>小", "<i>科", "<u>部"):
            assert tag not in page
    looked = await chen.sends(f"{desk}/files/1")
    assert looked.status_code == 200 and looked.headers["content-type"] == "image/png"
    assert "查看了附件 1" in await admin.reads(path)


async def test_filters_narrow_the_list(ends: Ends, admin: Worker, chen: Worker) -> None:
    late, new = await files(ends), await files(ends, sort=ComplaintSort.SUGGESTION)
    to = await sets_up(ends, "后勤部", chen)
    await goes(admin, f"{ROOM}/{late}", "accept")
    await goes(admin, f"{ROOM}/{late}", "dispatch", to=to)
    for query, shown in {
        f"?department={to}": (True, False),
        "?sort=suggestion": (False, True),
        "?state=dispatched": (True, False),
        "?due=late": (False, False),
        f"?number={new}": (False, True),
        "?topic=safety": (False, False),
        "?state=nonsense": (True, True),
    }.items():
        page = await admin.reads(f"{ROOM}{query}")
        rows = page.partition("<tbody>")[2]
        assert (late in rows, new in rows) == shown, query
    await ends.moves_time(hours=24 * 10)
    await admin.signs_in()
    for query in ("?due=late", "?due=soon"):  # by now both are late
        page = await admin.reads(f"{ROOM}{query}")
        assert late in page and new in page, query
    assert "2 件已超时" in await admin.reads(ROOM)


# --- departments -------------------------------------------------------------------------------------------


async def test_departments_are_kept_by_those_who_keep_staff(ends: Ends, admin: Worker, chen: Worker) -> None:
    page = await admin.does("/departments", name="后勤部", branch="")
    assert "后勤部" in page and "还没有人" in page
    async with ends.house.database.reading() as session:
        at = f"/departments/{(await departments.get_named(session, '后勤部')).public_id}"
    who = (await staff_row(ends, chen.login)).public_id
    for _ in range(2):
        assert "陈晨" in await admin.does(f"{at}/people", staff=who)
    editor = await at_work(ends, "周编", Role.EDITOR)
    wrong = await admin.sends(f"{at}/people", staff=(await staff_row(ends, editor.login)).public_id)
    assert wrong.status_code == 422 and "部门承办" in wrong.text
    assert (await admin.sends("/departments", name="后勤部", branch="")).status_code == 422
    stale = await admin.sends(at, name="后勤处", branch="", active="yes", before="旧的||True")
    assert stale.status_code == 422 and "有人改过这个部门" in stale.text and "后勤处" in stale.text
    assert "后勤处" in await admin.does(at, name="后勤处", branch="", active="yes", before="后勤部||True")
    assert "还没有人" in await admin.does(f"{at}/people/{who}/remove")
    assert (await chen.gets("/departments")).status_code == 403

    async with ends.house.database.transaction() as session:
        north = (await making.branch(session, "黄陵供电公司工会/北区分工会")).id
    local = await at_work(ends, "孙丽", Wanted(Role.UNION_ADMIN, north))
    assert "后勤处" not in await local.reads("/departments")
    assert (await local.gets(at)).status_code == 404
    assert (await local.sends(f"{at}/people", staff=who)).status_code == 404
    assert (await local.sends("/departments", name="我的部", branch="")).status_code == 422


async def test_the_server_refuses_what_belongs_to_departments(ends: Ends) -> None:
    number = await files(ends)
    async with ends.house.database.transaction() as session:
        with pytest.raises(Exception, match="由承办部门在工作台答复"):
            await case_work.answer(session, number, "好", "王强", ends.house.clock.now())
