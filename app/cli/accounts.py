"""`gonghui accounts …`: the register of electricity accounts comes in, is looked at; bindings are undone."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import account_lines
from app.cli.opening import acting
from app.cli.sheet_work import of_file, progress, refuse_wrong, run, show_lines, write_template
from app.cli.words import Commands
from app.clock import civil_date
from app.errors import NotFound
from app.services import customer_moves, customer_registers, customer_sheets
from app.services.audit import does

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="用电户号：导入登记、查看，解除绑定。")

File = Annotated[Path, typer.Argument(metavar="FILE", help="户号登记，.xlsx 或 UTF-8 的 .csv 文件")]
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入日志", default_factory=getpass.getuser)]
Number = Annotated[str, typer.Argument(metavar="户号")]


@app.command()
def template(file: File) -> None:
    """写出空白的户号登记模板，带填写说明。"""
    write_template(file, customer_sheets.template, "gonghui accounts import")


@app.command("import")
def import_(
    file: File,
    by: By,
    preview: Annotated[bool, typer.Option("--preview", help="只看会怎样，不导入")] = False,
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="跳过写错的行，导入其余的")] = False,
    force: Annotated[bool, typer.Option("--force", help="要重新核实的人特别多时，核对过仍要导入")] = False,
) -> None:
    """导入户号登记，按户号认户。写错的行全部指出来，改好之前一户也不导入。"""

    async def work(house: "House") -> None:
        register = customer_sheets.look(file, civil_date(house.clock.now()))
        show_lines(of_file(register, f"{register.usable} 户"))
        if preview:
            async with house.database.reading() as session:
                outcome = await customer_registers.preview(session, register)
                verified = await customer_registers.count_verified(session)
            typer.echo("如果导入，会是这样（现在什么也没有改）：")
            show_lines(account_lines.of_outcome(outcome, samples=True))
            if not force:
                customer_registers.refuse_the_unlikely(outcome.losing, verified)
            return
        refuse_wrong(register, skip_wrong=skip_wrong)
        outcome = await customer_registers.apply(
            house.database, house.clock, register, by=by, force=force, progress=progress
        )
        async with acting(house, "accounts import", by) as session:
            does(session, "customers.import", file=file.name, force=force)
        typer.echo("已导入：")
        show_lines(account_lines.of_outcome(outcome, samples=False))

    run(work)


@app.command("list")
def list_(
    area: Annotated[str | None, typer.Option(help="列出这个片区的户号")] = None,
    limit: Annotated[int, typer.Option(help="最多列多少户", min=1)] = 50,
) -> None:
    """各片区有多少户、多少人绑定；加 --area 列出一个片区的户号。"""

    async def work(house: "House") -> list[str]:
        async with house.database.reading() as session:
            areas = await customer_registers.list_areas(session)
            if area is None:
                return list(account_lines.of_areas(areas))
            found = await customer_registers.list_accounts(session, area, limit)
            if not found:
                raise NotFound(f"没有片区「{area}」的户号。")
            return list(account_lines.of_accounts(found, civil_date(house.clock.now())))

    show_lines(run(work))


@app.command()
def show(number: Number) -> None:
    """一个户号的登记，和多少人绑定了它；户名、手机号和地址不全显示。"""

    async def work(house: "House") -> list[str]:
        now = house.clock.now()
        async with house.database.reading() as session:
            account = await customer_registers.find(session, number)
            bindings = await customer_registers.count_bindings(session, number)
            return list(account_lines.of_one(account, bindings, now))

    show_lines(run(work))


@app.command()
def unbind(number: Number, by: By) -> None:
    """解除所有人对一个户号的绑定，例如客户本人要求；会告诉他们。"""

    async def work(house: "House") -> int:
        async with acting(house, "accounts unbind", by) as session:
            return await customer_moves.unbind_by_staff(session, number, by=by, now=house.clock.now())

    found = run(work)
    typer.echo(f"已解除 {found} 人的绑定，会告诉他们。" if found else "没有人绑定这个户号。")
