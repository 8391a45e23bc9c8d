"""A turn: plan, perform, store. Read first, write last.

A handler runs first with a session that cannot write. If it wants to write, it runs again from the top in a
writing transaction; if not, its message joins the next group.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database, WriteNeeded, writing_here
from app.dialogue.groups import Groups
from app.dialogue.journal import Contact, Entry, Seen, Snapshot, Speaker, Written
from app.dialogue.performing import Performer, Stage, Turn, before
from app.dialogue.questions import confirms
from app.dialogue.routing import Guard, Plan, Routing
from app.dialogue.runs import Run
from app.dialogue.settling import Lost, Stale, claim_leased, claim_new, finish_leased, finish_new
from app.menus.live import LiveMenus
from app.services import outbox
from app.wechat.replies import News, Nothing, Reply, Text, from_store, to_store
from app.write_turns import Disturbed, WriteTurn, flushed
from models import Message, MessageState
from models.sealing import keyring
from models.types import seal_json

LEASE = timedelta(seconds=60)  # real time; longer than any handler should take
OWED = "您刚才问的，答复如下：\n{text}\n——————"


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

    async def take(self, run: Run, seen: Snapshot) -> Reply | None:
        """Handle `run`; returns what to answer now, None when the answer goes out later.

        Raises:
            Busy: run again on a fresh snapshot.
        """
        if seen.speaker is None:
            return await self._record(run)
        plan = self._routing.plan(run.incoming, seen, self._menus.book, run.at)
        owed = await self._owed(seen.speaker) if seen.speaker.owed and not run.incoming.is_event else None
        try:
            if _will_write(plan):
                raise WriteNeeded
            turn = await self._read_only(plan, run, seen.speaker)
        except WriteNeeded:
            return await self._writing(plan, run, seen.speaker, owed)
        entry = self._entry(run, turn, plan, seen.speaker, owed)
        if not run.deferred:
            written = await self._groups.write(entry.row)
            if written is Written.OK:
                self._menus.hits.hit(turn.rule)
                return entry.reply
            if not run.deferred:  # else the deadline came first, and this is our own row
                raise Busy
        await self._settle_late(run, entry)
        return None

    async def _record(self, run: Run) -> Reply | None:
        """What is not from a person is kept and makes nobody a follower."""
        turn = Turn(Nothing(), f"recorded:{run.incoming.kind}")
        row = self._row(run, turn, None, Contact.NONE, Nothing())
        if run.deferred:
            await self._settle_late(run, _Outcome(Nothing(), row))
            return None
        if await self._groups.write(row) is not Written.OK:
            raise Busy
        return Nothing()

    # --- running ---

    async def _read_only(self, plan: Plan, run: Run, speaker: Speaker) -> Turn:
        reading: list[AsyncSession] = []

        def open_session() -> AsyncSession:
            reading.append(self._database.reading())
            return reading[-1]

        try:
            turn = await self._performer.perform(plan, self._stage(run, speaker, open_session, nullcontext))
            if any(session.new or session.dirty or session.deleted for session in reading):
                raise WriteNeeded  # added and not flushed: nothing else would have noticed
            return turn
        finally:
            for session in reading:
                await session.close()

    async def _writing(self, plan: Plan, run: Run, speaker: Speaker, owed: "_Owed | None") -> Reply | None:
        async def work(turn: WriteTurn) -> Reply | None:
            run.writing = True
            with writing_here():
                return await self._write(_Writing(turn, run.careful), plan, run, speaker, owed)

        try:
            return await self._database.writers.write(work)
        except Disturbed as error:
            run.careful = True
            raise Busy from error
        except (Lost, Stale) as error:
            raise Busy from error
        finally:
            run.writing = False

    async def _write(
        self, writing: "_Writing", plan: Plan, run: Run, speaker: Speaker, owed: "_Owed | None"
    ) -> Reply | None:
        session = writing.turn.session
        outbox.answering(session, speaker.person_id)
        message_id = await self._claim(writing.turn, plan, run, speaker)
        turn = await self._performer.perform(
            plan, self._stage(run, speaker, lambda: session, writing.all_or_nothing)
        )
        if writing.undone:  # by a refusal, a bug or a question; the message is kept all the same
            message_id = await self._claim(writing.turn, plan, run, speaker)
        entry = self._entry(run, turn, plan, speaker, owed)
        if run.deferred:
            self._send_later(session, run, entry, message_id)
            await session.flush()
            await finish_leased(session, entry.row)
        else:
            await finish_new(writing.turn, entry.row)
        self._menus.hits.hit(turn.rule)
        return None if run.deferred else entry.reply

    async def _claim(self, turn: WriteTurn, plan: Plan, run: Run, speaker: Speaker) -> int:
        """Make the message ours in this transaction; an alert does not depend on what handlers do."""
        blank = self._row(run, Turn(Nothing(), plan.rule), speaker, plan.contact, None)
        message_id = 0
        if run.deferred:
            message_id = await claim_leased(turn.session, blank, run.request_id)
        else:
            blank.alone = True
            await claim_new(turn, blank)
        if plan.warning is not None and plan.warning.alert:
            await self._guard.alert(turn.session, speaker, run.incoming.key, run.incoming.text, run.at)
        return message_id

    def _stage(
        self, run: Run, speaker: Speaker, sessions: Callable[[], AsyncSession], guarded: Callable[[], Any]
    ) -> Stage:
        return Stage(run.incoming, speaker, run.at, run.request_id, sessions, guarded)

    # --- storing ---

    def _entry(self, run: Run, turn: Turn, plan: Plan, speaker: Speaker, owed: "_Owed | None") -> "_Outcome":
        reply = turn.reply
        if plan.warning is not None:
            if not isinstance(reply, Text | Nothing):
                reply = Nothing()  # a picture cannot carry the lines, and they matter more
            reply = before(plan.warning.lines, reply)
        paid = None
        if owed is not None and isinstance(reply, Text | Nothing) and not run.deferred:
            reply, paid = before(OWED.format(text=owed.text), reply), owed.message_id
        row = self._row(run, turn, speaker, plan.contact, reply)
        row.paid = paid
        return _Outcome(reply, row)

    def _row(
        self, run: Run, turn: Turn, speaker: Speaker | None, contact: Contact, reply: Reply | None
    ) -> Entry:
        dialogue = turn.dialogue
        return Entry(
            account_id=run.account_id,
            key=run.incoming.key,
            kind=run.incoming.kind[:48],
            state=turn.state,
            request_id=run.request_id,
            received_at=run.at,
            answered_at=self._clock.now(),
            body=keyring().seal(run.incoming.raw, "message.body"),
            reply=None if reply is None else seal_json(to_store(reply), "message.reply"),
            rule=turn.rule[:160],
            speaker=speaker,
            contact=contact,
            dialogue_ref=dialogue.ref if dialogue else None,
            dialogue_serial=dialogue.serial if dialogue else None,
            dialogues=turn.dialogues,
            expected=turn.expected,
        )

    # --- later ---

    async def defer(self, run: Run, lease: timedelta = LEASE) -> bool:
        """Commit the message as `deferred` under our lease; false when the journal has it already."""
        row = self._row(run, Turn(Nothing(), "", MessageState.DEFERRED), None, Contact.NONE, None)
        row.answered_at = None
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

    async def _settle_late(self, run: Run, outcome: "_Outcome") -> None:
        try:
            async with self._database.transaction() as session:
                message_id = await claim_leased(session, outcome.row, run.request_id)
                self._send_later(session, run, outcome, message_id)
                await finish_leased(session, outcome.row)
        except (Lost, Stale) as error:
            raise Busy from error
        self._menus.hits.hit(outcome.row.rule)

    def _send_later(self, session: AsyncSession, run: Run, outcome: "_Outcome", message_id: int) -> None:
        row = outcome.row
        row.answered_at = None
        if isinstance(outcome.reply, Nothing):
            return
        if row.state is MessageState.ANSWERED:
            row.state = MessageState.DEFERRED
        assert row.speaker is not None
        outbox.add(
            session,
            "dialogue.late_reply",
            key=f"late:{message_id}",
            to=row.speaker.person_id,
            follower_id=row.speaker.follower_id,
            message_id=message_id,
            payload=to_store(outcome.reply),
            now=run.at,
            besides_reply=True,  # this is the reply
        )

    async def _owed(self, speaker: Speaker) -> "_Owed | None":
        """An earlier answer that could not be delivered and may open this one."""
        async with self._database.reading() as session:
            stored: Any = await session.scalar(sa.select(Message.reply).where(Message.id == speaker.owed))
        reply = from_store(stored) if stored else None
        return _Owed(speaker.owed or 0, _in_words(reply)) if reply else None


def _in_words(reply: Reply) -> str:
    """A late answer as text, since it opens another one."""
    if isinstance(reply, Text):
        return reply.content
    if isinstance(reply, News):
        return "\n".join(f"{article.title} {article.url}" for article in reply.articles)
    return "（是一条图片或音视频，请再问一次。）"


def _will_write(plan: Plan) -> bool:
    """An alert is a write whatever the handler does; after a yes to a confirmation most flows write."""
    alerts = plan.warning is not None and plan.warning.alert
    return alerts or (
        plan.said is not None and plan.row is not None and confirms(plan.row.pending, plan.said)
    )


@dataclass(slots=True)
class _Writing:
    """Our turn to write, and whether what the handler wrote in it was undone.

    A flush that fails takes the whole shared transaction along. That is rare, so only after it happened is
    the handler run `careful`ly, in a savepoint that SQLAlchemy knows of too.
    """

    turn: WriteTurn
    careful: bool = False
    undone: bool = False

    @asynccontextmanager
    async def all_or_nothing(self) -> AsyncIterator[None]:
        if self.careful:
            try:
                async with self.turn.session.begin_nested():
                    yield
                    await flushed(self.turn.session)
            except BaseException:
                self.turn.session.expunge_all()
                raise
            return
        try:
            yield
            await flushed(self.turn.session)
        except BaseException:
            await self.turn.undo()
            self.undone = True
            raise


@dataclass(slots=True)
class _Owed:
    message_id: int
    text: str


@dataclass(slots=True)
class _Outcome:
    reply: Reply
    row: Entry


def repeated(seen: Seen) -> Reply | None:
    """What was answered then; None for `success`, when the answer goes or went another way."""
    if seen.late or seen.state not in (MessageState.ANSWERED, MessageState.FAILED):
        return None
    return from_store(seen.reply) if seen.reply else Nothing()
