"""`gonghui alerts …`: people in danger who wait for somebody on duty."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.staff_work import look, run
from app.cli.words import Commands
from app.clock import spoken
from app.services import crisis
from models import AlertState, CrisisAlert

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="紧急提醒：有人可能伤害自己。")


@app.command(name="list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="连已接手的一起列出")] = False,
) -> None:
    """列出没有人接手的提醒；原话只在接手后显示。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        found = await crisis.list_alerts(session, waiting_only=not everything)
        return [_line(row, house.clock.now()) for row in found]

    for line in look(work) or ["没有等待接手的提醒。"]:
        typer.echo(line)


@app.command()
def take(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="提醒的编号")],
    by: Annotated[str, typer.Option("--by", help="接手人姓名")],
) -> None:
    """接手一条提醒：停止重复提醒，显示原话。"""

    async def work(house: "House", session: AsyncSession) -> str:
        now = house.clock.now()
        row = await crisis.take(session, alert_id, by, now)
        return f"{_line(row, now)}\n原话：{row.excerpt or '（没有文字）'}"

    typer.echo(run(work, by))


def _line(row: CrisisAlert, now: datetime) -> str:
    parts = [f"{row.id}", spoken(row.created_at, now), row.channel, f"已提醒 {row.rounds} 次"]
    if row.state is AlertState.TAKEN:
        parts.append(f"由{row.taken_by}接手")
    elif row.reached_at is None:
        parts.append("还没有人收到")
    elif row.must_reach_by <= now:
        parts.append("最近一次提醒没有人收到")
    return "  ".join(parts)
