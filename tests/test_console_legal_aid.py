"""法律援助 in the console: the list with its clocks, every act, who may do it, who comes second."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import case_owners, legal_aid, legal_aid_lists, staff
from app.services.case_work import get_case
from app.services.consultation_facts import Opponent
from app.services.staff import Wanted
from app.services.statutory_deadlines import Dates
from models import AidMatter, CaseState, FileState, Outbox, Role, Staff, StoredFile
from tests import making
from tests.aiding import PAPERS, apply, look
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
PAGE = "/legal-aid"
S = CaseState


async def applies(ends: Ends, **changed: Any) -> tuple[int, str]:
    async with ends.house.database.transaction() as session:
        who = (await making.person(session)).person_id
        return who, (await apply(session, who, now=ends.house.clock.now(), **changed)).number


async def mark(ends: Ends, number: str) -> str:
    async with ends.house.database.reading() as session:
        return await legal_aid_lists.mark_of(session, await get_case(session, number))


async def acts(worker: Worker, number: str, act: str, **filled: Any) -> str:
    filled = {"mark": await mark(worker.ends, number), **filled}
    return await worker.does(f"{PAGE}/{number}/{act}", **filled)


async def refused(worker: Worker, number: str, act: str, **filled: Any) -> str:
    filled = {"mark": await mark(worker.ends, number), **filled}
    answer = await worker.sends(f"{PAGE}/{number}/{act}", **filled)
    assert answer.status_code == 422, answer.text
    return answer.text


async def state_of(ends: Ends, number: str) -> CaseState:
    async with ends.house.database.reading() as session:
        return (await look(session, number))[0].state


async def told(ends: Ends) -> list[str]:
    async with ends.house.database.reading() as session:
        rows: Any = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
        return [row.payload["content"] for row in rows if row.payload and "content" in row.payload]


@pytest.fixture
async def lawyer(ends: Ends, admin: Worker) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


def until(ends: Ends, days: int = 15) -> str:
    return (ends.house.clock.now() + timedelta(days=days)).date().isoformat()


async def test_from_the_list_to_the_end(ends: Ends, admin: Worker, lawyer: Worker) -> None:
    who, number = await applies(ends)
    listed = await admin.reads(PAGE)
    assert number in listed and "确认劳动关系、追讨工资" in listed and "还剩" in listed
    assert "法律援助要办" in await admin.reads("")

    page = await acts(admin, number, "ask", missing="劳动合同", until=until(ends))
    assert "已一次性告知本人" in page and "以前补材料（还剩" in page and "really-ask" not in page
    async with ends.house.database.transaction() as session:
        await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=ends.house.clock.now())
    assert "已同意援助" in await acts(admin, number, "grant")
    page = await acts(admin, number, "assign", lawyer=lawyer.login)
    assert "已指派张律师承办" in page and "由张律师承办" in page
    assert "我承办的法律援助" in await lawyer.reads("")
    assert "开始承办" in await acts(lawyer, number, "begin")
    await acts(lawyer, number, "tell", text="仲裁委受理了。")
    assert "已结案" in await acts(lawyer, number, "conclude", result="裁决支付工资。")

    assert number not in await admin.reads(PAGE)
    assert number in await admin.reads(f"{PAGE}?state=over")
    assert [each.act for each in await acts_of(ends) if each.act.startswith("aid.")] == [
        *("aid.ask", "aid.grant", "aid.assign", "aid.begin", "aid.tell", "aid.conclude"),
    ]
    assert (await told(ends))[-1].startswith(f"您的法律援助 {number} 结案了")


async def test_an_objection_is_not_for_who_refused(ends: Ends, admin: Worker) -> None:
    other = await at_work(ends, "赵敏", Role.APPROVER)
    who, number = await applies(ends)
    await acts(admin, number, "reject", reason="不在范围内")
    async with ends.house.database.transaction() as session:
        await legal_aid.object_to(session, who, number, PAPERS, channel="chat", now=ends.house.clock.now())

    assert "原来的决定是您作的" in await admin.reads(f"{PAGE}/{number}")
    page = await refused(admin, number, "uphold", reason="还是不在范围内")
    assert "异议要由另一位同事复核" in page and "还是不在范围内" in page  # what was typed is kept
    assert "原来的决定是您作的" in await refused(admin, number, "grant")
    assert "维持原来的决定" in await acts(other, number, "uphold", reason="确实不在范围内")
    assert await state_of(ends, number) is S.UPHELD


async def test_a_refusal_is_told_with_a_line_to_tap(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    await acts(admin, number, "reject", reason="不在范围内")

    said = next(each for each in await told(ends) if "不予援助" in each)
    assert f"msgmenuid=do:legal_aid.object?number={number}" in said and "提出异议</a>" in said


async def test_against_the_company_the_page_offers_only_outside_lawyers(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    company = await at_work(ends, "钱法务", Role.COMPANY_LAWYER)
    _, number = await applies(ends, opponent=Opponent.OWN_COMPANY)
    await acts(admin, number, "grant")
    page = await admin.reads(f"{PAGE}/{number}")
    assert "不得交给公司的法务部门" in page
    assert "钱法务（公司法务，对方是本公司，不能承办）" in page

    said = await refused(admin, number, "assign", lawyer=company.login)
    assert "只能指派公司以外的律师" in said
    assert (await company.gets(f"{PAGE}/{number}")).status_code == 404
    await acts(admin, number, "assign", lawyer=lawyer.login)
    assert await state_of(ends, number) is S.ASSIGNED


async def test_urgent_ones_stand_first_and_are_assigned_before_the_papers(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    _, early = await applies(ends)
    now = ends.house.clock.now()
    _, urgent = await applies(ends, dates=Dates(told_on=(now + timedelta(days=3)).date()))
    listed = await admin.reads(PAGE)
    assert listed.index(urgent) < listed.index(early) and "先行援助" in listed
    assert early not in await admin.reads(f"{PAGE}?fast=yes")
    assert 'data-test="assign"' not in await admin.reads(f"{PAGE}/{early}")

    await acts(admin, urgent, "assign", lawyer=lawyer.login, missing="劳动合同", until=until(ends))
    page = await admin.reads(f"{PAGE}/{urgent}")
    assert "已指派" in page and "以前补材料" in page
    assert "请先审查、同意援助" in await refused(admin, early, "assign", lawyer=lawyer.login)


async def test_filters_show_what_is_due(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    assert number not in await admin.reads(f"{PAGE}?due=late")
    async with ends.house.database.transaction() as session:
        _, row = await look(session, number)
        row.due_at = ends.house.clock.now() + timedelta(days=1)
    assert number in await admin.reads(f"{PAGE}?due=soon")
    async with ends.house.database.transaction() as session:
        _, row = await look(session, number)
        row.due_at = ends.house.clock.now() - timedelta(days=1)

    late = await admin.reads(f"{PAGE}?due=late")
    assert number in late and "有 1 件超过了法定时限" in late
    assert "已超时" in await admin.reads(f"{PAGE}/{number}")
    assert number in await admin.reads(f"{PAGE}?state=submitted")
    assert number not in await admin.reads(f"{PAGE}?state=granted")
    assert number in await admin.reads(f"/search?q={number}")


async def test_who_may_read_and_who_may_act(ends: Ends, admin: Worker, lawyer: Worker) -> None:
    _, number = await applies(ends)
    editor = await at_work(ends, "李编辑", Role.EDITOR)

    assert (await editor.gets(PAGE)).status_code == 403
    assert (await lawyer.gets(f"{PAGE}/{number}")).status_code == 404  # not his yet
    for act in ("ask", "accept", "grant", "reject", "uphold", "terminate", "assign"):
        assert (await lawyer.sends(f"{PAGE}/{number}/{act}", mark="1.0")).status_code == 403
    for act in ("begin", "tell", "conclude"):
        assert (await admin.sends(f"{PAGE}/{number}/{act}", mark="1.0")).status_code == 403
    assert (await lawyer.sends(f"{PAGE}/{number}/call")).status_code == 404
    assert await state_of(ends, number) is S.SUBMITTED


async def test_who_comes_second_is_told_and_keeps_what_was_typed(ends: Ends, admin: Worker) -> None:
    other = await at_work(ends, "赵敏", Role.APPROVER)
    who, number = await applies(ends)
    seen = await mark(ends, number)
    await acts(other, number, "grant")

    answer = await admin.sends(f"{PAGE}/{number}/reject", mark=seen, reason="不在范围内")
    assert answer.status_code == 422 and "赵敏办过" in answer.text and "同意援助" in answer.text
    seen = await mark(ends, number)
    async with ends.house.database.transaction() as session:
        await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=ends.house.clock.now())
    answer = await admin.sends(f"{PAGE}/{number}/terminate", mark=seen, reason="本人要求")
    assert answer.status_code == 422 and "本人办过" in answer.text


async def test_mistakes_keep_the_form(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)

    page = await refused(admin, number, "ask", missing="<b>合同</b>", until="明天")
    assert "期限不对" in page and "&lt;b&gt;合同&lt;/b&gt;" in page
    assert "3 到 60 天之间" in await refused(admin, number, "ask", missing="合同", until=until(ends, 1))
    assert "理由是空的" in await refused(admin, number, "reject", reason=" \0")
    await acts(admin, number, "grant")
    nobody = await admin.sends(f"{PAGE}/{number}/assign", mark=await mark(ends, number), lawyer="nobody")
    assert nobody.status_code == 404


async def test_hostile_words_are_shown_as_words(ends: Ends, admin: Worker) -> None:
    _, number = await applies(
        ends, opponent_name="<script>x</script>", parts=[{"type": "text", "text": "=1+1 <img>"}]
    )

    page = await admin.reads(f"{PAGE}/{number}")
    assert "<script>x" not in page and "&lt;script&gt;x" in page and "=1+1 &lt;img&gt;" in page


async def test_phone_identity_and_papers_are_opened_by_acts_that_are_kept(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        file = StoredFile(
            kind="image",
            content_type="image/png",
            size=3,
            sha256=hashlib.sha256(b"png").hexdigest(),
            state=FileState.READY,
            created_at=ends.house.clock.now(),
        )
        session.add(file)
        await session.flush()
        name = file.public_id
    await ends.house.files.put(name, b"png")
    _, number = await applies(ends, parts=[{"type": "image", "file": name}])
    assert "13812345678" not in await admin.reads(f"{PAGE}/{number}")

    phone = await admin.sends(f"{PAGE}/{number}/call")
    assert phone.status_code == 200 and "13812345678" in phone.text
    nameless = await admin.sends(f"{PAGE}/{number}/reveal", why="")
    assert nameless.status_code == 422 and "请写明为什么要看" in nameless.text
    known = await admin.sends(f"{PAGE}/{number}/reveal", why="核对身份")
    assert known.status_code == 200 and "没有绑定工号" in known.text
    picture = await admin.sends(f"{PAGE}/{number}/files/1")
    assert picture.content == b"png"
    assert {each.act for each in await acts_of(ends)} >= {"case.contact", "case.reporter", "case.files"}
    assert (await admin.sends(f"{PAGE}/{number}/files/2")).status_code == 404


async def test_a_branch_decides_nothing_of_the_union(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = (await making.branch(session)).id
    chief = await at_work(ends, "周主席", Wanted(Role.UNION_ADMIN, north))
    _, number = await applies(ends, matter=AidMatter.CONTRACT)

    assert number not in await chief.reads(PAGE)
    assert (await chief.gets(f"{PAGE}/{number}")).status_code == 404
    assert (await chief.sends(f"{PAGE}/{number}/grant", mark="1.0")).status_code == 404


async def test_a_lawyer_who_is_gone_leaves_it_to_be_assigned_anew(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    other = await at_work(ends, "周律师", Role.LAWYER)
    _, number = await applies(ends)
    await acts(admin, number, "grant")
    await acts(admin, number, "assign", lawyer=lawyer.login)
    async with ends.house.database.transaction() as session:
        gone = await staff.get_by_login(session, lawyer.login)
        await case_owners.take_back_all(session, gone.id, ends.house.clock.now())

    page = await admin.reads(f"{PAGE}/{number}")
    assert "没有承办人了，请改派" in page and "指派律师（还剩" in page
    await acts(admin, number, "assign", lawyer=other.login, why="原来的律师停用了")
    async with ends.house.database.reading() as session:
        case, row = await look(session, number)
        owner = await session.get(Staff, case.owner_id)
        assert owner is not None and owner.name == "周律师" and row.due_at is None
