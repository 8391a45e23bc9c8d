"""会员绑定 on the portal: filled in, refused, limited, taken back; and only for who is signed in."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app.services.purposes import MEMBERSHIP
from models import Guess, Member, MemberEvent, MemberMove
from tests import making
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.portal_member import HTML, Visiting, member

RIGHT = {"number": "10001", "name": "李娜", "phone_end": "5678", "agreed": MEMBERSHIP.version}
PAGE, BIND = "/me/membership", "/me/membership/bind"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path)
    async with both_ends(settings, monkeypatch) as joined:
        async with joined.house.database.transaction() as session:
            await making.member(session)
        yield joined


async def fills(who: Visiting, **given: str) -> httpx.Response:
    return await who.taps(PAGE, BIND, **given)


async def test_a_member_binds_sees_his_data_and_takes_it_back(ends: Ends) -> None:
    li = await member(ends, "李娜")
    assert "绑定工号，成为认证会员" in await li.reads("/me")

    answer = await fills(li, **RIGHT)

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    page = await li.reads(PAGE)
    assert "北区分工会 › 抢修一班" in page and "配电运维" in page
    assert "5678" not in page and "1985" not in page
    assert "李娜，抢修一班" in await li.reads("/me")

    assert (await li.taps(PAGE, "/me/membership/unbind")).status_code == 303
    assert 'action="/me/membership/bind"' in await li.reads(PAGE)
    async with ends.house.database.reading() as session:
        moves = (await session.scalars(sa.select(MemberMove).order_by(MemberMove.id))).all()
    assert [(each.what, each.channel) for each in moves] == [
        (MemberEvent.BOUND, "portal"),
        (MemberEvent.UNBOUND, "portal"),
    ]


async def test_the_day_of_birth_does_as_well(ends: Ends) -> None:
    li = await member(ends, "李娜")

    answer = await fills(li, number="10001", name="李娜", born_on="1985-03-05", agreed=MEMBERSHIP.version)

    assert answer.status_code == 303


async def test_a_wrong_try_is_kept_and_what_was_filled_in_too(ends: Ends) -> None:
    li = await member(ends, "李娜")

    answer = await fills(li, **{**RIGHT, "phone_end": "0000"})

    assert answer.status_code == 422
    assert "今天还可以试 4 次" in answer.text
    assert 'value="10001"' in answer.text and 'value="李娜"' in answer.text
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 1


async def test_after_five_tries_the_right_answer_waits_too(ends: Ends) -> None:
    li = await member(ends, "李娜")
    for _ in range(5):
        await fills(li, **{**RIGHT, "phone_end": "0000"})

    answer = await fills(li, **RIGHT)

    assert answer.status_code == 409
    assert "请明天再试" in answer.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "请填写工号和姓名"),
        ({"number": "10001", "name": " "}, "请填写工号和姓名"),
        ({"number": "10001", "name": "李娜"}, "请填手机号后四位，或者出生日期"),
        ({"number": "10001", "name": "李娜", "phone_end": "56789"}, "请填 4 位数字"),
        ({"number": "10001", "name": "李娜", "phone_end": "５６７８"}, "请填 4 位数字"),
        ({"number": "10001", "name": "李娜", "born_on": "昨天"}, "请填手机号后四位，或者出生日期"),
        (
            {"number": "1" * 5000, "name": "<b>" * 500, "phone_end": "5678", "agreed": MEMBERSHIP.version},
            "对不上",
        ),
    ],
)
async def test_what_is_missing_is_said_beside_the_form(ends: Ends, given: dict[str, str], said: str) -> None:
    li = await member(ends, "李娜")

    answer = await fills(li, **given)

    assert answer.status_code == 422
    assert said in answer.text and "<b>" not in answer.text


async def test_nobody_binds_without_signing_in_or_from_a_foreign_form(ends: Ends) -> None:
    stranger = ends.browser()
    assert (await stranger.post(f"{OURS}{BIND}", data=RIGHT, headers=HTML)).status_code == 403

    li = await member(ends, "李娜")
    assert (await li.browser.post(BIND, data=RIGHT, headers=HTML)).status_code == 403
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(Member.person_id)) is None


async def test_a_bound_number_is_not_taken_from_somebody(ends: Ends) -> None:
    li, wang = await member(ends, "李娜"), await member(ends, "王强")
    await fills(li, **RIGHT)

    answer = await fills(wang, **RIGHT)

    assert answer.status_code == 409
    assert "另一个微信号" in answer.text
    assert "配电运维" not in await wang.reads(PAGE)
