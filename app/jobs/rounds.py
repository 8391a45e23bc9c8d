"""The rounds every process makes: what is due is taken by lease, so any number of processes may make them.

There is no scheduler: due rows are the schedule. A round that fails is logged and comes again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from app.jobs.waking import Waker

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """`work` is called every `seconds`; with `wakes`, also as soon as something is due."""

    name: str
    work: Callable[[], Awaitable[object]]
    seconds: float
    wakes: bool = False


class Rounds:
    def __init__(self, rounds: Sequence[Round], waker: Waker) -> None:
        self._rounds, self._waker = rounds, waker
        self._tasks: list[asyncio.Task[None]] = []
        self._woken = [asyncio.Event() for _ in rounds]

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._go_round(each, woken))
            for each, woken in zip(self._rounds, self._woken, strict=True)
        ]
        self._tasks.append(asyncio.create_task(self._pass_on()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def come(self) -> None:
        """All rounds at once, whatever they wait for."""
        for woken in self._woken:
            woken.set()

    async def once(self) -> None:
        """Every round one time, in order: for tests and commands."""
        for each in self._rounds:
            await each.work()

    async def _pass_on(self) -> None:
        while True:
            await self._waker.wait(60)
            for each, woken in zip(self._rounds, self._woken, strict=True):
                if each.wakes:
                    woken.set()

    async def _go_round(self, each: Round, woken: asyncio.Event) -> None:
        while True:
            try:
                await each.work()
            except Exception:
                log.exception("round_failed", round=each.name)
            try:
                async with asyncio.timeout(each.seconds):
                    await woken.wait()
            except TimeoutError:
                continue
            woken.clear()
