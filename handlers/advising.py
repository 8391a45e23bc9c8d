"""Questions to an adviser, in the chat: one's own ones, which is meant, how each stands, telling more.

What lawyers, counsellors and doctors have in common; the features themselves are `legal_aid` and `care`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.services import advice, cases
from app.services.advice_kinds import ADVICE
from app.services.case_work import with_caveat
from app.services.cases import Mine
from app.wechat.replies import MAX_TEXT_BYTES, Reply, Text, fit
from handlers import lines
from models import Case, CaseKind, CaseState

LISTED = 8
EXCERPT = 40  # characters
LATE = "答复比说好的晚了，很抱歉。"


Offered = tuple[Case, str, bool]
"""One's own case, what it is about, and whether it fits."""


async def pick(chat: Chat, prompt: str, own: Callable[[], Awaitable[Sequence[Offered]]]) -> str | None:
    """The number that was tapped; else the only one that fits, or the choice between several.

    None where nothing fits.
    """
    if chat.args.get("number"):
        return chat.args["number"]
    found = await own()
    # What it was about when the talk began stays, though somebody may have worked on it meanwhile.
    offered = chat.remember("offered", [case.number for case, _, fits in found if fits])
    if not offered:
        return None
    labels = {case.number: f"{case.number} {about}" for case, about, _ in found}
    options = {number: labels.get(number, number) for number in offered}
    number: str = offered[0] if len(offered) == 1 else await chat.choose("number", prompt, options)
    return number


@dataclass(frozen=True, slots=True)
class Feature:
    """Kinds of question that are shown together, and how they are spoken of."""

    name: str  # of its handlers: `legal_aid` for `legal_aid.show`, `.add` and `.cancel`
    kinds: tuple[CaseKind, ...]
    new: str  # where nothing can be added any more
    withdraw: str  # what the line to tap says
    about: Callable[[Case], str]
    answered: Callable[[Case], str]  # what an answer is called
    late: Callable[[Case], str]  # what is said when an answer did not come in time
    further: Callable[[Case], str] = lambda case: ""  # another door, of this feature alone

    async def get(self, chat: Chat, number: str) -> Mine:
        """Raises: NotFound: not one of the person's own."""
        return await advice.get_mine(chat.session, chat.person.person_id, number, *self.kinds)

    async def list_mine(self, chat: Chat) -> list[Mine]:
        """Newest first."""
        return await cases.list_mine(chat.session, chat.person.person_id, LISTED, *self.kinds)

    async def chosen(self, chat: Chat, prompt: str, fits: Callable[[Case], bool]) -> Mine | None:
        """As `pick`; None where nothing fits."""

        async def own() -> list[Offered]:
            found = await self.list_mine(chat)
            return [(each.case, self.about(each.case), fits(each.case)) for each in found]

        number = await pick(chat, prompt, own)
        return None if number is None else await self.get(chat, number)

    def row(self, own: Mine) -> str:
        """One of a list."""
        case = own.case
        line = lines.go(case.number, f"{self.name}.show", number=case.number)
        answer = f"，答复：{lines.short(own.answer, EXCERPT)}" if _is_answer(own) else ""
        return (
            f"{line} {case.state.said_to_member}（{self.about(case)}，{lines.day(case.opened_at)}）{answer}"
        )

    async def shown(self, chat: Chat, own: Mine, known: Sequence[str] = ()) -> Reply:
        """The whole of one; `known` is what follows from what was told."""
        case = own.case
        words = [
            f"{case.number}　{case.state.said_to_member}",
            f"{lines.day(case.opened_at)}提交，{self.about(case)}",
        ]
        said = await cases.first_words(chat.session, case)
        more = [f"您说：{lines.short(said, 200)}"] if said else []
        standing = self._standing(own, chat)
        doors = filter(None, [*self._doors(case, chat), self.further(case)])
        whole = "\n".join([*words, *known, *more, *standing, *doors])
        # Of a long answer every word counts, more than what one said oneself.
        return Text(whole if len(whole.encode()) <= MAX_TEXT_BYTES else fit("\n".join([*words, *standing])))

    def _standing(self, own: Mine, chat: Chat) -> list[str]:
        """What was said last by us, and when the next word comes."""
        said, case = [], own.case
        if own.answered_at is not None:
            is_answer = _is_answer(own)
            words = with_caveat(case, own.answer) if is_answer else own.answer
            what = self.answered(case) if is_answer else f"{ADVICE[case.kind].adviser}问您"
            said = [f"{lines.day(own.answered_at)}{what}：", words]
        due_at = case.answer_due_at
        if due_at is not None:
            said.append(lines.answered_at(due_at, chat.at) if due_at > chat.at else self.late(case))
        return said

    def _doors(self, case: Case, chat: Chat) -> list[str]:
        """What can be done now."""
        if not advice.takes_more(case, chat.at):
            return [self.new]
        doors = [lines.go("补充情况", f"{self.name}.add", number=case.number)]
        if advice.can_be_withdrawn(case):
            doors.append(lines.go(self.withdraw, f"{self.name}.cancel", number=case.number))
        return ["　".join(doors)]


async def ask_more(chat: Chat, own: Mine) -> answers.Story:
    """What there is to add; a question that was asked back is read again first."""
    case = own.case
    asked = case.state is CaseState.WAITING_USER
    adviser = ADVICE[case.kind].adviser
    prompt = f"{adviser}问您：{own.answer}\n请回答" if asked else f"请发要补充到 {case.number} 的情况"
    ways = "，可以发文字、图片或语音，发完回复「完成」。"
    return await chat.ask("story", prompt + ways, answers.story)


def next_word(case: Case, chat: Chat) -> str:
    """By when an answer comes; no promise that is broken already."""
    due_at = case.answer_due_at
    return lines.answered_at(due_at, chat.at) if due_at and due_at > chat.at else "答复会发到这里。"


def _is_answer(own: Mine) -> bool:
    """Whether the newest words of staff are an answer, not a question."""
    return own.answered_at is not None and own.answered_at == own.case.answered_at
