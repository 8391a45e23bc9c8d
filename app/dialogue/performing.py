"""Carrying out a plan: the handler runs, and what it said or asked becomes the turn's result.

Nothing is stored here. The same plan may be carried out twice: once with a session that cannot write, and
again in a writing transaction when the first run wanted to.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.dialogue.answers import Said, Story, folded
from app.dialogue.around import after, before, counted, crossroads, offer
from app.dialogue.chat import Asking, Chat, Declined, Script, was_found
from app.dialogue.journal import DialogueRow, Expected, Speaker, TalkQuestion
from app.dialogue.outages import is_database_away
from app.dialogue.questions import Pending
from app.dialogue.router import Handler, Registry
from app.dialogue.routing import GO_ON, Act, Plan
from app.dialogue.says import reply_of
from app.errors import DomainError
from app.menus.matching import Do, Match
from app.wechat.incoming import Incoming
from app.wechat.replies import Nothing, Reply, Text, choice_line, fit
from models import DialogueState, MessageState

log = structlog.get_logger(__name__)

OPEN_FOR = timedelta(hours=24)  # then it becomes a draft
CALM = "抱歉，刚才出了点问题，没有办成。我们已经记下来了，请稍后再试，或回复「人工」找我们的工作人员。"
CONFIDENTIAL = "保密对话"

Guarded = Callable[[], AbstractAsyncContextManager[Any]]


@dataclass(slots=True)
class Turn:
    """What one message led to."""

    reply: Reply
    rule: str
    state: MessageState = MessageState.ANSWERED
    dialogues: list[DialogueRow] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    dialogue: DialogueRow | None = None  # the one the message belonged to
    afterwards: Sequence[Callable[[], None]] = ()  # to be done once it is stored


@dataclass(slots=True)
class Stage:
    """Where a plan is carried out: sessions to read with, and a guard around each handler call."""

    incoming: Incoming
    speaker: Speaker
    at: datetime
    request_id: str
    sessions: Callable[[], AsyncSession]
    guarded: Guarded  # a savepoint in a writing transaction, nothing else
    afterwards: list[Callable[[], None]] = field(default_factory=list)  # see `Chat.once_stored`


class Talks(Protocol):
    """Who is in the middle of a talk with somebody of staff; handed in, its rules live in services."""

    flow: str
    """It takes what is said in a talk."""

    def of(self, speaker: Speaker, at: datetime) -> TalkQuestion:
        """What finds out whether one of his stands open."""
        ...


class Performer:
    def __init__(self, registry: Registry, talks: Talks | None = None) -> None:
        self._registry = registry
        self._talks = talks

    async def perform(self, plan: Plan, stage: Stage) -> Turn:
        turn = await self._act(plan, stage)
        turn.afterwards = stage.afterwards
        turn.dialogues = [*plan.put_aside, *turn.dialogues]
        if plan.waits is not None and _is_over(plan, turn):
            still_asked = plan.row is None and not plan.put_aside
            turn.reply = after(turn.reply, offer(self._title(plan.waits), still_asked=still_asked))
        if plan.notice:
            turn.reply = before(plan.notice, turn.reply)
        if turn.dialogue is not None and turn.dialogue.confidential:
            turn.rule = CONFIDENTIAL
        return turn

    def talk_of(self, plan: Plan, speaker: Speaker, at: datetime) -> TalkQuestion | None:
        """What finds out whether `plan` is wrong: loose words in the middle of a talk belong there."""
        if self._talks is None or not plan.is_loose or plan.act not in (Act.RUN, Act.SAY):
            return None
        return self._talks.of(speaker, at)

    def in_talk(self, plan: Plan) -> Plan:
        """The plan for words that `talk_of` asked for, where the talk stands open."""
        talks = self._talks
        assert talks is not None
        return replace(
            plan, act=Act.RUN, rule=f"talk:{talks.flow}", handler=self._registry[talks.flow], args={}
        )

    async def _act(self, plan: Plan, stage: Stage) -> Turn:
        match plan.act:
            case Act.RECORD:
                return Turn(Nothing(), plan.rule)
            case Act.SAY:
                assert plan.say is not None
                return Turn(reply_of(plan.say), plan.rule)
            case Act.NOTHING_OPEN:
                words = "现在没有办到一半的事。回复「帮助」看看能办什么。"
                return Turn(Text(words), plan.rule)
            case Act.SAY_WAITING:
                assert plan.row is not None
                line = choice_line(GO_ON, "go-on", GO_ON)
                words = f"「{self._title(plan.row)}」还没办完，先放着了。回复「{line}」接着办。"
                return Turn(Text(words), plan.rule)
            case Act.CANCEL:
                assert plan.row is not None
                return self._cancelled(plan, stage)
            case Act.RUN:
                assert plan.handler is not None
                if plan.handler.is_flow:
                    row = _begun(plan.handler, plan.args, stage.at)
                    heard = plan.said if plan.is_loose and plan.handler.hears else None
                    if heard is not None:
                        row.pending = Pending(plan.handler.hears, "").dump()
                    return await self._flow(plan, row, stage, heard)
                return await self._once(plan, plan.handler, stage)
            case _:
                assert plan.row is not None
                return await self._flow(plan, replace(plan.row, answers=list(plan.row.answers)), stage)

    def _cancelled(self, plan: Plan, stage: Stage) -> Turn:
        assert plan.row is not None
        title = self._title(plan.row)
        row = _ended(plan.row, stage.at)
        return Turn(
            Text(f"好的，「{title}」已取消，没有提交任何内容。"), plan.rule, dialogues=[row], dialogue=row
        )

    async def _once(self, plan: Plan, handler: Handler, stage: Stage) -> Turn:
        chat = self._chat(stage, plan.args, None)
        outcome = await _run(handler, chat, stage)
        turn = Turn(outcome, plan.rule) if not isinstance(outcome, Exception) else Turn(Text(CALM), plan.rule)
        if isinstance(outcome, DomainError):
            turn.reply = Text(outcome.message)
        elif isinstance(outcome, Exception):
            turn.state = MessageState.FAILED
        if (
            handler.confidential
        ):  # a dialogue of one message, so that its words are forgotten like a longer one's
            turn.dialogue = _ended(_begun(handler, {}, stage.at), stage.at)
            turn.dialogues = [turn.dialogue]
        return turn

    # --- flows ---

    async def _flow(self, plan: Plan, row: DialogueRow, stage: Stage, heard: Said | None = None) -> Turn:
        handler = self._registry.get(row.flow)
        if handler is None:  # the feature is gone
            ended = _ended(row, stage.at)
            words = Text("这项服务已经调整，请回复「帮助」看看现在能办什么。")
            return Turn(words, plan.rule, dialogues=[ended], dialogue=ended)
        said = plan.said if plan.act is Act.ANSWER else heard
        lead = ""
        if row.version != handler.version:
            row = replace(row, version=handler.version, answers=[], pending=None)
            said, lead = None, f"「{handler.title}」的问题有更新，请您从头再答一遍。"
        elif plan.act is Act.BACK:
            lead = _step_back(row)
        elif plan.act is Act.RESUME:
            lead = f"接着办「{handler.title}」："
        turn = await self._play(plan, handler, row, said, stage)
        if lead:
            turn.reply = before(lead, turn.reply)
        return turn

    async def _play(
        self, plan: Plan, handler: Handler, row: DialogueRow, said: Any, stage: Stage, notice: str = ""
    ) -> Turn:
        pending = Pending.load(row.pending) if row.pending else None
        script = Script(answers=list(row.answers), pending=pending, said=said, ref=row.ref)
        chat = self._chat(stage, row.args, script)
        if notice:
            script.notices.append(notice)
        try:
            outcome = await _run(handler, chat, stage)
        except Asking as asking:
            return self._asked(plan, row, script, asking, stage)
        except Declined:
            ended = _ended(row, stage.at)
            words = Text("好的，没有提交。需要时随时再来。")
            return Turn(words, plan.rule, dialogues=[ended], dialogue=ended)
        if isinstance(outcome, DomainError):
            return await self._refused(plan, handler, row, script, outcome, stage)
        if isinstance(outcome, Exception):  # the open question stays as it was
            return Turn(Text(CALM), plan.rule, MessageState.FAILED, dialogue=row)
        ended = _ended(replace(row, answers=script.answers), stage.at)
        reply = counted(script, outcome)
        return Turn(reply, plan.rule, dialogues=[ended], expected=script.expected, dialogue=ended)

    async def _refused(
        self, plan: Plan, handler: Handler, row: DialogueRow, script: Script, error: DomainError, stage: Stage
    ) -> Turn:
        """The rule said no: ask again from the answer another could replace, or end with the sentence."""
        keys = [key for key, _ in script.answers]
        if error.question is None or error.question not in keys or stage.speaker is None:
            ended = _ended(row, stage.at)
            return Turn(Text(error.message), plan.rule, dialogues=[ended], dialogue=ended)
        kept = script.answers[: keys.index(error.question)]
        again = replace(row, answers=kept, pending=None)
        return await self._play(plan, handler, again, None, stage, notice=error.message)

    def _asked(self, plan: Plan, row: DialogueRow, script: Script, asking: Asking, stage: Stage) -> Turn:
        pending = asking.pending
        is_new = pending.serial == 0
        if is_new:
            pending = replace(pending, serial=row.serial + 1)
        row = replace(
            row,
            state=DialogueState.OPEN,
            answers=script.answers,
            pending=pending.dump(),
            serial=pending.serial,
            expires_at=stage.at + OPEN_FOR,
        )
        words = asking.say
        if words is None:
            words = pending.shown(row.ref)
        elif asking.refused and plan.instead is not None and plan.said is not None:
            words = crossroads(folded(plan.said.text), self._destination(plan.instead))
        elif asking.refused and (pending.options or pending.digest):
            words = f"{words}\n{pending.shown(row.ref)}"
        if script.notices:
            words = "\n".join([*script.notices, words])
        reply = counted(script, Text(fit(words)) if words else Nothing())
        return Turn(reply, plan.rule, dialogues=[row], expected=script.expected, dialogue=row)

    def _destination(self, match: Match) -> str | None:
        return self._registry[match.target.handler].title if isinstance(match.target, Do) else None

    def _title(self, row: DialogueRow) -> str:
        handler = self._registry.get(row.flow)
        return handler.title if handler else "刚才的事"

    def _chat(self, stage: Stage, args: dict[str, str], script: Script | None) -> Chat:
        return Chat(
            at=stage.at,
            incoming=stage.incoming,
            speaker=stage.speaker,
            sessions=stage.sessions,
            args=args,
            script=script,
            afterwards=stage.afterwards,
        )


async def _run(handler: Handler, chat: Chat, stage: Stage) -> Reply | Exception:
    """The handler's reply, or what it raised; a bug is logged here, with its trace."""
    stage.afterwards.clear()  # what an earlier run of it wanted done
    try:
        async with stage.guarded():
            return await handler.call(chat)
    except DomainError as error:
        return error
    except Exception as error:
        if is_database_away(error):
            raise
        # Its words may repeat what somebody wrote: no log shows them (`app.logs`).
        name = CONFIDENTIAL if handler.confidential else handler.name
        log.exception("handler_failed", handler=name, request_id=stage.request_id)
        return error


