"""The room of staff: who works here, what they may; and the room of what they did."""

import io
import re

import openpyxl
import pytest

from app.jobs import audit_seals
from app.services.staff import Wanted
from models import Branch, Role, StaffState
from tests import making
from tests.both_ends import OURS, Ends
from tests.console_kit import CONSOLE, HTML, Worker, acts_of, admin, at_work, employ, ends, staff_row
from tests.portal_member import member

__all__ = ["admin", "ends"]
HOSTILE = "<script>alert(1)</script>"


async def branch(ends: Ends, lineage: str = making.NORTH) -> Branch:
    async with ends.house.database.transaction() as session:
        return await making.branch(session, lineage)


async def path_of(ends: Ends, worker: Worker) -> str:
    return f"/staff/{(await staff_row(ends, worker.login)).public_id}"


async def test_roles_of_a_branch_are_given_and_hold_at_once(ends: Ends, admin: Worker) -> None:
    north = await branch(ends)
    li = await at_work(ends, "李娜", Role.EDITOR)
    path = await path_of(ends, li)
    assert (await li.gets("/staff")).status_code == 403

    said = await admin.does(f"{path}/roles", role=["union_admin", "", ""], branch=[north.public_id, "", ""])

    assert "角色已更改" in said
    assert "黄陵供电公司工会 › 北区分工会 › 抢修一班" in await admin.reads(path)
    assert "工作人员" in await li.reads("/staff")
    [act] = await acts_of(ends, "staff.roles")
    assert act.subject == li.login and "union_admin" in str(act.changes) and "editor" in str(act.changes)


@pytest.mark.parametrize(
    ("role", "place", "said"),
    [("operator", "", "不能给予"), ("king", "", "没有这个角色"), ("editor", "nowhere", "没有这个角色或分会")],
)
async def test_a_role_that_is_not_to_be_given_is_refused(
    ends: Ends, admin: Worker, role: str, place: str, said: str
) -> None:
    li = await employ(ends, "李娜", Role.EDITOR)

    answer = await admin.sends(f"{await path_of(ends, li)}/roles", role=role, branch=place)

    assert answer.status_code == 422 and said in answer.text
    assert [grant.role for grant in (await staff_row(ends, li.login)).grants] == [Role.EDITOR]


async def test_an_invitation_that_is_refused_keeps_what_was_typed(ends: Ends, admin: Worker) -> None:
    answer = await admin.sends("/staff/new", login="李娜", name=HOSTILE, role="lawyer", branch="")

    assert answer.status_code == 422 and "小写字母开头" in answer.text
    assert HOSTILE not in answer.text and "&lt;script&gt;" in answer.text
    assert '<option value="lawyer" selected>' in answer.text


async def test_who_is_disabled_is_out_at_once_and_may_come_back(ends: Ends, admin: Worker) -> None:
    li = await at_work(ends, "李娜", Role.EDITOR)
    path = await path_of(ends, li)

    await admin.does(f"{path}/disable", reason="调离")

    assert (await li.gets("")).status_code == 303
    assert (await li.signs_in()).status_code == 422
    [act] = await acts_of(ends, "staff.disable")
    assert act.reason == "调离"
    assert "/console/invited/" in (await admin.sends(f"{path}/reset")).text
    assert (await staff_row(ends, li.login)).state is StaffState.INVITED
    assert [each.act for each in await acts_of(ends)][-1] == "staff.enable"


async def test_the_last_who_administers_the_union_stays(ends: Ends, admin: Worker) -> None:
    second = await at_work(ends, "张伟", Role.UNION_ADMIN)

    mine = await admin.sends(f"{await path_of(ends, admin)}/disable")
    theirs = await admin.sends(f"{await path_of(ends, second)}/disable")

    assert mine.status_code == 422 and "自己的角色和状态" in mine.text
    assert theirs.status_code == 422  # nobody disables an administrator of as much as his own


async def test_a_chief_of_a_branch_keeps_to_it(ends: Ends, admin: Worker) -> None:
    north, south = await branch(ends), await branch(ends, "黄陵供电公司工会/南区分工会")
    chief = await at_work(ends, "李娜", Wanted(Role.UNION_ADMIN, north.id))
    form = await chief.reads("/staff/new")
    assert "抢修一班" in form and "南区分工会" not in form and "整个工会" not in form

    for place in (south.public_id, ""):
        answer = await chief.sends("/staff/new", login="zhang", name="张伟", role="editor", branch=place)
        assert answer.status_code == 422 and "不能给予" in answer.text
    answer = await chief.sends(
        "/staff/new", login="zhang", name="张伟", role="editor", branch=north.public_id
    )
    assert answer.status_code == 200 and "/console/invited/" in answer.text


