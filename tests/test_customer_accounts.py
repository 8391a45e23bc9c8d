"""Electricity accounts: who may bind and verify which, what is never told, and how often one may guess."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import retention
from app.services import customer_accounts, customer_moves, guesses, merging
from app.services.customer_accounts import Fact, Verified
from app.services.customer_moves import Moved
from app.services.guesses import NotFitting
from models import AccountBinding, BindingState, CustomerAccount, Outbox
from tests import making
from tests.conftest import NOON, FakeClock

NUMBER, OTHER = "6101234567", "6107654321"
OWNER = Fact(name="李建国")
WRONG = Fact(phone_end="0000")
TODAY = civil_date(NOON)
DAY = timedelta(days=1)


async def someone(session: AsyncSession) -> int:
    return (await making.person(session)).person_id


async def bind(session: AsyncSession, who: int, number: str = NUMBER, **given: str) -> AccountBinding:
    return await customer_accounts.bind(session, who, number, channel="chat", now=NOON, **given)


async def verify(session: AsyncSession, row: AccountBinding, fact: Fact = OWNER) -> Verified | NotFitting:
    return await customer_accounts.verify(session, row.person_id, row.public_id, fact, now=NOON)


async def verified(session: AsyncSession, who: int, number: str = NUMBER) -> AccountBinding:
    row = await bind(session, who, number)
    assert await verify(session, row) == Verified(row)
    return row


# --- binding ------------------------------------------------------------------------------------------------


async def test_a_binding_is_unverified_and_shows_nothing_of_the_register(session: AsyncSession) -> None:
    await making.account(session)

    row = await bind(session, await someone(session), nickname=" 老家 ")

    assert (row.state, row.nickname, row.verified_at) == (BindingState.UNVERIFIED, "老家", None)
    (seen,) = await customer_accounts.shown(session, [row])
    assert (seen.owner, seen.address, row.shown_area) == ("", "", None)
    assert row.area == "黄陵 北区"  # selects his notices all the same


async def test_binding_twice_is_binding_once(session: AsyncSession) -> None:
    li = await someone(session)

    first = await bind(session, li, nickname="老家")
    again = await bind(session, li, " ６１０１－２３４５ ６７ ", nickname="新家")

    assert again is first and first.nickname == "老家"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "户号只有数字"),
        ("号码", "户号只有数字"),
        ("-6101234567e1", "户号只有数字"),
        ("٦١٠١٢٣٤٥٦٧", "户号只有数字"),
        ("610123456", "您发的是 9 位"),
        ("61012345678", "您发的是 11 位"),
        ("1" * 5000, "您发的是 5000 位"),
    ],
)
async def test_what_can_be_no_number_is_refused(session: AsyncSession, said: str, why: str) -> None:
    with pytest.raises(DomainError, match=why):
        await bind(session, await someone(session), said)


async def test_a_number_that_nobody_knows_is_bound_like_any_other(session: AsyncSession) -> None:
    await making.account(session)

    row = await bind(session, await someone(session), "6100000000123", area="黄陵 北区")

    assert (row.area, row.shown_area) == ("黄陵 北区", "黄陵 北区")
    assert await verify(session, row) == NotFitting(4)
    with pytest.raises(DomainError, match="没有这个片区"):
        await bind(session, await someone(session), OTHER, area="火星")


async def test_ten_accounts_are_enough(session: AsyncSession) -> None:
    li = await someone(session)
    rows = [await bind(session, li, f"610000000{n}") for n in range(customer_accounts.MOST)]

    with pytest.raises(DomainError, match="最多绑定 10 个户号"):
        await bind(session, li)
    await customer_accounts.unbind(session, li, rows[0].public_id, now=NOON)
    await bind(session, li)

    assert len(await customer_accounts.list_own(session, li)) == customer_accounts.MOST


async def test_a_nickname_is_short_and_may_be_taken_away(session: AsyncSession) -> None:
    li = await someone(session)
    row = await bind(session, li)

    await customer_accounts.rename(session, li, row.public_id, "妈妈家")
    assert customer_accounts.called(row) == "妈妈家（****4567）"
    with pytest.raises(DomainError, match="最多 12 个字，您写的是 13 个字"):
        await customer_accounts.rename(session, li, row.public_id, "长" * 13)
    await customer_accounts.rename(session, li, row.public_id, " ")
    assert customer_accounts.called(row) == "户号 ****4567"


async def test_the_same_number_twice_at_once_is_one_binding(database: Database) -> None:
    async with database.transaction() as session:
        li = await someone(session)

    async def one() -> str:
        async with database.transaction() as session:
            return (await bind(session, li)).public_id

    first, second = await asyncio.gather(one(), one())

    assert first == second


async def test_numbers_names_and_nicknames_are_sealed(session: AsyncSession) -> None:
    await making.account(session)
    await bind(session, await someone(session), nickname="老家")

    for table in ("customer_account", "account_binding"):
        (row,) = (await session.execute(sa.text(f"SELECT * FROM {table}"))).all()
        kept = b"|".join(bytes(value) if isinstance(value, bytes) else str(value).encode() for value in row)
        for secret in (NUMBER, "李建国", "13812345678", "轩辕路", "老家"):
            assert secret.encode() not in kept


# --- verifying ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fact", [OWNER, Fact(name="李 建国"), Fact(phone_end="5678")])
async def test_one_fact_more_verifies_and_opens_what_is_shown(session: AsyncSession, fact: Fact) -> None:
    await making.account(session)
    row = await bind(session, await someone(session))

    assert await verify(session, row, fact) == Verified(row)

    (seen,) = await customer_accounts.shown(session, [row])
    assert (seen.owner, seen.address) == ("李*国", "桥山街道轩辕路**号楼*单元")
    assert (row.shown_area, row.verified_at) == ("黄陵 北区", NOON)
    assert await verify(session, row, WRONG) == Verified(row)  # twice is no error


@pytest.mark.parametrize("given", [{}, {"phone": None}, {"closed_on": TODAY}, {"name": "王强"}])
async def test_whatever_does_not_fit_is_said_the_same_way(
    session: AsyncSession, given: dict[str, Any]
) -> None:
    await making.account(session, **given)
    row = await bind(session, await someone(session))

    for left, fact in ((4, WRONG), (3, Fact(name="李建"))):
        assert await verify(session, row, fact) == NotFitting(left)
    assert not row.is_verified


async def test_without_any_fact_nothing_is_compared(session: AsyncSession) -> None:
    await making.account(session, name="")
    row = await bind(session, await someone(session))

    with pytest.raises(DomainError, match="填一样就行"):
        await verify(session, row, Fact(name="  "))


async def test_a_family_binds_one_account_and_each_proves_it(session: AsyncSession) -> None:
    await making.account(session)
    await verified(session, await someone(session))

    other = await bind(session, await someone(session))

    assert not other.is_verified
    assert await verify(session, other, WRONG) == NotFitting(4)


async def test_guesses_are_limited_by_person_over_all_his_accounts(session: AsyncSession) -> None:
    await making.account(session)
    await making.account(session, OTHER)
    li = await someone(session)
    row, second = await bind(session, li), await bind(session, li, OTHER)
    for left in (4, 3, 2):
        assert await verify(session, row, WRONG) == NotFitting(left)
    for left in (1, 0):
        assert await verify(session, second, WRONG) == NotFitting(left)

    for each in (row, second):
        with pytest.raises(DomainError, match="请明天再试"):
            await verify(session, each)
    # Unbinding and binding again gives no new tries.
    await customer_accounts.unbind(session, li, row.public_id, now=NOON)
    with pytest.raises(DomainError, match="请明天再试"):
        await verify(session, await bind(session, li))

    tomorrow = NOON + DAY + timedelta(seconds=1)
    found = await customer_accounts.verify(session, li, second.public_id, OWNER, now=tomorrow)
    assert isinstance(found, Verified)


async def test_many_persons_cannot_share_the_guessing_of_one_account(session: AsyncSession) -> None:
    await making.account(session)
    for number in range(guesses.PER_SUBJECT):
        row = await bind(session, await someone(session))
        await verify(session, row, Fact(phone_end=f"{number:04d}"))

    with pytest.raises(DomainError, match="这个号码"):
        await verify(session, await bind(session, await someone(session)))


async def test_failed_tries_of_two_kinds_are_counted_apart(session: AsyncSession) -> None:
    await making.account(session)
    li = await someone(session)
    for _ in range(guesses.PER_PERSON):
        await guesses.fail(session, "member", li, "10001", NOON)

    assert (await verified(session, li)).is_verified


async def test_what_is_somebody_elses_does_not_exist(session: AsyncSession) -> None:
    await making.account(session)
    hers = await verified(session, await someone(session))
    wang = await someone(session)

    for call in (
        customer_accounts.get_own(session, wang, hers.public_id),
        customer_accounts.verify(session, wang, hers.public_id, OWNER, now=NOON),
        customer_accounts.rename(session, wang, hers.public_id, "我的"),
        customer_accounts.choose_area(session, wang, hers.public_id, None, now=NOON),
        customer_accounts.unbind(session, wang, hers.public_id, now=NOON),
    ):
        with pytest.raises(NotFound, match="没有找到这个户号"):
            await call
    assert (hers.is_verified, hers.nickname) == (True, None)


# --- areas --------------------------------------------------------------------------------------------------


async def test_the_area_is_ones_own_word_until_the_register_may_speak(session: AsyncSession) -> None:
    await making.account(session)
    await making.account(session, OTHER, area="黄陵 南区")
    li = await someone(session)
    row = await bind(session, li)

    await customer_accounts.choose_area(session, li, row.public_id, "黄陵 南区", now=NOON)
    assert (row.area, row.shown_area) == ("黄陵 南区", "黄陵 南区")
    assert await customer_accounts.areas_of(session, li) == {"黄陵 南区"}
    await customer_accounts.choose_area(session, li, row.public_id, None, now=NOON)
    assert (row.area, row.shown_area) == ("黄陵 北区", None)

    await verify(session, row)
    assert row.shown_area == "黄陵 北区"
    with pytest.raises(DomainError, match="以登记的为准"):
        await customer_accounts.choose_area(session, li, row.public_id, "黄陵 南区", now=NOON)


# --- what happens without the person ------------------------------------------------------------------------


async def told(session: AsyncSession) -> list[str]:
    rows = (await session.scalars(sa.select(Outbox).order_by(Outbox.id))).all()
    payloads: list[dict[str, str]] = [row.payload for row in rows]  # type: ignore[misc]
    return [payload["content"] for payload in payloads]


async def test_an_account_of_another_customer_must_be_verified_anew(session: AsyncSession) -> None:
    account = await making.account(session)
    li, wang = await someone(session), await someone(session)
    proven, unproven = await verified(session, li), await bind(session, wang)
    account.name = "王强"

    moved = Moved(account.number_digest, "黄陵 北区", is_closed=False, owner_changed=True)
    assert await customer_moves.follow_register(session, [moved], NOON) == 1
    assert await customer_moves.follow_register(session, [moved], NOON) == 0

    assert (proven.is_verified, proven.verified_at, unproven.is_verified) == (False, None, False)
    (words,) = await told(session)
    assert "户号 ****4567登记的户名或手机号有变化，请重新核实" in words
    assert await verify(session, proven) == NotFitting(4)


async def test_a_closed_account_shows_nothing_and_selects_nothing(session: AsyncSession) -> None:
    account = await making.account(session)
    li, wang = await someone(session), await someone(session)
    proven, chosen = await verified(session, li), await bind(session, wang, area="黄陵 北区")

    moved = Moved(account.number_digest, "黄陵 北区", is_closed=True, owner_changed=False)
    assert await customer_moves.follow_register(session, [moved], NOON) == 1

    assert (proven.is_verified, proven.area, chosen.area) == (False, None, "黄陵 北区")
    assert "已经销户" in (await told(session))[0]


async def test_a_new_area_of_the_register_reaches_whom_it_selects(session: AsyncSession) -> None:
    account = await making.account(session)
    li, wang = await someone(session), await someone(session)
    proven, unproven = await verified(session, li), await bind(session, wang)
    chosen = await bind(session, await someone(session), area="黄陵 北区")

    moved = Moved(account.number_digest, "黄陵 南区", is_closed=False, owner_changed=False)
    assert await customer_moves.follow_register(session, [moved], NOON) == 0

    assert [each.area for each in (proven, unproven, chosen)] == ["黄陵 南区", "黄陵 南区", "黄陵 北区"]
    assert proven.is_verified and await told(session) == []


async def test_staff_unbind_everybody_from_an_account(session: AsyncSession) -> None:
    li, wang = await someone(session), await someone(session)
    await bind(session, li, nickname="老家")
    await bind(session, wang)
    await bind(session, wang, OTHER)

    assert await customer_moves.unbind_by_staff(session, NUMBER, by="王强", now=NOON) == 2
    assert await customer_moves.unbind_by_staff(session, NUMBER, by="王强", now=NOON) == 0

    assert [each.number for each in await customer_accounts.list_own(session, wang)] == [OTHER]
    assert "老家（****4567）已由工作人员解绑" in (await told(session))[0]


async def test_of_two_bindings_of_one_human_the_verified_one_wins(session: AsyncSession) -> None:
    await making.account(session)
    older, younger = await someone(session), await someone(session)
    mine = await bind(session, older, area="黄陵 北区")
    theirs = await verified(session, younger)
    await customer_accounts.rename(session, younger, theirs.public_id, "老家")
    await bind(session, younger, OTHER)

    await merging.merge(session, older, younger, NOON)

    rows = await customer_accounts.list_own(session, older)
    assert [(each.number, each.is_verified, each.nickname) for each in rows] == [
        (NUMBER, True, "老家"),
        (OTHER, False, None),
    ]
    assert rows[0].public_id == mine.public_id
    assert await customer_accounts.list_own(session, younger) == []


async def test_who_wants_to_be_forgotten_is_bound_to_nothing(session: AsyncSession) -> None:
    li, wang = await someone(session), await someone(session)
    for who in (li, wang):
        await bind(session, who)
    await bind(session, li, OTHER)

    assert await customer_moves.forget_person(session, li, NOON) == 2
    assert await customer_moves.forget_person(session, li, NOON) == 0

    assert await customer_accounts.list_own(session, li) == []
    assert len(await customer_accounts.list_own(session, wang)) == 1


async def test_an_account_closed_long_ago_leaves_the_register(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        await making.account(session, closed_on=TODAY)
        await making.account(session, OTHER)
        await bind(session, await someone(session))
    for days, kept in ((179, 2), (1, 1)):
        clock.advance(days * 24 * 3600)
        await retention.apply(database, customer_moves.forget_closed, clock.now())

        async with database.reading() as session:
            assert await session.scalar(sa.select(sa.func.count(CustomerAccount.id))) == kept
            assert await session.scalar(sa.select(sa.func.count(AccountBinding.id))) == 1
