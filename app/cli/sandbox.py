"""`gonghui sandbox`: the phone to develop against, and load from many phones at once.

A program of its own that we only start: it shares no code with the service.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.words import Commands

app = Commands(invoke_without_command=True, no_args_is_help=False)


def _start(*words: str) -> None:
    sys.exit(subprocess.call([sys.executable, "-m", "sandbox", *words]))  # noqa: S603


@app.callback()
def phone(context: typer.Context, port: int = typer.Option(8001, help="手机页面的端口")) -> None:
    """运行开发用的微信替身：http://127.0.0.1:8001 是一部手机。"""
    if context.invoked_subcommand is None:
        _start("--port", str(port))


@app.command()
def load(
    people: Annotated[int | None, typer.Option(help="关注的人数，1 至 20000；不写为 100")] = None,
    rate: Annotated[float | None, typer.Option(help="每秒推送几次，0.1 至 20000；不写为 100")] = None,
    seconds: Annotated[float | None, typer.Option(help="都关注以后说几秒的话，1 至 600；不写为 10")] = None,
    parallel: Annotated[int | None, typer.Option(help="最多同时推送几条，1 至 512；不写为 64")] = None,
    say: Annotated[list[str] | None, typer.Option(help="说的话；可以写多次，轮流说")] = None,
    texts: Annotated[Path | None, typer.Option(help="说的话从文件里来，一行一句")] = None,
    json: Annotated[Path | None, typer.Option(help="结果也写成 JSON 文件")] = None,
    service: Annotated[
        str | None, typer.Option(help="服务的地址，只能在本机；不写为 GONGHUI_PUBLIC_URL")
    ] = None,
) -> None:
    """很多人同时关注、说话，看服务答得多快、有没有漏。不需要先开手机页面。

    像微信一样加密、签名，等 5 秒，最多推三次。有没有应答的或出故障的，退出码是 1。
    """
    given = {
        "--people": people,
        "--rate": rate,
        "--seconds": seconds,
        "--parallel": parallel,
        "--texts": texts,
        "--json": json,
        "--service": service,
    }
    # With "=" a value may begin with a dash.
    words = [f"{option}={value}" for option, value in given.items() if value is not None]
    _start("load", *words, *(f"--say={text}" for text in say or []))
