"""The record of what staff did: what it holds, what it does not, and whether a changed row is found out."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app.clock import Clock
from app.database import Database
from app.errors import DomainError
from app.jobs import audit_seals
from app.services import audit, audit_chain, staff
from app.services.audit import Actor
from app.services.permissions import Standing
from app.services.staff import Wanted
from models import Branch, Role, Staff, StaffAct, StaffActSeal, StaffState
from models.sealing import Keyring, use_keyring
from tests import making
from tests.conftest import NOON, TEST_KEYS, TEST_LOOKUP, FakeClock

BOSS = [Wanted(Role.UNION_ADMIN)]


async def boss(database: Database) -> int:
    async with database.transaction() as session:
        return (await staff.invite(session, "wang", "王强", BOSS, by=None, now=NOON)).staff.id


async def kept(database: Database) -> Sequence[StaffAct]:
    async with database.reading() as session:
        return (await session.scalars(sa.select(StaffAct).order_by(StaffAct.id))).all()


def of(staff_id: int) -> Actor:
    return Actor("王强", "console", Standing(staff_id, "王强"), "10.0.0.7")


async def renames(database: Database, clock: Clock, name: str) -> None:
    wang = await boss_id(database)
    async with audit.acting(database, clock, of(wang)) as session:
        await staff.rename(session, await staff.get_by_login(session, "wang"), name, by=None)


async def boss_id(database: Database) -> int:
    async with database.reading() as session:
        return (await session.scalars(sa.select(Staff.id))).one()


async def test_an_act_is_kept_with_what_was_before_and_after(database: Database, clock: FakeClock) -> None:
    await boss(database)

    await renames(database, clock, "王小强")

    [act] = await kept(database)
    assert (act.act, act.by, act.subject, act.channel, act.address) == (
        *("staff.rename", "王强", "wang", "console", "10.0.0.7"),
    )
    changes: Any = act.changes
    [change] = changes
    assert change["table"] == "staff"
    assert change["before"]["name"] == "王强" and change["after"]["name"] == "王小强"


async def test_what_is_sealed_is_only_said_to_have_changed(database: Database, clock: FakeClock) -> None:
    wang = await boss(database)
    async with database.transaction() as session:
        await making.member(session, phone="13800005678")

    async with audit.acting(database, clock, of(wang)) as session:
        member = await making.member(session, "张伟", staff_number="10002", phone="13900001111")
        member.phone = "13700002222"
        found = await session.get_one(Staff, wang)
        found.password = "a digest"
        found.totp_secret = "JBSWY3DPEHPK3PXP"
        audit.does(session, "staff.reset", "wang")

    [act] = await kept(database)
    said = str(act.changes)
    assert "（保密 " in said and "（不记）" in said
    assert not any(word in said for word in ("13900001111", "13700002222", "a digest", "JBSWY3DPEHPK3PXP"))


async def test_an_act_that_does_not_say_what_it_is_is_not_done(database: Database, clock: FakeClock) -> None:
    wang = await boss(database)

    with pytest.raises(RuntimeError, match="does not know what they did"):
        async with audit.acting(database, clock, of(wang)) as session:
            (await session.get_one(Staff, wang)).name = "谁"

    async with database.reading() as session:
        assert (await session.get_one(Staff, wang)).name == "王强"


async def test_an_act_with_a_name_of_its_own_is_a_bug(database: Database, clock: FakeClock) -> None:
    wang = await boss(database)

    with pytest.raises(RuntimeError, match="no act of staff is called 'staff\\.dance'"):
        async with audit.acting(database, clock, of(wang)) as session:
            audit.does(session, "staff.dance")


async def test_what_was_refused_leaves_no_act(database: Database, clock: FakeClock) -> None:
    await boss(database)

    with pytest.raises(DomainError):
        await renames(database, clock, "")

    assert await kept(database) == []


async def test_an_act_on_very_many_rows_is_counted(database: Database, clock: FakeClock) -> None:
    wang = await boss(database)

    async with audit.acting(database, clock, of(wang)) as session:
        for number in range(audit.MOST + 7):
            session.add(Branch(name=f"{number}", lineage=f"{number}", created_at=NOON))
        audit.does(session, "staff.roles")

    [act] = await kept(database)
    assert len(list(act.changes)) == audit.MOST + 1  # type: ignore[call-overload]
    assert act.changes[-1] == {"more": 7}  # type: ignore[index]


async def test_what_was_changed_at_once_is_said_so(database: Database, clock: FakeClock) -> None:
    wang = await boss(database)

    async with audit.acting(database, clock, of(wang)) as session:
        await session.execute(sa.update(Staff).values(state=StaffState.ACTIVE))
        audit.does(session, "staff.roles")

    [act] = await kept(database)
    assert act.changes == [{"table": "staff", "at_once": "update", "count": 1}]


async def test_whoever_only_looks_leaves_no_act(database: Database, clock: FakeClock) -> None:
    wang = await boss(database)

    async with audit.acting(database, clock, of(wang)) as session:
        await session.get_one(Staff, wang)

    assert await kept(database) == []


# --- the chain ---------------------------------------------------------------------------------------------


async def some_acts(database: Database, clock: FakeClock, number: int = 3) -> None:
    await boss(database)
    for each in range(number):
        await renames(database, clock, f"王{each}")
    clock.advance(10)
    assert await audit_seals.run(database, clock) == number


async def verdict(database: Database) -> audit_chain.Verdict:
    async with database.reading() as session:
        return await audit_chain.verify(session)


async def test_acts_are_sealed_in_their_order(database: Database, clock: FakeClock) -> None:
    await some_acts(database, clock)

    found = await verdict(database)

    assert found.is_whole and (found.sealed, found.waiting) == (3, 0)
    assert len(found.last) == 64
    assert await audit_seals.run(database, clock) == 0


async def test_one_that_was_just_done_waits_for_those_before_it(database: Database, clock: FakeClock) -> None:
    await boss(database)
    await renames(database, clock, "王一")

    assert await audit_seals.run(database, clock) == 0

    assert (await verdict(database)).waiting == 1


@pytest.mark.parametrize(
    "change",
    [
        sa.update(StaffAct).where(StaffAct.id == 2).values(by="张伟"),
        sa.update(StaffAct).where(StaffAct.id == 2).values(changes=[]),
        sa.update(StaffAct).where(StaffAct.id == 2).values(subject="li"),
        sa.update(StaffActSeal).where(StaffActSeal.id == 2).values(digest=bytes(32)),
        sa.delete(StaffActSeal).where(StaffActSeal.id == 2),
    ],
    ids=["who", "what", "whom", "seal", "gone"],
)
async def test_a_changed_row_is_found_out(database: Database, clock: FakeClock, change: sa.Update) -> None:
    await some_acts(database, clock)
    async with database.transaction() as session:
        await session.execute(change)

    found = await verdict(database)

    assert not found.is_whole and found.sealed == 1


async def test_a_row_taken_out_whole_is_found_out(database: Database, clock: FakeClock) -> None:
    await some_acts(database, clock)
    async with database.transaction() as session:
        await session.execute(sa.delete(StaffActSeal).where(StaffActSeal.act_id == 2))
        await session.execute(sa.delete(StaffAct).where(StaffAct.id == 2))

    assert not (await verdict(database)).is_whole


async def test_another_key_leaves_the_chain_as_it_was(database: Database, clock: FakeClock) -> None:
    await some_acts(database, clock)
    last = (await verdict(database)).last
    use_keyring(Keyring({"k9": bytes(32)} | TEST_KEYS, TEST_LOOKUP))
    await renames(database, clock, "王十")

    clock.advance(10)
    await audit_seals.run(database, clock)

    found = await verdict(database)
    assert found.is_whole and found.sealed == 4 and found.last != last


async def test_two_processes_seal_one_chain(database: Database, clock: FakeClock) -> None:
    await boss(database)
    for each in range(5):
        await renames(database, clock, f"王{each}")
    clock.advance(10)

    counts = await asyncio.gather(*(audit_seals.run(database, clock) for _ in range(3)))

    assert sum(counts) == 5
    assert (await verdict(database)).is_whole


async def test_once_a_day_the_log_says_whether_the_record_is_whole(
    database: Database, clock: FakeClock
) -> None:
    await some_acts(database, clock)

    with capture_logs() as said:
        await audit_seals.look(database, clock)
        await audit_seals.look(database, clock)
        async with database.transaction() as session:
            await session.execute(sa.update(StaffAct).where(StaffAct.id == 2).values(by="张伟"))
        clock.advance(24 * 3600 + 1)
        await audit_seals.look(database, clock)

    assert [each["event"] for each in said] == ["staff_acts_whole", "staff_acts_changed"]
    assert said[-1]["log_level"] == "error"
