"""留言: tell the union something, named or not, and see what became of it."""

from enum import StrEnum

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import case_branches, cases, own_numbers, stored_files
from app.services.cases import Mine, moment_kept
from app.services.feedback_topics import FeedbackTopic, topic_label
from app.wechat.replies import MAX_TEXT_BYTES, Reply, Text, fit
from handlers import lines
from models import OVER, Case, CaseKind, CaseState

router = Router("feedback")

LISTED = 8
KINDS = (CaseKind.FEEDBACK, CaseKind.DESK)  # what 我的留言 shows
EXCERPT = 40  # characters of one's own words or of an answer, where the whole would be too much


class Naming(StrEnum):
    NAMED = "named"
    ANONYMOUS = "anonymous"

    @property
    def label(self) -> str:
        return "实名，方便联系我" if self is Naming.NAMED else "匿名"


# Confidential, since nobody can know beforehand who will choose to stay unnamed.
@router.flow("feedback.leave", title="我要留言", version=1, confidential=True)
async def leave(chat: Chat) -> Reply:
    """What about, what, by whom; the only writes come after the last question."""
    topic = await chat.choose("topic", "您想留言哪方面的事？", FeedbackTopic)
    story = await chat.ask(
        "story", "请说说您的意见，可以发文字、图片或语音，分几次发也行。发完回复「完成」。", answers.story
    )
    naming = await chat.choose(
        "naming",
        "要实名还是匿名？匿名时，工作人员始终看不到您是谁，答复照样发给您。",
        Naming,
    )
    contact = None
    if naming is Naming.NAMED:
        contact = await chat.ask(
            "contact", "留个电话方便联系吗？请发号码，不想留请回复「跳过」。", answers.optional(answers.phone)
        )
    is_near = naming is Naming.NAMED and chat.person.membership is not None
    taker = await _taker(chat) if is_near else ""
    await chat.confirm("ok", _summary(topic, story, naming, contact, taker))

    anonymous = naming is Naming.ANONYMOUS
    opened = await cases.open_case(
        chat.session,
        CaseKind.FEEDBACK,
        chat.person.person_id,
        chat.person.follower_id,
        topic=topic.value,
        blocks=story.parts,
        anonymous=anonymous,
        contact=contact or "",
        now=chat.at,
    )
    if anonymous:
        files = [str(part["file"]) for part in story.parts if "file" in part]
        day = moment_kept(chat.at, anonymous=True)
        await stored_files.disown(chat.session, chat.person.person_id, files, day)
    return Text(
        f"已收到您的留言。\n{lines.number(opened.number)}\n{lines.answered_by(opened.first_answer_due_at)}\n"
        f"进度随时可查：{lines.MINE}"
    )


@router.on("feedback.mine", title="我的留言", confidential=True)
async def mine(chat: Chat) -> Reply:
    """人工服务 too: whoever missed an answer finds it here."""
    found = await cases.list_mine(chat.session, chat.person.person_id, LISTED, *KINDS)
    if not found:
        return Text(f"还没有留言。有想说的，点这里：{lines.LEAVE}")
    rows = [_row(each) for each in found]
    return Text(fit("\n".join(["您的留言和人工服务，点编号看详情：", *rows, lines.LEAVE])))


@router.on("feedback.show", title="看一条留言", args=("number",), confidential=True)
async def show(chat: Chat) -> Reply:
    """One's own only, 人工服务 too; the number may be tapped or typed, and anybody can make one up."""
    number = (chat.args.get("number") or chat.text).strip().upper()
    found = await cases.find_mine(chat.session, chat.person.person_id, number, *KINDS)
    if found is None:
        nothing = "没有找到这条留言，请在「我的留言」里点编号查看。"
        raise await own_numbers.not_found(chat.session, chat.person.person_id, number, nothing)
    case = found.case
    said = await cases.first_words(chat.session, case)
    words = [
        f"{case.number}　{case.state.label}",
        f"{lines.day(case.opened_at)}提交，{_about(case)}，{'匿名' if case.anonymous else '实名'}",
    ]
    answer = []
    if found.answered_at is not None:
        answer = [f"{lines.day(found.answered_at)}答复：", found.answer]
    elif case.first_answer_due_at is not None and case.state is not CaseState.CLOSED:
        answer = [lines.answered_by(case.first_answer_due_at)]
    more = [f"您说：{lines.short(said, 200)}"] if said else []
    whole = "\n".join([*words, *more, *answer, *_more(case)])
    # Of a long answer every word counts, more than what one said oneself.
    return Text(whole if len(whole.encode()) <= MAX_TEXT_BYTES else fit("\n".join([*words, *answer])))


def _more(case: Case) -> list[str]:
    """How to go on: with this one while it lasts, else with a new one."""
    if case.state in OVER:
        return [f"还有话说，再留一条：{lines.LEAVE}"]
    return [lines.go("补充情况", "talk.add", number=case.number)]


async def _taker(chat: Chat) -> str:
    """Who near the person reads it too: said before it is sent."""
    name = await case_branches.name_for(chat.session, chat.person.person_id)
    return f"接办：{name}也会看到；不想让分会看到，请选匿名，或回复「投诉建议」" if name else ""


def _summary(
    topic: FeedbackTopic, story: answers.Story, naming: Naming, contact: str | None, taker: str
) -> str:
    named = naming is Naming.NAMED
    words = f"「{lines.short(story.text, EXCERPT)}」" if story.text else ""
    facts = [f"类型：{topic.label}", f"署名：{'实名' if named else '匿名'}"]
    facts += [f"电话：{contact or '不留'}"] if named else []
    facts += [taker] if taker else []
    return "\n".join([*facts, f"内容：{story.summary}{words}", "确认提交吗？"])


def _row(mine: Mine) -> str:
    case = mine.case
    line = lines.go(case.number, "feedback.show", number=case.number)
    answer = f"，答复：{lines.short(mine.answer, EXCERPT)}" if mine.answered_at else ""
    return f"{line} {case.state.label}（{_about(case)}，{lines.day(case.opened_at)}）{answer}"


def _about(case: Case) -> str:
    return topic_label(case.topic) if case.kind is CaseKind.FEEDBACK else case.kind.label
