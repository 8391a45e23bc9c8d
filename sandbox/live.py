"""News for open browser pages: every change is published here and leaves as a server-sent event."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

HEARTBEAT_SECONDS = 15.0


class Bus:
    """Fan-out to the pages that look; a page that cannot keep up loses its line and reloads."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str | None]] = set()
        self._closed = False

    @property
    def watched(self) -> bool:
        return bool(self._queues)

    def publish(self, kind: str, **data: Any) -> None:
        if not self._queues:
            return
        text = json.dumps({"kind": kind, **data}, ensure_ascii=False)
        for queue in list(self._queues):
            try:
                queue.put_nowait(text)
            except asyncio.QueueFull:
                self._queues.discard(queue)

    def close(self) -> None:
        """End every open line, so that the server can stop."""
        self._closed = True
        for queue in self._queues:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def lines(self) -> AsyncIterator[str]:
        """One page's stream, from now on."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1000)
        self._queues.add(queue)
        try:
            yield "retry: 1000\n\n"
            while queue in self._queues and not self._closed:
                try:
                    text = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if text is None:
                    return
                yield f"data: {text}\n\n"
        finally:
            self._queues.discard(queue)
