"""What commands of staff on cases share: one transaction each, and when the person will hear of it."""

import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.opening import acting, with_house
from app.services import telling
from models import Case, Outbox

if TYPE_CHECKING:
    from app.assembly import House

Result = TypeVar("Result")
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入办理过程", default_factory=getpass.getuser)]


def look(work: Callable[["House", AsyncSession], Awaitable[Result]]) -> Result:
    """As `run`, but it only reads."""

    async def reading(house: "House") -> Result:
        async with house.database.reading() as session:
            return await work(house, session)

    return with_house(reading)


def run(work: Callable[["House", AsyncSession], Awaitable[Result]], by: str = "") -> Result:
    """Do it in one transaction; what it changes is put down in the record of acts of staff."""
    # The command is a function, and `work` is inside it.
    command = f"{work.__module__.rpartition('.')[2]} {work.__qualname__.partition('.')[0].strip('_')}"

    async def writing(house: "House") -> Result:
        async with acting(house, command, by) as session:
            return await work(house, session)

    return with_house(writing)


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
