"""The questions of an application for legal aid; what a consultation told already is not asked again."""

from dataclasses import replace
from enum import StrEnum

from app.clock import civil_date
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.services import advice, cases, hotlines, legal_aid
from app.services.consultation_facts import Opponent, Tried
from app.services.hotlines import Subject
from app.services.legal_aid_facts import PROMISE, TOPICS, AidIntake, Carried, Ground, Wants
from app.services.legal_topics import LegalTopic, topic_label
from app.services.purposes import AID
from app.services.statutory_deadlines import Dates, nearest
from handlers import consenting, legal_intake, lines
from handlers.legal_papers import PROMPT, papers
from models import AidMatter, CaseKind

ANOTHER = "another"
OFFERED = 4  # consultations from which it may come
REFUSED = "好的，什么也没有记下。\n也可以直接打电话，不用留资料：\n" + hotlines.lines(
    Subject.UNION, Subject.LAW, but=("12333",)
)
NOT_PROMISED = (
    "好的，没有提交。没有诚信承诺的，要带收入证明到工会办公室申请；也可以打 12348 问政府的法律援助中心。"
)


class Promised(StrEnum):
    YES = "yes"
    NO = "no"

    @property
    def label(self) -> str:
        return "我承诺" if self is Promised.YES else "不承诺"


async def ask(chat: Chat) -> AidIntake | str:
    """All answers, confirmed; or what is said to who does not agree or does not promise."""
    if not await consenting.agreed(chat, AID):
        return REFUSED
    before = await _before(chat)
    intake = await _what(chat) if before is None else await _again(chat, before)
    ground = await chat.choose("ground", "哪一条符合您的情况？", Ground)
    if ground is Ground.PROMISE:
        promised = await chat.choose("promise", f"请看清楚再选：\n{PROMISE}", Promised)
        if promised is Promised.NO:
            return NOT_PROMISED
    wants = await chat.choose("wants", "您要哪种帮助？", Wants)
    preservation = await chat.choose(
        "preservation",
        "要不要马上申请财产保全或先予执行？例如对方正在转移财产。",
        {"no": "不用", "yes": "要，等不了"},
    )
    contact: str | None = intake.contact
    if not contact:
        prompt = "留个电话，律师好联系您。不想留请回复「跳过」。"
        contact = await chat.ask("contact", prompt, answers.optional(answers.phone))
    intake = replace(
        intake,
        ground=ground,
        wants=wants,
        preservation=preservation == "yes",
        contact=contact or "",
    )
    await chat.confirm("ok", _summary(intake, chat))
    return intake


async def _before(chat: Chat) -> Carried | None:
    """The consultation that was tapped; else one of those that are there, if that is what is meant."""
    person_id = chat.person.person_id
    number = chat.args.get("number", "")
    if not number:
        found = await cases.list_mine(chat.session, person_id, OFFERED, CaseKind.CONSULTATION)
        open_ones = [own.case for own in found if advice.takes_more(own.case, chat.at)]
        offered = chat.remember("offered", [case.number for case in open_ones])
        if not offered:
            return None
        labels = {case.number: f"{case.number} {topic_label(case.topic)}" for case in open_ones}
        options = {each: labels.get(each, each) for each in offered} | {ANOTHER: "另一件事"}
        number = await chat.choose("source", "是咨询过的这件事吗？说过的不用再填。", options)
    return None if number == ANOTHER else await legal_aid.carried(chat.session, person_id, number)


async def _again(chat: Chat, before: Carried) -> AidIntake:
    matter = before.matter or await chat.choose("matter", "申请哪方面的事？", AidMatter)
    more = await chat.ask(
        "more",
        f"{before.number} 里说过的会一起交给审查的人。还有要补充的，比如合同、工资条的照片，"
        "请现在发来，分几次发完回复「完成」；没有请回复「跳过」。",
        answers.optional(answers.story),
    )
    return AidIntake(
        matter=matter,
        ground=Ground.PROMISE,
        wants=Wants.ADVICE,
        opponent=before.opponent,
        tried=before.tried,
        parts=[*before.as_words, *(more.parts if more is not None else ())],
        dates=before.dates,
        opponent_name=before.opponent_name,
        papers=before.papers,
        contact=before.contact,
        consultation=before.number,
    )


async def _what(chat: Chat) -> AidIntake:
    matter = await chat.choose("matter", "申请哪方面的事？", AidMatter)
    topic = TOPICS.get(matter)
    dates, tried, lead = Dates(), Tried.NOTHING, ""
    if topic is not None:
        dates, tried = await legal_intake.what_and_when(chat, topic)
        lead = legal_intake.lead_of(topic, dates, chat)
    opponent = await chat.choose("opponent", f"{lead}对方是谁？", Opponent)
    name = None
    if opponent is not Opponent.OWN_COMPANY:
        name = await chat.ask("opponent_name", "对方叫什么名字？不想写请回复「跳过」。", legal_intake.NAME)
    not_theirs = f"{legal_intake.NOT_THEIRS}\n" if opponent is Opponent.OWN_COMPANY else ""
    story = await chat.ask(
        "story",
        f"{not_theirs}请说说经过，材料也可以现在拍照发来，分几次发也行。发完回复「完成」。",
        answers.story,
    )
    at_hand = await chat.ask("papers", PROMPT, papers)
    _, dates = await legal_intake.hurry_of(chat, topic or LegalTopic.OTHER, dates)
    return AidIntake(
        matter=matter,
        ground=Ground.PROMISE,
        wants=Wants.ADVICE,
        opponent=opponent,
        tried=tried,
        parts=story.parts,
        dates=dates,
        opponent_name=name or "",
        papers=at_hand,
    )


def _summary(intake: AidIntake, chat: Chat) -> str:
    story = answers.Story(tuple(intake.parts))
    text = lines.short(story.text, legal_intake.EXCERPT)
    name = f"（{intake.opponent_name}）" if intake.opponent_name else ""
    deadline = nearest(intake.deadlines, civil_date(chat.at))
    rows = [
        f"申请：{intake.matter.label}",
        *([f"从咨询 {intake.consultation} 转来"] if intake.consultation else []),
        f"理由：{intake.ground.label}",
        f"帮助：{intake.wants.label}",
        f"对方：{intake.opponent.label}{name}",
        f"内容：{story.summary}{f'「{text}」' if text else ''}",
        f"材料：{intake.papers.label}",
        f"保全：{'要马上申请' if intake.preservation else '不用'}",
        f"电话：{intake.contact or '不留'}",
        *([f"期限：{deadline.what}，{deadline.on.isoformat()}"] if deadline else []),
        "确认申请法律援助吗？",
    ]
    return "\n".join(rows)
