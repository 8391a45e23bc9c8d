"""`gonghui tags …`: who carries which tag, and so sees which menu."""

import getpass
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli.opening import acting, with_house
from app.cli.words import Commands
from app.menus import revisions
from app.menus.file import read_unchecked
from app.services import tags
from app.services.audiences import Audience

app = Commands(help="给人加标签，用来看分组菜单、收分组的回复；与微信公众平台上的标签是同一些。")

if TYPE_CHECKING:
    from app.jobs.menu_tags import Tagged

Result = TypeVar("Result")
Change = Callable[[AsyncSession, str, str, str, datetime], Awaitable[int | None]]
Who = Annotated[str, typer.Argument(help="openid，或本人实名留言、人工服务的编号，例如 RG-2026-0042")]
Tag = Annotated[str, typer.Argument(help="标签名，例如 职工；与 menus.yaml 里写的一样")]
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入办理过程", default_factory=getpass.getuser)]


@app.command(name="list")
def list_() -> None:
    """列出各个标签有多少人，和菜单里用到的标签。"""

    async def work(house: Any) -> list[str]:
        async with house.database.reading() as session:
            used, carriers = await _used(session), await tags.count_carriers(session)
        return [_line(tag, carriers.get(tag, 0), tag in used) for tag in sorted(used | carriers.keys())]

    for line in with_house(work) or ["还没有标签。"]:
        typer.echo(line)


@app.command()
def give(who: Who, tag: Tag, by: By) -> None:
    """给一个人加上标签，马上换成对应的菜单。"""
    typer.echo(_changed(tags.give, who, tag, by, done="已加上", otherwise="本来就有"))


@app.command()
def take(who: Who, tag: Tag, by: By) -> None:
    """去掉一个人的标签，马上换回别的菜单。"""
    typer.echo(_changed(tags.take, who, tag, by, done="已去掉", otherwise="本来就没有"))


def _changed(change: Change, who: str, tag: str, by: str, *, done: str, otherwise: str) -> str:
    async def work(house: Any) -> str:
        async with acting(house, f"tags {change.__name__}", by) as session:
            follower_id = await change(session, who, tag, by, house.clock.now())
        if follower_id is None:
            return f"{otherwise}「{tag}」，没有变化。"
        # After the commit: a call to WeChat may take long, and what it says can be worked out again.
        return f"{done}「{tag}」{_shown(await house.show_menus([follower_id]))}"

    return with_house(work)


def _shown(told: "Tagged | None") -> str:
    """What became of the follower's menu at WeChat."""
    if told is None:
        return "。"  # an account of this kind has one menu for all
    if not told.finished:
        return "，微信上一时没有改成，稍后自动再改。"
    return "，微信上的菜单已换好。" if told.given or told.taken else "，看到的菜单不变。"


async def _used(session: AsyncSession) -> set[str]:
    """The tags that the live menus and keywords ask for."""
    revision = await revisions.live(session)
    if revision is None:
        return set()
    file = read_unchecked(revision.text)
    asked = [each.when for each in file.menus_for] + [rule.when for rule in file.keywords if rule.when]
    return {tag for audience in asked for tag in _tags_of(audience)}


def _tags_of(audience: Audience) -> set[str]:
    return set(audience.tag).union(*(_tags_of(part) for part in audience.parts))


def _line(tag: str, carriers: int, used: bool) -> str:
    nobody = "，还没有人有" if not carriers else ""
    return f"{tag}  {carriers} 人" + (f"（菜单在用{nobody}）" if used else "（菜单没有用到）")
