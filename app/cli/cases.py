"""`gonghui cases …`: staff look at cases, answer and close them; lawyers ask for more and hand on."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import case_files, case_lines
from app.cli.words import Commands
from app.services import case_work, cases, consultation_work, consultations, deliveries
from app.services.case_work import Answered
from app.services.deliveries import Obstacle
from models import Case, CaseKind, CaseState

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="留言、人工服务和法律咨询：查看、答复、追问、转介、办结。")

Result = TypeVar("Result")
Number = Annotated[str, typer.Argument(help="编号，例如 LY-2026-0042、FL-2026-0042")]
By = Annotated[str, typer.Option("--by", help="经办人姓名，记入办理过程", default_factory=getpass.getuser)]

_SENDING = "这就送到本人的微信。"
_WAITING = {
    Obstacle.NO_WINDOW: "本人 48 小时内没有来过，微信不让主动发；下次来说话时，开头就会看到。",
    Obstacle.SPENT: "这两天主动发的条数已用完；本人下次来说话时，开头就会看到。",
    Obstacle.NO_RIGHT: "账号未认证，不能主动发；本人下次来说话时，开头就会看到。",
    Obstacle.NOT_FOLLOWING: "本人已取消关注；再次关注时就会看到。",
    Obstacle.NO_OPENID: "本人没有关注公众号；在公众号里说话时就会看到。",
}
# Whether somebody was here lately would be a hint of who it is.
_UNNAMED = "能马上送到就马上送，不能就等本人下次来说话时，开头就会看到。"


def _run(work: Callable[["House", AsyncSession], Awaitable[Result]]) -> Result:
    from app.assembly import assemble  # noqa: PLC0415 - everything; `--help` needs none of it

    async def opened() -> Result:
        async with assemble() as house, house.database.transaction() as session:
            return await work(house, session)

    return asyncio.run(opened())


@app.command(name="list")
def list_(
    state: Annotated[CaseState | None, typer.Option(help="只看这种状态；不写就看未办结的")] = None,
    kind: Annotated[CaseKind | None, typer.Option(help="只看这一类：人工、留言、法律咨询")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """列出事项，最早到期的在前；法律咨询里离法定期限近的最前，等本人补充的最后。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        found = await case_work.list_cases(session, kind=kind, state=state, limit=limit)
        facts = await consultations.facts_of_all(session, found)
        return [case_lines.line(case, house.clock.now(), facts.get(case.id)) for case in found]

    for line in _run(work) or ["没有要办的事项。"]:
        typer.echo(line)


@app.command()
def show(
    number: Number,
    by: By,
    contact: Annotated[bool, typer.Option("--contact", help="查看实名者留的电话（会记入办理过程）")] = False,
) -> None:
    """看一件事项的全部过程。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        now = house.clock.now()
        case = await case_work.get_case(session, number)
        phone = await case_work.open_contact(session, number, by, now) if contact else ""
        entries = await case_work.list_entries(session, case)
        facts = (await consultations.facts_of_all(session, [case])).get(case.id)
        lines = [case_lines.line(case, now, facts)]
        lines += case_lines.facts_of(facts, now) if facts is not None else []
        lines += [case_lines.entry(entry, case, now) for entry in entries]
        if number_of_files := sum(len(cases.files_in(entry)) for entry in entries):
            command = f"gonghui cases files {case.number} --to 文件夹"
            lines.append(f"有 {number_of_files} 个附件，取出来看：{command}")
        return [*lines, f"联系电话：{phone}"] if phone else lines

    for line in _run(work):
        typer.echo(line)


@app.command()
def answer(number: Number, text: Annotated[str, typer.Argument(help="答复内容")], by: By) -> None:
    """答复；能发就马上送到本人的微信，不能就等本人下次来说话时，匿名的也一样。"""

    async def work(house: "House", session: AsyncSession) -> str:
        now = house.clock.now()
        answered = await case_work.answer(session, number, text, by, now)
        return await _told(house, session, answered, "已答复")

    typer.echo(_run(work))


@app.command()
def ask(number: Number, text: Annotated[str, typer.Argument(help="要问本人的话")], by: By) -> None:
    """追问（法律咨询）：问题送给本人；等补充时停止计时，7 天没有补充会提醒，14 天自动办结。"""

    async def work(house: "House", session: AsyncSession) -> str:
        asked = await consultation_work.ask(session, number, text, by, house.clock.now())
        return await _told(house, session, asked, "已问本人")

    typer.echo(_run(work))


@app.command()
def refer(
    number: Number,
    to: Annotated[str, typer.Option("--to", help="转到哪里，例如 县法律援助中心")],
    consent: Annotated[str, typer.Option("--consent", help="本人什么时候、怎样单独同意的，记入办理过程")],
    by: By,
) -> None:
    """转介（法律咨询）：征得本人单独同意后，交给别的单位办。"""

    async def work(house: "House", session: AsyncSession) -> str:
        told = await consultation_work.refer(session, number, to, consent, by, house.clock.now())
        return await _told(house, session, told, "已转介")

    typer.echo(_run(work))


async def _told(house: "House", session: AsyncSession, answered: Answered, done: str) -> str:
    """What was done, and when the member will hear of it."""
    if answered.case.anonymous:
        return f"{answered.case.number} {done}。{_UNNAMED}"
    obstacle = await deliveries.obstacle(
        session,
        answered.notice,
        house.clock.now(),
        app_id=house.wechat.app_id,
        customer_messages=house.settings.wechat_account.is_certified,
    )
    when = f"，{_SENDING}" if obstacle is None else f"。{_WAITING[obstacle]}"
    return f"{answered.case.number} {done}{when}"


@app.command()
def files(
    number: Number, to: Annotated[Path, typer.Option("--to", help="放到哪个文件夹，没有就新建")], by: By
) -> None:
    """取出一件事项的图片、语音和视频（会记入办理过程）。"""
    for line in case_files.take_out(number, to, by):
        typer.echo(line)


@app.command()
def close(number: Number, by: By) -> None:
    """办结。"""

    async def work(house: "House", session: AsyncSession) -> Case:
        return await case_work.close(session, number, by, house.clock.now())

    typer.echo(f"{_run(work).number} 已办结。")
