"""The members' room: who sees whom, what is masked, what is revealed by an act, two people at once."""

import pytest
import sqlalchemy as sa

from app.services import branches, members
from app.services.staff import Wanted
from models import Branch, Member, MemberMove, Person, Role
from tests import making
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
SOUTH = "黄陵供电公司工会/南区分工会"
NORTH = "黄陵供电公司工会/北区分工会"


@pytest.fixture
async def roster(ends: Ends) -> dict[str, str]:
    """Public ids by name: 李娜 in the north and bound, 张伟 in the south, 王芳 left the north."""
    async with ends.house.database.transaction() as session:
        person = Person(created_at=NOON)
        session.add(person)
        await session.flush()
        li = await making.member(session, person_id=person.id, bound_at=NOON)
        zhang = await making.member(session, "张伟", staff_number="10002", lineage=SOUTH, phone="13900001111")
        gone = await making.member(session, "王芳", staff_number="10003", left_on=NOON.date())
        return {each.name: each.public_id for each in (li, zhang, gone)}


async def branch(ends: Ends, lineage: str) -> Branch:
    async with ends.house.database.reading() as session:
        return await branches.get(session, lineage)


async def of_the_north(ends: Ends, role: Role = Role.UNION_ADMIN) -> Worker:
    return await at_work(ends, "赵敏", Wanted(role, (await branch(ends, NORTH)).id))


async def test_the_list_has_the_tree_with_counts_and_masks_phones(
    ends: Ends, admin: Worker, roster: dict[str, str]
) -> None:
    page = await admin.reads("/members")

    assert "李娜" in page and "张伟" in page and "138****5678" in page
    assert "13812345678" not in page and "1985" not in page
    assert "北区分工会" in page and "2 人" in page  # of today: who left is not counted


async def test_a_branch_is_listed_with_all_below_it(
    ends: Ends, admin: Worker, roster: dict[str, str]
) -> None:
    north = (await branch(ends, NORTH)).public_id

    page = await admin.reads(f"/members?branch={north}")

    assert "李娜" in page and "王芳" in page and "张伟" not in page


@pytest.mark.parametrize(
    ("asked", "found", "not_found"),
    [
        ("state=in", "李娜", "王芳"),
        ("state=left", "王芳", "李娜"),
        ("bound=yes", "李娜", "张伟"),
        ("bound=no", "张伟", "李娜"),
        ("q=张", "张伟", "李娜"),
        ("q=１０００２", "张伟", "李娜"),
        ("kind=in_service", "张伟", "没有这样的会员"),
    ],
)
async def test_filters(
    ends: Ends, admin: Worker, roster: dict[str, str], asked: str, found: str, not_found: str
) -> None:
    page = await admin.reads(f"/members?{asked}")
    assert found in page and not_found not in page


async def test_words_that_nobody_is_called_find_nobody(admin: Worker, roster: dict[str, str]) -> None:
    for words in ("%", "_", "%E6%9D%8E%25", "<script>alert(1)</script>", "a%00b"):
        page = await admin.reads(f"/members?q={words}")
        assert "<script>alert" not in page
        assert "李娜" not in page or words == "a%00b"  # what no text has is no filter


