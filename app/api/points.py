"""What the caller earned by coming to activities."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from app.api.description import documented
from app.api.gate import Caller
from app.api.routes import Route
from app.api.shapes import Strict
from app.dependencies import Now, ReadSession
from app.services import points

router = APIRouter(prefix="/me/points", tags=["我的报名"], route_class=Route)


class EarnedOut(Strict):
    sign_up_id: str = Field(examples=["m3n8p2q7r4s9t5vw"])
    activity_title: str = Field(examples=["春季健步走"])
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"], description="算在这一天所在的年份")
    times: int = Field(examples=[1], description="签到了几次；分几次办的可能多于 1")
    points: int = Field(examples=[5])


class PointsOut(Strict):
    this_year: int = Field(examples=[15])
    total: int = Field(examples=[40], description="历年一共")
    items: list[EarnedOut]


@router.get("", response_model=PointsOut, responses=documented(401), operation_id="getPoints")
async def mine(caller: Caller, session: ReadSession, now: Now) -> PointsOut:
    """我的积分，新的在前。记积分的活动签到才有，撤销签到就没有了。"""
    earned = await points.of_person(session, caller.known.person_id)
    items = [
        EarnedOut(
            sign_up_id=each.sign_up,
            activity_title=each.title,
            starts_at=each.at,
            times=each.times,
            points=each.points,
        )
        for each in earned
    ]
    return PointsOut(this_year=points.this_year(earned, now), total=points.total(earned), items=items)
