"""One message at work in this process, the pushes that wait for it, and a person's place in the queue."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from app.wechat.callback import NoAnswer
from app.wechat.incoming import Incoming
from app.wechat.replies import Reply
from models.sealing import keyring

PUSHES = 3  # of one message, at most
ASKS_AGAIN_WITHIN = 8.0  # seconds after the last push: it hangs up at 5 and comes again at once


@dataclass(slots=True)
class Waiter:
    """One push that waits for its answer; each has its own five seconds."""

    started: float  # monotonic
    answer: "asyncio.Future[Reply | None]"  # None: `success`, the answer comes later


@dataclass(slots=True)
class Run:
    """`request_id` names the message in logs and is the token of its lease."""

    incoming: Incoming
    account_id: int
    at: datetime
    request_id: str
    waiters: list[Waiter] = field(default_factory=list)
    later: bool = False  # this account has no passive replies: every answer goes out as a message
    deferring: bool = False  # the commit of `deferred` is under way
    known: bool = False  # it was in the journal already, told by an earlier push
    deferred: bool = False  # the journal holds it under our token; the answer goes out later
    asks: bool = False  # before it is answered: whether it belongs to a talk
    writing: bool = False  # its own transaction holds the journal's row: nobody else could commit one
    stood: tuple[str, int] | None = None  # the question that stood open when it came: dialogue and serial
    missed: tuple[str, int] | None = None  # the same, when that question no longer stands
    _body: bytes | None = None

    @property
    def body(self) -> bytes:
        """What was pushed, sealed: once, however often it is stored."""
        if self._body is None:
            self._body = keyring().seal(self.incoming.raw, "message.body")
        return self._body

    def wait(self, started: float) -> "asyncio.Future[Reply | None]":
        waiter = Waiter(started, asyncio.get_running_loop().create_future())
        self.waiters.append(waiter)
        return waiter.answer

    def answer(self, reply: Reply | None) -> None:
        for waiter in self.waiters:
            if not waiter.answer.done():
                waiter.answer.set_result(reply)

    def stay_silent(self, since: float = float("inf")) -> None:
        """Tell the pushes that began before `since` that there will be no answer."""
        for waiter in self.waiters:
            if waiter.started <= since and not waiter.answer.done():
                waiter.answer.set_exception(NoAnswer())

    @property
    def waited_for(self) -> list[float]:
        """When the pushes began that still wait, oldest first."""
        return [waiter.started for waiter in self.waiters if not waiter.answer.done()]

    def is_left(self, now: float) -> bool:
        """Nobody waits for the answer in this push's time, nor will WeChat ask again."""
        if self.deferred or not self.waiters or self.waited_for:
            return False
        return len(self.waiters) >= PUSHES or now - self.waiters[-1].started > ASKS_AGAIN_WITHIN


class Turnstile:
    """One message of a person at a time, in the order they came."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    async def enter(self, name: str) -> None:
        queue = self._queues.get(name)
        if queue is None:
            self._queues[name] = deque()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        await turn

    def leave(self, name: str) -> None:
        queue = self._queues[name]
        while queue:
            following = queue.popleft()
            if not following.done():
                following.set_result(None)
                return
        del self._queues[name]