def _begun(handler: Handler, args: dict[str, str], at: datetime) -> DialogueRow:
    return DialogueRow(
        ref=secrets.token_hex(8),
        flow=handler.name,
        version=handler.version,
        state=DialogueState.OPEN,
        started_at=at,
        expires_at=at + OPEN_FOR,
        args=dict(args),
        confidential=handler.confidential,
    )


def _step_back(row: DialogueRow) -> str:
    """Drop the last part of a story that is being told, else the last answer; says what needs saying.

    A story that was ended stands open again, with all its parts.
    """
    pending = Pending.load(row.pending) if row.pending else None
    if pending is not None and pending.partial:
        parts = pending.partial["parts"][:-1]
        row.pending = replace(pending, partial={"parts": parts} if parts else None).dump()
        return "去掉了最后一条。"
    while row.answers and was_found(row.answers[-1][1]):
        row.answers.pop()  # found out anew: it was never asked
    if not row.answers:
        return "已经是第一步了。"
    key, value = row.answers.pop()
    if Story.is_stored(value):
        row.pending = Pending(key, "", partial={"parts": value}).dump()
    return ""


def _is_over(plan: Plan, turn: Turn) -> bool:
    """Whether what the message was about is answered, so that something else may be named."""
    if plan.row is None:
        return plan.act in (Act.RUN, Act.SAY)
    return turn.dialogue is not None and turn.dialogue.state is DialogueState.ENDED


def _ended(row: DialogueRow, at: datetime) -> DialogueRow:
    return replace(row, state=DialogueState.ENDED, pending=None, ended_at=at)
