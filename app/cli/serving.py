"""Commands that keep running: serve, worker; and migrate, which comes before them."""

import asyncio
import os
import signal
import sys

import typer

from app import logs, migrations
from app.assembly import assemble
from app.database import Database
from app.errors import OperatorError
from app.preparing import prepare
from app.settings import Settings, load_settings
from app.slim import without

LOOPBACK = "127.0.0.1"


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)


def serve(
    port: int = typer.Option(8000, help="端口"),
    host: str = typer.Option(LOOPBACK, help="监听地址；容器里用 0.0.0.0"),
    workers: int = typer.Option(1, min=1, help="进程数"),
    watch: bool = typer.Option(False, "--watch", help="保存 menus.yaml 后自动应用"),
) -> None:
    """运行服务。SQLite 会自动迁移并载入内容；PostgreSQL 请先运行 migrate。"""
    settings = load_settings()
    logs.configure(settings.log_format)
    _prepare_apart(settings)
    with without("watchfiles"):  # it is for a way of reloading code that we do not offer
        import uvicorn  # noqa: PLC0415 - no other command needs it

        from app.whole_answers import WholeAnswers  # noqa: PLC0415
    uvicorn.run(
        "app.main:create_watching" if watch else "app.main:create",
        factory=True,
        host=host,
        port=port,
        http=WholeAnswers,
        workers=workers if workers > 1 else None,
        access_log=False,  # it would print openids
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def _prepare_apart(settings: Settings) -> None:
    """In a process that ends with it: what it takes to migrate and to read the content is then given back.

    What goes wrong there is told there, as by any other command; we end with its code.
    """
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        asyncio.run(prepare(settings))
        sys.exit()
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if code:
        sys.exit(code if code > 0 else 128 - code)


def worker() -> None:
    """只做后台工作（发送、提醒、菜单推送），不接收消息；可以开任意多个。"""
    settings = load_settings()
    logs.configure(settings.log_format)
    asyncio.run(_work())


async def _work() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with assemble() as house:
        if await migrations.current(house.database.reader) != migrations.newest():
            raise OperatorError("数据库还不是最新版本，请先运行 gonghui migrate")
        await house.refresh()
        await house.waker.start()
        house.rounds.start()
        await stop.wait()
        await house.rounds.stop()


def migrate() -> None:
    """把数据库升级到最新版本。"""
    settings = load_settings()

    async def upgrade() -> None:
        database = Database(settings.database_url)
        await migrations.upgrade(database)
        await database.close()

    asyncio.run(upgrade())
    typer.echo(f"数据库已是最新版本 {migrations.newest()}")
