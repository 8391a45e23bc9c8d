"""A roster comes in: who joins, changes, moves, leaves and returns; twice is once; half is never silent."""

import asyncio
import tracemalloc
from collections.abc import Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from app.database import Database
from app.errors import DomainError
from app.services import branches, bulk, importing, rosters
from app.services.coordination import take_lease
from app.services.roster_rows import Row
from app.services.rosters import Outcome
from bench.rosters import people
from models import Branch, Lease, Member, MemberEvent, MemberKind, MemberMove, Person, Sex
from tests.conftest import NOON, FakeClock

TODAY = date(2026, 11, 23)
TEAM = "公司工会/北区分工会/抢修一班"
SOUTH = "公司工会/南区分工会"


def row(number: str, name: Any = "李建国", branch: Any = TEAM, **said: Any) -> Row:
    return Row(int(number), number, name, branch, {"left_on": None, **said})


LI = row("10001", sex=Sex.MALE, born_on="1985-03-05", phone="13812345678", post="抢修工")
WANG = row("10002", "王秀兰", SOUTH, kind=MemberKind.RETIRED)
ZHANG = row("10003", "张伟", kind=MemberKind.DISPATCHED)


class Office:
    """Staff who bring rosters in, and look."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock

    async def imports(self, *rows: Row, **how: Any) -> Outcome:
        return await rosters.apply(self.database, self.clock, rows, by="王强", **how)

    async def previews(self, *rows: Row) -> Outcome:
        async with self.database.reading() as session:
            return await rosters.preview(session, rows, TODAY)

    async def member(self, number: str) -> Member:
        async with self.database.reading() as session:
            return (await session.scalars(sa.select(Member).where(Member.staff_number == number))).one()

    async def branch_of(self, number: str) -> str:
        async with self.database.reading() as session:
            asked = sa.select(Branch.lineage).join(Member).where(Member.staff_number == number)
            return (await session.scalars(asked)).one()

    async def moves(self, number: str) -> list[tuple[str, Any]]:
        asked = sa.select(MemberMove).join(Member, Member.id == MemberMove.member_id)
        asked = asked.where(Member.staff_number == number).order_by(MemberMove.id)
        async with self.database.reading() as session:
            return [(each.what, each.changes) for each in await session.scalars(asked)]

    async def count(self, model: Any) -> int:
        async with self.database.reading() as session:
            return await session.scalar(sa.select(sa.func.count()).select_from(model)) or 0

    async def all_there(self) -> list[Any]:
        async with self.database.reading() as session:
            found = await session.execute(sa.select(*Member.__table__.c).order_by(Member.id))
            return [tuple(each) for each in found]


@pytest.fixture
def office(database: Database, clock: FakeClock) -> Office:
    return Office(database, clock)


# --- who is new


async def test_the_first_roster_makes_members_and_their_branches(office: Office) -> None:
    outcome = await office.imports(LI, WANG, ZHANG)

    assert outcome.events == {MemberEvent.JOINED: 3}
    li = await office.member("10001")
    assert (li.name, li.sex, li.born_on, li.phone) == ("李建国", Sex.MALE, "1985-03-05", "13812345678")
    assert (li.kind, li.post, li.joined_on, li.left_on) == (MemberKind.IN_SERVICE, "抢修工", None, None)
    assert (await office.member("10002")).kind is MemberKind.RETIRED
    assert await office.branch_of("10002") == SOUTH
    assert await office.count(Branch) == 4
    assert await office.moves("10001") == [("joined", None)]


async def test_private_values_lie_sealed_and_their_changes_too(office: Office) -> None:
    await office.imports(LI)
    await office.imports(row("10001", phone="13900000000"))

    async with office.database.reading() as session:
        stored = (await session.execute(sa.text("select phone, born_on from member"))).one()
        kept = (await session.scalars(sa.text("select changes from member_move"))).all()
    assert all(b"139" not in bytes(each) and b"1985" not in bytes(each) for each in stored)
    assert not any(b"139" in bytes(each) for each in kept if each is not None)


async def test_the_same_file_again_changes_nothing(office: Office) -> None:
    await office.imports(LI, WANG)
    before = await office.all_there()

    office.clock.advance(3600)
    outcome = await office.imports(LI, WANG)

    assert (outcome.unchanged, outcome.events) == (2, {})
    assert await office.all_there() == before
    assert await office.count(MemberMove) == 2


# --- who is known


async def test_what_changed_is_written_down_before_and_after(office: Office) -> None:
    await office.imports(LI)

    other = row("10001", "李建军", phone="13900000000", post="", kind=MemberKind.RETIRED)
    outcome = await office.imports(other)

    assert (outcome.events, outcome.moved) == ({MemberEvent.CHANGED: 1}, 0)
    assert outcome.fields == {"name": 1, "phone": 1, "post": 1, "kind": 1}
    li = await office.member("10001")
    assert (li.name, li.phone, li.post, li.born_on) == ("李建军", "13900000000", "", "1985-03-05")
    assert li.version == 2
    assert (await office.moves("10001"))[-1] == (
        "changed",
        {
            "name": ["李建国", "李建军"],
            "phone": ["13812345678", "13900000000"],
            "post": ["抢修工", ""],
            "kind": ["in_service", "retired"],
        },
    )


async def test_a_file_that_says_less_takes_nothing_away_but_none_does(office: Office) -> None:
    await office.imports(LI)

    assert (await office.imports(row("10001"))).unchanged == 1
    await office.imports(row("10001", phone=None, born_on=None))

    li = await office.member("10001")
    assert (li.phone, li.born_on, li.sex) == (None, None, Sex.MALE)


async def test_who_goes_to_another_branch_is_counted_as_moved(office: Office) -> None:
    await office.imports(LI)

    outcome = await office.imports(row("10001", branch=SOUTH))

    assert (outcome.moved, outcome.new_branches) == (1, [SOUTH])
    assert await office.branch_of("10001") == SOUTH
    assert (await office.moves("10001"))[-1] == ("changed", {"branch": [TEAM, SOUTH]})


async def test_a_renamed_branch_is_the_same_branch(office: Office) -> None:
    await office.imports(LI)
    async with office.database.transaction() as session:
        await branches.rename(session, await branches.get(session, "抢修一班"), "抢修班", by="王强", now=NOON)

    assert (await office.imports(row("10001", branch="公司工会/北区分工会/抢修班"))).unchanged == 1


async def test_a_day_of_leaving_makes_a_leaver_from_that_day_on(office: Office) -> None:
    await office.imports(LI, WANG)

    outcome = await office.imports(row("10001", left_on=TODAY + timedelta(days=8)), WANG)

    assert outcome.events == {MemberEvent.LEFT: 1}
    li = await office.member("10001")
    assert not li.has_left(TODAY)
    assert li.has_left(TODAY + timedelta(days=8))
    assert await office.moves("10001") == [("joined", None), ("left", {"left_on": [None, "2026-12-01"]})]


async def test_who_is_listed_again_returns(office: Office) -> None:
    await office.imports(row("10001", left_on=TODAY))

    outcome = await office.imports(LI)

    assert outcome.events == {MemberEvent.RETURNED: 1}
    assert (await office.member("10001")).left_on is None


async def test_a_day_to_come_that_is_taken_back_is_no_return(office: Office) -> None:
    await office.imports(row("10001", left_on=TODAY + timedelta(days=1)))

    assert (await office.imports(LI)).events == {MemberEvent.CHANGED: 1}


async def test_who_bound_himself_stays_bound(office: Office) -> None:
    await office.imports(LI)
    async with office.database.transaction() as session:
        person = Person(created_at=NOON)
        session.add(person)
        await session.flush()
        await session.execute(sa.update(Member).values(person_id=person.id, bound_at=NOON))
        person_id = person.id

    await office.imports(row("10001", "李建军"))

    assert (await office.member("10001")).person_id == person_id


# --- the whole roster


async def test_members_missing_from_a_file_stay_as_they_are(office: Office) -> None:
    await office.imports(LI, WANG)

    outcome = await office.imports(LI)

    assert (outcome.missing, outcome.active) == (1, 2)
    assert (await office.member("10002")).left_on is None


async def test_who_is_missing_from_the_whole_roster_leaves_today(office: Office) -> None:
    crew = [row(str(n)) for n in range(10001, 10011)]
    await office.imports(*crew, row("10099", left_on=TODAY - timedelta(days=1)))

    outcome = await office.imports(*crew[:8], complete=True)

    assert (outcome.events, outcome.unchanged) == ({MemberEvent.LEFT: 2}, 8)
    assert (await office.member("10010")).left_on == TODAY
    assert await office.moves("10010") == [("joined", None), ("left", {"left_on": [None, "2026-11-23"]})]
    assert (await office.member("10099")).left_on == TODAY - timedelta(days=1)


async def test_half_a_roster_sends_nobody_away_unless_forced(office: Office) -> None:
    crew = [row(str(n)) for n in range(10001, 10011)]
    await office.imports(*crew)

    with pytest.raises(DomainError, match="少了 3 位在册的人，超过在册 10 人的 20%"):
        await office.imports(*crew[:6], row("10007", "改名"), complete=True)
    assert (await office.member("10007")).name == "李建国"  # nothing was imported

    assert (await office.imports(*crew[:7], complete=True, force=True)).events[MemberEvent.LEFT] == 3


async def test_a_flood_of_new_branches_is_refused_unless_forced(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rosters, "MAX_NEW_BRANCHES", 5)
    crew = [row(str(n), branch=f"公司工会/{n}") for n in range(10001, 10006)]

    with pytest.raises(DomainError, match="会新建 6 个组织"):
        await office.imports(*crew)
    assert await office.count(Branch) == 0

    await office.imports(*crew, force=True)
    assert await office.count(Branch) == 6


# --- looking first


async def test_a_preview_says_what_would_happen_and_writes_nothing(office: Office) -> None:
    await office.imports(LI, WANG, ZHANG, row("10004", left_on=TODAY))
    before = await office.all_there()

    outcome = await office.previews(
        row("10001", branch="公司工会/东区分工会/一班"),
        row("10002", "王秀兰", SOUTH, left_on=TODAY),
        row("10004"),
        row("10005"),
    )

    expected = (MemberEvent.CHANGED, MemberEvent.LEFT, MemberEvent.RETURNED, MemberEvent.JOINED)
    assert outcome.events == dict.fromkeys(expected, 1)
    assert (outcome.moved, outcome.missing, outcome.active) == (1, 1, 3)
    assert outcome.new_branches == ["公司工会/东区分工会", "公司工会/东区分工会/一班"]
    assert [each.name for each in outcome.samples[MemberEvent.LEFT]] == ["王秀兰"]
    assert await office.all_there() == before


STAFF = st.sampled_from(["10001", "10002", "10003", "10004"])
SAID = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["李建国", "王强"]),
        "branch": st.sampled_from([TEAM, "公司工会", SOUTH]),
        "left_on": st.sampled_from([None, *(TODAY + timedelta(days=days) for days in (-3, 0, 3))]),
    },
    optional={
        "phone": st.sampled_from([None, "13812345678"]),
        "born_on": st.sampled_from([None, "1985-03-05"]),
        "post": st.sampled_from(["", "调度员"]),
        "kind": st.sampled_from(MemberKind),
    },
)
FILES = st.dictionaries(STAFF, SAID, max_size=4).map(
    lambda said: [row(number, **each) for number, each in said.items()]
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(FILES, min_size=1, max_size=3), st.booleans())
async def test_whatever_came_before_a_file_counts_once(
    office: Office, files: Sequence[Sequence[Row]], complete: bool
) -> None:
    for file in files:
        expected = await office.previews(*file)
        done = await office.imports(*file, complete=complete, force=True)
        stored, moves = await office.all_there(), await office.count(MemberMove)

        again = await office.imports(*file, complete=complete, force=True)

        leaving = expected.missing if complete else 0
        assert done.events.total() == expected.events.total() + leaving
        assert (again.unchanged, again.events) == (len(file), {})
        assert (await office.all_there(), await office.count(MemberMove)) == (stored, moves)


# --- large, interrupted, two at once


async def test_a_large_roster_takes_few_statements_and_little_memory(office: Office) -> None:
    rows = list(people(20_000))
    asked: list[str] = []
    for engine in (office.database.reader, office.database.writer):
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    progress: list[int] = []
    tracemalloc.start()
    try:
        outcome = await office.imports(*rows, progress=lambda done, total: progress.append(done))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert outcome.events == {MemberEvent.JOINED: 20_000}
    assert progress == list(range(1000, 20_001, 1000))
    assert len(asked) < 20 * 20
    assert peak < 40 * 1024 * 1024  # a chunk and the staff numbers, not the roster twice

    asked.clear()
    assert (await office.imports(*rows)).unchanged == 20_000
    assert len(asked) < 20 * 5
    assert not [each for each in asked if "INTO member" in each]


async def test_an_import_that_broke_off_is_finished_by_the_same_file(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rosters, "CHUNK", 2)
    crew = [row(str(n)) for n in range(10001, 10008)]
    insert, tries = bulk.insert_rows, 0

    def breaks(connection: Any, table: Any, rows: Any, returning: Any = ()) -> Any:
        nonlocal tries
        if table.name == "member" and any(each["staff_number"] == "10005" for each in rows):
            tries += 1
            raise DBAPIError("insert", {}, OSError("gone"))
        return insert(connection, table, rows, returning)

    monkeypatch.setattr(bulk, "insert_rows", breaks)
    with pytest.raises(importing.ImportStopped, match="前 4 行（共 7 行）已经保存；再导入一次同一个文件"):
        await office.imports(*crew)
    assert (await office.count(Member), tries) == (4, importing.TRIES)

    monkeypatch.setattr(bulk, "insert_rows", insert)
    outcome = await office.imports(*crew)

    assert (outcome.unchanged, outcome.events) == (4, {MemberEvent.JOINED: 3})


async def test_a_chunk_whose_database_was_busy_is_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, tries = bulk.insert_rows, 0

    def breaks_once(connection: Any, table: Any, rows: Any, returning: Any = ()) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise DBAPIError("insert", {}, OSError("busy"))
        return insert(connection, table, rows, returning)

    monkeypatch.setattr(bulk, "insert_rows", breaks_once)

    assert (await office.imports(LI)).events == {MemberEvent.JOINED: 1}
    assert len(await office.moves("10001")) == 1


class Slow(FakeClock):
    """A stopwatch on which everything takes as long as it is told to."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._each = seconds

    def monotonic(self) -> float:
        self._stopwatch += self._each
        return self._stopwatch


