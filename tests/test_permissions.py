"""Roles, branches, and who may do what with what."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import branches, permissions, staff
from app.services.permissions import RIGHTS, Forbidden, Right, Standing, may, may_give
from app.services.staff import LastAdmin, Wanted
from models import Role, Staff
from tests import making
from tests.conftest import NOON

COMPANY = "黄陵供电公司工会"
NORTH = f"{COMPANY}/北区分工会"
SHIFT = f"{NORTH}/抢修一班"
SOUTH = f"{COMPANY}/南区分工会"


async def employ(session: AsyncSession, login: str, *wanted: Wanted) -> Staff:
    made = await staff.invite(session, login, login.title(), wanted, by=None, now=NOON)
    return made.staff


async def standing(session: AsyncSession, who: Staff) -> Standing:
    return Standing(who.id, who.name, await permissions.grants_of(session, who.id))


async def test_a_role_for_a_branch_holds_for_all_below_it_and_nowhere_else(session: AsyncSession) -> None:
    north, shift = await making.branch(session, NORTH), await making.branch(session, SHIFT)
    south = await making.branch(session, SOUTH)
    await employ(session, "boss", Wanted(Role.UNION_ADMIN))
    li = await standing(session, await employ(session, "li", Wanted(Role.UNION_ADMIN, north.id)))

    assert may(li, Right.MEMBERS_READ) and may(li, Right.MEMBERS_READ, shift.id)
    assert not may(li, Right.MEMBERS_READ, south.id)
    assert not may(li, Right.MEMBERS_READ, None)  # what belongs to no branch is the whole union's
    assert not may(li, Right.LEGAL_READ)
    with pytest.raises(Forbidden, match="看会员名册"):
        permissions.demand(li, Right.MEMBERS_READ, south.id)


async def test_a_branch_that_moves_takes_its_staff_along(session: AsyncSession) -> None:
    north, shift = await making.branch(session, NORTH), await making.branch(session, SHIFT)
    south = await making.branch(session, SOUTH)
    wang = await employ(session, "wang", Wanted(Role.UNION_ADMIN, north.id))
    await branches.move(session, shift, south, by="王强", channel="cli", now=NOON)

    assert not may(await standing(session, wang), Right.MEMBERS_READ, shift.id)


async def test_two_roles_add_up(session: AsyncSession) -> None:
    north = await making.branch(session, NORTH)
    both = await employ(session, "both", Wanted(Role.LAWYER), Wanted(Role.ORGANISER, north.id))
    found = await standing(session, both)

    assert may(found, Right.LEGAL_ANSWER, None)
    assert may(found, Right.ACTIVITIES_EDIT, north.id) and not may(found, Right.ACTIVITIES_EDIT, None)


def test_who_has_no_role_may_nothing() -> None:
    assert not any(may(Standing(1, "李娜"), right) for right in Right)


def test_every_right_is_somebodys_and_has_words() -> None:
    assert set().union(*RIGHTS.values()) == set(Right)
    assert set(RIGHTS) == set(Role)
    assert all(right.label and role.label for right in Right for role in Role)


async def test_nobody_gives_what_is_not_his_to_give(session: AsyncSession) -> None:
    north, south = await making.branch(session, NORTH), await making.branch(session, SOUTH)
    shift = await making.branch(session, SHIFT)
    boss = await standing(session, await employ(session, "boss", Wanted(Role.UNION_ADMIN)))
    chief = await standing(session, await employ(session, "chief", Wanted(Role.UNION_ADMIN, north.id)))
    editor = await standing(session, await employ(session, "editor", Wanted(Role.EDITOR)))

    assert may_give(boss, Role.LAWYER, None) and may_give(boss, Role.UNION_ADMIN, north.id)
    assert not may_give(boss, Role.OPERATOR, None) and not may_give(boss, Role.AUDITOR, None)
    assert not may_give(boss, Role.UNION_ADMIN, None)  # another one like himself
    assert may_give(chief, Role.EDITOR, shift.id) and may_give(chief, Role.UNION_ADMIN, shift.id)
    assert not may_give(chief, Role.UNION_ADMIN, north.id)
    assert not may_give(chief, Role.EDITOR, south.id) and not may_give(chief, Role.EDITOR, None)
    assert not any(may_give(editor, role, None) for role in Role)


async def test_nobody_changes_himself(session: AsyncSession) -> None:
    boss = await employ(session, "boss", Wanted(Role.UNION_ADMIN))
    by = await standing(session, boss)

    with pytest.raises(DomainError, match="自己的角色"):
        await staff.set_roles(session, boss, [Wanted(Role.EDITOR)], by=by, now=NOON)
    with pytest.raises(DomainError, match="自己的角色"):
        await staff.disable(session, boss, by=by, now=NOON)
    with pytest.raises(DomainError, match="自己的角色"):
        await staff.reset(session, boss, by=by, now=NOON)


async def test_somebody_is_left_who_administers_the_union(session: AsyncSession) -> None:
    boss = await employ(session, "boss", Wanted(Role.UNION_ADMIN))

    with pytest.raises(LastAdmin):
        await staff.disable(session, boss, by=None, now=NOON)

    boss = await staff.get(session, boss.public_id)
    await employ(session, "other", Wanted(Role.UNION_ADMIN))
    await staff.set_roles(session, boss, [Wanted(Role.EDITOR)], by=None, now=NOON)
    assert [grant.role for grant in boss.grants] == [Role.EDITOR]


async def test_a_chief_of_a_branch_does_not_reset_who_stands_above_him(session: AsyncSession) -> None:
    north = await making.branch(session, NORTH)
    boss = await employ(session, "boss", Wanted(Role.UNION_ADMIN))
    chief = await standing(session, await employ(session, "chief", Wanted(Role.UNION_ADMIN, north.id)))

    for attempt in (
        staff.reset(session, boss, by=chief, now=NOON),
        staff.disable(session, boss, by=chief, now=NOON),
        staff.rename(session, boss, "张三", by=chief),
        staff.set_roles(session, boss, [Wanted(Role.EDITOR, north.id)], by=chief, now=NOON),
    ):
        with pytest.raises(DomainError, match="不能给予或收回"):
            await attempt


@pytest.mark.parametrize(
    ("login", "name", "said"),
    [
        ("李娜", "李娜", "小写字母开头"),
        ("1li", "李娜", "小写字母开头"),
        ("l", "李娜", "小写字母开头"),
        ("li'; drop", "李娜", "小写字母开头"),
        ("li.na", " ", "请写姓名"),
        ("li.na", "李" * 41, "最多 40 个字"),
        ("BOSS", "李娜", "已经有人用了"),
    ],
)
async def test_an_account_that_cannot_be_is_refused(
    session: AsyncSession, login: str, name: str, said: str
) -> None:
    await employ(session, "boss", Wanted(Role.UNION_ADMIN))

    with pytest.raises(DomainError, match=said):
        await staff.invite(session, login, name, [Wanted(Role.EDITOR)], by=None, now=NOON)


async def test_an_account_without_a_role_is_none(session: AsyncSession) -> None:
    with pytest.raises(DomainError, match="至少选一个角色"):
        await staff.invite(session, "li.na", "李娜", [], by=None, now=NOON)
