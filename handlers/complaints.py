"""投诉建议: bring one, named or not; one's own ones, telling more, withdrawing. No rule lives here."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import branches, cases, complaint_ending, complaints
from app.services.advice import Added
from app.services.cases import Mine
from app.services.complaint_topics import ComplaintTopic
from app.services.complaints import Filing
from app.wechat.replies import MAX_TEXT_BYTES, Reply, Text, fit
from handlers import lines
from handlers.advising import Offered, pick
from models import Branch, Case, CaseKind, ComplaintSort, Naming

router = Router("complaints")

LISTED = 8
LEVELS = 4  # of the tree that are asked for, at most
EXCERPT = 40  # characters
HERE, OTHER, NOBODY = "here", "other", "nobody"
LATE = "比说好的晚了，很抱歉，我们在催办。"
NEW = f"有新情况，请重新反映：{lines.COMPLAIN}"
SIGNING = (
    "怎么署名？\n"
    "实名：工会有需要时能查到您是谁，查看会留痕。\n"
    "昵称：工会只看得到您留的电话。\n"
    "匿名：谁也看不到您是谁，只记日期。\n"
    "哪一种办理的部门都看不到您是谁，被反映的单位看不到这件事，答复都发给您。"
)


# Confidential, since nobody can know beforehand who will choose to stay unnamed.
@router.flow("complaints.file", title="投诉建议", version=1, confidential=True)
async def file(chat: Chat) -> Reply:
    """What, about whom, by whom; the only writes come after the last question."""
    sort = await chat.choose("sort", "您要投诉，还是提建议？", ComplaintSort)
    topic = await chat.choose("topic", "是哪方面的事？", ComplaintTopic)
    branch, about = await _unit(chat)
    story = await chat.ask(
        "story",
        "请说说情况：什么时候、在哪里、什么事、希望怎么办。可以发文字、图片或语音，分几次发也行，发完回复「完成」。",
        answers.story,
    )
    naming = await chat.choose("naming", SIGNING, Naming)
    nickname, contact = "", None
    if naming is Naming.NICKNAME:
        nickname = await chat.ask("nickname", "用什么昵称？", answers.Words(at_most=complaints.CALLED))
    if naming is not Naming.ANONYMOUS:
        contact = await chat.ask(
            "contact",
            "留个电话方便核实吗？只有工会看得到，看过会留痕。请发号码，不想留请回复「跳过」。",
            answers.optional(answers.phone),
        )
    branch_id = branch.id if branch is not None else None
    filing = Filing(sort, topic, story.parts, naming, nickname, contact or "", branch_id, about)
    unit = branch.way if branch is not None else about
    await chat.confirm("ok", _summary(filing, unit, story))

    person = chat.person
    opened = await complaints.file(
        chat.session, person.person_id, person.follower_id, filing, channel="chat", now=chat.at
    )
    due = lines.day(opened.first_answer_due_at)
    return Text(
        f"已收到您的{sort.label}。\n{lines.number(opened.number)}\n"
        f"最迟 {due}告诉您是否受理，会发到这里。\n进度随时可查：{lines.MY_COMPLAINTS}"
    )


def _summary(filing: Filing, unit: str, story: answers.Story) -> str:
    words = lines.short(story.text, EXCERPT)
    nickname = f"（{filing.nickname}）" if filing.nickname else ""
    rows = [
        f"{filing.sort.label}：{filing.topic.label}",
        f"反映的单位：{unit or '不说'}",
        f"内容：{story.summary}{f'「{words}」' if words else ''}",
        f"署名：{filing.naming.label}{nickname}",
    ]
    rows += [] if filing.naming is Naming.ANONYMOUS else [f"电话：{filing.contact or '不留'}"]
    return "\n".join([*rows, "确认提交吗？"])


async def _unit(chat: Chat) -> tuple[Branch | None, str]:
    """Level by level from the top, or a word of one's own, or nothing."""
    found: Branch | None = None
    with chat.within("unit"):
        for level in range(LEVELS):
            below = await _below(chat.session, found)
            if not below and found is not None:
                return found, ""
            options: dict[str, str] = {each.public_id: each.name for each in below}
            options |= {} if found is None else {HERE: f"就是{found.name}"}
            options |= {OTHER: "不在里面，我来写", NOBODY: "不说是哪个单位"}
            chosen = await chat.choose(str(level), "反映的是哪个单位或部门？它看不到这件事。", options)
            if chosen == OTHER:
                word = answers.Words(at_most=complaints.ABOUT)
                return None, await chat.ask("word", "请写单位或部门的名称。", word)
            if chosen == NOBODY:
                return None, ""
            if chosen == HERE:
                return found, ""
            found = await branches.find_public(chat.session, chosen)
    return found, ""


async def _below(session: AsyncSession, branch: Branch | None) -> list[Branch]:
    """The next choice; where there is only one at the top, what is below it."""
    below = await branches.list_children(session, None if branch is None else branch.id)
    if branch is None and len(below) == 1:
        return list(await branches.list_children(session, below[0].id)) or list(below)
    return list(below)


