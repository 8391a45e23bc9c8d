"""Members as staff look for them: by branch, state, kind, name or number; and one of them to act on.

Whoever asks says of which branches he may know; the others are as if they did not exist.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.clock import spoken
from app.errors import DomainError, NotFound
from app.services import members
from app.services.audience_rows import is_active
from app.services.permissions import Scope
from models import Branch, Member, MemberKind, MemberMove

IN, LEFT = "in", "left"
STATES: Final = {IN: "在册", LEFT: "离开"}
BOUND, UNBOUND = "yes", "no"
BINDINGS: Final = {BOUND: "已绑定", UNBOUND: "没有绑定"}


class Moved(DomainError):
    """Somebody else changed it since the page was opened."""


def chosen(
    scope: Scope,
    today: date,
    *,
    branch_ids: Collection[int] | None = None,
    state: str = "",
    binding: str = "",
    kind: MemberKind | None = None,
    words: str = "",
) -> sa.Select[Member]:
    """Members with their branch. `words`: a whole staff number, or how a name begins."""
    asked = sa.select(Member).join(Member.branch).options(contains_eager(Member.branch))
    asked = asked.where(scope.holds(Member.branch_id))
    if branch_ids is not None:
        asked = asked.where(Member.branch_id.in_(branch_ids))
    if state:
        asked = asked.where(is_active(today) if state == IN else sa.not_(is_active(today)))
    if binding:
        is_bound = Member.person_id.is_not(None)
        asked = asked.where(is_bound if binding == BOUND else sa.not_(is_bound))
    if kind is not None:
        asked = asked.where(Member.kind == kind)
    return asked.where(_is_called(words)) if words else asked


def _is_called(words: str) -> sa.ColumnElement[bool]:
    begins = Member.name.startswith(words, autoescape=True)
    return sa.or_(Member.staff_number == members.written(words), begins)


async def get(session: AsyncSession, scope: Scope, public_id: str, *, lock: bool = False) -> Member:
    """With the branch. Raises: NotFound: none, or of a branch that is not his matter."""
    asked = sa.select(Member).join(Member.branch).options(contains_eager(Member.branch))
    asked = asked.where(Member.public_id == public_id, scope.holds(Member.branch_id))
    if lock:
        asked = asked.with_for_update(of=Member).execution_options(populate_existing=True)
    found: Member | None = await session.scalar(asked)
    if found is None:
        raise NotFound("没有找到这位会员。")
    return found


async def find_of_persons(
    session: AsyncSession, scope: Scope, person_ids: Collection[int]
) -> dict[int, Member]:
    """By person, with the branch."""
    asked = sa.select(Member).join(Member.branch).options(contains_eager(Member.branch))
    asked = asked.where(Member.person_id.in_(person_ids), scope.holds(Member.branch_id))
    return {each.person_id: each for each in await session.scalars(asked) if each.person_id is not None}


async def get_branch(session: AsyncSession, scope: Scope, public_id: str) -> Branch:
    """Raises: NotFound."""
    found = await session.scalar(sa.select(Branch).where(Branch.public_id == public_id))
    if found is None or not scope.covers(found.id):
        raise NotFound("没有找到这个组织。")
    return found


async def refuse_moved(session: AsyncSession, member: Member, version: str, now: datetime) -> None:
    """Whether the member is as he was when the form was made. Raises: Moved: says what happened since."""
    if version == str(member.version):
        return
    newest = sa.select(MemberMove).where(MemberMove.member_id == member.id).order_by(MemberMove.id.desc())
    move = await session.scalar(newest.limit(1))
    who = "有人" if move is None else "本人" if move.by == "member" else move.by
    when = "" if move is None else f"（{spoken(move.at, now)}）"
    raise Moved(f"您打开页面以后，{who}{when}改过这位会员，刚才的没有办。请看过现在的情况再办。")


async def list_by_staff_numbers(
    session: AsyncSession, numbers: Sequence[str], at_once: int = 1000
) -> dict[str, int]:
    """Staff number → id of the branch, of those there are."""
    found: dict[str, int] = {}
    for start in range(0, len(numbers), at_once):
        asked = sa.select(Member.staff_number, Member.branch_id)
        part = asked.where(Member.staff_number.in_(numbers[start : start + at_once]))
        found |= {row.staff_number: row.branch_id for row in await session.execute(part)}
    return found
