"""`gonghui messages …`: look at messages and run failed ones again."""

import asyncio
from typing import Annotated

import structlog
import typer

from app.assembly import assemble
from app.cli.words import Commands
from app.clock import shanghai
from app.errors import OperatorError
from app.services import messages
from app.services.messages import STATES, Verdict
from models import Message, MessageState
from models.sealing import SealBroken

log = structlog.get_logger(__name__)
app = Commands(help="收到的消息：查看、重办失败的消息。")

HEADER = "编号  收到的时间  状态  类型  规则  请求号"
HIDDEN = "（未显示；加 --reveal 查看，查看会记入日志）"


@app.command()
def retry(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="消息编号，可写多个")] = None,
    everything: Annotated[bool, typer.Option("--all", help="重办全部失败的消息")] = False,
) -> None:
    """重办处理失败的消息；答复会另外发给对方。"""
    if bool(ids) == everything:
        raise OperatorError("请写要重办的消息编号，或用 --all 重办全部失败的消息，二者选一。")
    verdicts = asyncio.run(_retry(ids))
    for verdict in verdicts:
        typer.echo(f"{verdict.message_id}  {'已排队重办' if verdict.queued else verdict.reason}")
    queued = sum(verdict.queued for verdict in verdicts)
    typer.echo(
        f"已排队 {queued} 条，未重办 {len(verdicts) - queued} 条。" if verdicts else "没有失败的消息。"
    )
    if queued < len(verdicts) and not everything:
        raise typer.Exit(1)


async def _retry(ids: list[int] | None) -> list[Verdict]:
    async with assemble() as house:
        wanted: list[int | None] = list(dict.fromkeys(ids)) if ids else [None]
        async with house.database.transaction() as session:
            now = house.clock.real_now()
            return [verdict for each in wanted for verdict in await messages.queue_again(session, each, now)]


@app.command(name="list")
def list_(
    state: Annotated[MessageState | None, typer.Option(help="只看这种状态，如 failed")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="最多几条")] = 50,
) -> None:
    """列出最近的消息（不显示内容）。"""
    rows = asyncio.run(_list(state, limit))
    typer.echo(HEADER if rows else "没有这样的消息。")
    for row in rows:
        typer.echo(_line(row))


async def _list(state: MessageState | None, limit: int) -> list[Message]:
    async with assemble() as house, house.database.reading() as session:
        return list(await messages.list_messages(session, state=state, limit=limit))


@app.command()
def show(
    message_id: Annotated[int, typer.Argument(metavar="ID", help="消息编号")],
    reveal: Annotated[bool, typer.Option("--reveal", help="解密并显示内容")] = False,
) -> None:
    """查看一条消息。"""
    for name, value in asyncio.run(_show(message_id, reveal)):
        typer.echo(f"{name}：{value}")


async def _show(message_id: int, reveal: bool) -> list[tuple[str, object]]:
    async with assemble() as house, house.database.reading() as session:
        try:
            row = await messages.get_message(session, message_id, words=reveal)
        except SealBroken as error:
            raise OperatorError("现有的 GONGHUI_ENCRYPTION_KEYS 打不开这条消息的内容。") from error
        if reveal:
            log.warning("message_revealed", message=message_id)
        return _facts(row, reveal)


def _facts(row: Message, reveal: bool) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("编号", row.id),
        ("状态", STATES[row.state]),
        ("类型", row.kind),
        ("规则", row.rule or "（无）"),
        ("请求号", row.request_id),
        ("收到", f"{shanghai(row.received_at):%Y-%m-%d %H:%M:%S}"),
        ("答复", f"{shanghai(row.answered_at):%Y-%m-%d %H:%M:%S}" if row.answered_at else "（未当场答复）"),
        ("所属对话", f"{row.dialogue_ref} 第 {row.dialogue_serial} 问" if row.dialogue_ref else "（无）"),
        ("重办次数", row.tries),
    ]
    words = (row.body or "（已清除）", row.reply or "（无）") if reveal else (HIDDEN, HIDDEN)
    return [*facts, ("原文", words[0]), ("答复内容", words[1])]


def _line(row: Message) -> str:
    at = f"{shanghai(row.received_at):%m-%d %H:%M:%S}"
    return f"{row.id}  {at}  {STATES[row.state]}  {row.kind}  {row.rule}  {row.request_id}"
