"""常用语: words that are put into an answer with one press; one's own, and those for everybody.

What stands in braces is filled in for the case and stays open to change. Not here: the answers of our own
knowledge (`knowledge_pieces`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai, spoken
from app.errors import DomainError, NotFound
from app.services import cases
from app.services.audit import does
from app.services.branches import with_above
from app.services.case_work import ANSWER_LENGTH
from app.services.coordination import queue_for
from app.services.permissions import Right, Standing, demand, may, scope
from models import Branch, CannedReply, Case

TITLE_LENGTH: Final = 30  # characters
MOST: Final = 200  # of one owner
SHOWN: Final = 50  # beside one answer
PUT_AT_ONCE: Final = 20  # into one answer
NAMES: Final = ("编号", "称呼", "姓名", "事由", "今天")
YOU: Final = "您"
_NAMED = re.compile(r"\{([^{}]{0,20})\}")
_NOWHERE: Final = "没有找到这条常用语，可能已经删除。"


@dataclass(frozen=True, slots=True)
class Room:
    """Where answers are written, the right it takes, and whether there is 一键办理 (`macros`)."""

    label: str
    right: Right
    one_press: bool = False


ROOMS: Final[Mapping[str, Room]] = {
    "desk": Room("留言和人工", Right.DESK_ANSWER, one_press=True),
    "legal": Room("法律咨询", Right.LEGAL_ANSWER, one_press=True),
    "counsel": Room("心理疏导", Right.COUNSEL_ANSWER, one_press=True),
    "health": Room("健康咨询", Right.HEALTH_ANSWER, one_press=True),
    "complaints": Room("投诉建议", Right.COMPLAINTS_WORK),
    "department": Room("部门办理", Right.DEPARTMENT_WORK),
    "aid": Room("法律援助", Right.AID_READ),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form says; `staff_id` None is everybody's."""

    title: str
    text: str
    rooms: Sequence[str]
    staff_id: int | None
    branch_id: int | None = None
    steps: dict[str, Any] | None = None  # what it goes on to do, pressed once (`macro_steps`)


class MovedOn(DomainError):
    """Somebody else saved it meanwhile."""


# --- looking -----------------------------------------------------------------------------------------------


def rooms_of(who: Standing) -> list[str]:
    """For which rooms `who` writes them: where one answers; who manages everybody's, all."""
    if may(who, Right.CANNED_EDIT):
        return list(ROOMS)
    return [key for key, room in ROOMS.items() if may(who, room.right)]


def has_one_press(right: Right) -> bool:
    """Whether what a reply goes on to do is offered where one answers by `right`."""
    return any(room.one_press for room in ROOMS.values() if room.right is right)


def may_change(who: Standing, reply: CannedReply) -> bool:
    if reply.staff_id is not None:
        return reply.staff_id == who.staff_id
    return may(who, Right.CANNED_EDIT, reply.branch_id)


async def list_seen(session: AsyncSession, who: Standing) -> list[CannedReply]:
    """One's own and everybody's of one's rooms, the most used first."""
    mine = rooms_of(who)
    return [
        each
        for each in await session.scalars(_seen(who))
        if each.staff_id == who.staff_id or set(mine) & set(each.rooms)
    ]


async def list_fitting(
    session: AsyncSession, case: Case, right: Right, who: Standing, words: str = ""
) -> list[CannedReply]:
    """Those that fit this case, which `who` answers by `right`, the most used first; narrowed by `words`."""
    room = next((key for key, each in ROOMS.items() if each.right is right), "")
    above = await _branches_above(session, case.branch_id)
    words = words.strip().lower()
    fitting = [
        each
        for each in await session.scalars(_seen(who))
        if room in each.rooms
        and (each.branch_id is None or each.branch_id in above)
        and words in f"{each.title}\n{each.text}".lower()
    ]
    return fitting[:SHOWN]


