"""What is counted of the caller's interests, deleting it, and the switch."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.description import documented
from app.api.gate import Caller
from app.api.routes import Route
from app.api.shapes import Strict
from app.dependencies import Now, ReadSession, WriteSession
from app.services import interests

router = APIRouter(prefix="/me/interests", tags=["我"], route_class=Route)

Topic = Annotated[str, Path(max_length=40, examples=["news:union"], description="兴趣的编号")]


class InterestOut(Strict):
    topic: str = Field(examples=["news:union"], description="编号，删除时用")
    label: str = Field(examples=["工会动态"])
    count: int = Field(examples=[3], description="看过几次")
    last_at: datetime = Field(examples=["2026-11-23T04:00:00Z"])


class InterestsOut(Strict):
    on: bool = Field(examples=[True], description="个性化推荐是否打开")
    items: list[InterestOut]


class SwitchIn(Strict):
    """关闭后马上停止记，已经记下的全部删除。"""

    on: bool = Field(examples=[False])


@router.get("", response_model=InterestsOut, responses=documented(401), operation_id="getInterests")
async def mine(caller: Caller, session: ReadSession) -> InterestsOut:
    """我的兴趣，次数多的在前；只用来给「您可能想看」排序。"""
    return await _out(session, caller.known.person_id)


@router.put("", response_model=InterestsOut, responses=documented(401, 422), operation_id="switchInterests")
async def switch(caller: Caller, given: SwitchIn, session: WriteSession, now: Now) -> InterestsOut:
    """打开或关闭个性化推荐。"""
    await interests.switch(session, caller.known.person_id, now, on=given.on)
    return await _out(session, caller.known.person_id)


@router.delete("", status_code=204, responses=documented(401), operation_id="forgetInterests")
async def forget_all(caller: Caller, session: WriteSession, now: Now) -> None:
    """全部删除。"""
    await interests.forget_all(session, caller.known.person_id, now)


@router.delete(
    "/{topic}", status_code=204, responses=documented(401, 404, 422), operation_id="forgetInterest"
)
async def forget(caller: Caller, topic: Topic, session: WriteSession, now: Now) -> None:
    """删除一项。"""
    await interests.forget_one(session, caller.known.person_id, topic, now)


async def _out(session: AsyncSession, person_id: int) -> InterestsOut:
    found = await interests.list_own(session, person_id)
    items = [
        InterestOut(
            topic=each.topic, label=interests.label_of(each.topic), count=each.count, last_at=each.last_at
        )
        for each in found
    ]
    return InterestsOut(on=await interests.is_on(session, person_id), items=items)
