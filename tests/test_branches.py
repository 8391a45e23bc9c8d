"""The tree of branches: made by their paths, found again, renamed and moved with all below them."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.services import branches
from models import Branch, Member, MemberKind
from tests.conftest import NOON

TODAY = date(2026, 11, 23)
UNION = "黄陵供电公司工会"


async def branch(session: AsyncSession, *names: str) -> Branch:
    return await branches.ensure(session, UNION, *names, now=NOON)


async def lineages(session: AsyncSession) -> list[str]:
    return list(await session.scalars(sa.select(Branch.lineage).order_by(Branch.id)))


async def member(session: AsyncSession, number: str, where: Branch, left_on: date | None = None) -> None:
    session.add(
        Member(
            staff_number=number,
            name="李建国",
            branch_id=where.id,
            kind=MemberKind.IN_SERVICE,
            left_on=left_on,
            updated_at=NOON,
        )
    )
    await session.flush()


async def test_what_is_missing_on_the_way_is_made_once(session: AsyncSession) -> None:
    team = await branch(session, "北区分工会", "抢修一班")
    again = await branch(session, "北区分工会", "抢修一班")

    assert again is team
    assert await lineages(session) == [UNION, f"{UNION}/北区分工会", f"{UNION}/北区分工会/抢修一班"]
    above = await branches.get(session, f"{UNION}/北区分工会")
    assert (team.name, team.parent_id) == ("抢修一班", above.id)


async def test_a_branch_is_found_by_its_path_or_by_a_name_that_is_its_own(session: AsyncSession) -> None:
    north = await branch(session, "北区分工会", "营业班")
    await branch(session, "南区分工会", "营业班")

    assert await branches.find(session, f"{UNION}/北区分工会/营业班") is north
    assert await branches.find(session, "北区分工会") is not None
    assert await branches.find(session, "营业班") is None  # which one?
    with pytest.raises(NotFound, match="请写全"):
        await branches.get(session, "营业班")


async def test_the_tree_counts_members_with_those_of_all_branches_below(session: AsyncSession) -> None:
    team = await branch(session, "北区分工会", "抢修一班")
    south = await branch(session, "南区分工会")
    top = await branches.get(session, UNION)
    await member(session, "1", top)
    await member(session, "2", team)
    await member(session, "3", team, left_on=date(2026, 11, 24))  # still here today
    await member(session, "4", south, left_on=TODAY)

    tree = await branches.list_tree(session, TODAY)

    assert [(node.branch.name, node.depth, node.members, node.total) for node in tree] == [
        (UNION, 0, 1, 3),
        ("北区分工会", 1, 0, 2),
        ("抢修一班", 2, 2, 2),
        ("南区分工会", 1, 0, 0),
    ]


async def test_renaming_carries_everything_below_along(session: AsyncSession) -> None:
    await branch(session, "北区分工会", "抢修一班")
    await branch(session, "北区分工会_二", "抢修一班")  # begins alike, is another
    north = await branches.get(session, f"{UNION}/北区分工会")

    await branches.rename(session, north, "城北分工会", by="王强", now=NOON)

    assert north.name == "城北分工会"
    assert await lineages(session) == [
        UNION,
        f"{UNION}/城北分工会",
        f"{UNION}/城北分工会/抢修一班",
        f"{UNION}/北区分工会_二",
        f"{UNION}/北区分工会_二/抢修一班",
    ]


async def test_two_sisters_never_have_one_name(session: AsyncSession) -> None:
    north, south = await branch(session, "北区分工会"), await branch(session, "南区分工会")
    same = await branch(session, "南区分工会", "北区分工会")

    with pytest.raises(DomainError, match="已经有「黄陵供电公司工会/南区分工会」了"):
        await branches.rename(session, north, "南区分工会", by="王强", now=NOON)
    with pytest.raises(DomainError, match="已经有"):
        await branches.move(session, same, await branches.get(session, UNION), by="王强", now=NOON)
    await branches.rename(session, south, "南区分工会", by="王强", now=NOON)  # its own name is no double


async def test_a_branch_moves_with_all_below_it(session: AsyncSession) -> None:
    team = await branch(session, "北区分工会", "抢修一班", "一组")
    south = await branch(session, "南区分工会")
    moved = await branches.get(session, f"{UNION}/北区分工会/抢修一班")

    await branches.move(session, moved, south, by="王强", now=NOON)
    assert team.lineage == f"{UNION}/南区分工会/抢修一班/一组"
    assert moved.parent_id == south.id


async def test_what_a_branch_was_called_is_kept(session: AsyncSession) -> None:
    north, south = await branch(session, "北区分工会"), await branch(session, "南区分工会")
    await branch(session, "北区分工会", "抢修一班")

    await branches.rename(session, north, "城北分工会", by="王强", now=NOON)
    await branches.rename(session, north, "城北分工会", by="李静", now=NOON)  # changes nothing
    await branches.move(session, north, south, by="李静", now=NOON)

    found = await branches.list_moves(session)
    assert [(each.branch_id, each.before, each.after, each.by, each.at) for each in found] == [
        (north.id, f"{UNION}/城北分工会", f"{UNION}/南区分工会/城北分工会", "李静", NOON),
        (north.id, f"{UNION}/北区分工会", f"{UNION}/城北分工会", "王强", NOON),
    ]


async def test_a_branch_can_stand_at_the_top(session: AsyncSession) -> None:
    team = await branch(session, "北区分工会")

    await branches.move(session, team, None, by="王强", now=NOON)

    assert (team.lineage, team.parent_id) == ("北区分工会", None)


async def test_no_branch_moves_below_itself(session: AsyncSession) -> None:
    team = await branch(session, "北区分工会", "抢修一班")
    north = await branches.get(session, f"{UNION}/北区分工会")

    for under in (north, team):
        with pytest.raises(DomainError, match="不能放到自己或自己的下级"):
            await branches.move(session, north, under, by="王强", now=NOON)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a/b"], "不能有「/」"),
        ([""], "没有名称"),
        ([" 北区"], "没有名称"),
        (["长" * 41], "超过 40 个字"),
        (["长" * 40] * 7, "超过 255 个字"),
        (["北\u0007区"], "控制字符"),
        (["北\u202e区"], "控制字符"),
        ([], "没有写名称"),
    ],
)
async def test_names_that_cannot_be_are_refused(session: AsyncSession, names: list[str], said: str) -> None:
    with pytest.raises(DomainError, match=said):
        await branches.ensure(session, *names, now=NOON)


async def test_a_longer_name_is_refused_where_it_would_not_fit_below(session: AsyncSession) -> None:
    await branches.ensure(session, "北", *(["长" * 40] * 6), now=NOON)
    north = await branches.get(session, "北")

    with pytest.raises(DomainError, match="255"):
        await branches.rename(session, north, "北区供电公司工会委员会", by="王强", now=NOON)
    with pytest.raises(DomainError, match="不能有"):
        await branches.rename(session, north, "北/区", by="王强", now=NOON)
