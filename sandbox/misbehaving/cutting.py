"""Connections that break: the answer that never comes whole, and the server's part in it.

An ASGI application cannot close a connection, so the protocol hands it the means in the scope.
"""

import asyncio
import contextlib
import socket
import struct

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CUT = "sandbox.cut"
# Long enough for what was written to leave; a reset throws away the rest.
WRITTEN_SECONDS = 0.01


class Line(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, on a line that can be cut."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[CUT] = self._cut  # type: ignore[literal-required]

    def _cut(self) -> None:
        """Close with a reset instead of a farewell, as a broken middle box does."""
        line = self.transport.get_extra_info("socket")
        if line is not None:
            with contextlib.suppress(OSError):
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Interrupted(Response):
    """An answer whose connection ends before its body, or before its head: the outcome stays unknown."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._at == "body":
            headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b'{"err', "more_body": True})
            await asyncio.sleep(WRITTEN_SECONDS)
        cut = scope.get(CUT)
        if cut:
            cut()
            await receive()  # until the server knows that the line is gone, or it would say 500
