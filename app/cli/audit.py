"""`gonghui audit …`: whether the record of staff's acts is whole."""

from typing import TYPE_CHECKING

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.staff_work import look
from app.cli.words import Commands
from app.services import audit_chain

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="工作人员的操作记录。")


@app.callback()
def _group() -> None:
    """A command of its own each, also while there is one."""


@app.command()
def verify() -> None:
    """从头核对封条：有没有哪条记录被改过、删过或插过。"""

    async def work(house: "House", session: AsyncSession) -> audit_chain.Verdict:
        return await audit_chain.verify(session)

    verdict = look(work)
    if verdict.is_whole:
        typer.echo(f"记录完整：已封存 {verdict.sealed} 条，等着封存 {verdict.waiting} 条。")
        if verdict.last:
            typer.echo(f"最新的封条：{verdict.last}")
        return
    which = verdict.broken or "（那一条已经不在了）"
    typer.echo(f"记录被改动过：前 {verdict.sealed} 条完整，从 {which} 起对不上。", err=True)
    raise typer.Exit(1)
