"""Cases: numbered, answered, closed; and who may know whose they are."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI
from app.database import Database
from app.errors import DomainError, NotFound
from app.services import case_work, cases, stored_files
from app.services.cases import Opened
from app.services.outbox import answering
from app.wechat.replies import Text, from_store
from models import (
    Case,
    CaseEntry,
    CaseKind,
    CaseReporter,
    CaseState,
    DeliveryState,
    EntryKind,
    FileState,
    Outbox,
    Person,
    StoredFile,
)
from tests.conftest import NOON

WORDS = [{"type": "text", "text": "食堂的灯坏了"}]


async def person(session: AsyncSession) -> int:
    row = Person(created_at=NOON)
    session.add(row)
    await session.flush()
    return row.id


async def leave(session: AsyncSession, person_id: int, **given: Any) -> Opened:
    options: dict[str, Any] = {"topic": "safety", "blocks": WORDS, "now": NOON, **given}
    return await cases.open_case(session, CaseKind.FEEDBACK, person_id, None, **options)


async def ask_for_somebody(session: AsyncSession, person_id: int) -> Opened:
    return await cases.open_case(session, CaseKind.DESK, person_id, None, blocks=WORDS, now=NOON)


# --- bringing ----------------------------------------------------------------------------------------------


async def test_each_kind_has_its_own_numbers_and_three_working_days(session: AsyncSession) -> None:
    li = await person(session)

    feedback, desk = await leave(session, li), await ask_for_somebody(session, li)

    assert (feedback.number, desk.number) == ("LY-2026-0001", "RG-2026-0001")
    assert feedback.first_answer_due_at == datetime(2026, 11, 26, 18, 0, tzinfo=SHANGHAI)


async def test_a_friday_evening_is_answered_by_wednesday(session: AsyncSession) -> None:
    friday = datetime(2026, 11, 27, 20, 0, tzinfo=SHANGHAI)

    assert cases.first_answer_due(friday) == datetime(2026, 12, 2, 18, 0, tzinfo=SHANGHAI)


async def test_many_cases_cost_no_more_statements_than_two(database: Database) -> None:
    counts = [await _statements_of(database, cases=number) for number in (1, 2, 8)]

    assert counts == [5, 6, 6]  # number, case, reporter, words; and how far the numbers went


async def _statements_of(database: Database, *, cases: int) -> int:
    statements: list[str] = []
    async with database.transaction() as session:
        li = await person(session)
        connection = (await session.connection()).sync_connection
        assert connection is not None
        sa.event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        for _ in range(cases):
            await leave(session, li)
    return len(statements)


async def test_who_brought_it_stands_in_no_column_in_clear(session: AsyncSession) -> None:
    li = await person(session)
    await leave(session, li, anonymous=True)

    stored = (await session.execute(sa.text("SELECT reporter, person_digest FROM case_reporter"))).one()
    entry = (await session.execute(sa.text("SELECT blocks, by FROM case_entry"))).one()

    assert b"person_id" not in bytes(stored.reporter)
    assert len(bytes(stored.person_digest)) == 16
    assert "食堂".encode() not in bytes(entry.blocks)
    assert entry.by == ""


async def test_an_anonymous_case_remembers_the_day_and_no_time(session: AsyncSession) -> None:
    """The journal keeps who wrote when: the same moment on the case would name the reporter."""
    li = await person(session)
    opened = await leave(session, li, anonymous=True)
    await case_work.answer(session, opened.number, "已派人修好。", "王强", NOON + timedelta(hours=3))

    case = await case_work.get_case(session, opened.number)
    entries = await case_work.list_entries(session, case)

    midnight = datetime(2026, 11, 23, 0, 0, tzinfo=SHANGHAI)
    assert [case.opened_at, *(entry.created_at for entry in entries)] == [midnight] * 3


async def test_files_of_an_anonymous_case_forget_their_owner(session: AsyncSession) -> None:
    li, wang = await person(session), await person(session)
    for public_id, owner in (("li1", li), ("li2", li), ("wang1", wang)):
        session.add(
            StoredFile(
                public_id=public_id, owner_id=owner, kind="image", state=FileState.READY, created_at=NOON
            )
        )
    await session.flush()
    assert set(await stored_files.list_own(session, li, ["li1", "wang1"])) == {"li1"}

    await stored_files.disown(session, li, ["li1", "wang1"], NOON)

    assert set(await stored_files.list_own(session, li, ["li1", "li2"])) == {"li2"}
    assert set(await stored_files.list_own(session, wang, ["wang1"])) == {"wang1"}


# --- one's own ---------------------------------------------------------------------------------------------


async def test_people_see_their_own_cases_only_newest_first(session: AsyncSession) -> None:
    li, wang = await person(session), await person(session)
    first, second = await leave(session, li), await leave(session, li, anonymous=True)
    await leave(session, wang)
    third = await ask_for_somebody(session, li)

    mine = await cases.list_mine(session, li, 10)

    assert [each.case.number for each in mine] == [third.number, second.number, first.number]
    assert await cases.list_mine(session, li, 1) == mine[:1]


async def test_a_number_read_over_a_shoulder_opens_nothing(session: AsyncSession) -> None:
    li, wang = await person(session), await person(session)
    opened = await leave(session, li)
    await leave(session, li)
    await leave(session, wang)

    assert await cases.find_mine(session, wang, opened.number) is None
    found = await cases.find_mine(session, li, opened.number)
    assert found is not None
    assert found.case.number == opened.number


async def test_the_newest_answer_stands_beside_the_case(session: AsyncSession) -> None:
    li = await person(session)
    opened = await leave(session, li)
    await case_work.answer(session, opened.number, "已转后勤。", "王强", NOON)
    await case_work.answer(session, opened.number, "灯换好了。", "王强", NOON + timedelta(hours=1))

    (mine,) = await cases.list_mine(session, li, 10)

    assert (mine.answer, mine.answered_at) == ("灯换好了。", NOON + timedelta(hours=1))


async def test_a_desk_case_stays_the_open_one_until_it_is_closed(session: AsyncSession) -> None:
    li, wang = await person(session), await person(session)
    opened = await ask_for_somebody(session, li)

    assert await cases.find_open_desk(session, wang) is None
    found = await cases.find_open_desk(session, li)
    assert found is not None
    assert found.number == opened.number
    await case_work.close(session, opened.number, "王强", NOON)
    assert await cases.find_open_desk(session, li) is None


# --- answering ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("anonymous", [False, True])
async def test_an_answer_goes_to_whoever_asked_named_or_not(session: AsyncSession, anonymous: bool) -> None:
    li = await person(session)
    opened = await leave(session, li, anonymous=anonymous)

    answered = await case_work.answer(session, opened.number, " 灯换好了。 ", "王强", NOON)

    case, row = answered.case, (await session.scalars(sa.select(Outbox))).one()
    assert row is answered.notice
    assert case.state is CaseState.ANSWERED
    assert (row.kind, row.person_id, row.state) == ("cases.answered", li, DeliveryState.QUEUED)
    assert isinstance(row.payload, dict)
    assert from_store(row.payload) == Text(f"您的留言 {opened.number} 有答复了：\n灯换好了。")
    assert str(case.id) not in row.key.replace("case-answer:", "").split(":")


async def test_each_answer_is_an_effect_of_its_own(session: AsyncSession) -> None:
    opened = await leave(session, await person(session))

    await case_work.answer(session, opened.number, "已转后勤。", "王强", NOON)
    await case_work.answer(session, opened.number, "已转后勤。", "王强", NOON)

    assert await session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 2


async def test_an_answer_is_sent_though_somebody_else_is_being_answered(session: AsyncSession) -> None:
    li, wang = await person(session), await person(session)
    opened = await leave(session, li)
    answering(session, wang)  # somebody else's message is being handled here

    await case_work.answer(session, opened.number, "灯换好了。", "王强", NOON)

    assert (await session.scalars(sa.select(Outbox.state))).one() is DeliveryState.QUEUED


async def test_an_answer_must_say_something_and_fit_one_message(session: AsyncSession) -> None:
    opened = await leave(session, await person(session))

    with pytest.raises(DomainError, match="答复是空的"):
        await case_work.answer(session, opened.number, "  ", "王强", NOON)
    with pytest.raises(DomainError, match="最多 600 个字，现在是 601 个字"):
        await case_work.answer(session, opened.number, "修" * 601, "王强", NOON)
    with pytest.raises(NotFound, match="LY-2026-9999"):
        await case_work.answer(session, "LY-2026-9999", "修好了", "王强", NOON)


# --- moves -------------------------------------------------------------------------------------------------


async def test_every_move_is_kept_with_who_and_when(session: AsyncSession) -> None:
    li = await person(session)
    opened = await leave(session, li)
    await case_work.answer(session, opened.number, "已转后勤。", "王强", NOON)
    case = await case_work.get_case(session, opened.number)
    await cases.add_entry(session, case, EntryKind.MEMBER, WORDS, now=NOON + timedelta(hours=1))
    await case_work.answer(session, opened.number, "灯换好了。", "赵敏", NOON + timedelta(hours=2))
    await case_work.close(session, opened.number, "赵敏", NOON + timedelta(hours=3))

    entries = await case_work.list_entries(session, case)

    told = [(each.kind.value, each.to_state and each.to_state.label, each.by) for each in entries]
    assert told == [
        ("member", "已提交", ""),
        ("staff", "已答复", "王强"),
        ("member", "已提交", ""),
        ("staff", "已答复", "赵敏"),
        ("event", "已办结", "赵敏"),
    ]
    assert (case.state, case.closed_at) == (CaseState.CLOSED, NOON + timedelta(hours=3))


async def test_a_message_is_not_closed_before_it_is_answered_but_a_talk_may_be(session: AsyncSession) -> None:
    li = await person(session)
    feedback, desk = await leave(session, li), await ask_for_somebody(session, li)

    with pytest.raises(DomainError, match="请先答复再办结"):
        await case_work.close(session, feedback.number, "王强", NOON)
    assert (await case_work.close(session, desk.number, "王强", NOON)).state is CaseState.CLOSED


async def test_what_is_closed_stays_closed(session: AsyncSession) -> None:
    opened = await ask_for_somebody(session, await person(session))
    await case_work.close(session, opened.number, "王强", NOON)

    again = await case_work.close(session, opened.number, "赵敏", NOON + timedelta(days=1))

    assert again.closed_at == NOON
    with pytest.raises(DomainError, match="已办结，不能再答复"):
        await case_work.answer(session, opened.number, "还有", "赵敏", NOON)


async def test_asking_again_after_an_answer_makes_the_case_wait_again(session: AsyncSession) -> None:
    opened = await ask_for_somebody(session, await person(session))
    await case_work.answer(session, opened.number, "已经安排。", "王强", NOON)
    case = await case_work.get_case(session, opened.number)

    await cases.add_entry(session, case, EntryKind.EVENT, WORDS, now=NOON + timedelta(days=1))

    assert case.state is CaseState.SUBMITTED
    assert case.first_answer_due_at == datetime(2026, 11, 27, 18, 0, tzinfo=SHANGHAI)


async def test_the_earliest_due_comes_first_and_closed_ones_not_at_all(session: AsyncSession) -> None:
    li = await person(session)
    late = await leave(session, li, now=NOON + timedelta(days=3))
    early = await leave(session, li)
    done = await ask_for_somebody(session, li)
    await case_work.close(session, done.number, "王强", NOON)

    assert [case.number for case in await case_work.list_cases(session)] == [early.number, late.number]
    closed = await case_work.list_cases(session, state=CaseState.CLOSED)
    assert [case.number for case in closed] == [done.number]


# --- whose it is -------------------------------------------------------------------------------------------


async def test_looking_at_the_telephone_number_leaves_a_trace(session: AsyncSession) -> None:
    opened = await leave(session, await person(session), contact="13812345678")

    assert await case_work.open_contact(session, opened.number, "王强", NOON) == "13812345678"

    case = await case_work.get_case(session, opened.number)
    last = (await case_work.list_entries(session, case))[-1]
    assert (last.kind, last.by, cases.text_of(last)) == (EntryKind.NOTE, "王强", "查看了联系电话")


async def test_nobody_looks_behind_an_anonymous_case(session: AsyncSession) -> None:
    li = await person(session)
    anonymous, silent = await leave(session, li, anonymous=True), await leave(session, li)

    with pytest.raises(DomainError, match="是匿名的，不能查看是谁"):
        await case_work.open_contact(session, anonymous.number, "王强", NOON)
    with pytest.raises(DomainError, match="没有留电话"):
        await case_work.open_contact(session, silent.number, "王强", NOON)


async def test_a_refused_opening_leaves_nothing_behind(database: Database) -> None:
    async with database.transaction() as session:
        await leave(session, await person(session))
        await session.rollback()

    async with database.reading() as session:
        for table in (Case, CaseEntry, CaseReporter):
            assert await session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
