"""`gonghui keys …`: make an encryption key, see how far a change of keys is, and make it.

The work itself is `app.services.key_rotation`.
"""

import asyncio
import base64
import os
from typing import Annotated

import typer

from app import migrations
from app.assembly import House, assemble
from app.cli.words import Commands
from app.clock import SystemClock, civil_date
from app.errors import OperatorError
from app.services import key_rotation
from app.services.key_rotation import MOST_NAME, Count, Standing
from models.sealing import keyring

app = Commands(help="加密钥匙：生成、更换。")


@app.command()
def new(
    name: Annotated[str | None, typer.Option(help="钥匙的名字，每把不同；不写则按日期取名")] = None,
    for_backups: Annotated[bool, typer.Option("--for-backups", help="给备份用的")] = False,
) -> None:
    """生成一把新钥匙。"""
    name = name or f"{'b' if for_backups else 'k'}{civil_date(SystemClock().now()):%Y%m%d}"
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or len(name) > MOST_NAME:
        raise OperatorError("钥匙的名字只能用字母、数字、- 和 _，最多 32 个字符。")
    typer.echo(f"{name}:{base64.b64encode(os.urandom(32)).decode()}")
    typer.echo(_todo(for_backups=for_backups), err=True)


def _todo(*, for_backups: bool) -> str:
    if for_backups:
        return (
            "把它写在 GONGHUI_BACKUP_KEYS 的最前面，旧的留在后面，用逗号隔开；下一次备份就用它。"
            "请另存一份，不要和备份放在一起：丢了钥匙，备份就再也打不开。"
        )
    return (
        "把它写在 GONGHUI_ENCRYPTION_KEYS 的最前面，旧的留在后面，用逗号隔开；"
        "重启全部进程后运行 gonghui keys rotate。请另存一份：丢了钥匙，内容就再也打不开。"
    )


@app.command()
def status() -> None:
    """看每张表有多少内容已用第一把钥匙加密，其余的用哪一把。"""
    name, found = asyncio.run(_status())
    for each in found:
        if each.total:
            typer.echo("，".join([f"{each.table}：{each.done}/{each.total}", *_left(each.left)]))
    done, total = sum(each.done for each in found), sum(each.total for each in found)
    typer.echo(f"用钥匙 {name} 加密的有 {done} 处，共 {total} 处。")


@app.command()
def rotate(
    pause: Annotated[
        float, typer.Option(min=0, max=10, help="每一小批之后歇多少秒；服务很忙时可以加大，停了服务可以用 0")
    ] = key_rotation.PAUSE_SECONDS,
) -> None:
    """用第一把钥匙重新加密全部内容；服务不用停，可随时中断后再来。"""
    name, counts = asyncio.run(_rotate(pause))
    for count in counts:
        if count.sealed_anew or count.changed_meanwhile or count.broken or count.left:
            typer.echo(_line(count))
    typer.echo(f"已用钥匙 {name} 重新加密 {sum(count.sealed_anew for count in counts)} 处。")
    if all(count.clean for count in counts):
        typer.echo("其他钥匙都不再使用，可以从 GONGHUI_ENCRYPTION_KEYS 中移除（旧备份仍要用到，请另存）。")
        return
    typer.echo("还有内容不是用这把钥匙加密的（见上）。若仍有进程用着旧设置，请重启后再运行一次。", err=True)
    raise typer.Exit(1)


async def _status() -> tuple[str, list[Standing]]:
    async with assemble() as house:
        await _refuse_old(house)
        return keyring().writes_with, await key_rotation.standings(house.database)


async def _rotate(pause: float) -> tuple[str, list[Count]]:
    async with assemble() as house:
        await _refuse_old(house)
        pace = key_rotation.Pace(seconds=pause, told=Progress().tell)
        counts = await key_rotation.rotate(house.database, pace)
        return keyring().writes_with, counts


async def _refuse_old(house: House) -> None:
    """Tables that are not there yet cannot be looked at."""
    if await migrations.current(house.database.reader) != migrations.newest():
        raise OperatorError("数据库还不是最新版本，请先运行 gonghui migrate")


class Progress:
    """A line whenever a table is another tenth further: enough to see that it goes on."""

    def __init__(self) -> None:
        self._tenths: dict[str, int] = {}

    def tell(self, standing: Standing) -> None:
        tenth = standing.done * 10 // standing.total
        if tenth > self._tenths.get(standing.table, -1):
            self._tenths[standing.table] = tenth
            typer.echo(f"{standing.table}：{standing.done}/{standing.total}")


def _line(count: Count) -> str:
    parts = [f"{count.place}：重新加密 {count.sealed_anew}"]
    if count.broken:
        parts.append(f"打不开 {count.broken}")
    return "，".join([*parts, *_left(count.left)])


def _left(left: dict[str, int]) -> list[str]:
    return [f"仍用钥匙 {name} 的 {number}" for name, number in sorted(left.items())]
