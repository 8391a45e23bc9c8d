"""Danger in what people write: the lines that come first, and alerts to people on duty.

Every text of every edge passes `watch`; self-harm also calls `alert`, which keeps one row for one message.
Not here: the words themselves (`crisis_words`), and sending rounds to people on duty (a job).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import leave_work
from app.errors import DomainError, NotFound
from app.services import crisis_words, outbox, rating_notices
from app.services.audit import does
from app.services.coordination import upsert
from models import AlertState, Case, CrisisAlert, Outbox
from models.sealing import keyring

TAKE = "接手"  # what people on duty say to take an alert where there is no line to tap
REPLY = "crisis.reply"  # the kind of what somebody on duty says
KINDS: Final[Mapping[str, str]] = {REPLY: "值班人员的答复"}
REPLY_LENGTH = 500  # characters of what somebody on duty says; fits one message
EXCERPT = 300  # characters; enough to see how it is meant
SPARED_FOR = timedelta(days=30)  # no marketing, no surveys to this person
FOLLOWED_FOR = timedelta(days=7)  # after an alert somebody calls back within a day, and within a week
LEADS_FOR = timedelta(days=1)  # words are put into a case no later than this after their alert
_LONGEST = 4000  # characters read; a text message holds 2,048 bytes, a portal form maybe more


_PROMISE = "这段话我们会请值班同事尽快看。"  # kept by whoever has an alert written


@dataclass(frozen=True, slots=True)
class Danger:
    """What a text about danger gets before anything else; `alert` asks for a row for people on duty."""

    lines: str
    alert: bool

    @property
    def unheard(self) -> str:
        """The lines where nobody is told of the text."""
        return self.lines.replace(_PROMISE, "")


SELF_HARM = Danger(
    "您现在的安全最要紧：有危险请马上打 110 或 120，心里难受打 12356，可以不说姓名。\n"
    "请先到有人的地方，或者叫一位您信得过的人来陪着您。\n"
    f"谢谢您愿意说出来，您不是一个人。{_PROMISE}",
    alert=True,
)
SHOCK = Danger(
    "有人触电，马上打 120；断不了电，再打 95598。\n先拉总闸或拔插头，电没断之前不要用手碰他。",
    alert=False,
)
FIRE = Danger(
    "着火先打 119，有人受伤打 120，要断电打 95598。\n人先离开；能安全拉到总闸就先断电，没断电不要用水泼。",
    alert=False,
)
WIRE = Danger(
    "电线断落请打 95598，有人受伤打 120。\n离断线 8 米以上，不要去碰；已经在跟前，双脚并拢小步跳开。",
    alert=False,
)
DYING = Danger(
    "有人有生命危险，马上打 120，需要救援打 110 或 119。\n"
    "先看周围安不安全；是触电就先断电，再照 120 电话里说的做。",
    alert=False,
)

# Spaces and dots between characters hide a word from a search, not from a reader.
_GAPS = re.compile(r"[ \t\u3000\u200b-\u200d\ufeff*·•._~\-]+")
_SUSPECT = crisis_words.compiled(
    crisis_words.SELF_HARM, crisis_words.SHOCK, crisis_words.FIRE, crisis_words.WIRE, crisis_words.DYING
)
_HARMLESS = crisis_words.compiled(crisis_words.HARMLESS)
_IN_ORDER = (
    (crisis_words.compiled(crisis_words.SELF_HARM), SELF_HARM),
    (crisis_words.compiled(crisis_words.SHOCK), SHOCK),
    (crisis_words.compiled(crisis_words.WIRE), WIRE),
    (crisis_words.compiled(crisis_words.FIRE), FIRE),
    (crisis_words.compiled(crisis_words.DYING), DYING),
)


def watch(text: str) -> Danger | None:
    """What to say first about `text`, or None. On the path of every message: a few microseconds."""
    plain = _GAPS.sub("", text[:_LONGEST].lower())
    if _SUSPECT.search(plain) is None:
        return None
    plain = _HARMLESS.sub("＿", plain)
    for words, danger in _IN_ORDER:
        if words.search(plain):
            return danger
    return None


async def alert(
    session: AsyncSession,
    person_id: int,
    key: str,
    channel: str,
    excerpt: str,
    now: datetime,
    case: Case | None = None,
) -> None:
    """Keep an alert for people on duty, once for ever under `key`; due at once.

    `case`: in which it was said. The minute of an alert is known, and of an anonymous case only the day: to
    such a one it does not lead.
    """
    leave_work(session)
    await session.execute(
        upsert(session, CrisisAlert).on_conflict_do_nothing(index_elements=["key"]),
        {
            "key": key,
            "person_id": person_id,
            "channel": channel,
            "excerpt": excerpt[:EXCERPT],
            "case_number": None if case is None or case.anonymous else case.number,
            "state": AlertState.WAITING,
            "created_at": now,
            "due_at": now,
            "rounds": 0,
            "taken_by": "",
        },
    )
    await rating_notices.withdraw(session, person_id, now)  # no questions of that kind now


async def lies_in(
    session: AsyncSession, person_id: int, number: str, blocks: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """These words were put into the case `number`, which is not anonymous: alerts about them lead to it.

    In the chat an alert comes first, and a case may be opened some questions later.
    """
    texts = [text for block in blocks if (text := str(block.get("text") or ""))]
    texts = [text for text in texts if (danger := watch(text)) is not None and danger.alert]
    if not texts:
        return
    chosen = sa.select(CrisisAlert).where(
        CrisisAlert.person_id == person_id, CrisisAlert.created_at > now - LEADS_FOR
    )
    for each in await session.scalars(chosen):
        if each.case_number is None and each.excerpt and any(each.excerpt in text for text in texts):
            each.case_number = number
    await session.flush()


async def heed(
    session: AsyncSession,
    person_id: int,
    text: str,
    channel: str,
    now: datetime,
    case: Case | None = None,
) -> str:
    """What to say first about a text that came by another way than the chat; people on duty are alerted.

    `case`: where it was written. The same words on the same day are one alert: who was not answered sends
    them again.
    """
    danger = watch(text)
    if danger is None:
        return ""
    if danger.alert:
        words = f"{person_id}:{civil_date(now)}:{text}"
        key = f"{channel}:{keyring().digest(words, 'crisis-alert').hex()}"
        await alert(session, person_id, key, channel, text, now, case)
    return danger.lines


async def due(session: AsyncSession, now: datetime, limit: int = 20) -> Sequence[CrisisAlert]:
    """Alerts nobody has taken whose next round has come, oldest first."""
    found = await session.scalars(
        sa.select(CrisisAlert)
        .where(CrisisAlert.state == AlertState.WAITING, CrisisAlert.due_at <= now)
        .order_by(CrisisAlert.due_at, CrisisAlert.id)
        .limit(limit)
    )
    return found.all()


async def list_alerts(
    session: AsyncSession, *, waiting_only: bool = True, limit: int = 50
) -> Sequence[CrisisAlert]:
    """Alerts as people on duty look at them, newest first."""
    chosen = sa.select(CrisisAlert).order_by(CrisisAlert.id.desc()).limit(limit)
    if waiting_only:
        chosen = chosen.where(CrisisAlert.state == AlertState.WAITING)
    return (await session.scalars(chosen)).all()


async def count_waiting(session: AsyncSession) -> int:
    """How many nobody has taken yet."""
    # Written as in the index, or neither database would use it.
    waiting = sa.select(sa.func.count()).select_from(CrisisAlert).where(sa.text("state = 'waiting'"))
    return await session.scalar(waiting) or 0


async def take(session: AsyncSession, alert_id: int, by: str, now: datetime) -> CrisisAlert:
    """Somebody on duty looks after it from here on: no more rounds.

    Raises:
        NotFound: no such alert.
        DomainError: somebody else has taken it.
    """
    row = await session.get(CrisisAlert, alert_id, with_for_update=True)
    if row is None:
        raise NotFound("没有找到这条提醒。")
    if row.state is AlertState.TAKEN and row.taken_by != by:
        raise DomainError(f"这条提醒已经由{row.taken_by}接手。")
    does(session, "alert.take", str(row.id))
    if row.state is AlertState.WAITING:
        row.state, row.taken_at, row.taken_by = AlertState.TAKEN, now, by
        await session.flush()
    return row


async def reply(session: AsyncSession, alert_id: int, text: str, now: datetime) -> None:
    """Say something to the person behind an alert, at any hour; who it is stays unsaid.

    The same words are sent once, however often somebody presses the button.

    Raises:
        NotFound: no such alert.
        DomainError: nobody has taken it yet, or nothing was written.
    """
    row = await session.get(CrisisAlert, alert_id)
    if row is None:
        raise NotFound("没有找到这条提醒。")
    if row.state is not AlertState.TAKEN:
        raise DomainError("请先接手这条提醒，再回话。")
    if not text.strip() or len(text) > REPLY_LENGTH:
        raise DomainError(f"请写 1 到 {REPLY_LENGTH} 个字。")
    does(session, "alert.reply", str(row.id))
    key = f"crisis-reply:{alert_id}:{keyring().digest(text.strip(), 'crisis-reply').hex()}"
    if await session.scalar(sa.select(Outbox.id).where(Outbox.key == key)) is None:
        outbox.add(
            session,
            REPLY,
            key=key,
            to=row.person_id,
            payload={"type": "text", "content": f"工会值班同事：{text.strip()}"},
            now=now,
            urgent=True,
            confidential=True,
        )
        await session.flush()


async def is_open(session: AsyncSession, person_id: int, now: datetime) -> bool:
    """Whether an alert of this person waits, or was taken so lately that somebody still looks after him."""
    under_way = sa.or_(CrisisAlert.state == AlertState.WAITING, CrisisAlert.created_at > now - FOLLOWED_FOR)
    theirs = sa.select(CrisisAlert.id).where(CrisisAlert.person_id == person_id, under_way)
    return await session.scalar(theirs.limit(1)) is not None


async def in_crisis(session: AsyncSession, person_id: int, now: datetime) -> bool:
    """Whether this person is to be spared marketing, surveys and small talk."""
    recent = sa.select(CrisisAlert.id).where(
        CrisisAlert.person_id == person_id, CrisisAlert.created_at > now - SPARED_FOR
    )
    return await session.scalar(recent.limit(1)) is not None
