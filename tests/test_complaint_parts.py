"""会办, 并案 and links: who is asked and when the main one sums up, who hears the answer, what is undone."""

import pytest
import sqlalchemy as sa

from app.errors import DomainError, NotFound
from app.services import (
    case_links,
    case_work,
    cases,
    complaint_ending,
    complaint_merging,
    complaint_parts,
)
from models import CaseEntry, CaseKind, CaseLink, CaseState, Department, EntryKind, Naming
from tests import making
from tests.complaining import DAY, Office, department, employ, look, office, person
from tests.conftest import NOON

__all__ = ["office"]
S = CaseState


async def with_finance(office: Office) -> Department:
    async with office.database.transaction() as session:
        return await department(session, "财务部", await employ(session, "赵敏", "zhao.min"))


async def asks(office: Office, other: Department, question: str = "账怎么记的？") -> None:
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        await complaint_parts.ask(session, case, other, question, "陈晨", office.clock.now())


async def says(office: Office, other: Department, text: str = "记在福利费。") -> None:
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        await complaint_parts.answer(session, case, other, text, "赵敏", office.clock.now())


# --- 会办 --------------------------------------------------------------------------------------------------


async def test_the_main_one_sums_up_when_all_have_answered(office: Office) -> None:
    finance = await with_finance(office)
    await office.does("accept", "dispatch")
    with pytest.raises(DomainError, match="接办以后才能"):
        await asks(office, finance)
    await office.does("take")
    with pytest.raises(DomainError, match="就是主办部门"):
        await asks(office, office.department)
    with pytest.raises(DomainError, match="是空的"):
        await asks(office, finance, " ")
    with pytest.raises(NotFound, match="没有请「财务部」会办"):
        await says(office, finance)
    for _ in range(2):
        await asks(office, finance)

    with pytest.raises(DomainError, match="还在等财务部的会办答复"):
        await office.does("reply")
    for _ in range(2):
        await says(office, finance)
    await says(office, finance, "记在职工福利费。")
    await office.does("reply")

    async with office.database.reading() as session:
        case, _ = await look(session, office.number)
        (listed,) = await complaint_parts.list_all(session, case)
        notes = sa.select(CaseEntry).where(CaseEntry.case_id == case.id, CaseEntry.kind == EntryKind.NOTE)
        said = [cases.text_of(each) for each in await session.scalars(notes.order_by(CaseEntry.id))]
        shown = [cases.text_of(each) for each in await cases.list_thread(session, case)]
    assert (listed.department, listed.part.answer, listed.part.answered_by) == (
        "财务部",
        "记在职工福利费。",
        "赵敏",
    )
    assert said == [
        "请财务部会办，11月30日前答复",
        "财务部交了会办答复",
        "财务部交了会办答复",
    ]
    assert not any(
        "会办" in each or "福利费" in each for each in shown
    )  # its person reads the summing up alone
    with pytest.raises(DomainError, match="不用会办了"):
        await says(office, finance, "又想起来一点")


async def test_who_had_the_time_is_waited_for_no_longer(office: Office) -> None:
    finance = await with_finance(office)
    await office.does("accept", "dispatch", "take")
    await asks(office, finance)
    await office.passes(7 * DAY)
    with pytest.raises(DomainError, match="还在等财务部"):
        await office.does("reply")
    await office.passes(DAY / 3)
    await office.does("reply")
    assert (await office.look())[0].state is S.REPLIED


async def test_the_unit_it_is_about_is_not_asked_either(office: Office) -> None:
    async with office.database.transaction() as session:
        north = await making.branch(session, "黄陵供电公司工会/北区分工会")
        zhao = await employ(session, "赵敏", "zhao.min")
        theirs = await department(session, "北区综合组", zhao, branch_id=north.id)
        await office.hears(session, branch_id=north.id)
    await office.does("accept", "dispatch", "take")
    with pytest.raises(DomainError, match="反映的就是「北区综合组」"):
        await asks(office, theirs)


# --- 并案 --------------------------------------------------------------------------------------------------


