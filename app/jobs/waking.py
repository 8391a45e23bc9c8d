"""Waking workers: a queue that holds no truth.

What is due stands in the database. A wake-up only makes a round come sooner: through Redis streams to some
process, in our own always. Without Redis, and while it is away, rounds come on their own every few seconds.
"""

import asyncio
import contextlib
import inspect
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:  # the queue's library weighs 15 MB: only who has Redis pays for it
    from taskiq_redis import RedisStreamBroker

log = structlog.get_logger(__name__)

QUEUE = "gonghui:wake"
KEPT = 1000  # acknowledged entries are never deleted by the broker itself
BLOCK_MS = 2000  # one read waits so long
SOCKET_SECONDS = 5.0  # more than one read waits; a Redis that hangs is as good as away
LOCK_SECONDS = 10.0  # without an end, a process killed at the wrong moment would lock out the others
IDLE_MS = 600_000
RETRY_SECONDS = 15.0
CANCEL_AGAIN = 0.2  # seconds


class Waker:
    """`wake` may be called from anywhere in the loop; `wait` is for the rounds."""

    def __init__(self, redis_url: str | None, *, retry_seconds: float = RETRY_SECONDS) -> None:
        self._event = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._kicking: asyncio.Task[None] | None = None
        self._retry_seconds = retry_seconds
        self._broker = _broker(redis_url) if redis_url else None
        self.connected = False
        """Whether wake-ups travel through Redis just now."""

    def wake(self) -> None:
        """Something is due: come soon."""
        self._event.set()
        if self._broker is not None and self.connected and (self._kicking is None or self._kicking.done()):
            self._kicking = self._keep(self._kick(self._broker))

    async def wait(self, seconds: float) -> None:
        """Until somebody wakes us, `seconds` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()

    async def start(self) -> None:
        if self._broker is not None:
            self._keep(self._listen(self._broker))

    async def stop(self) -> None:
        """End everything begun here; no task and no connection stays behind."""
        self.connected = False
        while self._tasks:  # the Redis library now and then swallows being cancelled: insist
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=CANCEL_AGAIN)
        if self._broker is not None:
            with contextlib.suppress(Exception):
                await self._broker.shutdown()

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _kick(self, broker: "RedisStreamBroker") -> None:
        from taskiq.message import BrokerMessage  # noqa: PLC0415 - see above

        try:
            async with asyncio.timeout(2):
                await broker.kick(BrokerMessage(task_id="", task_name=QUEUE, message=b"", labels={}))
        except Exception as error:
            log.info("wake_up_lost", error=type(error).__name__)

    async def _listen(self, broker: "RedisStreamBroker") -> None:
        """Listen on Redis for as long as we live; when it goes away, wait for it to come back.

        Not with taskiq's own receiver: while Redis is away that one tries again without a pause, does not
        see that a Redis that came back has forgotten our group, and cannot be cancelled meanwhile.
        """
        while True:
            try:
                await broker.startup()
                self.connected = True
                log.info("waking_through_redis")
                async with contextlib.aclosing(broker.listen()) as wake_ups:
                    async for wake_up in wake_ups:
                        self._event.set()
                        acknowledged = wake_up.ack()
                        if inspect.isawaitable(acknowledged):
                            await acknowledged
            except Exception as error:
                log.warning("redis_away", error=type(error).__name__)
            self.connected = False
            await asyncio.sleep(self._retry_seconds)


def _broker(url: str) -> "RedisStreamBroker":
    from taskiq_redis import RedisStreamBroker  # noqa: PLC0415 - see above

    return RedisStreamBroker(
        url,
        queue_name=QUEUE,
        maxlen=KEPT,
        xread_block=BLOCK_MS,
        idle_timeout=IDLE_MS,
        unacknowledged_lock_timeout=LOCK_SECONDS,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
    )