async def get(session: AsyncSession, who: Standing, public_id: str, *, lock: bool = False) -> CannedReply:
    """One that `who` sees. Raises: NotFound."""
    chosen = _seen(who).where(CannedReply.public_id == public_id)
    found = await session.scalar(chosen.with_for_update() if lock else chosen)
    if found is None or not (found.staff_id == who.staff_id or set(rooms_of(who)) & set(found.rooms)):
        raise NotFound(_NOWHERE)
    return found


def _seen(who: Standing) -> sa.Select[CannedReply]:
    own = CannedReply.staff_id == who.staff_id
    everybodys = sa.and_(CannedReply.staff_id.is_(None), _of_branches(who))
    return sa.select(CannedReply).where(own | everybodys).order_by(CannedReply.uses.desc(), CannedReply.id)


def _of_branches(who: Standing) -> sa.ColumnElement[bool]:
    """Of no branch, or of one that `who` uses them for."""
    return CannedReply.branch_id.is_(None) | scope(who, Right.CANNED_USE).holds(CannedReply.branch_id)


async def _branches_above(session: AsyncSession, branch_id: int | None) -> set[int]:
    """The branch itself and those it belongs to."""
    if branch_id is None:
        return set()
    lineage = await session.scalar(sa.select(Branch.lineage).where(Branch.id == branch_id))
    named = sa.select(Branch.id).where(Branch.lineage.in_(with_above([lineage or ""])))
    return set(await session.scalars(named))


# --- filling in --------------------------------------------------------------------------------------------


def fill(text: str, case: Case, who: Standing, now: datetime, called: str = "") -> str:
    """With what is known of the case. `called` is the name that a page shows to who has asked for it."""
    today = shanghai(now)
    values = {
        "编号": case.number,
        "称呼": f"{called}同志" if called and not case.anonymous else YOU,
        "姓名": who.name,
        "事由": cases.topic_of(case) or case.kind.label,
        "今天": f"{today.month}月{today.day}日",
    }
    return _NAMED.sub(lambda found: values.get(found[1], found[0]), text)


def added(text: str, more: str) -> str:
    """What was typed, and below it what was put in."""
    return f"{text}\n{more}" if text else more


# --- changing ----------------------------------------------------------------------------------------------


async def add(session: AsyncSession, who: Standing, filled: Filled, now: datetime) -> CannedReply:
    """The same form a second time changes nothing.

    Raises: DomainError: something is missing, unknown or there already; Forbidden: it is not theirs to add.
    """
    await queue_for(session, "canned")
    _refuse_wrong(who, filled)
    _refuse_idle(filled)
    found = list(await session.scalars(_of_owner(filled.staff_id)))
    same = next((each for each in found if each.title == filled.title), None)
    if same is not None and _says(same) == _says(filled):
        return same
    _refuse_taken(same, filled)
    if len(found) >= MOST:
        raise DomainError(f"常用语最多 {MOST} 条，请先删去不用的。")
    made = CannedReply(uses=0)
    session.add(_put(made, who, filled, now))
    await session.flush()
    does(session, "canned.add", made.title, branch_id=made.branch_id)
    return made


async def change(
    session: AsyncSession, who: Standing, public_id: str, filled: Filled, version: int, now: datetime
) -> CannedReply:
    """As `add`; whose it is stays as it was.

    Raises: MovedOn: it is not any more what `version` was.
    """
    await queue_for(session, "canned")
    reply = await get(session, who, public_id, lock=True)
    _demand(who, reply)
    if reply.version != version:
        when = spoken(reply.changed_at, now)
        raise MovedOn(f"您改的时候，{reply.changed_by}（{when}）已经改过。请先看看现在的，您写的还在。")
    branch_id = filled.branch_id if reply.staff_id is None else None
    filled = Filled(filled.title, filled.text, filled.rooms, reply.staff_id, branch_id, filled.steps)
    _refuse_wrong(who, filled, kept=reply.rooms)
    _refuse_idle(filled, kept=reply.rooms if reply.steps else ())
    others = await session.scalars(_of_owner(reply.staff_id).where(CannedReply.id != reply.id))
    _refuse_taken(next((each for each in others if each.title == filled.title), None), filled)
    _put(reply, who, filled, now)
    await session.flush()
    does(session, "canned.change", reply.title, branch_id=reply.branch_id)
    return reply


