"""Messages that wait together are read together and written together, and released together.

While one group is at the database the next one gathers; under light load a group is one message.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from math import ceil
from typing import Generic, Protocol, TypeVar

from app.dialogue.journal import Entry, Question, Snapshot, TalkQuestion, Written
from app.dialogue.outages import is_database_away

LARGEST = 64  # rows; more brings nothing and makes one transaction long
SHARED = 16  # rows; fewer are not worth being parted

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupStore(Protocol):
    """The statements of one database. `Groups` sees to it that calls of one kind come `at_once` at most, and
    that reading waits for company for `patience` seconds, as a `Lane` does: who is read together is written
    together.
    """

    at_once: int
    patience: float

    async def read(self, questions: Sequence[Question]) -> list[Snapshot]: ...

    async def are_in_talk(self, asked: Sequence[TalkQuestion]) -> list[bool]: ...

    async def write(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        """Store all in one transaction; where that fails, row by row, so that one bad message fails alone.

        What belongs to a talk (`Entry.unless`) is not stored, and STALE.
        """
        ...

    async def close(self) -> None: ...


class Groups:
    """Reads and writes of the journal, in groups."""

    def __init__(self, store: GroupStore) -> None:
        self._reads: Lane[Question, Snapshot] = Lane(
            store.read, at_once=store.at_once, patience=store.patience
        )
        self._talks: Lane[TalkQuestion, bool] = Lane(store.are_in_talk, at_once=store.at_once)
        self._writes: Lane[Entry, Written | Exception] = Lane(store.write, at_once=store.at_once)

    def read(self, question: Question) -> Awaitable[Snapshot]:
        return self._reads.submit(question)

    def is_in_talk(self, asked: TalkQuestion) -> Awaitable[bool]:
        return self._talks.submit(asked)

    async def write(self, entry: Entry) -> Written:
        """Store `entry`; returns after the commit.

        Raises: whatever kept it from being stored; then nothing of it is.
        """
        result = await self._writes.submit(entry)
        if isinstance(result, Exception):
            raise result
        return result


class Lane(Generic[Item, Result]):
    """Groups that go through `work`, `at_once` of them; the rest gathers for the next.

    Who waits is shared out among `at_once` groups: while the database is at one of them, this process is at
    what another brought. With 32 people at once on PostgreSQL they went in step before, all to the database
    and all to the processor; in two groups a tenth more get through.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[list[Result]]],
        *,
        at_once: int = 1,
        largest: int = LARGEST,
        patience: float = 0,
    ) -> None:
        """`patience`: seconds a group waits for company, if there was some lately; for dear work."""
        self._work, self._at_once, self._largest = work, at_once, largest
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._patience = patience
        self._gathering = False  # a group is begun and has not been closed
        self._sizes = deque([1, 1], maxlen=2)  # of the last groups
        self._enough = asyncio.Event()  # as many wait as usual

    def submit(self, item: Item) -> asyncio.Future[Result]:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._patience and len(self._waiting) >= self._usual:
            self._enough.set()
        self._begin()
        return future

    @property
    def _usual(self) -> int:
        return min(sum(self._sizes) // 2, self._largest)

    @property
    def _share(self) -> int:
        fair = ceil(len(self._waiting) / self._at_once)
        return min(max(fair, SHARED), self._largest)

    def _begin(self) -> None:
        if self._waiting and not self._gathering and len(self._running) < self._at_once:
            self._gathering = True
            # In a context of its own: a group is nobody's, so no line it logs shall carry somebody's id.
            task = asyncio.create_task(self._run(), context=Context())
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._begin()

    async def _run(self) -> None:
        await asyncio.sleep(0)  # whoever is ready in this turn of the loop comes along
        if self._patience:
            await self._await_company()
        share = self._share
        group, self._waiting = self._waiting[:share], self._waiting[share:]
        self._gathering = False
        self._sizes.append(len(group))
        self._begin()
        await self._settle(group)

    async def _await_company(self) -> None:
        """Those whom the last groups released come again one by one: the first of them waits a moment.

        Else he goes alone and the others wait for him. Seen with 32 people at once on PostgreSQL: groups of
        29, 2 and 1 in turn, three transactions for what two can do.
        """
        if len(self._waiting) < self._usual:
            self._enough.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await self._enough.wait()

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
