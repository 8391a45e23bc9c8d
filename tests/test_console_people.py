"""Followers and persons in the console: as far as rights go; and the pairs that could not be made one."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.services import branches, interests, merging
from app.services.staff import Wanted
from models import Account, AccountKind, Follower, FollowerTag, Member, MergeState, Person, PersonMerge, Role
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
OPENID = "oLiNa1234567890abcdefghij"


@pytest.fixture
async def li(ends: Ends) -> str:
    """李娜 of the north follows and is bound: the public id of her person."""
    return await follows(ends, OPENID, "李娜", "10001")


async def follows(ends: Ends, openid: str, name: str = "", number: str = "", **given: object) -> str:
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        person = Person(created_at=now)
        session.add(person)
        await session.flush()
        official = sa.select(Account).where(Account.kind == AccountKind.OFFICIAL)
        account = (await session.scalars(official)).first()
        assert account is not None
        follower = Follower(
            account_id=account.id, openid=openid, person_id=person.id, subscribed_at=now, **given
        )
        session.add(follower)
        await session.flush()
        session.add(FollowerTag(follower_id=follower.id, name="北区骨干", given_at=now))
        if name:
            await making.member(session, name, staff_number=number, person_id=person.id, bound_at=now)
        return person.public_id


async def person_id(ends: Ends, public_id: str) -> int:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(Person.id).where(Person.public_id == public_id))).one()


async def doubt(ends: Ends) -> tuple[int, str, str]:
    """Two persons of one human, bound to two numbers: the id of the refused merge, and who they are."""
    one = await follows(ends, "oOne4567890abcdefghijklmn", "李娜", "10001")
    other = await follows(ends, "oTwo4567890abcdefghijklmn", "李娜二", "10002")
    pair = await person_id(ends, one), await person_id(ends, other)
    async with ends.house.database.transaction() as session:
        state = await merging.merge(session, *pair, ends.house.clock.now())
        assert state is MergeState.REFUSED
        merge = (await session.scalars(sa.select(PersonMerge))).one()
        return merge.id, one, other


async def test_the_list_shortens_openids_and_names_members(ends: Ends, admin: Worker, li: str) -> None:
    page = await admin.reads("/people")

    assert li in page and "oLiN…ghij" in page and OPENID not in page
    assert "李娜（10001）" in page and "在关注" in page


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        (f"q={OPENID}", True),
        ("q=oLiNa", False),  # only a whole one
        ("q=%3Cscript%3E", False),
        ("state=yes", True),
        ("state=left", False),
        ("tag=北区骨干", True),
        ("tag=北区", False),
        ("member=yes", True),
        ("member=no", False),
    ],
)
async def test_filters(ends: Ends, admin: Worker, li: str, asked: str, is_found: bool) -> None:
    page = await admin.reads(f"/people?{asked}")

    assert (f"/console/people/{li}" in page) is is_found
    assert "<script>" not in page


async def test_a_person_with_history_and_the_way_to_his_messages(ends: Ends, admin: Worker, li: str) -> None:
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        await interests.switch(session, await person_id(ends, li), now, on=False)
        left = {"subscribed": False, "unsubscribed_at": now - timedelta(hours=1)}
        await session.execute(sa.update(Follower).where(Follower.openid == OPENID).values(**left))

    page = await admin.reads(f"/people/{li}")

    assert "李娜（10001）" in page and "本人关了" in page and "北区骨干" in page
    assert "取消关注公众号" in page and "第一次见到" in page and "两天内没有来过" in page
    assert f"/console/messages?person={li}" in page
    assert li in await admin.reads(f"/search?q={li}")


async def test_the_operator_sees_no_names(ends: Ends, li: str) -> None:
    operator = await at_work(ends, "孙运维", Role.OPERATOR)

    for path in ("/people", f"/people/{li}"):
        page = await operator.reads(path)
        assert "会员" in page and "李娜" not in page and "10001" not in page


async def test_staff_of_a_branch_see_its_members_only(ends: Ends, li: str) -> None:
    stranger = await follows(ends, "oStranger7890abcdefghijkl")
    async with ends.house.database.transaction() as session:
        north = await branches.get(session, "黄陵供电公司工会/北区分工会")
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
    of_north = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, north.id))
    of_south = await at_work(ends, "周涛", Wanted(Role.UNION_ADMIN, south.id))

    page = await of_north.reads("/people")
    assert li in page and stranger not in page
    assert (await of_north.gets(f"/people/{stranger}")).status_code == 404
    assert (await of_south.gets(f"/people/{li}")).status_code == 404
    assert 'data-test="found"' not in await of_south.reads(f"/search?q={li}")
    assert (await of_north.gets("/people/merges")).status_code == 403


async def test_other_roles_see_nobody(ends: Ends, li: str) -> None:
    for role in (Role.LAWYER, Role.EDITOR, Role.DISPATCHER, Role.AUDITOR):
        worker = await at_work(ends, "钱多", role)
        for path in ("/people", f"/people/{li}", "/people/merges"):
            assert (await worker.gets(path)).status_code == 403
        assert (await worker.sends("/people/merges/1", reason="x")).status_code == 403


async def test_pages_follow_the_last_row(ends: Ends, admin: Worker) -> None:
    made = [await follows(ends, f"oPage{number:020d}") for number in range(52)]

    first = await admin.reads("/people")
    older = first.split('data-test="older"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = await admin.reads(older.removeprefix("/console"))

    assert made[-1] in first and made[0] not in first
    assert made[0] in second and made[-1] not in second


async def test_a_pair_that_is_none_waits_for_a_decision(ends: Ends, admin: Worker) -> None:
    merge_id, one, other = await doubt(ends)

    assert "要核对是不是同一个人" in await admin.reads("/")
    page = await admin.reads("/people/merges")
    assert one in page and other in page and "两边绑定了不同的工号" in page and "李娜二（10002）" in page

    silent = await admin.sends(f"/people/merges/{merge_id}", reason=" ")
    assert silent.status_code == 422 and "请写明怎样核对的" in silent.text
    page = await admin.does(f"/people/merges/{merge_id}", reason="问过本人")
    assert "还是合不了" in page and "两边绑定了不同的工号" in page


async def test_merged_once_the_wrong_binding_is_undone(ends: Ends, admin: Worker) -> None:
    merge_id, one, other = await doubt(ends)
    async with ends.house.database.transaction() as session:
        wrong = sa.update(Member).where(Member.staff_number == "10002")
        await session.execute(wrong.values(person_id=None, bound_at=None))

    assert "已合成一个人" in await admin.does(f"/people/merges/{merge_id}", reason="问过<b>本人")

    (act,) = await acts_of(ends, "people.merge")
    assert act.reason == "问过<b>本人" and "问过<b>" not in await admin.reads(f"/record/{act.public_id}")
    assert one in await admin.reads(f"/people/{other}")
    assert (await admin.sends(f"/people/merges/{merge_id}", reason="又一次")).status_code == 404
    for missing in (999999, 2**63 - 1, 10**20, 0, -1, -(10**20)):
        assert (await admin.sends(f"/people/merges/{missing}", reason="x")).status_code == 404


async def test_a_reason_that_is_too_long_is_kept_as_far_as_it_goes(ends: Ends, admin: Worker) -> None:
    merge_id, _, _ = await doubt(ends)

    assert "还是合不了" in await admin.does(f"/people/merges/{merge_id}", reason="问" * 500)

    (act,) = await acts_of(ends, "people.merge")
    assert act.reason == "问" * 200
