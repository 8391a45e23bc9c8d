"""`gonghui templates …`: which of the accounts' templates carries which notice."""

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
    from app.wechat.client import WeChatClient

app = Commands(help="通知模板：微信上有哪些模板消息和订阅通知，哪种通知用哪一个。")

Result = TypeVar("Result")
Mini = Annotated[bool, typer.Option("--miniprogram", help="小程序的订阅消息，不是公众号的")]
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
    miniprogram: Mini = False,
) -> None:
    """让一种通知用这个模板，并说明每个字段填什么。"""
    of = _kind(miniprogram)
    typer.echo(with_house(lambda house: used(house, notice, template_id, fields, by, of)))


@app.command()
def drop(notice: Notice, miniprogram: Mini = False) -> None:
    """这种通知不再用模板。"""

    async def work(house: "House") -> str:
        account_id = _account_id(house, _kind(miniprogram))
        async with acting(house, "templates drop") as session:
            had = await notices.drop_template(session, account_id, notice)
        return f"「{notice}」不再用模板。" if had else f"「{notice}」本来就没有用模板。"

    typer.echo(with_house(work))


async def listed(house: "House") -> list[str]:
    lines = []
    for of, (_, account) in house.accounts.items():
        lines.append(f"{of.label}在微信上的模板：")
        found = await told_by(_client(house, of), of)
        for template in found:
            fields = " ".join(notices.fields_of(template.content))
            lines.append(f"  {template.template_id}  {template.title}  {fields}  {template.kind.label}")
        if not found:
            lines.append("  还没有。请先在微信公众平台「模板消息」和「订阅通知」里添加")
        lines.append(f"{of.label}的通知：")
        lines += await _carried(house, account.app_id, of)
    return lines


async def _carried(house: "House", app_id: str, of: AccountKind) -> list[str]:
    """Two lines to each notice that a template of the account may carry."""
    lines = []
    for kind in notices.of_account(of):
        async with house.database.reading() as session:
            chosen = await notices.find_template(session, app_id, kind)
        told = " ".join(f"{field}={name}" for field, name in chosen.fields.items()) if chosen else ""
        lines.append(f"  {kind}  " + (f"用 {chosen.template_id}  {told}" if chosen else "没有用模板"))
        may_say = "、".join(f"{name}（如 {example}）" for name, example in notices.NOTICES[kind].items())
        lines.append(f"    可以填：{may_say}")
    return lines


async def used(
    house: "House",
    notice: str,
    template_id: str,
    given: Sequence[str],
    by: str,
    of: AccountKind = AccountKind.OFFICIAL,
) -> str:
    """Raises: DomainError: no such template, or a field is missing, unknown, or cannot take its value."""
    account_id = _account_id(house, of)
    found = await told_by(_client(house, of), of)
    template = next((each for each in found if each.template_id == template_id), None)
    if template is None:
        raise DomainError(f"微信上没有模板 {template_id}，有哪些请看 gonghui templates list。")
    fields = {field: name for field, _, name in (each.partition("=") for each in given)}
    notices.check_carrier(notice, template.title, template.kind)
    notices.check_fields(template.title, template.content, fields)
    async with acting(house, "templates use", by) as session:
        await notices.keep_templates(session, account_id, found, house.clock.now())
        await notices.map_template(session, account_id, notice, template_id, fields, by, house.clock.now())
        notices.check_values(notice, fields)
    return f"「{notice}」从现在起用模板「{template.title}」。"


def _kind(miniprogram: bool) -> AccountKind:
    return AccountKind.MINIPROGRAM if miniprogram else AccountKind.OFFICIAL


def _account_id(house: "House", of: AccountKind) -> int:
    """Raises: DomainError: there is no mini-program."""
    if of not in house.accounts:
        raise DomainError("没有启用小程序，请先在 .env 里填 GONGHUI_MINIPROGRAM_APP_ID。")
    return house.accounts[of][0]


def _client(house: "House", of: AccountKind) -> "WeChatClient":
    client = house.wechat if of is AccountKind.OFFICIAL else house.miniprogram
    assert client is not None  # it is one of the house's accounts
    return client
