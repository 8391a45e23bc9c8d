"""Claims that are brought, looked into and published, for tests of every edge."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import clarification_work, clarifications
from app.services.board_work import Seen
from app.services.clarification_evidence import Given
from app.services.clarification_writing import Written
from app.services.permissions import Standing
from models import Clarification, Staff, StaffState
from tests import making
from tests.conftest import NOON

CLAIM = "听说下个月电费要涨一倍"


def written(**given: Any) -> Written:
    filled: dict[str, Any] = {
        "title": "关于居民电价的说明",
        "told": ["下个月电费要涨一倍", "电费要涨价"],
        "verdict": "false",
        "short": "居民电价没有调整。电价由省发改委定，调整会提前公布。",
        "answer": "居民电价按省里的文件执行。\n\n有疑问请打 **95598**。",
        "evidence": [
            Given("省发改委电价文件", "https://example.gov.cn/price"),
            Given("本公司营销部答复"),
        ],
        "organ": "黄陵县供电公司营销部",
        "next_review_on": date(2027, 6, 1),
        **given,
    }
    return Written(**filled)


async def staff(session: AsyncSession, name: str) -> Standing:
    row = Staff(login=f"rumours-{name}", name=name, state=StaffState.ACTIVE, created_at=NOON)
    session.add(row)
    await session.flush()
    return Standing(row.id, row.name)


async def person(session: AsyncSession) -> int:
    return (await making.person(session)).person_id


async def brought(
    session: AsyncSession, person_id: int | None = None, words: str = CLAIM, heard: str = "wechat"
) -> Clarification:
    told = clarifications.checked(words, heard)
    return await clarifications.report(session, person_id, told, channel="chat", now=NOON)


def seen(row: Clarification, by: Standing) -> Seen:
    return Seen(row.public_id, row.version, by)


async def in_review(session: AsyncSession, row: Clarification, by: Standing, **given: Any) -> Clarification:
    await clarification_work.take(session, seen(row, by), NOON)
    await clarification_work.save(session, seen(row, by), written(**given), NOON)
    return await clarification_work.submit(session, seen(row, by), NOON)


async def published(session: AsyncSession, person_id: int | None = None, **given: Any) -> Clarification:
    """From the claim to the page, by two of staff made for it."""
    count = await session.scalar(sa.select(sa.func.count()).select_from(Staff))
    writer, approver = await staff(session, f"写{count}"), await staff(session, f"审{count}")
    claim = (given.get("told") or [CLAIM])[0]
    row = await in_review(session, await brought(session, person_id, claim), writer, **given)
    return await clarification_work.approve(session, seen(row, approver), NOON)
