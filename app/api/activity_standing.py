"""How the caller stands to an activity: signed up or not, what he may do, and why he may not."""

from fastapi import APIRouter
from pydantic import Field

from app.api.gate import Caller
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.api.sign_up_shapes import SignUpOut
from app.api.sign_ups import applicant, as_it_is
from app.dependencies import InUse, Now, ReadSession
from app.services import activities, colleagues, quotas, sign_ups, teams, waiting_lists

router = APIRouter(prefix="/activities", tags=["活动"], route_class=Route)


class StandingOut(Strict):
    sign_up: SignUpOut | None = Field(description="我的报名；没有报过是 null")
    may_sign_up: bool = Field(examples=[True])
    obstacle: str = Field(examples=[""], description="不能报名的原因，可以直接显示")
    left: int | None = Field(examples=[3], description="我能用的名额还有几个；null 是不限")
    whose: str = Field(examples=["北区分工会"], description="按组织分名额的，我用哪个组织的；别的是空的")
    caution: str = Field(examples=[""], description="能报、要排在候补最后的原因，可以直接显示；一般是空的")
    may_make_team: bool = Field(examples=[False], description="可以建一支队；不用组队的活动是 false")
    team_obstacle: str = Field(examples=[""], description="组队报名的，不能建队的原因，可以直接显示")
    may_help: bool = Field(examples=[False], description="可以替同事报名")
    help_obstacle: str = Field(examples=[""], description="能替同事报名的活动，我不能的原因，可以直接显示")


@router.get("/{activity_id}/mine", response_model=StandingOut, operation_id="getActivityStanding")
async def mine(
    activity_id: PublicId, caller: Caller, session: ReadSession, now: Now, shared: InUse
) -> StandingOut:
    """我和这个活动。报过名的有 sign_up；没有报名的，能不能报、为什么不能。"""
    activity = await activities.get(session, activity_id)
    entry, who = await sign_ups.find_own(session, activity.id, caller.known.person_id), applicant(caller)
    own = await as_it_is(session, entry.public_id, who.person_id, now, shared) if entry is not None else None
    again = own is None or own.may_return
    obstacle, caution, alone, helping = "", "", "", ""
    if again:
        obstacle, caution = await sign_ups.outlook(session, activity, who, now)
    if again and activity.team_most:
        alone = await teams.outlook(session, activity, who, now)
    if activity.colleagues:
        helping = await colleagues.outlook(session, activity, who, now)
    free, membership = await waiting_lists.free(session, activity, now), who.facts.membership
    return StandingOut(
        sign_up=own,
        may_sign_up=again and not obstacle,
        obstacle=obstacle,
        left=None if activity.capacity is None else free.left(free.pool_of(membership)),
        whose=quotas.whose(free, membership),
        caution=caution,
        may_make_team=bool(activity.team_most) and again and not alone,
        team_obstacle=alone,
        may_help=activity.colleagues and not helping,
        help_obstacle=helping,
    )