async def test_staff_say_which_wechat_is_theirs(ends: Ends, admin: Worker) -> None:
    li = await member(ends, "李建国")
    page = (await admin.sends("/me/wechat")).text
    found = re.search(r'data-test="address">([^<]+)<', page)
    assert found
    path = found[1].removeprefix(OURS)

    answer = await li.taps(path, path)

    assert "办好了" in answer.text
    assert (await staff_row(ends, admin.login)).person_id == await li.person_id()
    assert "已关联您的微信" in await admin.reads("/me")
    assert (await li.browser.get(path, headers=HTML)).status_code == 404  # good once
    await admin.does("/me/wechat/off")
    assert (await staff_row(ends, admin.login)).person_id is None


async def test_one_wechat_is_one_account_of_staff(ends: Ends, admin: Worker) -> None:
    li = await member(ends, "李建国")
    zhang = await at_work(ends, "张伟", Role.EDITOR)
    for worker, status in ((admin, 200), (zhang, 409)):
        found = re.search(r'data-test="address">([^<]+)<', (await worker.sends("/me/wechat")).text)
        assert found
        path = found[1].removeprefix(OURS)
        assert (await li.taps(path, path)).status_code == status


# --- the record --------------------------------------------------------------------------------------------


async def test_the_record_is_narrowed_down_and_opened(ends: Ends, admin: Worker) -> None:
    li = await employ(ends, "李娜", Role.EDITOR)
    await admin.does(f"{await path_of(ends, li)}/name", name=HOSTILE)
    page = await admin.reads("/record?act=staff.rename")
    assert page.count('data-test="open"') == 1 and "做了什么：更改姓名" in page
    found = re.search(r'href="(/console/record/[a-z0-9]{16})"', page)
    assert found

    one = await admin.reads(found[1].removeprefix(CONSOLE))

    assert "李娜" in one and "&lt;script&gt;" in one and HOSTILE not in one
    pane = await admin.gets(found[1].removeprefix(CONSOLE), **{"HX-Request": "true", "HX-Target": "pane"})
    assert "<nav" not in pane.text and "李娜" in pane.text


@pytest.mark.parametrize(
    "query",
    [
        "by=nobody",
        "act=nothing",
        "since=yesterday",
        "since=0001-01-01",
        "until=9999-12-31",
        "before=-1",
        "subject=%00",
    ],
)
async def test_a_filter_that_is_none_is_left_out(ends: Ends, admin: Worker, query: str) -> None:
    assert 'data-test="open"' in await admin.reads(f"/record?{query}")


async def test_the_record_says_whether_it_is_whole(ends: Ends, admin: Worker) -> None:
    await ends.moves_time(seconds=10)
    await audit_seals.run(ends.house.database, ends.house.clock)

    assert "记录是完整的" in await admin.reads("/record/whole")


async def test_a_part_of_it_is_taken_away_as_a_workbook_without_formulas(ends: Ends, admin: Worker) -> None:
    auditor = await at_work(ends, "=1+1", Role.AUDITOR)

    assert "正在导出" in await auditor.does("/record/export")
    await ends.house.rounds.once()

    page = await auditor.reads("/jobs")
    found = re.search(r'action="/console(/jobs/[a-z0-9]+/file)"', page)
    assert found and "共 " in page
    file = await auditor.sends(found[1])
    assert file.headers["content-disposition"].startswith("attachment")
    sheet = openpyxl.load_workbook(io.BytesIO(file.content)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "时间" and any(row[1] == "=1+1" for row in rows)
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value)
    assert (await admin.sends(found[1])).status_code == 404  # another's file
    assert [act.act for act in await acts_of(ends)][-1] == "job.fetch"


async def test_a_chief_reads_about_his_branch_and_himself(ends: Ends, admin: Worker) -> None:
    north = await branch(ends)
    chief = await at_work(ends, "李娜", Wanted(Role.UNION_ADMIN, north.id))

    page = await chief.reads("/record")

    assert page.count('data-test="open"') == 1 and "李娜" in page  # that he signed in
    [other, *_] = await acts_of(ends, "staff.sign_in")
    assert (await chief.gets(f"/record/{other.public_id}")).status_code == 404


async def test_the_search_finds_staff_by_name_and_login(ends: Ends, admin: Worker) -> None:
    li = await employ(ends, "李娜", Role.EDITOR)

    for words in ("李娜", li.login.upper()):
        assert 'data-test="found"' in await admin.reads(f"/search?q={words}")
    assert "没有找到" in await admin.reads("/search?q=%00nobody")
