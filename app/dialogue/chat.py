"""What a handler holds: who speaks, when, a session, and the questions of a flow.

A flow runs again from the top at each message. `ask`, `choose` and `confirm` return stored answers; the first
question without one parses the new message, or stops the run by raising `Asking`.
"""

import enum
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar, overload

from sqlalchemy.ext.asyncio import AsyncSession

from app.dialogue.answers import Accept, More, Parser, Said, Story, folded
from app.dialogue.journal import Expected, Speaker
from app.dialogue.questions import NO, YES, Pending
from app.wechat.incoming import Incoming

Value = TypeVar("Value")
Label = TypeVar("Label", bound=enum.Enum)

FOUND = "found"  # how what was remembered is told from answers


class Asking(BaseException):
    """The run stops here: a question stands open. No handler swallows it by accident."""

    def __init__(self, pending: Pending, *, say: str | None = None, refused: bool = False) -> None:
        super().__init__(pending.key)
        self.pending = pending
        self.say = say  # instead of the whole question; "" says nothing
        self.refused = refused


class Declined(BaseException):
    """The member said no to a confirmation: the flow ends kindly."""


@dataclass(slots=True)
class Script:
    """How far a flow has come in this run."""

    answers: list[tuple[str, Any]]
    pending: Pending | None
    said: Said | None  # the new message; taken by the first question without an answer
    ref: str
    position: int = 0
    prefix: str = ""
    keys: set[str] = field(default_factory=set)
    notices: list[str] = field(default_factory=list)
    received: str = ""  # how much the story has that this message ended
    expected: list[Expected] = field(default_factory=list)

    def enter(self, key: str) -> str:
        full = self.prefix + key
        if full in self.keys:
            raise ValueError(f"the question {full!r} is asked twice on this path")
        self.keys.add(full)
        return full

    def stored(self, key: str) -> bool:
        """Whether the next stored answer is `key`'s; another one there is dropped with all after it."""
        if self.holds(key):
            return True
        self.drop_rest()
        return False

    def holds(self, key: str) -> bool:
        """Whether the next stored answer is `key`'s; nothing is dropped."""
        return self.position < len(self.answers) and self.answers[self.position][0] == key

    def drop_rest(self) -> None:
        del self.answers[self.position :]

    def keep(self, key: str, value: Any) -> None:
        self.answers.append((key, value))
        self.position += 1
        self.pending = None

    def again(self, key: str, prompt: str) -> Pending:
        """The question as new; what was told of its answer before an interruption is kept."""
        if self.pending is None or self.pending.key != key or not self.pending.partial:
            return Pending(key, prompt)
        self.notices.append(f"已经收到 {len(self.pending.partial['parts'])} 条，可以接着发。")
        return replace(self.pending, text=prompt, serial=0)

    def take(self, key: str) -> tuple[Said, Pending] | None:
        """The new message, if it answers the open question `key`."""
        if self.said is None or self.pending is None or self.pending.key != key:
            return None
        said, self.said = self.said, None
        return said, self.pending


