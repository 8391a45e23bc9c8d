"""WeChat's domain verification files: kept by name and content, served at the root, under no other name."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.checkup import ours
from app.cli import verification as commands
from app.errors import DomainError, NotFound, OperatorError
from app.services import verification
from tests.both_ends import Ends, both_ends, settings_for
from tests.conftest import NOON
from tests.terminal import Terminal, settle

OFFICIAL, MINI = "MP_verify_AbCd1234EfGh5678.txt", "a1B2c3D4e5.txt"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def test_a_file_is_served_as_it_was_given(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        assert await verification.add(session, OFFICIAL, b"AbCd1234EfGh5678", NOON)
        assert await verification.add(session, MINI, b"0123456789abcdef\n", NOON)

    answer = await ends.web.get(f"/{OFFICIAL}")
    assert (answer.status_code, answer.text) == (200, "AbCd1234EfGh5678")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await ends.web.get(f"/{MINI}")).content == b"0123456789abcdef\n"
    assert (await ends.web.head(f"/{OFFICIAL}")).status_code == 200

    async with ends.house.database.transaction() as session:
        assert not await verification.add(session, OFFICIAL, b"new", NOON)
        await verification.remove(session, MINI)
    assert (await ends.web.get(f"/{OFFICIAL}")).text == "new"
    assert (await ends.web.get(f"/{MINI}")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/humans.txt", "/security.txt", "/..%2f.env.txt", "/MP_verify_x.txt", "/.txt"]
)
async def test_no_other_name_is_served(ends: Ends, path: str) -> None:
    assert (await ends.web.get(path)).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "robots.txt",
        "security.txt",
        "../a1B2c3D4e5.txt",
        "MP_verify_.txt",
        "a1B2c3D4e5.html",
        "校验文件校验文件.txt",
        "",
    ],
)
async def test_no_other_name_is_taken(session: AsyncSession, name: str) -> None:
    with pytest.raises(DomainError, match="不是微信的校验文件"):
        await verification.add(session, name, b"x", NOON)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", "校验".encode(), b"x" * 1025, b"a\x00b"])
async def test_no_other_content_is_taken(session: AsyncSession, content: bytes) -> None:
    with pytest.raises(DomainError, match="不像校验文件"):
        await verification.add(session, MINI, content, NOON)


async def test_what_is_not_there_cannot_be_removed(session: AsyncSession) -> None:
    with pytest.raises(NotFound, match="现有的见 gonghui verification list"):
        await verification.remove(session, MINI)


def test_at_the_terminal(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, database_url, tmp_path)
    staff = Terminal(database_url, verification=commands.app)
    file = tmp_path / OFFICIAL
    file.write_bytes(b"AbCd1234EfGh5678")

    assert "还没有校验文件" in staff.types("verification", "list")
    assert "已放上：" in staff.types("verification", "add", str(file))
    assert "已换成新的：" in staff.types("verification", "add", str(file))
    assert f"/{OFFICIAL}" in staff.types("verification", "list")
    assert f"已拿掉 {OFFICIAL}" in staff.types("verification", "remove", OFFICIAL)
    with pytest.raises(OperatorError, match="没有这个文件"):
        staff.types("verification", "add", str(tmp_path / "none.txt"))


async def test_the_doctor_misses_them_at_a_real_address_only(ends: Ends) -> None:
    assert await ours._verification(ends.house) == []

    object.__setattr__(ends.house.settings, "public_url", "https://union.example.cn")
    (found,) = await ours._verification(ends.house)
    assert "没有域名校验文件" in found.what
    async with ends.house.database.transaction() as session:
        await verification.add(session, MINI, b"x", NOON)
    (found,) = await ours._verification(ends.house)
    assert found.what == f"域名校验文件 1 个：{MINI}"
