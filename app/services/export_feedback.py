"""What stands in an export of answers about activities, for as long as they are known to be somebody's."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.services import activity_feedback
from app.services.export_sources import Row, chapter
from app.services.export_values import day
from models import Activity


@chapter(
    "activity_feedback",
    "活动反馈",
    "feedback_answer.person_digest",
    activity="活动",
    answers="答的内容",
    on="日期",
)
async def _answers(session: AsyncSession, person_id: int) -> Sequence[Row]:
    rows = []
    for each in await activity_feedback.list_of(session, person_id):
        activity = await session.get_one(Activity, each.activity_id)
        feedback = await activity_feedback.find(session, activity)
        prompts = {} if feedback is None else activity_feedback.prompts(feedback)
        given: dict[str, str] = dict(each.answers)  # type: ignore[call-overload]
        told = {prompts.get(key, key): said for key, said in given.items()}
        rows.append({"activity": activity.title, "answers": told, "on": day(shanghai(each.day).date())})
    return rows
