"""How an activity was, by tap and in words: stars at once, the other questions one by one.

Confidential: the organiser is promised that nobody knows who answered what.
"""

from collections.abc import Sequence

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import NotFound
from app.services import activities, activity_feedback
from app.services.addresses import page
from app.services.feedback_questions import LONGEST, Asked, FeedbackKind, load
from app.services.rating_notices import SCORES, label
from app.wechat.replies import Reply, Text
from handlers import lines
from models import Activity

router = Router("activity_feedback")

LISTED = 8


@router.on("activity_feedback.stars", title="给活动打分", args=("vote",), confidential=True)
async def stars(chat: Chat) -> Reply:
    """`vote` is a score and an activity, 5-k7m2…; anybody can make one up."""
    score, _, name = chat.args.get("vote", "").partition("-")
    if score not in map(str, SCORES):
        raise NotFound("没有认出这次评分，请点消息里的一行。")
    activity = await activities.get(chat.session, name)
    await activity_feedback.rate(chat.session, activity, chat.person.person_id, score, chat.at)
    feedback = await activity_feedback.find(chat.session, activity)
    more = [] if feedback is None else load(feedback.questions)[1:]
    opening = f"谢谢您，「{activity.title}」打了「{label(int(score))}」。想改，再点一次别的分数就行。"
    if not more:
        return Text(opening)
    say = lines.go("接着答", "activity_feedback.say", activity=activity.public_id)
    return Text(f"{opening}\n还有 {len(more)} 个问题，愿意多说的话：{say}")


@router.flow("activity_feedback.say", title="活动反馈", version=1, args=("activity",), confidential=True)
async def say(chat: Chat) -> Reply:
    """All questions in their order; the only write comes last."""
    activity = await _chosen(chat)
    if activity is None:
        return Text(f"现在没有要您答的活动反馈。\n{lines.ACTIVITIES}")
    person_id = chat.person.person_id
    feedback = await activity_feedback.get_open(chat.session, activity, person_id, chat.at)
    given = await _answers(chat, load(feedback.questions))
    await activity_feedback.give(chat.session, activity, person_id, given, chat.at)
    address = page(f"/activities/{activity.public_id}/feedback")
    change = f'<a href="{address}">在网页上改</a>' if address else "再回复「活动反馈」改"
    return Text(f"记下了，谢谢您。{activity_feedback.NAMELESS}。这几天想改，可以{change}。")


async def _chosen(chat: Chat) -> Activity | None:
    if chat.args.get("activity"):
        return await activities.get(chat.session, chat.args["activity"])
    found = await activity_feedback.list_open_to(chat.session, chat.person.person_id, chat.at, LISTED)
    if not found:
        return None
    titles = {each.id: each.title for each in found}
    chosen = await chat.choose("activity", "说说哪个活动？不记名。", titles)
    return next(each for each in found if each.id == chosen)


async def _answers(chat: Chat, questions: Sequence[Asked]) -> dict[str, str]:
    given: dict[str, str] = {}
    with chat.within("asked"):
        for each in questions:
            given[each.key] = await _answer(chat, each)
    return given


async def _answer(chat: Chat, question: Asked) -> str:
    """Empty where it was left out."""
    if question.kind is FeedbackKind.TEXT:
        words = answers.Words(at_most=LONGEST)
        if question.required:
            return await chat.ask(question.key, question.prompt, words)
        prompt = f"{question.prompt}（不填请回复「跳过」）"
        return await chat.ask(question.key, prompt, answers.optional(words)) or ""
    options = {each: each for each in question.options}
    if question.kind is FeedbackKind.STARS:
        options = {str(score): label(score) for score in SCORES}
    if not question.required:
        options |= {"": "不选"}
    return await chat.choose(question.key, question.prompt, options)
