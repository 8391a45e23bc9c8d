"""Knowledge content: `gonghui content load`."""

import asyncio

import typer

from app.assembly import assemble
from app.cli.words import Commands
from app.preparing import load_content

app = Commands(help="知识内容（用电安全问答）。")


@app.callback()
def group() -> None:
    """Keeps `load` a sub-command while it is the only one."""


@app.command()
def load() -> None:
    """把 content/ 里的问答载入数据库；运行中的服务几秒内生效。"""
    typer.echo(asyncio.run(_load()))


async def _load() -> str:
    async with assemble() as house:
        return await load_content(house)
