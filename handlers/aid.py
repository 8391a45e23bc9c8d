"""法律援助申请 by chat: apply, see how it stands, bring papers, withdraw, object. No rule lives here.

The questions stand in `aid_intake`; what was asked a lawyer is in `legal_aid`.
"""

from collections.abc import Callable

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import cases, legal_aid, legal_aid_words
from app.services.cases import Mine
from app.services.legal_aid import KIND, MINE_WORD, OBJECT_WORD, PAPERS_WORD, Supplied
from app.wechat.replies import Reply, Text, fit
from handlers import aid_intake, lines
from handlers.advising import Offered, pick
from models import Case, CaseState, LegalAid

router = Router("legal_aid")

APPLY = "申请法律援助"
SERIES = "YZ-"
LISTED = 8
_REASONS = {
    CaseState.SUPPLEMENT: "要补的",
    CaseState.REJECTED: "理由",
    CaseState.TERMINATED: "理由",
    CaseState.UPHELD: "理由",
    CaseState.CONCLUDED: "结果",
}


@router.flow("legal_aid.apply", title=APPLY, version=1, args=("number",), confidential=True)
async def apply(chat: Chat) -> Reply:
    """The only write comes after the last question."""
    asked = await aid_intake.ask(chat)
    if isinstance(asked, str):
        return Text(asked)
    done = await legal_aid.apply(
        chat.session, chat.person.person_id, chat.person.follower_id, asked, channel="chat", now=chat.at
    )
    case, row = await legal_aid.get_mine(chat.session, chat.person.person_id, done.number)
    said = [
        "这件事您已经申请过了。" if done.again else "已收到您的法律援助申请。",
        lines.number(done.number),
        legal_aid_words.clock_of(case, row, chat.at),
        *(["请现在就打电话，先帮您办、后补材料：", legal_aid.hurry_lines()] if done.fast_track else []),
        lines.go("补交材料", "legal_aid.papers", number=done.number) + "　" + lines.MY_AID,
    ]
    return Text("\n".join(filter(None, said)))


@router.on("legal_aid.applications", title=MINE_WORD, confidential=True)
async def mine(chat: Chat) -> Reply:
    found = await rows(chat)
    if not found:
        return Text(f"您还没有申请过法律援助。要申请，点这里：{lines.APPLY_FOR_AID}")
    return Text(fit("\n".join([*found, lines.APPLY_FOR_AID])))


@router.flow("legal_aid.papers", title=PAPERS_WORD, version=1, args=("number",), confidential=True)
async def supply(chat: Chat) -> Reply:
    """What was asked for is read again first."""
    own = await _chosen(chat, "要补交哪一件的材料？", lambda case, row: legal_aid.takes_papers(case))
    if own is None:
        return Text(f"现在没有可以补交材料的法律援助申请。{lines.APPLY_FOR_AID}")
    case = own.case
    if not legal_aid.takes_papers(case):
        return Text(f"{case.number} {case.state_said}，不能再补交了。{lines.MY_AID}")
    wanted = f"要补的：{own.answer}\n" if case.state is CaseState.SUPPLEMENT else ""
    story = await chat.ask(
        "story", f"{wanted}请把材料拍照发来，一张一张发，也可以写字。发完回复「完成」。", answers.story
    )
    case, became = await legal_aid.supply(
        chat.session, chat.person.person_id, case.number, story.parts, channel="chat", now=chat.at
    )
    row = await legal_aid.row_of(chat.session, case)
    first = f"已收到 {case.number} 的材料（{story.summary}）"
    first += "，接着办。" if became is Supplied.GOES_ON else "，会一起看。"
    told = [first, legal_aid_words.clock_of(case, row, chat.at), lines.MY_AID]
    return Text("\n".join(filter(None, told)))


@router.flow("legal_aid.withdraw", title="撤回援助申请", version=1, args=("number",), confidential=True)
async def withdraw(chat: Chat) -> Reply:
    own = await _chosen(chat, "要撤回哪一件？", lambda case, row: legal_aid.can_be_withdrawn(case))
    if own is None:
        return Text(f"现在没有可以撤回的法律援助申请。{lines.MY_AID}")
    number = own.case.number
    if own.case.state is not CaseState.CANCELLED:
        await chat.confirm("ok", f"确认撤回 {number} 吗？撤回后不再审查，以后可以重新申请。")
    await legal_aid.cancel(chat.session, chat.person.person_id, number, channel="chat", now=chat.at)
    return Text(f"{number} 已撤回。以后需要，随时再来：{lines.APPLY_FOR_AID}")


