"""What becomes of what people brought to 辟谣: when persons become one, an account is closed, time passes."""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import stored_files
from app.services.clarification_rows import OPEN, digest_of
from app.services.forgetting import Ids, Rule, Where, change
from models import Clarification, ClarificationReport

KEPT_FOR: Final = timedelta(days=180)  # who brought a claim, his words and pictures, after it was decided


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """One person turned out to be another: what he brought is the other's; what both brought, one's."""
    old, new = digest_of(gone), digest_of(stays)
    both = sa.select(ClarificationReport.clarification_id).where(ClarificationReport.person_digest == new)
    known = set(await session.scalars(both))
    for report in await _of(session, old):
        if report.clarification_id in known:
            less = sa.update(Clarification).where(Clarification.id == report.clarification_id)
            await change(
                session,
                less.values(reports=Clarification.reports - 1, version=Clarification.version + 1),
            )
            await stored_files.mark_deleted(session, report.files)
            await session.delete(report)
        else:
            report.person_digest, report.person = new, {"person_id": stays}
    await session.flush()


async def close(session: AsyncSession, person_id: int, channel: str, now: datetime) -> list[tuple[str, str]]:
    """The account is closed: the claim stays a claim; his words, pictures and that it was him go."""
    mine = await _of(session, digest_of(person_id))
    await _empty(session, mine)
    return [("反映的传言", f"{len(mine)} 条里您写的话和图片已删除，已经查不到是您")] if mine else []


async def _of(session: AsyncSession, digest: bytes) -> list[ClarificationReport]:
    mine = sa.select(ClarificationReport).where(ClarificationReport.person_digest == digest)
    locked = mine.order_by(ClarificationReport.id).with_for_update()
    return list(await session.scalars(locked.execution_options(populate_existing=True)))


async def _empty(session: AsyncSession, reports: list[ClarificationReport]) -> None:
    for report in reports:
        await stored_files.mark_deleted(session, report.files)
        report.person_digest = report.person = None
        report.words, report.files = None, []
    await session.flush()


def _is_over(now: datetime) -> Where:
    over = sa.select(Clarification.id).where(
        Clarification.state.not_in(OPEN), Clarification.decided_at <= now - KEPT_FOR
    )
    return ClarificationReport.clarification_id.in_(over), ClarificationReport.words.is_not(None)


async def _forget(session: AsyncSession, ids: Ids, now: datetime) -> int:
    due = sa.select(ClarificationReport).where(ClarificationReport.id.in_(ids), *_is_over(now))
    reports = list(await session.scalars(due.order_by(ClarificationReport.id).with_for_update()))
    await _empty(session, reports)
    return len(reports)


forget_reports = Rule("clarification_reports", ClarificationReport.id, _is_over, _forget)
