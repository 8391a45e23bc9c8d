"""Activities for the mini-program: what is on, one activity, and signing up for it.

Not here: how the caller stands to it (`activity_standing`), in teams (`teams`), for others (`colleagues`).
"""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from app import rich_text
from app.api import paging, problems
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.paging import Cursor, Size
from app.api.parties import ComingIn
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.api.sign_up_shapes import SignUpOut
from app.api.sign_ups import applicant, as_it_is
from app.dependencies import InUse, Now, ReadSession
from app.errors import DomainError
from app.services import (
    activities,
    crisis,
    eligibility,
    map_places,
    parties,
    quotas,
    safety_notices,
    series_rows,
    sign_ups,
    sittings,
    waiting_lists,
)
from app.services.audiences import Audience
from app.services.sign_up_questions import QuestionKind, answered, questions_of
from models import Activity, ActivityState, Allocation

router = APIRouter(prefix="/activities", tags=["活动"], route_class=Route)


class SessionOut(Strict):
    """分几次办的，其中一次；报一次名，每次都来。"""

    number: int = Field(examples=[1], description="第几次，从 1 开始")
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    ends_at: datetime = Field(examples=["2026-04-12T04:00:00Z"])
    title: str = Field(examples=["决赛"], description="可能是空的")
    place: str = Field(examples=["沮河公园"], description="没有另外写的，就是活动的地点")


class ActivityOut(Strict):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    title: str = Field(examples=["春季健步走"])
    summary: str = Field(examples=["沿沮河走 5 公里"])
    place: str = Field(examples=["沮河公园"])
    organiser: str = Field(examples=["工会办公室"])
    state: ActivityState = Field(examples=["registration_open"])
    state_label: str = Field(examples=["报名中"])
    opens_at: datetime = Field(examples=["2026-03-20T00:00:00Z"], description="报名开始")
    closes_at: datetime = Field(examples=["2026-04-10T10:00:00Z"], description="报名截止")
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    ends_at: datetime = Field(examples=["2026-04-12T04:00:00Z"])
    sessions: list[SessionOut] = Field(description="分几次办的，每一次，按时间；只办一次的是空的")
    takes_sign_ups: bool = Field(examples=[True], description="现在能不能报名")


class ListedOut(ActivityOut):
    more_dates: int = Field(
        examples=[0],
        description="本系列还有几场（除了这一场）；不是系列的是 0。各场的时间在 /activities/{id} 的 dates",
    )