@router.flow("legal_aid.object", title=OBJECT_WORD, version=1, args=("number",), confidential=True)
async def object_to(chat: Chat) -> Reply:
    """Why is asked, and may be skipped."""
    own = await _chosen(
        chat, "对哪一件的决定有异议？", lambda case, row: legal_aid.may_object(case, row, chat.at)
    )
    if own is None:
        return Text(f"现在没有可以提出异议的决定。{lines.MY_AID}")
    number = own.case.number
    why = None
    if own.case.state is not CaseState.OBJECTION:
        why = await chat.ask(
            "why",
            f"请说说为什么不同意 {number} 的决定，也可以发新的材料，发完回复「完成」。不想说请回复「跳过」。",
            answers.optional(answers.story),
        )
    parts = why.parts if why is not None else legal_aid.reason_of("")
    case = await legal_aid.object_to(
        chat.session, chat.person.person_id, number, parts, channel="chat", now=chat.at
    )
    clock = legal_aid_words.clock_of(case, await legal_aid.row_of(chat.session, case), chat.at)
    return Text(f"{number} 的异议已收到，由另一位同事复核。\n{clock}\n{lines.MY_AID}")


# --- one's own, also among what was asked a lawyer ---------------------------------------------------------


async def rows(chat: Chat) -> list[str]:
    """A list with its heading; empty where there is none."""
    found = await _list_mine(chat)
    listed = [
        f"{lines.go(own.case.number, 'legal_aid.show', number=own.case.number)} {own.case.state_said}"
        f"（{row.matter.label}，{lines.day(own.case.opened_at)}）"
        for own, row in found
    ]
    return ["您的法律援助申请，点编号看详情：", *listed] if listed else []


async def shown(chat: Chat, number: str) -> Reply:
    """How one stands, its clock, and what can be done."""
    own = await legal_aid.find_mine(chat.session, chat.person.person_id, number)
    case, row = own.case, await legal_aid.row_of(chat.session, own.case)
    said = await cases.first_words(chat.session, case)
    newest = f"{_REASONS.get(case.state, '最近告诉您')}：{own.answer}" if own.answer else ""
    told = [
        f"{case.number}　{case.state_said}",
        f"{lines.day(case.opened_at)}申请，{row.matter.label}",
        legal_aid_words.clock_of(case, row, chat.at),
        f"请现在就打电话：\n{legal_aid.hurry_lines()}" if legal_aid.is_hurried(case, row) else "",
        _doors(case, row, chat),  # before what may be long
        newest,
        f"您说：{lines.short(said, 120)}" if said else "",
    ]
    return Text(fit("\n".join(filter(None, told))))


def _doors(case: Case, row: LegalAid, chat: Chat) -> str:
    number, doors = case.number, []
    if legal_aid.takes_papers(case):
        doors.append(lines.go("补交材料", "legal_aid.papers", number=number))
    if legal_aid.can_be_withdrawn(case):
        doors.append(lines.go("撤回申请", "legal_aid.withdraw", number=number))
    if legal_aid.may_object(case, row, chat.at):
        doors.append(lines.go("提出异议", "legal_aid.object", number=number))
    return "　".join(doors) or lines.APPLY_FOR_AID


async def _list_mine(chat: Chat) -> list[tuple[Mine, LegalAid]]:
    found = await cases.list_mine(chat.session, chat.person.person_id, LISTED, KIND)
    kept = await legal_aid.rows_of(chat.session, [own.case for own in found])
    return [(own, kept[own.case.id]) for own in found]


async def _chosen(chat: Chat, prompt: str, fits: Callable[[Case, LegalAid], bool]) -> Mine | None:
    """As `pick`; None where nothing fits."""

    async def own() -> list[Offered]:
        return [(mine.case, row.matter.label, fits(mine.case, row)) for mine, row in await _list_mine(chat)]

    number = await pick(chat, prompt, own)
    return None if number is None else await legal_aid.find_mine(chat.session, chat.person.person_id, number)
