"""会办, 并案 and links in the console: who may ask, who answers, who moves the case, what is undone."""

from app.services import case_work, departments
from models import CaseState, Naming, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import acts, leaves
from tests.test_console_complaints import DESK, ROOM, chen, files, goes, kept, sets_up

__all__ = ["admin", "chen", "ends"]


async def handed(ends: Ends, admin: Worker, chen: Worker, to: str, **changed: object) -> str:
    """One that the department of `chen` works on."""
    number = await files(ends, **changed)
    await goes(admin, f"{ROOM}/{number}", "accept")
    await goes(admin, f"{ROOM}/{number}", "dispatch", to=to)
    await goes(chen, f"{DESK}/{number}", "take")
    return number


async def test_another_department_answers_apart_and_moves_nothing(
    ends: Ends, admin: Worker, chen: Worker
) -> None:
    zhao = await at_work(ends, "赵敏", Role.HANDLER)
    main, finance = await sets_up(ends, "后勤部", chen), await sets_up(ends, "财务部", zhao)
    number = await handed(ends, admin, chen, main)
    path = f"{DESK}/{number}"
    assert (await zhao.gets(path)).status_code == 404

    refused = await acts(chen, path, do="ask", to=main, question="账？")
    assert refused.status_code == 422 and "就是主办部门" in refused.text
    assert "财务部" in await goes(chen, path, "ask", to=finance, question="账怎么记的？")
    assert "请本部门会办的投诉建议" in await zhao.reads("") and number in await zhao.reads(DESK)
    page = await zhao.reads(path)
    assert "账怎么记的？" in page and 'data-test="reply"' not in page and 'data-test="ask"' not in page
    for act in ("take", "return", "reply", "suspend", "resume", "ask"):
        moved = await acts(zhao, path, do=act, text="x", why="x", to=main, question="x", until="2099-01-01")
        assert moved.status_code == 422, act
        assert act == "reply" or "由主办部门办理" in moved.text, act
    waits = await acts(chen, path, do="reply", text="换了。")
    assert waits.status_code == 422 and "还在等财务部" in waits.text and "换了。" in waits.text

    assert (await acts(chen, path, do="part", to=finance, part="x")).status_code == 404
    await goes(zhao, path, "note", note="票据在我这里")
    for _ in range(2):
        await goes(zhao, path, "part", to=finance, part="记在福利费。")
    assert "记在福利费。" in await chen.reads(path) and "票据在我这里" in await chen.reads(path)
    await goes(chen, path, "reply", text="换了供货的。")
    assert (await kept(ends, number))[0].state is CaseState.REPLIED
    assert len(await acts_of(ends, "complaint.part")) == 1


async def test_the_union_merges_two_and_the_other_is_shown_to_nobody(
    ends: Ends, admin: Worker, chen: Worker
) -> None:
    main = await sets_up(ends, "后勤部", chen)
    into = await handed(ends, admin, chen, main)
    number = await files(ends, naming=Naming.ANONYMOUS, parts=[{"type": "text", "text": "二号食堂有味道"}])
    path = f"{ROOM}/{number}"
    for wrong in ("TS-2026-9999", number, "<b>"):
        refused = await acts(admin, path, do="merge", into=wrong)
        assert refused.status_code == 422, wrong
    assert f"已并入 {into}" in await goes(admin, path, "merge", into=into)
    again = await acts(admin, path, do="merge", into=into)
    assert again.status_code == 422 and "现在是「并案」" in again.text
    assert len(await acts_of(ends, "complaint.merge")) == 1
    assert number in await admin.reads(f"{ROOM}/{into}")
    assert "二号食堂" not in await chen.reads(f"{DESK}/{into}")
    assert (await chen.gets(f"{DESK}/{number}")).status_code == 404
    assert (await chen.sends(f"{ROOM}/{number}/merge", into=into)).status_code == 403
    await goes(chen, f"{DESK}/{into}", "reply", text="换了供货的。")
    assert "换了供货的。" in await admin.reads(path)


async def test_cases_of_different_rooms_are_linked_and_unlinked(ends: Ends, admin: Worker) -> None:
    number, other = await files(ends), await leaves(ends)
    path, there = f"{ROOM}/{number}", f"/cases/{other}"
    wrong = await acts(admin, path, do="link", other="LY-1")
    assert wrong.status_code == 422 and "没有编号为" in wrong.text
    assert f"{other}（留言）" in await goes(admin, path, "link", other=other)
    assert f"{number}（投诉建议）" in await admin.reads(there)
    assert 'data-test="links"' not in await goes(admin, there, "unlink", other=number)
    assert (await acts(admin, path, do="unlink", other=other)).status_code == 303
    assert [len(await acts_of(ends, each)) for each in ("case.link", "case.unlink")] == [1, 1]
    async with ends.house.database.reading() as session:
        assert (await case_work.get_case(session, other)).state is CaseState.SUBMITTED
        assert await departments.list_all(session) == []
