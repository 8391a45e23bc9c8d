"""Connections on which nothing comes any more are closed.

Uvicorn ends those on which no further request begins, and waits for ever for the first one and for the rest
of one that has begun. A proxy in front gathers requests before it hands them on; where none stands, whoever
opens a thousand connections and says half a word on each would keep as many of ours.
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS = 30.0  # a phone in a lift says nothing for so long, not longer


class Heard(HttpToolsProtocol):
    """Uvicorn's own protocol, which looks now and then whether anybody is there."""

    patience: ClassVar[float] = SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._heard_at = self.loop.time()
        self._look = self.loop.call_later(self.patience, self._look_after)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._look.cancel()
        super().connection_lost(exc)

    def _look_after(self) -> None:
        left = self._heard_at + self.patience - self.loop.time()
        if left <= 0 and self._is_waiting:
            self.transport.close()
        else:
            self._look = self.loop.call_later(left if left > 0 else self.patience, self._look_after)

    @property
    def _is_waiting(self) -> bool:
        """For the other side: for a request or for the rest of one. We may have asked it to hold back."""
        cycle = self.cycle
        return (cycle is None or cycle.more_body or cycle.response_complete) and not self.flow.read_paused
