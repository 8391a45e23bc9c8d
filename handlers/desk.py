"""人工: somebody wants to talk to a person. A numbered case, and a way to say what it is about."""

from app.clock import spoken
from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import cases, crisis, talks
from app.services.cases import Mine, Opened
from app.services.hotlines import Subject
from app.services.hotlines import lines as hotline_lines
from app.wechat.replies import Reply, Text, fit
from handlers import lines
from models import CaseKind, EntryKind

router = Router("desk")

URGENT = "急事请直接打电话：\n" + hotline_lines(Subject.DANGER, Subject.ELECTRICITY, but=("122", "12398"))
ON = "是什么事，接着发给我就行，文字、图片、语音都会转给工作人员。"


@router.on("desk.open", title="人工服务")
async def open_desk(chat: Chat) -> Reply:
    """One open case per person: asking again is noted in it, and answered with its number."""
    person = chat.person
    open_case = await cases.find_open_desk(chat.session, person.person_id)
    if open_case is not None:
        mine = await cases.find_mine(chat.session, person.person_id, open_case.number)
        await cases.add_entry(chat.session, open_case, EntryKind.EVENT, _said(chat), now=chat.at)
        talks.begin(open_case, chat.at)
        return Text(fit(_again(chat, mine or Mine(open_case))))
    opened = await cases.open_case(
        chat.session, CaseKind.DESK, person.person_id, person.follower_id, blocks=_said(chat), now=chat.at
    )
    return Text(f"{_passed_on(opened)}\n{ON}\n\n{URGENT}")


@router.flow("desk.tell", title="说明情况", version=1, takes=("photo", "location"))
async def tell(chat: Chat) -> Reply:
    """What it is about; goes to the open case, or opens one."""
    story = await chat.ask(
        "story", "请说说是什么事，可以发文字、语音或图片，发完回复「完成」。", answers.story
    )
    person = chat.person
    case = await cases.find_open_desk(chat.session, person.person_id)
    if case is not None:
        await cases.add_entry(chat.session, case, EntryKind.MEMBER, story.parts, now=chat.at)
        await crisis.lies_in(chat.session, person.person_id, case.number, story.parts, chat.at)
        talks.begin(case, chat.at)
        return Text(f"已记到 {case.number}，工作人员会一起看。答复会发到这里。")
    opened = await cases.open_case(
        chat.session, CaseKind.DESK, person.person_id, person.follower_id, blocks=story.parts, now=chat.at
    )
    return Text(_passed_on(opened))


def _passed_on(case: Opened) -> str:
    return "\n".join(
        ["已转给工作人员。", lines.number(case.number), lines.answered_by(case.first_answer_due_at)]
    )


def _again(chat: Chat, mine: Mine) -> str:
    case = mine.case
    words = [f"您的人工服务 {case.number} 正在办理，已记下您又来找过。"]
    if case.first_answer_due_at is not None and case.first_answer_due_at > chat.at:
        words.append(lines.answered_by(case.first_answer_due_at))
    if mine.answered_at is not None:
        words.append(f"上次的答复（{spoken(mine.answered_at, chat.at)}）：{mine.answer}")
    return "\n".join([*words, ON, "", URGENT])


def _said(chat: Chat) -> list[dict[str, str]]:
    return [{"type": "text", "text": chat.text}] if chat.text else []
