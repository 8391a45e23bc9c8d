"""户号 by chat: bound, proven or not, chosen among several, taken back; and ids that somebody made up."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue.routing import TAP_DO
from app.services import customer_accounts, customer_moves
from app.wechat.incoming import parse
from models import AccountBinding, Guess
from tests import making
from tests.conftest import NOON, FakeClock
from tests.talking import Speaker, Talk
from tests.town import our_town

SECOND = "6107654321"


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def begins(who: Speaker, number: str = "6101234567", nickname: str = "老家") -> None:
    if "您同意吗？" in await who.says("绑定户号"):
        await who.taps("同意")
    await who.says(number)
    await who.says(nickname)


async def binds(who: Speaker, number: str = "6101234567", nickname: str = "老家", **given: str) -> str:
    await begins(who, number, nickname)
    await who.taps("先不核实")
    return await who.taps(given.get("area", "不清楚"))


async def proves(who: Speaker, name: str = "李建国") -> str:
    await begins(who)
    await who.taps("户名")
    return await who.says(name)


async def public_id(talk: Talk) -> str:
    async with talk.database.reading() as session:
        return str((await session.scalars(sa.select(AccountBinding.public_id))).one())


async def test_a_customer_binds_and_reads_what_a_verified_account_shows(talk: Talk) -> None:
    li = await talk.person("李娜")

    said = await proves(li)

    assert said.splitlines()[:5] == [
        "已绑定，核实成功。",
        "老家（****4567）　已核实",
        "片区：黄陵 北区",
        "户名：李*国",
        "地址：桥山街道轩辕路**号楼*单元",
    ]
    assert "6101234567" not in li.last and "李建国" not in li.last
    assert (await li.says("我的户号")).startswith("老家（****4567）　已核实")


async def test_an_unverified_account_shows_ones_own_words_and_nothing_else(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")

    said = await binds(li)
    assert said.splitlines()[:2] == ["已绑定，还没有核实，只按片区收通知。", "老家（****4567）　未核实"]
    assert "北区" not in said and "李" not in said and "桥山" not in said

    # Of a number that is in no register it reads the same.
    assert await binds(wang, "6100004567") == said


async def test_what_did_not_fit_is_kept_and_limits_guessing(talk: Talk) -> None:
    li = await talk.person("李娜")

    said = await proves(li, "王强")
    assert said.startswith("已绑定，但老家（****4567）的户名对不上，还没有核实。\n今天还可以试 4 次：")
    for left in (3, 2, 1):
        await li.taps("再核实")
        await li.taps("后四位")
        assert f"今天还可以试 {left} 次" in await li.says(f"000{left}")
    await li.taps("再核实")
    await li.taps("户名")
    assert "今天不能再试了" in await li.says("王强")

    assert "请明天再试" in await li.says("核实户号")
    # Binding another one goes on, without asking for what may not be answered today.
    await li.says("绑定户号")
    await li.says(SECOND)
    assert "在哪个片区" in await li.says("跳过")


async def test_the_same_last_answer_twice_is_one_try(talk: Talk) -> None:
    li = await talk.person("李娜")
    said = await proves(li, "王强")

    assert await li.pushes(parse(talk.account, li.last_body)) == said
    async with talk.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 1
        assert await session.scalar(sa.select(sa.func.count(AccountBinding.id))) == 1


async def test_an_account_bound_before_is_shown_and_not_asked_about(talk: Talk) -> None:
    li = await talk.person("李娜")
    await binds(li)

    await li.says("绑定户号")

    assert (await li.says("6101-234567")).startswith("这个户号您已经绑定了。\n老家（****4567）　未核实")


async def test_of_several_one_is_chosen(talk: Talk) -> None:
    li = await talk.person("李娜")
    await binds(li)
    await binds(li, SECOND, "店里")

    listed = await li.says("户号")
    assert listed.splitlines()[:3] == [
        "您的户号，点名称看详情：",
        "老家（****4567） 未核实",
        "店里（****4321） 未核实",
    ]
    assert (await li.taps("店里")).startswith("店里（****4321）　未核实")

    assert "要解绑哪一个" in await li.says("解绑户号")
    assert "解绑店里（****4321）吗" in await li.taps("店里")
    assert "已解绑店里" in await li.says("确认")
    assert (await li.says("户号")).startswith("老家（****4567）　未核实")


async def test_many_accounts_fit_into_one_answer(talk: Talk) -> None:
    li = await talk.person("李娜")
    await binds(li, "6100000000", "十二个字的名称正好写满啦")
    async with talk.database.transaction() as session:
        who = (await session.scalars(sa.select(AccountBinding.person_id))).one()
        for n in range(1, customer_accounts.MOST):
            await making.bound(session, who, f"610000000{n}", nickname="十二个字的名称正好写满啦")

    listed = await li.says("户号")

    assert listed.splitlines()[-2:] == ["还有 2 个，在菜单「我的」里看。", "绑定户号"]
    assert "最多绑定 10 个户号" in await li.says("绑定户号")


@pytest.mark.parametrize("handler", ["one", "verify", "rename", "area", "unbind"])
@pytest.mark.parametrize("forged", ["theirs", "", "nobody", "' OR 1=1 --", "%", "２"])
async def test_an_id_that_is_somebody_elses_or_made_up_finds_nothing(
    talk: Talk, handler: str, forged: str
) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await proves(li)
    wanted = await public_id(talk) if forged == "theirs" else forged

    said = await wang.says("看看", choice=f"{TAP_DO}accounts.{handler}?account={wanted}")

    assert "没有找到这个户号" in said or "您还没有绑定户号" in said
    assert "李" not in said and "4567" not in said
    async with talk.database.reading() as session:
        (row,) = (await session.scalars(sa.select(AccountBinding))).all()
    assert (row.is_verified, row.nickname) == (True, "老家")


@pytest.mark.parametrize("hostile", ["'; DROP TABLE person; --", "<script>", "{{7*7}}", "%_%", "\u202e李"])
async def test_hostile_words_are_just_names(talk: Talk, hostile: str) -> None:
    li = await talk.person("李娜")
    await begins(li, nickname=hostile[:12])
    await li.taps("户名")

    assert "的户名对不上" in await li.says(hostile)


FOR_THE_NORTH = """\
  - {say: 停电计划, when: {area: 黄陵 北区}, reply: 北区的}
  - {say: 停电计划, reply: 大家的}
"""


async def test_keywords_know_the_area_of_who_asks(database: Database, clock: FakeClock) -> None:
    async with our_town(database, clock, keywords=FOR_THE_NORTH) as talk:
        li, wang, zhao = [await talk.person(name) for name in ("李娜", "王强", "赵敏")]
        await binds(li)  # the register knows where it lies
        await binds(wang, "6109999999", area="黄陵 北区")  # his own word
        await binds(zhao, "6109999999")

        said = [await each.says("停电计划") for each in (li, wang, zhao)]
        assert said == ["北区的", "北区的", "大家的"]

        await li.says("解绑户号")
        await li.says("确认")
        assert await li.says("停电计划") == "大家的"


async def test_an_account_that_changed_hands_reads_as_unverified(talk: Talk) -> None:
    li = await talk.person("李娜")
    await proves(li)
    async with talk.database.transaction() as session:
        moved = customer_moves.Moved(
            customer_accounts.digest("6101234567"), "黄陵 北区", is_closed=False, owner_changed=True
        )
        assert await customer_moves.follow_register(session, [moved], NOON) == 1

    said = await li.says("我的户号")
    assert said.startswith("老家（****4567）　未核实") and "李*国" not in said
