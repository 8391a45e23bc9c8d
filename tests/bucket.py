"""An object store's side of S3, as far as we call it: objects of one bucket behind a key, on loopback."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.serving import answering

NAME, KEY, SECRET = "gonghui-files", "key-of-the-tests", "secret-of-the-tests"


@dataclass
class Bucket:
    objects: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    answers: int = 0  # a status to answer everything with
    endpoint: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            self.calls.append(f"{request.method} {request.url.path}")
            await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if f"Credential={KEY}/" not in request.headers.get("authorization", ""):
            return _refusal(403, "AccessDenied")
        if self.answers:
            return _refusal(self.answers, "InternalError")
        _, bucket, name = (*unquote(request.url.path).split("/", 2), "")[:3]
        if bucket != NAME:
            return _refusal(404, "NoSuchBucket")
        if request.method == "GET" and "list-type" in request.query_params:
            return self._listed(request.query_params.get("prefix", ""))
        if request.method == "PUT":
            self.objects[name] = await request.body()
            return Response(headers={"etag": '"1"'})
        if request.method == "DELETE":
            self.objects.pop(name, None)
            return Response(status_code=204)
        if name not in self.objects:
            return _refusal(404, "NoSuchKey")
        when = {"etag": '"1"', "last-modified": "Mon, 23 Nov 2026 04:00:00 GMT"}
        data = self.objects[name]
        if asked := re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", "")):
            start, end = int(asked[1]), min(int(asked[2]), len(data) - 1)
            when["content-range"] = f"bytes {start}-{end}/{len(data)}"
            return Response(data[start : end + 1], 206, headers=when)
        return Response(data, headers=when)

    def _listed(self, prefix: str) -> Response:
        found = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(data)}</Size><ETag>1</ETag>"
            "<LastModified>2026-11-23T04:00:00.000Z</LastModified></Contents>"
            for name, data in sorted(self.objects.items())
            if name.startswith(prefix)
        )
        return Response(f"<ListBucketResult>{found}</ListBucketResult>", media_type="application/xml")


def _refusal(status: int, code: str) -> Response:
    return Response(f"<Error><Code>{code}</Code></Error>", status, media_type="application/xml")


@asynccontextmanager
async def a_bucket() -> AsyncIterator[Bucket]:
    bucket = Bucket(endpoint="")
    async with answering(bucket) as bucket.endpoint:
        yield bucket
