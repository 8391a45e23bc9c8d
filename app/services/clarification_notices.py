"""What those who brought a claim hear of it, each by himself: never who else did, nor how many.

A row names a person, so its key holds only a digest: the id of the claim would tell who brought it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import outbox
from models import Clarification, ClarificationReport, ClarificationUpdate
from models.sealing import keyring

PUBLISHED, REFUSED, UPDATED = "clarifications.published", "clarifications.refused", "clarifications.updated"
KINDS: Final[Mapping[str, str]] = {
    PUBLISHED: "反映的传言有核实结果",
    REFUSED: "反映的传言不受理",
    UPDATED: "反映的传言有更新",
}
LATER: Final = "回复「辟谣」可以看到。"


async def published(
    session: AsyncSession, row: Clarification, now: datetime, *, brought: int | None = None
) -> None:
    """`brought`: only who brought this other claim, which turned out to be the same."""
    verdict = row.verdict.label if row.verdict else ""
    words = f"您反映的说法有核实结果（{row.number}）：{verdict}。\n{row.short}\n{row.organ}。全文{LATER}"
    await _tell(session, row, brought or row.id, PUBLISHED, words, now)


async def refused(session: AsyncSession, row: Clarification, now: datetime) -> None:
    words = f"您反映的说法（{row.number}）没有受理：{row.reason}"
    await _tell(session, row, row.id, REFUSED, words, now)


async def updated(
    session: AsyncSession, row: Clarification, update: ClarificationUpdate, now: datetime
) -> None:
    changed = f"结论改为「{update.verdict.label}」。\n" if update.verdict else ""
    words = f"您反映过的说法有更新（{row.number}）：\n{changed}{update.text}\n全文{LATER}"
    await _tell(session, row, row.id, UPDATED, words, now)


async def _tell(
    session: AsyncSession, row: Clarification, brought: int, kind: str, words: str, now: datetime
) -> None:
    await session.flush()
    chosen = sa.select(ClarificationReport).where(ClarificationReport.clarification_id == brought)
    told: set[int] = set()
    for each in await session.scalars(chosen.order_by(ClarificationReport.id)):
        to = reporter_of(each)
        if to is None or to in told:
            continue
        told.add(to)
        mark = keyring().digest(f"{kind}:{row.id}:{row.version}:{to}", "clarification-told").hex()
        payload = {
            "type": "text",
            "content": words,
            outbox.SHORT: f"您反映的说法有消息，编号 {row.number}，{LATER}",
        }
        outbox.add(
            session,
            kind,
            key=f"clarification-told:{mark}",
            to=to,
            payload=payload,
            now=now,
            confidential=True,
        )


def reporter_of(report: ClarificationReport) -> int | None:
    """The person who brought it; None where nobody is known, or that was forgotten."""
    known = report.person
    return int(known["person_id"]) if isinstance(known, dict) else None
