"""Style sheets: those of others are what their manifest says, and browsers keep what cannot change."""

import io
import json
import re
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from app.portal import home
from app.web import assets
from deploy import vendor

HOST = re.compile(r"//|\bwww\.|\.(?:com|org|net|cn|io)\b", re.IGNORECASE)


def test_every_vendored_file_is_the_one_in_the_manifest() -> None:
    for entry in vendor.read_manifest():
        assert vendor.sha256(vendor.target(entry).read_bytes()) == entry["sha256"], entry["name"]


def test_nothing_is_vendored_without_an_entry() -> None:
    kept = {path.name for path in vendor.VENDOR.iterdir()}

    assert kept == {"manifest.json", *(vendor.target(entry).name for entry in vendor.read_manifest())}


def test_the_manifest_names_packages_and_no_hosts() -> None:
    text = (vendor.VENDOR / "manifest.json").read_text(encoding="utf-8")

    for entry in json.loads(text):
        # A package may itself be called like a host, as htmx is.
        assert re.fullmatch(r"[a-z0-9.-]+", entry["name"])
        assert not any(HOST.search(value) for name, value in entry.items() if name != "name")
        assert set(entry) == {"name", "version", "licence", "file", "sha256"}
        assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
        assert entry["licence"] in {"MIT", "0BSD", "Apache-2.0"}


ENTRY = {"name": "paper", "version": "1.0.0", "licence": "MIT", "file": "dist/paper.css", "sha256": ""}


def packed(folder: Path, name: str, content: bytes) -> Path:
    """A package as npm hands it over."""
    path = folder / "paper-1.0.0.tgz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return path


def test_one_file_is_taken_out_of_a_package(tmp_path: Path) -> None:
    package = packed(tmp_path, "package/dist/paper.css", b"a{}")

    assert vendor.extract(package, ENTRY) == b"a{}"
    with pytest.raises(vendor.Refused, match=r"has no file dist/ink\.css"):
        vendor.extract(package, {**ENTRY, "file": "dist/ink.css"})


def test_another_content_than_the_manifests_is_refused_and_not_kept(tmp_path: Path) -> None:
    entry = {**ENTRY, "sha256": vendor.sha256(b"a{}")}

    with pytest.raises(vendor.Refused, match="has sha256"):
        vendor.keep(entry, b"a{color:red}", tmp_path)
    assert list(tmp_path.iterdir()) == []

    vendor.keep(entry, b"a{}", tmp_path)
    assert (tmp_path / "paper.css").read_bytes() == b"a{}"


def test_an_update_takes_the_new_sum(tmp_path: Path) -> None:
    entry = dict(ENTRY)
    vendor.keep(entry, b"b{}", tmp_path, update=True)

    assert entry["sha256"] == vendor.sha256(b"b{}")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps([ENTRY, {**ENTRY, "name": "pen"}]))

    with pytest.raises(vendor.Refused, match=r"paper\.css"):
        vendor.read_manifest(tmp_path)


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    served = Starlette(routes=[Mount("/static", assets.Assets())])
    transport = httpx.ASGITransport(app=served)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_the_home_page_names_its_style_sheets_by_content_and_browsers_keep_them(
    browser: httpx.AsyncClient,
) -> None:
    named = re.findall(r'<link rel="stylesheet" href="([^"]+)">', home.page_without_news())

    assert [address.partition("?")[0] for address in named] == [
        "/static/vendor/weui.min.css",
        "/static/portal.css",
    ]
    for address in named:
        answer = await browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/css")
        assert answer.headers["cache-control"] == assets.FOR_EVER


async def test_a_file_asked_for_by_another_address_is_asked_after_again(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/static/portal.css")
    other = await browser.get("/static/portal.css?v=0123456789ab")
    again = await browser.get("/static/portal.css", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == other.headers["cache-control"] == assets.ASK_FIRST
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/static/none.css", "/static/..%2fmenus.yaml", "/static/vendor"])
async def test_nothing_else_is_served(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404
