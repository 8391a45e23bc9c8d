"""会办, 并案 and links in the console: who may ask, who answers, who moves the case, what is undone."""

import asyncio

from app.services import case_work, departments
from models import CaseRating, CaseState, Naming, Role
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


async def test_notes_of_the_union_stay_in_its_room(ends: Ends, admin: Worker, chen: Worker) -> None:
    zhao = await at_work(ends, "赵敏", Role.HANDLER)
    main, finance = await sets_up(ends, "后勤部", chen), await sets_up(ends, "财务部", zhao)
    number = await handed(ends, admin, chen, main)
    await goes(chen, f"{DESK}/{number}", "ask", to=finance, question="账怎么记的？")
    await goes(admin, f"{ROOM}/{number}", "note", note="本人以前也来过")
    await goes(chen, f"{DESK}/{number}", "note", note="票据在我这里")
    await acts(admin, f"{ROOM}/{number}", do="call")

    page = await admin.reads(f"{ROOM}/{number}")
    assert "本人以前也来过" in page and "票据在我这里" in page and "查看了联系电话" in page
    for each in (chen, zhao):
        page = await each.reads(f"{DESK}/{number}")
        assert "本人以前也来过" not in page and "查看了联系电话" not in page and "票据在我这里" in page
    await goes(zhao, f"{DESK}/{number}", "part", to=finance, part="记在福利费。")
    await goes(chen, f"{DESK}/{number}", "reply", text="换了供货的。")  # what he did not see is no news


async def test_two_merge_crosswise_and_one_is_told(ends: Ends, admin: Worker) -> None:
    one, other = await files(ends), await files(ends)
    answers = await asyncio.gather(
        acts(admin, f"{ROOM}/{one}", do="merge", into=other),
        acts(admin, f"{ROOM}/{other}", do="merge", into=one),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    states = {(await kept(ends, number))[0].state for number in (one, other)}
    assert states == {CaseState.MERGED, CaseState.SUBMITTED}


async def test_those_who_were_not_satisfied_are_found_in_the_list(ends: Ends, admin: Worker) -> None:
    unhappy, other = await files(ends), await files(ends)
    async with ends.house.database.transaction() as session:
        case, now = await case_work.get_case(session, unhappy), ends.house.clock.now()
        rating = CaseRating(case_id=case.id, ends_at=now, invited_at=now, score=1, rated_at=now)
        session.add(rating)
    assert f"{ROOM}?rated=call" in await admin.reads("")
    for rated in ("call", "bad"):
        page = await admin.reads(f"{ROOM}?rated={rated}")
        assert unhappy in page and other not in page
