"""How an activity was, for the mini-program: what is asked, and one's own answers, without a name.

Answers come by PUT: no key of a call, and so nothing by which it could be found who sent them.
"""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import problems
from app.api.description import documented
from app.api.gate import Caller
from app.api.parties import Answer
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.services import activities, activity_feedback, crisis
from app.services.feedback_questions import LONGEST, FeedbackKind, load
from app.services.rating_notices import SCORES
from models import Activity

router = APIRouter(tags=["活动反馈"], route_class=Route)

LISTED = 20


class AskedActivityOut(Strict):
    activity_id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    title: str = Field(examples=["春季健步走"])
    ends_at: datetime = Field(examples=["2026-04-12T04:00:00Z"], description="活动结束的时间")


class AskedActivitiesOut(Strict):
    items: list[AskedActivityOut]


class ScoreOut(Strict):
    value: str = Field(examples=["5"], description="答案里写的")
    label: str = Field(examples=["很满意"])


class FeedbackQuestionOut(Strict):
    key: str = Field(examples=["f1"], description="answers 里的键")
    prompt: str = Field(examples=["这次活动办得怎么样？"])
    kind: FeedbackKind = Field(examples=["stars"])
    kind_label: str = Field(examples=["1 到 5 分"])
    options: list[str] = Field(examples=[[]], description="只有选择题有")
    required: bool = Field(examples=[True])


class FeedbackOut(Strict):
    title: str = Field(examples=["春季健步走"])
    questions: list[FeedbackQuestionOut]
    scores: list[ScoreOut] = Field(description="打分的题可以选的，高的在前")
    longest: int = Field(examples=[300], description="文字最多多少个字")
    answers: dict[str, str] = Field(examples=[{"f1": "5"}], description="我答的；还没有答是空的")
    closes_at: datetime = Field(examples=["2026-04-20T01:30:00Z"], description="到这时为止可以答，也可以改")
    promise: str = Field(examples=[activity_feedback.NAMELESS], description="请显示给本人看")
    danger: str = Field(examples=[""], description="不是空的就先显示它：该打哪个电话、先做什么")


class FeedbackIn(Strict):
    answers: dict[str, Answer] = Field(
        max_length=20, examples=[{"f1": "5", "f2": "路线好"}], description="全部的答案，没有改的也要写上"
    )


@router.get("/me/feedback", response_model=AskedActivitiesOut, operation_id="listFeedback")
async def listed(caller: Caller, session: ReadSession, now: Now) -> AskedActivitiesOut:
    """现在请我答反馈的活动，新的在前：我签到过，结束第二天起 7 天内。"""
    found = await activity_feedback.list_open_to(session, caller.known.person_id, now, LISTED)
    return AskedActivitiesOut(
        items=[
            AskedActivityOut(activity_id=each.public_id, title=each.title, ends_at=each.ends_at)
            for each in found
        ]
    )


@router.get(
    "/activities/{activity_id}/feedback",
    response_model=FeedbackOut,
    responses=documented(409),
    operation_id="getFeedback",
)
async def one(activity_id: PublicId, caller: Caller, session: ReadSession, now: Now) -> FeedbackOut:
    """一个活动问什么，我答过什么。没有签到的是 404，没有问或收完了的是 409。"""
    activity = await activities.get(session, activity_id)
    return await _as_it_is(session, activity, caller.known.person_id, now)


@router.put(
    "/activities/{activity_id}/feedback",
    response_model=FeedbackOut,
    responses=documented(409),
    operation_id="giveFeedback",
)
async def give(
    activity_id: PublicId, given: FeedbackIn, caller: Caller, session: WriteSession, now: Now
) -> FeedbackOut | Response:
    """答反馈，7 天内可以改，改的代替原来的。不记名，组织者看不到是谁答的。"""
    person_id = caller.known.person_id
    activity = await activities.get(session, activity_id)
    await activity_feedback.get_open(session, activity, person_id, now)
    danger = await crisis.heed(session, person_id, "\n".join(given.answers.values()), "api", now)
    try:
        await activity_feedback.give(session, activity, person_id, given.answers, now)
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    return await _as_it_is(session, activity, person_id, now, danger)


async def _as_it_is(
    session: AsyncSession, activity: Activity, person_id: int, now: datetime, danger: str = ""
) -> FeedbackOut:
    """Raises: as `activity_feedback.get_open`."""
    feedback = await activity_feedback.get_open(session, activity, person_id, now)
    return FeedbackOut(
        title=activity.title,
        questions=[
            FeedbackQuestionOut(
                key=each.key,
                prompt=each.prompt,
                kind=each.kind,
                kind_label=each.kind.label,
                options=list(each.options),
                required=each.required,
            )
            for each in load(feedback.questions)
        ],
        scores=[ScoreOut(value=str(score), label=said) for score, said in SCORES.items()],
        longest=LONGEST,
        answers=await activity_feedback.find_own(session, activity, person_id),
        closes_at=activity_feedback.closes_at(feedback),
        promise=activity_feedback.NAMELESS,
        danger=danger,
    )