@pytest.mark.parametrize(("writing", "pause"), [(0.2, 0.2), (3.0, importing.LONGEST_PAUSE)])
async def test_between_two_writes_others_get_as_long_as_a_write_took(
    database: Database, monkeypatch: pytest.MonkeyPatch, writing: float, pause: float
) -> None:
    monkeypatch.setattr(rosters, "CHUNK", 2)
    pauses: list[float] = []

    async def rest(seconds: float) -> None:
        pauses.append(seconds)
        async with database.transaction() as session:  # nothing holds the lock
            await session.execute(sa.select(1))

    monkeypatch.setattr(importing, "asyncio", SimpleNamespace(sleep=rest))
    office = Office(database, Slow(writing))

    await office.imports(*(row(str(n)) for n in range(10001, 10006)))
    assert pauses == pytest.approx([pause] * 3)

    await office.imports(*(row(str(n)) for n in range(10001, 10006)))
    assert len(pauses) == 3  # nothing was written


async def test_a_second_import_at_the_same_time_is_refused_kindly(office: Office) -> None:
    async with office.database.transaction() as session:
        assert await take_lease(session, rosters.LEASE, "other", seconds=60, now=NOON)

    with pytest.raises(importing.ImportBusy, match="另一份花名册正在导入"):
        await office.imports(LI)
    assert await office.count(Member) == 0

    office.clock.advance(61)  # the other one was killed
    await office.imports(LI)
    assert await office.count(Lease) == 0


async def test_of_two_at_once_one_is_refused(office: Office) -> None:
    crew = [row(str(n)) for n in range(10001, 10101)]

    done = await asyncio.gather(
        office.imports(*crew), office.imports(*reversed(crew)), return_exceptions=True
    )

    assert sum(isinstance(each, importing.ImportBusy) for each in done) == 1
    assert await office.count(Member) == await office.count(MemberMove) == 100


async def test_an_import_that_lost_its_lease_stops_before_it_writes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rosters, "CHUNK", 1)
    asked = 0

    async def taken_over(session: Any, name: str, holder: str, **more: Any) -> bool:
        nonlocal asked
        asked += 1
        return asked < 4 and await take_lease(session, name, holder, **more)

    monkeypatch.setattr(importing, "take_lease", taken_over)

    with pytest.raises(importing.ImportBusy):
        await office.imports(*(row(str(n)) for n in range(10001, 10011)))
    assert await office.count(Member) == await office.count(MemberMove) == 2
