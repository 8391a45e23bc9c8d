"""`gonghui tags …`: whom an operator may mean, what is kept of it, and how many carry what."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from app.cli import tags as commands
from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import menu_tags, people_tags
from app.menus import revisions
from app.menus.buttons import tag_name
from app.services import case_work, cases, coordination, tags
from models import Account, AccountKind, CaseKind, EntryKind, Follower, MenuLook, Person, TagChange
from tests.conftest import NOON, FakeClock
from tests.menus_kit import KNOWN, menus
from tests.menus_wechat import FakeWeChat, client_of

FOR_STAFF = menus(
    "  - {say: 福利, when: {tag: [职工, 干部]}, reply: 请看工会通知。}\n",
    more="menus_for:\n  - {when: {tag: 职工}, menu: [{name: 职工, do: help.show}]}\n",
)


async def follow(session: AsyncSession, openid: str, *, subscribed: bool = True) -> Follower:
    account = await coordination.account_id(session, "wx0123456789abcdef", AccountKind.OFFICIAL)
    person = Person(created_at=NOON)
    session.add(person)
    await session.flush()
    follower = Follower(account_id=account, openid=openid, person_id=person.id, subscribed=subscribed)
    session.add(follower)
    await session.flush()
    return follower


async def leaves(session: AsyncSession, who: Follower, *, anonymous: bool = False) -> str:
    opened = await cases.open_case(
        session, CaseKind.FEEDBACK, who.person_id, who.id, blocks=[], anonymous=anonymous, now=NOON
    )
    return opened.number


async def test_a_person_is_meant_by_the_number_of_a_case_and_the_case_keeps_that(
    session: AsyncSession,
) -> None:
    li, wang = await follow(session, "oLi"), await follow(session, "oWang")
    await leaves(session, wang)
    number = await leaves(session, li)

    assert await tags.give(session, number.lower(), "职工", "赵敏", NOON)

    assert await tags.count_carriers(session) == {"职工": 1}
    assert await tags.take(session, "oLi", "职工", "赵敏", NOON)
    case = await case_work.get_case(session, number)
    *_, note = await case_work.list_entries(session, case)
    assert (note.kind, note.by, cases.text_of(note)) == (EntryKind.NOTE, "赵敏", "给本人加标签「职工」")


async def test_nobody_finds_out_through_a_tag_who_stayed_unnamed(session: AsyncSession) -> None:
    li = await follow(session, "oLi")
    number = await leaves(session, li, anonymous=True)

    with pytest.raises(DomainError, match="是匿名的，不能查看是谁"):
        await tags.give(session, number, "职工", "赵敏", NOON)

    assert await tags.count_carriers(session) == {}


async def test_only_who_is_there_gets_a_tag_and_it_has_a_name(session: AsyncSession) -> None:
    await follow(session, "oLi")
    await follow(session, "oGone", subscribed=False)

    with pytest.raises(NotFound, match="没有找到这个人。请写 openid，或本人实名留言、人工服务的编号。"):
        await tags.give(session, "oNobody", "职工", "赵敏", NOON)
    with pytest.raises(NotFound, match="没有编号为 LY-2026-0009 的事项"):
        await tags.give(session, "LY-2026-0009", "职工", "赵敏", NOON)
    with pytest.raises(DomainError, match="已经取消关注"):
        await tags.give(session, "oGone", "职工", "赵敏", NOON)
    for name in (" ", "长" * 31):
        with pytest.raises(DomainError, match="标签名要有 1 到 30 个字。"):
            await tags.give(session, "oLi", name, "赵敏", NOON)


# --- at the terminal ---------------------------------------------------------------------------------------


@pytest.fixture
def wechat() -> FakeWeChat:
    return FakeWeChat()


@pytest.fixture
def within(sqlite_url: str, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Do something in the database the commands work on; they call `wechat`."""
    for module in (menu_tags, people_tags):
        monkeypatch.setattr(module, "PAUSES", (0.0, 0.0))

    @asynccontextmanager
    async def assemble() -> AsyncIterator[SimpleNamespace]:
        database, clock = Database(sqlite_url), FakeClock()
        async with client_of(wechat) as client:

            async def show_menus(ids: Sequence[int]) -> menu_tags.Tagged:
                async with database.reading() as session:
                    account = (await session.scalars(sa.select(Account.id))).one()
                return await people_tags.tag_now(database, client, clock, account, ids)

            yield SimpleNamespace(clock=clock, database=database, show_menus=show_menus)
        await database.close()

    assembly = ModuleType("app.assembly")
    assembly.assemble = assemble  # type: ignore[attr-defined]  # a house of this test's own
    monkeypatch.setitem(sys.modules, "app.assembly", assembly)

    def run(work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        async def opened() -> Any:
            async with assemble() as house, house.database.transaction() as session:
                return await work(session)

        return asyncio.run(opened())

    return run


def types(*words: str) -> str:
    result = CliRunner().invoke(commands.app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_operator_sees_which_tags_there_are_and_which_the_menus_ask_for(
    within: Callable[..., Any],
) -> None:
    assert types("list") == "还没有标签。\n"
    within(lambda session: follow(session, "oLi"))
    within(lambda session: revisions.apply(session, FOR_STAFF, KNOWN, "王芳", "", NOON))

    assert types("give", "oLi", "职工") == "已加上「职工」，微信上的菜单已换好。\n"
    assert types("give", "oLi", "职工") == "本来就有「职工」，没有变化。\n"
    assert types("give", "oLi", "先进") == "已加上「先进」，微信上的菜单已换好。\n"
    assert types("list").splitlines() == [
        "先进  1 人（菜单没有用到）",
        "干部  0 人（菜单在用，还没有人有）",
        "职工  1 人（菜单在用）",
    ]
    assert types("take", "oLi", "先进") == "已去掉「先进」，看到的菜单不变。\n"
    assert types("take", "oLi", "先进") == "本来就没有「先进」，没有变化。\n"


def test_wechat_knows_a_changed_tag_when_the_command_ends(
    within: Callable[..., Any], wechat: FakeWeChat
) -> None:
    for openid in ("oLi", "oWang"):
        within(lambda session, openid=openid: follow(session, openid))
    within(lambda session: revisions.apply(session, FOR_STAFF, KNOWN, "王芳", "", NOON))

    types("give", "oLi", "职工")
    ours = wechat.tags["gh-menu-1"]
    assert wechat.carried == {"oLi": [wechat.tags["职工"], ours]}  # and nobody else was looked at

    types("give", "oLi", "先进")
    assert wechat.carried["oLi"][-1] == ours  # whatever is given, the menu's tag stays the last

    assert types("take", "oLi", "职工") == "已去掉「职工」，微信上的菜单已换好。\n"
    assert wechat.carried == {"oLi": [wechat.tags["先进"]]}


@pytest.mark.parametrize("trouble", ["WeChat", "another process"])
def test_what_cannot_be_done_at_once_is_left_to_the_next_round(
    within: Callable[..., Any], wechat: FakeWeChat, trouble: str
) -> None:
    within(lambda session: follow(session, "oLi"))
    within(lambda session: revisions.apply(session, FOR_STAFF, KNOWN, "王芳", "", NOON))
    leases = [menu_tags.SWEEP]  # all were looked at a moment ago
    if trouble == "WeChat":
        wechat.next_answers["tags/get"] = [45011, 45011]
    else:
        leases.append(menu_tags.LEASE)
    for name in leases:
        lease = {"holder": "another", "seconds": 100, "now": FakeClock().real_now()}
        within(lambda session, name=name, lease=lease: coordination.take_lease(session, name, **lease))

    *_, said = types("give", "oLi", "职工").splitlines()  # a warning of the log may stand before it
    assert said == "已加上「职工」，微信上一时没有改成，稍后自动再改。"

    async def left(session: AsyncSession) -> tuple[list[int], list[str]]:
        looks = list(await session.scalars(sa.select(MenuLook.follower_id)))
        untold = sa.select(TagChange.name).where(TagChange.settled_at.is_(None))
        return looks, list(await session.scalars(untold))

    looks, untold = within(left)
    assert len(looks) == 1 and untold == ["职工"]  # so that the next round tells it and looks at him


async def test_a_tag_of_the_programs_own_is_given_by_nobody(session: AsyncSession) -> None:
    await follow(session, "oLi")

    with pytest.raises(DomainError, match="由系统自己管理"):
        await tags.give(session, "oLi", tag_name(1), "赵敏", NOON)
