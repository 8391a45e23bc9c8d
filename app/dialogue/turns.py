"""A turn: plan, perform, store. Read first, write last.

A handler runs first with a session that cannot write. If it wants to write, it runs again from the top in a
writing transaction; if not, its message joins the next group.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bound_contextvars

from app.clock import Clock
from app.database import Database, WriteNeeded
from app.dialogue.around import before
from app.dialogue.groups import Groups
from app.dialogue.journal import Claim, Contact, Entry, Seen, Snapshot, Speaker, TalkQuestion, Written
from app.dialogue.owed import Owed, read_owed
from app.dialogue.performing import CALM, Guarded, Performer, Stage, Turn
from app.dialogue.questions import confirms
from app.dialogue.reading import Reading
from app.dialogue.routing import Guard, Plan, Routing, is_answered, standing, too_late_to_answer
from app.dialogue.runs import Run
from app.dialogue.settling import Lost, Stale, claim_leased, finish_leased
from app.dialogue.writing import Outcome, Play, Writer, Writers, flushed, savepoint
from app.menus.live import LiveMenus
from app.services import outbox
from app.wechat.replies import (
    BadReply,
    Nothing,
    Reply,
    Text,
    fitted,
    from_store,
    to_store,
)
from models import Message, MessageState
from models.types import seal_json

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)  # real time; longer than any handler should take
LATE_AT_ONCE = 2  # transactions on PostgreSQL of messages that nobody waits for any more


class Busy(Exception):
    """Somebody else moved the journal on: read again and run again."""


class Turns:
    def __init__(
        self,
        *,
        database: Database,
        groups: Groups,
        routing: Routing,
        performer: Performer,
        menus: LiveMenus,
        guard: Guard,
        clock: Clock,
    ) -> None:
        self._database, self._groups, self._routing = database, groups, routing
        self._performer, self._menus, self._guard, self._clock = performer, menus, guard, clock
        self._writers = Writers(database, clock)
        # What is late must not make the next ones late: a thousand of these in line for the database would
        # have all that come now deferred too.
        self._late = asyncio.Semaphore(1 if database.is_sqlite else LATE_AT_ONCE)

    async def take(self, run: Run, seen: Snapshot) -> Reply | None:
        """Handle `run`; returns what to answer now, None when the answer goes out later.

        Raises:
            Busy: run again on a fresh snapshot.
        """
        if seen.speaker is None:
            if run.incoming.is_person:
                raise Busy  # another process is just meeting this person
            return await self._record(run)
        plan = self._routing.plan(run.incoming, seen, self._menus.book, run.at)
        if run.deferred and run.stood is not None and run.stood != standing(seen):
            too_late_to_answer(plan, run.stood)
            run.missed = run.stood if run.stood[0] else None
        owed = None
        if seen.speaker.owed and not run.deferred and is_answered(run.incoming, plan):
            owed = await read_owed(self._database, seen.speaker.owed)
        talk = self._performer.talk_of(plan, seen.speaker, run.at)
        if run.asks:
            plan, talk = await self._belonging(plan, talk), None
        reading = Reading(self._database)
        try:
            if _will_write(plan):
                raise WriteNeeded
            turn = await self._read_only(plan, run, seen.speaker, reading)
        except WriteNeeded:
            await reading.close()  # who waits to write holds nothing else
            return await self._writing(await self._belonging(plan, talk), run, seen.speaker, owed)
        finally:
            await reading.close()
        entry = self._entry(run, turn, plan, seen.speaker, owed)
        entry.row.unless = talk  # hardly anybody is in one: asked while storing, that costs no trip
        if not run.deferred:
            written = await self._groups.write(entry.row)
            if written is Written.OK:
                return self._kept(entry)
            if not run.deferred:  # else the deadline came first, and this is our own row
                run.asks = talk is not None
                raise Busy
        if (belonging := await self._belonging(plan, talk)) is not plan:
            return await self._writing(belonging, run, seen.speaker, owed)
        await self._settle_late(run, _claim(run, seen.speaker, plan.contact), _done(entry))
        return None

    async def _belonging(self, plan: Plan, talk: TalkQuestion | None) -> Plan:
        """`plan`, or the one of the talk that its words belong to."""
        if talk is not None and await self._groups.is_in_talk(talk):
            return self._performer.in_talk(plan)
        return plan

    async def _record(self, run: Run) -> Reply | None:
        """What is not from a person is kept and makes nobody a follower."""
        turn = Turn(Nothing(), f"recorded:{run.incoming.kind}")
        row = self._row(run, turn, None, Contact.NONE, Nothing())
        if run.deferred:
            await self._settle_late(run, _claim(run, None, Contact.NONE), _done(Outcome(Nothing(), row)))
            return None
        if await self._groups.write(row) is not Written.OK:
            raise Busy
        return Nothing()

    # --- running ---

    async def _read_only(self, plan: Plan, run: Run, speaker: Speaker, reading: "Reading") -> Turn:
        turn = await self._performer.perform(plan, self._stage(run, speaker, reading.session, nullcontext))
        if reading.wants_to_write:
            raise WriteNeeded  # added and not flushed: nothing else would have noticed
        return turn

    async def _writing(self, plan: Plan, run: Run, speaker: Speaker, owed: Owed | None) -> Reply | None:
        """In a transaction that others who write share; a message that was deferred has one of its own."""

        async def play(session: AsyncSession, guarded: Guarded) -> Outcome:
            return await self._play(session, guarded, plan, run, speaker, owed)

        claim = _claim(run, speaker, plan.contact)
        if run.deferred:
            await self._settle_late(run, claim, play)
            return None
        try:
            outcome = await self._writers.write(Writer(run, claim, play))
        except (Lost, Stale) as error:
            raise Busy from error
        finally:
            run.writing = False
        return self._kept(outcome)

    async def _play(
        self,
        session: AsyncSession,
        guarded: Guarded,
        plan: Plan,
        run: Run,
        speaker: Speaker,
        owed: Owed | None,
    ) -> Outcome:
        """The handler in a writing transaction; an alert does not depend on what it does."""
        outbox.answering(session, speaker.person_id)
        with bound_contextvars(request_id=run.request_id):
            if plan.warning is not None and plan.warning.alert:
                await self._guard.alert(session, speaker, run.incoming.key, run.incoming.text, run.at)
            stage = self._stage(run, speaker, lambda: session, guarded)
            outcome = self._entry(run, await self._performer.perform(plan, stage), plan, speaker, owed)
        outcome.row.wrote = True
        return outcome

    def _stage(
        self, run: Run, speaker: Speaker, sessions: Callable[[], AsyncSession], guarded: Callable[[], Any]
    ) -> Stage:
        return Stage(run.incoming, speaker, run.at, run.request_id, sessions, guarded)

    # --- storing ---

    def _entry(self, run: Run, turn: Turn, plan: Plan, speaker: Speaker, owed: Owed | None) -> Outcome:
        reply = self._sendable(turn, run)
        paid: Sequence[int] = ()
        if plan.warning is not None:  # nothing stands above these lines
            if not isinstance(reply, Text | Nothing):
                reply = Nothing()  # a picture cannot carry the lines, and they matter more
            reply = before(plan.warning.lines, reply)
        elif owed is not None and not run.deferred and (above := owed.above(reply, turn, run.at)) is not None:
            reply, paid = above.reply, above.paid
        row = self._row(run, turn, speaker, plan.contact, reply)
        row.paid = paid
        return Outcome(reply, row, turn.afterwards)

    def _sendable(self, turn: Turn, run: Run) -> Reply:
        """What the handler said, within WeChat's limits; what cannot be sent is a bug of the handler's."""
        try:
            return fitted(turn.reply, run.incoming)
        except BadReply as error:
            log.error("reply_not_sendable", rule=turn.rule, request_id=run.request_id, reason=str(error))
            turn.state = MessageState.FAILED
            return Text(CALM)

    def _row(
        self, run: Run, turn: Turn, speaker: Speaker | None, contact: Contact, reply: Reply | None
    ) -> Entry:
        dialogue = turn.dialogue
        ref, serial = (dialogue.ref, dialogue.serial) if dialogue else (None, None)
        if run.missed and not (dialogue and dialogue.confidential):
            ref, serial = run.missed  # what was said in confidence is forgotten with that dialogue
        return Entry(
            account_id=run.account_id,
            key=run.incoming.key,
            kind=run.incoming.kind[:48],
            state=turn.state,
            request_id=run.request_id,
            received_at=run.at,
            answered_at=self._clock.now(),
            body=run.body,
            reply=None if reply is None else seal_json(to_store(reply), "message.reply"),
            rule=turn.rule[:160],
            speaker=speaker,
            contact=contact,
            dialogue_ref=ref,
            dialogue_serial=serial,
            dialogues=turn.dialogues,
            expected=turn.expected,
        )

    # --- later ---

    async def defer(self, run: Run, lease: timedelta = LEASE) -> bool:
        """Commit the message as `deferred` under our lease; false when the journal has it already."""
        row = self._row(run, Turn(Nothing(), "", MessageState.DEFERRED), None, Contact.NONE, None)
        row.answered_at = None
        if run.stood is not None:
            row.dialogue_ref, row.dialogue_serial = run.stood[0] or None, run.stood[1]
        row.lease_token, row.lease_until = run.request_id, self._clock.real_now() + lease
        return await self._groups.write(row) is Written.OK

    async def hand_on(self, run: Run) -> None:
        """Leave the message to the sweep: too many others were quicker than we."""
        if not run.deferred and await self.defer(run, lease=timedelta()):
            return
        async with self._database.transaction() as session:
            await session.execute(
                sa.update(Message)
                .where(
                    Message.account_id == run.account_id,
                    Message.key == run.incoming.key,
                    Message.lease_token == run.request_id,
                )
                .values(lease_until=self._clock.real_now())
            )

    async def _settle_late(self, run: Run, claim: Claim, play: Play) -> None:
        """Store what a deferred message led to; its answer is an outbox row."""
        try:
            async with self._late, self._database.transaction() as session:
                message_id = await claim_leased(session, claim, run.request_id)
                outcome = await play(session, lambda: savepoint(session))
                self._send_later(session, run, outcome, message_id)
                await flushed(session)
                await finish_leased(session, outcome.row)
        except (Lost, Stale) as error:
            raise Busy from error
        self._kept(outcome)

    def _kept(self, outcome: Outcome) -> Reply:
        """What counting there is, once a message is stored; the answer."""
        self._menus.hits.hit(outcome.row.rule)
        for act in outcome.afterwards:
            act()
        return outcome.reply

    def _send_later(self, session: AsyncSession, run: Run, outcome: Outcome, message_id: int) -> None:
        row = outcome.row
        row.answered_at = None
        if isinstance(outcome.reply, Nothing):
            return
        if row.state is MessageState.ANSWERED:
            row.state = MessageState.DEFERRED
        assert row.speaker is not None
        outbox.add(
            session,
            outbox.LATE_REPLY,
            key=f"late:{message_id}",
            to=row.speaker.person_id,
            follower_id=row.speaker.follower_id,
            message_id=message_id,
            payload=to_store(outcome.reply),
            now=run.at,
            besides_reply=True,  # this is the reply
        )


def _will_write(plan: Plan) -> bool:
    """An alert is a write whatever the handler does; what a flow hears it keeps, and after a yes to a
    confirmation most flows write.
    """
    alerts = plan.warning is not None and plan.warning.alert
    hears = plan.is_loose and plan.handler is not None and bool(plan.handler.hears)
    return (
        alerts
        or hears
        or (plan.said is not None and plan.row is not None and confirms(plan.row.pending, plan.said))
    )


def _claim(run: Run, speaker: Speaker | None, contact: Contact) -> Claim:
    return Claim(run.account_id, run.incoming.key, speaker, contact, run.at)


def _done(outcome: Outcome) -> Play:
    """Nothing is left to do but to store it."""

    async def play(session: AsyncSession, guarded: Guarded) -> Outcome:
        return outcome

    return play


def repeated(seen: Seen) -> Reply | None:
    """What was answered then; None for `success`, when the answer goes or went another way."""
    if seen.late or seen.state not in (MessageState.ANSWERED, MessageState.FAILED):
        return None
    return from_store(seen.reply) if seen.reply else Nothing()
