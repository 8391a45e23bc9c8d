"""Commands that keep running: serve, worker, sandbox, demo; and migrate, which comes before them."""

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import typer
import uvicorn

from app import logs, migrations
from app.assembly import assemble, prepare
from app.database import Database
from app.errors import OperatorError
from app.settings import load_settings

LOOPBACK = "127.0.0.1"


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(worker)
    app.command()(sandbox)
    app.command()(demo)
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
    asyncio.run(prepare(settings))
    uvicorn.run(
        "app.main:create_watching" if watch else "app.main:create",
        factory=True,
        host=host,
        port=port,
        workers=workers if workers > 1 else None,
        access_log=False,  # it would print openids
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


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
        await migrations.upgrade(database.writer)
        await database.close()

    asyncio.run(upgrade())
    typer.echo(f"数据库已是最新版本 {migrations.newest()}")


def sandbox(port: int = typer.Option(8001, help="手机页面的端口")) -> None:
    """运行开发用的微信替身：http://127.0.0.1:8001 是一部手机。"""
    sys.exit(subprocess.call([sys.executable, "-m", "sandbox", "--port", str(port)]))  # noqa: S603


def demo(
    port: int = typer.Option(8000, help="服务端口"),
    sandbox_port: int = typer.Option(8001, help="手机页面的端口"),
) -> None:
    """第一次运行：写好 .env，启动服务和一部手机，打开浏览器就能试。"""
    _first_settings(port, sandbox_port)
    environment = os.environ | {
        "GONGHUI_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "GONGHUI_WECHAT_API_URL": f"http://{LOOPBACK}:{sandbox_port}",
    }
    commands = (
        [sys.executable, "-m", "app", "serve", "--watch", "--port", str(port)],
        [sys.executable, "-m", "sandbox", "--port", str(sandbox_port)],
    )
    typer.echo(f"手机：http://{LOOPBACK}:{sandbox_port}    服务：http://{LOOPBACK}:{port}    Ctrl+C 结束")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends us ends both
    processes = [subprocess.Popen(command, env=environment) for command in commands]  # noqa: S603
    sys.exit(_watch_over(processes))


def _first_settings(port: int, sandbox_port: int) -> None:
    """A `.env` for development, where there is none."""
    path = Path(".env")
    if path.exists() or os.environ.get("GONGHUI_SECRET_KEY"):
        return
    path.write_text(
        f"# 开发环境设置；全部设置见 .env.example\n"
        f"GONGHUI_SECRET_KEY={secrets.token_hex(32)}\n"
        f"GONGHUI_WECHAT_API_URL=http://{LOOPBACK}:{sandbox_port}\n"
        f"GONGHUI_PUBLIC_URL=http://{LOOPBACK}:{port}\n"
        f"GONGHUI_LOG_FORMAT=text\n",
        encoding="utf-8",
    )
    path.chmod(0o600)
    typer.echo("已写好 .env（开发环境）")


def _watch_over(processes: list[subprocess.Popen[bytes]]) -> int:
    """Wait for the first to end, then end the others."""
    code = 0
    try:
        while all(process.poll() is None for process in processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                processes[0].wait(timeout=0.5)
        code = next(p.returncode for p in processes if p.returncode is not None)
    except KeyboardInterrupt:
        typer.echo("正在结束…")
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=30)  # longer than what is at work may take
        except subprocess.TimeoutExpired:
            process.kill()
    return code
