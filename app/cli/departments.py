"""`gonghui departments …`: to which departments complaints are handed, and who works there."""

from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.staff_work import By, look, run
from app.cli.words import Commands
from app.services import branches, departments, staff

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="投诉建议转给哪些部门，谁在那里办。")

Name = Annotated[str, typer.Argument(help="部门名称，例如 后勤部")]
Login = Annotated[str, typer.Argument(metavar="LOGIN", help="登录名，例如 li.na")]


@app.command(name="list")
def list_() -> None:
    """列出部门和办事的人。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        return [
            "  ".join(
                [
                    each.department.name,
                    each.branch or "整个工会",
                    "使用中" if each.department.active else "已停用",
                    "、".join(f"{person.name}（{person.login}）" for person in each.people) or "还没有人",
                ]
            )
            for each in await departments.list_all(session)
        ]

    for line in look(work) or ["还没有部门。用 gonghui departments add 添加。"]:
        typer.echo(line)


@app.command()
def add(
    name: Name,
    by: By,
    branch: Annotated[
        str, typer.Option(help="属于哪个组织，例如 公司工会/北区分工会；不写就是整个工会")
    ] = "",
) -> None:
    """添加部门。反映它所属组织的投诉建议，不会转给它。"""

    async def work(house: "House", session: AsyncSession) -> str:
        branch_id = (await branches.get(session, branch)).id if branch else None
        return (await departments.add(session, name, branch_id, house.clock.now())).name

    typer.echo(f"「{run(work, by)}」已添加。用 gonghui departments staff 把办事的人加进来。")


@app.command(name="staff")
def put_in(
    name: Name,
    login: Login,
    by: By,
    remove: Annotated[bool, typer.Option("--remove", help="移出部门")] = False,
) -> None:
    """把人加进部门，或移出；要先有「部门承办」的角色。"""

    async def work(house: "House", session: AsyncSession) -> str:
        department = await departments.get_named(session, name)
        who = await staff.get_by_login(session, login)
        if remove:
            await departments.take_out(session, department, who)
            return f"{who.name}已移出「{department.name}」。"
        await departments.put_in(session, department, who, house.clock.now())
        return f"{who.name}已加进「{department.name}」。"

    typer.echo(run(work, by))
