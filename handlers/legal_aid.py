"""法律咨询: tell a lawyer what happened, see what became of it, tell more, withdraw it. No rule lives here.

The questions of the first talk stand in `legal_intake`.
"""

from collections.abc import Callable

from app.clock import civil_date
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import cases, consultations
from app.services.advice import Added
from app.services.advice_kinds import ADVICE, LAW_LINE
from app.services.case_work import with_caveat
from app.services.consultations import Own
from app.services.legal_topics import topic_label
from app.services.purposes import LEGAL_AID
from app.services.statutory_deadlines import Deadline, nearest
from app.wechat.replies import MAX_TEXT_BYTES, Reply, Text, fit
from handlers import consenting, legal_intake, lines
from models import OVER, CaseKind, CaseState

router = Router("legal_aid")

LISTED = 8
EXCERPT = 40  # characters
NEW = f"有新情况，请重新咨询：{lines.LEGAL_AID}"
SORRY = f"答复比说好的晚了，很抱歉。急事请打 {LAW_LINE.number}（免费）。"


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
    found = await consultations.list_mine(chat.session, chat.person.person_id, LISTED)
    if not found:
        return Text(f"还没有咨询。劳动权益上的事，可以点这里问律师：{lines.LEGAL_AID}")
    rows = [_row(each) for each in found]
    return Text(fit("\n".join(["您的法律咨询，点编号看详情：", *rows, lines.LEGAL_AID])))


@router.on("legal_aid.show", title="看一件咨询", args=("number",), confidential=True)
async def show(chat: Chat) -> Reply:
    """One's own only; the number may be tapped or typed, and anybody can make one up."""
    own = await _get(chat, chat.args.get("number") or chat.text)
    case = own.case
    words = [
        f"{case.number}　{own.state_label}",
        f"{lines.day(case.opened_at)}提交，{topic_label(case.topic)}",
    ]
    said = await cases.first_words(chat.session, case)
    more = [f"您说：{_short(said, 200)}"] if said else []
    standing = _standing(own, chat)
    whole = "\n".join([*words, *_deadline(own, chat), *more, *standing, *_doors(own, chat)])
    # Of a long answer every word counts, more than what one said oneself.
    return Text(whole if len(whole.encode()) <= MAX_TEXT_BYTES else fit("\n".join([*words, *standing])))


@router.flow(
    "legal_aid.add", title=ADVICE[CaseKind.CONSULTATION].go_on, version=2, args=("number",), confidential=True
)
async def add(chat: Chat) -> Reply:
    """Which one, and what; a question of the lawyer is read again first."""
    own = await _chosen(chat, "要补充哪一件？", lambda own: own.takes_more(chat.at))
    if own is None:
        return Text(f"现在没有可以补充的咨询。{NEW}")
    number = own.case.number
    if not own.takes_more(chat.at):
        return Text(f"{number} {own.state_label}，不能再补充了。{NEW}")
    if not await consenting.agreed(chat, LEGAL_AID):
        return Text(legal_intake.REFUSED)
    asked = own.case.state is CaseState.WAITING_USER
    prompt = f"律师问您：{own.mine.answer}\n请回答" if asked else f"请发要补充到 {number} 的情况"
    ways = "，可以发文字、图片或语音，发完回复「完成」。"
    story = await chat.ask("story", prompt + ways, answers.story)

    added = await consultations.add(
        chat.session, chat.person.person_id, number, story.parts, channel="chat", now=chat.at
    )
    due_at = (await _get(chat, number)).case.answer_due_at
    on_time = due_at is not None and due_at > chat.at
    by = lines.answered_at(due_at, chat.at) if on_time and due_at else "答复会发到这里。"
    told = {
        Added.NOTED: f"已记到 {number}，律师会一起看。",
        Added.GOES_ON: f"已记到 {number}，律师接着办。",
        Added.REOPENED: f"{number} 重新办理。",
    }
    return Text(f"{told[added]}\n{by}\n{lines.MY_CONSULTATIONS}")


@router.flow("legal_aid.cancel", title="撤销咨询", version=1, args=("number",), confidential=True)
async def cancel(chat: Chat) -> Reply:
    own = await _chosen(chat, "要撤销哪一件？", lambda own: own.can_be_withdrawn)
    if own is None:
        return Text(f"现在没有可以撤销的咨询。\n{lines.MY_CONSULTATIONS}")
    number = own.case.number
    if own.case.state is not CaseState.CANCELLED:
        await chat.confirm("ok", f"确认撤销 {number} 吗？撤销后律师不再办理，不能恢复。")
    await consultations.cancel(chat.session, chat.person.person_id, number, channel="chat", now=chat.at)
    return Text(f"{number} 已撤销。以后需要，随时再来：{lines.LEGAL_AID}")


# --- parts -------------------------------------------------------------------------------------------------


async def _get(chat: Chat, number: str) -> Own:
    return await consultations.get_mine(chat.session, chat.person.person_id, number)


async def _chosen(chat: Chat, prompt: str, fits: Callable[[Own], bool]) -> Own | None:
    """The one that was tapped; else the only one that fits, or the choice between several."""
    if chat.args.get("number"):
        return await _get(chat, chat.args["number"])
    found = await consultations.list_mine(chat.session, chat.person.person_id, LISTED)
    fitting = [own.case.number for own in found if fits(own)]
    # What it was about when the talk began stays, though a lawyer may have answered meanwhile.
    offered = chat.remember("offered", fitting)
    if not offered:
        return None
    labels = {own.case.number: f"{own.case.number} {topic_label(own.case.topic)}" for own in found}
    options = {number: labels.get(number, number) for number in offered}
    number = offered[0] if len(offered) == 1 else await chat.choose("number", prompt, options)
    return await _get(chat, number)


def _row(own: Own) -> str:
    case = own.case
    line = lines.go(case.number, "legal_aid.show", number=case.number)
    answer = f"，答复：{_short(own.mine.answer, EXCERPT)}" if _is_answer(own) else ""
    return f"{line} {own.state_label}（{topic_label(case.topic)}，{lines.day(case.opened_at)}）{answer}"


def _standing(own: Own, chat: Chat) -> list[str]:
    """What the lawyer said last, and when the next word comes."""
    said = []
    if own.mine.answered_at is not None:
        day = lines.day(own.mine.answered_at)
        is_answer = _is_answer(own)
        words = with_caveat(own.case, own.mine.answer) if is_answer else own.mine.answer
        said = [f"{day}{'答复' if is_answer else '律师问您'}：", words]
    due_at = own.case.answer_due_at
    if due_at is not None:
        said.append(lines.answered_at(due_at, chat.at) if due_at > chat.at else SORRY)
    return said


def _is_answer(own: Own) -> bool:
    """Whether the newest words of staff are an answer, not a question."""
    return own.mine.answered_at is not None and own.mine.answered_at == own.case.answered_at


def _deadline(own: Own, chat: Chat) -> list[str]:
    on, basis = own.facts.deadline_on, own.facts.deadline_basis
    if not on or not basis or own.case.state in OVER:
        return []
    return [Deadline(on, basis).spoken(civil_date(chat.at))]


def _doors(own: Own, chat: Chat) -> list[str]:
    """What can be done now."""
    number = own.case.number
    if not own.takes_more(chat.at):
        return [NEW]
    doors = [lines.go("补充情况", "legal_aid.add", number=number)]
    if own.can_be_withdrawn:
        doors.append(lines.go("撤销咨询", "legal_aid.cancel", number=number))
    return ["　".join(doors)]


def _short(text: str, characters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else f"{text[:characters]}…"
