"""Who is meant: in memory and in SQL alike."""

from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import Database
from app.services import audience_rows, sign_ups, staff
from app.services.audience_rows import is_meant
from app.services.audiences import NOBODY_KNOWN, Audience, AudienceOfFacts, Facts, covers, each, matches
from app.services.staff import Wanted
from models import Account, AccountKind, Follower, FollowerTag, MemberKind, Membership, Role, Sex, StaffState
from tests import making
from tests.conftest import NOON

NORTH = "黄陵工会/北区分工会/抢修一班"
AREAS = (None, "黄陵 北区", "黄陵 南区")
LI = Membership(MemberKind.IN_SERVICE, NORTH, Sex.FEMALE)


def who(*tags: str, membership: Membership | None = None) -> Facts:
    return Facts(frozenset(tags), membership)


def meant(**words: Any) -> Audience:
    return Audience.model_validate(words)


def test_one_of_several_values_is_enough() -> None:
    staff = meant(tag=["职工", "干部"])

    assert matches(staff, who("干部", "陕西"))
    assert not matches(staff, who("陕西"))
    assert not matches(staff, NOBODY_KNOWN)
    assert matches(meant(kind=["退休", "在职"]), who(membership=LI))


def test_every_word_must_hold() -> None:
    women_of_the_north = meant(branch="北区分工会", sex="女", tag="志愿者")

    assert matches(women_of_the_north, who("志愿者", membership=LI))
    assert not matches(women_of_the_north, who(membership=LI))
    assert not matches(women_of_the_north, who("志愿者"))
    assert not matches(meant(branch="北区分工会", sex="男"), who(membership=LI))


@pytest.mark.parametrize(
    ("branch", "is_in"),
    [
        ("黄陵工会", True),
        ("北区分工会", True),
        ("抢修一班", True),
        ("北区分工会/抢修一班", True),
        (NORTH, True),
        ("南区分工会", False),
        ("抢修", False),
        ("区分工会", False),
        ("黄陵工会/抢修一班", False),
    ],
)
def test_a_branch_means_all_below_it(branch: str, is_in: bool) -> None:
    assert matches(meant(branch=branch), who(membership=LI)) is is_in


def test_a_single_value_may_be_written_without_brackets() -> None:
    assert meant(tag="职工") == meant(tag=["职工"])
    assert meant(kind="退休") == meant(kind=["退休"])


def test_no_audience_means_everybody() -> None:
    assert matches(None, NOBODY_KNOWN)


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"tags": "职工"},
        {"tag": []},
        {"tag": ""},
        {"tag": None},
        {"tag": "长" * 31},
        {"tag": 5},
        {"member": False},
        {"kind": "retired"},
        {"kind": 5},
        {"sex": "母"},
        {"branch": ""},
        {"area": ""},
        {"area": "长" * 41},
        {"any": []},
        {"any": {"tag": "职工"}},
        {"but": {"tag": "职工"}},
        {"any": [{}]},
        {"any": [{"tag": "职工"}] * 21},
        {"any": [{"any": [{"any": [{"any": [{"tag": "职工"}]}]}]}]},
    ],
)
def test_what_is_no_audience_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        Audience.model_validate(written)


def test_what_is_stored_reads_back_as_it_was_written() -> None:
    for written in (
        {"tag": ["职工"]},
        {"member": True},
        {"area": ["黄陵 北区"]},
        {"branch": ["北区"], "kind": ["退休"], "sex": ["女"]},
        {"any": [{"tag": ["职工"]}, {"member": True}], "but": {"kind": ["退休"]}},
    ):
        audience = Audience.model_validate(written)

        assert audience.model_dump(mode="json") == written
        assert Audience.model_validate(audience.model_dump(mode="json")) == audience


def test_an_audience_says_who_is_meant() -> None:
    assert str(meant(tag=["职工", "干部"])) == "职工、干部"
    assert str(meant(member=True)) == "会员"
    assert str(meant(branch="北区分工会", sex="女")) == "北区分工会的女会员"
    assert str(meant(kind="退休", tag="志愿者")) == "「志愿者」中退休会员"
    assert str(meant(area=["黄陵 北区", "黄陵 南区"])) == "黄陵 北区、黄陵 南区的客户"
    assert str(meant(area="黄陵 北区", tag="志愿者")) == "「志愿者」中黄陵 北区的客户"
    assert str(meant(area="黄陵 北区", member=True)) == "会员，同时是黄陵 北区的客户"


def test_audiences_put_together_say_who_is_meant() -> None:
    assert str(meant(any=[{"tag": "志愿者"}, {"branch": "北区分工会"}])) == "志愿者或北区分工会的会员"
    assert str(meant(member=True, but={"kind": "退休"})) == "会员（退休会员除外）"
    assert str(meant(all=[{"tag": "甲"}, {"tag": "乙"}], sex="女")) == "女会员，同时是甲，同时是乙"
    assert str(meant(activity=["羽毛球赛", "读书会"])) == "报上「羽毛球赛」「读书会」的人"
    assert str(meant(staff=["律师", "编辑"])) == "担任律师、编辑的工作人员"
    assert str(meant(activity="羽毛球赛", member=True)) == "会员，同时是报上「羽毛球赛」的人"


