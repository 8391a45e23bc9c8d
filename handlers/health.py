"""健康咨询: ask a doctor about one's health; never in the place of being examined. No rule lives here.

What comes after the first talk stands in `care`.
"""

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import care
from app.services.advice_kinds import ADVICE, NO_PRESCRIPTION
from app.services.care_facts import Doctor, Intake
from app.services.care_topics import HealthTopic
from app.services.purposes import HEALTH
from app.wechat.replies import Reply, Text
from handlers import care_intake, consenting
from handlers.care import REFUSED
from models import CaseKind

router = Router("health")

KIND = CaseKind.HEALTH
ADVISER = ADVICE[KIND].adviser
SINCE = answers.optional(answers.Words(at_most=60))


@router.flow("health.intake", title="健康咨询", version=1, confidential=True)
async def intake(chat: Chat) -> Reply:
    """What it is about, since when, in own words, and who looks after it; the only write comes last."""
    if not await consenting.agreed(chat, HEALTH):
        return Text(f"{REFUSED}\n急病请打 120，其他情况请去医院看。")
    topic = await chat.choose("topic", f"{NO_PRESCRIPTION}急病请打 120。\n想问哪方面的事？", HealthTopic)
    since = await chat.ask("since", "从什么时候起？例如 上个月、三年了。说不清请回复「跳过」。", SINCE)
    story = await chat.ask(
        "story",
        "请说说情况，体检报告、药盒可以拍照发来，也可以发语音，分几次发也行。发完回复「完成」。",
        answers.story,
    )
    doctor = await chat.choose("doctor", "有没有正在看的医生？", Doctor)
    called = await care_intake.ask_name(chat, ADVISER)
    wanted, contact = await care_intake.ask_how(chat, ADVISER)
    asked = Intake(topic, story.parts, called, wanted, contact, since or "", doctor)
    facts = [
        f"想问：{topic.label}",
        f"从：{since or '说不清'}",
        *care_intake.summary_lines(asked, story),
        f"在看的医生：{doctor.label}",
        f"确认交给{ADVISER}吗？",
    ]
    await chat.confirm("ok", "\n".join(facts))

    person = chat.person
    brought = await care.bring(
        chat.session, person.person_id, person.follower_id, asked, channel="chat", now=chat.at
    )
    return care_intake.told(chat, brought, KIND, f"已交给{ADVISER}。{NO_PRESCRIPTION}")
