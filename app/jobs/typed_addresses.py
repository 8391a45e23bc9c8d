"""Calls to addresses that somebody typed: none of them reaches this machine under another name.

A name is looked up once, what it leads to is judged, and the call goes to that very address: a second look
might be answered differently (DNS rebinding). The certificate has to be the name's all the same.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import httpx

from app.services.outlets import is_our_own


@asynccontextmanager
async def posted(
    http: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> AsyncIterator[httpx.Response]:
    """The head of the answer to `body`.

    Raises:
        OSError: no such name, or it leads to this machine.
        httpx.HTTPError: nobody answered.
    """
    asked = httpx.URL(url)
    # A connection is known by its address: another name that leads there must not find it again.
    said = {**headers, "Host": asked.netloc.decode(), "Connection": "close"}
    answer = await _first(
        http,
        [
            http.build_request(
                "POST",
                asked.copy_with(host=address),
                content=body,
                headers=said,
                extensions={"sni_hostname": asked.host},
            )
            for address in await _addresses_of(asked)
        ],
    )
    try:
        yield answer
    finally:
        await answer.aclose()


async def _addresses_of(url: httpx.URL) -> Sequence[str]:
    """Raises: OSError."""
    loop, port = asyncio.get_running_loop(), url.port or 443
    found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if any(map(is_our_own, addresses)):
        raise OSError("the name leads to this machine")
    return addresses


async def _first(http: httpx.AsyncClient, requests: Sequence[httpx.Request]) -> httpx.Response:
    """Of the first address that anybody listens at."""
    *others, last = requests
    for request in others:
        with suppress(httpx.ConnectError, httpx.ConnectTimeout):
            return await http.send(request, stream=True)
    return await http.send(last, stream=True)