async def merges(office: Office, number: str, into: str) -> None:
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, number)
        other = await case_work.get_case(session, into)
        await complaint_merging.lock_both(session, case, other)
        await complaint_merging.merge(session, case, other, "王强", office.clock.now())


async def test_whose_case_was_merged_hears_the_answer_once_and_nothing_of_the_other(office: Office) -> None:
    first, li = office.number, office.person
    others = []
    for naming in (Naming.NAMED, Naming.ANONYMOUS):
        async with office.database.transaction() as session:
            others.append((await office.hears(session, naming=naming), office.person))
    (second, wang), (third, zhang) = others
    await merges(office, third, second)
    for _ in range(2):
        await merges(office, second, first)  # the third goes along

    office.number, office.person = first, li
    await office.does("accept", "dispatch", "take", "reply")

    heard = "有答复了：\n已经换了供货的。"
    for number, who in ((first, li), (second, wang), (third, zhang)):
        answers = [words for words in await office.told(who) if heard in words]
        assert answers == [f"您的投诉 {number} {heard}"]
        others_numbers = {first, second, third} - {number}
        assert not any(other in words for words in await office.told(who) for other in others_numbers)
    async with office.database.reading() as session:
        case, complaint = await look(session, third)
        into, _ = await look(session, first)
        assert case.state is S.MERGED and complaint.merged_into_id == into.id
        thread = await cases.list_thread(session, case)
        assert cases.text_of(thread[-1]) == "已经换了供货的。"
        assert {each.created_at for each in thread} == {case.opened_at}  # the day only
        assert [each.number for each, _ in await complaint_merging.merged_into(session, into)] == [
            second,
            third,
        ]


async def test_only_complaints_that_are_worked_on_are_merged(office: Office) -> None:
    first, li = office.number, office.person
    async with office.database.transaction() as session:
        second = await office.hears(session)
        opened = await cases.open_case(
            session, CaseKind.FEEDBACK, await person(session), None, blocks=[], now=NOON
        )
    with pytest.raises(DomainError, match="不能并入自己"):
        await merges(office, first, first)
    with pytest.raises(DomainError, match="只有投诉建议能并案"):
        await merges(office, first, opened.number)
    await office.does("accept", "dispatch", "take", "reply")  # the second
    with pytest.raises(DomainError, match="不能再并入"):
        await merges(office, first, second)
    with pytest.raises(DomainError, match="已答复的事项不能改为并案"):
        await merges(office, second, first)
    async with office.database.transaction() as session:
        await complaint_ending.cancel(session, li, first, channel="chat", now=NOON)
    with pytest.raises(DomainError):
        await merges(office, first, second)


async def test_a_merged_one_takes_no_more_words_and_no_steps(office: Office) -> None:
    async with office.database.transaction() as session:
        into = await office.hears(session)
        number = await office.hears(session)
    await merges(office, number, into)
    for step in ("accept", "dispatch", "take", "reply", "close", "cancel", "add"):
        with pytest.raises(DomainError):
            await office.does(step)


# --- links -------------------------------------------------------------------------------------------------


async def test_cases_of_any_kind_are_linked_and_unlinked(office: Office) -> None:
    async with office.database.transaction() as session:
        opened = await cases.open_case(
            session, CaseKind.FEEDBACK, await person(session), None, blocks=[], now=NOON
        )
        case, _ = await look(session, office.number)
        other = await case_work.get_case(session, opened.number)
        with pytest.raises(DomainError, match="不能关联自己"):
            await case_links.link(session, case, case, "王强", NOON)
        await case_links.link(session, case, other, "王强", NOON)
        await case_links.link(session, other, case, "吴芳", NOON)  # the same, from the other side

        assert [each.number for each in await case_links.list_of(session, case)] == [other.number]
        assert [each.number for each in await case_links.list_of(session, other)] == [case.number]
        for _ in range(2):
            await case_links.unlink(session, other, case)
        assert await session.scalar(sa.select(sa.func.count()).select_from(CaseLink)) == 0
