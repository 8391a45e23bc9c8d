"""`gonghui cases …`: staff look at cases, answer and close them."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.words import Commands
from app.clock import spoken
from app.services import case_work, cases
from models import Case, CaseEntry, CaseKind, CaseState, EntryKind

app = Commands(help="留言和人工服务：查看、答复、办结。")

Result = TypeVar("Result")
Number = Annotated[str, typer.Argument(help="编号，例如 LY-2026-0042")]
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入办理过程", default_factory=getpass.getuser)]

_KINDS = {CaseKind.DESK: "人工服务", CaseKind.FEEDBACK: "留言"}
_WHO = {EntryKind.MEMBER: "来件", EntryKind.STAFF: "答复", EntryKind.NOTE: "备注", EntryKind.EVENT: "过程"}


def _run(work: Callable[[AsyncSession, datetime], Awaitable[Result]]) -> Result:
    from app.assembly import assemble  # noqa: PLC0415 - everything; `--help` needs none of it

    async def opened() -> Result:
        async with assemble() as house, house.database.transaction() as session:
            return await work(session, house.clock.now())

    return asyncio.run(opened())


@app.command(name="list")
def list_(
    state: Annotated[CaseState | None, typer.Option(help="只看这种状态；不写就看未办结的")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """列出事项，最早到期的在前。"""

    async def work(session: AsyncSession, now: datetime) -> list[str]:
        found = await case_work.list_cases(session, state=state, limit=limit)
        return [_line(case, now) for case in found]

    for line in _run(work) or ["没有要办的事项。"]:
        typer.echo(line)


@app.command()
def show(
    number: Number,
    by: By,
    contact: Annotated[bool, typer.Option("--contact", help="查看实名者留的电话（会记入办理过程）")] = False,
) -> None:
    """看一件事项的全部过程。"""

    async def work(session: AsyncSession, now: datetime) -> list[str]:
        case = await case_work.get_case(session, number)
        phone = await case_work.open_contact(session, number, by, now) if contact else ""
        entries = await case_work.list_entries(session, case)
        lines = [_line(case, now), *(_entry(entry, case, now) for entry in entries)]
        return [*lines, f"联系电话：{phone}"] if phone else lines

    for line in _run(work):
        typer.echo(line)


@app.command()
def answer(number: Number, text: Annotated[str, typer.Argument(help="答复内容")], by: By) -> None:
    """答复；会送到本人的微信，匿名的也会。"""

    async def work(session: AsyncSession, now: datetime) -> Case:
        return await case_work.answer(session, number, text, by, now)

    typer.echo(f"{_run(work).number} 已答复，会送到本人的微信。")


@app.command()
def close(number: Number, by: By) -> None:
    """办结。"""

    async def work(session: AsyncSession, now: datetime) -> Case:
        return await case_work.close(session, number, by, now)

    typer.echo(f"{_run(work).number} 已办结。")


def _line(case: Case, now: datetime) -> str:
    topic = f"（{cases.topic_label(case.topic)}）" if case.topic else ""
    who = "匿名" if case.anonymous else "实名"
    parts = [case.number, _KINDS[case.kind] + topic, case.state.label, who]
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
