"""Waking workers: a queue that holds no truth.

What is due stands in the database. A wake-up only makes a round come sooner: through Redis streams to some
process, in-process always. Without Redis, and while it is away, rounds come on their own every few seconds.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import structlog
from taskiq import AsyncBroker, InMemoryBroker
from taskiq.api import run_receiver_task
from taskiq_redis import RedisStreamBroker

log = structlog.get_logger(__name__)

QUEUE = "gonghui:wake"
KEPT = 1000  # acknowledged entries are never deleted by the broker itself
LONGEST_JOB_MS = 600_000
RETRY_SECONDS = 15.0


class Waker:
    """`wake` may be called from anywhere in the loop; `wait` is for the rounds."""

    def __init__(self, redis_url: str | None) -> None:
        self._event = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._broker: AsyncBroker = (
            RedisStreamBroker(redis_url, queue_name=QUEUE, maxlen=KEPT, idle_timeout=LONGEST_JOB_MS)
            if redis_url
            else InMemoryBroker()
        )
        self._remote = redis_url is not None
        self._connected = False

        async def woken() -> None:
            self._event.set()

        self._task = self._broker.register_task(woken, task_name="gonghui.wake")

    def wake(self) -> None:
        """Something is due: come soon."""
        self._event.set()
        if self._remote and self._connected:
            self._keep(self._kick())

    async def wait(self, seconds: float) -> None:
        """Until somebody wakes us, `seconds` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()

    async def start(self) -> None:
        if self._remote:
            self._keep(self._listen())

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._remote and self._connected:
            with contextlib.suppress(Exception):
                await self._broker.shutdown()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _kick(self) -> None:
        try:
            async with asyncio.timeout(2):
                await self._task.kiq()
        except Exception as error:
            log.info("wake_up_lost", error=type(error).__name__)

    async def _listen(self) -> None:
        """Listen on Redis for as long as we live; when it goes away, wait for it to come back."""
        while True:
            try:
                await self._broker.startup()
                self._connected = True
                log.info("waking_through_redis")
                await run_receiver_task(self._broker, run_startup=False)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("redis_away", error=type(error).__name__)
            self._connected = False
            await asyncio.sleep(RETRY_SECONDS)
