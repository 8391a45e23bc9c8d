"""每周精选 of the caller: this week's articles, and the switch."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.description import documented
from app.api.gate import Caller
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.services import digest_reading, digests

router = APIRouter(prefix="/me/digest", tags=["我"], route_class=Route)


class PickedOut(Strict):
    article_id: PublicId
    title: str = Field(examples=["夏季用电这样做更安全"])
    reason: str = Field(examples=["因为您常看安全用电"], description="为什么挑它，照原样给人看")


class DigestOut(Strict):
    on: bool = Field(examples=[False], description="是否订阅了，每周收一条")
    sent: str = Field(examples=["每周五 17:00"], description="什么时候发")
    items: list[PickedOut] = Field(description="本周的，最多 5 篇；没有新文章时是空的")


class DigestIn(Strict):
    """不订阅也能看本周的。"""

    on: bool = Field(examples=[True])


@router.get("", response_model=DigestOut, responses=documented(401), operation_id="getDigest")
async def this_week(caller: Caller, session: ReadSession, now: Now, shared: InUse) -> DigestOut:
    """本周精选：这周发给本人的那几篇；没有发过，就按本人的兴趣现挑。"""
    return await _out(session, caller.known.person_id, now, shared.digest_at.words)


@router.put("", response_model=DigestOut, responses=documented(401, 422), operation_id="switchDigest")
async def switch(
    caller: Caller, given: DigestIn, session: WriteSession, now: Now, shared: InUse
) -> DigestOut:
    """订阅或退订。"""
    person_id = caller.known.person_id
    if given.on:
        await digests.want(session, person_id, "miniprogram", now)
    else:
        await digests.stop(session, person_id, now)
    return await _out(session, person_id, now, shared.digest_at.words)


async def _out(session: AsyncSession, person_id: int, now: datetime, sent: str) -> DigestOut:
    picked = await digest_reading.this_week(session, person_id, now)
    items = [PickedOut(article_id=each.key, title=each.title, reason=each.reason) for each in picked]
    return DigestOut(on=await digests.is_wanted(session, person_id), sent=sent, items=items)
