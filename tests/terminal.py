"""Staff at a terminal, for tests of commands: each command opens and closes the house by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from app.database import Database
from tests.rooms import ROOT


def settle(monkeypatch: pytest.MonkeyPatch, url: str, folder: Path) -> None:
    """The settings a command finds: this database, what we ship, files in `folder`."""
    monkeypatch.setenv("GONGHUI_DATABASE_URL", url)
    monkeypatch.setenv("GONGHUI_SECRET_KEY", "a secret of tests that is long enough")
    monkeypatch.setenv("GONGHUI_WECHAT_API_URL", "http://127.0.0.1:8001")
    monkeypatch.setenv("GONGHUI_MENUS", str(ROOT / "menus.yaml"))
    monkeypatch.setenv("GONGHUI_CONTENT", str(ROOT / "content"))
    monkeypatch.setenv("GONGHUI_FILES", str(folder / "files"))


class Terminal:
    """`groups`: the commands' groups by name, as the root command has them."""

    def __init__(self, url: str, **groups: typer.Typer) -> None:
        self._url = url
        self._app = typer.Typer()
        for name, group in groups.items():
            self._app.add_typer(group, name=name)

    def types(self, *words: str, code: int = 0) -> str:
        """What `gonghui …` prints; it must end with `code`."""
        result = CliRunner().invoke(self._app, list(words), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.output

    def within(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        """What the database has, or something that happens beside the terminal."""

        async def opened() -> Any:
            database = Database(self._url)
            try:
                async with database.transaction() as session:
                    return await work(session)
            finally:
                await database.close()

        return asyncio.run(opened())

    def count(self, model: Any) -> int:
        """How many rows there are."""

        async def work(session: AsyncSession) -> int:
            return await session.scalar(sa.select(sa.func.count()).select_from(model)) or 0

        found: int = self.within(work)
        return found
