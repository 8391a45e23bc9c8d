"""Lists of complaints that stand open: what is new is made once for all who see the same, and nobody else."""

import pytest

from app.services import case_work, complaint_lists, complaint_work, departments, staff
from models import Role
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, admin, at_work, ends
from tests.test_console_complaints import files, sets_up
from tests.test_console_live import shown, waiting

__all__ = ["admin", "ends"]
ROOM, DESK = "/complaints", "/department"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each list has had that was made."""
    counts, read = list[int](), complaint_lists.rows

    async def rows(session, found, now):  # type: ignore[no-untyped-def]
        counts.append(len(found))
        return await read(session, found, now)

    monkeypatch.setattr(complaint_lists, "rows", rows)
    return counts


async def hands_out(ends: Ends, number: str, department: str) -> None:
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        case = await case_work.get_case(session, number, lock=True)
        await complaint_work.accept(session, case, "王强", now)
        await complaint_work.dispatch(session, case, await departments.get(session, department), "王强", now)


async def test_the_unions_list_is_made_once_for_all_who_look_at_it(
    ends: Ends, admin: Worker, made: list[int]
) -> None:
    clerk = await at_work(ends, "吴芳", Role.COMPLAINTS)
    await files(ends)
    before = await shown(admin, ROOM)
    made.clear()
    async with waiting(*((who, ROOM, before) for who in (admin, admin, clerk))) as lists:
        number = await files(ends)

    texts = [each.result().text for each in lists]
    assert all(number in text for text in texts) and len(set(texts)) == 1
    assert made == [2]
    assert "<!doctype" not in texts[0] and 'name="token"' not in texts[0] and 'id="head"' in texts[0]


async def test_what_one_has_taken_or_is_named_in_is_everybodys_own(
    ends: Ends, admin: Worker, made: list[int]
) -> None:
    clerk = await at_work(ends, "吴芳", Role.COMPLAINTS)
    number, other = await files(ends), await files(ends)
    await clerk.does(f"{ROOM}/{number}/take")
    path = f"{ROOM}?owner=mine"
    before = await shown(clerk, path)
    made.clear()
    async with waiting((clerk, path, before), (admin, path, before)) as lists:
        await admin.does(f"{ROOM}/{other}/take")

    own, his = (each.result().text for each in lists)
    assert number in own and other not in own
    assert other in his and number not in his
    assert made == [1, 1]


async def test_colleagues_of_a_department_share_and_others_see_their_own(
    ends: Ends, admin: Worker, made: list[int]
) -> None:
    chen, li, zhou = [await at_work(ends, name, Role.HANDLER) for name in ("陈晨", "李里", "周洲")]
    ours = await sets_up(ends, "后勤部", chen, li)
    theirs = await sets_up(ends, "安监部", zhou)
    number, other = await files(ends), await files(ends)
    await hands_out(ends, other, theirs)
    before = await shown(chen, DESK)
    made.clear()
    async with waiting(*((who, DESK, before) for who in (chen, li, zhou))) as lists:
        await hands_out(ends, number, ours)

    texts = [each.result().text for each in lists]
    assert texts[0] == texts[1] != texts[2]
    assert number in texts[0] and other not in texts[0]
    assert other in texts[2] and number not in texts[2]
    assert made == [1, 1]


async def test_who_is_of_the_unit_it_is_about_is_not_handed_his_colleagues_list(
    ends: Ends, admin: Worker, made: list[int]
) -> None:
    """Two of one department: the roles of one are within the branch that is complained of."""
    async with ends.house.database.transaction() as session:
        north = await making.branch(session, "黄陵供电公司工会/检修分会")
        branch_id = north.id
    chen = await at_work(ends, "陈晨", Role.HANDLER)
    sun = await at_work(ends, "孙检", staff.Wanted(Role.HANDLER, branch_id))
    to = await sets_up(ends, "后勤部", chen, sun)
    by_branch = await files(ends, branch_id=branch_id)
    in_words = await files(ends, about="检修的老王他们")
    plain = await files(ends)
    before = await shown(chen, DESK)
    await hands_out(ends, by_branch, to)
    await hands_out(ends, in_words, to)
    async with waiting((chen, DESK, before), (sun, DESK, before)) as lists:
        await hands_out(ends, plain, to)
    seen, kept = (each.result().text for each in lists)

    assert by_branch in await chen.reads(DESK) and plain in await chen.reads(DESK)
    assert plain in await sun.reads(DESK) and by_branch not in await sun.reads(DESK)
    assert by_branch in seen and by_branch not in kept
    assert seen != kept
