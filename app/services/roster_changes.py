"""What a roster's row would change of a member as stored, and who is missing from a roster. Only compares.

Sealed values are compared opened; a row that says nothing of a field leaves it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.audience_rows import is_active
from app.services.members import plain
from app.services.roster_rows import Row
from models import Branch, Member, MemberEvent, MemberKind

_BLANK: Final = {
    **dict.fromkeys(("sex", "born_on", "phone", "joined_on", "left_on")),
    "post": "",
    "kind": MemberKind.IN_SERVICE,
}
_COLUMNS = [Member.__table__.c[name] for name in ("id", "staff_number", "branch_id", "name", *_BLANK)]


@dataclass(slots=True)
class Change:
    """What happens to one member; without `event` nothing does."""

    staff_number: str
    event: MemberEvent | None
    before: dict[str, Any]  # by field; empty for who joins. `branch` is the lineage
    fields: dict[str, Any] = field(default_factory=dict)  # field → value afterwards, of those that differ
    row: Row | None = None  # None: not in the file
    member_id: int | None = None
    branch_id: int | None = None  # before

    @property
    def name(self) -> str:
        return str(self.fields.get("name", self.before.get("name", "")))

    @property
    def branch(self) -> str:
        return str(self.fields.get("branch", self.before.get("branch", "")))

    def kept(self) -> dict[str, list[Any]] | None:
        """Field → [before, after] as plain values. Of who joins only that he has left again: the member's
        own row has the rest."""
        changed = self.fields
        if self.event is MemberEvent.JOINED:
            changed = {"left_on": self.fields["left_on"]} if self.fields.get("left_on") else {}
        return {name: [plain(self.before.get(name)), plain(value)] for name, value in changed.items()} or None


def values_of(change: Change) -> dict[str, Any]:
    """Every field of the member afterwards."""
    return _BLANK | change.before | change.fields


async def changes_of(
    session: AsyncSession, rows: Sequence[Row], today: date, *, lock: bool = False
) -> list[Change]:
    """One change per row, at most `CHUNK` of them, in their order. `lock`: nobody else changes them now."""
    numbers = [row.staff_number for row in rows]
    stored = {
        each["staff_number"]: each
        for each in await _stored(session, Member.staff_number.in_(numbers), lock=lock)
    }
    return [_change(row, stored.get(row.staff_number), today) for row in rows]


def _change(row: Row, stored: dict[str, Any] | None, today: date) -> Change:
    said = {"name": row.name, "branch": row.branch, **row.given}
    if stored is None:
        return Change(row.staff_number, MemberEvent.JOINED, {}, said, row)
    known = dict(stored)
    ids = {"member_id": known.pop("id"), "branch_id": known.pop("branch_id")}
    known.pop("staff_number")
    fields = {name: value for name, value in said.items() if known[name] != value}
    return Change(row.staff_number, _event(known, fields, today), known, fields, row, **ids)


def _event(before: dict[str, Any], fields: dict[str, Any], today: date) -> MemberEvent | None:
    if not fields:
        return None
    if "left_on" in fields:
        if before["left_on"] is None:
            return MemberEvent.LEFT
        if fields["left_on"] is None and before["left_on"] <= today:
            return MemberEvent.RETURNED
    return MemberEvent.CHANGED


# --- who is not in the file


async def list_absent(
    session: AsyncSession, listed: set[str], today: date, within: Collection[int] | None = None
) -> tuple[list[int], int]:
    """Ids of active members whose staff numbers are not `listed`, and how many active members there are.

    `within`: of these branches alone.
    """
    found, active = [], 0
    asked = sa.select(Member.id, Member.staff_number).where(is_active(today)).order_by(Member.id)
    if within is not None:
        asked = asked.where(Member.branch_id.in_(within))
    for member_id, number in await session.execute(asked):
        active += 1
        if number not in listed:
            found.append(member_id)
    return found, active


async def absent(session: AsyncSession, ids: Sequence[int], today: date) -> list[Change]:
    """These members leave today, those of them who have not left meanwhile; locked."""
    return [
        Change(
            each.pop("staff_number"),
            MemberEvent.LEFT,
            each,
            {"left_on": today},
            None,
            each.pop("id"),
            each.pop("branch_id"),
        )
        for each in await _stored(session, sa.and_(Member.id.in_(ids), is_active(today)), lock=True)
    ]


async def _stored(session: AsyncSession, which: Any, *, lock: bool) -> list[dict[str, Any]]:
    """Members as they are stored, opened, with the lineage of their branch."""
    known = await session.execute(sa.select(Branch.id, Branch.lineage))
    lineages = {each.id: each.lineage for each in known}
    asked = sa.select(*_COLUMNS).where(which).order_by(Member.id)
    if lock:
        asked = asked.with_for_update()
    return [{**each._mapping, "branch": lineages[each.branch_id]} for each in await session.execute(asked)]
