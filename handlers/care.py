"""心理疏导 and 健康咨询: one's own ones, telling more, withdrawing. No rule lives here.

The first talks stand in `counselling` and `health`.
"""

from collections.abc import Callable

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import advice, care, cases, crisis
from app.services.advice import Added
from app.services.advice_kinds import ADVICE, MIND_LINE
from app.services.care import PURPOSES
from app.services.case_work import with_caveat
from app.services.cases import Mine
from app.wechat.replies import MAX_TEXT_BYTES, Reply, Text, fit
from handlers import consenting, lines
from models import Case, CaseKind, CaseState

router = Router("care")

LISTED = 8
EXCERPT = 40  # characters
NEW = f"有新情况，请重新来问：{lines.COUNSELLING}　{lines.HEALTH}"
REFUSED = "好的，什么也没有记下。"
SORRY = "答复比说好的晚了，很抱歉。"
_URGENT = {
    CaseKind.COUNSELLING: f"现在就需要有人陪，请打 {MIND_LINE.number}；有危险请打 110 或 120。",
    CaseKind.HEALTH: "情况突然加重，请马上打 120。",
}


@router.on("care.mine", title="我的疏导和健康咨询", confidential=True)
async def mine(chat: Chat) -> Reply:
    found = await care.list_mine(chat.session, chat.person.person_id, LISTED)
    if not found:
        return Text(f"还没有问过。心里有事或身体上的事，都可以说：{lines.COUNSELLING}　{lines.HEALTH}")
    rows = [_row(each) for each in found]
    doors = f"{lines.COUNSELLING}　{lines.HEALTH}"
    return Text(fit("\n".join(["您的疏导和健康咨询，点编号看详情：", *rows, doors])))


@router.on("care.show", title="看一件疏导或健康咨询", args=("number",), confidential=True)
async def show(chat: Chat) -> Reply:
    """One's own only; the number may be tapped or typed, and anybody can make one up."""
    own = await _get(chat, chat.args.get("number") or chat.text)
    case = own.case
    words = [
        f"{case.number}　{case.state.said_to_member}",
        f"{lines.day(case.opened_at)}提交，{_about(case)}",
    ]
    said = await cases.first_words(chat.session, case)
    more = [f"您说：{_short(said, 200)}"] if said else []
    standing = _standing(own, chat)
    whole = "\n".join([*words, *more, *standing, *_doors(case, chat)])
    # Of a long answer every word counts, more than what one said oneself.
    return Text(whole if len(whole.encode()) <= MAX_TEXT_BYTES else fit("\n".join([*words, *standing])))


@router.flow("care.add", title="补充疏导或健康咨询", version=1, args=("number",), confidential=True)
async def add(chat: Chat) -> Reply:
    """Which one, and what; a question that was asked back is read again first."""
    own = await _chosen(chat, "要补充哪一件？", lambda case: advice.takes_more(case, chat.at))
    if own is None:
        return Text(f"现在没有可以补充的。{NEW}")
    case, named = own.case, ADVICE[own.case.kind]
    if not advice.takes_more(case, chat.at):
        return Text(f"{case.number} {case.state.said_to_member}，不能再补充了。{NEW}")
    if not await consenting.agreed(chat, PURPOSES[case.kind]):
        return Text(REFUSED)
    asked = case.state is CaseState.WAITING_USER
    prompt = f"{named.adviser}问您：{own.answer}\n请回答" if asked else f"请发要补充到 {case.number} 的情况"
    ways = "，可以发文字、图片或语音，发完回复「完成」。"
    story = await chat.ask("story", prompt + ways, answers.story)

    added = await care.add(
        chat.session, chat.person.person_id, case.number, story.parts, channel="chat", now=chat.at
    )
    due_at = (await _get(chat, case.number)).case.answer_due_at
    on_time = due_at is not None and due_at > chat.at
    told = {
        Added.NOTED: f"已记到 {case.number}，{named.adviser}会一起看。",
        Added.GOES_ON: f"已记到 {case.number}，{named.adviser}接着看。",
        Added.REOPENED: f"{case.number} 重新办理。",
    }
    said = [
        told[added],
        *urgent_lines(case.kind, urgent=crisis.watch(story.text) is not None),
        lines.answered_at(due_at, chat.at) if on_time and due_at else "答复会发到这里。",
        lines.MY_CARE,
    ]
    return Text("\n".join(said))


