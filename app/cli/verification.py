"""`gonghui verification …`: the files by which WeChat checks that a domain is ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.opening import with_house
from app.cli.words import Commands
from app.clock import spoken
from app.errors import OperatorError
from app.services import verification

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="微信的域名校验文件（MP_verify_….txt 等），所有进程在网站根目录提供。")

Result = TypeVar("Result")
File = Annotated[Path, typer.Argument(metavar="FILE", help="从微信下载的校验文件，不要改名")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="文件名，例如 MP_verify_AbCd1234EfGh5678.txt")]


@app.command()
def add(file: File) -> None:
    """放上一个校验文件；同名的换成新的。"""
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = "没有这个文件" if isinstance(error, FileNotFoundError) else "文件打不开"
        raise OperatorError(f"{reason}：{file}") from None

    async def work(house: "House") -> str:
        async with house.database.transaction() as session:
            new = await verification.add(session, file.name, content, house.clock.now())
        return f"{'已放上' if new else '已换成新的'}：{house.settings.public_url}/{file.name}"

    typer.echo(with_house(work))


@app.command("list")
def list_() -> None:
    """列出放上的校验文件。"""

    async def work(house: "House") -> list[str]:
        async with house.database.reading() as session:
            found = await verification.list_all(session)
        return [
            f"{house.settings.public_url}/{each.name}  {spoken(each.added_at, house.clock.now())}放上"
            for each in found
        ]

    for line in with_house(work) or [
        "还没有校验文件。从微信公众平台下载后，用 gonghui verification add 放上。"
    ]:
        typer.echo(line)


@app.command()
def remove(name: Name) -> None:
    """拿掉一个校验文件。"""

    async def work(house: "House") -> None:
        async with house.database.transaction() as session:
            await verification.remove(session, name)

    with_house(work)
    typer.echo(f"已拿掉 {name}。")