class Chat:
    """One message being handled."""

    def __init__(
        self,
        *,
        at: datetime,
        incoming: Incoming,
        speaker: Speaker,
        sessions: Callable[[], AsyncSession],
        args: Mapping[str, str] | None = None,
        script: Script | None = None,
        afterwards: list[Callable[[], None]] | None = None,
    ) -> None:
        self.at = at
        self.incoming = incoming
        self.person = speaker
        self.args = dict(args or {})
        self._sessions = sessions
        self._session: AsyncSession | None = None
        self._script = script
        self._afterwards = afterwards if afterwards is not None else []

    def once_stored(self, act: Callable[[], None]) -> None:
        """`act` when the message is stored with this answer: counting outside of the database.

        A handler may run more than once, and in vain: the words turn out to belong to a talk.
        """
        self._afterwards.append(act)

    @property
    def session(self) -> AsyncSession:
        """Reads; at the first write the engine runs the handler again in a writing transaction."""
        if self._session is None:
            self._session = self._sessions()
        return self._session

    @property
    def text(self) -> str:
        """What was typed or spoken; empty for events and pictures."""
        return self.incoming.text

    @property
    def script(self) -> Script:
        if self._script is None:
            raise RuntimeError("only a flow may ask: declare this handler with router.flow")
        return self._script

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Questions of a sub-dialogue carry its name: `contact.phone`."""
        script, outer = self.script, self.script.prefix
        script.prefix = f"{outer}{name}."
        try:
            yield
        finally:
            script.prefix = outer

    def is_at(self, key: str) -> bool:
        """Whether this question has been asked on this way already: answered, or open just now."""
        script, full = self.script, self.script.prefix + key
        is_last = script.position >= len(script.answers)
        return script.holds(full) or (is_last and script.pending is not None and script.pending.key == full)

    async def ask(self, key: str, prompt: str, parser: Parser[Value]) -> Value:
        """The answer to `prompt`, as `parser` accepts it."""
        script = self.script
        full = script.enter(key)
        if script.stored(full):
            script.position += 1
            return parser.load(script.answers[script.position - 1][1])
        taken = script.take(full)
        if taken is None:
            raise Asking(script.again(full, prompt))
        said, pending = taken
        result = parser.parse(said, pending.partial)
        if isinstance(result, Accept):
            script.expected += result.expected
            script.keep(full, parser.dump(result.value))
            if isinstance(result.value, Story):
                script.received = result.value.summary
            return result.value
        if isinstance(result, More):
            script.expected += result.expected
            raise Asking(replace(pending, partial=result.partial), say=result.say)
        raise Asking(pending, say=result.reason, refused=True)

    @overload
    async def choose(self, key: str, prompt: str, options: Mapping[Value, str]) -> Value: ...

    @overload
    async def choose(self, key: str, prompt: str, options: type[Label]) -> Label: ...

    async def choose(self, key: str, prompt: str, options: Any) -> Any:
        """One of `options`: value to label, or an enum whose members have a `label`."""
        script = self.script
        full = script.enter(key)
        by_stored = _by_stored(options)
        if script.stored(full):
            value = script.answers[script.position][1]
            if _hashable(value) in by_stored:
                script.position += 1
                return by_stored[_hashable(value)][0]
            script.drop_rest()
            script.notices.append("刚才选的那一项现在已经不能选了，请重新选择。")
            script.said = None
        taken = script.take(full)
        fresh = Pending(full, prompt, options=tuple((v, label) for v, (_, label) in by_stored.items()))
        if taken is None:
            raise Asking(fresh)
        said, pending = taken
        if folded(said.text) == "更多" and len(pending.options) > 1:
            raise Asking(pending.next_page())
        place = pending.chosen(said, script.ref)
        if place is None:
            raise Asking(
                pending, say="没有认出您选的是哪一项，请点下面的选项，或回复前面的数字。", refused=True
            )
        value, label = pending.options[place]
        if _hashable(value) not in by_stored:
            script.notices.append(f"「{label}」现在已经不能选了，请重新选择。")
            raise Asking(fresh)
        script.keep(full, value)
        return by_stored[_hashable(value)][0]

    def remember(self, key: str, value: Value) -> Value:
        """What was found out the first time (`value` as JSON holds it), whatever has changed since then."""
        script = self.script
        full = script.enter(key)
        if script.stored(full):
            script.position += 1
            return _found(script.answers[script.position - 1][1])  # type: ignore[no-any-return]
        script.answers.append((full, {FOUND: value}))
        script.position += 1
        return value

    async def remember_found(self, key: str, find: Callable[[], Awaitable[Value]]) -> Value:
        """The same for what must be looked for: it is looked for the first time only."""
        script = self.script
        known = script.holds(script.prefix + key)
        value: Value = _found(script.answers[script.position][1]) if known else await find()
        return self.remember(key, value)

    async def confirm(self, key: str, text: str) -> None:
        """Go on only after a clear yes to exactly this `text`; a no ends the flow."""
        script = self.script
        full = script.enter(key)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        if script.stored(full):
            if script.answers[script.position][1] == digest:
                script.position += 1
                return
            script.drop_rest()
            script.notices.append("内容有了变化，请再确认一次。")
        taken = script.take(full)
        if taken is None:
            raise Asking(Pending(full, text, digest=digest))
        said, pending = taken
        answer = folded(said.text)
        if pending.digest != digest:
            script.notices.append("内容有了变化，请再确认一次。")
            raise Asking(Pending(full, text, digest=digest))
        if answer in NO:
            raise Declined
        if answer not in YES:
            raise Asking(pending, say="请回复「确认」或「取消」；要改前面的，回复「上一步」。", refused=True)
        script.keep(full, digest)


def was_found(stored: Any) -> bool:
    """Whether it was remembered, and nobody answered it: who steps back steps over it."""
    return isinstance(stored, dict) and FOUND in stored


def _found(stored: Any) -> Any:
    return stored[FOUND] if was_found(stored) else stored  # as older releases kept it


def _by_stored(options: Any) -> dict[Any, tuple[Any, str]]:
    """Stored form -> (value, label), in the order given."""
    if isinstance(options, type) and issubclass(options, enum.Enum):
        return {member.value: (member, str(member.label)) for member in options}  # type: ignore[attr-defined]
    return {_stored(value): (value, str(label)) for value, label in options.items()}


def _stored(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
