"""`gonghui audiences …`: how many people a `when` means, before a menu or an activity is made for them."""

import asyncio
from typing import Annotated

import typer
from pydantic import ValidationError

from app.cli.words import Commands
from app.clock import civil_date
from app.errors import OperatorError
from app.services import audience_rows
from app.services.audiences import Audience

app = Commands(help="人群：按会员、组织、人员类别、性别、标签、片区，数一数有多少人。")

Many = list[str] | None


@app.command()
def count(
    member: Annotated[bool, typer.Option("--member", help="绑定了工号的会员")] = False,
    branch: Annotated[Many, typer.Option(help="组织名（连同下级），可写多次")] = None,
    kind: Annotated[Many, typer.Option(help="人员类别：在职、劳务派遣、退休，可写多次")] = None,
    sex: Annotated[Many, typer.Option(help="性别：女、男")] = None,
    tag: Annotated[Many, typer.Option(help="标签名，可写多次")] = None,
    area: Annotated[Many, typer.Option(help="绑定了这个片区的户号，可写多次")] = None,
    activity: Annotated[Many, typer.Option(help="活动的标题或编号：在里面有名额的人")] = None,
    staff: Annotated[Many, typer.Option(help="工作人员的角色，如 律师：有这个角色、关联了微信的人")] = None,
    when: Annotated[str, typer.Option(help="照菜单文件的写法，如 {any: [{tag: 志愿者}, {kind: 退休}]}")] = "",
) -> None:
    """现在关注着公众号的人里，符合的有多少。什么都不写，数所有人。"""
    given: dict[str, object] = {"member": member, "branch": branch, "kind": kind, "sex": sex, "tag": tag}
    given |= {"area": area, "activity": activity, "staff": staff}
    words = {word: values for word, values in given.items() if values}
    if when and words:
        raise OperatorError("--when 已经写全了，别的选项请写到它里面。")
    typer.echo(asyncio.run(_count(_audience(_written(when) if when else words))))


def _written(when: str) -> object:
    from ruamel.yaml import YAML  # noqa: PLC0415 - `--help` does without
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        return YAML(typ="safe").load(when)
    except YAMLError:
        raise OperatorError("--when 的写法不对，请检查括号、冒号和引号。") from None


def _audience(written: object) -> Audience | None:
    try:
        return Audience.model_validate(written) if written else None
    except ValidationError as error:
        said = error.errors()[0]
        hint = said.get("ctx", {}).get("hint", "")
        words = said["msg"] if said["type"] == "said" else "写的内容不对。"
        *place, last = said["loc"] or ("when",)
        where = ".".join(map(str, place if place and isinstance(last, int) else (*place, last)))
        raise OperatorError(f"--{where}：{words}{hint}") from None


async def _count(audience: Audience | None) -> str:
    from app.assembly import assemble  # noqa: PLC0415 - everything; `--help` needs none of it

    async with assemble() as house, house.database.reading() as session:
        number = await audience_rows.count(session, audience, civil_date(house.clock.now()))
    return f"{audience or '所有关注的人'}，共 {number} 人"
