"""组队报名 for the mini-program: a team is made, joined by its id, seen, handed in.

Leaving is cancelling one's own sign-up (`sign_ups`); what is asked stands with the activity.
"""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import problems, tags
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.parties import Answer
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.api.sign_ups import applicant
from app.api.tags import IfMatch
from app.dependencies import InUse, Now, ReadSession, Shared, WriteSession
from app.errors import DomainError
from app.services import activities, crisis, sign_ups, team_rosters, teams
from app.services.sign_up_questions import answered
from app.services.sign_ups import Applicant
from app.services.team_rosters import Person, Roster
from models import Activity

router = APIRouter(tags=["组队报名"], route_class=Route)


class JoinIn(Strict):
    answers: dict[str, Answer] = Field(
        default_factory=dict, max_length=20, examples=[{"size": "M"}], description="按活动 questions 的 key"
    )
    safety_version: str = Field("", max_length=16, examples=[""], description="看完同意的是哪一版安全须知")


class TeamIn(JoinIn):
    name: str = Field(
        max_length=teams.NAME * 2, examples=["飞虎"], description=f"队名，最多 {teams.NAME} 个字"
    )


class CaptainIn(Strict):
    member_id: str = Field(max_length=16, examples=["m3n8p2q7r4s9t5vw"], description="people 里那一位的 id")


class TeamPersonOut(Strict):
    id: str | None = Field(examples=["m3n8p2q7r4s9t5vw"], description="请他出队、交队长时用；只给队长")
    name: str = Field(examples=["张伟"])
    is_captain: bool = Field(examples=[False])
    is_me: bool = Field(examples=[False])


class TeamOut(Strict):
    id: str = Field(examples=["t7m2p9q4r8s3t6vw"], description="谁有它，谁就能加入：转发给同事")
    name: str = Field(examples=["飞虎"])
    activity_id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    activity_title: str = Field(examples=["篮球赛"])
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    closes_at: datetime = Field(examples=["2026-04-10T10:00:00Z"], description="到时没有提交就解散了")
    label: str = Field(examples=["组队中"], description="现在怎样：组队中、候补中、已报名、已解散……")
    gathers: bool = Field(examples=[True], description="还没有提交，还能加人")
    count: int = Field(examples=[2], description="现在几人")
    least: int = Field(examples=[2])
    most: int = Field(examples=[3])
    captain: str = Field(examples=["李娜"], description="队长是谁；职工才看得到，别人是空的")
    people: list[TeamPersonOut] = Field(description="队里有谁，队长在前；不在队里的看不到，是空的")
    may_join: bool = Field(examples=[False])
    obstacle: str = Field(examples=[""], description="不能加入的原因，可以直接显示；在队里的是空的")
    may_submit: bool = Field(examples=[True], description="我是队长，人也够了：可以提交")
    address: str = Field(
        examples=["https://gh.example.cn/teams/t7m2p9q4r8s3t6vw"], description="网页上的这支队"
    )


class GatheredOut(Strict):
    danger: str = Field(examples=[""], description="不是空的就先显示它：该打哪个电话、先做什么")
    team: TeamOut


@router.post(
    "/activities/{activity_id}/teams",
    status_code=201,
    response_model=GatheredOut,
    responses=documented(409),
    operation_id="makeTeam",
)
async def make(
    activity_id: PublicId,
    given: TeamIn,
    caller: Caller,
    session: WriteOnce,
    now: Now,
    shared: InUse,
    response: Response,
) -> GatheredOut | Response:
    """建一支队，我是队长。已经是队长的，答现在的队。队里的人都还没有名额，提交以后才有。"""
    activity, who = await activities.get(session, activity_id), applicant(caller)
    said = "\n".join([given.name, *given.answers.values()])
    danger = await crisis.heed(session, who.person_id, said, "api", now)
    try:
        team = await teams.create(
            session,
            activity_id,
            who,
            given.name,
            answers=dict(answered(activity, given.answers)),
            accepted=given.safety_version,
            now=now,
        )
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    response.headers["Location"] = f"/api/v1/teams/{team.public_id}"
    return GatheredOut(danger=danger, team=await _as_it_is(session, team.public_id, who, now, shared))


@router.get("/teams/{team_id}", response_model=TeamOut, operation_id="getTeam")
async def one(team_id: PublicId, caller: Caller, session: ReadSession, now: Now, shared: InUse) -> TeamOut:
    """一支队。在队里的看得到有谁；别的职工看得到队长是谁、能不能加入。"""
    return await _as_it_is(session, team_id, applicant(caller), now, shared)


