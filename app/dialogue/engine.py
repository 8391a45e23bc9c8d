"""One message from arrival to answer: once in effect, in order per person, and within the deadline.

`Engine.answer` is what the callback awaits. Each message runs in a task of its own, so that it goes on when
its answer had to be deferred; a second push of the same message joins the first.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars

from app.clock import Clock
from app.dialogue.groups import Groups
from app.dialogue.journal import Question
from app.dialogue.outages import is_database_away
from app.dialogue.routing import Guard, standing
from app.dialogue.runs import Run, Turnstile
from app.dialogue.turns import Busy, Turns, repeated
from app.wechat.callback import NoAnswer
from app.wechat.incoming import Incoming
from app.wechat.replies import Nothing, Reply, Text, render

log = structlog.get_logger(__name__)

SUCCESS = b"success"
SILENT_AFTER = 4.8  # seconds; WeChat hangs up at 5 and tries again
TICK = 0.05  # seconds between looks at the deadlines
AGAIN = 0.25  # seconds before a database that was away is tried again
ATTEMPTS = 20  # when the follower moved on meanwhile; the deadline ends it sooner
CROWDED = 3000  # messages at work; beyond it an honest "not received" is kinder than silence
PACKED = 4000  # beyond it even for texts about danger, which else are let in
REPEATED = "repeated"  # the outcome of a push that was not the first of its message
SORRY_BUSY = "系统繁忙，这条没有收到，请稍后再发一次。"


class Engine:
    """`count` is told the outcome of every push and the seconds it took."""

    def __init__(
        self,
        *,
        groups: Groups,
        turns: Turns,
        guard: Guard,
        clock: Clock,
        reply_seconds: float,
        count: Callable[[str, float], None] = lambda outcome, seconds: None,
    ) -> None:
        self._groups, self._turns, self._guard = groups, turns, guard
        self._clock, self._reply_seconds, self._count = clock, reply_seconds, count
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turnstile = Turnstile()
        self._watchman: asyncio.Task[None] | None = None

    async def answer(self, incoming: Incoming, account_id: int, *, passive: bool = True) -> bytes:
        """The answer to one push: a rendered reply, or `success`.

        A mini-program has no passive replies: with `passive=False` every answer goes out as a late one.

        Raises:
            NoAnswer: it could not be stored in time; WeChat tries again.
        """
        started = self._clock.monotonic()
        name = f"{account_id}|{incoming.key}"
        run, again = self._runs.get(name), True
        if run is None:
            if len(self._runs) >= CROWDED and not self._must_be_heard(incoming):
                return await self._turn_away(incoming, account_id, passive)
            again = False
            run = Run(incoming, account_id, self._clock.now(), secrets.token_hex(8), later=not passive)
            answer = run.wait(started)
            self._begin(name, run)
        elif run.deferred:  # WeChat was told already that the answer comes later
            self._count(REPEATED, 0.0)
            return SUCCESS
        else:
            answer = run.wait(started)
        try:
            reply = await answer
        except NoAnswer:
            self._count("silent", self._clock.monotonic() - started)
            raise
        outcome = REPEATED if again or run.known else "deferred" if reply is None else "answered"
        self._count(outcome, self._clock.monotonic() - started)
        if reply is None or isinstance(reply, Nothing):
            return SUCCESS
        return render(reply, incoming, int(run.at.timestamp()))

    def _must_be_heard(self, incoming: Incoming) -> bool:
        """Words of danger pass the crowd, as long as there is any room left."""
        return len(self._runs) < PACKED and self._guard.watch(incoming.text) is not None

    async def _turn_away(self, incoming: Incoming, account_id: int, passive: bool) -> bytes:
        """Too many at work: repeat what was answered before, else say honestly that this one was not taken.

        Raises:
            NoAnswer: an event, which nobody could send again but WeChat, or no way to say anything.
        """
        self._count("crowded", 0.0)
        question = Question(account_id, incoming.key, incoming.openid, False, self._clock.now())
        seen = (await self._groups.read(question)).seen
        if seen is None and (incoming.is_event or not passive):
            raise NoAnswer
        if not passive:
            return SUCCESS
        reply = Text(SORRY_BUSY) if seen is None else repeated(seen)
        if reply is None or isinstance(reply, Nothing):
            return SUCCESS
        return render(reply, incoming, incoming.created_at)

    def resume(self, run: Run) -> "asyncio.Task[None]":
        """Run a message again that was left behind; its answer goes out as a late one."""
        return self._begin(f"{run.account_id}|{run.incoming.key}", run)

    async def settle(self, seconds: float = 10) -> None:
        """At shutdown: let what is at work finish; leases cover the rest."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        if self._watchman is not None:
            self._watchman.cancel()

    # --- the work itself ---

    def _begin(self, name: str, run: Run) -> "asyncio.Task[None]":
        self._runs[name] = run
        if self._watchman is None or self._watchman.done():
            self._watchman = asyncio.create_task(self._watch())
        return self._keep(self._conduct(name, run))

    def _keep(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _conduct(self, name: str, run: Run) -> None:
        bind_contextvars(request_id=run.request_id)  # this task is the message's own
        person = f"{run.account_id}|{run.incoming.openid}"
        await self._turnstile.enter(person)
        try:
            await self._insist(run)
        except Exception:
            log.exception("message_not_handled", request_id=run.request_id, kind=run.incoming.kind)
        finally:
            self._turnstile.leave(person)
            self._runs.pop(name, None)
            run.stay_silent()  # whoever still waits: nothing was stored

    async def _insist(self, run: Run) -> None:
        """Handle the message; while the database is away, try again as long as somebody waits."""
        while True:
            try:
                run.answer(await self._handle(run))
            except Exception as error:
                if not is_database_away(error):
                    raise
                log.warning("database_away", request_id=run.request_id, error=type(error).__name__)
                if not run.waited_for:
                    return  # if it was deferred, its lease runs out and the sweep takes over
                await asyncio.sleep(AGAIN)
            else:
                return

    async def _handle(self, run: Run) -> Reply | None:
        incoming = run.incoming
        question = Question(run.account_id, incoming.key, incoming.openid, incoming.is_person, run.at)
        for _ in range(ATTEMPTS):
            late = run.later or run.is_left(self._clock.monotonic())
            if late and not run.deferred and incoming.is_person:
                run.deferred = await self._turns.defer(run)
                if run.deferred:
                    run.answer(None)
            snapshot = await self._groups.read(question)
            run.stood = run.stood or standing(snapshot)
            if snapshot.seen is not None:
                run.deferred = snapshot.seen.lease_token == run.request_id
                if not run.deferred:
                    run.known = True
                    return repeated(snapshot.seen)
            try:
                return await self._turns.take(run, snapshot)
            except Busy:
                continue
        await self._turns.hand_on(run)
        return None

    # --- deadlines ---

    async def _watch(self) -> None:
        """Look at every message at work; end when there is none."""
        while self._runs:
            await asyncio.sleep(TICK)
            now = self._clock.monotonic()
            for run in list(self._runs.values()):
                waiting = run.waited_for
                if waiting and now - waiting[0] >= self._reply_seconds:
                    self._too_late(run, now)

    def _too_late(self, run: Run, now: float) -> None:
        run.stay_silent(since=now - SILENT_AFTER)
        if not (run.deferring or run.writing) and run.waited_for:
            run.deferring = True
            self._keep(self._defer(run))

    async def _defer(self, run: Run) -> None:
        """Commit `deferred`; only then may `success` be said."""
        try:
            if await self._turns.defer(run):
                run.deferred = True
                run.answer(None)
        except Exception as error:
            log.warning("deferral_failed", request_id=run.request_id, error=type(error).__name__)
        finally:
            run.deferring = False
