"""What helps who works on a complaint: words put in, drafts, reminders; each of his own room alone."""

import sqlalchemy as sa

from app.clock import civil_date
from app.services import closed_cases
from app.services.complaint_work import WHY_LENGTH
from models import CannedReply, Case, CaseDraft, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, admin, at_work, ends
from tests.test_console_case_reminders import on, reminders, time_does
from tests.test_console_complaints import DESK, ROOM, chen, files, goes, sets_up

__all__ = ["admin", "chen", "ends"]
FORM = {"title": "已核实", "text": "{编号} 已核实，{姓名}答复。"}


async def handed(ends: Ends, admin: Worker, number: str, to: str) -> None:
    await goes(admin, f"{ROOM}/{number}", "accept")
    await goes(admin, f"{ROOM}/{number}", "dispatch", to=to)


async def drafts(ends: Ends) -> list[CaseDraft]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(CaseDraft)))


async def test_a_department_puts_words_in_and_finds_its_draft_again(
    ends: Ends, admin: Worker, chen: Worker
) -> None:
    li = await at_work(ends, "李工", Role.HANDLER)
    number = await files(ends)
    await handed(ends, admin, number, await sets_up(ends, "后勤部", chen, li))
    desk = f"{DESK}/{number}"
    await goes(chen, desk, "take")
    refused = await chen.sends("/canned/new", **FORM, rooms=["complaints"])
    assert refused.status_code == 422, "the union's room is not his"
    await chen.does("/canned/new", **FORM, rooms=["department"])
    async with ends.house.database.reading() as session:
        reply = (await session.scalars(sa.select(CannedReply))).one()

    page = (await chen.sends(f"{desk}/fill", field="text", text="您好", put=reply.public_id)).text
    assert f"您好\n{number} 已核实，陈晨答复。" in page
    await chen.does(f"{desk}/draft", field="text", text="写到一半<b>")
    assert "写到一半&lt;b&gt;</textarea>" in await chen.reads(desk)
    others = await li.reads(desk)
    assert "写到一半" not in others and "陈晨也在写" in others

    await goes(chen, desk, "reply", text="换了供货的。", field="text", canned=reply.public_id)
    assert await drafts(ends) == []
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(CannedReply.uses))).one() == 1


async def test_the_union_keeps_the_reason_it_writes_and_what_stands_beside_it(
    ends: Ends, admin: Worker
) -> None:
    number = await files(ends)
    path = f"{ROOM}/{number}"
    await admin.does(f"{path}/draft", field="why", why="不归我们")
    assert "不归我们</textarea>" in await admin.reads(path)
    page = (await admin.sends(f"{path}/fill", field="why", why="在写", elsewhere="打 95598", q="电费")).text
    assert "在写</textarea>" in page and 'value="打 95598"' in page

    long = await admin.sends(f"{path}/refuse", field="why", why="长" * (WHY_LENGTH + 1), elsewhere="打 95598")
    assert long.status_code == 422 and len(await drafts(ends)) == 1
    await goes(admin, path, "refuse", field="why", why="不归我们", elsewhere="打 95598")
    assert await drafts(ends) == []


async def test_what_is_over_says_how_long_it_is_kept(ends: Ends, admin: Worker) -> None:
    number = await files(ends)
    path = f"{ROOM}/{number}"
    assert "内容保存到" not in await admin.reads(path)
    await goes(admin, path, "refuse", why="不归我们", elsewhere="打 95598")
    async with ends.house.database.reading() as session:
        closed_at = (await session.scalars(sa.select(Case.closed_at))).one()
    assert closed_at is not None
    until = civil_date(closed_at + closed_cases.THREE_YEARS).isoformat()
    assert f"{until}，到期清除内容、附件和是谁" in await admin.reads(path)


async def test_reminders_are_ones_own_and_go_with_the_work(ends: Ends, admin: Worker, chen: Worker) -> None:
    number = await files(ends)
    await handed(ends, admin, number, await sets_up(ends, "后勤部", chen))
    path, desk = f"{ROOM}/{number}", f"{DESK}/{number}"
    for who, at, why in ((admin, path, "问问部门"), (chen, desk, "去食堂看看")):
        assert "提醒您" in await who.does(f"{at}/remind", **on(ends, hours=1), remind=why)
    lost = await files(ends)
    await handed(ends, admin, lost, await sets_up(ends, "安监部", chen))
    await chen.does(f"{DESK}/{lost}/remind", **on(ends, hours=1), remind="问问班组")
    await goes(chen, f"{DESK}/{lost}", "return", why="不归我们")

    await ends.moves_time(hours=1)
    await time_does(ends)

    assert "到时间跟进的投诉建议" in await admin.reads("")
    page = await admin.reads(f"{ROOM}?for=reminded")
    assert number in page and lost not in page
    assert number in await chen.reads(f"{DESK}?for=reminded")
    page = await chen.reads(desk)
    assert "去食堂看看" in page and "问问部门" not in page
    ended = [each.why for each in await reminders(ends) if each.ended_at]
    assert ended == ["问问班组"], "it is not his department's any more"
    (his,) = [each for each in await reminders(ends) if each.why == "去食堂看看"]
    assert "提醒已了结" in await chen.does(f"{desk}/remind/{his.public_id}")
    assert (await admin.sends(f"{path}/remind/{his.public_id}")).status_code == 404


async def test_who_is_not_of_the_department_does_nothing_there(
    ends: Ends, admin: Worker, chen: Worker
) -> None:
    number = await files(ends)
    await handed(ends, admin, number, await sets_up(ends, "后勤部", chen))
    stranger = await at_work(ends, "周工", Role.HANDLER)
    editor = await at_work(ends, "孙编辑", Role.EDITOR)
    form = {"text": "看看", "field": "text", **on(ends, hours=1), "remind": "看看"}
    for act in ("fill", "draft", "remind"):
        assert (await stranger.sends(f"{DESK}/{number}/{act}", **form)).status_code == 404
        assert (await stranger.sends(f"{ROOM}/{number}/{act}", **form)).status_code == 403
        assert (await editor.sends(f"{DESK}/{number}/{act}", **form)).status_code == 403
    assert await drafts(ends) == [] and await reminders(ends) == []