@router.post(
    "/teams/{team_id}/members",
    status_code=201,
    response_model=GatheredOut,
    responses=documented(409),
    operation_id="joinTeam",
)
async def join(
    team_id: PublicId, given: JoinIn, caller: Caller, session: WriteOnce, now: Now, shared: InUse
) -> GatheredOut | Response:
    """加入一支队。已经在这支队里的不算错。要退出，取消自己的报名（POST /me/sign-ups/{id}/cancel）。"""
    who = applicant(caller)
    activity = await session.get_one(Activity, await team_rosters.get_activity_id(session, team_id))
    danger = await crisis.heed(session, who.person_id, "\n".join(given.answers.values()), "api", now)
    try:
        answers = answered(activity, given.answers)
        await teams.join(session, team_id, who, answers=dict(answers), accepted=given.safety_version, now=now)
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    return GatheredOut(danger=danger, team=await _as_it_is(session, team_id, who, now, shared))


@router.post(
    "/teams/{team_id}/submission",
    response_model=TeamOut,
    responses=documented(403, 409),
    operation_id="submitTeam",
)
async def submit(
    team_id: PublicId,
    caller: Caller,
    session: WriteOnce,
    now: Now,
    shared: InUse,
    seen: IfMatch = None,
) -> TeamOut:
    """队长提交：名额够全队，全队报上；不够，全队一起候补。以后不能再加人；再做一次不算错。"""
    who = applicant(caller)
    await _unchanged(session, team_id, who, now, shared, seen)
    await teams.submit(session, team_id, who, now=now)
    return await _as_it_is(session, team_id, who, now, shared)


@router.put(
    "/teams/{team_id}/captain",
    response_model=TeamOut,
    responses=documented(403, 409),
    operation_id="handTeamOver",
)
async def hand_over(
    team_id: PublicId,
    given: CaptainIn,
    caller: Caller,
    session: WriteSession,
    now: Now,
    shared: InUse,
    seen: IfMatch = None,
) -> TeamOut:
    """把队长交给队里的另一位，他会收到通知。提交以后不能再换。"""
    who = applicant(caller)
    await _unchanged(session, team_id, who, now, shared, seen)
    await teams.hand_over(session, team_id, given.member_id, who, now=now)
    return await _as_it_is(session, team_id, who, now, shared)


@router.delete(
    "/teams/{team_id}/members/{member_id}",
    status_code=204,
    responses=documented(403, 409),
    operation_id="removeFromTeam",
)
async def remove(
    team_id: PublicId,
    member_id: PublicId,
    caller: Caller,
    session: WriteSession,
    now: Now,
    shared: InUse,
    seen: IfMatch = None,
) -> None:
    """队长请一位出队，他会收到通知。全队报上名以后，要退出由他自己取消。"""
    who = applicant(caller)
    await _unchanged(session, team_id, who, now, shared, seen)
    await teams.remove(session, team_id, member_id, who, now=now)


# --- parts -------------------------------------------------------------------------------------------------


async def _unchanged(
    session: AsyncSession, team_id: str, who: Applicant, now: datetime, shared: Shared, seen: str | None
) -> None:
    """Raises: NotFound; ApiRefusal 412: it is not as the caller saw it."""
    if seen is not None:
        # Nobody changes it between looking and doing.
        await sign_ups.lock(session, await team_rosters.get_activity_id(session, team_id))
        tags.check(seen, await _as_it_is(session, team_id, who, now, shared))


async def _as_it_is(
    session: AsyncSession, team_id: str, who: Applicant, now: datetime, shared: Shared
) -> TeamOut:
    """As this person may see it: the people are for themselves to see, whose it is for members.

    Raises: NotFound.
    """
    found = await team_rosters.roster(session, team_id)
    own, activity = found.own(who.person_id), found.activity
    obstacle = "" if own is not None else await teams.joining(session, found, who, now)
    leads = own is not None and own.is_captain
    captain = found.captain if who.facts.membership is not None else None
    return TeamOut(
        id=found.team.public_id,
        name=found.team.name,
        activity_id=activity.public_id,
        activity_title=activity.title,
        starts_at=activity.starts_at,
        closes_at=activity.closes_at,
        label=found.label,
        gathers=found.team.gathers,
        count=len(found.people),
        least=activity.team_least or 0,
        most=activity.team_most or 0,
        captain=captain.name if captain is not None else "",
        people=_people(found, own.code, leads=leads) if own is not None else [],
        may_join=own is None and not obstacle,
        obstacle=obstacle,
        may_submit=leads and found.team.gathers and not found.missing and activity.takes_sign_ups(now),
        address=f"{shared.public_url}{team_rosters.page_of(found.team)}",
    )


def _people(found: Roster, mine: str, *, leads: bool) -> Sequence[TeamPersonOut]:
    """With the ids of their sign-ups for the captain alone: a ticket's number begins like one."""
    return [_person(each, mine, leads=leads) for each in found.people]


def _person(person: Person, mine: str, *, leads: bool) -> TeamPersonOut:
    return TeamPersonOut(
        id=person.code if leads else None,
        name=person.name,
        is_captain=person.is_captain,
        is_me=person.code == mine,
    )
