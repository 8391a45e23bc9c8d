"""A finished case by tap: five lines of an invitation, a thank-you, and words for who wants to say more.

The score is kept at the tap, whether or not anything follows; so the words are a talk of their own.
"""

from app.clock import shanghai
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import NotFound
from app.services import case_ratings
from app.services.case_ratings import LONGEST, Rated
from app.services.rating_notices import SCORES, label
from app.wechat.replies import Reply, Text
from handlers import lines
from models import CaseState

router = Router("rating")


# Confidential like the cases: what was tapped names one, and the words may tell everything.
@router.on("rating.give", title="评价", args=("vote",), confidential=True)
async def give(chat: Chat) -> Reply:
    """`vote` is a score and a number, 5-LY-2026-0042; anybody can make one up."""
    score, _, number = chat.args.get("vote", "").partition("-")
    if score not in map(str, SCORES):
        raise NotFound("没有认出这次评价，请点邀请里的一行。")
    rated = await case_ratings.rate(chat.session, chat.person.person_id, number, int(score), chat.at)
    return Text(_thanks(rated, int(score)))


@router.flow("rating.words", title="说说评价", version=1, args=("number",), confidential=True)
async def words(chat: Chat) -> Reply:
    number, person_id = chat.args.get("number", ""), chat.person.person_id
    await case_ratings.get_open(chat.session, person_id, number, chat.at)
    said = await chat.ask(
        "words",
        f"请说说哪里好、哪里还要改，{LONGEST} 字以内。不想说请回复「跳过」。",
        answers.optional(answers.Words(at_most=LONGEST)),
    )
    if said is None:
        return Text("好的，评分已经记下了，谢谢您。")
    await case_ratings.say(chat.session, person_id, number, said, chat.at)
    return Text("记下了，办理的同事会看到。谢谢您。")


def _thanks(rated: Rated, score: int) -> str:
    last = shanghai(rated.rating.ends_at)
    until = f"{last.month}月{last.day}日 {last:%H:%M} 前想改，再点一次邀请里的分数就行。"
    opening = f"谢谢您，{rated.case.number} 评了「{label(score)}」。"
    if rated.rating.is_unhappy:
        opening = f"谢谢您说实话，{rated.case.number} 评了「{label(score)}」。办理的同事会看，并和您联系。"
    due_at = rated.case.answer_due_at
    if rated.case.state is CaseState.REOPENED and due_at is not None:
        opening = f"谢谢您说实话，{rated.case.number} 重新办理。{lines.answered_by(due_at)}"
    more = lines.go("说两句", "rating.words", number=rated.case.number)
    asks = [] if rated.rating.words else [f"愿意多说的话，点这里：{more}"]
    return "\n".join([opening, *asks, until])
