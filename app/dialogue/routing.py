"""Which thing a message is for: the order of routing, without running anything.

1 what is only recorded · 2 follow, unfollow, scan, tap on the menu · 3 words of danger, in any text ·
4 取消 上一步 帮助 人工 继续 · 5 the open question · 6 keywords · 7 the menu file's fallback. What no exact
keyword claims may belong to a talk with staff instead: `Plan.is_loose` (`app.dialogue.performing.Talks`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.dialogue.answers import Said, folded, is_telling
from app.dialogue.journal import Contact, DialogueRow, Snapshot, Speaker
from app.dialogue.questions import Pending, is_stale_tap
from app.dialogue.router import Handler, Registry
from app.menus.matching import Book, Match
from app.menus.targets import Do, Say, Target
from app.services.audiences import NOBODY_KNOWN, Facts
from app.wechat.incoming import Incoming
from models import DialogueState

TAPS = frozenset(
    {
        "event.click",
        "event.scancode_push",
        "event.scancode_waitmsg",
        "event.pic_sysphoto",
        "event.pic_photo_or_album",
        "event.pic_weixin",
        "event.location_select",
    }
)
OPENS_WINDOW = frozenset({"event.click", "event.scancode_push", "event.scancode_waitmsg", "event.scan"})
SHOWS_REPLY = frozenset({"event.click", "event.scancode_waitmsg", "event.scan", "event.subscribe"})
GO_ON = "继续"
TAP_DO = "do:"  # a tapped line that names a handler instead of answering a question
TAP_WORD = "word"  # a tapped line that says a keyword and means it, whatever question stands open


class Alarm(Protocol):
    """What a text about danger gets before anything else."""

    @property
    def lines(self) -> str: ...

    @property
    def alert(self) -> bool:
        """Whether people on duty must know: a row is written, whatever the handler does."""
        ...


class Guard(Protocol):
    """Recognises danger in what people write; handed in, its rules live in services."""

    def watch(self, text: str) -> Alarm | None: ...

    async def alert(
        self, session: AsyncSession, speaker: Speaker, key: str, text: str, at: datetime
    ) -> None: ...


class Act(Enum):
    """What to do; the rest of the plan says with what."""

    RECORD = "record"  # keep it, answer `success`
    SAY = "say"  # `target` holds words
    RUN = "run"  # a handler, maybe a flow from its start
    ANSWER = "answer"  # the open question
    ASK_AGAIN = "ask again"  # the open question, without taking this message for an answer
    BACK = "back"
    CANCEL = "cancel"
    RESUME = "resume"
    NOTHING_OPEN = "nothing open"
    SAY_WAITING = "say what waits"


@dataclass(slots=True)
class Plan:
    act: Act
    rule: str
    contact: Contact = Contact.NONE
    handler: Handler | None = None
    args: dict[str, str] = field(default_factory=dict)
    say: Say | None = None
    row: DialogueRow | None = None  # the dialogue to go on with
    said: Said | None = None
    put_aside: list[DialogueRow] = field(default_factory=list)  # rows with their new states, in order
    warning: Alarm | None = None
    notice: str = ""  # a line before the answer
    instead: Match | None = None  # the keyword that the same words hit exactly
    waits: DialogueRow | None = None  # half-finished, and to be named below an answer about something else
    is_loose: bool = False  # words that no exact keyword claims


class Routing:
    """Plans one message. `words` are the fixed words that run a handler: 帮助, 人工; `heard`: which handler
    takes an event that is no tap of ours, by kind.
    """

    def __init__(
        self, registry: Registry, guard: Guard, words: Mapping[str, str], heard: Mapping[str, str]
    ) -> None:
        self._registry = registry
        self._guard = guard
        self._words = dict(words)
        self._heard = dict(heard)

    def plan(self, incoming: Incoming, seen: Snapshot, book: Book, at: datetime) -> Plan:
        if incoming.is_event:
            plan = self._event(incoming, seen, book, at)
        else:
            plan = self._message(incoming, seen, book, at)
        if plan.handler is not None and plan.handler.is_flow and plan.act is Act.RUN:
            plan.put_aside = _aside(seen)
        plan.waits = _waits(plan, seen)
        return plan

    # --- events ---

    def _event(self, incoming: Incoming, seen: Snapshot, book: Book, at: datetime) -> Plan:
        kind = incoming.kind
        contact = Contact.ACTED if kind in OPENS_WINDOW else Contact.NONE
        if kind == "event.unsubscribe":
            return Plan(Act.RECORD, "unsubscribe", Contact.LEFT, put_aside=_closed(seen, at))
        if kind == "event.subscribe":
            target = (book.greeting("scan") if incoming.scene else None) or book.greeting("subscribe")
            plan = self._target(target, "greeting:subscribe", Contact.FOLLOWED)
        elif kind == "event.scan":
            plan = self._target(book.greeting("scan"), "greeting:scan", contact)
        elif kind in TAPS:
            plan = self._button(incoming, book, contact)
        elif kind in self._heard:
            handler = self._registry[self._heard[kind]]
            return Plan(Act.RUN, f"event:{handler.name}", contact, handler=handler)
        else:
            return Plan(Act.RECORD, f"recorded:{kind}", contact)
        if seen.open is not None:
            plan.put_aside = _aside(seen)
        return plan

    def _button(self, incoming: Incoming, book: Book, contact: Contact) -> Plan:
        target = book.button(incoming.event_key)
        if target is None:  # a phone may show a menu of last year
            plan = self._target(self._do("帮助"), "menu:unknown", contact)
            plan.notice = "您点的按钮在以前的菜单里，现在已经不用了。"
            return plan
        return self._target(target, f"menu:{incoming.event_key}", contact)

    # --- messages ---

    def _message(self, incoming: Incoming, seen: Snapshot, book: Book, at: datetime) -> Plan:
        said = Said.of(incoming, at)
        row = seen.open if seen.open is not None and seen.open.expires_at > at else None
        warning = self._guard.watch(said.text) if said.text else None
        plan = (
            self._tap(said, row, seen, book)
            or self._word(said, row, seen)
            or (self._answer(said, row, book, seen) if row is not None else None)
            or self._otherwise(said, seen, book)
        )
        plan.contact = Contact.SPOKE
        plan.warning = warning
        if row is None and seen.open is not None and not plan.put_aside:
            plan.put_aside = [replace(seen.open, state=DialogueState.DRAFT)]  # it ran out of time
        return plan

    def _word(self, said: Said, row: DialogueRow | None, seen: Snapshot) -> Plan | None:
        word = folded(said.text) if said.kind in {"text", "voice"} else ""
        if word == "取消":
            if row is None and self._waiting(seen):
                return Plan(Act.SAY_WAITING, "word:取消", row=self._waiting(seen))
            return Plan(Act.CANCEL, "word:取消", row=row) if row else Plan(Act.NOTHING_OPEN, "word:取消")
        if word == "上一步":
            if row is None and self._waiting(seen):
                return Plan(Act.SAY_WAITING, "word:上一步", row=self._waiting(seen))
            return Plan(Act.BACK, "word:上一步", row=row) if row else Plan(Act.NOTHING_OPEN, "word:上一步")
        if word == GO_ON:
            return self._go_on(row, seen)
        if word in self._words:
            plan = self._target(self._do(word), f"word:{word}", Contact.SPOKE)
            if row is not None and plan.handler is not None and word != "帮助":
                plan.put_aside = _aside(seen)
            return plan
        return None

    def _waiting(self, seen: Snapshot) -> DialogueRow | None:
        """What 「继续」 would go on with while nothing is open."""
        return seen.suspended or seen.draft or seen.open

    def _go_on(self, row: DialogueRow | None, seen: Snapshot) -> Plan:
        if row is not None:
            return Plan(Act.ASK_AGAIN, "word:继续", row=row)
        waiting = self._waiting(seen)
        if waiting is None:
            return Plan(Act.NOTHING_OPEN, "word:继续")
        return Plan(Act.RESUME, "word:继续", row=waiting)

    def _tap(self, said: Said, row: DialogueRow | None, seen: Snapshot, book: Book) -> Plan | None:
        if said.choice.startswith(TAP_DO):
            key = said.choice.removeprefix(TAP_DO)
            target = book.button(key)
            name = target.handler if isinstance(target, Do) else "reply"
            return self._target(target, f"tap:{name}", Contact.SPOKE) if target else None
        if said.choice == TAP_WORD and (match := self._exact(said, seen, book)) is not None:
            return self._target(match.target, match.rule, Contact.SPOKE)
        pending = Pending.load(row.pending) if row and row.pending else None
        if not is_stale_tap(said, pending, row.ref if row else ""):
            return None
        if row is None and self._waiting(seen):
            return Plan(Act.SAY_WAITING, "tap:old", row=self._waiting(seen), notice="这是之前的选项。")
        if row is None:
            return Plan(Act.NOTHING_OPEN, "tap:old", notice="这是之前的选项，那次对话已经结束了。")
        return Plan(Act.ASK_AGAIN, "tap:old", row=row, notice="这是之前的选项，请回答现在的问题：")

    def _answer(self, said: Said, row: DialogueRow, book: Book, seen: Snapshot) -> Plan:
        plan = Plan(Act.ANSWER, f"flow:{row.flow}", row=row, said=said)
        match = self._exact(said, seen, book) if said.kind == "text" and not said.choice else None
        if match is not None and not (isinstance(match.target, Do) and match.target.handler == row.flow):
            plan.instead = match
        return plan

    def _exact(self, said: Said, seen: Snapshot, book: Book) -> Match | None:
        return book.exact(said.text, said.at, _facts(seen))

    def _otherwise(self, said: Said, seen: Snapshot, book: Book) -> Plan:
        match = book.match(said.text, said.at, _facts(seen)) if said.text else None
        if match is not None:
            plan = self._target(match.target, match.rule, Contact.SPOKE)
        else:
            plan = self._target(book.fallback, "fallback", Contact.SPOKE)
        plan.said = said
        plan.is_loose = is_telling(said) and (match is None or self._exact(said, seen, book) is None)
        return plan

    # --- targets ---

    def _do(self, word: str) -> Do:
        return Do(self._words[word], {})

    def _target(self, target: Target | None, rule: str, contact: Contact) -> Plan:
        if isinstance(target, Say):
            return Plan(Act.SAY, rule, contact, say=target)
        if target is None:
            return Plan(Act.RECORD, rule, contact)
        return Plan(Act.RUN, rule, contact, handler=self._registry[target.handler], args=dict(target.args))


def is_answered(incoming: Incoming, plan: Plan) -> bool:
    """Whether the person reads what is replied. To events like LOCATION or VIEW no phone shows anything."""
    return not incoming.is_event or (incoming.kind in SHOWS_REPLY and plan.act is not Act.RECORD)


def standing(seen: Snapshot) -> tuple[str, int]:
    """Which question stands open: its dialogue and serial; ("", 0) when there is none."""
    return (seen.open.ref, seen.open.serial) if seen.open is not None else ("", 0)


def too_late_to_answer(plan: Plan, stood: tuple[str, int]) -> None:
    """The message waited so long that another question stands now, or none: it answers nothing."""
    if plan.act is Act.ANSWER:
        plan.act, plan.said, plan.instead = Act.ASK_AGAIN, None, None
        plan.notice = "您刚才那条处理得晚了，没有算作回答。请看现在的问题："
    elif stood[0] and plan.rule == "fallback":  # meant for a question that is gone, not for the search
        plan.act, plan.notice = Act.NOTHING_OPEN, "您刚才那条处理得晚了，那次对话已经结束。"


def _facts(seen: Snapshot) -> Facts:
    speaker = seen.speaker
    return Facts(speaker.tags, speaker.membership, speaker.areas) if speaker else NOBODY_KNOWN


def _waits(plan: Plan, seen: Snapshot) -> DialogueRow | None:
    """What is half-finished beside what `plan` is about."""
    if plan.row is not None:
        return seen.suspended if plan.row is not seen.suspended else None
    row = seen.open
    if row is not None and plan.handler is not None and plan.handler.name == row.flow and _is_blank(row):
        return None  # a button tapped twice
    return row


def _is_blank(row: DialogueRow) -> bool:
    """Nothing was said to it yet."""
    return not (row.answers or (row.pending and row.pending["partial"]))


def _aside(seen: Snapshot) -> list[DialogueRow]:
    """The open dialogue becomes the suspended one; what was suspended becomes a draft."""
    if seen.open is None:
        return []
    older = [replace(seen.suspended, state=DialogueState.DRAFT)] if seen.suspended else []
    return [*older, replace(seen.open, state=DialogueState.SUSPENDED)]


def _closed(seen: Snapshot, at: datetime) -> list[DialogueRow]:
    """Who leaves takes his half-finished dialogues along."""
    rows = [row for row in (seen.open, seen.suspended, *seen.drafts) if row is not None]
    return [replace(row, state=DialogueState.ENDED, answers=[], pending=None, ended_at=at) for row in rows]
