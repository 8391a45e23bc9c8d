"""Pages that stand open in browsers and renew themselves: who has them open, and what several look at.

One question to the database tells who all those are that wait, and what many look at is made once for all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Mapping
from typing import Any

from app.console.pulse import Pulse
from app.services.staff_sign_in import SignedIn

Who = Callable[[Collection[str]], Awaitable[Mapping[str, SignedIn]]]
"""Who is signed in with each of these secrets; who is not is left out."""


class NothingNew(Exception):
    """The page that stands open is what it would be."""


class OpenPages:
    """Those of one process. `look` is the pulse's."""

    def __init__(self, look: Callable[[], Awaitable[int]], who: Who) -> None:
        self._pulse, self._look_up = Pulse(look), who
        self._known: set[str] = set()  # secrets somebody was signed in with when they were last looked up
        self._asked: set[str] = set()
        self._answer: asyncio.Task[Mapping[str, SignedIn]] | None = None
        self._made_at, self._made = -1, dict[Hashable, asyncio.Task[str]]()

    async def let_in(self, mark: str, shown: int) -> SignedIn | None:
        """Who has it open, looked up when there is something else than `shown`; None: nobody who may.

        Raises: NothingNew: it has waited long enough and should ask again.
        """
        if mark not in self._known and await self._who(mark) is None:
            return None  # a stranger does not even wait
        is_new = await self._pulse.after(shown) != shown
        found = await self._who(mark)
        if found is not None and not is_new:
            raise NothingNew
        return found

    async def made(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, str]]) -> str:
        """What `make` makes, once for all who ask for `key` until something happens.

        Whatever decides what somebody sees belongs into `key`.
        """
        if self._made_at != self._pulse.newest:
            self._made_at, self._made = self._pulse.newest, {}
        task = self._made.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._made[key] = asyncio.create_task(make())
        return await asyncio.shield(task)  # one who goes away spoils it for nobody

    def stop(self) -> None:
        self._pulse.stop()

    async def _who(self, mark: str) -> SignedIn | None:
        """All who ask before the event loop comes round are looked up together."""
        self._asked.add(mark)
        if self._answer is None:
            self._answer = asyncio.create_task(self._look_up_asked())
        return (await asyncio.shield(self._answer)).get(mark)

    async def _look_up_asked(self) -> Mapping[str, SignedIn]:
        asked, self._asked, self._answer = self._asked, set(), None
        found = await self._look_up(asked)
        self._known -= asked
        self._known |= found.keys()
        return found