async def delete(session: AsyncSession, who: Standing, public_id: str) -> str:
    """Its title. Raises: NotFound; Forbidden."""
    await queue_for(session, "canned")
    reply = await get(session, who, public_id, lock=True)
    _demand(who, reply)
    await session.delete(reply)
    await session.flush()
    does(session, "canned.delete", reply.title, branch_id=reply.branch_id)
    return reply.title


async def count_uses(session: AsyncSession, who: Standing, names: Sequence[str]) -> None:
    """An answer with these was sent; what is not there any more counts nothing."""
    if not names:
        return
    used = sa.update(CannedReply).where(CannedReply.public_id.in_(set(names[:PUT_AT_ONCE])))
    used = used.where((CannedReply.staff_id == who.staff_id) | CannedReply.staff_id.is_(None))
    await session.execute(used.values(uses=CannedReply.uses + 1).execution_options(synchronize_session=False))


# --- parts -------------------------------------------------------------------------------------------------


def _of_owner(staff_id: int | None) -> sa.Select[CannedReply]:
    return sa.select(CannedReply).where(CannedReply.staff_id == staff_id).order_by(CannedReply.id)


def _demand(who: Standing, reply: CannedReply) -> None:
    """Raises: Forbidden."""
    if reply.staff_id is None:
        demand(who, Right.CANNED_EDIT, reply.branch_id)


def _put(reply: CannedReply, who: Standing, filled: Filled, now: datetime) -> CannedReply:
    reply.title, reply.text, reply.rooms = filled.title, filled.text, list(filled.rooms)
    reply.steps = filled.steps
    reply.staff_id, reply.branch_id = filled.staff_id, filled.branch_id
    reply.changed_by, reply.changed_at = who.name, now
    return reply


def _refuse_wrong(who: Standing, filled: Filled, kept: Collection[str] = ()) -> None:
    if filled.staff_id is None:
        demand(who, Right.CANNED_EDIT, filled.branch_id)
    if not filled.title or len(filled.title) > TITLE_LENGTH:
        raise DomainError(f"请写标题，1 到 {TITLE_LENGTH} 个字。")
    if len(filled.text) > ANSWER_LENGTH or not (filled.text or filled.steps):
        raise DomainError(f"请写内容，1 到 {ANSWER_LENGTH} 个字。")
    if unknown := [each for each in _NAMED.findall(filled.text) if each not in NAMES]:
        known = "、".join(f"{{{each}}}" for each in NAMES)
        raise DomainError(f"不认识「{{{unknown[0]}}}」，能自动填的有 {known}。")
    if not filled.rooms:
        raise DomainError("请选在哪里用，至少一处。")
    if not set(filled.rooms) <= {*rooms_of(who), *kept}:
        raise DomainError("没有这一处，请刷新页面再选。")


def _refuse_idle(filled: Filled, kept: Collection[str] = ()) -> None:
    """Raises: DomainError: it goes on to do something where nobody can press it; what was so stays so."""
    idle = [key for key in filled.rooms if not ROOMS[key].one_press and key not in kept]
    if filled.steps and idle:
        names = "、".join(ROOMS[key].label for key in idle)
        raise DomainError(
            f"「{names}」没有一键办理，只能填入文字。请不选「{names}」，或者去掉「接着办」；两处都要用，请分成两条。"
        )


def _says(one: CannedReply | Filled) -> tuple[Any, ...]:
    return one.text, one.branch_id, one.steps


def _refuse_taken(same: CannedReply | None, filled: Filled) -> None:
    if same is not None:
        raise DomainError(f"已经有一条叫「{filled.title}」的常用语，请换个标题，或者改那一条。")
