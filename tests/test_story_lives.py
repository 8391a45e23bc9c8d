"""A broadcast in a real browser: a stream of the union's own server plays on our page, under its policy.

The stream (`data/hls`) is three seconds of one colour and silence, made for this.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from shutil import copytree
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.services import lives
from models import LiveSession
from tests import browser
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.browser import PATIENCE
from tests.rooms import ROOT
from tests.test_lives import written

pytest.importorskip("playwright.async_api", reason="playwright is not installed")
from playwright.async_api import Browser, Page, Route, expect

chromium = browser.chromium
HLS = ROOT / "tests" / "data" / "hls"
UNABLE = "HTMLMediaElement.prototype.canPlayType = () => ''"
PLAYS = """
async () => {
  const film = document.getElementById("film");
  const came = new Promise((done) =>
    film.addEventListener("timeupdate", () => film.currentTime > 1.2 && done(film.currentTime)));
  film.muted = true;  // else a browser wants a tap first
  await film.play();
  return [await came, film.videoWidth];
}
"""


class Stream(SimpleHTTPRequestHandler):
    """The union's stream server, which keeps quiet about who asks."""

    extensions_map = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t"}

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass

    def log_error(self, *args: object) -> None:
        pass


def certificate(folder: Path) -> ssl.SSLContext:
    """Our pages play nothing that comes without TLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = made.add_extension(address, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "stream.pem").write_bytes(signed.public_bytes(pem) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "stream.pem")
    return context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the stream server has."""
    return Path(copytree(HLS, tmp_path / "streams"))


@pytest.fixture
def stream(tmp_path: Path, folder: Path) -> Iterator[str]:
    """Its host, as `GONGHUI_LIVE_HOSTS` has it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Stream, directory=str(folder)))
    server.socket = certificate(tmp_path).wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def ends(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: str
) -> AsyncIterator[Ends]:
    settings = settings_for(sqlite_url, tmp_path, live_hosts=stream)
    async with both_ends(settings, monkeypatch) as joined:
        yield joined


async def on_air(ends: Ends, link: str) -> LiveSession:
    hosts = {link.split("/")[2]}
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        said = written(now + timedelta(hours=1), link=link)
        live = await lives.create(session, said, None, None, hosts=hosts, now=now)
        await lives.announce(session, live, now)
    await ends.moves_time(hours=1.1)
    return live


async def watches(chromium: Browser, ends: Ends, live: LiveSession, script: str = "") -> Page:
    """Our pages come from the service in this process; all else from where it is."""
    context = await chromium.new_context(ignore_https_errors=True, viewport={"width": 390, "height": 844})
    await context.grant_permissions(["local-network-access"])  # both stand on this machine
    page = await context.new_page()
    if script:
        await page.add_init_script(script)

    async def ours(route: Route) -> None:
        answer = await ends.web.get(route.request.url, headers={"Accept": route.request.headers["accept"]})
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    await page.route(f"{OURS}/**", ours)
    await page.goto(f"{OURS}/lives/{live.public_id}?on=1")
    return page


async def test_a_stream_plays_on_the_page(chromium: Browser, ends: Ends, stream: str) -> None:
    page = await watches(chromium, ends, await on_air(ends, f"https://{stream}/index.m3u8"))

    came_to, width = await asyncio.wait_for(page.evaluate(PLAYS), PATIENCE)

    assert came_to > 1.2 and width == 64, "into its second part, and with a picture"
    await expect(page.locator("#cannot")).to_be_hidden()


async def test_where_there_is_no_signal_yet_one_tries_again(
    chromium: Browser, ends: Ends, stream: str, folder: Path
) -> None:
    page = await watches(chromium, ends, await on_air(ends, f"https://{stream}/late/index.m3u8"))
    broken, film = page.get_by_test_id("broken"), page.get_by_test_id("film")
    await expect(broken).to_contain_text("可能还没有信号", timeout=PATIENCE * 1000)
    await expect(film).to_be_hidden()
    link = broken.get_by_role("link", name="换一个播放器打开")
    assert await link.get_attribute("href") == f"https://{stream}/late/index.m3u8"

    copytree(HLS, folder / "late")
    await page.get_by_role("button", name="再试一次").click()
    await expect(film).to_be_visible()
    await asyncio.wait_for(page.evaluate(PLAYS), PATIENCE)
    await expect(broken).to_be_hidden()


async def test_a_browser_that_plays_no_streams_says_so_and_gives_the_link(
    chromium: Browser, ends: Ends, stream: str
) -> None:
    address = f"https://{stream}/index.m3u8"
    page = await watches(chromium, ends, await on_air(ends, address), UNABLE)

    await expect(page.get_by_test_id("cannot")).to_contain_text("请用手机微信打开这个页面")
    assert await page.get_by_role("link", name="换一个播放器打开").get_attribute("href") == address
    await expect(page.get_by_test_id("film")).to_be_hidden()
    await expect(page.get_by_test_id("broken")).to_be_hidden()
