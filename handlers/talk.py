"""Talking with somebody of staff: words without a keyword go to the case that the talk is about.

All of it is confidential: the words lie in the case's thread, and the journal keeps none of them.
"""

from collections.abc import Sequence
from enum import StrEnum

from app.dialogue import answers
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.errors import NotFound
from app.knowledge import Entry, Hit
from app.services import crisis, talks
from app.services.advice import Added
from app.services.advice_kinds import ADVICE
from app.services.library import Library
from app.services.questions import Unanswered
from app.services.talks import Heard
from app.wechat.replies import Nothing, Reply, Text, fit
from handlers import advising, answering, browsing, lines
from models import Case, CaseKind

NONE_OF_THEM = "none"


class Wish(StrEnum):
    """What somebody wants who writes after an answer."""

    AGAIN = "again"
    NOTE = "note"
    SEARCH = "search"

    @property
    def label(self) -> str:
        return _WISHES[self]


_WISHES = {
    Wish.AGAIN: "还有问题，接着办",
    Wish.NOTE: "只是告诉一声",
    Wish.SEARCH: "问别的，帮我找答案",
}


def make_router(library: Library, unanswered: Unanswered) -> Router:
    """`library` is searched for what was not meant for staff; `unanswered` counts what it has not."""
    router = Router("talk")

    @router.flow("talk.say", title="和工作人员说话", version=1, confidential=True, hears="words")
    async def say(chat: Chat) -> Reply:
        """The words go to the open talk; with several open, first to which."""
        prompt = "请把要说的发给我，文字、图片、语音或位置都可以。"
        words = await chat.ask("words", prompt, answers.one_message)
        found = await talks.list_open(chat.session, chat.person.person_id, chat.at)
        case = await _meant(chat, found)
        if case is None:
            return await _elsewhere(chat, library, unanswered, words)
        answers_us = not await talks.is_courtesy(chat.session, case, words)
        if answers_us and talks.reopens(case):
            wish = await chat.choose("wish", f"{case.number} 已经答复了。您这句是：", Wish)
            if wish is Wish.SEARCH:
                return await _elsewhere(chat, library, unanswered, words)
            answers_us = wish is Wish.AGAIN
        heard = await talks.say(
            chat.session, chat.person.person_id, case.number, words, moves=answers_us, now=chat.at
        )
        return _told(heard, chat, _known(library, words))

    @router.flow("talk.add", title="补充情况", version=1, args=("number",), confidential=True)
    async def add(chat: Chat) -> Reply:
        """To a case by its number; the number may be tapped, and anybody can make one up."""
        case = await talks.get(chat.session, chat.person.person_id, chat.args.get("number", ""))
        prompt = f"请发要补充到 {case.number} 的情况，可以发文字、图片或语音，发完回复「完成」。"
        story = await chat.ask("story", prompt, answers.story)
        heard = await talks.say(chat.session, chat.person.person_id, case.number, story.parts, now=chat.at)
        return Text(f"已补充到 {heard.case.number}。{_next_word(heard.case, chat)}")

    @router.on("talk.aside", title="不是说给工作人员的", args=("number",), confidential=True)
    async def aside(chat: Chat) -> Reply:
        """The newest words were meant for the search; the talk rests until staff speak again."""
        number = chat.args.get("number", "")
        words = await talks.leave(chat.session, chat.person.person_id, number, chat.at)
        rests = f"好的，后面发的话由我来答。要接着和工作人员说，点这里：{_go_on(number)}"
        if not words:
            return Text(rests)
        found = await answering.of_words(chat, library, unanswered, words)
        return Text(f"{found.content}\n\n{rests}") if isinstance(found, Text) else Text(rests)

    return router


async def _meant(chat: Chat, found: Sequence[Case]) -> Case | None:
    """The talk the words belong to; None where they were meant for nobody. Asks, where it may be several.

    Raises: DomainError: none stands open, or it was ended meanwhile.
    """
    by_number = {each.number: each for each in found}
    now = await talks.current(chat.session, found, chat.at) if found else None
    offered = chat.remember("offered", [now.number] if now is not None else list(by_number))
    if not offered:
        raise NotFound(f"现在没有正在谈的事项，这句没有转给任何人。要找工作人员，请点：{lines.DESK}")
    number = offered[0]
    if len(offered) > 1:
        labels = {each: f"{each} {by_number[each].kind.label}" for each in offered if each in by_number}
        options = labels | {NONE_OF_THEM: "都不是，帮我找答案"}
        number = await chat.choose("number", "您有几件事正在谈，这句要说给哪一件？", options)
    if number == NONE_OF_THEM:
        return None
    return by_number.get(number) or await talks.get(chat.session, chat.person.person_id, number)


async def _elsewhere(chat: Chat, library: Library, unanswered: Unanswered, words: answers.Blocks) -> Reply:
    text = _text(words)
    if not text:
        return Text(answering.UNREADABLE.get(str(words[0]["type"]), answering.OTHERWISE))
    return await answering.of_words(chat, library, unanswered, text)


def _text(words: answers.Blocks) -> str:
    return "\n".join(str(word.get("text") or "") for word in words).strip()


def _known(library: Library, words: answers.Blocks) -> Entry | None:
    """The answer that we have ourselves, if there is no doubt which. None to somebody in danger."""
    text = _text(words)
    danger = crisis.watch(text) if text else None
    found = library.index.search(text) if text and not (danger and danger.alert) else None
    return found.entry if isinstance(found, Hit) else None


def _told(heard: Heard, chat: Chat, known: Entry | None) -> Reply:
    """Where the words went; nothing more for those that follow at once, nor for thanks.

    Who writes of a danger is told at once what to do: nobody may wait for staff with that.
    """
    case = heard.case
    if known is not None and known.is_urgent:
        first = answering.in_words(known, opened=answering.opened(chat))
        return Text(fit(f"{first}\n\n这句也转给{_whom(case)}了（{case.number}）。"))
    if heard.added is Added.COURTESY or (heard.goes_on and heard.added in (Added.NOTED, Added.KEPT)):
        return Nothing()
    if heard.added is Added.KEPT:
        return Text(lines.kept(case.number))
    again = "，重新办理" if heard.added is Added.REOPENED else ""
    out = lines.go("点这里", "talk.aside", number=case.number)
    whom = _whom(case)
    said = [f"已转给{whom}（{case.number}）{again}。{_next_word(case, chat)}"]
    if known is not None and case.kind is CaseKind.DESK:
        said.append(f"这里也有现成的答案：{browsing.line(known)}")
    return Text("\n".join([*said, f"接下来发的也会转过去。不是说给{whom}的？{out}"]))


def _whom(case: Case) -> str:
    return ADVICE[case.kind].adviser if case.kind in ADVICE else "工作人员"


def _next_word(case: Case, chat: Chat) -> str:
    """Where no office hours count, the day is enough."""
    due_at = case.answer_due_at
    if case.kind in ADVICE or due_at is None or due_at <= chat.at:
        return advising.next_word(case, chat)
    return lines.answered_by(due_at)


def _go_on(number: str) -> str:
    return lines.go("继续说", "talk.add", number=number)