@router.flow("care.cancel", title="撤销疏导或健康咨询", version=1, args=("number",), confidential=True)
async def cancel(chat: Chat) -> Reply:
    own = await _chosen(chat, "要撤销哪一件？", advice.can_be_withdrawn)
    if own is None:
        return Text(f"现在没有可以撤销的。\n{lines.MY_CARE}")
    case, named = own.case, ADVICE[own.case.kind]
    if case.state is not CaseState.CANCELLED:
        await chat.confirm("ok", f"确认撤销 {case.number} 吗？撤销后{named.adviser}不再看，不能恢复。")
    await care.cancel(chat.session, chat.person.person_id, case.number, channel="chat", now=chat.at)
    return Text(f"{case.number} 已撤销。以后需要，随时再来：{lines.COUNSELLING}　{lines.HEALTH}")


def urgent_lines(kind: CaseKind, *, urgent: bool) -> list[str]:
    """What to do at once, above when an answer comes."""
    return [_URGENT[kind]] if urgent else []


# --- parts -------------------------------------------------------------------------------------------------


async def _get(chat: Chat, number: str) -> Mine:
    return await care.get_mine(chat.session, chat.person.person_id, number)


async def _chosen(chat: Chat, prompt: str, fits: Callable[[Case], bool]) -> Mine | None:
    """The one that was tapped; else the only one that fits, or the choice between several."""
    if chat.args.get("number"):
        return await _get(chat, chat.args["number"])
    found = await care.list_mine(chat.session, chat.person.person_id, LISTED)
    # What it was about when the talk began stays, though somebody may have answered meanwhile.
    offered = chat.remember("offered", [own.case.number for own in found if fits(own.case)])
    if not offered:
        return None
    labels = {own.case.number: f"{own.case.number} {_about(own.case)}" for own in found}
    options = {number: labels.get(number, number) for number in offered}
    number = offered[0] if len(offered) == 1 else await chat.choose("number", prompt, options)
    return await _get(chat, number)


def _row(own: Mine) -> str:
    case = own.case
    line = lines.go(case.number, "care.show", number=case.number)
    answer = f"，答复：{_short(own.answer, EXCERPT)}" if _is_answer(own) else ""
    return f"{line} {case.state.said_to_member}（{_about(case)}，{lines.day(case.opened_at)}）{answer}"


def _standing(own: Mine, chat: Chat) -> list[str]:
    """What was said last by us, and when the next word comes."""
    said = []
    if own.answered_at is not None:
        is_answer = _is_answer(own)
        words = with_caveat(own.case, own.answer) if is_answer else own.answer
        who = ADVICE[own.case.kind].adviser
        said = [f"{lines.day(own.answered_at)}{f'{who}答复' if is_answer else f'{who}问您'}：", words]
    due_at = own.case.answer_due_at
    if due_at is not None:
        late = "\n".join([SORRY, _URGENT[own.case.kind]])
        said.append(lines.answered_at(due_at, chat.at) if due_at > chat.at else late)
    return said


def _is_answer(own: Mine) -> bool:
    """Whether the newest words of staff are an answer, not a question."""
    return own.answered_at is not None and own.answered_at == own.case.answered_at


def _doors(case: Case, chat: Chat) -> list[str]:
    """What can be done now."""
    if not advice.takes_more(case, chat.at):
        return [NEW]
    doors = [lines.go("补充情况", "care.add", number=case.number)]
    if advice.can_be_withdrawn(case):
        doors.append(lines.go("撤销", "care.cancel", number=case.number))
    return ["　".join(doors)]


def _about(case: Case) -> str:
    return f"{case.kind.label}：{cases.topic_of(case)}"


def _short(text: str, characters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= characters else f"{text[:characters]}…"
