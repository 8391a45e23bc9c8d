"""入会申请: who may apply, every state and move, its clocks, and the member it makes in one go."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date
from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import retention
from app.services import (
    application_facts,
    application_work,
    applications,
    binding,
    case_notices,
    case_work,
    cases,
    coordination,
    guesses,
    joining,
    members,
    merging,
)
from app.services.application_facts import Incomplete
from app.services.application_work import Admission
from app.services.case_moves import MOVES, way
from app.services.joining import Applied, Listed
from models import (
    OVER,
    AccountKind,
    CaseKind,
    CaseState,
    Follower,
    Guess,
    Member,
    MemberEvent,
    MemberKind,
    MemberMove,
    MembershipApplication,
    MenuLook,
    Outbox,
)
from tests import making
from tests.conftest import NOON, FakeClock
from tests.joining import ZHAO, applied, apply

S = CaseState
DAY = timedelta(days=1)
GIVEN = ZHAO.kept()
TODAY = civil_date(NOON)
WORDS = [{"type": "text", "text": "工作证补好了"}]


async def state_of(session: AsyncSession, number: str) -> CaseState:
    return (await case_work.get_case(session, number)).state


async def told(session: AsyncSession, *kinds: str) -> list[str]:
    rows: Any = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
    return [row.payload["content"] for row in rows if not kinds or row.kind in kinds]


async def row_of(session: AsyncSession, number: str) -> MembershipApplication:
    return await applications.of_case(session, await case_work.get_case(session, number))


# --- applying ----------------------------------------------------------------------------------------------


async def test_an_application_has_a_number_a_day_of_answer_and_is_confirmed(session: AsyncSession) -> None:
    who, number = await applied(session)

    assert number == "RH-2026-0001"
    own = (await applications.list_own(session, who))[0]
    assert own.case.state is S.SUBMITTED
    # Ten working days after Monday the 23rd.
    assert own.application.due_at == datetime(2026, 12, 7, 18, 0, tzinfo=SHANGHAI)
    assert (own.application.declaration_version, own.application.declared_at) == ("2026-11", NOON)
    assert await told(session) == [
        "已收到您的入会申请，编号 RH-2026-0001。\n"
        "最迟 12月7日答复，会发到这里。进度随时回复「我的申请」查看。"
    ]


async def test_what_was_filled_in_is_sealed(session: AsyncSession) -> None:
    await applied(session)

    (stored,) = (await session.scalars(sa.text("SELECT facts FROM membership_application"))).all()
    for private in ("赵敏", "13900001111", "1995-06-01", "20001"):
        assert private.encode() not in bytes(stored)


async def test_applying_twice_is_one_application(session: AsyncSession) -> None:
    who, number = await applied(session)

    again = await apply(session, who, replace(ZHAO, name="另一个人"))

    assert isinstance(again, Applied) and again.again and again.number == number


async def test_two_forms_of_one_person_at_once_are_one_application(database: Database) -> None:
    async with database.transaction() as session:
        who = (await making.person(session)).person_id

    async def one() -> str:
        async with database.transaction() as session:
            done = await apply(session, who)
            assert isinstance(done, Applied)
            return done.number

    assert len(set(await asyncio.gather(one(), one()))) == 1


async def test_a_member_cannot_apply_and_who_left_can(session: AsyncSession) -> None:
    who = (await making.person(session)).person_id
    row = await making.member(session, person_id=who)

    with pytest.raises(DomainError, match="您已经是会员（工号 10001）"):
        await apply(session, who)

    row.left_on = TODAY
    await session.flush()
    assert isinstance(await apply(session, who), Applied)


@pytest.mark.parametrize("facts", [{"phone": "13812345678"}, {"born_on": date(1985, 3, 5)}])
async def test_who_shows_to_be_in_the_roster_is_led_to_binding(
    session: AsyncSession, facts: dict[str, Any]
) -> None:
    await making.member(session)
    who = (await making.person(session)).person_id

    found = await apply(session, who, replace(ZHAO, name="李娜", staff_number=" 10001", **facts))

    assert found == Listed()
    assert await applications.list_own(session, who) == []
    assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 0


@pytest.mark.parametrize("number", ["10001", "99999"])
async def test_a_number_that_was_guessed_tells_nothing_and_counts(session: AsyncSession, number: str) -> None:
    await making.member(session)
    who = (await making.person(session)).person_id

    for tries_left in (4, 3, 2, 1, 0, 0):
        found = await apply(session, who, replace(ZHAO, name="李娜", staff_number=number))
        assert isinstance(found, Applied)
        await joining.cancel(session, who, channel="chat", now=NOON)
        assert await guesses.left(session, binding.PURPOSE, who, NOON) == tries_left

    right = replace(ZHAO, name="李娜", staff_number="10001", phone="13812345678")
    assert isinstance(await apply(session, who, right), Applied)  # no more looks today, not even at the truth


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("name", "", "姓名没有填。"),
        ("name", "<script>", "姓名「<script>」不像姓名。"),
        ("name", "赵" * 41, "姓名有 41 个字，最多 40 个。"),
        ("sex", "其他", "性别「其他」不对；应写 男 或 女。"),
        ("born_on", "昨天", "出生日期「昨天」不是日期；应写成 2020-03-05。"),
        ("born_on", "2030-01-01", "出生日期「2030-01-01」不对"),
        ("born_on", "2010-11-24", "出生日期「2010-11-24」不对；职工要满 16 周岁，请核对年份。"),
        ("born_on", "无", "出生日期没有填。"),
        ("phone", "0911-1234567", "手机号「0911-1234567」不对；应是 11 位手机号"),
        ("phone", "' OR 1=1", "手机号"),
        ("kind", "退休", "人员类别请选 在职 或 劳务派遣"),
        ("staff_number", "一号", "工号「一号」不对"),
        ("post", "岗" * 41, "岗位有 41 个字"),
    ],
)
def test_every_wrong_field_is_named(field: str, given: str, said: str) -> None:
    with pytest.raises(Incomplete) as refused:
        application_facts.check(GIVEN | {field: given}, TODAY)
    assert list(refused.value.wrong) == [field]
    assert refused.value.wrong[field].startswith(said)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Incomplete) as refused:
        application_facts.check({}, TODAY)

    assert list(refused.value.wrong) == ["name", "sex", "born_on", "phone", "kind"]


def test_sixteen_today_is_old_enough() -> None:
    assert application_facts.check(GIVEN | {"born_on": "20101123"}, TODAY).born_on == date(2010, 11, 23)


# --- states ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        (S.SUBMITTED, {S.REVIEWING, S.CANCELLED}),
        (S.REVIEWING, {S.SUPPLEMENT, S.APPROVED, S.REFUSED, S.CANCELLED}),
        (S.SUPPLEMENT, {S.REVIEWING, S.APPROVED, S.REFUSED, S.CANCELLED}),
        (S.APPROVED, set()),
        (S.REFUSED, set()),
        (S.CANCELLED, set()),
    ],
)
def test_every_state_has_its_moves(from_: CaseState, to: set[CaseState]) -> None:
    moves = MOVES[CaseKind.APPLICATION]

    assert moves[from_] == to
    assert set(moves) == {S.SUBMITTED, S.REVIEWING, S.SUPPLEMENT, S.APPROVED, S.REFUSED, S.CANCELLED}


@pytest.mark.parametrize("to", [S.SUPPLEMENT, S.APPROVED, S.REFUSED])
def test_who_decides_at_once_takes_every_step_on_the_way(to: CaseState) -> None:
    states = [S.SUBMITTED, *way(CaseKind.APPLICATION, S.SUBMITTED, to)]

    assert all(b in MOVES[CaseKind.APPLICATION][a] for a, b in pairwise(states))
    assert states == [S.SUBMITTED, S.REVIEWING, to]


async def test_the_whole_way_with_a_supplement(session: AsyncSession) -> None:
    who, number = await applied(session)

    await application_work.take(session, number, "王强", NOON)
    assert await state_of(session, number) is S.REVIEWING
    await application_work.ask(session, number, "请补一张工作证照片。", "王强", NOON)
    assert await state_of(session, number) is S.SUPPLEMENT
    assert (await application_work.list_open(session))[0].application.due_at is None
    await joining.supplement(session, who, WORDS, channel="chat", now=NOON)
    assert await state_of(session, number) is S.REVIEWING
    done = await application_work.approve(session, number, Admission(), "王强", NOON)

    assert done.case.state is S.APPROVED and done.case.closed_at == NOON
    assert (await told(session, case_notices.ASKED)) == [
        "您的入会申请 RH-2026-0001 还要补正：\n请补一张工作证照片。\n"
        "备齐以后请回复「补正」，可以发文字和图片。"
    ]
    thread = await cases.list_thread(session, done.case)
    steps = [entry.to_state for entry in thread if entry.to_state]
    assert steps == [S.SUBMITTED, S.REVIEWING, S.SUPPLEMENT, S.REVIEWING, S.APPROVED]


async def test_two_of_the_staff_who_take_it_at_once_are_told_apart(database: Database) -> None:
    async with database.transaction() as session:
        _, number = await applied(session)

    async def one(by: str) -> str:
        try:
            async with database.transaction() as session:
                await application_work.take(session, number, by, NOON)
                return ""
        except DomainError as refused:
            return refused.message

    said = await asyncio.gather(one("王强"), one("李静"))

    assert sorted(map(bool, said)) == [False, True]
    assert "接办" in "".join(said)
    async with database.transaction() as session:
        row = await row_of(session, number)
        await application_work.take(session, number, row.taken_by, NOON)  # twice by the same is no error


async def test_what_is_over_cannot_be_changed(session: AsyncSession) -> None:
    who, number = await applied(session)
    await joining.cancel(session, who, channel="chat", now=NOON)

    assert await state_of(session, number) is S.CANCELLED
    for act in (
        application_work.take(session, number, "王强", NOON),
        application_work.ask(session, number, "补", "王强", NOON),
        application_work.approve(session, number, Admission(), "王强", NOON),
        application_work.refuse(session, number, "不符", "王强", NOON),
    ):
        with pytest.raises(DomainError, match="已撤销，不能再改"):
            await act
    with pytest.raises(NotFound):
        await joining.cancel(session, who, channel="chat", now=NOON)
    assert isinstance(await apply(session, who), Applied)  # and may apply again


async def test_only_an_application_is_decided_like_one(session: AsyncSession) -> None:
    who, number = await applied(session)
    desk = await cases.open_case(session, CaseKind.DESK, who, None, blocks=WORDS, now=NOON)

    with pytest.raises(DomainError, match="不是入会申请"):
        await application_work.take(session, desk.number, "王强", NOON)
    with pytest.raises(NotFound):
        await application_work.take(session, "RH-2026-9999", "王强", NOON)
    for act in (
        case_work.answer(session, number, "好", "王强", NOON),
        case_work.close(session, number, "王强", NOON),
    ):
        with pytest.raises(DomainError, match="gonghui applications"):
            await act


async def test_nobody_reaches_the_application_of_somebody_else(session: AsyncSession) -> None:
    _, number = await applied(session)
    await application_work.ask(session, number, "补照片", "王强", NOON)
    stranger = (await making.person(session)).person_id

    assert await applications.list_own(session, stranger) == []
    with pytest.raises(NotFound):
        await joining.supplement(session, stranger, WORDS, channel="chat", now=NOON)
    with pytest.raises(NotFound):
        await joining.cancel(session, stranger, channel="chat", now=NOON)
    assert await state_of(session, number) is S.SUPPLEMENT


async def test_nothing_is_supplemented_that_was_not_asked_for(session: AsyncSession) -> None:
    who, _ = await applied(session)

    with pytest.raises(DomainError, match="现在不用补正"):
        await joining.supplement(session, who, WORDS, channel="chat", now=NOON)


@pytest.mark.parametrize(("text", "said"), [(" ", "请写上要补正的内容"), ("长" * 1001, "最多 1000 个字")])
def test_what_is_brought_later_has_its_length(text: str, said: str) -> None:
    with pytest.raises(Incomplete, match=said):
        joining.written(text)


# --- approving ---------------------------------------------------------------------------------------------


async def test_approving_makes_a_member_who_is_bound_and_sees_his_menu(session: AsyncSession) -> None:
    who, number = await applied(session)

    done = await application_work.approve(session, number, Admission(), "王强", NOON)

    assert done.member is not None and done.notice is not None
    member = await members.find_of_person(session, who)
    assert member is done.member
    assert (member.staff_number, member.name, member.phone, member.born_on) == (
        *("20001", "赵敏", "13900001111", "1995-06-01"),
    )
    assert (member.kind, member.joined_on, member.bound_at) == (MemberKind.IN_SERVICE, TODAY, NOON)
    assert member.branch.name == "抢修一班"
    moves = list(await session.scalars(sa.select(MemberMove.what).order_by(MemberMove.id)))
    assert moves == [MemberEvent.JOINED, MemberEvent.BOUND]
    assert "已通过，欢迎加入工会" in (await told(session, case_notices.ANSWERED))[0]


async def test_a_menu_is_looked_at_again_at_once(database: Database) -> None:
    async with database.transaction() as session:
        account_id = await coordination.account_id(session, "wx0123456789abcdef", AccountKind.OFFICIAL)
        who, number = await applied(session)
        session.add(Follower(account_id=account_id, openid="oLi", person_id=who))
    async with database.transaction() as session:
        await application_work.approve(session, number, Admission(), "王强", NOON)
        assert await session.scalar(sa.select(sa.func.count(MenuLook.id))) == 1


async def test_staff_give_what_the_applicant_did_not_know(session: AsyncSession) -> None:
    who = (await making.person(session)).person_id
    await making.branch(session)
    done = await apply(session, who, replace(ZHAO, staff_number=""))
    assert isinstance(done, Applied)

    with pytest.raises(DomainError, match="--branch"):
        await application_work.approve(session, done.number, Admission("20002"), "王强", NOON)
    with pytest.raises(DomainError, match="--number"):
        await application_work.approve(session, done.number, Admission(branch="抢修一班"), "王强", NOON)
    with pytest.raises(NotFound):
        await application_work.approve(session, done.number, Admission("20002", "没有"), "王强", NOON)
    with pytest.raises(Incomplete, match="手机号"):
        wrong = Admission("20002", "抢修一班", corrected={"phone": "123"})
        await application_work.approve(session, done.number, wrong, "王强", NOON)
    given = Admission("20002", "抢修一班", date(2026, 12, 1), {"name": "赵慜"})
    made = (await application_work.approve(session, done.number, given, "王强", NOON)).member

    assert made is not None
    assert (made.staff_number, made.name, made.joined_on) == ("20002", "赵慜", date(2026, 12, 1))


async def test_approving_twice_is_one_member_told_once(session: AsyncSession) -> None:
    _, number = await applied(session)

    first = await application_work.approve(session, number, Admission(), "王强", NOON)
    second = await application_work.approve(session, number, Admission("30000"), "李静", NOON)

    assert second.notice is None and second.member is first.member
    assert await session.scalar(sa.select(sa.func.count(Member.id))) == 1
    assert len(await told(session, case_notices.ANSWERED)) == 1


async def test_two_who_approve_and_refuse_at_once_are_one_decision(database: Database) -> None:
    async with database.transaction() as session:
        _, number = await applied(session)

    async def one(act: Any) -> bool:
        try:
            async with database.transaction() as session:
                await act(session)
                return True
        except DomainError:
            return False

    done = await asyncio.gather(
        one(lambda session: application_work.approve(session, number, Admission(), "王强", NOON)),
        one(lambda session: application_work.refuse(session, number, "不在本单位", "李静", NOON)),
    )

    assert sorted(done) == [False, True]
    async with database.reading() as session:
        assert len(await told(session, case_notices.ANSWERED)) == 1


async def test_a_crash_before_the_telling_leaves_nothing_half_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as session:
        who, number = await applied(session)

    async def breaks(*given: Any, **more: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(case_notices, "tell", breaks)
        with pytest.raises(ConnectionError):
            async with database.transaction() as session:
                await application_work.approve(session, number, Admission(), "王强", NOON)
    async with database.transaction() as session:
        assert await state_of(session, number) is S.SUBMITTED
        assert await members.find_of_person(session, who) is None

        await application_work.approve(session, number, Admission(), "王强", NOON)
        assert await members.find_of_person(session, who) is not None
        assert len(await told(session, case_notices.ANSWERED)) == 1


async def test_a_number_of_somebody_else_makes_nobody_a_member(session: AsyncSession) -> None:
    await making.member(session)
    who, number = await applied(session)

    with pytest.raises(DomainError, match="花名册里已经有工号 10001（李娜）"):
        await application_work.approve(session, number, Admission("10001"), "王强", NOON)
    assert await members.find_of_person(session, who) is None


async def test_two_applications_for_one_number_make_one_member(database: Database) -> None:
    async with database.transaction() as session:
        numbers = [(await applied(session))[1] for _ in range(2)]

    async def one(number: str) -> bool:
        try:
            async with database.transaction() as session:
                await application_work.approve(session, number, Admission(), "王强", NOON)
                return True
        except DomainError:
            return False

    assert sorted(await asyncio.gather(*map(one, numbers))) == [False, True]


async def test_who_is_a_member_by_now_is_not_made_one_again(session: AsyncSession) -> None:
    await making.member(session)
    who, number = await applied(session)
    await binding.bind(session, who, binding.Proof("10001", "李娜", "5678"), channel="chat", now=NOON)

    with pytest.raises(DomainError, match="本人已经绑定了工号 10001"):
        await application_work.approve(session, number, Admission(), "王强", NOON)


async def test_who_left_comes_back_with_his_old_number(session: AsyncSession) -> None:
    who = (await making.person(session)).person_id
    left = TODAY - 30 * DAY
    row = await making.member(session, "赵敏", staff_number="20001", left_on=left, person_id=who)
    done = await apply(session, who, ZHAO, await making.branch(session))
    assert isinstance(done, Applied)

    await binding.unbind(session, who, channel="chat", now=NOON)
    await application_work.approve(session, done.number, Admission(), "王强", NOON)

    assert (row.left_on, row.person_id, row.phone) == (None, who, "13900001111")
    (returned,) = await session.scalars(sa.select(MemberMove).where(MemberMove.what == MemberEvent.RETURNED))
    assert returned.changes["left_on"] == [left.isoformat(), None]  # type: ignore[index]


# --- refusing ----------------------------------------------------------------------------------------------


async def test_a_refusal_has_a_reason_and_says_what_can_be_done(session: AsyncSession) -> None:
    who, number = await applied(session)

    with pytest.raises(DomainError, match="未通过的原因是空的"):
        await application_work.refuse(session, number, " ", "王强", NOON)
    await application_work.refuse(session, number, "不在本单位工作。", "王强", NOON)
    await application_work.refuse(session, number, "不在本单位工作。", "王强", NOON)

    (said,) = await told(session, case_notices.ANSWERED)
    assert said.startswith("您的入会申请 RH-2026-0001 没有通过。原因：\n不在本单位工作。\n")
    assert "重新申请" in said and "12351" in said
    assert (await applications.list_own(session, who))[0].mine.answer == "不在本单位工作。"
    with pytest.raises(DomainError, match="未通过，不能再改"):
        await application_work.approve(session, number, Admission(), "王强", NOON)


# --- what becomes of it ------------------------------------------------------------------------------------


async def test_what_was_filled_in_is_forgotten_half_a_year_after_the_end(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as session:
        who, number = await applied(session)
        _, still_open = await applied(session)
        await joining.cancel(session, who, channel="chat", now=NOON)

    clock.advance(180 * 86400 - 1)
    await retention.apply(database, applications.forget_facts, clock.now())
    async with database.reading() as session:
        assert (await row_of(session, number)).facts is not None
    clock.advance(1)
    await retention.apply(database, applications.forget_facts, clock.now())
    async with database.reading() as session:
        assert (await row_of(session, number)).facts is None
        assert (await row_of(session, still_open)).facts is not None
        assert await state_of(session, number) in OVER


async def test_of_two_persons_who_become_one_the_newer_application_goes_on(session: AsyncSession) -> None:
    older, first = await applied(session)
    younger, second = await applied(session, facts=replace(ZHAO, staff_number=""))

    await merging.merge(session, older, younger, NOON)

    assert [await state_of(session, each) for each in (first, second)] == [S.CANCELLED, S.SUBMITTED]
    done = await application_work.approve(session, second, Admission("20001"), "王强", NOON)
    assert done.member is not None and done.member.person_id == older
