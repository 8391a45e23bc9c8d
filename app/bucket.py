"""Bytes in a bucket of any store that speaks S3; see `app.files` for what they are.

Loaded only where the settings name a bucket: what speaks S3 is 4 MB.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config


class Bucket:
    """A `Store` of `app.files` at `s3://bucket/prefix`, opened with `access`.

    Raises: ValueError: it cannot be opened.
    """

    def __init__(self, url: str, access: Mapping[str, str]) -> None:
        try:
            self._store = _opened(url, access)
        except BaseError as error:
            raise ValueError(type(error).__name__) from error

    async def put(self, path: str, data: bytes) -> None:
        await self._store.put_async(path, data)

    async def get(self, path: str) -> bytes:
        found = await self._store.get_async(path)
        return bytes(await found.bytes_async())

    async def part(self, path: str, start: int, length: int) -> bytes:
        return bytes(await self._store.get_range_async(path, start=start, length=length))

    async def delete(self, path: str) -> None:
        await self._store.delete_async(path)

    async def paths(self) -> AsyncIterator[str]:
        async for batch in self._store.list():
            for found in batch:
                yield found["path"]


def _opened(url: str, access: Mapping[str, str]) -> S3Store:
    """Where the endpoint's host begins with the bucket's name, the bucket is not said again in the path."""
    place, endpoint = urlsplit(url), urlsplit(access.get("endpoint", ""))
    by_host = (endpoint.hostname or "").startswith(f"{place.hostname}.")
    config = {
        **access,
        "virtual_hosted_style_request": by_host,
        # One by one: not every store knows the call for many, and its refusals are not told as errors.
        "disable_bulk_delete": True,
    }
    # A store that hangs must not hold a job longer than its lease; what failed is tried again as a row.
    patience: ClientConfig = {
        "allow_http": endpoint.scheme == "http",
        "connect_timeout": timedelta(seconds=3),
        "timeout": timedelta(seconds=20),
    }
    repeats: RetryConfig = {"max_retries": 1, "retry_timeout": timedelta(seconds=25)}
    return S3Store(
        place.hostname,
        prefix=place.path.strip("/") or None,
        config=cast("S3Config", config),
        client_options=patience,
        retry_config=repeats,
    )
