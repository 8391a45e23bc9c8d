"""What is left of a case three years after it was closed."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.database import Database
from app.errors import DomainError
from app.jobs import retention as job
from app.services import case_work, cases, closed_cases
from models import Case, CaseEntry, CaseKind, CaseReporter, CaseState, FileState, Person, StoredFile
from models.sealing import Keyring, use_keyring
from tests.conftest import NOON, TEST_KEYS, TEST_LOOKUP, FakeClock

THREE_YEARS = closed_cases.KEPT_FOR[CaseKind.FEEDBACK]


async def closed(database: Database, *files: str) -> tuple[int, str]:
    """A named 留言 with pictures, answered and closed at noon; returns whose it is and its number."""
    async with database.transaction() as session:
        li = Person(created_at=NOON)
        session.add(li)
        await session.flush()
        for name in files:
            session.add(
                StoredFile(
                    public_id=name, owner_id=li.id, kind="image", state=FileState.READY, created_at=NOON
                )
            )
        blocks = [{"type": "text", "text": "灯坏了"}, *({"type": "image", "file": name} for name in files)]
        opened = await cases.open_case(
            session,
            CaseKind.FEEDBACK,
            li.id,
            None,
            topic="safety",
            blocks=blocks,
            contact="13812345678",
            now=NOON,
        )
    async with database.transaction() as session:
        await case_work.answer(session, opened.number, "已修好。", "赵敏", NOON)
        await case_work.close(session, opened.number, "赵敏", NOON)
        return li.id, opened.number


async def passes(database: Database, clock: FakeClock, time: timedelta) -> None:
    clock.advance(time.total_seconds())
    await job.run(database, clock)


async def test_words_files_and_reporter_go_and_the_figures_stay(database: Database, clock: FakeClock) -> None:
    li, number = await closed(database, "picture22", "picture33")

    await passes(database, clock, THREE_YEARS - timedelta(seconds=1))
    async with database.reading() as session:
        assert (await cases.list_mine(session, li, 8))[0].answer == "已修好。"

    await passes(database, clock, timedelta(hours=1))
    async with database.reading() as session:
        case = await case_work.get_case(session, number)
        thread = await case_work.list_entries(session, case)
        assert (case.kind, case.topic, case.state) == (CaseKind.FEEDBACK, "safety", CaseState.CLOSED)
        assert (case.opened_at, case.closed_at) == (NOON, NOON)
        assert [(entry.from_state, entry.to_state, entry.blocks) for entry in thread] == [
            (None, CaseState.SUBMITTED, []),
            (CaseState.SUBMITTED, CaseState.ANSWERED, []),
            (CaseState.ANSWERED, CaseState.CLOSED, []),
        ]
        assert await cases.list_mine(session, li, 8) == []
        assert await session.scalar(sa.select(sa.func.count()).select_from(CaseReporter)) == 0
        files = await session.execute(sa.select(StoredFile.state, StoredFile.owner_id))
        assert [tuple(row) for row in files] == [(FileState.DELETED, None)] * 2
    async with database.transaction() as session:
        with pytest.raises(DomainError, match="已过保存期限"):
            await case_work.open_contact(session, number, "赵敏", clock.now())


async def test_a_case_that_is_not_closed_is_kept(database: Database, clock: FakeClock) -> None:
    li, _ = await closed(database)
    async with database.transaction() as session:
        await session.execute(sa.update(Case).values(state=CaseState.ANSWERED, closed_at=None))

    await passes(database, clock, 2 * THREE_YEARS)

    async with database.reading() as session:
        assert (await cases.list_mine(session, li, 8))[0].answer == "已修好。"


async def test_files_of_others_are_not_touched(database: Database, clock: FakeClock) -> None:
    await closed(database, "picture22")
    async with database.transaction() as session:
        session.add(StoredFile(public_id="other222", kind="image", state=FileState.READY, created_at=NOON))

    await passes(database, clock, THREE_YEARS)

    async with database.reading() as session:
        kept = sa.select(StoredFile.public_id).where(StoredFile.state == FileState.READY)
        assert list(await session.scalars(kept)) == ["other222"]


async def test_an_entry_that_no_key_opens_goes_too(database: Database, clock: FakeClock) -> None:
    await closed(database, "picture22")
    use_keyring(Keyring({"t2": bytes(32)}, TEST_LOOKUP))  # the key of that time was lost

    await passes(database, clock, THREE_YEARS)

    use_keyring(Keyring(TEST_KEYS | {"t2": bytes(32)}, TEST_LOOKUP))
    async with database.reading() as session:
        assert list(await session.scalars(sa.select(CaseEntry.blocks))) == [[], [], []]


def test_every_kind_of_case_has_its_term() -> None:
    assert closed_cases.KEPT_FOR.keys() == set(CaseKind)
