"""`gonghui alerts …`: people in danger who wait for somebody on duty."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.words import Commands
from app.clock import spoken
from app.services import audit, crisis
from models import AlertState, CrisisAlert

app = Commands(help="紧急提醒：有人可能伤害自己。")

Result = TypeVar("Result")


def _run(
    work: Callable[[AsyncSession, datetime], Awaitable[Result]], actor: audit.Actor | None = None
) -> Result:
    """`actor` takes it on, so that it is put down in the record of acts; without one it only reads."""
    from app.assembly import assemble  # noqa: PLC0415 - everything; `--help` needs none of it

    async def opened() -> Result:
        async with assemble() as house:
            if actor is None:
                async with house.database.reading() as session:
                    return await work(session, house.clock.now())
            async with audit.acting(house.database, house.clock, actor) as session:
                return await work(session, house.clock.now())

    return asyncio.run(opened())


@app.command(name="list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="连已接手的一起列出")] = False,
) -> None:
    """列出没有人接手的提醒；原话只在接手后显示。"""

    async def work(session: AsyncSession, now: datetime) -> list[str]:
        return [_line(row, now) for row in await crisis.list_alerts(session, waiting_only=not everything)]

    for line in _run(work) or ["没有等待接手的提醒。"]:
        typer.echo(line)


@app.command()
def take(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="提醒的编号")],
    by: Annotated[str, typer.Option("--by", help="接手人姓名")],
) -> None:
    """接手一条提醒：停止重复提醒，显示原话。"""

    async def work(session: AsyncSession, now: datetime) -> str:
        row = await crisis.take(session, alert_id, by, now)
        return f"{_line(row, now)}\n原话：{row.excerpt or '（没有文字）'}"

    typer.echo(_run(work, audit.Actor(by)))


def _line(row: CrisisAlert, now: datetime) -> str:
    parts = [f"{row.id}", spoken(row.created_at, now), row.channel, f"已提醒 {row.rounds} 次"]
    if row.state is AlertState.TAKEN:
        parts.append(f"由{row.taken_by}接手")
    elif row.reached_at is None:
        parts.append("还没有人收到")
    elif row.must_reach_by <= now:
        parts.append("最近一次提醒没有人收到")
    return "  ".join(parts)