# --- one's own ---------------------------------------------------------------------------------------------


@router.on("complaints.mine", title="我的投诉建议", confidential=True)
async def mine(chat: Chat) -> Reply:
    found = await cases.list_mine(chat.session, chat.person.person_id, LISTED, CaseKind.COMPLAINT)
    if not found:
        return Text(f"还没有投诉或建议。有想反映的，点这里：{lines.COMPLAIN}")
    rows = [_row(each) for each in found]
    return Text(fit("\n".join(["您的投诉和建议，点编号看详情：", *rows, lines.COMPLAIN])))


@router.on("complaints.show", title="看一件投诉建议", args=("number",), confidential=True)
async def show(chat: Chat) -> Reply:
    """One's own only; the number may be tapped or typed, and anybody can make one up."""
    number = chat.args.get("number") or chat.text
    own = await complaints.get_mine(chat.session, chat.person.person_id, number)
    case = own.case
    complaint = await complaints.facts_of(chat.session, case)
    words = [
        f"{case.number}　{case.state.said_to_member}",
        f"{lines.day(case.opened_at)}提交，{complaint.sort.label}：{cases.topic_of(case)}，{complaint.naming.label}",
    ]
    said = await cases.first_words(chat.session, case)
    more = [f"您说：{lines.short(said, 200)}"] if said else []
    standing = []
    if own.answered_at is not None:
        standing = [f"{lines.day(own.answered_at)}工会回复：", own.answer]
    if case.answer_due_at is not None:
        in_time = case.answer_due_at > chat.at
        standing.append(f"最迟 {lines.day(case.answer_due_at)}回复您，会发到这里。" if in_time else LATE)
    whole = "\n".join([*words, *more, *standing, *_doors(case, chat)])
    return Text(whole if len(whole.encode()) <= MAX_TEXT_BYTES else fit("\n".join([*words, *standing])))


@router.flow("complaints.add", title="补充投诉建议", version=1, args=("number",), confidential=True)
async def add(chat: Chat) -> Reply:
    own = await _chosen(chat, "要补充哪一件？", lambda case: complaints.takes_more(case, chat.at))
    if own is None:
        return Text(f"现在没有可以补充的。{NEW}")
    number = own.case.number
    if not complaints.takes_more(own.case, chat.at):
        return Text(f"{number} {own.case.state.said_to_member}，不能再补充了。{NEW}")
    story = await chat.ask(
        "story",
        f"请发要补充到 {number} 的情况，可以发文字、图片或语音，发完回复「完成」。",
        answers.story,
    )
    added = await complaints.add(
        chat.session, chat.person.person_id, number, story.parts, channel="chat", now=chat.at
    )
    if added is Added.KEPT:
        return Text(f"{lines.kept(number)}\n{lines.MY_COMPLAINTS}")
    told = f"{number} 重新办理。" if added is Added.REOPENED else f"已记到 {number}，办理的人会一起看。"
    return Text(f"{told}\n答复会发到这里。\n{lines.MY_COMPLAINTS}")


@router.flow("complaints.cancel", title="撤销投诉建议", version=1, args=("number",), confidential=True)
async def cancel(chat: Chat) -> Reply:
    own = await _chosen(chat, "要撤销哪一件？", complaints.can_be_withdrawn)
    if own is None:
        return Text(f"现在没有可以撤销的。\n{lines.MY_COMPLAINTS}")
    number = own.case.number
    if complaints.can_be_withdrawn(own.case):
        await chat.confirm("ok", f"确认撤销 {number} 吗？撤销后不再办理，不能恢复。")
    await complaint_ending.cancel(chat.session, chat.person.person_id, number, channel="chat", now=chat.at)
    return Text(f"{number} 已撤销。以后需要，随时再来：{lines.COMPLAIN}")


# --- parts -------------------------------------------------------------------------------------------------


async def _chosen(chat: Chat, prompt: str, fits: Callable[[Case], bool]) -> Mine | None:
    """As `pick`; None where nothing fits."""
    person_id = chat.person.person_id

    async def own() -> list[Offered]:
        found = await cases.list_mine(chat.session, person_id, LISTED, CaseKind.COMPLAINT)
        return [(each.case, cases.topic_of(each.case), fits(each.case)) for each in found]

    number = await pick(chat, prompt, own)
    return None if number is None else await complaints.get_mine(chat.session, person_id, number)


def _row(own: Mine) -> str:
    case = own.case
    line = lines.go(case.number, "complaints.show", number=case.number)
    answer = f"，回复：{lines.short(own.answer, EXCERPT)}" if own.answered_at is not None else ""
    return (
        f"{line} {case.state.said_to_member}（{cases.topic_of(case)}，{lines.day(case.opened_at)}）{answer}"
    )


def _doors(case: Case, chat: Chat) -> list[str]:
    """What can be done now."""
    if not complaints.takes_more(case, chat.at):
        return [NEW]
    doors = [lines.go("补充情况", "complaints.add", number=case.number)]
    if complaints.can_be_withdrawn(case):
        doors.append(lines.go("撤销", "complaints.cancel", number=case.number))
    return ["　".join(doors)]
