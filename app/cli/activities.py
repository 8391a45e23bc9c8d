"""Activity commands for staff: `gonghui activities …`."""

import asyncio
from pathlib import Path

import typer

from app.assembly import assemble
from app.cli.opening import acting
from app.cli.words import Commands
from app.clock import civil_date, spoken
from app.errors import OperatorError
from app.rich_text import NotRichText
from app.services import (
    activities,
    activity_files,
    activity_reviews,
    approvals,
    participants,
    quotas,
    sittings,
)
from app.services.sign_up_questions import questions_of
from models import LIVE, Activity, SignUp, SignUpState

app = Commands(help="活动：发布、查看和审核报名、改名额、取消。")

CODES = typer.Argument(None, help="报名的代号，people 里有；不写就是全部待审核的")
IMPORTED = "从文件发布，没有经过审核"
UNREVIEWED = "从文件发布的不经工作台审核，马上能看到。"
BY = typer.Option(..., "--by", help="您的姓名，记在活动的经过里")


@app.command()
def add(file: Path, by: str = BY) -> None:
    """发布一个文件里的活动（写法见 docs/activities.md），不经工作台审核。"""
    for line in asyncio.run(_add(file, by)):
        typer.echo(line)


@app.command("list")
def list_() -> None:
    """未开始的活动和报名人数。"""
    for line in asyncio.run(_list()):
        typer.echo(line)


@app.command()
def people(activity: str) -> None:
    """一个活动的报名：先后、状态、回答。"""
    for line in asyncio.run(_people(activity)):
        typer.echo(line)


@app.command()
def approve(
    activity: str,
    codes: list[str] | None = CODES,
    by: str = BY,
) -> None:
    """审核通过，并告诉本人。"""
    typer.echo(asyncio.run(_approve(activity, codes or [], by)))


@app.command()
def reject(
    activity: str,
    sign_up: str = typer.Argument(..., help="报名的代号"),
    by: str = BY,
    reason: str = typer.Option(..., help="会告诉本人"),
) -> None:
    """审核不通过，名额让给候补的人。"""
    typer.echo(asyncio.run(_reject(activity, sign_up, by, reason)))


@app.command()
def capacity(activity: str, seats: int = typer.Argument(..., min=0)) -> None:
    """改名额。多出来的名额自动问候补的人；减少名额不会取消任何人。"""
    typer.echo(asyncio.run(_capacity(activity, seats)))


@app.command()
def cancel(activity: str, by: str = BY, reason: str = typer.Option("", help="会告诉每一位报名的人")) -> None:
    """取消活动，通知每一位报名和候补的人。"""
    typer.echo(asyncio.run(_cancel(activity, by, reason)))


async def _add(file: Path, by: str) -> list[str]:
    planned = activity_files.load(file)
    async with assemble() as house:
        now, lines = house.clock.now(), []
        async with acting(house, "activities add", by) as session:
            for each in planned:
                try:
                    values = each.values(civil_date(now), await quotas.from_names(session, each.quotas))
                except NotRichText as refused:
                    raise OperatorError(
                        f"「{each.title}」text 第 {refused.line} 行：{refused.message}"
                    ) from None
                made = await activities.create(session, values, by=by, now=now)
                await activities.publish(session, made.public_id, by=by, reason=IMPORTED, now=now)
                lines.append(f"{made.public_id}　{made.title}　{made.state.label}")
        reviewed = house.settings.activity_review != activity_reviews.NEVER
        return [*lines, UNREVIEWED] if reviewed and lines else lines


async def _list() -> list[str]:
    async with assemble() as house, house.database.reading() as session:
        now = house.clock.now()
        found = await activities.list_ahead(session, now, 200)
        counts = await participants.count_people(session, [each.id for each in found])
        return [
            f"{each.public_id}　{each.title}　{each.state.label}　{sittings.when(each, now)}　"
            f"名额 {'不限' if each.capacity is None else each.capacity}　{_counted(counts.get(each.id, {}))}"
            for each in found
        ] or ["近期没有活动。"]


def _counted(states: dict[str, int]) -> str:
    return "、".join(f"{label} {number}" for label, number in states.items()) or "还没有人报名"


async def _people(public_id: str) -> list[str]:
    async with assemble() as house, house.database.reading() as session:
        now = house.clock.now()
        activity = await activities.get(session, public_id, drafts=True)
        prompts = {question.key: question.prompt for question in questions_of(activity)}
        lines = [f"「{activity.title}」{activity.state.label}"]
        everybody = [who async for who in participants.each(session, activity)]
        everybody.sort(key=lambda who: (who.entry.signed_up_at, who.id))
        for number, who in enumerate(everybody, 1):
            entry = who.entry
            answers: dict[str, object] = dict(entry.answers)  # type: ignore[call-overload]
            said = "；".join(f"{prompts.get(key, key)}{value or '不填'}" for key, value in answers.items())
            said = "；".join([each for each in (said, *_agreed(activity, entry)) if each])
            place = f"{number}. " if entry.state in LIVE else "－ "
            people = f"{entry.people} 人　" if entry.people > 1 else ""
            code = f"代号 {entry.public_id}　" if entry.state is SignUpState.PENDING_APPROVAL else ""
            at = spoken(entry.signed_up_at, now)
            besides = f"{who.place_in_team}　" if who.team else f"{who.helper}替报　" if who.helper else ""
            lines.append(f"{place}{who.state.label}　{code}{people}{at}　{besides}{said}".rstrip("　"))
        return lines


def _agreed(activity: Activity, entry: SignUp) -> list[str]:
    return [f"{heading}：{words}" for heading, words in participants.agreed(activity, entry) if words]


async def _approve(public_id: str, codes: list[str], by: str) -> str:
    async with assemble() as house, acting(house, "activities approve", by) as session:
        let_in = await approvals.approve(session, public_id, codes, by=by, now=house.clock.now())
        return f"通过 {len(let_in)} 份报名，将通知本人。" if let_in else "没有待审核的报名。"


async def _reject(public_id: str, code: str, by: str, reason: str) -> str:
    async with assemble() as house, acting(house, "activities reject", by) as session:
        await approvals.reject(session, public_id, code, by=by, reason=reason, now=house.clock.now())
        return "已记为未通过，将通知本人。"


async def _capacity(public_id: str, seats: int) -> str:
    async with assemble() as house, acting(house, "activities capacity") as session:
        activity = await activities.set_capacity(session, public_id, seats, now=house.clock.now())
        return f"「{activity.title}」现在有 {seats} 个名额。"


async def _cancel(public_id: str, by: str, reason: str) -> str:
    async with assemble() as house, acting(house, "activities cancel", by) as session:
        told = await activities.call_off(session, public_id, by=by, reason=reason, now=house.clock.now())
        return f"已取消，将通知 {told} 位。"
