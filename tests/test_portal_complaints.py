"""投诉建议 on the portal and in the API: shown to its person, told more, withdrawn; danger is heeded."""

import sqlalchemy as sa

from app.services import case_work, complaint_work
from models import CaseState, CrisisAlert, Naming
from tests.both_ends import Ends
from tests.complaining import complain, look
from tests.portal_member import HTML, TOKEN, Visiting, member
from tests.test_portal_attacks import ends
from tests.test_portal_me import link

__all__ = ["ends"]


async def files(ends: Ends, who: Visiting, naming: Naming = Naming.NAMED) -> tuple[str, str]:
    """Its number and the address of its page."""
    person_id = await who.person_id()
    async with ends.house.database.transaction() as session:
        opened = await complain(session, person_id, now=ends.house.clock.now(), naming=naming)
    return opened.number, link(await who.reads("/me/cases"), "/me/cases")


async def test_words_are_added_on_its_page(ends: Ends) -> None:
    li = await member(ends, "李娜")
    number, page = await files(ends, li)
    shown = await li.reads(page)
    assert "投诉建议" in shown and "食堂的肉不新鲜" in shown and "已提交" in shown

    empty = await li.taps(page, f"{page}/words", written=" ")
    assert (empty.status_code, "请先写几句" in empty.text) == (422, True)
    long = await li.taps(page, f"{page}/words", written="长" * 2001)
    assert (long.status_code, "最多写 2000 个字" in long.text) == (422, True)
    assert (await li.taps(page, f"{page}/words", written="<script>今天又有\0")).status_code == 303
    assert "&lt;script&gt;今天又有" in await li.reads(page)

    danger = await li.taps(page, f"{page}/words", written="我不想活了")
    assert danger.status_code == 200 and "12356" in danger.text
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(CrisisAlert)) == 1
        case, _ = await look(session, number)
        entries = await case_work.list_entries(session, case)
    assert [each.channel for each in entries] == ["chat", "portal", "portal"]


async def test_reasons_are_read_and_what_is_over_takes_no_words(ends: Ends) -> None:
    li, zhang = await member(ends, "李娜"), await member(ends, "张伟")
    number, page = await files(ends, li, Naming.ANONYMOUS)
    token = TOKEN.search(await zhang.reads("/me"))
    assert token
    stolen = await zhang.browser.post(f"{page}/words", data={"token": token[1], "written": "x"}, headers=HTML)
    assert stolen.status_code == 404
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, number, lock=True)
        now = ends.house.clock.now()
        await complaint_work.refuse(session, case, "不归工会管", "12345", "王强", now)

    shown = await li.reads(page)
    assert "不予受理" in shown and "可以找：12345" in shown and "王强" not in shown
    assert "/words" not in shown
    mine = TOKEN.search(await li.reads("/me"))
    assert mine
    late = await li.browser.post(f"{page}/words", data={"token": mine[1], "written": "还有"}, headers=HTML)
    assert (late.status_code, "不能再补充" in late.text) == (422, True)
    assert case.state is CaseState.NOT_ACCEPTED