def test_what_is_put_together_covers_what_its_parts_cover() -> None:
    either = meant(any=[{"tag": "甲"}, {"branch": "北区分工会"}])
    few = meant(tag="甲", but={"member": True})

    assert covers(either, meant(tag="甲")) and covers(either, meant(branch="北区分工会", sex="女"))
    assert covers(either, either) and not covers(either, meant(member=True))
    assert covers(meant(tag="甲"), few) and not covers(few, meant(tag="甲"))
    assert covers(meant(tag="乙"), meant(all=[{"tag": "甲"}, {"tag": "乙"}]))
    assert not covers(meant(tag="甲"), either)
    assert each(either) == [meant(tag="甲"), meant(branch="北区分工会")]
    assert each(few) == [few]


def test_a_wider_audience_covers_a_narrower_one() -> None:
    both, one = meant(tag=["职工", "干部"]), meant(tag="干部")

    assert covers(None, both) and covers(both, one) and covers(one, one)
    assert not covers(one, both) and not covers(one, None)
    assert covers(meant(member=True), meant(branch="北区分工会"))
    assert covers(meant(sex="女"), meant(sex="女", branch="北区分工会"))
    assert not covers(meant(branch="北区分工会"), meant(member=True))
    assert not covers(meant(tag="干部"), meant(member=True))
    assert covers(meant(area=["黄陵 北区", "黄陵 南区"]), meant(area="黄陵 北区", member=True))
    assert not covers(meant(area="黄陵 北区"), meant(member=True))


def test_an_audience_is_all_its_single_values_together() -> None:
    several = meant(tag=["甲", "乙"], kind=["退休", "在职"], member=True)

    singles = each(several)

    assert len(singles) == 4
    assert all(len(one.tag) == len(one.kind) == 1 and one.member for one in singles)
    assert all(covers(several, one) for one in singles)


def test_a_customer_is_meant_by_the_area_of_any_account() -> None:
    both = Facts(areas=frozenset({"黄陵 北区", "黄陵 南区"}))

    assert matches(meant(area="黄陵 南区"), both)
    assert not matches(meant(area="黄陵"), both)  # areas count as written
    assert not matches(meant(area="黄陵 南区"), NOBODY_KNOWN)


WRITTEN: tuple[dict[str, Any], ...] = (
    {"tag": "志愿者"},
    {"member": True},
    {"branch": "北区分工会"},
    {"branch": ["北区_分工会", "南区分工会"]},
    {"branch": "黄陵工会/南区分工会", "tag": "干部"},
    {"kind": ["退休", "劳务派遣"], "sex": "女"},
    {"sex": "男", "branch": "%"},
    {"area": "黄陵 北区"},
    {"area": ["黄陵 南区", "黄陵"], "member": True},
    {"area": ["黄陵 南区", "黄陵 北区"], "tag": "干部"},
    {"any": [{"tag": "干部"}, {"sex": "女", "branch": "南区分工会"}]},
    {"all": [{"tag": "干部"}, {"area": "黄陵 北区"}], "member": True},
    {"member": True, "but": {"kind": "退休"}},
    {"any": [{"tag": "志愿者"}, {"member": True}], "but": {"any": [{"sex": "女"}, {"tag": "干部"}]}},
    {"all": [{"any": [{"sex": "女"}, {"sex": "男"}]}, {"tag": "志愿者", "but": {"kind": "在职"}}]},
)


async def test_the_database_finds_whom_memory_would_find(session: AsyncSession) -> None:
    account = Account(app_id="wx", kind=AccountKind.OFFICIAL)
    session.add(account)
    await session.flush()
    town = {}
    lineages = (NORTH, "黄陵工会/南区分工会", "黄陵工会/北区_分工会/抢修一班")
    members = [None, *product(MemberKind, (*Sex, None), lineages)]
    for number, (facts, tags) in enumerate(product(members, ((), ("志愿者",), ("志愿者", "干部")))):
        person = await making.person(session)
        follower = Follower(account_id=account.id, openid=f"o{number}", person_id=person.person_id)
        session.add(follower)
        await session.flush()
        session.add_all(FollowerTag(follower_id=follower.id, name=tag, given_at=NOON) for tag in tags)
        membership = None
        if facts is not None:
            kind, sex, lineage = facts
            left_on = civil_date(NOON) if number % 5 == 0 else None
            await making.member(
                session,
                staff_number=f"{number}",
                kind=kind,
                sex=sex,
                lineage=lineage,
                person_id=person.person_id,
                left_on=left_on,
            )
            membership = Membership(kind, lineage, sex) if left_on is None else None
        areas = AREAS[: number % 4]
        for nth, area in enumerate(areas):
            await making.bound(session, person.person_id, f"610000000{nth}", area=area)
        town[follower.id] = Facts(frozenset(tags), membership, frozenset(filter(None, areas)))

    for written in WRITTEN:
        audience = Audience.model_validate(written)
        chosen = sa.select(Follower.id).where(is_meant(audience, civil_date(NOON)))

        found = set(await session.scalars(chosen))

        assert found == {each for each, facts in town.items() if matches(audience, facts)}, written


