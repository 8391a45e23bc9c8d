"""替同事报名: the colleague's own sign-up by the rules for all, told to him; nobody finds anything out."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError, NotFound
from app.services import (
    closing,
    colleagues,
    exports,
    members,
    merging,
    sign_up_changes,
    sign_up_forgetting,
    sign_up_help,
    sign_ups,
)
from app.services.audiences import Facts
from app.services.colleagues import MOST, NotNamed
from app.services.guesses import PER_PERSON, NotFitting
from app.services.sign_ups import Applicant
from models import (
    Account,
    AccountKind,
    Activity,
    DeliveryState,
    Follower,
    Outbox,
    SignUp,
    SignUpHelp,
    SignUpMove,
)
from models import SignUpState as S
from tests import making
from tests.conftest import NOON

HOUR = timedelta(hours=1)


async def bound(session: AsyncSession, name: str, number: str, *, follows: bool = True) -> Applicant:
    """Who has bound that number, as the portal knows him."""
    person = (await making.person(session)).person_id
    await making.member(session, name, staff_number=number, person_id=person, bound_at=NOON)
    if follows:
        account = await session.scalar(sa.select(Account).limit(1))
        if account is None:
            account = Account(app_id="wx1", kind=AccountKind.OFFICIAL, gh_id="gh_1")
            session.add(account)
            await session.flush()
        session.add(
            Follower(account_id=account.id, openid=f"o{number}", person_id=person, subscribed_at=NOON)
        )
    await session.flush()
    membership = await members.find_membership(session, person, NOON.date())
    return Applicant(person, Facts(membership=membership), "portal")


async def asks(
    session: AsyncSession, run: Activity, who: Applicant, number: str, name: str
) -> SignUp | NotFitting:
    return await colleagues.sign_up(
        session, run.public_id, who, number, name, answers={}, tap=lambda *_: "[取消]", now=NOON
    )


async def signs_up(
    session: AsyncSession, run: Activity, who: Applicant, number: str = "10002", name: str = "张伟"
) -> SignUp:
    made = await asks(session, run, who, number, name)
    assert isinstance(made, SignUp)
    return made


async def told(session: AsyncSession, who: Applicant) -> list[str]:
    await session.flush()
    rows = await session.scalars(
        sa.select(Outbox).where(Outbox.person_id == who.person_id).order_by(Outbox.id)
    )
    return [each.payload["content"] for each in rows if each.kind == "activities.helped"]  # type: ignore[index]


async def refused(asked: Awaitable[Any], words: str) -> None:
    with pytest.raises(DomainError, match=words):
        await asked


async def test_a_colleague_is_signed_up_as_if_he_had_done_so_himself(session: AsyncSession) -> None:
    run = await making.activity(session, "羽毛球赛", capacity=1, colleagues=True)
    li, zhang = await bound(session, "李娜", "10001"), await bound(session, "张伟", "10002")
    wang = await bound(session, "王强", "10003")

    entry = await signs_up(session, run, li, " １０００２ ", "张 伟")
    assert (entry.person_id, entry.state, entry.seats) == (zhang.person_id, S.CONFIRMED, 1)
    assert await signs_up(session, run, li) is entry, "the same request again"
    words = await told(session, zhang)
    assert len(words) == 1 and words[0].startswith("李娜替您报了名。「羽毛球赛」报名成功")
    assert words[0].endswith("\n[取消]") and await told(session, li) == []
    moves = (await session.execute(sa.select(SignUpMove.by, SignUpMove.channel))).all()
    assert [tuple(each) for each in moves] == [("colleague", "portal")]

    waits = await signs_up(session, run, li, "10003", "王强")
    assert waits.state.value == "waitlisted" and "您在候补名单中" in (await told(session, wang))[0]
    made = await colleagues.list_made(session, li.person_id, NOON, 10)
    assert [(each.title, each.state_label) for each in made] == [
        *[("替 张伟 报的", "已报名"), ("替 王强 报的", "候补中")]
    ]
    first = await colleagues.list_made(session, li.person_id, NOON, 1)
    rest = await colleagues.list_made(
        session, li.person_id, NOON, 9, after=(run.starts_at, first[0].entry.id)
    )
    assert [each.name for each in rest] == ["王强"]
    assert await sign_up_help.list_made(session, [entry, waits]) == {
        each.id: sign_up_help.Made("李娜", is_open=True) for each in (entry, waits)
    }
    assert await sign_ups.list_own(session, li.person_id, NOON, 10) == []
    assert [each.id for each in await sign_ups.list_own(session, zhang.person_id, NOON, 10)] == [entry.id]

    await sign_ups.cancel(session, run.id, zhang, now=NOON)
    assert not (await sign_up_help.list_made(session, [entry]))[entry.id].is_open
    assert waits.state is S.OFFERED, "the seat goes to who waits, whoever signed him up"
    await refused(asks(session, run, li, "10002", "张伟"), "请他自己在公众号里打开")
    await refused(asks(session, run, zhang, "10003", "王强"), "已经报过「羽毛球赛」了")


async def test_nobody_learns_whether_it_was_the_number_or_the_name(session: AsyncSession) -> None:
    run = await making.activity(session, colleagues=True)
    li = await bound(session, "李娜", "10001")
    await bound(session, "张伟", "10002")
    await making.member(session, "陈静", staff_number="10004", left_on=NOON.date())
    await refused(asks(session, run, li, "10002", "  "), "请写同事的工号和姓名")
    with pytest.raises(NotNamed):
        await asks(session, run, li, "", "张伟")

    tries = [("10002", "王强"), ("99999", "张伟"), ("10004", "陈静"), ("10002", "李娜"), ("x", "张伟")]
    answers = [await asks(session, run, li, *each) for each in tries]

    assert answers == [NotFitting(PER_PERSON - at) for at in range(1, 6)]
    for number, name in (("10002", "张伟"), ("99999", "张伟")):
        await refused(asks(session, run, li, number, name), "今天核对不上的次数太多了")
    assert await making.entries(session, run) == []


async def test_what_stands_in_the_way_is_the_colleagues_own_matter(session: AsyncSession) -> None:
    run = await making.activity(session, colleagues=True, youngest=50)
    li = await bound(session, "李娜", "10001")
    await bound(session, "张伟", "10002")  # born in 1985
    await bound(session, "王强", "10003", follows=False)
    await making.member(session, "陈静", staff_number="10004")

    with pytest.raises(DomainError) as too_young:
        await asks(session, run, li, "10002", "张伟")
    assert "可能不符合这个活动的条件" in str(too_young.value) and "周岁" not in str(too_young.value)
    await refused(asks(session, run, li, "10004", "陈静"), "陈静还没有在公众号里绑定工号")
    await refused(asks(session, run, li, "10003", "王强"), "通知不到本人")
    await refused(asks(session, run, li, "10001", "李娜"), "这是您自己")
    nobody = Applicant((await making.person(session)).person_id, Facts(), "portal")
    await refused(asks(session, run, nobody, "10002", "张伟"), "职工才能替同事报名")
    own = await making.activity(session, "登山")
    await refused(asks(session, own, li, "10002", "张伟"), "要本人报名")
    later = await making.activity(session, "讲座", colleagues=True, opens_at=NOON + HOUR)
    await refused(asks(session, later, li, "10002", "张伟"), "开始报名，到时候再来")
    await refused(
        making.activity(session, "漂流", colleagues=True, safety_notice="穿救生衣。"), "安全须知要本人看过"
    )


async def test_one_member_signs_up_so_many_and_no_more(session: AsyncSession) -> None:
    run = await making.activity(session, capacity=None, colleagues=True)
    li = await bound(session, "李娜", "10001")
    for number in range(20000, 20000 + MOST):
        await bound(session, "张伟", str(number))
        await signs_up(session, run, li, str(number))
    await bound(session, "王强", "10003")

    await refused(asks(session, run, li, "10003", "王强"), f"最多替 {MOST} 位")
    await signs_up(session, run, li, "20000")  # again: none more


async def test_who_made_it_takes_it_back_until_the_other_did_anything(session: AsyncSession) -> None:
    until = NOON + HOUR
    run = await making.activity(session, colleagues=True, changes_until=until, guests=1, capacity=3)
    li, zhang = await bound(session, "李娜", "10001"), await bound(session, "张伟", "10002")
    entry = await signs_up(session, run, li)
    with pytest.raises(NotFound):
        await colleagues.cancel(session, entry.public_id, zhang, now=NOON)
    for _ in range(2):
        await colleagues.cancel(session, entry.public_id, li, now=NOON)
    assert entry.state is S.CANCELLED
    held = sa.select(Outbox.state).where(Outbox.kind == "activities.helped")
    assert (await session.scalars(held)).all() == [DeliveryState.SKIPPED], (
        "he was told nothing yet: nothing is"
    )
    await refused(asks(session, run, li, "10002", "张伟"), "请他自己")
    await sign_ups.sign_up(session, run.id, zhang, now=NOON)
    await session.execute(sa.update(Outbox).values(state=DeliveryState.DELIVERED))
    wu = await bound(session, "吴敏", "10005")
    known = await signs_up(session, run, li, "10005", "吴敏")
    await session.execute(sa.update(Outbox).values(state=DeliveryState.DELIVERED))
    await colleagues.cancel(session, known.public_id, li, now=NOON)
    assert "李娜替您报的「羽毛球赛」取消了" in (await told(session, wu))[-1]
    await refused(colleagues.cancel(session, entry.public_id, li, now=NOON), "张伟自己已经办过")

    async def keeps(who: Applicant) -> object:
        return await colleagues.keep(session, run.id, who, now=NOON)

    async def repeats(who: Applicant) -> object:
        return await sign_ups.sign_up(session, run.id, who, now=NOON)

    async def changes(who: Applicant) -> object:
        return await sign_up_changes.change(session, run.id, who, seats=1, answers={"a": "b"}, now=NOON)

    for number, act in enumerate((keeps, repeats, changes), 30001):
        chen = await bound(session, "陈静", str(number))
        made = await signs_up(session, run, li, str(number), "陈静")
        assert (await colleagues.get_made(session, made.public_id, li.person_id)).is_open
        for _ in range(2):
            await act(chen)
        moves = sa.select(sa.func.count()).where(SignUpMove.sign_up_id == made.id, SignUpMove.by == "member")
        assert await session.scalar(moves) == 1
        await refused(colleagues.cancel(session, made.public_id, li, now=NOON), "陈静自己已经办过")
        assert len(await told(session, chen)) == 1
        helped = await colleagues.get_made(session, made.public_id, li.person_id)
        assert (helped.state_label, helped.may_cancel(NOON)) == ("本人已办理", False)


async def test_two_who_sign_the_same_colleague_up_make_one(database: Database) -> None:
    async with database.transaction() as session:
        run = await making.activity(session, capacity=1, colleagues=True, kind_of="球赛", apart_months=1)
        other = await making.activity(session, "登山", colleagues=True, kind_of="球赛", apart_months=1)
        li, wang = await bound(session, "李娜", "10001"), await bound(session, "王强", "10003")
        await bound(session, "张伟", "10002")

    async def asks_apart(at: Activity, who: Applicant, number: str, name: str) -> object:
        async with database.transaction() as session:
            return await asks(session, at, who, number, name)

    crowd = [(run, li, "10002", "张伟"), (run, wang, "10002", "张伟"), (run, li, "10002", "张伟")]
    crowd += [(run, li, "10003", "王强"), (other, wang, "10001", "李娜")]
    found = await asyncio.gather(*(asks_apart(*each) for each in crowd), return_exceptions=True)

    assert all(isinstance(each, (SignUp, DomainError)) for each in found), found
    async with database.reading() as session:
        states = [each.state for each in await making.entries(session, run)]
        assert sorted(states) == [S.CONFIRMED, S.WAITLISTED], "one row each, and nobody beyond the one seat"
        helps = await session.scalar(sa.select(sa.func.count()).select_from(SignUpHelp))
        assert helps == 3


async def test_it_goes_with_who_made_it_and_with_whose_it_is(session: AsyncSession) -> None:
    run = await making.activity(session, colleagues=True)
    li, zhang = await bound(session, "李娜", "10001"), await bound(session, "张伟", "10002")
    entry = (await signs_up(session, run, li)).id
    twin = await making.person(session)
    await merging.merge(session, twin.person_id, li.person_id, NOON)
    assert await colleagues.list_made(session, twin.person_id, NOON, 10) == []

    async def made_by() -> str:
        return await sign_up_help.helper_name(session, await session.get_one(SignUp, entry))

    older = min(twin.person_id, li.person_id)
    assert [each.name for each in await colleagues.list_made(session, older, NOON, 10)] == ["张伟"]
    assert await made_by() == "李娜"

    await closing.close(session, older, channel="portal", now=NOON)
    assert await made_by() == "同事"
    await closing.close(session, zhang.person_id, channel="portal", now=NOON)
    assert await session.scalar(sa.select(sa.func.count()).select_from(SignUpHelp)) == 0


async def test_of_two_sign_ups_that_become_one_nobody_else_takes_any_back(session: AsyncSession) -> None:
    run = await making.activity(session, colleagues=True)
    li, zhang = await bound(session, "李娜", "10001"), await bound(session, "张伟", "10002")
    twin = await making.person(session)
    await sign_ups.sign_up(session, run.id, twin, now=NOON)
    await signs_up(session, run, li)

    await merging.merge(session, zhang.person_id, twin.person_id, NOON)

    live = [each for each in await making.entries(session, run) if each.state is S.CONFIRMED]
    assert len(live) == 1 and not await sign_up_help.is_open(session, live[0])


async def test_who_did_it_is_forgotten_with_the_answers(session: AsyncSession) -> None:
    run = await making.activity(session, colleagues=True)
    li = await bound(session, "李娜", "10001")
    await bound(session, "张伟", "10002")
    entry = await signs_up(session, run, li)
    found = await exports.gather(session, li.person_id, lambda _: "")
    (mine,) = next(each.rows for each in found if each.key == "helped")
    assert mine["activity"] == "羽毛球赛" and "张伟" not in str(mine)

    for days, left in ((179, 1), (181, 0)):
        now = run.ends_at + timedelta(days=days)
        due = sign_up_forgetting.forget_words.find(now, 10)
        ids = (await session.scalars(due)).all()
        await sign_up_forgetting.forget_words.act(session, ids, now)
        assert await session.scalar(sa.select(sa.func.count()).select_from(SignUpHelp)) == left
    await session.refresh(entry)
    assert entry.forgotten_at is not None
