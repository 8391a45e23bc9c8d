"""`gonghui templates …`: which of the account's templates carries which notice."""

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.opening import acting, with_house
from app.cli.words import Commands
from app.errors import DomainError
from app.jobs.notice_templates import told_by
from app.services import notices
from models import AccountKind

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="通知模板：微信上有哪些模板消息和订阅通知，哪种通知用哪一个。")

Result = TypeVar("Result")
Notice = Annotated[str, typer.Argument(metavar="NOTICE", help="哪种通知，例如 crisis.alert")]


@app.command(name="list")
def list_() -> None:
    """列出微信上的模板和它们的字段，以及各种通知用的是哪一个。"""
    for line in with_house(listed):
        typer.echo(line)


@app.command()
def use(
    notice: Notice,
    template_id: Annotated[str, typer.Argument(metavar="ID", help="模板编号，见 templates list")],
    fields: Annotated[list[str], typer.Argument(metavar="FIELD=VALUE…", help="例如 thing1=事由 time2=时间")],
    by: Annotated[str, typer.Option("--by", help="谁定的", default_factory=getpass.getuser)],
) -> None:
    """让一种通知用这个模板，并说明每个字段填什么。"""
    typer.echo(with_house(lambda house: used(house, notice, template_id, fields, by)))


@app.command()
def drop(notice: Notice) -> None:
    """这种通知不再用模板。"""

    async def work(house: "House") -> str:
        account_id, _ = house.accounts[AccountKind.OFFICIAL]
        async with acting(house, "templates drop") as session:
            had = await notices.drop_template(session, account_id, notice)
        return f"「{notice}」不再用模板。" if had else f"「{notice}」本来就没有用模板。"

    typer.echo(with_house(work))


async def listed(house: "House") -> list[str]:
    lines = ["微信上的模板："]
    for template in await told_by(house.wechat):
        fields = " ".join(notices.fields_of(template.content))
        lines.append(f"  {template.template_id}  {template.title}  {fields}  {template.kind.label}")
    if len(lines) == 1:
        lines.append("  还没有。请先在微信公众平台「模板消息」和「订阅通知」里添加")
    lines.append("通知：")
    for kind, values in notices.NOTICES.items():
        async with house.database.reading() as session:
            chosen = await notices.find_template(session, house.settings.wechat_app_id, kind)
        told = " ".join(f"{field}={name}" for field, name in chosen.fields.items()) if chosen else ""
        lines.append(f"  {kind}  " + (f"用 {chosen.template_id}  {told}" if chosen else "没有用模板"))
        lines.append(
            f"    可以填：{'、'.join(f'{name}（如 {example}）' for name, example in values.items())}"
        )
    return lines


async def used(house: "House", notice: str, template_id: str, given: Sequence[str], by: str) -> str:
    """Raises: DomainError: no such template, or a field is missing, unknown, or cannot take its value."""
    found = await told_by(house.wechat)
    template = next((each for each in found if each.template_id == template_id), None)
    if template is None:
        raise DomainError(f"微信上没有模板 {template_id}，有哪些请看 gonghui templates list。")
    fields = {field: name for field, _, name in (each.partition("=") for each in given)}
    notices.check_carrier(notice, template.title, template.kind)
    notices.check_fields(template.title, template.content, fields)
    account_id, _ = house.accounts[AccountKind.OFFICIAL]
    async with acting(house, "templates use", by) as session:
        await notices.keep_templates(session, account_id, found, house.clock.now())
        await notices.map_template(session, account_id, notice, template_id, fields, by, house.clock.now())
        notices.check_values(notice, fields)
    return f"「{notice}」从现在起用模板「{template.title}」。"
