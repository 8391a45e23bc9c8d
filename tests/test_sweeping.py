"""Messages whose process died or gave up: run again by whoever is left, answered late, or given up."""

import sqlalchemy as sa

from app.dialogue.performing import CALM
from app.dialogue.sweeping import TRIES, Sweep
from app.dialogue.turns import LEASE
from app.jobs.deliveries import Sender
from models import Message, MessageState
from models.sealing import Keyring, use_keyring
from tests import mailing, slowness
from tests.conftest import TEST_LOOKUP
from tests.mailing import Mailbox
from tests.slowness import Gate, finishes, only_message, rows
from tests.talking import Speaker, Talk

gate, talk = slowness.gate, slowness.talk
mailbox, client, sender = mailing.mailbox, mailing.client, mailing.sender


async def left_behind(talk: Talk, words: str = "你好") -> Speaker:
    """A message deferred by a process that died: it stands in the journal under a lease nobody holds."""
    li = await talk.person("李娜")
    await li.says("你好")
    await li.says(words)
    async with talk.database.transaction() as session:
        newest = await session.scalar(sa.select(sa.func.max(Message.id)))
        await session.execute(sa.delete(Message).where(Message.id != newest))
        await session.execute(
            sa.update(Message).values(
                state=MessageState.DEFERRED,
                reply=None,
                answered_at=None,
                follower_id=None,
                lease_token="dead",
                lease_until=talk.clock.real_now(),
            )
        )
    return li


async def test_a_message_left_behind_is_run_again_and_answered_late(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    await left_behind(talk)

    assert await talk.sweep.run() == 1
    await sender.send_due()

    assert mailbox.texts == ["您好。"]
    assert await talk.sweep.run() == 0


async def test_nobody_takes_a_message_whose_lease_still_runs(talk: Talk) -> None:
    await left_behind(talk)
    async with talk.database.transaction() as session:
        await session.execute(sa.update(Message).values(lease_until=talk.clock.real_now() + LEASE))

    assert await talk.sweep.run() == 0


async def test_one_that_hangs_does_not_keep_the_sweep(talk: Talk, gate: Gate) -> None:
    await left_behind(talk, "你好")
    async with talk.database.transaction() as session:
        body = (await session.scalars(sa.select(Message.body))).one()
        assert body is not None
        await session.execute(sa.update(Message).values(body=body.replace("你好", "查询")))
    sweep = Sweep(talk.database, talk.engine, {talk.account_id: talk.account}, talk.clock, patience=0.05)

    assert await sweep.run() == 1  # returns though the handler stands at the gate

    assert gate.reached.is_set()
    assert await sweep.run() == 0
    await finishes(talk, gate)
    assert len(await rows(talk.database)) == 1


async def test_one_that_never_works_is_given_up_and_the_person_told(
    talk: Talk, sender: Sender, mailbox: Mailbox
) -> None:
    await left_behind(talk)
    async with talk.database.transaction() as session:
        await session.execute(sa.update(Message).values(tries=TRIES))

    await talk.sweep.run()
    await sender.send_due()

    assert (await only_message(talk.database)).state is MessageState.FAILED
    assert mailbox.texts == [CALM]
    assert await talk.sweep.run() == 0


async def test_a_body_that_no_key_opens_stops_nobody_else(
    talk: Talk, sender: Sender, mailbox: Mailbox, keyring: Keyring
) -> None:
    await left_behind(talk)
    async with talk.database.transaction() as session:
        (good,) = await session.scalars(sa.select(Message))
        use_keyring(Keyring({"gone": b"g" * 32}, TEST_LOOKUP))
        session.add(
            Message(
                account_id=good.account_id,
                key="sealed-by-a-lost-key",
                kind="text",
                state=MessageState.DEFERRED,
                request_id="r",
                received_at=talk.clock.now(),
                body="<xml/>",
                lease_until=talk.clock.real_now(),
            )
        )
        await session.flush()
        use_keyring(keyring)

    assert await talk.sweep.run() == 2
    await sender.send_due()

    assert mailbox.texts == ["您好。"]
    async with talk.database.reading() as session:
        lost = sa.select(Message.state).where(Message.key == "sealed-by-a-lost-key")
        assert await session.scalar(lost) is MessageState.FAILED


async def test_messages_left_behind_are_found_by_their_index(talk: Talk) -> None:
    """With a million messages a sweep may not read them all."""
    from app.dialogue.sweeping import _UNSETTLED

    statement = sa.select(Message.id).where(_UNSETTLED, Message.lease_until <= talk.clock.now())
    database = talk.database
    told = statement.compile(database.reader.sync_engine, compile_kwargs={"literal_binds": True})
    async with database.transaction() as session:
        if not database.is_sqlite:
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        words = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plan = str((await session.execute(sa.text(f"{words} {told}"))).all())
    assert "ix_message_unsettled" in plan
