"""入会申请 and 资料变更 on the portal: filled in, put right, seen, taken back; only for who is signed in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import application_work, binding, branches, member_change_work
from app.services.application_work import Admission
from app.services.binding import Proof
from models import Case, CaseState, Guess, Member, MemberChange
from tests import making
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.portal_member import HTML, Visiting, member

PAGE, APPLY = "/me/joining", "/me/joining/apply"
RIGHT = {
    "name": "赵敏",
    "sex": "女",
    "born_on": "1995-06-01",
    "phone": "13900001111",
    "kind": "在职",
    "staff_number": "20001",
    "post": "配电运维",
    "declared": "yes",
}
PROOF = {"number": "10001", "name": "李娜", "phone_end": "5678", "agreed": "2026-12"}


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path, joining_days=5)
    async with both_ends(settings, monkeypatch) as joined:
        async with joined.house.database.transaction() as session:
            await making.member(session)
        yield joined


async def fills(who: Visiting, **changed: str) -> httpx.Response:
    return await who.taps(PAGE, APPLY, **{**RIGHT, **changed})


async def branch_id(ends: Ends, name: str = "抢修一班") -> str:
    async with ends.house.database.reading() as session:
        return (await branches.get(session, name)).public_id


async def staff(ends: Ends, act: Any) -> None:
    async with ends.house.database.transaction() as session:
        await act(session, ends.house.clock.now())


async def cases(session: AsyncSession) -> int:
    return await session.scalar(sa.select(sa.func.count(Case.id))) or 0


# --- joining -----------------------------------------------------------------------------------------------


async def test_from_the_form_to_a_member(ends: Ends) -> None:
    zhao = await member(ends, "赵敏")
    assert "入会申请" in await zhao.reads("/me")

    answer = await fills(zhao, branch=await branch_id(ends))

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    page = await zhao.reads(PAGE)
    assert "RH-" in page and "已提交" in page and "答复，会发到公众号里" in page
    assert "139****1111" in page and "13900001111" not in page
    assert "已提交" in await zhao.reads("/me")
    number = page.split("<h2>")[1].split("</h2>")[0]

    await staff(ends, lambda s, now: application_work.ask(s, number, "请补工作证照片", "王强", now))
    assert "请补工作证照片" in await zhao.reads(PAGE) and "待您补正" in await zhao.reads(PAGE)
    empty = await zhao.taps(PAGE, "/me/joining/supplement", text=" ")
    assert empty.status_code == 422 and "请写上要补正的内容" in empty.text
    assert (await zhao.taps(PAGE, "/me/joining/supplement", text="<b>补好了</b>")).status_code == 303
    page = await zhao.reads(PAGE)
    assert "审查中" in page and "&lt;b&gt;补好了" in page
    await staff(ends, lambda s, now: application_work.approve(s, number, Admission(), "王强", now))

    assert "已通过" in await zhao.reads(PAGE)
    assert "北区分工会 › 抢修一班" in await zhao.reads("/me/membership")
    assert "您已经是会员" in await zhao.reads(f"{PAGE}?again=1")


async def test_mistakes_stand_beside_their_fields_and_answers_stay(ends: Ends) -> None:
    zhao = await member(ends, "赵敏")

    answer = await fills(zhao, phone="123", sex="", declared="", name='赵"敏')

    assert answer.status_code == 422
    for field in ("phone", "sex", "declared", "name"):
        assert f'id="wrong-{field}"' in answer.text
    assert 'id="wrong-born_on"' not in answer.text
    assert "有 4 处要改" in answer.text
    assert 'value="1995-06-01"' in answer.text and 'value="123"' in answer.text
    assert "赵&#34;敏" in answer.text
    async with ends.house.database.reading() as session:
        assert await cases(session) == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"branch": "made-up"}, "branch"),
        ({"kind": "退休"}, "kind"),
        ({"born_on": "2020-01-01"}, "born_on"),
        ({"name": "<script>" * 900}, "name"),
        ({"staff_number": "'; DROP TABLE member"}, "staff_number"),
        ({"post": "岗" * 50}, "post"),
    ],
)
async def test_what_cannot_be_is_told(ends: Ends, given: dict[str, str], field: str) -> None:
    zhao = await member(ends, "赵敏")

    answer = await fills(zhao, **given)

    assert answer.status_code == 422
    assert f'id="wrong-{field}"' in answer.text and "<script>" not in answer.text


async def test_who_is_in_the_roster_is_led_to_binding(ends: Ends) -> None:
    li = await member(ends, "李娜")

    answer = await fills(li, name="李娜", staff_number="10001", phone="13812345678")

    assert answer.status_code == 200 and "直接绑定工号就是会员" in answer.text
    async with ends.house.database.reading() as session:
        assert await cases(session) == 0


async def test_a_number_that_was_guessed_tells_nothing(ends: Ends) -> None:
    zhao = await member(ends, "赵敏")

    assert (await fills(zhao, staff_number="10001")).status_code == 303
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 1


async def test_sent_twice_it_is_one_and_taken_back_it_may_come_again(ends: Ends) -> None:
    zhao = await member(ends, "赵敏")
    page = await zhao.reads(PAGE)
    token = page.split('name="token" value="')[1][:64]
    for _ in range(2):
        answer = await zhao.browser.post(APPLY, data={"token": token, **RIGHT}, headers=HTML)
        assert answer.status_code == 303
    async with ends.house.database.reading() as session:
        assert await cases(session) == 1

    assert (await zhao.taps(PAGE, "/me/joining/cancel")).status_code == 303
    assert "已撤销" in await zhao.reads(PAGE)
    assert f'action="{APPLY}"' in await zhao.reads(f"{PAGE}?again=1")
    assert (
        await zhao.browser.post("/me/joining/cancel", data={"token": token}, headers=HTML)
    ).status_code == 404


async def test_nobody_applies_without_signing_in_or_from_a_foreign_form(ends: Ends) -> None:
    stranger = ends.browser()
    zhao = await member(ends, "赵敏")

    for browser in (stranger, zhao.browser):
        for path in (APPLY, "/me/joining/cancel", "/me/membership/phone", "/me/membership/object"):
            answer = await browser.post(f"{OURS}{path}", data=RIGHT, headers=HTML)
            assert answer.status_code == 403, path
    async with ends.house.database.reading() as session:
        assert await cases(session) == 0


# --- changes -----------------------------------------------------------------------------------------------


async def test_a_new_phone_number(ends: Ends) -> None:
    li = await member(ends, "李娜")
    await li.taps("/me/membership", "/me/membership/bind", **PROOF)
    assert "138****5678" in await li.reads("/me/membership/phone")

    wrong = await li.taps("/me/membership/phone", "/me/membership/phone", phone="123")
    assert wrong.status_code == 422 and 'id="wrong-phone"' in wrong.text and 'value="123"' in wrong.text
    assert (
        await li.taps("/me/membership/phone", "/me/membership/phone", phone="13900001111")
    ).status_code == 303

    page = await li.reads("/me/membership")
    assert "换手机号" in page and "BG-" in page
    number = page.split('name="number" value="')[1].split('"')[0]
    assert (await li.taps("/me/membership", "/me/membership/withdraw", number=number)).status_code == 303
    wang = await member(ends, "王强")
    token = (await wang.reads("/me/membership")).split('name="token" value="')[1][:64]
    foreign = {"token": token, "number": number}
    answer = await wang.browser.post("/me/membership/withdraw", data=foreign, headers=HTML)
    assert answer.status_code == 404


async def test_who_is_not_bound_changes_no_phone(ends: Ends) -> None:
    li = await member(ends, "李娜")

    page = await li.reads("/me/membership/phone")
    assert "您还没有绑定工号" in page and "<form" not in page


async def test_a_binding_is_asked_for_and_objected_to(ends: Ends) -> None:
    li, new = await member(ends, "李娜"), await member(ends, "新手机")
    await li.taps("/me/membership", "/me/membership/bind", **PROOF)
    answer = await new.taps("/me/membership", "/me/membership/bind", **PROOF)
    assert answer.status_code == 409 and 'action="/me/membership/move"' in answer.text

    token = answer.text.split('name="token" value="')[1][:64]
    asked = {"token": token, **PROOF}
    for _ in range(2):
        moved = await new.browser.post("/me/membership/move", data=asked, headers=HTML)
        assert moved.status_code == 303
    assert "换微信号" in await new.reads("/me/membership")
    wrong = await new.browser.post("/me/membership/move", data={**asked, "phone_end": "0000"}, headers=HTML)
    assert wrong.status_code == 422 and "今天还可以试 4 次" in wrong.text

    assert "有人申请把您的绑定换到另一个微信号" in await li.reads("/me/membership")
    assert (await li.taps("/me/membership", "/me/membership/object")).status_code == 303
    assert "已记下您的异议" in await li.reads("/me/membership")
    async with ends.house.database.reading() as session:
        (change,) = await session.scalars(sa.select(MemberChange))
        assert change.objected_at is not None
        assert await session.scalar(sa.select(Member.person_id)) == await li.person_id()


async def test_after_the_days_for_objections_it_moves(ends: Ends) -> None:
    li, new = await member(ends, "李娜"), await member(ends, "新手机")
    await li.taps("/me/membership", "/me/membership/bind", **PROOF)
    answer = await new.taps("/me/membership", "/me/membership/bind", **PROOF)
    token = answer.text.split('name="token" value="')[1][:64]
    await new.browser.post("/me/membership/move", data={"token": token, **PROOF}, headers=HTML)
    await ends.moves_time(hours=73)

    async with ends.house.database.transaction() as session:
        number = (await session.scalars(sa.select(Case.number))).one()
        done = await member_change_work.approve(session, number, "王强", ends.house.clock.now())
        assert done.case.state is CaseState.APPROVED
        proof = Proof("10001", "李娜", "5678")
        again = await binding.bind(
            session, await new.person_id(), proof, channel="portal", now=ends.house.clock.now()
        )
        assert isinstance(again, binding.Bound)