async def test_the_people_of_an_activity_are_those_who_hold_a_seat(session: AsyncSession) -> None:
    """By title or by number; who waits, or gave the seat back, is not meant."""
    account = Account(app_id="wx", kind=AccountKind.OFFICIAL)
    session.add(account)
    game = await making.activity(session, "羽毛球赛", capacity=2)
    people = [await making.person(session) for _ in range(4)]
    await session.flush()
    for who_signs in people:
        openid = f"o{who_signs.person_id}"
        session.add(Follower(account_id=account.id, openid=openid, person_id=who_signs.person_id))
    for who_signs in people[:3]:
        await sign_ups.sign_up(session, game.id, who_signs, now=NOON)
    await sign_ups.cancel(session, game.id, people[0], now=NOON)
    await session.flush()

    async def count(**words: Any) -> int:
        return await audience_rows.count(session, meant(**words), civil_date(NOON))

    holding = await count(activity="羽毛球赛")
    assert holding == await count(activity=game.public_id) == 2  # the seat given back was offered on
    assert await count(activity="读书会") == 0
    assert await count(any=[{"activity": "羽毛球赛"}, {"tag": "甲"}]) == 2
    with pytest.raises(ValueError, match="database only"):
        matches(meant(activity="羽毛球赛"), NOBODY_KNOWN)


async def test_staff_of_a_role_are_those_who_work_and_said_which_wechat_is_theirs(
    session: AsyncSession,
) -> None:
    account = Account(app_id="wx", kind=AccountKind.OFFICIAL)
    session.add(account)
    await session.flush()
    lawyers, editors = [Wanted(Role.LAWYER)], [Wanted(Role.EDITOR)]
    for login, wanted, state, follows in (
        ("li", lawyers, StaffState.ACTIVE, True),
        ("wang", lawyers, StaffState.DISABLED, True),
        ("zhang", lawyers, StaffState.ACTIVE, False),
        ("zhao", editors, StaffState.ACTIVE, True),
    ):
        made = (await staff.invite(session, login, login, wanted, by=None, now=NOON)).staff
        made.state = state
        if follows:
            made.person_id = (await making.person(session)).person_id
            openid = f"o{made.person_id}"
            session.add(Follower(account_id=account.id, openid=openid, person_id=made.person_id))
    await session.flush()

    async def count(**words: Any) -> int:
        return await audience_rows.count(session, meant(**words), civil_date(NOON))

    assert await count(staff="律师") == 1
    assert await count(staff=["律师", "编辑"]) == 2
    assert await count(staff="医生") == 0
    with pytest.raises(ValueError, match="database only"):
        matches(meant(staff="律师"), NOBODY_KNOWN)


def test_menus_and_sign_ups_cannot_ask_for_an_activity_or_for_staff() -> None:
    facts = TypeAdapter(AudienceOfFacts)

    assert facts.validate_python({"any": [{"tag": "甲"}]}) == meant(any=[{"tag": "甲"}])
    for written in (
        {"activity": "羽毛球赛"},
        {"staff": "律师"},
        {"member": True, "but": {"activity": "羽毛球赛"}},
    ):
        with pytest.raises(ValidationError, match="按活动或角色"):
            facts.validate_python(written)


async def test_people_are_counted_and_read_page_by_page_once_each(database: Database) -> None:
    today = civil_date(NOON)
    async with database.transaction() as session:
        accounts = [Account(app_id=f"wx{n}", kind=AccountKind.OFFICIAL) for n in range(2)]
        session.add_all(accounts)
        await session.flush()
        people = []
        for number in range(7):
            person = (await making.person(session)).person_id
            people.append(person)
            for account in accounts:
                openid = f"o{number}-{account.id}"
                session.add(Follower(account_id=account.id, openid=openid, person_id=person))
        gone = (await making.person(session)).person_id
        session.add(Follower(account_id=accounts[0].id, openid="gone", person_id=gone, subscribed=False))
        for number, person in enumerate([*people[:3], gone]):
            await making.member(session, staff_number=f"{number}", person_id=person)

    async with database.reading() as session:
        assert await audience_rows.count(session, None, today) == 7
        assert await audience_rows.count(session, meant(member=True), today) == 3
    pages = [list(page) async for page in audience_rows.stream(database, None, today, page=3)]
    assert pages == [people[:3], people[3:6], people[6:]]
    assert [list(page) async for page in audience_rows.stream(database, meant(sex="男"), today)] == []
