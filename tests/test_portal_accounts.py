"""我的户号 on the portal: bound, proven, named, placed, unbound; only one's own, only by our own forms."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app.services.purposes import ACCOUNTS
from models import AccountBinding, Guess
from tests import making
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.portal_member import HTML, TOKEN, Visiting, member

PAGE, BIND = "/me/accounts", "/me/accounts/bind"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path)
    async with both_ends(settings, monkeypatch) as joined:
        async with joined.house.database.transaction() as session:
            await making.account(session)
            await making.account(session, "6107654321", area="黄陵 南区")
        yield joined


async def binds(who: Visiting, **given: str) -> str:
    """The address of the account."""
    answer = await who.taps(
        PAGE, BIND, **{"number": "6101234567", "nickname": "老家", "agreed": ACCOUNTS.version, **given}
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def proves(who: Visiting, one: str, **given: str) -> httpx.Response:
    return await who.taps(one, f"{one}/verify", **given)


async def test_a_customer_binds_proves_and_unbinds(ends: Ends) -> None:
    li = await member(ends, "李娜")
    assert "绑定用电户号" in await li.reads("/me")

    one = await binds(li)
    page = await li.reads(one)
    assert "老家（****4567）" in page and "未核实" in page
    assert "李*国" not in page and "桥山" not in page and "6101234567" not in page

    assert (await proves(li, one, name="李建国")).status_code == 303
    page = await li.reads(one)
    assert all(each in page for each in ("已核实", "李*国", "桥山街道轩辕路**号楼*单元", "黄陵 北区"))
    assert "李建国" not in page and "5678" not in page and f"{one}/verify" not in page
    assert "1 个" in await li.reads("/me")
    assert "老家（****4567）" in await li.reads(PAGE)

    assert (await li.taps(one, f"{one}/unbind")).status_code == 303
    assert "****4567" not in await li.reads(PAGE)
    assert (await li.browser.get(one, headers=HTML)).status_code == 404


async def test_the_end_of_the_phone_does_as_well(ends: Ends) -> None:
    li = await member(ends, "李娜")

    assert (await proves(li, await binds(li), phone_end=" 56 78")).status_code == 303


async def test_a_wrong_try_is_kept_and_after_five_the_form_is_gone(ends: Ends) -> None:
    li = await member(ends, "李娜")
    one = await binds(li)

    answer = await proves(li, one, name="王强")
    assert answer.status_code == 422 and "今天还可以试 4 次" in answer.text
    for _ in range(4):
        answer = await proves(li, one, phone_end="0000")
    assert "今天不能再试了" in answer.text

    page = await li.reads(one)
    assert f"{one}/verify" not in page and "请明天再试" in page
    token = TOKEN.search(page)
    assert token
    sent = {"token": token[1], "name": "李建国"}
    assert (await li.browser.post(f"{one}/verify", data=sent, headers=HTML)).status_code == 409
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "填一样就行"),
        ({"name": "  "}, "填一样就行"),
        ({"phone_end": "56789"}, "请填 4 位数字"),
        ({"phone_end": "５６７８"}, "请填 4 位数字"),
        ({"name": "<b>" * 500}, "对不上"),
    ],
)
async def test_what_proves_nothing_is_said_beside_the_form(
    ends: Ends, given: dict[str, str], said: str
) -> None:
    li = await member(ends, "李娜")

    answer = await proves(li, await binds(li), **given)

    assert answer.status_code == 422 and said in answer.text and "<b>" not in answer.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"number": "123"}, "您发的是 3 位"),
        ({"number": "<b>"}, "户号只有数字"),
        ({"number": "1" * 5000}, "您发的是 5000 位"),
        ({"nickname": "长" * 13}, "最多 12 个字"),
        ({"area": "火星"}, "没有这个片区"),
    ],
)
async def test_what_cannot_be_bound_is_said_and_what_was_filled_in_stays(
    ends: Ends, given: dict[str, str], said: str
) -> None:
    li = await member(ends, "李娜")

    filled = {"number": "6101234567", "nickname": "老家", "agreed": ACCOUNTS.version, **given}
    answer = await li.taps(PAGE, BIND, **filled)

    assert answer.status_code == 422 and said in answer.text and "<b>" not in answer.text
    if "nickname" not in given:
        assert 'value="老家"' in answer.text


async def test_an_account_is_named_and_placed(ends: Ends) -> None:
    li = await member(ends, "李娜")
    one = await binds(li, nickname="", area="黄陵 南区")
    assert "户号 ****4567" in await li.reads(one)
    assert "<option selected>黄陵 南区</option>" in await li.reads(one)

    assert (await li.taps(one, f"{one}/rename", nickname="店里")).status_code == 303
    assert (await li.taps(one, f"{one}/area", area="")).status_code == 303
    long = await li.taps(one, f"{one}/rename", nickname="长" * 13)

    assert long.status_code == 422 and "最多 12 个字" in long.text
    page = await li.reads(one)
    assert "店里（****4567）" in page and "selected" not in page


async def test_ten_are_enough(ends: Ends) -> None:
    li = await member(ends, "李娜")
    async with ends.house.database.transaction() as session:
        for n in range(10):
            await making.bound(session, await li.person_id(), f"610000000{n}")

    page = await li.reads(PAGE)

    assert "最多绑定 10 个户号" in page and BIND not in page


async def test_what_is_somebody_elses_is_not_there(ends: Ends) -> None:
    li, wang = await member(ends, "李娜"), await member(ends, "王强")
    hers, his = await binds(li), await binds(wang, number="6107654321")
    token = TOKEN.search(await wang.reads(his))
    assert token

    assert (await wang.browser.get(hers, headers=HTML)).status_code == 404
    for act in ("verify", "rename", "area", "unbind"):
        sent = {"token": token[1], "name": "李建国", "nickname": "我的", "area": ""}
        answer = await wang.browser.post(f"{hers}/{act}", data=sent, headers=HTML)
        assert answer.status_code == 404, act
    assert "老家" in await li.reads(hers)
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 0


async def test_nobody_acts_without_signing_in_or_from_a_foreign_form(ends: Ends) -> None:
    sent = {"number": "6101234567"}
    stranger = ends.browser()
    assert (await stranger.post(f"{OURS}{BIND}", data=sent, headers=HTML)).status_code == 403

    li = await member(ends, "李娜")
    assert (await li.browser.post(BIND, data=sent, headers=HTML)).status_code == 403
    one = await binds(li)
    assert (await li.browser.post(f"{one}/unbind", data={}, headers=HTML)).status_code == 403
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(AccountBinding.id))) == 1
