"""`gonghui doctor`: what is wrong with this deployment, in the order in which to put it right.

The checks themselves are in `app.checkup`.
"""

import asyncio
from collections.abc import AsyncIterator

import typer

from app import migrations
from app.assembly import assemble
from app.checkup.findings import BAD, Finding, bad
from app.checkup.ours import examine, look_at_settings
from app.database import Database
from app.errors import OperatorError
from app.settings import Settings, load_settings

PATIENCE_SECONDS = 10


def add_to(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor() -> None:
    """检查部署，说出哪里不对。

    依次看设置、数据库、Redis、文件、备份、隐私说明、时钟、微信接口、回调地址、小程序、值班、菜单和额度。
    有问题时退出码为 1。
    """
    raise typer.Exit(asyncio.run(_report()))


async def _report() -> int:
    try:
        settings = load_settings()
    except OperatorError as error:
        typer.echo(f"{BAD} {error.message}")
        return 1
    worst = 0
    async for finding in _findings(settings):
        typer.echo(f"{finding.mark} {finding.what}")
        worst = max(worst, int(finding.mark == BAD))
    return worst


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing opens without a database, so that is looked at first."""
    for finding in look_at_settings(settings):
        yield finding
    trouble = await _trouble(settings)
    if trouble is not None:
        yield bad(trouble)
        return
    try:
        async with assemble(settings) as house:
            async for finding in examine(house):
                yield finding
    except OperatorError as error:
        yield bad(error.message)


async def _trouble(settings: Settings) -> str | None:
    database = Database(settings.database_url)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await migrations.current(database.reader)
    except Exception as error:
        where = database.url.render_as_string(hide_password=True)
        return f"连不上数据库 {where}（{type(error).__name__}）：先让它运行起来，其余检查都要用到它"
    finally:
        await database.close()
    return None
