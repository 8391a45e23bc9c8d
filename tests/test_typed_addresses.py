"""An address that staff typed: called where its name led when it was judged, and never on this machine."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.jobs import typed_addresses

NAME = "media.example.com"
DEAF, HERE = "127.0.0.2", "127.0.0.1"  # at the first nobody listens


@dataclass
class Medium:
    """An outside medium with a certificate of its own, as far as loopback can be outside."""

    port: int = 0
    trusts: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    asked: list[str] = field(default_factory=list)  # by what name
    got: list[bytes] = field(default_factory=list)

    async def hears(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.got.append(head + await reader.readexactly(2))
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def takes(self, name: str = NAME) -> int:
        async with httpx.AsyncClient(verify=self.trusts, trust_env=False) as http:
            url = f"https://{name}:{self.port}/in"
            async with typed_addresses.posted(http, url, b"{}", {"X-Mark": "1"}) as answer:
                return answer.status_code


def certificate(folder: Path) -> tuple[Path, Path]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


@pytest.fixture
async def medium(tmp_path: Path) -> AsyncIterator[Medium]:
    found = Medium()
    shown, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown, key)
    context.sni_callback = lambda _, name, __: found.asked.append(name)
    found.trusts.load_verify_locations(shown)
    async with await asyncio.start_server(found.hears, HERE, 0, ssl=context) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


@pytest.fixture
def leads(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What names lead to, asked for once: whoever asks again is led to this machine's database."""

    def to(*addresses: str) -> None:
        loop, answers = asyncio.get_running_loop(), [addresses]

        async def look(host: str, port: int, **options: Any) -> list[Any]:
            found = answers.pop() if answers else (HERE,)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

        monkeypatch.setattr(loop, "getaddrinfo", look, raising=False)

    return to


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback stands for the world."""
    monkeypatch.setattr(
        typed_addresses, "is_our_own", lambda host: not ipaddress.ip_address(host).is_loopback
    )


@pytest.mark.usefixtures("outside")
async def test_the_call_goes_where_the_name_led_under_its_name_and_certificate(
    medium: Medium, leads: Callable[..., None]
) -> None:
    leads(DEAF, HERE)

    assert await medium.takes() == 202
    assert medium.asked == [NAME]
    assert medium.got[0].endswith(b"\r\n\r\n{}") and f"Host: {NAME}:{medium.port}".encode() in medium.got[0]


@pytest.mark.usefixtures("outside")
async def test_another_name_at_the_same_address_is_not_believed(
    medium: Medium, leads: Callable[..., None]
) -> None:
    leads(HERE)
    with pytest.raises(httpx.ConnectError, match="certificate"):
        await medium.takes("other.example.com")
    assert medium.got == []


@pytest.mark.usefixtures("outside")
async def test_where_nobody_listens_at_any_address_that_is_said(
    medium: Medium, leads: Callable[..., None]
) -> None:
    leads(DEAF, DEAF)
    with pytest.raises(httpx.ConnectError):
        await medium.takes()


async def test_a_name_that_leads_to_this_machine_is_not_called(
    medium: Medium, leads: Callable[..., None]
) -> None:
    for addresses in ((HERE,), ("203.0.113.7", HERE)):
        leads(*addresses)
        with pytest.raises(OSError, match="this machine"):
            await medium.takes()
    assert medium.got == []
