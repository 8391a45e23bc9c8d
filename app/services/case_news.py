"""What shows anew on an open page of a case though nothing was said in it: a file came, an answer went.

Kept as one number that grows. It is raised last in a transaction: whoever waits for it holds nothing that
another who has raised it still wants. What a passive reply told raises it too (`app.dialogue.journal`).
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import case_notices, coordination
from models import Outbox
from models.coordination import CASE_NEWS


async def happened(session: AsyncSession) -> None:
    await coordination.bump(session, CASE_NEWS)


async def sent(session: AsyncSession, rows: Sequence[Outbox]) -> None:
    """The state of these has changed; those tell of cases or of something else."""
    if any(row.kind in case_notices.KINDS for row in rows):
        await happened(session)


async def version(session: AsyncSession) -> int:
    return await coordination.version(session, CASE_NEWS)
