"""Many rows by one statement: every type of column arrives as the unit of work would have written it."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.database import Database
from app.services.bulk import insert_rows
from models import Case, CaseEntry, CaseKind, CaseState, EntryKind
from tests.conftest import NOON


def case(number: str, **more: object) -> dict[str, object]:
    return {
        "public_id": number,
        "kind": CaseKind.FEEDBACK,
        "number": number,
        "topic": "",
        "state": CaseState.SUBMITTED,
        "anonymous": True,
        "opened_at": NOON,
        "first_answer_due_at": None,
        "version": 1,
        **more,
    }


async def test_what_goes_in_comes_out(database: Database) -> None:
    async with database.transaction() as session:
        connection = await session.connection()
        found = await connection.run_sync(
            insert_rows, Case.__table__, [case("LY-1"), case("LY-2", anonymous=False)], ("number", "id")
        )
        ids = {row.number: row.id for row in found}
        entries = [
            {"case_id": ids[number], "kind": EntryKind.MEMBER, "blocks": [{"text": number}], "by": "",
             "to_state": None, "created_at": NOON}
            for number in ids
        ]  # fmt: skip
        assert await connection.run_sync(insert_rows, CaseEntry.__table__, entries) == ()

    async with database.reading() as session:
        cases = (await session.scalars(sa.select(Case).order_by(Case.number))).all()
        words = (await session.scalars(sa.select(CaseEntry.blocks).order_by(CaseEntry.id))).all()
    assert [(each.number, each.id, each.anonymous) for each in cases] == [
        ("LY-1", ids["LY-1"], True),
        ("LY-2", ids["LY-2"], False),
    ]
    assert cases[0].opened_at == NOON
    assert (cases[0].kind, cases[0].first_answer_due_at) == (CaseKind.FEEDBACK, None)
    assert sorted(str(each) for each in words) == ["[{'text': 'LY-1'}]", "[{'text': 'LY-2'}]"]


async def test_what_is_too_long_for_its_column_is_refused_not_cut(database: Database) -> None:
    if database.is_sqlite:
        return  # it knows no lengths
    with pytest.raises(DBAPIError):
        async with database.transaction() as session:
            connection = await session.connection()
            await connection.run_sync(insert_rows, Case.__table__, [case("LY-1", topic="长" * 25)])
