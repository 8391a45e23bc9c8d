"""The logs of messages and effects at some size: what narrows them down is found by an index of its own."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import migrations
from app.database import Database
from app.dialogue.journal import LEAVING
from app.services import coordination, delivery_log, message_log
from bench import filling
from models import AccountKind, DeliveryState, Message, Outbox

MESSAGES, PERSONS = 6000, 300
DEEP = MESSAGES // 2
FOUND_BY: dict[message_log.Wanted | delivery_log.Wanted, str] = {
    message_log.Wanted(person="b000000000000007"): "ix_message_follower_id_listed",
    message_log.Wanted(trouble="any"): "ix_message_not_answered",
    message_log.Wanted(trouble="late"): "ix_message_not_answered",
    message_log.Wanted(state="undeliverable"): "ix_message_not_answered",
    message_log.Wanted(kind="event.scan"): "ix_message_kind_listed",
    message_log.Wanted(rule="keyword:词7"): "ix_message_rule_listed",
    delivery_log.Wanted(state="unknown"): "ix_outbox_state_listed",
    delivery_log.Wanted(kind="activities.reminder"): "ix_outbox_kind_listed",
}


async def plan(session: AsyncSession, found: sa.Select[Any]) -> str:
    told = found.compile(dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True})
    return await plan_of(session, str(told))


async def plan_of(session: AsyncSession, told: str) -> str:
    words = "EXPLAIN QUERY PLAN" if session.get_bind().dialect.name == "sqlite" else "EXPLAIN"
    return str((await session.execute(sa.text(f"{words} {told}"))).all())


async def deep(session: AsyncSession, asked: message_log.Wanted | delivery_log.Wanted) -> sa.Select[Any]:
    """A page from the middle of the list."""
    if isinstance(asked, delivery_log.Wanted):
        found = delivery_log.chosen(asked).where(Outbox.id < DEEP).order_by(Outbox.id.desc())
    else:
        where = await message_log.conditions(session, asked)
        found = message_log.chosen().where(*where, Message.id < DEEP).order_by(Message.id.desc())
    return found.limit(51)


async def test_each_is_found_by_its_index(empty_url: str) -> None:
    """In a database of its own: what is known of how many there are stays behind for others."""
    database = Database(empty_url)
    await migrations.upgrade(database)
    async with database.transaction() as session:
        await coordination.account_id(session, "wxlogs", AccountKind.OFFICIAL)
    await filling.fill(empty_url, messages=MESSAGES, followers=PERSONS, mixed=True)

    async with database.reading() as session:
        for asked, index in FOUND_BY.items():
            found = await deep(session, asked)
            assert index in await plan(session, found), asked
            assert (await session.execute(found)).all(), asked
        counted = delivery_log.lately(DeliveryState.UNKNOWN, datetime.now(UTC))
        assert "ix_outbox_state_listed" in await plan(session, counted)
        places = next(each for each in LEAVING if "UPDATE message" in each).format(who="1", at="'2026-11-23'")
        assert "ix_message_place" in await plan_of(session, places)
    await database.close()
