"""`gonghui members changes …`: what members ask to have changed, approved or refused."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import case_lines
from app.cli.staff_work import By, decided, look, run
from app.cli.words import Commands
from app.clock import spoken
from app.services import case_work, member_change_work, member_words
from app.services.member_change_work import Listing
from models import OVER, ChangeKind, MemberChange

if TYPE_CHECKING:
    from app.assembly import House

app = Commands(help="会员申请的资料变更：换手机号、换微信号。")

Number = Annotated[str, typer.Argument(metavar="编号", help="例如 BG-2026-0001")]

_PROOFS = {"phone": "手机号后四位", "birth": "出生日期"}


@app.command(name="list")
def list_() -> None:
    """列出要办的变更申请，最早到期的在前。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        found = await member_change_work.list_open(session)
        return [_line(each, house.clock.now()) for each in found]

    for line in look(work) or ["没有要办的变更申请。"]:
        typer.echo(line)


@app.command()
def show(
    number: Number,
    by: By,
    whole: Annotated[bool, typer.Option("--whole", help="新手机号全部显示（会记入办理过程）")] = False,
) -> None:
    """看一件变更申请：谁、改什么、有没有异议、办到哪一步。"""

    async def work(house: "House", session: AsyncSession) -> list[str]:
        now = house.clock.now()
        listing = await member_change_work.get(session, number)
        if whole:
            await case_work.note(session, listing.case, "查看了新手机号", by, now)
        entries = await case_work.list_entries(session, listing.case)
        told = [f"  {case_lines.entry(each, listing.case, now)}" for each in entries]
        return [_line(listing, now), *_facts(listing.change, now, whole=whole), "经过：", *told]

    for line in run(work, by):
        typer.echo(line)


@app.command()
def approve(
    number: Number,
    by: By,
    despite: Annotated[
        str, typer.Option("--despite", help="原来的微信号有异议、核对后仍要通过时，写明怎样核对的")
    ] = "",
) -> None:
    """通过：花名册或绑定这就改好，告诉本人；换微信号要过了异议期。"""

    async def work(house: "House", session: AsyncSession) -> str:
        now = house.clock.now()
        done = await member_change_work.approve(session, number, by, now, despite=despite)
        return await decided(house, session, done.case, done.notice, "已通过")

    typer.echo(run(work, by))


@app.command()
def refuse(
    number: Number, reason: Annotated[str, typer.Argument(metavar="原因", help="本人会看到")], by: By
) -> None:
    """不通过，写明原因。"""

    async def work(house: "House", session: AsyncSession) -> str:
        done = await member_change_work.refuse(session, number, reason, by, house.clock.now())
        return await decided(house, session, done.case, done.notice, "未通过")

    typer.echo(run(work, by))


def _line(listing: Listing, now: datetime) -> str:
    case, change, member = listing.case, listing.change, listing.change.member
    parts = [
        case.number,
        change.what.label,
        case.state.label,
        f"{member.staff_number} {member.name}",
        member.branch.lineage,
    ]
    if case.state in OVER:
        return "  ".join(parts)
    if change.objected_at is not None:
        parts.append("有异议，要当面核对")
    elif change.objections_until is not None and now < change.objections_until:
        parts.append(f"异议期到 {spoken(change.objections_until, now)}")
    if case.first_answer_due_at is not None:
        late = "已超时" if case.first_answer_due_at < now else "最迟"
        parts.append(f"{late} {spoken(case.first_answer_due_at, now)}")
    return "  ".join(parts)


def _facts(change: MemberChange, now: datetime, *, whole: bool) -> list[str]:
    kept: Any = change.facts
    if not kept:
        return ["资料已过保存期限，已清除。"]
    if change.what is ChangeKind.PHONE:
        phone = str(kept["phone"])
        before = change.member.phone
        return [
            f"花名册里：{member_words.mask_phone(before) if before else member_words.NOTHING}",
            f"新手机号：{phone if whole else member_words.mask_phone(phone)}",
        ]
    lines = [f"申请人报对了工号、姓名和{_PROOFS[str(kept['proof'])]}"]
    if change.objected_at is not None:
        lines.append(f"原来的微信号 {spoken(change.objected_at, now)}提出了异议")
    return lines
