"""Looking through the record of what staff did, and taking a part of it away as a workbook."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import day_begins, shanghai
from app.errors import NotFound
from app.services import act_codes, act_words, acts
from app.services.permissions import Right, Standing, scope
from models import Staff, StaffAct, StaffActSeal

BATCH: Final = 500
HEADS: Final = ("时间", "经办人", "渠道", "做了什么", "对象", "原因", "改动前后", "来自", "改动的原始记录")


def chosen(
    standing: Standing,
    *,
    by: str = "",
    act: str = "",
    subject: str = "",
    since: date | None = None,
    until: date | None = None,
) -> sa.Select[StaffAct]:
    """Acts that `standing` may read about: of branches in reach, and one's own.

    `by` is a public id of staff; `until` is included.
    """
    found = sa.select(StaffAct)
    reach = scope(standing, Right.AUDIT_READ)
    if not reach.everything:
        found = found.where(reach.holds(StaffAct.branch_id) | (StaffAct.staff_id == standing.staff_id))
    if by:
        found = found.where(
            StaffAct.staff_id == sa.select(Staff.id).where(Staff.public_id == by).scalar_subquery()
        )
    if act:
        found = found.where(StaffAct.act == act)
    if subject:
        found = found.where(StaffAct.subject == subject)
    if since is not None:
        found = found.where(StaffAct.at >= day_begins(since))
    if until is not None:
        found = found.where(StaffAct.at < day_begins(until, days=1))
    return found


async def get(session: AsyncSession, standing: Standing, public_id: str) -> StaffAct:
    """Raises: NotFound: none, or one that `standing` may not read about."""
    act = await session.scalar(chosen(standing).where(StaffAct.public_id == public_id))
    if act is None:
        raise NotFound("没有找到这条操作记录。")
    return act


async def is_sealed(session: AsyncSession, act: StaffAct) -> bool:
    return await session.scalar(sa.select(StaffActSeal.id).where(StaffActSeal.act_id == act.id)) is not None


async def each(session: AsyncSession, wanted: sa.Select[Any]) -> AsyncIterator[StaffAct]:
    """Oldest first, read in pieces."""
    after = 0
    while True:
        piece = wanted.where(StaffAct.id > after).order_by(StaffAct.id).limit(BATCH)
        found = (await session.scalars(piece)).all()
        for act in found:
            yield act
        if len(found) < BATCH:
            return
        after = found[-1].id
        session.expunge_all()


def line(act: StaffAct) -> list[str]:
    """As `HEADS` has it: what was changed in words, and last as it was put down, for who must prove it."""
    return [
        f"{shanghai(act.at):%Y-%m-%d %H:%M:%S}",
        act.by,
        act_codes.CHANNELS.get(act.channel, act.channel),
        acts.label(act.act),
        act.subject,
        act.reason or "",
        "\n".join(each.as_line for each in act_words.told(act)),
        act.address or "",
        json.dumps(act.changes, ensure_ascii=False) if act.changes else "",
    ]
