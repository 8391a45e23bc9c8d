"""`gonghui cases …`: staff look at cases, answer and close them."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import case_files
from app.cli.words import Commands
from app.clock import spoken
from app.services import case_work, cases, deliveries
from app.services.deliveries import Obstacle
from models import Case, CaseEntry, CaseState, EntryKind

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="留言和人工服务：查看、答复、办结。")

Result = TypeVar("Result")
Number = Annotated[str, typer.Argument(help="编号，例如 LY-2026-0042")]
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入办理过程", default_factory=getpass.getuser)]

_WHO = {EntryKind.MEMBER: "来件", EntryKind.STAFF: "答复", EntryKind.NOTE: "备注", EntryKind.EVENT: "过程"}


_SENDING = "{number} 已答复，这就送到本人的微信。"
_WAITING = {
    Obstacle.NO_WINDOW: "本人 48 小时内没有来过，微信不让主动发；下次来说话时，开头就会看到。",
    Obstacle.SPENT: "这两天主动发的条数已用完；本人下次来说话时，开头就会看到。",
    Obstacle.NO_RIGHT: "账号未认证，不能主动发；本人下次来说话时，开头就会看到。",
    Obstacle.NOT_FOLLOWING: "本人已取消关注；再次关注时就会看到。",
    Obstacle.NO_OPENID: "本人没有关注公众号；在公众号里说话时就会看到。",
}
# Whether somebody was here lately would be a hint of who it is.
_UNNAMED = "{number} 已答复。能马上送到就马上送，不能就等本人下次来说话时，开头就会看到。"


def _run(work: Callable[["House", AsyncSession], Awaitable[Result]]) -> Result:
    from app.assembly import assemble  # noqa: PLC0415 - everything; `--help` needs none of it

    async def opened() -> Result:
        async with assemble() as house, house.database.transaction() as session:
            return await work(house, session)

    return asyncio.run(opened())


@app.command(name="list")
def list_(
    state: Annotated[CaseState | None, typer.Option(help="只看这种状态；不写就看未办结的")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """列出事项，最早到期的在前。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        found = await case_work.list_cases(session, state=state, limit=limit)
        return [_line(case, house.clock.now()) for case in found]

    for line in _run(work) or ["没有要办的事项。"]:
        typer.echo(line)


@app.command()
def show(
    number: Number,
    by: By,
    contact: Annotated[bool, typer.Option("--contact", help="查看实名者留的电话（会记入办理过程）")] = False,
) -> None:
    """看一件事项的全部过程。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        now = house.clock.now()
        case = await case_work.get_case(session, number)
        phone = await case_work.open_contact(session, number, by, now) if contact else ""
        entries = await case_work.list_entries(session, case)
        lines = [_line(case, now), *(_entry(entry, case, now) for entry in entries)]
        if number_of_files := sum(len(cases.files_in(entry)) for entry in entries):
            command = f"gonghui cases files {case.number} --to 文件夹"
            lines.append(f"有 {number_of_files} 个附件，取出来看：{command}")
        return [*lines, f"联系电话：{phone}"] if phone else lines

    for line in _run(work):
        typer.echo(line)


@app.command()
def answer(number: Number, text: Annotated[str, typer.Argument(help="答复内容")], by: By) -> None:
    """答复；能发就马上送到本人的微信，不能就等本人下次来说话时，匿名的也一样。"""

    async def work(house: "House", session: AsyncSession) -> str:
        now = house.clock.now()
        answered = await case_work.answer(session, number, text, by, now)
        case = answered.case
        if case.anonymous:
            return _UNNAMED.format(number=case.number)
        obstacle = await deliveries.obstacle(
            session,
            answered.notice,
            now,
            app_id=house.wechat.app_id,
            customer_messages=house.settings.wechat_account.is_certified,
        )
        told = _SENDING if obstacle is None else "{number} 已答复。" + _WAITING[obstacle]
        return told.format(number=case.number)

    typer.echo(_run(work))


@app.command()
def files(
    number: Number, to: Annotated[Path, typer.Option("--to", help="放到哪个文件夹，没有就新建")], by: By
) -> None:
    """取出一件事项的图片、语音和视频（会记入办理过程）。"""
    for line in case_files.take_out(number, to, by):
        typer.echo(line)


@app.command()
def close(number: Number, by: By) -> None:
    """办结。"""

    async def work(house: "House", session: AsyncSession) -> Case:
        return await case_work.close(session, number, by, house.clock.now())

    typer.echo(f"{_run(work).number} 已办结。")


def _line(case: Case, now: datetime) -> str:
    topic = f"（{cases.topic_label(case.topic)}）" if case.topic else ""
    who = "匿名" if case.anonymous else "实名"
    parts = [case.number, case.kind.label + topic, case.state.label, who]
    if case.state is CaseState.SUBMITTED and case.first_answer_due_at is not None:
        late = "已超时" if case.first_answer_due_at < now else "最迟答复"
        parts.append(f"{late} {spoken(case.first_answer_due_at, now)}")
    return "  ".join(parts)


def _entry(entry: CaseEntry, case: Case, now: datetime) -> str:
    # Of an anonymous case only the day is kept.
    when = spoken(entry.created_at, now)
    when = when.rpartition(" 0:00")[0] or when.removesuffix("0:00") if case.anonymous else when
    move = ""
    if entry.from_state is not None and entry.to_state is not None:
        move = f"{entry.from_state.label} → {entry.to_state.label}"
    by = f"（{entry.by}）" if entry.by else ""
    return f"{when} {_WHO[entry.kind]}{by} {' '.join(filter(None, (move, cases.text_of(entry))))}".rstrip()