async def test_pages_follow_the_last_row(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        for number in range(55):
            await making.member(session, f"职工{number:02d}", staff_number=f"2{number:04d}")

    first = await admin.reads("/members")
    older = first.split('data-test="older"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = await admin.reads(older.removeprefix("/console"))

    assert "职工54" in first and "职工04" not in first
    assert "职工04" in second and "职工05" not in second and "职工54" not in second


async def test_staff_of_a_branch_see_theirs_and_nobody_else(ends: Ends, roster: dict[str, str]) -> None:
    zhao = await of_the_north(ends)

    page = await zhao.reads("/members")

    assert "李娜" in page and "张伟" not in page and "南区" not in page
    assert (await zhao.gets(f"/members/{roster['张伟']}")).status_code == 404
    for act in ("reveal", "unbind"):
        assert (await zhao.sends(f"/members/{roster['张伟']}/{act}")).status_code == 404
    assert 'data-test="found"' not in await zhao.reads("/search?q=张伟")
    south = (await branch(ends, SOUTH)).public_id
    assert (await zhao.gets(f"/branches/{south}")).status_code == 404
    assert (await zhao.sends(f"/branches/{south}/rename", name="西区")).status_code == 404
    top = (await branch(ends, "黄陵供电公司工会")).public_id
    assert (await zhao.gets(f"/branches/{top}")).status_code == 404


async def test_other_roles_have_no_members(ends: Ends, roster: dict[str, str]) -> None:
    for role in (Role.LAWYER, Role.EDITOR, Role.DISPATCHER, Role.AUDITOR, Role.OPERATOR):
        worker = await at_work(ends, "张律师", role)
        assert (await worker.gets("/members")).status_code == 403
        assert (await worker.gets(f"/members/{roster['李娜']}")).status_code == 403
        assert (await worker.sends(f"/members/{roster['李娜']}/reveal")).status_code == 403
        assert 'data-test="found"' not in await worker.reads("/search?q=李娜")


async def test_the_search_finds_names_and_numbers(admin: Worker, roster: dict[str, str]) -> None:
    assert "李娜 10001" in await admin.reads("/search?q=李")
    assert "张伟 10002" in await admin.reads("/search?q=10002")


async def test_a_phone_number_is_shown_by_an_act_and_once(
    ends: Ends, admin: Worker, roster: dict[str, str]
) -> None:
    page = await admin.reads(f"/members/{roster['李娜']}")
    assert "138****5678" in page and "1985-**-**" in page and "13812345678" not in page

    shown = await admin.sends(f"/members/{roster['李娜']}/reveal", reason="核对补贴")

    assert shown.status_code == 200 and "13812345678" in shown.text and "1985-03-05" in shown.text
    (act,) = await acts_of(ends, "members.reveal")
    assert (act.subject, act.reason, act.by) == (roster["李娜"], "核对补贴", "王强")
    assert "13812345678" not in str(act.changes)
    assert "13812345678" not in await admin.reads(f"/members/{roster['李娜']}")


async def test_unbinding_is_kept_and_told_to_the_second(
    ends: Ends, admin: Worker, roster: dict[str, str]
) -> None:
    address = f"/members/{roster['李娜']}"
    assert 'name="version" value="1"' in await admin.reads(address)

    page = await admin.does(f"{address}/unbind", version="1", reason="换了微信号")

    assert "已解除绑定" in page and "没有绑定" in page
    (act,) = await acts_of(ends, "members.unbind")
    assert act.reason == "换了微信号" and act.branch_id is not None
    again = await admin.sends(f"{address}/unbind", version="1", reason="又一次")
    assert again.status_code == 422 and "王强（" in again.text and "改过这位会员" in again.text
    assert len(await acts_of(ends, "members.unbind")) == 1
    async with ends.house.database.reading() as session:
        moves = (await session.scalars(sa.select(MemberMove))).all()
        assert [(move.what, move.by, move.channel) for move in moves] == [("unbound", "王强", "console")]


async def test_a_reason_that_is_too_long_is_kept_as_far_as_it_goes_and_what_was_typed_stays(
    ends: Ends, admin: Worker, roster: dict[str, str]
) -> None:
    address = f"/members/{roster['李娜']}"

    shown = await admin.sends(f"{address}/reveal", reason="核" * 300)
    assert shown.status_code == 200 and "13812345678" in shown.text
    moved = await admin.sends(f"{address}/unbind", version="0", reason="换" * 300)
    assert moved.status_code == 422 and "换" * 200 in moved.text
    assert "已解除绑定" in await admin.does(f"{address}/unbind", version="1", reason="换" * 300)

    (looked,), (undone,) = await acts_of(ends, "members.reveal"), await acts_of(ends, "members.unbind")
    assert (looked.reason, undone.reason) == ("核" * 200, "换" * 200)


async def test_hostile_names_are_words(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        made = await making.member(session, "<script>x</script>", post="=1+1")

    for path in ("/members", f"/members/{made.public_id}", "/search?q=%3Cscript"):
        page = await admin.reads(path)
        assert "<script>x" not in page and "&lt;script&gt;x" in page


async def test_a_branch_is_renamed_and_whoever_comes_late_hears_of_it(
    ends: Ends, admin: Worker, roster: dict[str, str]
) -> None:
    north = await branch(ends, NORTH)

    page = await admin.does(f"/branches/{north.public_id}/rename", name="城北分工会", lineage=NORTH)

    assert "已改名" in page and "城北分工会" in page and "北区分工会 →" in page
    late = await admin.sends(f"/branches/{north.public_id}/rename", name="东区分工会", lineage=NORTH)
    assert late.status_code == 422 and "王强（" in late.text and "东区分工会" in late.text
    (act,) = await acts_of(ends, "branches.rename")
    assert act.branch_id == north.id
    async with ends.house.database.reading() as session:
        member = await members.get(session, "10001")
        assert member.branch.lineage == "黄陵供电公司工会/城北分工会/抢修一班"


async def test_a_name_that_cannot_be_is_refused_with_the_form(
    ends: Ends, admin: Worker, roster: dict[str, str]
) -> None:
    north = await branch(ends, NORTH)
    for name, said in (("", "没有名称"), ("甲/乙", "不能有"), ("南区分工会", "已经有"), ("长" * 41, "超过")):
        answer = await admin.sends(f"/branches/{north.public_id}/rename", name=name, lineage=NORTH)
        assert answer.status_code == 422 and said in answer.text, name
    assert await acts_of(ends, "branches.rename") == []


async def test_a_branch_moves_and_not_below_itself(ends: Ends, admin: Worker, roster: dict[str, str]) -> None:
    north, south = await branch(ends, NORTH), await branch(ends, SOUTH)
    shift = await branch(ends, making.NORTH)

    page = await admin.does(
        f"/branches/{shift.public_id}/move", parent=south.public_id, lineage=shift.lineage
    )

    assert "南区分工会 › 抢修一班" in page
    refused = await admin.sends(f"/branches/{north.public_id}/move", parent=north.public_id, lineage=NORTH)
    assert refused.status_code == 422 and "自己" in refused.text
    none = await admin.sends(f"/branches/{north.public_id}/move", parent="", lineage=NORTH)
    assert none.status_code == 422 and "请选一个上级组织" in none.text


async def test_staff_of_a_branch_move_within_it_only(ends: Ends, roster: dict[str, str]) -> None:
    zhao = await of_the_north(ends)
    shift = await branch(ends, making.NORTH)
    south = (await branch(ends, SOUTH)).public_id
    address = f"/branches/{shift.public_id}/move"

    assert "南区" not in await zhao.reads(f"/branches/{shift.public_id}")
    assert (await zhao.sends(address, parent=south, lineage=shift.lineage)).status_code == 404
    top = await zhao.sends(address, parent="top", lineage=shift.lineage)
    assert top.status_code == 422 and "请选一个上级组织" in top.text


async def test_who_lost_the_role_meanwhile_does_nothing(ends: Ends, roster: dict[str, str]) -> None:
    worker = await at_work(ends, "孙丽", Role.UNION_ADMIN)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.text("DELETE FROM staff_grant"))

    answer = await worker.sends(f"/members/{roster['李娜']}/unbind", version="1")

    assert answer.status_code == 403
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(Member.id).where(Member.person_id.is_not(None))) is not None
