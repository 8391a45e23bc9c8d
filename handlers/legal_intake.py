"""The questions of a first talk with the lawyer: one at a time, those that do not apply left out.

A deadline is said as soon as it is known, and when it is near, with the numbers to call at once.
"""

from dataclasses import replace
from datetime import date

from app.clock import civil_date
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.dates import coming_date, past_date
from app.services import hotlines
from app.services.consultation_facts import Hurry, Intake, Opponent, Tried
from app.services.hotlines import Subject
from app.services.legal_topics import LegalTopic
from app.services.purposes import LEGAL_AID
from app.services.statutory_deadlines import Dates, Deadline, deadlines, nearest
from handlers import consenting
from handlers.legal_papers import PROMPT, papers
from models import Employment

NAME = answers.optional(answers.Words(at_most=60))
DAY = answers.optional(past_date)
EXCERPT = 40  # characters of one's own story
NOT_THEIRS = "这件事不会交给公司的法务部门，由县总工会安排的律师来看。"
NO_LIMIT = "还在职时追讨工资不受一年的限制，离开后一年内要提出（《劳动争议调解仲裁法》第二十七条）。"
REFUSED = "好的，什么也没有记下。\n也可以直接打电话问，不用留资料：\n" + hotlines.lines(
    Subject.UNION, Subject.LAW, but=("12333",)
)


async def ask(chat: Chat) -> Intake | None:
    """All answers, confirmed; None where the member does not agree that they are kept."""
    if not await consenting.agreed(chat, LEGAL_AID):
        return None
    topic = await chat.choose("topic", "您想咨询哪方面的事？", LegalTopic)
    dates, tried = await what_and_when(chat, topic)
    lead = lead_of(topic, dates, chat)
    opponent = await chat.choose("opponent", f"{lead}对方是谁？", Opponent)
    name = None
    if opponent is not Opponent.OWN_COMPANY:
        name = await chat.ask("opponent_name", "对方叫什么名字？不想写请回复「跳过」。", NAME)
    not_theirs = f"{NOT_THEIRS}\n" if opponent is Opponent.OWN_COMPANY else ""
    story = await chat.ask(
        "story",
        f"{not_theirs}请说说经过，可以发文字、语音或图片，分几次发也行。发完回复「完成」。",
        answers.story,
    )
    at_hand = await chat.ask("papers", PROMPT, papers)
    hurry, urged = await hurry_of(chat, topic, dates)
    contact = await chat.ask(
        "contact",
        f"{lead_of(topic, urged, chat) if urged != dates else ''}"
        "留个电话，律师好联系您。不想留请回复「跳过」，答复照样发到这里。",
        answers.optional(answers.phone),
    )
    intake = Intake(topic, urged, opponent, tried, story.parts, name or "", at_hand, hurry, contact or "")
    await chat.confirm("ok", _summary(intake, story, chat))
    return intake


def hurry_lines() -> str:
    """The numbers to call when there is no time to wait for an answer."""
    return hotlines.lines(Subject.UNION, Subject.LAW, but=("12333",))


async def what_and_when(chat: Chat, topic: LegalTopic) -> tuple[Dates, Tried]:
    is_injury = topic is LegalTopic.INJURY
    day = await chat.ask(
        "happened_on" if is_injury else "known_on",
        f"{_WHEN.get(topic, '这件事您是哪天知道的？')}例如 3月5日、昨天。记不清请回复「跳过」。",
        DAY,
    )
    employment = await chat.choose("employment", "您现在还在这家单位上班吗？", Employment)
    left_on = None
    if employment is Employment.LEFT:
        left_on = await chat.ask("left_on", "哪天离开的？例如 3月5日。记不清请回复「跳过」。", DAY)
    tried = await chat.choose("tried", "到现在做过什么？请选走得最远的一步。", Tried)
    award_on = None
    if tried is Tried.ARBITRATION:
        award_on = await chat.ask(
            "award_on", "收到仲裁裁决书了吗？请发收到的日期，例如 3月5日；还没有请回复「跳过」。", DAY
        )
    dates = Dates(
        happened_on=day if is_injury else None,
        known_on=None if is_injury else day,
        employment=employment,
        left_on=left_on,
        applied=tried in (Tried.ARBITRATION, Tried.COURT),
        award_on=award_on,
    )
    return dates, tried


_WHEN = {
    LegalTopic.INJURY: "受伤是哪一天？",
    LegalTopic.WAGES: "从哪天起没有拿到该拿的钱？",
    LegalTopic.CONTRACT: "这件事您是哪天知道的（例如收到辞退通知那天）？",
}


async def hurry_of(chat: Chat, topic: LegalTopic, dates: Dates) -> tuple[Hurry, Dates]:
    """Not asked where a deadline is near already: then it is urgent whatever is said."""
    deadline = nearest(deadlines(topic, dates), civil_date(chat.at))
    if deadline is not None and deadline.is_near(civil_date(chat.at)):
        return Hurry.NO, dates
    hurry = await chat.choose("hurry", "有没有别的急事，比如有人告诉过您最后期限？", Hurry)
    if hurry is not Hurry.TOLD:
        return hurry, dates
    told_on = await chat.ask(
        "told_on",
        "期限是哪一天？例如 12月5日、下周三。记不清请回复「跳过」。",
        answers.optional(coming_date),
    )
    return hurry, replace(dates, told_on=told_on)


def lead_of(topic: LegalTopic, dates: Dates, chat: Chat) -> str:
    """What these dates tell, above the next question."""
    today = civil_date(chat.at)
    deadline = nearest(deadlines(topic, dates), today)
    if deadline is None:
        unlimited = topic is LegalTopic.WAGES and dates.employment is Employment.EMPLOYED
        return f"{NO_LIMIT}\n" if unlimited else ""
    if not deadline.is_near(today):
        return f"{deadline.spoken(today)}\n"
    now = "请现在就打电话，先递申请、后补材料："
    return f"{deadline.spoken(today)}\n{now}\n{hurry_lines()}\n律师也会优先看，请接着填。\n"


def _summary(intake: Intake, story: answers.Story, chat: Chat) -> str:
    dates = intake.dates
    text = " ".join(story.text.split())
    words = f"「{text[:EXCERPT]}{'…' if len(text) > EXCERPT else ''}」" if text else ""
    name = f"（{intake.opponent_name}）" if intake.opponent_name else ""
    when = dates.happened_on or dates.known_on
    left = f"，{_day(dates.left_on)}离开" if dates.left_on else ""
    deadline = nearest(intake.deadlines, civil_date(chat.at))
    facts = [
        f"类型：{intake.topic.label}",
        f"时间：{_day(when) if when else '记不清'}",
        f"在职：{dates.employment.label if dates.employment else ''}{left}",
        f"做过：{intake.tried.label}",
        f"对方：{intake.opponent.label}{name}",
        f"内容：{story.summary}{words}",
        f"材料：{intake.papers.label}",
        f"电话：{intake.contact or '不留'}",
        *([f"期限：{_last_day(deadline)}"] if deadline else []),
        "确认提交给律师吗？",
    ]
    return "\n".join(facts)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _last_day(deadline: Deadline) -> str:
    """Without how many days are left: the same text tomorrow."""
    return f"{deadline.what}，{_day(deadline.on)}"
