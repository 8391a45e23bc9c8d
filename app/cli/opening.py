"""How a command reaches the house: opened for it alone; what staff change by it is put down in the record."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import audit

if TYPE_CHECKING:
    from app.assembly import House

Result = TypeVar("Result")


def with_house(work: Callable[["House"], Awaitable[Result]]) -> Result:
    from app.assembly import assemble  # noqa: PLC0415 - everything; `--help` needs none of it

    async def opened() -> Result:
        async with assemble() as house:
            return await work(house)

    return asyncio.run(opened())


def acting(house: "House", command: str, by: str = "") -> AbstractAsyncContextManager[AsyncSession]:
    """A writing transaction of staff; what does not say itself what it does is kept as this `command`."""
    actor = audit.Actor(by or getpass.getuser())
    return audit.acting(house.database, house.clock, actor, otherwise="cli.command", subject=command)
