"""`gonghui staff …`: the first account, and whatever the console does not let anybody do."""

from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.staff_work import By, look, run
from app.cli.words import Commands
from app.errors import OperatorError
from app.services import branches, staff
from app.services.staff import Wanted
from models import Role

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="工作台的账号：邀请、列出、重置、停用。")

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="登录名，例如 li.na")]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="角色，可写多个；只管一个分会的写成 role@分会，例如 union_admin@公司工会/北区分工会。"
        f"角色有：{'、'.join(f'{role.value}（{role.label}）' for role in Role)}",
    ),
]


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="姓名")],
    by: By,
    role: Roles = None,
) -> None:
    """邀请一位工作人员；印出设密码的链接。不写角色就是管理整个工会的管理员。"""

    async def work(house: "House", session: AsyncSession) -> str:
        wanted = [await _wanted(session, each) for each in role or [Role.UNION_ADMIN.value]]
        made = await staff.invite(session, login, name, wanted, by=None, now=house.clock.now())
        return _told(house, made.secret)

    typer.echo(run(work, by))


@app.command(name="list")
def list_() -> None:
    """列出全部账号。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        ways = {each.id: each.lineage for each in await branches.list_all(session)}
        lines = []
        for each in await staff.list_all(session):
            held = "、".join(
                grant.role.label + (f"（{ways[grant.branch_id]}）" if grant.branch_id else "")
                for grant in each.grants
            )
            second = "，两步验证" if each.totp_secret else ""
            lines.append(f"{each.login}  {each.name}  {each.state.label}{second}  {held}")
        return lines

    for line in look(work) or ["还没有账号。用 gonghui staff add 邀请第一位。"]:
        typer.echo(line)


@app.command()
def reset(login: Login, by: By) -> None:
    """作废密码、两步验证、恢复码和所有登录，印出新链接；停用的账号也这样恢复。"""

    async def work(house: "House", session: AsyncSession) -> str:
        found = await staff.get_by_login(session, login)
        return _told(house, await staff.reset(session, found, by=None, now=house.clock.now()))

    typer.echo(run(work, by))


@app.command()
def disable(login: Login, by: By, reason: Annotated[str, typer.Option(help="原因")] = "") -> None:
    """停用一个账号，所有登录马上失效。"""

    async def work(house: "House", session: AsyncSession) -> str:
        found = await staff.get_by_login(session, login)
        await staff.disable(session, found, by=None, now=house.clock.now(), reason=reason)
        return f"{found.login}（{found.name}）已停用。"

    typer.echo(run(work, by))


@app.command()
def roles(login: Login, by: By, role: Roles = None) -> None:
    """换成这些角色。"""

    async def work(house: "House", session: AsyncSession) -> str:
        found = await staff.get_by_login(session, login)
        wanted = [await _wanted(session, each) for each in role or []]
        await staff.set_roles(session, found, wanted, by=None, now=house.clock.now())
        return f"{found.login} 的角色已更改。"

    typer.echo(run(work, by))


def _told(house: "House", secret: str) -> str:
    hours = int(staff.LINK_FOR.total_seconds()) // 3600
    return (
        f"请本人打开这个链接设密码（{hours} 小时内有效，只能用一次）：\n"
        f"{house.settings.public_url}/console/invited/{secret}"
    )


async def _wanted(session: AsyncSession, words: str) -> Wanted:
    """Raises: OperatorError: no such role. NotFound: no such branch."""
    name, _, branch = words.partition("@")
    try:
        role = Role(name)
    except ValueError:
        known = "、".join(role.value for role in Role)
        raise OperatorError(f"没有「{name}」这个角色。可以写：{known}。") from None
    return Wanted(role, (await branches.get(session, branch)).id if branch else None)
