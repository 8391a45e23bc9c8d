"""What is kept of 投诉建议 in keys, times, acts and logs leads from no number to who stayed unnamed."""

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app.services import audit, case_work
from models import Naming, Outbox, StaffAct
from tests.complaining import DAY, Office, look, office
from tests.test_complaint_parts import merges

__all__ = ["office"]


@pytest.mark.parametrize("naming", [Naming.NAMED, Naming.ANONYMOUS])
async def test_what_staff_are_told_has_neither_its_ids_nor_its_seconds(
    office: Office, naming: Naming
) -> None:
    async with office.database.transaction() as session:
        number = await office.hears(session, naming=naming)
    office.clock.advance(61)
    await office.does("accept", "dispatch", "return")
    await office.passes(5 * DAY)

    async with office.database.reading() as session:
        case, _ = await look(session, number)
        ids = {str(each.id) for each in await case_work.list_entries(session, case)}
        rows = (await session.scalars(sa.select(Outbox))).all()
    staff = [row for row in rows if row.kind.startswith("staff.")]
    assert staff and not any(ids & set(row.key.split(":")) for row in staff)
    theirs = {row.created_at for row in rows if row.person_id == office.person}
    apart = [row for row in staff if row.created_at not in theirs and row.due_at == row.created_at]
    handed = [row for row in staff if row.kind == "staff.dispatched"]
    if naming is Naming.ANONYMOUS:
        assert apart == staff and {row.created_at.minute % 15 for row in staff} == {0}
    else:
        assert handed[0].created_at in theirs


async def test_the_log_has_no_number_of_an_anonymous_one(office: Office) -> None:
    named = office.number
    async with office.database.transaction() as session:
        number = await office.hears(session, naming=Naming.ANONYMOUS)
    with capture_logs() as lines:
        await office.passes(5 * DAY)
    told = [line for line in lines if line["event"] == "complaint_reminded"]
    assert [line.get("case") for line in told] == [named, None]
    assert number not in str(lines)


async def test_an_answer_that_an_anonymous_one_hears_too_is_kept_without_a_number(office: Office) -> None:
    first, li = office.number, office.person
    async with office.database.transaction() as session:
        second, wang = await office.hears(session, naming=Naming.ANONYMOUS), office.person
    await merges(office, second, first)
    office.number, office.person = first, li
    await office.does("accept", "dispatch", "take")
    chen = audit.Actor("陈晨", "console", office.chen, "10.0.0.7")
    async with audit.acting(office.database, office.clock, chen) as session:
        await office.step(session, "reply")

    async with office.database.reading() as session:
        (act,) = await session.scalars(sa.select(StaffAct).where(StaffAct.act == "complaint.reply"))
        answers = sa.select(Outbox).where(Outbox.kind == "cases.answered")
        at = {row.person_id: row.created_at for row in await session.scalars(answers)}
    assert not act.subject and at[li] != at[wang]
