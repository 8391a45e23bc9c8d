"""The API for who builds on it: `gonghui api client`, its client made from the API's own description."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.words import Commands
from app.errors import OperatorError

FOLDER = Path("miniprogram")

app = Commands(help="小程序接口。")


@app.callback()
def group() -> None:
    """Keeps `client` a sub-command while it is the only one."""


@app.command()
def client(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="写到哪个文件夹")] = FOLDER,
    check: Annotated[bool, typer.Option("--check", help="只看文件和接口是否一致，不写")] = False,
) -> None:
    """由接口说明生成小程序用的客户端 gonghui.ts 和 gonghui.js。"""
    files = {folder / name: text for name, text in _made().items()}
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]
    if check and stale:
        raise OperatorError(f"{'、'.join(map(str, stale))} 和接口不一致，请运行 make client")
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    typer.echo(f"{'、'.join(map(str, files))} {'和接口一致' if check else '写好了'}")


def _made() -> dict[str, str]:
    from app.api import typescript  # noqa: PLC0415 - the whole API, which no other command needs
    from app.api.app import make  # noqa: PLC0415

    described = make().openapi()
    return {
        "gonghui.ts": typescript.typescript(described),
        "gonghui.js": typescript.javascript(described),
    }
