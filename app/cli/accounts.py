"""`gonghui accounts …`: the register of electricity accounts comes in, is looked at; bindings are undone."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli import account_lines
from app.cli.words import Commands
from app.clock import civil_date
from app.errors import DomainError, NotFound, OperatorError
from app.services import customer_moves, customer_registers, customer_sheets
from app.services.customer_registers import CHUNK

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="用电户号：导入登记、查看，解除绑定。")

Result = TypeVar("Result")
File = Annotated[Path, typer.Argument(metavar="FILE", help="户号登记，.xlsx 或 UTF-8 的 .csv 文件")]
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入日志", default_factory=getpass.getuser)]
Number = Annotated[str, typer.Argument(metavar="户号")]


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal is one sentence, and exit code 1."""
    try:
        yield
    except (DomainError, OperatorError) as refused:
        typer.echo(refused.message, err=True)
        raise typer.Exit(1) from None


def _run(work: Callable[["House"], Awaitable[Result]]) -> Result:
    from app.assembly import assemble  # noqa: PLC0415 - everything; `--help` needs none of it

    async def opened() -> Result:
        async with assemble() as house:
            return await work(house)

    with _refusals():
        return asyncio.run(opened())


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)


@app.command()
def template(file: File) -> None:
    """写出空白的户号登记模板，带填写说明。"""
    with _refusals():
        if file.exists():
            raise OperatorError(f"{file} 已经存在，没有覆盖；请换一个文件名。")
        try:
            with file.open("wb") as opened:
                customer_sheets.template(opened)
        except OSError as error:
            raise OperatorError(f"写不了 {file}：{type(error).__name__}") from None
    typer.echo(f"已写好 {file}。填好以后先看会怎样：gonghui accounts import {file} --preview")


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
        _print(account_lines.of_file(register))
        if register.wrong_lines:
            _print(account_lines.of_mistakes(register))
        if preview:
            async with house.database.reading() as session:
                outcome = await customer_registers.preview(session, register)
                verified = await customer_registers.count_verified(session)
            typer.echo("如果导入，会是这样（现在什么也没有改）：")
            _print(account_lines.of_outcome(outcome, samples=True))
            if not force:
                customer_registers.refuse_the_unlikely(outcome.losing, verified)
            return
        if register.wrong_lines and not skip_wrong:
            raise OperatorError("没有导入。请改好再试；或者加 --skip-wrong，跳过这些行，导入其余的。")
        outcome = await customer_registers.apply(
            house.database, house.clock, register, by=by, force=force, progress=_progress
        )
        typer.echo("已导入：")
        _print(account_lines.of_outcome(outcome, samples=False))

    _run(work)


def _progress(done: int, total: int) -> None:
    if total > CHUNK:
        typer.echo(f"已处理 {done}/{total} 行", err=True)


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

    _print(iter(_run(work)))


@app.command()
def show(number: Number) -> None:
    """一个户号的登记，和多少人绑定了它；户名、手机号和地址不全显示。"""

    async def work(house: "House") -> list[str]:
        now = house.clock.now()
        async with house.database.reading() as session:
            account = await customer_registers.find(session, number)
            bindings = await customer_registers.count_bindings(session, number)
            return list(account_lines.of_one(account, bindings, now))

    _print(iter(_run(work)))


@app.command()
def unbind(number: Number, by: By) -> None:
    """解除所有人对一个户号的绑定，例如客户本人要求；会告诉他们。"""

    async def work(house: "House") -> int:
        async with house.database.transaction() as session:
            return await customer_moves.unbind_by_staff(session, number, by=by, now=house.clock.now())

    found = _run(work)
    typer.echo(f"已解除 {found} 人的绑定，会告诉他们。" if found else "没有人绑定这个户号。")
