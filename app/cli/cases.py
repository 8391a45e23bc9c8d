"""`gonghui cases …`: staff look at cases, answer and close them; lawyers ask for more and hand on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import case_files, case_lines
from app.cli.staff_work import By, look, run, told
from app.cli.words import Commands
from app.services import case_facts, case_work, cases, consultation_work
from models import Case, CaseKind, CaseState

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="留言、人工服务和咨询：查看、答复、追问、转介、办结。")

Number = Annotated[str, typer.Argument(help="编号，例如 LY-2026-0042、FL-2026-0042")]


@app.command(name="list")
def list_(
    state: Annotated[CaseState | None, typer.Option(help="只看这种状态；不写就看未办结的")] = None,
    kind: Annotated[CaseKind | None, typer.Option(help="只看这一类：人工、留言、咨询等")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """列出事项，最早到期的在前；离法定期限近的和有危险的最前，等本人补充的咨询最后。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        found = await case_work.list_cases(session, kind=kind, state=state, limit=limit)
        now = house.clock.now()
        facts = await case_facts.read_all(session, found, now)
        return [case_lines.line(case, now, facts.get(case.id, case_facts.NOTHING)) for case in found]

    for line in look(work) or ["没有要办的事项。"]:
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
        facts = await case_facts.read(session, case, now)
        lines = [case_lines.line(case, now, facts)]
        lines += [*facts.warnings, *(f"{name}：{value}" for name, value in facts.rows)]
        lines += [case_lines.entry(entry, case, now) for entry in entries]
        if number_of_files := sum(len(cases.files_in(entry)) for entry in entries):
            command = f"gonghui cases files {case.number} --to 文件夹"
            lines.append(f"有 {number_of_files} 个附件，取出来看：{command}")
        return [*lines, f"联系电话：{phone}"] if phone else lines

    for line in run(work, by):
        typer.echo(line)


@app.command()
def answer(number: Number, text: Annotated[str, typer.Argument(help="答复内容")], by: By) -> None:
    """答复；能发就马上送到本人的微信，不能就等本人下次来说话时，匿名的也一样。"""

    async def work(house: "House", session: AsyncSession) -> str:
        now = house.clock.now()
        answered = await case_work.answer(session, number, text, by, now)
        return await told(house, session, answered.case, answered.notice, "已答复")

    typer.echo(run(work, by))


@app.command()
def ask(number: Number, text: Annotated[str, typer.Argument(help="要问本人的话")], by: By) -> None:
    """追问（咨询）：问题送给本人；等补充时停止计时，7 天没有补充会提醒，14 天自动办结。"""

    async def work(house: "House", session: AsyncSession) -> str:
        asked = await consultation_work.ask(session, number, text, by, house.clock.now())
        return await told(house, session, asked.case, asked.notice, "已问本人")

    typer.echo(run(work, by))


@app.command()
def refer(
    number: Number,
    to: Annotated[str, typer.Option("--to", help="转到哪里，例如 县法律援助中心")],
    consent: Annotated[str, typer.Option("--consent", help="本人什么时候、怎样单独同意的，记入办理过程")],
    by: By,
) -> None:
    """转介（咨询）：征得本人单独同意后，交给别的单位办。"""

    async def work(house: "House", session: AsyncSession) -> str:
        referred = await consultation_work.refer(session, number, to, consent, by, house.clock.now())
        return await told(house, session, referred.case, referred.notice, "已转介")

    typer.echo(run(work, by))


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

    typer.echo(f"{run(work, by).number} 已办结。")
