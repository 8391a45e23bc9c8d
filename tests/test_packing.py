"""Packed on the way: pages for nobody in particular and files, never a page with somebody's token in it."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers

from app.web import assets
from app.web.assets import address
from app.web.packing import takes_gzip
from tests.both_ends import Ends, both_ends, settings_for
from tests.portal_member import HTML, member


@pytest.fixture
async def ends(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(sqlite_url, tmp_path), monkeypatch) as joined:
        yield joined


GZIP, PLAIN = HTML | {"Accept-Encoding": "gzip, br"}, HTML | {"Accept-Encoding": "identity"}


async def raw(browser: httpx.AsyncClient, path: str, headers: dict[str, str]) -> tuple[httpx.Response, bytes]:
    """An answer and its body as it was sent."""
    async with browser.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


async def test_a_page_for_nobody_in_particular_is_packed(ends: Ends) -> None:
    for path in ("/", "/services", "/tips", "/nothing", "/news/feed.atom"):
        packed, body = await raw(ends.web, path, GZIP)
        plain, whole = await raw(ends.web, path, PLAIN)
        if len(whole) < 600:
            continue
        assert (packed.headers["content-encoding"], int(packed.headers["content-length"])) == (
            "gzip",
            len(body),
        )
        assert gzip.decompress(body) == whole
        assert "content-encoding" not in plain.headers
        for answer in (packed, plain):
            assert answer.headers["vary"] == "Accept-Encoding, Cookie"


async def test_with_somebodys_token_in_it_no_page_is_packed(ends: Ends) -> None:
    li = await member(ends, "李建国")
    for path in ("/", "/me", "/me/devices", "/services", "/nothing"):
        answer, body = await raw(li.browser, path, GZIP)
        assert "content-encoding" not in answer.headers, path
        assert b"</html>" in body
    for path in ("/signing-in", "/search?q=x", "/me"):  # by their address, whoever asks
        answer, _ = await raw(ends.web, path, GZIP)
        assert "content-encoding" not in answer.headers, path


async def test_files_are_packed_once_and_have_a_mark_of_their_own(ends: Ends) -> None:
    path = address("vendor/weui.min.css")
    packed, body = await raw(ends.web, path, GZIP)
    plain, whole = await raw(ends.web, path, PLAIN)

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == whole
    assert len(body) < len(whole) / 4
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["cache-control"] == assets.FOR_EVER
    again = await ends.web.get(path, headers=GZIP | {"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    changed = await ends.web.get(path, headers=GZIP | {"If-None-Match": '"another"'})
    assert changed.status_code == 200


async def test_pictures_are_sent_as_they_are(ends: Ends) -> None:
    answer, body = await raw(ends.web, address("share/home.png"), GZIP)

    assert ("content-encoding" in answer.headers, body[:4]) == (False, b"\x89PNG")


@pytest.mark.parametrize(
    ("wish", "takes"),
    [
        *(("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=1.0", True), ("*", True), ("", False)),
        *(("identity", False), ("gzip;q=0", False), ("gzip; q=0.0", False), ("gzipped", False)),
    ],
)
def test_who_takes_packed_answers(wish: str, takes: bool) -> None:
    assert takes_gzip(Headers({"accept-encoding": wish})) is takes
