"""心理疏导: tell a counsellor what weighs on one, under any name or none. No rule lives here.

What comes after the first talk stands in `care`.
"""

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import care, hotlines
from app.services.advice_kinds import ADVICE
from app.services.care_facts import Intake
from app.services.care_topics import CounselTopic
from app.services.hotlines import Subject
from app.services.purposes import COUNSELLING
from app.wechat.replies import Reply, Text
from handlers import care_intake, consenting
from handlers.care import REFUSED
from models import CaseKind

router = Router("counselling")

KIND = CaseKind.COUNSELLING
ADVISER = ADVICE[KIND].adviser


@router.flow("counselling.intake", title="心理疏导", version=1, confidential=True)
async def intake(chat: Chat) -> Reply:
    """What it is about, in own words, and how to be called; the only write comes last."""
    if not await consenting.agreed(chat, COUNSELLING):
        return Text(f"{REFUSED}\n也可以直接打电话，不用说姓名：\n{hotlines.lines(Subject.MIND)}")
    topic = await chat.choose("topic", "想聊哪方面的事？", CounselTopic)
    story = await chat.ask(
        "story",
        "您慢慢说，想到哪儿说到哪儿。可以发文字、语音或图片，分几次发也行。发完回复「完成」。",
        answers.story,
    )
    called = await care_intake.ask_name(chat, ADVISER)
    wanted, contact = await care_intake.ask_how(chat, ADVISER)
    asked = Intake(topic, story.parts, called, wanted, contact)
    facts = [f"想聊：{topic.label}", *care_intake.summary_lines(asked, story), f"确认交给{ADVISER}吗？"]
    await chat.confirm("ok", "\n".join(facts))

    person = chat.person
    brought = await care.bring(
        chat.session, person.person_id, person.follower_id, asked, channel="chat", now=chat.at
    )
    return care_intake.told(chat, brought, KIND, f"谢谢您说出来，已交给{ADVISER}。")
