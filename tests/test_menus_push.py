"""From applied to pushed: in order, once, and through crashes; and the one tag of ours on each follower."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI, civil_date
from app.database import Database
from app.jobs.menu_tags import SWEEP_SECONDS, Tagged, tag_due
from app.jobs.menus import push_steps, steps_due, tag_followers
from app.menus import pushes, revisions
from app.services import binding, tags
from app.wechat.client import WeChatClient
from models import (
    Account,
    AccountKind,
    Follower,
    FollowerTag,
    Member,
    MenuLook,
    MenuPushStep,
    MenuRevision,
    Person,
)
from models.base import Base
from tests import making
from tests.conftest import FakeClock
from tests.menus_kit import KNOWN, menus
from tests.menus_wechat import Crash, FakeWeChat, client_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
URL = "https://gh.example.cn"
TWO_AUDIENCES = """\
menus_for:
  - {when: {tag: 干部}, menu: [{name: 干部, do: help.show}]}
  - {when: {tag: 职工}, menu: [{name: 职工, do: help.show}]}
"""
PLAIN, FOR_TWO = menus(), menus(more=TWO_AUDIENCES)
ROUND = ["default", "ensure_tag", "ensure_tag", "conditional", "conditional", "tidy", "done"]


@pytest.fixture
def wechat() -> FakeWeChat:
    return FakeWeChat()


@pytest.fixture
async def client(wechat: FakeWeChat) -> AsyncIterator[WeChatClient]:
    async with client_of(wechat) as opened:
        yield opened


async def apply(database: Database, text: str, clock: FakeClock) -> MenuRevision:
    async with database.transaction() as session:
        revision = await revisions.apply(session, text, KNOWN, "王芳", "", clock.now())
        await pushes.plan_push(session, revision, KNOWN, URL, clock.now())
        return revision


async def state_of(database: Database, revision: MenuRevision) -> str:
    async with database.reading() as session:
        return await pushes.push_state(session, revision)


def seen(wechat: FakeWeChat, tag: str) -> str:
    """The first button that one sees whose last tag is `tag`."""
    wechat.carried["li"] = [wechat.tags[tag]]
    return str(wechat.menu_seen_by("li")[0]["name"])


async def test_a_push_makes_the_default_menu_first_and_then_one_for_each_audience(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    revision = await apply(database, FOR_TWO, clock)
    assert await state_of(database, revision) == "正在发布到微信"

    assert await push_steps(database, client, clock) == len(ROUND)

    async with database.reading() as session:
        steps = await session.scalars(sa.select(MenuPushStep.action).order_by(MenuPushStep.position))
        assert steps.all() == ROUND
        assert not await steps_due(session, clock.now())
    made = [call for call in wechat.calls if call in {"menu/create", "menu/addconditional"}]
    assert made == ["menu/create", "menu/addconditional", "menu/addconditional"]
    assert [menu["button"][0]["name"] for menu in wechat.conditional.values()] == [
        "职工",
        "干部",
    ]  # first is newest
    assert (seen(wechat, "gh-menu-1"), seen(wechat, "gh-menu-2")) == ("干部", "职工")
    assert await state_of(database, revision) == "已发布到微信"


async def test_a_new_push_leaves_nothing_of_the_old_one(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    await apply(database, FOR_TWO, clock)
    await push_steps(database, client, clock)

    await apply(database, FOR_TWO.replace("name: 职工", "name: 员工"), clock)
    await push_steps(database, client, clock)
    assert len(wechat.conditional) == 2 and seen(wechat, "gh-menu-2") == "员工"

    await apply(database, PLAIN, clock)
    await push_steps(database, client, clock)
    assert wechat.conditional == {} and seen(wechat, "gh-menu-2") == "帮助"


@pytest.mark.parametrize("path", ["menu/create", "tags/create", "menu/addconditional", "menu/delconditional"])
async def test_a_process_killed_right_after_a_call_is_carried_on_by_another(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient, path: str
) -> None:
    revision = await apply(database, FOR_TWO, clock)
    if path == "menu/delconditional":  # happens only where an older push left something
        await push_steps(database, client, clock)
        revision = await apply(database, FOR_TWO, clock)
    wechat.die_after = path
    with pytest.raises(Crash):
        await push_steps(database, client, clock)

    assert await push_steps(database, client, clock) == 0  # as if the dead one were still at it
    clock.advance(91)
    await push_steps(database, client, clock)

    assert await state_of(database, revision) == "已发布到微信"
    assert [menu["button"][0]["name"] for menu in wechat.conditional.values()] == ["职工", "干部"]
    assert sorted(wechat.tags) == ["gh-menu-1", "gh-menu-2"]


async def test_a_newer_push_waits_for_the_call_of_an_older_one_that_is_under_way(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    await apply(database, FOR_TWO, clock)
    wechat.die_after = "menu/create"
    with pytest.raises(Crash):
        await push_steps(database, client, clock)

    await apply(database, PLAIN, clock)

    assert await push_steps(database, client, clock) == 0
    clock.advance(91)
    assert await push_steps(database, client, clock) == 3


async def test_when_wechat_is_busy_the_step_waits_and_then_goes_on(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    revision = await apply(database, FOR_TWO, clock)
    wechat.next_answers["menu/addconditional"] = [-1]

    assert await push_steps(database, client, clock) == 3
    assert await push_steps(database, client, clock) == 0
    assert await state_of(database, revision) == "正在发布到微信"

    clock.advance(60)
    assert await push_steps(database, client, clock) == 4


async def test_an_answer_that_never_came_makes_no_double_menu(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    await apply(database, FOR_TWO, clock)
    wechat.next_answers["menu/addconditional"] = [httpx.ReadTimeout("slow")]
    await push_steps(database, client, clock)
    # It had been made all the same.
    wechat.menu_addconditional(
        {"button": [{"name": "职工"}], "matchrule": {"tag_id": str(wechat.tags["gh-menu-2"])}}
    )

    clock.advance(60)
    await push_steps(database, client, clock)

    assert len(wechat.conditional) == 2


@pytest.mark.parametrize(
    ("errcode", "said", "wait"),
    [
        (48001, "发布遇到问题：微信不允许这个账号或服务器设置菜单，请管理员处理（48001 no）", 3600),
        (40018, "发布遇到问题：微信不接受这份菜单，请改正后重新应用（40018 no）", 86400),
    ],
)
async def test_what_only_people_can_mend_is_told_with_its_reason(
    database: Database,
    clock: FakeClock,
    wechat: FakeWeChat,
    client: WeChatClient,
    errcode: int,
    said: str,
    wait: int,
) -> None:
    revision = await apply(database, PLAIN, clock)
    wechat.next_answers["menu/create"] = [errcode]

    assert await push_steps(database, client, clock) == 0

    assert await state_of(database, revision) == said
    clock.advance(wait - 1)
    assert await push_steps(database, client, clock) == 0
    clock.advance(2)
    assert await push_steps(database, client, clock) == 3


async def test_an_unverified_account_has_its_menus_dropped_with_the_reason(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    revision = await apply(database, PLAIN, clock)

    assert await push_steps(database, client, clock, certified=False) == 0

    assert wechat.calls == []
    assert (await state_of(database, revision)).startswith("未发布：账号未认证")


async def test_a_newer_revision_drops_what_is_left_of_the_older(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    old = await apply(database, FOR_TWO, clock)
    wechat.next_answers["menu/addconditional"] = [-1]
    await push_steps(database, client, clock)

    new = await apply(database, PLAIN, clock)

    assert await push_steps(database, client, clock) == 3
    assert await state_of(database, old) == "未发布：有了更新的一次发布"
    assert await state_of(database, new) == "已发布到微信"


# --- the one tag of ours


async def follow(database: Database, openid: str, *tags: str, menu_tag: int | None = None) -> int:
    async with database.transaction() as session:
        account = await session.scalar(sa.select(Account))
        if account is None:
            account = Account(app_id="wx0123456789abcdef", kind=AccountKind.OFFICIAL)
            session.add(account)
        person = Person(created_at=NOW)
        session.add(person)
        await session.flush()
        follower = Follower(account_id=account.id, openid=openid, person_id=person.id, menu_tag=menu_tag)
        session.add(follower)
        await session.flush()
        session.add_all(FollowerTag(follower_id=follower.id, name=name, given_at=NOW) for name in tags)
        return follower.id


async def tag_all(database: Database, client: WeChatClient, clock: FakeClock) -> Tagged:
    clock.advance(SWEEP_SECONDS + 1)
    async with database.reading() as session:
        account = await session.scalar(sa.select(Account.id))
    assert account
    return await tag_followers(database, client, clock, account)


async def menu_tags(database: Database) -> dict[str, int | None]:
    async with database.reading() as session:
        rows = (await session.execute(sa.select(Follower.openid, Follower.menu_tag))).all()
        return {row.openid: row.menu_tag for row in rows}


async def test_each_follower_carries_the_tag_of_the_first_menu_that_is_for_him(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    for openid, carried in {"li": ["职工"], "wang": ["干部", "职工"], "zhang": [], "zhao": ["客户"]}.items():
        await follow(database, openid, *carried)
    await apply(database, FOR_TWO, clock)
    await push_steps(database, client, clock)

    assert await tag_all(database, client, clock) == Tagged(given=2)

    assert await menu_tags(database) == {"li": 2, "wang": 1, "zhang": None, "zhao": None}
    assert [wechat.menu_seen_by(openid)[0]["name"] for openid in ("li", "wang", "zhao")] == [
        "职工",
        "干部",
        "帮助",
    ]
    wechat.calls.clear()
    assert await tag_all(database, client, clock) == Tagged()
    assert wechat.calls == []


async def test_who_belongs_elsewhere_loses_the_old_tag_first(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    li = await follow(database, "li", "职工")
    await apply(database, FOR_TWO, clock)
    await tag_all(database, client, clock)
    async with database.transaction() as session:
        session.add(FollowerTag(follower_id=li, name="干部", given_at=NOW))

    assert await tag_all(database, client, clock) == Tagged(given=1, taken=1)

    assert wechat.carried["li"] == [wechat.tags["gh-menu-1"]]
    await apply(database, PLAIN, clock)
    assert await tag_all(database, client, clock) == Tagged(taken=1)
    assert wechat.carried["li"] == [] and await menu_tags(database) == {"li": None}


async def test_who_is_given_a_tag_sees_its_menu_and_not_when_it_is_taken_again(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    await follow(database, "li")
    await apply(database, FOR_TWO, clock)
    await push_steps(database, client, clock)

    async with database.transaction() as session:
        assert await tags.give(session, "li", " 职工 ", "王芳", NOW)
        assert not await tags.give(session, "li", "职工", "王芳", NOW)
    await tag_all(database, client, clock)
    assert wechat.menu_seen_by("li")[0]["name"] == "职工"

    async with database.transaction() as session:
        assert await tags.take(session, "li", "职工", "王芳", NOW)
        assert not await tags.take(session, "li", "职工", "王芳", NOW)
    await tag_all(database, client, clock)
    assert wechat.menu_seen_by("li")[0]["name"] == "帮助"


async def test_after_another_tag_ours_is_given_again_so_that_it_stays_the_last(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    await follow(database, "li", "职工")
    await follow(database, "wang")
    await apply(database, FOR_TWO, clock)
    await push_steps(database, client, clock)
    await tag_all(database, client, clock)
    wechat.carried["li"].append(7)  # another tag came last: the default menu shows
    assert wechat.menu_seen_by("li")[0]["name"] == "帮助"

    async with database.transaction() as session:
        for openid in ("li", "wang"):
            await tags.give(session, openid, "先进", "王芳", NOW)
    await tag_all(database, client, clock)

    assert wechat.carried["li"] == [7, wechat.tags["gh-menu-2"]]
    assert wechat.menu_seen_by("li")[0]["name"] == "职工"
    assert await menu_tags(database) == {"li": 2, "wang": None}


async def test_tags_are_given_to_fifty_at_a_time_and_one_who_left_holds_nobody_up(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    for n in range(120):
        await follow(database, f"o{n}", "职工")
    wechat.gone = {"o7"}
    await apply(database, FOR_TWO, clock)

    assert await tag_all(database, client, clock) == Tagged(given=119)

    assert {openid for openid, tag in (await menu_tags(database)).items() if tag is None} == {"o7"}


async def test_a_busy_wechat_is_asked_again_for_those_who_are_left(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    for n in range(60):
        await follow(database, f"o{n}", "职工")
    await apply(database, FOR_TWO, clock)
    await push_steps(database, client, clock)
    wechat.next_answers["tags/members/batchtagging"] = [45009]

    assert await tag_all(database, client, clock) == Tagged(finished=False)
    assert await tag_all(database, client, clock) == Tagged(given=60)


async def test_followers_are_looked_at_every_two_minutes_and_right_after_a_push(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    await follow(database, "li", "职工")
    await apply(database, PLAIN, clock)
    await tag_all(database, client, clock)
    await apply(database, FOR_TWO, clock)
    async with database.reading() as session:
        account = await session.scalar(sa.select(Account.id))
    assert account

    assert await tag_followers(database, client, clock, account) == Tagged()
    await push_steps(database, client, clock)
    assert await tag_followers(database, client, clock, account) == Tagged(given=1)


async def test_the_members_menu_follows_the_roster(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    for_members = menus(
        more="""\
