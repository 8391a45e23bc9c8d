"""What commands of staff on cases share: one transaction each, and when the person will hear of it."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import audit, telling
from models import Case, Outbox

if TYPE_CHECKING:
    from app.assembly import House

Result = TypeVar("Result")
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入办理过程", default_factory=getpass.getuser)]


def look(work: Callable[["House", AsyncSession], Awaitable[Result]]) -> Result:
    """As `run`, but it only reads."""
    from app.assembly import assemble  # noqa: PLC0415

    async def opened() -> Result:
        async with assemble() as house, house.database.reading() as session:
            return await work(house, session)

    return asyncio.run(opened())


def run(work: Callable[["House", AsyncSession], Awaitable[Result]], by: str = "") -> Result:
    """Do it in one transaction; what it changes is put down in the record of acts of staff."""
    from app.assembly import assemble  # noqa: PLC0415 - everything; `--help` needs none of it

    # The command is a function, and `work` is inside it.
    command = f"{work.__module__.rpartition('.')[2]} {work.__qualname__.partition('.')[0].strip('_')}"

    async def opened() -> Result:
        async with assemble() as house:
            actor = audit.Actor(by or getpass.getuser())
            async with audit.acting(
                house.database, house.clock, actor, otherwise="cli.command", subject=command
            ) as session:
                return await work(house, session)

    return asyncio.run(opened())


async def decided(house: "House", session: AsyncSession, case: Case, notice: Outbox | None, done: str) -> str:
    """As `told`; without a notice it had been decided so before."""
    if notice is None:
        return f"{case.number} 早就是「{case.state.label}」了，没有再办一次。"
    return await told(house, session, case, notice, done)


async def told(house: "House", session: AsyncSession, case: Case, notice: Outbox, done: str) -> str:
    """What was done, and when the person will hear of it."""
    return await telling.told(
        session,
        case,
        notice,
        done,
        house.clock.now(),
        app_id=house.wechat.app_id,
        customer_messages=house.settings.wechat_account.is_certified,
    )
