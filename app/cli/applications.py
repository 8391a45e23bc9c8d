"""`gonghui applications …`: a branch looks at 入会申请, asks for what is missing, approves or refuses."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import application_lines
from app.cli.staff_work import By, decided, look, run
from app.cli.words import Commands
from app.clock import civil_date
from app.errors import OperatorError
from app.services import application_work, applications, branches, case_work
from app.services.application_work import Admission
from app.services.sheet_cells import Wrong, day
from models import Branch, Case

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="入会申请：查看、接办、要求补正、通过或不通过。")

Number = Annotated[str, typer.Argument(metavar="编号", help="例如 RH-2026-0001")]


@app.command(name="list")
def list_(
    branch: Annotated[str | None, typer.Option(help="只看申请到这个组织和它下级的")] = None,
    over: Annotated[bool, typer.Option("--over", help="看办完的：通过、未通过、撤销")] = False,
) -> None:
    """列出入会申请，最早到期的在前，等本人补正的最后；超时和快到期的会标明。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        within = await branches.get(session, branch) if branch else None
        found = await application_work.list_open(session, branch=within, over=over)
        return application_lines.of_list(found, house.clock.now())

    for line in look(work):
        typer.echo(line)


@app.command()
def show(
    number: Number,
    by: By,
    whole: Annotated[
        bool, typer.Option("--whole", help="手机号和出生日期全部显示（会记入办理过程）")
    ] = False,
) -> None:
    """看一份申请：填了什么，办到哪一步。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        now = house.clock.now()
        case = await application_work.get(session, number)
        if whole:
            await application_work.open_facts(session, case, by, now)
        application = await applications.of_case(session, case)
        branch = await session.get(Branch, application.branch_id) if application.branch_id else None
        entries = await case_work.list_entries(session, case)
        return list(application_lines.of_one(case, application, branch, entries, now, whole=whole))

    for line in run(work, by):
        typer.echo(line)


@app.command()
def take(number: Number, by: By) -> None:
    """接办：开始审查，别人看得到是谁在办。"""

    async def work(house: "House", session: AsyncSession) -> Case:
        return await application_work.take(session, number, by, house.clock.now())

    typer.echo(f"{run(work, by).number} 由{by}接办。")


@app.command()
def ask(
    number: Number, text: Annotated[str, typer.Argument(metavar="内容", help="要补正的，一次写全")], by: By
) -> None:
    """要求补正：内容送给本人；等补正时停止计时，7 天没有补正会提醒，30 天按撤销处理。"""

    async def work(house: "House", session: AsyncSession) -> str:
        asked = await application_work.ask(session, number, text, by, house.clock.now())
        return await decided(house, session, asked.case, asked.notice, "已请本人补正")

    typer.echo(run(work, by))


@app.command()
def approve(
    number: Number,
    by: By,
    staff_number: Annotated[str, typer.Option("--number", help="工号；本人填了而且没有错的，不用写")] = "",
    branch: Annotated[str, typer.Option("--branch", help="组织；就是本人选的，不用写")] = "",
    joined_on: Annotated[str, typer.Option("--joined-on", help="入会日期，不写就是今天")] = "",
    name: Annotated[str, typer.Option("--name", help="本人填错了姓名时，写正确的")] = "",
    phone: Annotated[str, typer.Option("--phone", help="本人填错了手机号时，写正确的")] = "",
    born_on: Annotated[str, typer.Option("--born-on", help="本人填错了出生日期时，写正确的")] = "",
) -> None:
    """通过：写进花名册，给本人绑定，换成会员菜单，告诉本人。"""
    corrected = {
        field: said
        for field, said in {"name": name, "phone": phone, "born_on": born_on}.items()
        if said.strip()
    }

    async def work(house: "House", session: AsyncSession) -> str:
        now = house.clock.now()
        admission = Admission(staff_number, branch, _day(joined_on), corrected)
        done = await application_work.approve(session, number, admission, by, now)
        said = await decided(house, session, done.case, done.notice, "已通过")
        if done.member is None:
            return said
        today = civil_date(now)
        return f"{said}\n{await application_lines.of_member(session, done.member, today)}"

    typer.echo(run(work, by))


def _day(said: str) -> date | None:
    if not said.strip():
        return None
    try:
        return day(said)
    except Wrong as wrong:
        raise OperatorError(f"入会日期{wrong.message}。") from None


@app.command()
def refuse(
    number: Number, reason: Annotated[str, typer.Argument(metavar="原因", help="本人会看到")], by: By
) -> None:
    """不通过，写明原因。"""

    async def work(house: "House", session: AsyncSession) -> str:
        done = await application_work.refuse(session, number, reason, by, house.clock.now())
        return await decided(house, session, done.case, done.notice, "未通过")

    typer.echo(run(work, by))
