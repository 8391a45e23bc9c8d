"""`gonghui members …`: the roster comes in, is looked at, and the tree of branches is put in order."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import member_lines
from app.cli.opening import acting
from app.cli.sheet_work import of_file, progress, refuse_wrong, run, show_lines, write_template
from app.cli.words import Commands
from app.clock import civil_date
from app.errors import OperatorError
from app.services import binding, branches, members, merging, roster_sheets, roster_templates, rosters
from app.services.audit import does
from app.services.roster_rows import kind as kind_of
from app.services.sheet_cells import Wrong
from models import LINEAGE, MemberKind

if TYPE_CHECKING:
    from app.assembly import House
    from app.services.roster_sheets import Roster

app = Commands(help="会员花名册：导入、查看，整理组织。")

File = Annotated[Path, typer.Argument(metavar="FILE", help="花名册，.xlsx 文件")]
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入经过", default_factory=getpass.getuser)]
BranchPath = Annotated[
    str, typer.Argument(metavar="组织", help="例如 公司工会/北区分工会；名称不重复的只写名称")
]


# --- the roster


@app.command()
def template(file: File) -> None:
    """写出空白的花名册模板，带填写说明。"""
    write_template(file, roster_templates.template, "gonghui members import")


@app.command("import")
def import_(
    file: File,
    by: By,
    preview: Annotated[bool, typer.Option("--preview", help="只看会怎样，不导入")] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="这是全部在册的人：文件里没有的，从今天起离开")
    ] = False,
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="跳过写错的行，导入其余的")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="离开的人或新的组织特别多时，核对过仍要导入")
    ] = False,
) -> None:
    """导入花名册，按工号认人。写错的行全部指出来，改好之前一个人也不导入。"""

    async def work(house: "House") -> None:
        today = civil_date(house.clock.now())
        roster = roster_sheets.load(file, today)
        show_lines(of_file(roster, f"{len(roster.rows)} 人"))
        if preview:
            async with house.database.reading() as session:
                outcome = await rosters.preview(session, roster.rows, today)
            typer.echo("如果导入，会是这样（现在什么也没有改）：")
        else:
            _refuse(roster, skip_wrong=skip_wrong, complete=complete)
            outcome = await rosters.apply(
                *(house.database, house.clock, roster.rows),
                by=by,
                complete=complete,
                force=force,
                progress=progress,
            )
            async with acting(house, "members import", by) as session:
                does(session, "members.import", file=file.name, complete=complete, force=force)
            typer.echo("已导入：")
        show_lines(member_lines.of_outcome(outcome, complete=complete, samples=preview))
        if preview:
            rosters.refuse_the_unlikely(outcome, complete=complete, force=force)

    run(work)


def _refuse(roster: "Roster", *, skip_wrong: bool, complete: bool) -> None:
    refuse_wrong(roster, skip_wrong=skip_wrong)
    if roster.wrong_lines and complete:  # whose line is wrong would be taken for gone
        raise OperatorError("没有导入。用 --complete 时每一行都要正确，否则写错的人会被当作离开。")


@app.command("list")
def list_(
    branch: Annotated[str | None, typer.Option(help="只看这个组织和它下级的人")] = None,
    kind: Annotated[str | None, typer.Option(help="只看 在职、劳务派遣 或 退休 的人")] = None,
    left: Annotated[bool, typer.Option("--left", help="看已经离开的人")] = False,
) -> None:
    """列出会员。"""

    async def work(house: "House") -> list[str]:
        today = civil_date(house.clock.now())
        async with house.database.reading() as session:
            within = await branches.get(session, branch) if branch else None
            found = await members.list_all(session, today, branch=within, kind=_kind(kind), left=left)
            return [*(member_lines.of_member(each, today) for each in found), f"共 {len(found)} 人"]

    show_lines(run(work))


def _kind(said: str | None) -> MemberKind | None:
    try:
        return kind_of(said) if said else None
    except Wrong as wrong:
        raise OperatorError(f"人员类别{wrong.message}。") from None


@app.command()
def show(staff_number: Annotated[str, typer.Argument(metavar="工号")]) -> None:
    """一位会员的资料和经过；手机号和出生日期不全显示。"""

    async def work(house: "House") -> list[str]:
        now = house.clock.now()
        async with house.database.reading() as session:
            member = await members.get(session, staff_number)
            moves = await members.list_moves(session, member)
            return list(member_lines.of_one(member, moves, now, civil_date(now)))

    show_lines(run(work))


@app.command()
def unbind(staff_number: Annotated[str, typer.Argument(metavar="工号")], by: By) -> None:
    """解除一位会员的微信绑定：换了微信号，或者被别人绑定了。本人再绑定一次就行。"""

    async def work(house: "House") -> bool:
        async with acting(house, "members unbind", by) as session:
            return await binding.unbind_by_staff(
                session, staff_number, by=by, channel="cli", now=house.clock.now()
            )

    typer.echo("已解除绑定，请本人在公众号里重新绑定。" if run(work) else "这位会员没有绑定微信。")


@app.command()
def merges() -> None:
    """同一个人在公众号和小程序里绑定了不同工号的，列出来核对；解除错的那个，会自动合成一个人。"""

    async def work(house: "House") -> list[str]:
        async with house.database.reading() as session:
            found = await merging.list_refused(session)
        return [f"{civil_date(each.at)}  {each.reason}" for each in found]

    show_lines(run(work) or ["没有要核对的。"])


# --- branches


@app.command("branches")
def branches_(
    history: Annotated[bool, typer.Option("--history", help="看改过名、移动过的")] = False,
) -> None:
    """组织的树和人数，人数包括下级。"""

    async def work(house: "House") -> list[str]:
        async with house.database.reading() as session:
            if history:
                found = await branches.list_moves(session)
                return list(member_lines.of_branch_moves(found, house.clock.now())) or [
                    "没有改过名或移动过。"
                ]
            tree = await branches.list_tree(session, civil_date(house.clock.now()))
            return list(member_lines.of_tree(tree)) or ["还没有组织，导入花名册时会自动建好。"]

    show_lines(run(work))


@app.command("rename-branch")
def rename_branch(branch: BranchPath, name: Annotated[str, typer.Argument(metavar="新名称")], by: By) -> None:
    """给组织改名；下级和人都跟着，不用重新导入。"""

    async def work(house: "House") -> str:
        async with acting(house, "members rename-branch", by) as session:
            found = await branches.get(session, branch)
            await branches.rename(session, found, name, by=by, now=house.clock.now())
            return found.lineage

    typer.echo(f"已改为「{run(work)}」。以后的花名册里请写新的名称。")


@app.command("move-branch")
def move_branch(
    branch: BranchPath,
    parent: Annotated[str, typer.Argument(metavar="上级", help=f"新的上级组织；写 {LINEAGE} 表示放到最上面")],
    by: By,
) -> None:
    """把组织连同下级放到另一个组织下面。"""

    async def work(house: "House") -> str:
        async with acting(house, "members move-branch", by) as session:
            found = await branches.get(session, branch)
            above = None if parent == LINEAGE else await branches.get(session, parent)
            await branches.move(session, found, above, by=by, now=house.clock.now())
            return found.lineage

    typer.echo(f"现在是「{run(work)}」。以后的花名册里请这样写。")
