"""Messages that wait together are read together and written together, and released together.

While one group is at the database the next one gathers; under light load a group is one message.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from app.dialogue.journal import Entry, GroupStore, Question, Snapshot, Written
from app.dialogue.outages import is_database_away

LARGEST = 64  # rows; more brings nothing and makes one transaction long

Item = TypeVar("Item")
Result = TypeVar("Result")


class Groups:
    """Reads and writes of the journal, in groups."""

    def __init__(self, store: GroupStore) -> None:
        self._reads: _Lane[Question, Snapshot] = _Lane(store.read)
        self._writes: _Lane[Entry, Written | Exception] = _Lane(store.write)

    def read(self, question: Question) -> Awaitable[Snapshot]:
        return self._reads.submit(question)

    async def write(self, entry: Entry) -> Written:
        """Store `entry`; returns after the commit.

        Raises: whatever kept it from being stored; then nothing of it is.
        """
        result = await self._writes.submit(entry)
        if isinstance(result, Exception):
            raise result
        return result


class _Lane(Generic[Item, Result]):
    """One group at a time goes through `work`; the rest waits for the next."""

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[list[Result]]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._runner: asyncio.Task[None] | None = None

    def submit(self, item: Item) -> asyncio.Future[Result]:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return future

    async def _run(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whoever is ready in this turn of the loop comes along
                group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
                await self._settle(group)
        finally:
            self._runner = None
            if self._waiting:  # came in while the last one failed
                self._runner = asyncio.create_task(self._run())

    async def _settle(self, group: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._work([item for item, _ in group])
        except Exception as error:
            if len(group) > 1 and not is_database_away(error):
                for each in group:  # one of them is to blame: it shall fail alone
                    await self._settle([each])
                return
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)
