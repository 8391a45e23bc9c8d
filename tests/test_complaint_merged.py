"""并案: what becomes of merged ones when the one they went into is refused, withdrawn, or its person goes."""

import pytest

from app.errors import DomainError
from app.services import (
    case_ending,
    case_work,
    cases,
    closed_cases,
    complaint_merging,
    complaint_parts,
    complaints,
)
from models import CaseState, Naming
from tests import making
from tests.complaining import DAY, Office, department, look, office
from tests.test_complaint_parts import merges

__all__ = ["office"]
S = CaseState


async def merged(office: Office) -> tuple[int, list[tuple[str, int]]]:
    """Two, one of them anonymous, into the first; whose that is, and numbers and people of the others."""
    first, li = office.number, office.person
    others = []
    for naming in (Naming.ANONYMOUS, Naming.NAMED):
        async with office.database.transaction() as session:
            others.append((await office.hears(session, naming=naming), office.person))
        await merges(office, office.number, first)
    office.number, office.person = first, li
    return li, others


async def test_they_hear_that_it_is_not_taken_up(office: Office) -> None:
    _, others = await merged(office)
    await office.does("refuse")
    for number, who in others:
        assert (await office.told(who))[-1] == (
            f"您的投诉 {number}：不予受理。原因：不归工会管\n可以找：12345"
        )


async def test_one_that_is_withdrawn_leaves_the_oldest_in_its_place(office: Office) -> None:
    _, ((second, wang), (third, zhang)) = await merged(office)
    await office.does("accept", "dispatch")
    main, _ = await office.look()
    due = main.answer_due_at
    await office.does("cancel")

    case, complaint = await office.look(second)
    assert (case.state, case.answer_due_at, case.closed_at) == (S.ACCEPTED, due, None)
    assert complaint.merged_into_id is None and complaint.step_due_at is not None
    other, its = await office.look(third)
    assert (other.state, its.merged_into_id) == (S.MERGED, case.id)
    assert "您这件接着办理" in (await office.told(wang))[-1]
    assert "您反映的事接着办理" in (await office.told(zhang))[-1]
    office.number, office.person = second, wang
    with pytest.raises(DomainError, match="不能改为已受理"):
        await office.does("accept")
    await office.does("dispatch", "take", "reply")
    for who in (wang, zhang):
        assert len([words for words in await office.told(who) if "有答复了" in words]) == 1


async def test_one_that_was_not_taken_up_yet_gives_a_new_promise(office: Office) -> None:
    _, ((second, _), _) = await merged(office)
    main, _ = await office.look()
    await office.does("cancel")
    case, complaint = await office.look(second)
    assert case.answer_due_at is not None and main.answer_due_at is not None
    assert case.answer_due_at > main.answer_due_at and complaint.law_due_at is not None
    await office.passes(60 * DAY)
    assert (await office.look(second))[0].overdue


async def test_whose_account_is_closed_leaves_it_to_others_and_not_to_himself(office: Office) -> None:
    _, ((second, _), (third, zhang)) = await merged(office)
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        own = await case_work.get_case(session, second)
        ids = [case.id, own.id]
        await case_ending.end_alone(session, case, channel="chat", now=office.clock.now(), own=ids)
        await session.flush()
        await closed_cases.empty(session, ids)
    assert (await office.look())[0].state is S.CANCELLED
    assert (await office.look(second))[0].state is S.MERGED
    assert (await office.look(third))[0].state is S.ACCEPTED
    assert "接着办理" in (await office.told(zhang))[-1]


async def test_one_that_was_replied_to_leaves_nothing_to_do(office: Office) -> None:
    _, ((second, _), _) = await merged(office)
    await office.does("accept", "dispatch", "take", "reply")
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, office.number, lock=True)
        await case_ending.end_alone(session, case, channel="chat", now=office.clock.now())
    assert (await office.look(second))[0].state is S.MERGED
    async with office.database.reading() as session:
        main, _ = await look(session, office.number)
        assert len(await complaint_merging.merged_into(session, main)) == 2
        assert (await complaints.facts_of(session, main)).merged_into_id is None


async def test_none_goes_where_the_unit_it_is_about_has_it(office: Office) -> None:
    first = office.number
    async with office.database.transaction() as session:
        north = await making.branch(session, "黄陵供电公司工会/检修分会")
        theirs = await department(session, "综合组", office.chen, branch_id=north.id)
        accusing = await office.hears(session, branch_id=north.id)
    kitchen, office.number = office.department, first
    office.department = theirs
    await office.does("accept", "dispatch")
    with pytest.raises(DomainError, match="由「综合组」在办"):
        await merges(office, accusing, first)
    await office.does("return")
    office.department = kitchen
    await office.does("dispatch", "take")
    async with office.database.transaction() as session:
        case = await case_work.get_case(session, first, lock=True)
        await complaint_parts.ask(session, case, theirs, "怎么回事？", "陈晨", office.clock.now())
    with pytest.raises(DomainError, match="由「综合组」在办"):
        await merges(office, accusing, first)

    async with office.database.transaction() as session:
        other = await office.hears(session)
    await office.does("accept")
    await merges(office, accusing, other)
    office.department = theirs
    with pytest.raises(DomainError, match="不能办这件事"):
        await office.does("dispatch")
    async with office.database.reading() as session:
        entries = await case_work.list_entries(session, (await look(session, other))[0])
        assert not any(accusing in cases.text_of(each) for each in entries)
