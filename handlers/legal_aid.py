"""法律咨询: tell a lawyer what happened, see what became of it, tell more, withdraw it. No rule lives here.

The questions of the first talk stand in `legal_intake`.
"""

from app.clock import civil_date
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import advice, consultations
from app.services.advice import Added
from app.services.advice_kinds import ADVICE, LAW_LINE
from app.services.legal_topics import topic_label
from app.services.purposes import LEGAL_AID
from app.services.statutory_deadlines import Deadline, nearest
from app.wechat.replies import Reply, Text, fit
from handlers import advising, aid, consenting, legal_intake, lines
from models import OVER, Case, CaseKind, CaseState, Consultation

router = Router("legal_aid")

NEW = f"有新情况，请重新咨询：{lines.LEGAL_AID}"
LEGAL = advising.Feature(
    name="legal_aid",
    kinds=(CaseKind.CONSULTATION,),
    new=NEW,
    withdraw="撤销咨询",
    about=lambda case: topic_label(case.topic),
    answered=lambda case: "答复",
    late=lambda case: f"{advising.LATE}急事请打 {LAW_LINE.number}（免费）。",
    further=lambda case: (
        ""
        if case.state is CaseState.CANCELLED
        else lines.go(aid.APPLY, "legal_aid.apply", number=case.number)
    ),
)


@router.flow("legal_aid.intake", title="法律咨询", version=2, confidential=True)
async def intake(chat: Chat) -> Reply:
    """What a lawyer needs to know first; the only write comes after the last question."""
    asked = await legal_intake.ask(chat)
    if asked is None:
        return Text(legal_intake.REFUSED)
    opened = await consultations.open_consultation(
        chat.session, chat.person.person_id, chat.person.follower_id, asked, channel="chat", now=chat.at
    )
    today = civil_date(chat.at)
    deadline = nearest(asked.deadlines, today)
    near = deadline is not None and deadline.is_near(today)
    said = [
        "已提交给律师。",
        lines.number(opened.number),
        lines.answered_at(opened.first_answer_due_at, chat.at),
        *([legal_intake.hurry_lines()] if near else []),
        lines.go("补充情况", "legal_aid.add", number=opened.number) + "　" + lines.MY_CONSULTATIONS,
    ]
    return Text("\n".join(said))


@router.on("legal_aid.mine", title="我的咨询", confidential=True)
async def mine(chat: Chat) -> Reply:
    """Applications for aid stand with what was asked a lawyer."""
    found = await LEGAL.list_mine(chat)
    applied = await aid.rows(chat)
    if not found and not applied:
        return Text(f"还没有咨询。劳动权益上的事，可以点这里问律师：{lines.LEGAL_AID}")
    rows = [LEGAL.row(each) for each in found]
    asked = ["您的法律咨询，点编号看详情：", *rows] if rows else []
    return Text(fit("\n".join([*applied, *asked, lines.LEGAL_AID])))


@router.on("legal_aid.show", title="看一件咨询", args=("number",), confidential=True)
async def show(chat: Chat) -> Reply:
    """One's own only; the number may be tapped or typed, and anybody can make one up."""
    number = (chat.args.get("number") or chat.text).strip().upper()
    if number.startswith(aid.SERIES):
        return await aid.shown(chat, number)
    own = await LEGAL.get(chat, number)
    facts = await consultations.facts_of(chat.session, own.case)
    return await LEGAL.shown(chat, own, _deadline(own.case, facts, chat))


@router.flow(
    "legal_aid.add", title=ADVICE[CaseKind.CONSULTATION].go_on, version=2, args=("number",), confidential=True
)
async def add(chat: Chat) -> Reply:
    """Which one, and what; a question of the lawyer is read again first."""
    own = await LEGAL.chosen(chat, "要补充哪一件？", lambda case: advice.takes_more(case, chat.at))
    if own is None:
        return Text(f"现在没有可以补充的咨询。{NEW}")
    number = own.case.number
    if not advice.takes_more(own.case, chat.at):
        return Text(f"{number} {own.case.state.said_to_member}，不能再补充了。{NEW}")
    if not await consenting.agreed(chat, LEGAL_AID):
        return Text(legal_intake.REFUSED)
    story = await advising.ask_more(chat, own)

    added = await consultations.add(
        chat.session, chat.person.person_id, number, story.parts, channel="chat", now=chat.at
    )
    told = {
        Added.NOTED: f"已记到 {number}，律师会一起看。",
        Added.GOES_ON: f"已记到 {number}，律师接着办。",
        Added.REOPENED: f"{number} 重新办理。",
    }
    by = advising.next_word((await LEGAL.get(chat, number)).case, chat)
    return Text(f"{told[added]}\n{by}\n{lines.MY_CONSULTATIONS}")


@router.flow("legal_aid.cancel", title="撤销咨询", version=1, args=("number",), confidential=True)
async def cancel(chat: Chat) -> Reply:
    own = await LEGAL.chosen(chat, "要撤销哪一件？", advice.can_be_withdrawn)
    if own is None:
        return Text(f"现在没有可以撤销的咨询。\n{lines.MY_CONSULTATIONS}")
    number = own.case.number
    if own.case.state is not CaseState.CANCELLED:
        await chat.confirm("ok", f"确认撤销 {number} 吗？撤销后律师不再办理，不能恢复。")
    await consultations.cancel(chat.session, chat.person.person_id, number, channel="chat", now=chat.at)
    return Text(f"{number} 已撤销。以后需要，随时再来：{lines.LEGAL_AID}")


def _deadline(case: Case, facts: Consultation, chat: Chat) -> list[str]:
    if not facts.deadline_on or not facts.deadline_basis or case.state in OVER:
        return []
    return [Deadline(facts.deadline_on, facts.deadline_basis).spoken(civil_date(chat.at))]
