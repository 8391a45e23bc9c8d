"""Departments: who works in each, what each may see. The branch a complaint is about never gets it.

A department belongs to a branch or to the whole union. What is about a branch is kept from departments of
that branch and below, and from whoever of staff has roles there only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import permissions
from app.services.audit import does
from app.services.permissions import Right, Standing
from models import LINEAGE, Branch, Complaint, Department, DepartmentStaff, Staff, StaffState

NAME_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class Listed:
    """A department with those who work there."""

    department: Department
    people: Sequence[Staff]
    branch: str = ""  # its way, or empty for the whole union


# --- keeping them ------------------------------------------------------------------------------------------


async def add(session: AsyncSession, name: str, branch_id: int | None, now: datetime) -> Department:
    """Raises: DomainError: no name, too long, or there is one."""
    name = await _free_name(session, name)
    made = Department(name=name, branch_id=branch_id, active=True, created_at=now)
    session.add(made)
    await session.flush()
    does(session, "department.add", made.public_id, branch_id=branch_id, name=name)
    return made


async def change(
    session: AsyncSession, department: Department, name: str, branch_id: int | None, *, active: bool
) -> None:
    """Raises: DomainError: no name, too long, or another has it."""
    department.name = await _free_name(session, name, but=department.id)
    department.branch_id, department.active = branch_id, active
    does(session, "department.change", department.public_id, branch_id=branch_id)
    await session.flush()


async def _free_name(session: AsyncSession, name: str, but: int | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise DomainError(f"请写部门名称，1 到 {NAME_LENGTH} 个字。")
    taken = await session.scalar(sa.select(Department.id).where(Department.name == name))
    if taken is not None and taken != but:
        raise DomainError(f"已经有「{name}」了。")
    return name


async def put_in(session: AsyncSession, department: Department, staff: Staff, now: datetime) -> None:
    """A second time changes nothing. Raises: DomainError: out of service, or may not work on complaints."""
    if await _works_in(session, department.id, staff.id):
        return
    # Who is invited and has not come yet may be put in already.
    granted = Standing(staff.id, staff.name, await permissions.grants_of(session, staff.id))
    if staff.state is StaffState.DISABLED or not permissions.may(granted, Right.DEPARTMENT_WORK):
        raise DomainError(f"{staff.name}还没有「部门承办」的角色，请先在「工作人员」里给。")
    session.add(DepartmentStaff(department_id=department.id, staff_id=staff.id, added_at=now))
    does(session, "department.staff", department.public_id, branch_id=department.branch_id, added=staff.login)
    await session.flush()


async def take_out(session: AsyncSession, department: Department, staff: Staff) -> None:
    """A second time changes nothing."""
    if not await _works_in(session, department.id, staff.id):
        return
    gone = sa.delete(DepartmentStaff).where(
        DepartmentStaff.department_id == department.id, DepartmentStaff.staff_id == staff.id
    )
    await session.execute(gone)
    does(
        session, "department.staff", department.public_id, branch_id=department.branch_id, removed=staff.login
    )


async def _works_in(session: AsyncSession, department_id: int, staff_id: int) -> bool:
    found = sa.select(DepartmentStaff.id).where(
        DepartmentStaff.department_id == department_id, DepartmentStaff.staff_id == staff_id
    )
    return await session.scalar(found) is not None


# --- finding -----------------------------------------------------------------------------------------------


async def get(session: AsyncSession, public_id: str, *, lock: bool = False) -> Department:
    """Raises: NotFound."""
    chosen = sa.select(Department).where(Department.public_id == public_id)
    found = await session.scalar(chosen.with_for_update() if lock else chosen)
    if found is None:
        raise NotFound("没有这个部门，请刷新页面再选。")
    return found


async def get_named(session: AsyncSession, name: str) -> Department:
    """Raises: NotFound."""
    found = await session.scalar(sa.select(Department).where(Department.name == name.strip()))
    if found is None:
        raise NotFound(f"没有叫「{name}」的部门，全部部门见 gonghui departments list。")
    return found


async def list_all(session: AsyncSession) -> list[Listed]:
    """Those in use first, by name."""
    chosen = sa.select(Department).order_by(Department.active.desc(), Department.name)
    found = (await session.scalars(chosen)).all()
    joined = (
        sa.select(DepartmentStaff.department_id, Staff)
        .join(Staff, Staff.id == DepartmentStaff.staff_id)
        .order_by(Staff.name, Staff.id)
    )
    people: dict[int, list[Staff]] = {}
    for department_id, staff in (await session.execute(joined)).all():
        people.setdefault(department_id, []).append(staff)
    ids = {each.branch_id for each in found if each.branch_id is not None}
    rows = (await session.scalars(sa.select(Branch).where(Branch.id.in_(ids)))).all() if ids else ()
    ways = {each.id: each.way for each in rows}
    return [Listed(each, people.get(each.id, []), ways.get(each.branch_id or 0, "")) for each in found]


async def ids_of(session: AsyncSession, staff_id: int) -> set[int]:
    """Of the departments somebody works in."""
    chosen = sa.select(DepartmentStaff.department_id).where(DepartmentStaff.staff_id == staff_id)
    return set(await session.scalars(chosen))


async def names_of(session: AsyncSession, ids: Sequence[int | None]) -> dict[int, str]:
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    rows = await session.execute(sa.select(Department.id, Department.name).where(Department.id.in_(wanted)))
    return {row[0]: row[1] for row in rows}


# --- whom a complaint is about -----------------------------------------------------------------------------


async def is_accused(session: AsyncSession, department: Department, complaint: Complaint) -> bool:
    """Whether the complaint is about this department: by its branch or one above, or by a name."""
    own = None
    if department.branch_id is not None:
        own = await session.get_one(Branch, department.branch_id)
    if complaint.about_branch_id is not None:
        accused = await session.get_one(Branch, complaint.about_branch_id)
        if accused.name == department.name:
            return True
        return own is not None and f"{own.lineage}{LINEAGE}".startswith(f"{accused.lineage}{LINEAGE}")
    names = [] if own is None else own.lineage.split(LINEAGE)
    return speaks_of(complaint.about, department.name, *names)


def speaks_of(about: str | None, *names: str) -> bool:
    """Whether words about a unit mean one of these: either is found in the other, spaces set aside.

    Rather one too many: who is left out wrongly can be chosen once the branch is put right.
    """
    said = "".join((about or "").split())
    plain = ["".join(name.split()) for name in names]
    return any(name in said or (len(said) > 1 and said in name) for name in plain if name)


async def kept_from(session: AsyncSession, standing: Standing) -> list[int] | None:
    """Ids of branches of which this person of staff must not see what is about them.

    Those above all that he has roles in, and these themselves; None: nothing is kept from him.
    """
    found = [each for each in standing.grants if Right.DEPARTMENT_WORK in permissions.RIGHTS[each.role]]
    if any(each.branch_id is None for each in found):
        return None
    paths = [_paths(each.branch) for each in found]
    shared = set[str].intersection(*paths) if paths else set[str]()
    rows = await session.scalars(sa.select(Branch.id).where(Branch.lineage.in_(sorted(shared))))
    return list(rows)


def is_kept_from(standing: Standing, complaint: Complaint) -> bool:
    """Whether what is about a unit in words alone is about all that this person of staff works for."""
    if complaint.about_branch_id is not None or not complaint.about:
        return False
    found = [each for each in standing.grants if Right.DEPARTMENT_WORK in permissions.RIGHTS[each.role]]
    return all(
        each.branch_id is not None and speaks_of(complaint.about, *each.branch.split(LINEAGE))
        for each in found
    )


def _paths(lineage: str) -> set[str]:
    names = lineage.split(LINEAGE)
    return {LINEAGE.join(names[:depth]) for depth in range(1, len(names) + 1)}


async def list_people(
    session: AsyncSession, department_id: int, complaint: Complaint | None = None
) -> list[Staff]:
    """Who works there now; without those from whom the complaint is kept."""
    chosen = (
        sa.select(Staff)
        .join(DepartmentStaff, DepartmentStaff.staff_id == Staff.id)
        .where(DepartmentStaff.department_id == department_id, Staff.state == StaffState.ACTIVE)
        .order_by(Staff.name, Staff.id)
    )
    found = []
    for each in await session.scalars(chosen):
        standing = await permissions.standing_of(session, each)
        if not permissions.may(standing, Right.DEPARTMENT_WORK):
            continue
        if complaint is not None and complaint.about_branch_id is not None:
            kept = await kept_from(session, standing)
            if kept is not None and complaint.about_branch_id in kept:
                continue
        if complaint is not None and is_kept_from(standing, complaint):
            continue
        found.append(each)
    return found


async def list_fitting(session: AsyncSession, complaint: Complaint) -> list[Department]:
    """Those in use that may get it, by name."""
    chosen = sa.select(Department).where(Department.active.is_(True)).order_by(Department.name)
    return [each for each in await session.scalars(chosen) if not await is_accused(session, each, complaint)]


async def may_not_have(session: AsyncSession, department: Department, complaint: Complaint) -> bool:
    """Whether it is about this department, or about all who work there."""
    people = await list_people(session, department.id)
    return await is_accused(session, department, complaint) or (
        bool(people) and not await list_people(session, department.id, complaint)
    )


async def refuse_unfit(session: AsyncSession, department: Department, complaint: Complaint) -> None:
    """Raises: DomainError: out of use, the complaint is about it, or nobody is there to work on it."""
    if not department.active:
        raise DomainError(f"「{department.name}」已停用，请选别的部门。")
    if await is_accused(session, department, complaint):
        raise DomainError(f"这件反映的就是「{department.name}」或它的上级，不能转给它，请选别的部门。")
    if not await list_people(session, department.id, complaint):
        raise DomainError(f"「{department.name}」还没有可以办这件事的人，请先在「部门」里添加。")
