"""`gonghui menus …`: check, try, compare, apply, push again and go back."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from app.cli.opening import acting, with_house
from app.cli.words import Commands
from app.clock import shanghai
from app.errors import DomainError, NotFound, OperatorError
from app.menus import pushes, revisions, trying
from app.menus.buttons import default_menu
from app.menus.file import load, read, read_applied
from app.menus.model import MenuFile
from app.menus.schema import SCHEMA, schema_text
from app.services.audit import does

app = Commands(help="菜单与关键词（menus.yaml）。")

Result = TypeVar("Result")
FileArgument = Annotated[Path | None, typer.Argument(help="菜单文件；不写就用设置里的那一份")]


def _run(work: Callable[[Any], Awaitable[Result]]) -> Result:
    """`work` with the house open; refusals are printed and end with code 1."""
    try:
        return with_house(work)
    except (OperatorError, DomainError) as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from None


def _checked(house: Any, file: Path | None) -> tuple[str, MenuFile]:
    path = file or house.settings.menus
    if not path.exists():
        raise OperatorError(f"没有这个文件：{path}")
    text = load(path)
    checked = read(text, house.known)
    default_menu(checked, house.settings.public_url)
    return text, checked


@app.command()
def check(file: FileArgument = None) -> None:
    """检查菜单文件，列出全部要改的地方。"""

    async def work(house: Any) -> MenuFile:
        return _checked(house, file)[1]

    checked = _run(work)
    for warning in checked.warnings:
        typer.echo(f"提醒：{warning}")
    buttons = sum(len(button.items or (button,)) for button in checked.menu)
    words = sum(len(rule.say) for rule in checked.keywords)
    typer.echo(f"没有问题：{buttons} 个按钮，{len(checked.menus_for)} 套分组菜单，{words} 个关键词。")


@app.command(name="try")
def try_(
    text: Annotated[str, typer.Argument(help="用户会发来的文字")],
    tag: Annotated[list[str] | None, typer.Option(help="假设这个人有此标签，可写多次")] = None,
    branch: Annotated[
        str | None, typer.Option(help="假设是这个组织的会员，如 黄陵供电公司工会/北区分工会")
    ] = None,
    kind: Annotated[str, typer.Option(help="假设的人员类别：在职、劳务派遣、退休")] = "在职",
    sex: Annotated[str | None, typer.Option(help="假设的性别：女、男")] = None,
    area: Annotated[list[str] | None, typer.Option(help="假设绑定了这个片区的户号，可写多次")] = None,
    at: Annotated[str | None, typer.Option(help="假设的时间，如 2026-10-01 10:00")] = None,
    live: Annotated[bool, typer.Option("--live", help="用正在生效的那一版，而不是文件")] = False,
) -> None:
    """看一句话会命中哪一条，为什么。"""

    async def work(house: Any) -> str:
        moment = trying.moment(at) if at else house.clock.now()
        file = await _live_file(house) if live else _checked(house, None)[1]
        facts = trying.supposed(tags=tag or (), branch=branch, kind=kind, sex=sex, areas=area or ())
        return trying.explain(file, house.known, text, moment, facts)

    typer.echo(_run(work))


async def _live_file(house: Any) -> MenuFile:
    async with house.database.reading() as session:
        revision = await revisions.live(session)
    if revision is None:
        raise NotFound("还没有生效的菜单。请先运行 menus apply。")
    return read_applied(revision.text, house.known)


@app.command()
def diff(file: FileArgument = None) -> None:
    """看文件与正在生效的菜单有什么不同。"""

    async def work(house: Any) -> str:
        text, checked = _checked(house, file)
        async with house.database.reading() as session:
            revision = await revisions.live(session)
        return revisions.compared(revision, text, checked)

    typer.echo(_run(work))


@app.command()
def apply(
    file: FileArgument = None,
    by: Annotated[str, typer.Option(help="谁改的")] = "命令行",
    note: Annotated[str, typer.Option(help="为什么改")] = "",
    again: Annotated[bool, typer.Option("--again", help="没有变化也重新发布到微信，同 menus push")] = False,
) -> None:
    """让菜单文件生效，并排队发布到微信。"""

    async def work(house: Any) -> str:
        text, _ = _checked(house, file)
        return await _changed(
            *(house, "menus.apply", by),
            lambda s, now: revisions.apply(s, text, house.known, by, note, now),
            again=again,
            reason=note or None,
        )

    typer.echo(_run(work))


@app.command()
def rollback(
    number: Annotated[int, typer.Argument(help="要恢复的版本号，见 menus history")],
    by: Annotated[str, typer.Option(help="谁恢复的")] = "命令行",
) -> None:
    """恢复以前的一版（成为新的一版）。"""

    async def work(house: Any) -> str:
        return await _changed(
            *(house, "menus.rollback", by),
            lambda s, now: revisions.rollback(s, number, house.known, by, now),
            restored=number,
        )

    typer.echo(_run(work))


@app.command()
def push(by: Annotated[str, typer.Option(help="谁发布的")] = "命令行") -> None:
    """把正在生效的菜单重新发布到微信。"""

    async def work(house: Any) -> str:
        async with acting(house, "menus push", by) as session:
            revision = await revisions.live(session)
            if revision is None:
                raise NotFound("还没有生效的菜单。请先运行 menus apply。")
            return await _push_again(house, session, revision)

    typer.echo(_run(work))


async def _push_again(house: Any, session: Any, revision: Any) -> str:
    if not house.settings.wechat_account.is_certified:
        raise OperatorError("未认证账号没有菜单接口，请在微信公众平台里手工设置菜单。")
    await pushes.plan_push(session, revision, house.known, house.settings.public_url, house.clock.now())
    does(session, "menus.push", f"第 {revision.number} 版")
    return f"第 {revision.number} 版正在重新发布到微信，进度见 menus history。"


async def _changed(
    house: Any,
    act: str,
    by: str,
    change: Callable[[Any, datetime], Awaitable[Any]],
    *,
    again: bool = False,
    reason: str | None = None,
    **details: Any,
) -> str:
    now = house.clock.now()
    async with acting(house, act.replace(".", " "), by) as session:
        revision, is_new = await pushes.put_in_force(
            session, lambda: change(session, now), house.known, house.settings.public_url, now
        )
        if not is_new:
            if again:
                return await _push_again(house, session, revision)
            return f"没有变化，仍是第 {revision.number} 版。"
        told = revision.difference
        does(session, act, f"第 {revision.number} 版", reason=reason, difference=told, **details)
    return f"第 {revision.number} 版已生效，正在发布到微信。\n{revision.difference}"


@app.command()
def history(limit: Annotated[int, typer.Option(help="最多几版")] = 20) -> None:
    """列出各版：谁、何时、改了什么、是否已发布到微信。"""

    async def work(house: Any) -> list[str]:
        async with house.database.reading() as session:
            found = await revisions.history(session, limit)
            return [await _line(session, revision) for revision in found]

    for line in _run(work) or ["还没有应用过菜单。"]:
        typer.echo(line)


async def _line(session: Any, revision: Any) -> str:
    when = shanghai(revision.created_at).strftime("%Y-%m-%d %H:%M")
    note = f"（{revision.note}）" if revision.note else ""
    state = await pushes.push_state(session, revision)
    changes = "".join(f"\n    {line}" for line in revision.difference.splitlines())
    return f"第 {revision.number} 版  {when}  {revision.applied_by}{note}  {state}{changes}"


@app.command()
def schema(write: Annotated[bool, typer.Option("--write", help=f"写入 {SCHEMA}")] = False) -> None:
    """给编辑器用的格式说明（JSON Schema）。"""
    if write:
        Path(SCHEMA).write_text(schema_text(), encoding="utf-8")
        typer.echo(f"已写入 {SCHEMA}。")
    else:
        typer.echo(schema_text(), nl=False)
