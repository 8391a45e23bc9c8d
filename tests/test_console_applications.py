"""入会申请 and 资料变更 in the console: clocks, branch scope, every act, who comes second, what is masked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import branches, joining, member_changes, members
from app.services.binding import Proof
from app.services.joining import Applied
from app.services.member_changes import Asked
from app.services.staff import Wanted
from models import Branch, Case, CaseEntry, EntryKind, FileState, Outbox, Role, StoredFile
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.joining import ZHAO

__all__ = ["admin", "ends"]
PAGE = "/applications"
SOUTH = "黄陵供电公司工会/南区分工会"


async def applies(ends: Ends, lineage: str | None = making.NORTH, **facts: Any) -> tuple[int, str]:
    """Somebody who wants to join: who, and the number."""
    async with ends.house.database.transaction() as session:
        who = (await making.person(session)).person_id
        branch = await making.branch(session, lineage) if lineage else None
        now = ends.house.clock.now()
        done = await joining.apply(
            session, who, None, replace(ZHAO, **facts), branch, channel="chat", now=now
        )
        assert isinstance(done, Applied)
        return who, done.number


async def asks_for_a_phone(ends: Ends) -> str:
    async with ends.house.database.transaction() as session:
        who = (await making.person(session)).person_id
        now = ends.house.clock.now()
        await making.member(session, person_id=who, bound_at=now)
        asked = await member_changes.ask_phone(session, who, None, "13900002222", channel="chat", now=now)
        return asked.number


async def asks_for_the_binding(ends: Ends) -> str:
    async with ends.house.database.transaction() as session:
        holder = (await making.person(session)).person_id
        claimant = (await making.person(session)).person_id
        now = ends.house.clock.now()
        await making.member(session, person_id=holder, bound_at=now)
        proof = Proof("10001", "李娜", phone_end="5678")
        asked = await member_changes.ask_move(session, claimant, None, proof, channel="chat", now=now)
        assert isinstance(asked, Asked)
        return asked.number


async def version(ends: Ends, number: str) -> str:
    async with ends.house.database.reading() as session:
        return str(await session.scalar(sa.select(Case.version).where(Case.number == number)))


async def acts(worker: Worker, number: str, act: str, **filled: Any) -> str:
    filled = {"version": await version(worker.ends, number), **filled}
    return await worker.does(f"{PAGE}/{number}/{act}", **filled)


async def refused(worker: Worker, number: str, act: str, **filled: Any) -> str:
    filled = {"version": await version(worker.ends, number), **filled}
    answer = await worker.sends(f"{PAGE}/{number}/{act}", **filled)
    assert answer.status_code == 422, answer.text
    return answer.text


async def told(ends: Ends) -> list[str]:
    async with ends.house.database.reading() as session:
        rows: Any = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
        return [row.payload["content"] for row in rows if row.payload and "content" in row.payload]


async def of_branch(ends: Ends, lineage: str) -> Worker:
    async with ends.house.database.transaction() as session:
        row: Branch = await making.branch(session, lineage)
    return await at_work(ends, "周涛", Wanted(Role.UNION_ADMIN, row.id))


# --- the list and what waits


async def test_late_ones_come_first_and_are_counted(ends: Ends, admin: Worker) -> None:
    _, late = await applies(ends)
    await ends.moves_time(hours=24 * 20)
    await admin.signs_in()
    _, new = await applies(ends, name="钱进", staff_number="20002")

    page = await admin.reads(PAGE)
    assert "有 1 件超过了答复时限" in page and page.index(late) < page.index(new)
    assert "已超时" in page
    home = await admin.reads("/")
    assert "入会申请要办" in home and "1 件已超时" in home


async def test_what_was_filled_in_is_masked_until_an_act(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)

    page = await admin.reads(f"{PAGE}/{number}")
    assert "赵敏" in page and "139****1111" in page and "13900001111" not in page
    assert "1995-06-01" not in page

    shown = await admin.sends(f"{PAGE}/{number}/reveal")
    assert shown.status_code == 200 and "13900001111" in shown.text and "1995-06-01" in shown.text
    (act,) = await acts_of(ends, "applications.reveal")
    assert act.subject == number
    page = await admin.reads(f"{PAGE}/{number}")
    assert "查看了手机号和出生日期" in page and "13900001111" not in page


async def test_of_another_branch_there_is_nothing(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    south = await of_branch(ends, SOUTH)

    assert number not in await south.reads(PAGE)
    assert "要办" not in (await south.reads("/")).split('data-test="nothing"')[-1]
    assert 'data-test="found"' not in await south.reads(f"/search?q={number}")
    assert (await south.gets(f"{PAGE}/{number}")).status_code == 404
    for act in ("take", "ask", "approve", "refuse", "reveal", "files/1"):
        assert (await south.sends(f"{PAGE}/{number}/{act}", version="1")).status_code == 404, act
    north = await of_branch(ends, making.NORTH)
    assert number in await north.reads(PAGE)


async def test_an_application_without_a_branch_is_for_the_whole_union(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends, None)
    north = await of_branch(ends, making.NORTH)

    assert (await north.gets(f"{PAGE}/{number}")).status_code == 404
    assert "没有选组织" in await admin.reads(PAGE)
    assert "请选一个组织再通过" in await refused(admin, number, "approve")


async def test_other_roles_decide_nothing(ends: Ends) -> None:
    _, number = await applies(ends)
    for role in (Role.LAWYER, Role.EDITOR, Role.DISPATCHER, Role.AUDITOR, Role.OPERATOR):
        worker = await at_work(ends, "孙丽", role)
        assert (await worker.gets(PAGE)).status_code == 403
        assert (await worker.gets(f"{PAGE}/{number}")).status_code == 403
        assert (await worker.sends(f"{PAGE}/{number}/approve", version="1")).status_code == 403


async def test_the_search_finds_numbers(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    change = await asks_for_a_phone(ends)

    assert f"{number} 赵敏" in await admin.reads(f"/search?q={number.lower()}")
    assert f"{change} 李娜 10001" in await admin.reads("/search?q=李娜")


async def test_cases_of_other_kinds_are_not_here(ends: Ends, admin: Worker) -> None:
    assert (await admin.gets(f"{PAGE}/LY-2026-0001")).status_code == 404
    assert (await admin.gets(f"{PAGE}/a%00b")).status_code == 404


# --- joining


async def test_taken_up_asked_for_more_and_approved(ends: Ends, admin: Worker) -> None:
    who, number = await applies(ends)

    assert "由您接办" in await acts(admin, number, "take")
    page = await acts(admin, number, "ask", text="请补工作证照片")
    assert "等本人补正" in page and "请补工作证照片" in page
    async with ends.house.database.transaction() as session:
        blocks = [{"type": "text", "text": "<b>补好了</b>"}]
        await joining.supplement(session, who, blocks, channel="chat", now=ends.house.clock.now())
    page = await acts(admin, number, "approve", staff_number="20001")

    assert "赵敏是会员了" in page and "&lt;b&gt;补好了" in page
    async with ends.house.database.reading() as session:
        member = await members.get(session, "20001")
        assert member.person_id == who
    assert any("已通过，欢迎加入工会" in each for each in await told(ends))
    names = [act.act for act in await acts_of(ends) if act.act.startswith("applications")]
    assert names == ["applications.take", "applications.ask", "applications.approve"]
    assert number not in await admin.reads(PAGE)
    assert number in await admin.reads(f"{PAGE}?state=over")


async def test_corrections_another_branch_and_a_day(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    async with ends.house.database.transaction() as session:
        south = await making.branch(session, SOUTH)

    said = await refused(admin, number, "approve", staff_number="20001", joined_on="2026-13-01")
    assert "入会日期不对" in said
    said = await refused(admin, number, "approve", staff_number="20001", phone="123", name="赵明")
    assert "手机号" in said and 'value="赵明"' in said
    await acts(
        admin,
        number,
        "approve",
        staff_number="30001",
        branch=south.public_id,
        joined_on="2026-01-05",
        name="赵明",
    )

    async with ends.house.database.reading() as session:
        member = await members.get(session, "30001")
        assert (member.name, member.branch.lineage) == ("赵明", SOUTH)
        assert str(member.joined_on) == "2026-01-05"


async def test_staff_of_a_branch_admit_nobody_elsewhere(ends: Ends) -> None:
    _, number = await applies(ends)
    north = await of_branch(ends, making.NORTH)
    async with ends.house.database.transaction() as session:
        south = await making.branch(session, SOUTH)

    given = {"version": await version(ends, number), "staff_number": "1", "branch": south.public_id}
    answer = await north.sends(f"{PAGE}/{number}/approve", **given)

    assert answer.status_code in (404, 422) and "没有找到这个组织" in answer.text


async def test_who_comes_second_sees_who_was_first_and_keeps_his_words(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    opened = await version(ends, number)
    other = await at_work(ends, "李娜", Role.UNION_ADMIN)
    await acts(other, number, "ask", text="请补工作证")

    late = await admin.sends(f"{PAGE}/{number}/refuse", version=opened, reason="材料不全<i>")

    assert late.status_code == 422
    assert "李娜（" in late.text and "待补正" in late.text and "材料不全&lt;i&gt;" in late.text
    assert await acts_of(ends, "applications.refuse") == []


async def test_the_same_form_twice_is_one_decision(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    opened = await version(ends, number)
    await admin.does(f"{PAGE}/{number}/refuse", version=opened, reason="不是本单位职工")

    again = await admin.sends(f"{PAGE}/{number}/refuse", version=opened, reason="不是本单位职工")

    assert again.status_code == 422 and "未通过" in again.text
    assert len(await acts_of(ends, "applications.refuse")) == 1
    assert sum("没有通过" in each for each in await told(ends)) == 1


@pytest.mark.parametrize(("act", "field"), [("ask", "text"), ("refuse", "reason")])
async def test_nothing_written_or_too_much(ends: Ends, admin: Worker, act: str, field: str) -> None:
    _, number = await applies(ends)

    assert "是空的" in await refused(admin, number, act, **{field: " "})
    assert "最多 600 个字" in await refused(admin, number, act, **{field: "长" * 601})
    assert "最多 600 个字" not in await acts(admin, number, act, **{field: "补材料\0"})


async def test_a_picture_is_opened_by_an_act(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        kept = StoredFile(
            public_id="picture2345",
            kind="image",
            content_type="image/png",
            state=FileState.READY,
            created_at=now,
        )
        session.add(kept)
        case = (await session.scalars(sa.select(Case).where(Case.number == number))).one()
        blocks = [{"type": "image", "file": "picture2345"}]
        session.add(CaseEntry(case_id=case.id, kind=EntryKind.MEMBER, blocks=blocks, created_at=now))
    await ends.house.files.put("picture2345", b"\x89PNG")

    answer = await admin.sends(f"{PAGE}/{number}/files/1")

    assert answer.content == b"\x89PNG" and number in answer.headers["content-disposition"]
    assert len(await acts_of(ends, "applications.file")) == 1
    assert "查看了附件 1" in await admin.reads(f"{PAGE}/{number}")
    assert (await admin.sends(f"{PAGE}/{number}/files/2")).status_code == 404


# --- changes


async def test_a_new_phone_number(ends: Ends, admin: Worker) -> None:
    number = await asks_for_a_phone(ends)
    page = await admin.reads(f"{PAGE}/{number}")
    assert "138****5678" in page and "139****2222" in page and "13900002222" not in page
    assert "13900002222" in (await admin.sends(f"{PAGE}/{number}/reveal")).text
    assert "不是入会申请" in await refused(admin, number, "take")

    assert "已通过" in await acts(admin, number, "approve")

    async with ends.house.database.reading() as session:
        assert (await members.get(session, "10001")).phone == "13900002222"
    (act,) = await acts_of(ends, "changes.approve")
    assert "13900002222" not in str(act.changes) and act.branch_id is not None


async def test_a_binding_waits_for_objections(ends: Ends, admin: Worker) -> None:
    number = await asks_for_the_binding(ends)
    assert "异议期" in await admin.reads(f"{PAGE}/{number}")
    assert "才能通过" in await refused(admin, number, "approve")

    await ends.moves_time(hours=timedelta(days=3, hours=1).total_seconds() / 3600)
    await admin.signs_in()
    assert "已通过" in await acts(admin, number, "approve")


async def test_an_objection_is_answered_in_words(ends: Ends, admin: Worker) -> None:
    number = await asks_for_the_binding(ends)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.text("UPDATE member_change SET objected_at = objections_until"))

    said = await refused(admin, number, "approve")
    assert "在下面写明怎样核对的" in said and "--despite" not in said
    assert "已通过" in await acts(admin, number, "approve", despite="当面看过身份证")
    assert "当面看过身份证" in await admin.reads(f"{PAGE}/{number}")


async def test_a_change_is_refused_with_its_reason(ends: Ends, admin: Worker) -> None:
    number = await asks_for_a_phone(ends)
    south = await of_branch(ends, SOUTH)
    assert (await south.sends(f"{PAGE}/{number}/refuse", version="1", reason="x")).status_code == 404

    assert "按未通过办" in await acts(admin, number, "refuse", reason="号码打不通")

    assert any("号码打不通" in each for each in await told(ends))
    async with ends.house.database.reading() as session:
        assert (await branches.get(session, making.NORTH)) is not None