class ActivityPage(Strict):
    items: list[ListedOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


class QuestionOut(Strict):
    key: str = Field(examples=["size"], description="报名时 answers 里的键")
    prompt: str = Field(examples=["衣服尺码？"])
    kind: QuestionKind = Field(examples=["choice"])
    options: list[str] = Field(examples=[["S", "M", "L"]], description="只有选择题有")
    required: bool = Field(examples=[True])


class MapOut(Strict):
    """在地图上的位置，GCJ-02 坐标。"""

    latitude: float = Field(examples=[35.584421])
    longitude: float = Field(examples=[109.270669])
    name: str = Field(examples=["沮河公园"])
    address: str = Field(examples=["桥山中路 12 号"], description="可能是空的")


class ConditionOut(Strict):
    heading: str = Field(examples=["年龄"])
    rule: str = Field(examples=["18 到 60 周岁，按活动开始那天算"])


class SafetyOut(Strict):
    text: str = Field(examples=["全程系好安全绳。"])
    version: str = Field(examples=["3f2a9c0d1e4b5a67"], description="看完同意以后，报名时放进 safety_version")


class QuotaOut(Strict):
    name: str = Field(examples=["北区分工会"], description="哪个组织的；最后一项可能是「其他人」")
    seats: int = Field(examples=[10])
    left: int = Field(examples=[3], description="还有几个；0 是满了，可以候补")


class TeamSizeOut(Strict):
    """要组队报名：POST /activities/{id}/teams 建队，别人用队的 id 加入，队长提交。"""

    least: int = Field(examples=[3], description="每队最少几人，含队长")
    most: int = Field(examples=[5])


class DateOut(Strict):
    """本系列的另一场。"""

    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    starts_at: datetime = Field(examples=["2026-04-19T01:00:00Z"])
    place: str = Field(examples=["沮河公园"])
    takes_sign_ups: bool = Field(examples=[True], description="现在能不能报名")


class WholeActivityOut(ActivityOut):
    capacity: int | None = Field(examples=[60], description="名额；null 是不限")
    left: int | None = Field(examples=[12], description="还有几个名额；0 是满了，可以候补")
    guests: int = Field(examples=[1], description="每人最多带几位同伴")
    map_place: MapOut | None = Field(description="地图上的位置，可以直接给 wx.openLocation；没有是 null")
    dates: list[DateOut] = Field(description="本系列还没开始的其他场，按时间；不是系列的没有")
    approval: bool = Field(examples=[False], description="报名要审核")
    allocation: Allocation = Field(
        examples=["first_come"],
        description="名额怎么分：first_come 先到先得，lot 报名截止后抽签，quota 按组织分",
    )
    quotas: list[QuotaOut] = Field(description="按组织分的，各有多少；别的是空的，分完以后大家共用时也是空的")
    audience: str = Field(examples=["女职工"], description="给谁的；空的是大家都能来")
    conditions: list[ConditionOut] = Field(description="还有哪些条件，没有是空的")
    safety: SafetyOut | None = Field(description="安全须知，没有是 null；先给人看完、同意，再报名")
    team: TeamSizeOut | None = Field(description="组队报名的，每队几人；各报各的是 null")
    points: int = Field(examples=[0], description="签到得几分；分几次办的每签到一次都得；不记积分是 0")
    colleagues: bool = Field(examples=[False], description="可以替同事报名：POST /activities/{id}/colleagues")
    names_guests: bool = Field(examples=[False], description="带同伴的，要填 companions")
    guardian_words: str = Field(
        examples=[""],
        description="同伴不满 14 周岁时请监护人看的话，{children}、{guardian} 换成名字；不登记同伴的是空的",
    )
    questions: list[QuestionOut]
    blocks: list[rich_text.Block] = Field(
        description="介绍", examples=[[{"type": "paragraph", "spans": [{"text": "穿运动鞋。"}]}]]
    )
    address: str = Field(examples=["https://gh.example.cn/activities/k7m2p9q4r8s3t6vw"])


class SignUpIn(ComingIn):
    safety_version: str = Field("", max_length=16, examples=[""], description="看完同意的是哪一版安全须知")


@router.get("", response_model=ActivityPage, operation_id="listActivities")
async def ahead(session: ReadSession, now: Now, limit: Size = 20, cursor: Cursor = None) -> ActivityPage:
    """近期活动。正在报名的在前，再按报名截止时间；一个系列只列最近能报名的一场，more_dates 是还有几场。"""
    last = paging.place("activities", cursor)
    begun, after = now, None
    if last is not None:
        begun = datetime.fromisoformat(last[0])
        after = (int(last[1]), datetime.fromisoformat(last[2]), int(last[3]))
    found = await activities.list_ahead(session, begun, limit + 1, after=after, once=True)
    page = found[:limit]
    dates = await series_rows.count_ahead(session, [each.series for each in page], now)
    more = len(found) > limit
    return ActivityPage(
        items=[
            ListedOut(**_facts(each, now), more_dates=max(0, dates.get(each.series, 0) - 1)) for each in page
        ],
        next=paging.cursor("activities", begun, *activities.place_of(page[-1], begun)) if more else None,
    )


@router.get("/{activity_id}", response_model=WholeActivityOut, operation_id="getActivity")
async def one(activity_id: PublicId, session: ReadSession, now: Now, shared: InUse) -> WholeActivityOut:
    """一个活动。不分是谁看；自己的报名在 /activities/{id}/mine。"""
    activity = await activities.get(session, activity_id)
    free, notice = await waiting_lists.free(session, activity, now), safety_notices.version(activity)
    on_map = map_places.load(activity.map_place)
    return WholeActivityOut(
        **_facts(activity, now),
        capacity=activity.capacity,
        left=None if activity.capacity is None else free.total,
        quotas=[
            QuotaOut(name=each.name, seats=each.seats, left=each.left)
            for each in quotas.list_left(activity, free)
        ],
        guests=activity.guests,
        map_place=MapOut(**on_map.for_wechat()) if on_map else None,
        dates=[
            DateOut(
                id=each.public_id,
                starts_at=each.starts_at,
                place=each.place,
                takes_sign_ups=each.takes_sign_ups(now),
            )
            for each in await series_rows.list_ahead(session, activity, now)
        ],
        approval=activity.approval,
        allocation=activity.allocation,
        audience=str(Audience.model_validate(activity.audience)) if activity.audience else "",
        conditions=[
            ConditionOut(heading=heading, rule=rule) for heading, rule in eligibility.conditions(activity)
        ],
        safety=SafetyOut(text=activity.safety_notice, version=notice) if notice else None,
        team=_team(activity),
        points=activity.points,
        colleagues=activity.colleagues,
        names_guests=activity.names_guests,
        guardian_words=parties.consent(activity, "{guardian}", "{children}") if activity.names_guests else "",
        questions=_questions(activity),
        blocks=list(rich_text.load(activity.blocks)),
        address=f"{shared.public_url}/activities/{activity.public_id}",
    )


@router.post(
    "/{activity_id}/sign-ups",
    status_code=201,
    response_model=SignUpOut,
    responses=documented(409),
    operation_id="signUp",
)
async def sign_up(
    activity_id: PublicId,
    given: SignUpIn,
    caller: Caller,
    session: WriteOnce,
    now: Now,
    shared: InUse,
    response: Response,
) -> SignUpOut | Response:
    """报名。名额满了就是候补（state: waitlisted）。已经报过名的，答现在的报名。"""
    activity = await activities.get(session, activity_id)
    danger = await crisis.heed(session, caller.known.person_id, given.typed(), "api", now)
    try:
        entry = await sign_ups.sign_up(
            session,
            activity.id,
            applicant(caller),
            seats=given.seats,
            answers=dict(answered(activity, given.answers)),
            party=given.party(),
            accepted=given.safety_version,
            now=now,
        )
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    response.headers["Location"] = f"/api/v1/me/sign-ups/{entry.public_id}"
    return await as_it_is(session, entry.public_id, caller.known.person_id, now, shared, danger)


def _questions(activity: Activity) -> list[QuestionOut]:
    return [
        QuestionOut(
            key=each.key,
            prompt=each.prompt,
            kind=each.kind,
            options=list(each.options),
            required=each.required,
        )
        for each in questions_of(activity)
    ]


def _team(activity: Activity) -> TeamSizeOut | None:
    least, most = activity.team_least, activity.team_most
    return TeamSizeOut(least=least, most=most) if least is not None and most is not None else None


def _facts(activity: Activity, now: datetime) -> dict[str, object]:
    return {
        "id": activity.public_id,
        "title": activity.title,
        "summary": activity.summary,
        "place": activity.place,
        "organiser": activity.organiser,
        "state": activity.state,
        "state_label": activity.state.label,
        "opens_at": activity.opens_at,
        "closes_at": activity.closes_at,
        "starts_at": activity.starts_at,
        "ends_at": activity.ends_at,
        "sessions": [
            SessionOut(
                number=each.number,
                starts_at=each.starts_at,
                ends_at=each.ends_at,
                title=each.title,
                place=each.place,
            )
            for each in sittings.of(activity)
            if each.key
        ],
        "takes_sign_ups": activity.takes_sign_ups(now),
    }