menus_for:
  - {when: {branch: 北区分工会}, menu: [{name: 北区, do: help.show}]}
  - {when: {member: true}, menu: [{name: 会员, do: help.show}]}
"""
    )
    people = {name: await follow(database, name) for name in ("li", "wang", "zhao")}
    await apply(database, for_members, clock)
    await push_steps(database, client, clock)
    async with database.transaction() as session:
        persons = dict((await session.execute(sa.select(Follower.openid, Follower.person_id))).all())
        await making.member(session, person_id=persons["li"])
        south = "黄陵供电公司工会/南区分工会"
        await making.member(session, staff_number="10002", lineage=south, person_id=persons["wang"])

    assert await tag_all(database, client, clock) == Tagged(given=2)
    assert [wechat.menu_seen_by(name)[0]["name"] for name in people] == ["北区", "会员", "帮助"]

    async with database.transaction() as session:
        leaving = sa.update(Member).where(Member.staff_number == "10001")
        await session.execute(leaving.values(left_on=civil_date(clock.now()) + timedelta(days=1)))
    assert await tag_all(database, client, clock) == Tagged()
    clock.advance(24 * 3600)
    assert await tag_all(database, client, clock) == Tagged(taken=1)
    assert [wechat.menu_seen_by(name)[0]["name"] for name in people] == ["帮助", "会员", "帮助"]


async def test_who_binds_himself_need_not_wait_for_the_look_at_all(
    database: Database, clock: FakeClock, wechat: FakeWeChat, client: WeChatClient
) -> None:
    for_members = menus(more="menus_for:\n  - {when: {member: true}, menu: [{name: 会员, do: help.show}]}\n")
    await follow(database, "li")
    await apply(database, for_members, clock)
    await push_steps(database, client, clock)
    await tag_all(database, client, clock)  # the next look at all is not due
    async with database.transaction() as session:
        (person,) = await session.scalars(sa.select(Follower.person_id))
        account = (await session.scalars(sa.select(Account.id))).one()
        await making.member(session)
        proof = binding.Proof("10001", "李娜", phone_end="5678")
        await binding.bind(session, person, proof, channel="chat", now=clock.now())

    wechat.next_answers["tags/members/batchtagging"] = [-1]
    assert not (await tag_due(database, client, clock, account)).finished
    assert await tag_due(database, client, clock, account) == Tagged()
    assert wechat.menu_seen_by("li")[0]["name"] == "会员"
    assert await count(database, MenuLook) == 0

    async with database.transaction() as session:
        await binding.unbind(session, person, channel="chat", now=clock.now())
    await tag_due(database, client, clock, account)
    assert wechat.menu_seen_by("li")[0]["name"] == "帮助"


async def count(database: Database, table: type[Base]) -> int:
    async with database.reading() as session:
        return int(await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
