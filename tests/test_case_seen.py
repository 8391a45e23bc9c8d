"""What is new in a case, for all who answer there, and in which order a list may be read."""

from datetime import timedelta

import pytest

from app.services import case_seen, case_work, cases, permissions
from models import CaseKind, EntryKind, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import leaves

__all__ = ["admin", "ends"]
NEW = 'data-test="new"'


@pytest.fixture
async def li(ends: Ends) -> Worker:
    return await at_work(ends, "李干事", Role.UNION_ADMIN)


async def says_more(ends: Ends, number: str) -> None:
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, number, lock=True)
        words = [{"type": "text", "text": "还没有修"}]
        await cases.add_entry(session, case, EntryKind.MEMBER, words, now=ends.house.clock.now())


@pytest.mark.parametrize("anonymous", [False, True])
async def test_new_until_somebody_who_answers_opens_it(
    ends: Ends, admin: Worker, li: Worker, anonymous: bool
) -> None:
    number = await leaves(ends, anonymous=anonymous)
    assert NEW in await li.reads("/cases")

    await admin.reads(f"/cases/{number}")
    assert NEW not in await li.reads("/cases")
    await admin.reads(f"/cases/{number}")

    await says_more(ends, number)
    assert NEW in await admin.reads("/cases") and NEW in await li.reads("/cases")
    await li.reads(f"/cases/{number}")
    assert NEW not in await admin.reads("/cases")
    assert not [act for act in await acts_of(ends) if act.act.startswith("case")], "to look is no act"


async def test_going_back_makes_nothing_new(ends: Ends) -> None:
    number = await leaves(ends)
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, number)
        newest = (await case_work.list_entries(session, case))[-1].id
        for up_to in (newest, newest - 1, newest):
            await case_seen.opened(session, case, up_to)

        assert await case_seen.new_among(session, [case.id]) == set()
        assert await case_seen.new_among(session, []) == set()


async def test_what_only_others_read_stays_new(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = dict(permissions.RIGHTS) | {Role.TRAINER: frozenset({permissions.Right.DESK_READ})}
    monkeypatch.setattr(permissions, "RIGHTS", rights)
    trainer = await at_work(ends, "培训", Role.TRAINER)
    number = await leaves(ends)

    await trainer.reads(f"/cases/{number}")

    assert NEW in await admin.reads("/cases")


async def test_who_has_waited_longest_may_come_first(ends: Ends, admin: Worker) -> None:
    long_ago = ends.house.clock.now() - timedelta(days=1)
    soon_due = await leaves(ends, kind=CaseKind.DESK)
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, soon_due)
        case.answer_due_at = long_ago
    waits = await leaves(ends)
    async with ends.house.database.transaction() as session:
        (await case_work.get_case(session, waits)).waiting_since = long_ago

    def order(page: str) -> bool:
        return page.index(soon_due) < page.index(waits)

    assert order(await admin.reads("/cases"))
    page = await admin.reads("/cases?order=waiting")
    assert not order(page) and "等得最久的在前" in page
    assert (await admin.gets("/cases?order=nonsense")).status_code == 200
