"""心理疏导 and 健康咨询: one's own ones, telling more, withdrawing. No rule lives here.

The first talks stand in `counselling` and `health`.
"""

from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import advice, care, cases, crisis
from app.services.advice import Added
from app.services.advice_kinds import ADVICE, CARE, MIND_LINE
from app.services.care import PURPOSES
from app.wechat.replies import Reply, Text, fit
from handlers import advising, consenting, lines
from models import Case, CaseKind, CaseState

router = Router("care")

NEW = f"有新情况，请重新来问：{lines.COUNSELLING}　{lines.HEALTH}"
REFUSED = "好的，什么也没有记下。"
_URGENT = {
    CaseKind.COUNSELLING: f"现在就需要有人陪，请打 {MIND_LINE.number}；有危险请打 110 或 120。",
    CaseKind.HEALTH: "情况突然加重，请马上打 120。",
}


def _about(case: Case) -> str:
    return f"{case.kind.label}：{cases.topic_of(case)}"


CARING = advising.Feature(
    name="care",
    kinds=CARE,
    new=NEW,
    withdraw="撤销",
    about=_about,
    answered=lambda case: f"{ADVICE[case.kind].adviser}答复",
    late=lambda case: f"{advising.LATE}\n{_URGENT[case.kind]}",
)


@router.on("care.mine", title="我的疏导和健康咨询", confidential=True)
async def mine(chat: Chat) -> Reply:
    found = await CARING.list_mine(chat)
    if not found:
        return Text(f"还没有问过。心里有事或身体上的事，都可以说：{lines.COUNSELLING}　{lines.HEALTH}")
    rows = [CARING.row(each) for each in found]
    doors = f"{lines.COUNSELLING}　{lines.HEALTH}"
    return Text(fit("\n".join(["您的疏导和健康咨询，点编号看详情：", *rows, doors])))


@router.on("care.show", title="看一件疏导或健康咨询", args=("number",), confidential=True)
async def show(chat: Chat) -> Reply:
    """One's own only; the number may be tapped or typed, and anybody can make one up."""
    return await CARING.shown(chat, await CARING.get(chat, chat.args.get("number") or chat.text))


@router.flow("care.add", title="补充疏导或健康咨询", version=1, args=("number",), confidential=True)
async def add(chat: Chat) -> Reply:
    """Which one, and what; a question that was asked back is read again first."""
    own = await CARING.chosen(chat, "要补充哪一件？", lambda case: advice.takes_more(case, chat.at))
    if own is None:
        return Text(f"现在没有可以补充的。{NEW}")
    case, named = own.case, ADVICE[own.case.kind]
    if not advice.takes_more(case, chat.at):
        return Text(f"{case.number} {case.state.said_to_member}，不能再补充了。{NEW}")
    if not await consenting.agreed(chat, PURPOSES[case.kind]):
        return Text(REFUSED)
    story = await advising.ask_more(chat, own)

    added = await care.add(
        chat.session, chat.person.person_id, case.number, story.parts, channel="chat", now=chat.at
    )
    told = {
        Added.NOTED: f"已记到 {case.number}，{named.adviser}会一起看。",
        Added.GOES_ON: f"已记到 {case.number}，{named.adviser}接着看。",
        Added.REOPENED: f"{case.number} 重新办理。",
    }
    said = [
        told[added],
        *urgent_lines(case.kind, urgent=crisis.watch(story.text) is not None),
        advising.next_word((await CARING.get(chat, case.number)).case, chat),
        lines.MY_CARE,
    ]
    return Text("\n".join(said))


@router.flow("care.cancel", title="撤销疏导或健康咨询", version=1, args=("number",), confidential=True)
async def cancel(chat: Chat) -> Reply:
    own = await CARING.chosen(chat, "要撤销哪一件？", advice.can_be_withdrawn)
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
