"""`gonghui adopt`: the first day on an account that has followers, tags, a menu and articles already."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.clock import spoken
from app.errors import OperatorError

if TYPE_CHECKING:
    from app.assembly import House
    from app.jobs.adopting import Plan
    from models import Walk

MenuPath = Annotated[
    Path | None, typer.Option("--menus", help="把微信上现有的菜单写成这个菜单文件；已有的文件不会覆盖")
]
DOING = {
    "list": "正在读关注者名单",
    "meet": "正在登记关注者",
    "miss": "正在核对已经离开的人",
    "tags": "正在读标签",
    "articles": "正在读已发布的文章",
    "tidy": "正在收尾",
    "done": "关注者、标签和文章都读完了",
}


def add_to(app: typer.Typer) -> None:
    app.command()(adopt)


def adopt(
    menus: MenuPath = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只说会做什么、要用多少额度，什么都不改")
    ] = False,
) -> None:
    """接手已有的公众号：读进关注者、标签、已发布的文章，写出现有的菜单。断了再运行一次，会接着做。"""
    if menus is not None and menus.exists():
        raise OperatorError(f"{menus} 已经存在，没有覆盖；请换一个文件名。")
    asyncio.run(_adopt(menus, dry_run=dry_run))


async def _adopt(menus: Path | None, *, dry_run: bool) -> None:
    from app import migrations  # noqa: PLC0415 - everything; `--help` needs none of it
    from app.assembly import assemble  # noqa: PLC0415
    from app.wechat.advice import advice  # noqa: PLC0415
    from app.wechat.errors import WeChatError  # noqa: PLC0415

    async with assemble() as house:
        if await migrations.current(house.database.reader) != migrations.newest():
            raise OperatorError("数据库还不是最新版本，请先运行 gonghui migrate")
        if not house.settings.wechat_account.is_certified:
            raise OperatorError("未认证账号没有读取关注者、标签和菜单的接口：谁来说话就登记谁，不用接手。")
        try:
            if dry_run:
                await _tell_plan(house)
            else:
                await _do(house, menus)
        except WeChatError as error:
            raise OperatorError(f"没有做完：{advice(error)}。再运行一次 gonghui adopt 会接着做。") from None


async def _tell_plan(house: "House") -> None:
    from app.jobs import adopting  # noqa: PLC0415

    plan = await adopting.plan(
        house.database,
        house.wechat,
        house.clock,
        _account(house),
        with_unionids=house.miniprogram is not None,
    )
    for line in plan_lines(plan, house):
        typer.echo(line)


def plan_lines(plan: "Plan", house: "House") -> list[str]:
    """What would be done, and what it takes."""
    articles = "没有权限读已发布的文章" if plan.articles is None else f"已发布的文章 {plan.articles} 次"
    lines = [f"微信上有关注者 {plan.followers} 人、标签 {len(plan.tags)} 个、{articles}。"]
    for each in plan.calls:
        enough = "" if each.needed <= each.left else "，今天不够"
        lines.append(f"{each.what}：要调用 {each.needed} 次，今天还可用 {max(each.left, 0)} 次{enough}")
    if plan.days > 1:
        lines.append(f"额度要分 {plan.days} 天用；当天的用到只剩一成就停，第二天再运行会接着做。")
    if plan.under_way is not None and plan.under_way.step.value != "done":
        began = spoken(plan.under_way.started_at, house.clock.now())
        lines.append(f"上一次（{began}）没有做完，会从「{DOING[plan.under_way.step.value]}」接着做。")
    return [*lines, "现在什么都没有改。"]


async def _do(house: "House", menus: Path | None) -> None:
    if menus is not None:
        await _write_menu(house, menus)
    from app.jobs import adopting  # noqa: PLC0415
    from app.jobs.budgets import NearlyUsedUp  # noqa: PLC0415
    from app.jobs.trails import Busy  # noqa: PLC0415
    from app.wechat.errors import QuotaUsedUp  # noqa: PLC0415

    progress = Progress()
    try:
        walk = await adopting.adopt(
            *(house.database, house.wechat, house.clock, _account(house)),
            with_unionids=house.miniprogram is not None,
            tell=progress.show,
        )
    except Busy:
        raise OperatorError("另一个进程正在读关注者；刚停掉的，一分半钟后再运行。") from None
    except (NearlyUsedUp, QuotaUsedUp) as used_up:
        progress.end()
        when = spoken(used_up.until, house.clock.now())
        typer.echo(f"今天的额度用到只剩一成，先停在这里。{when}以后再运行 gonghui adopt，会接着做。")
        raise typer.Exit(3) from None
    progress.end()
    for line in done_lines(walk):
        typer.echo(line)


def done_lines(walk: "Walk") -> list[str]:
    found = walk.counts.get
    return [
        f"关注者：微信上 {found('listed', 0)} 人，新登记 {found('met', 0)} 人，"
        f"又回来 {found('returned', 0)} 人，已离开 {found('left', 0)} 人。",
        f"标签：{found('tags', 0)} 个，加上 {found('tagged', 0)} 人次，去掉 {found('untagged', 0)} 人次。",
        f"文章：新收 {found('articles', 0)} 篇，在「工会动态」里能看到。",
        "以后每天凌晨 4 点自动核对一次。",
    ]


class Progress:
    """One line on a terminal that is written over; elsewhere a line for each step."""

    def __init__(self) -> None:
        self._over = sys.stderr.isatty()
        self._step = ""

    def show(self, walk: "Walk") -> None:
        listed, total = walk.counts.get("listed", 0), walk.counts.get("total", 0)
        words = DOING[walk.step.value]
        if walk.step.value in ("list", "meet"):
            words += f"：{walk.counts.get('met', 0) if walk.step.value == 'meet' else listed}/{total}"
        if self._over:
            typer.echo(f"\r\x1b[K{words}", nl=False, err=True)
        elif walk.step.value != self._step:
            typer.echo(words, err=True)
        self._step = walk.step.value

    def end(self) -> None:
        if self._over and self._step:
            typer.echo("", err=True)


async def _write_menu(house: "House", path: Path) -> None:
    from app.jobs import adopting  # noqa: PLC0415

    carried = await adopting.present_menu(
        house.wechat, house.known, account=await _name(house), public_url=house.settings.public_url
    )
    try:
        with path.open("x", encoding="utf-8") as opened:
            opened.write(carried.text)
    except OSError as error:
        raise OperatorError(f"写不了 {path}：{type(error).__name__}") from None
    typer.echo(f"现有的菜单已写成 {path}。")
    for line in carried.missing:
        typer.echo(f"  要您决定：{line}")


async def _name(house: "House") -> str:
    """The account's name as the live menu file has it."""
    from app.menus.file import read_unchecked  # noqa: PLC0415
    from app.menus.revisions import live  # noqa: PLC0415

    async with house.database.reading() as session:
        revision = await live(session)
    return read_unchecked(revision.text).account if revision else "请改成公众号的名称"


def _account(house: "House") -> int:
    from models import AccountKind  # noqa: PLC0415

    return house.accounts[AccountKind.OFFICIAL][0]
