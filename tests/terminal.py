"""Staff at a terminal, for tests of commands: each command opens and closes the house by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from app.database import Database


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
