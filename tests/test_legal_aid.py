"""法律援助申请: every move that may be made and none that may not, who may make it, and what is told."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError, NotFound
from app.services import (
    case_facts,
    case_notices,
    case_work,
    consents,
    legal_aid,
    legal_aid_carrying,
    legal_aid_lists,
    legal_aid_work,
    withdrawing,
)
from app.services.case_moves import MOVES, check_move
from app.services.consultation_facts import Opponent
from app.services.legal_aid import Supplied
from app.services.legal_aid_facts import Ground
from app.services.permissions import Standing
from app.services.purposes import AID
from app.services.statutory_deadlines import Dates
from models import (
    OVER,
    AidMatter,
    CaseKind,
    CaseState,
    Role,
    Staff,
)
from tests import making
from tests.aiding import PAPERS, WORDS, applied, apply, employ, look, told
from tests.conftest import NOON
from tests.consulting import consult

S = CaseState
DAY = timedelta(days=1)
UNTIL = date(2026, 12, 7)
ALLOWED = {
    S.SUBMITTED: {S.SUPPLEMENT, S.REVIEWING, S.ASSIGNED, S.CANCELLED},
    S.SUPPLEMENT: {S.REVIEWING, S.CANCELLED, S.DEEMED_WITHDRAWN},
    S.REVIEWING: {S.GRANTED, S.REJECTED, S.CANCELLED},
    S.GRANTED: {S.ASSIGNED, S.TERMINATED},
    S.ASSIGNED: {S.IN_PROGRESS, S.TERMINATED},
    S.IN_PROGRESS: {S.CONCLUDED, S.TERMINATED},
    S.REJECTED: {S.OBJECTION},
    S.TERMINATED: {S.OBJECTION},
    S.OBJECTION: {S.GRANTED, S.UPHELD},
}


class House:
    """Two who decide and two who carry; the second lawyer is of the company's legal department."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.wang: Standing
        self.zhao: Standing
        self.zhang: Standing
        self.lawyer: Staff
        self.company_lawyer: Staff

    async def hire(self) -> "House":
        _, self.wang = await employ(self.session, "王强", Role.UNION_ADMIN)
        _, self.zhao = await employ(self.session, "赵敏", Role.APPROVER)
        self.lawyer, self.zhang = await employ(self.session, "张律师", Role.LAWYER)
        self.company_lawyer, _ = await employ(self.session, "钱法务", Role.COMPANY_LAWYER)
        return self

    async def grant(self, number: str) -> None:
        await legal_aid_work.grant(self.session, number, self.wang, NOON)

    async def carry(self, number: str) -> None:
        await self.grant(number)
        await legal_aid_carrying.assign(self.session, number, self.lawyer, self.wang, NOON)
        await legal_aid_carrying.begin(self.session, number, self.zhang, NOON)


@pytest.fixture
async def house(session: AsyncSession) -> House:
    return await House(session).hire()


async def state_of(session: AsyncSession, number: str) -> CaseState:
    return (await look(session, number))[0].state


# --- moves -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_", MOVES[CaseKind.LEGAL_AID])
@pytest.mark.parametrize("to", CaseState)
def test_a_move_is_allowed_or_refused_in_words(from_: CaseState, to: CaseState) -> None:
    if to in ALLOWED.get(from_, set()):
        check_move(CaseKind.LEGAL_AID, from_, to)
        return
    with pytest.raises(DomainError):
        check_move(CaseKind.LEGAL_AID, from_, to)


def test_a_refused_move_names_states_as_legal_aid_calls_them() -> None:
    with pytest.raises(DomainError, match="承办中的事项不能改为已申请"):
        check_move(CaseKind.LEGAL_AID, S.IN_PROGRESS, S.SUBMITTED)


async def test_from_applying_to_the_end_every_step_is_told(session: AsyncSession, house: House) -> None:
    who, number = await applied(session)
    await legal_aid_work.ask(session, number, "劳动合同、近三个月的工资条", UNTIL, house.wang, NOON)
    await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=NOON)
    await house.carry(number)
    await legal_aid_carrying.tell(session, number, "仲裁委已经受理。", house.zhang, NOON)
    await legal_aid_carrying.conclude(session, number, "裁决支付工资 2 万元。", house.zhang, NOON)

    case, row = await look(session, number)
    assert number == "YZ-2026-0001"
    assert case.state is S.CONCLUDED and case.state in OVER and case.closed_at == NOON
    assert (row.due_at, row.near_at, row.supplement_due_at, row.reminder_due_at) == (None,) * 4
    assert [line.splitlines()[0] for line in await told(session)] == [
        "已收到您的法律援助申请，编号 YZ-2026-0001。",
        "您的法律援助申请 YZ-2026-0001 还缺材料，一次告诉您：",
        "您的法律援助申请 YZ-2026-0001 同意援助，不收您的钱。",
        "您的法律援助 YZ-2026-0001 已指派张律师承办，会和您联系。",
        "您的法律援助 YZ-2026-0001，张律师已经开始承办。",
        "您的法律援助 YZ-2026-0001 有新的进展：",
        "您的法律援助 YZ-2026-0001 结案了。结果：",
    ]
    moves = [
        (entry.from_state, entry.to_state)
        for entry in await case_work.list_entries(session, case)
        if entry.to_state and entry.from_state
    ]
    assert moves == [
        (S.SUBMITTED, S.SUPPLEMENT),
        (S.SUPPLEMENT, S.REVIEWING),
        (S.REVIEWING, S.GRANTED),
        (S.GRANTED, S.ASSIGNED),
        (S.ASSIGNED, S.IN_PROGRESS),
        (S.IN_PROGRESS, S.CONCLUDED),
    ]


async def test_what_is_kept_is_sealed(session: AsyncSession) -> None:
    await applied(session, opponent_name="红星煤矿")

    (stored,) = (await session.scalars(sa.text("SELECT details FROM legal_aid"))).all()
    for private in ("红星煤矿", "promise", "talked"):
        assert private.encode() not in bytes(stored)


async def test_complete_papers_lie_before_who_decides(session: AsyncSession, house: House) -> None:
    _, number = await applied(session)

    done = await legal_aid_work.accept(session, number, house.wang, NOON + DAY)
    again = await legal_aid_work.accept(session, number, house.wang, NOON + DAY)

    assert done.case.state is S.REVIEWING and again.notice is None
    _, row = await look(session, number)
    assert row.papers_at == NOON  # from the receipt, not from when somebody looked
    assert "最迟 11月30日答复" in (await told(session, case_notices.PROGRESS))[0]


# --- one complete list -------------------------------------------------------------------------------------


async def test_what_is_missing_is_named_once(session: AsyncSession, house: House) -> None:
    who, number = await applied(session)
    await legal_aid_work.ask(session, number, "劳动合同", UNTIL, house.wang, NOON)

    with pytest.raises(DomainError, match="已经一次性告知过"):
        await legal_aid_work.ask(session, number, "工资条", UNTIL, house.wang, NOON)
    await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=NOON)
    with pytest.raises(DomainError, match="已经一次性告知过"):
        await legal_aid_work.ask(session, number, "工资条", UNTIL, house.zhao, NOON)
    assert len(await told(session, case_notices.ASKED)) == 1


async def test_who_has_begun_to_review_asks_for_nothing_more(session: AsyncSession, house: House) -> None:
    _, number = await applied(session)
    await legal_aid_work.accept(session, number, house.wang, NOON)

    with pytest.raises(DomainError, match="只有刚申请的能要求补正"):
        await legal_aid_work.ask(session, number, "劳动合同", UNTIL, house.wang, NOON)


@pytest.mark.parametrize(
    ("missing", "until", "why"),
    [
        ("  ", UNTIL, "要补的材料是空的"),
        ("合" * 601, UNTIL, "最多 600 个字"),
        ("合同", date(2026, 11, 24), "要在 3 到 60 天之间"),
        ("合同", date(2025, 12, 7), "要在 3 到 60 天之间"),
        ("合同", date(2027, 3, 1), "要在 3 到 60 天之间"),
    ],
)
async def test_a_list_has_words_and_a_day(
    session: AsyncSession, house: House, missing: str, until: date, why: str
) -> None:
    _, number = await applied(session)

    with pytest.raises(DomainError, match=why):
        await legal_aid_work.ask(session, number, missing, until, house.wang, NOON)
    assert await state_of(session, number) is S.SUBMITTED


async def test_papers_may_come_at_any_time_until_the_end(session: AsyncSession, house: House) -> None:
    who, number = await applied(session)
    _, first = await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=NOON)
    await house.carry(number)
    _, later = await legal_aid.supply(session, who, number, PAPERS, channel="portal", now=NOON)
    await legal_aid_carrying.conclude(session, number, "调解成功。", house.zhang, NOON)

    assert first is later is Supplied.NOTED
    with pytest.raises(DomainError, match="已结案，不能再补交"):
        await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=NOON)


# --- no, and objecting -------------------------------------------------------------------------------------


async def test_a_refusal_needs_a_reason_and_says_how_to_object(session: AsyncSession, house: House) -> None:
    _, number = await applied(session)

    with pytest.raises(DomainError, match="不予援助的理由是空的"):
        await legal_aid_work.reject(session, number, " ", house.wang, NOON)
    await legal_aid_work.reject(session, number, "不属于援助范围。", house.wang, NOON)
    again = await legal_aid_work.reject(session, number, "另一个理由", house.wang, NOON)

    assert again.notice is None
    (said,) = await told(session, case_notices.ANSWERED)
    assert "不予援助。理由：\n不属于援助范围。" in said
    assert "12月8日以前回复「对援助决定提出异议」" in said  # fifteen days
    case, row = await look(session, number)
    assert case.state is S.REJECTED and case.closed_at == NOON and row.decided_by_id == house.wang.staff_id


async def test_an_objection_goes_to_another_person(session: AsyncSession, house: House) -> None:
    who, number = await applied(session)
    await legal_aid_work.reject(session, number, "不属于援助范围。", house.wang, NOON)
    case = await legal_aid.object_to(
        session, who, number, legal_aid.reason_of(""), channel="chat", now=NOON + DAY
    )
    again = await legal_aid.object_to(session, who, number, WORDS, channel="chat", now=NOON + DAY)

    assert case.state is again.state is S.OBJECTION and case.closed_at is None
    for act in (
        legal_aid_work.uphold(session, number, "范围外", house.wang, NOON + DAY),
        legal_aid_work.grant(session, number, house.wang, NOON + DAY),
    ):
        with pytest.raises(DomainError, match="原来的决定是您作的"):
            await act
    await legal_aid_work.grant(session, number, house.zhao, NOON + DAY)
    assert await state_of(session, number) is S.GRANTED
    assert (await told(session, case_notices.ANSWERED))[-1].startswith("您对 YZ-2026-0001 的异议成立。")


async def test_nobody_decides_about_himself(session: AsyncSession, house: House) -> None:
    who, number = await applied(session)
    admin = await session.get_one(Staff, house.wang.staff_id)
    admin.person_id = who
    await session.flush()

    with pytest.raises(DomainError, match="是您本人的申请"):
        await legal_aid_work.grant(session, number, house.wang, NOON)
    with pytest.raises(DomainError, match="是您本人的申请"):
        await legal_aid_work.reject(session, number, "不在范围内", house.wang, NOON)
    await legal_aid_work.grant(session, number, house.zhao, NOON)


async def test_an_objection_that_changes_nothing_ends_it(session: AsyncSession, house: House) -> None:
    who, number = await applied(session)
    await legal_aid_work.reject(session, number, "不属于援助范围。", house.wang, NOON)
    await legal_aid.object_to(session, who, number, WORDS, channel="chat", now=NOON)

    with pytest.raises(DomainError, match="维持的理由是空的"):
        await legal_aid_work.uphold(session, number, "", house.zhao, NOON)
    await legal_aid_work.uphold(session, number, "确实不在范围内。", house.zhao, NOON)
    assert (await legal_aid_work.uphold(session, number, "再点一次", house.zhao, NOON)).notice is None

    case, _ = await look(session, number)
    assert case.state is S.UPHELD and case.closed_at == NOON
    with pytest.raises(DomainError, match="没有可以提出异议的决定"):
        await legal_aid.object_to(session, who, number, WORDS, channel="chat", now=NOON)


async def test_an_end_before_its_time_may_be_objected_to_as_well(session: AsyncSession, house: House) -> None:
    who, number = await applied(session)
    await house.carry(number)
    await legal_aid_work.terminate(session, number, "查明收入不实。", house.wang, NOON)
    await legal_aid.object_to(session, who, number, WORDS, channel="chat", now=NOON)
    await legal_aid_work.grant(session, number, house.zhao, NOON)

    case, _ = await look(session, number)
    assert case.state is S.GRANTED and case.owner_id is None


async def test_who_objects_too_late_is_told_what_is_left(session: AsyncSession, house: House) -> None:
    who, number = await applied(session)
    await legal_aid_work.reject(session, number, "不属于援助范围。", house.wang, NOON)

    with pytest.raises(DomainError, match="提出异议的时间已过"):
        await legal_aid.object_to(session, who, number, WORDS, channel="chat", now=NOON + 16 * DAY)


async def test_only_ones_own_application_can_be_touched(session: AsyncSession, house: House) -> None:
    _, number = await applied(session)
    stranger = (await making.person(session)).person_id

    with pytest.raises(NotFound):
        await legal_aid.cancel(session, stranger, number, channel="chat", now=NOON)
    for change in (legal_aid.supply, legal_aid.object_to):
        with pytest.raises(NotFound):
            await change(session, stranger, number, WORDS, channel="chat", now=NOON)


# --- withdrawing -------------------------------------------------------------------------------------------


async def test_what_is_undecided_can_be_withdrawn_and_nothing_else(
    session: AsyncSession, house: House
) -> None:
    who, number = await applied(session)
    await legal_aid_work.ask(session, number, "劳动合同", UNTIL, house.wang, NOON)
    await legal_aid.cancel(session, who, number, channel="chat", now=NOON)
    await legal_aid.cancel(session, who, number, channel="chat", now=NOON)

    case, row = await look(session, number)
    assert case.state is S.CANCELLED and row.supplement_due_at is None
    other = (await apply(session, who)).number
    await house.grant(other)
    with pytest.raises(DomainError, match="同意援助，不能撤回"):
        await legal_aid.cancel(session, who, other, channel="chat", now=NOON)


async def test_taking_consent_back_withdraws_what_is_undecided(session: AsyncSession, house: House) -> None:
    who, open_one = await applied(session)
    granted = (await apply(session, who, matter=AidMatter.INJURY)).number
    await house.grant(granted)

    assert await withdrawing.withdraw(session, who, AID, channel="portal", now=NOON)

    assert await state_of(session, open_one) is S.CANCELLED
    assert await state_of(session, granted) is S.GRANTED
    assert not await consents.stands(session, who, AID)


async def test_of_a_member_who_withdraws_and_staff_who_decide_one_wins(database: Database) -> None:
    async with database.transaction() as session:
        house = await House(session).hire()
        who, number = await applied(session)

    async def withdraws() -> str:
        async with database.transaction() as session:
            return (await legal_aid.cancel(session, who, number, channel="chat", now=NOON)).state.value

    async def decides() -> str:
        async with database.transaction() as session:
            return (await legal_aid_work.grant(session, number, house.wang, NOON)).case.state.value

    outcomes = await asyncio.gather(withdraws(), decides(), return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, DomainError)]
    assert len(refused) == 1, outcomes
    async with database.reading() as session:
        assert (await state_of(session, number)).value in outcomes


async def test_of_two_who_decide_at_once_one_is_told(database: Database) -> None:
    async with database.transaction() as session:
        house = await House(session).hire()
        _, number = await applied(session)

    async def one(act: Any, *given: Any) -> str:
        async with database.transaction() as session:
            return str((await act(session, number, *given, NOON)).case.state)

    outcomes = await asyncio.gather(
        one(legal_aid_work.grant, house.wang),
        one(legal_aid_work.reject, "不在范围内", house.zhao),
        return_exceptions=True,
    )
    assert sum(isinstance(each, DomainError) for each in outcomes) == 1, outcomes
    async with database.reading() as session:
        assert len(await told(session, case_notices.ANSWERED)) == 1


# --- who carries -------------------------------------------------------------------------------------------


async def test_against_the_company_only_an_outside_lawyer_is_assigned(
    session: AsyncSession, house: House
) -> None:
    employee, _ = await employ(session, "孙律师", Role.LAWYER)
    employee.person_id = (await making.person(session)).person_id
    await making.member(session, "孙律师", person_id=employee.person_id, staff_number="10009")
    _, number = await applied(session, opponent=Opponent.OWN_COMPANY)
    await house.grant(number)

    for nobody in (house.company_lawyer, employee):
        with pytest.raises(DomainError, match="只能指派公司以外的律师"):
            await legal_aid_carrying.assign(session, number, nobody, house.wang, NOON)
    case, row = await look(session, number)
    able = await legal_aid_carrying.list_able(session, case, row, NOON)
    assert [(each.name, bool(why)) for each, why in able] == [
        ("张律师", False),
        ("钱法务", True),
        ("孙律师", True),
    ]
    await legal_aid_carrying.assign(session, number, house.lawyer, house.wang, NOON)
    with pytest.raises(DomainError, match="只能指派公司以外的律师"):
        await legal_aid_carrying.assign(session, number, employee, house.wang, NOON, why="换人")
    assert (await look(session, number))[0].owner_id == house.lawyer.id


async def test_against_others_the_legal_department_may_help(session: AsyncSession, house: House) -> None:
    _, number = await applied(session)
    await house.grant(number)
    await legal_aid_carrying.assign(session, number, house.company_lawyer, house.wang, NOON)

    assert await state_of(session, number) is S.ASSIGNED


async def test_who_is_no_lawyer_carries_nothing(session: AsyncSession, house: House) -> None:
    editor, _ = await employ(session, "李编辑", Role.EDITOR)
    _, number = await applied(session)
    await house.grant(number)

    with pytest.raises(DomainError, match="李编辑不能承办法律援助"):
        await legal_aid_carrying.assign(session, number, editor, house.wang, NOON)


async def test_only_who_was_assigned_works_on_it(session: AsyncSession, house: House) -> None:
    _, number = await applied(session)
    await house.grant(number)
    await legal_aid_carrying.assign(session, number, house.lawyer, house.wang, NOON)

    with pytest.raises(DomainError, match="不是指派给您的"):
        await legal_aid_carrying.begin(session, number, house.wang, NOON)
    await legal_aid_carrying.begin(session, number, house.zhang, NOON)
    assert (await legal_aid_carrying.begin(session, number, house.zhang, NOON)).notice is None
    with pytest.raises(DomainError, match="不是指派给您的"):
        await legal_aid_carrying.conclude(session, number, "办完了", house.wang, NOON)


async def test_another_lawyer_takes_over_with_a_reason(session: AsyncSession, house: House) -> None:
    other, _ = await employ(session, "周律师", Role.LAWYER)
    _, number = await applied(session)
    await house.carry(number)

    with pytest.raises(DomainError, match="改派的原因是空的"):
        await legal_aid_carrying.assign(session, number, other, house.wang, NOON)
    await legal_aid_carrying.assign(session, number, other, house.wang, NOON, why="张律师请假")
    assert (
        await legal_aid_carrying.assign(session, number, other, house.wang, NOON, why="再点一次")
    ).notice is None

    case, _ = await look(session, number)
    assert case.owner_id == other.id and case.state is S.IN_PROGRESS


async def test_a_lawyer_reads_what_is_his_and_who_decides_reads_all(
    session: AsyncSession, house: House
) -> None:
    _, mine = await applied(session)
    _, other = await applied(session)
    await house.carry(mine)

    of_zhang = legal_aid_lists.asked_by(house.zhang, NOON)
    assert [each.case.number for each in await legal_aid_lists.list_open(session, of_zhang)] == [mine]
    assert await legal_aid_lists.count_mine(session, of_zhang) == 1
    with pytest.raises(NotFound):
        await legal_aid_lists.get(session, of_zhang, other)
    of_zhao = legal_aid_lists.asked_by(house.zhao, NOON)
    assert len(await legal_aid_lists.list_open(session, of_zhao)) == 2


# --- what is urgent ----------------------------------------------------------------------------------------


async def test_near_a_deadline_help_comes_first_and_papers_later(session: AsyncSession, house: House) -> None:
    who = (await making.person(session)).person_id
    done = await apply(session, who, dates=Dates(told_on=(NOON + 3 * DAY).date()))
    number = done.number

    assert done.fast_track
    confirmed = (await told(session, case_notices.RECEIVED))[0]
    assert "12348" in confirmed and "12351" in confirmed
    await legal_aid_carrying.assign(
        session, number, house.lawyer, house.wang, NOON, missing="劳动合同", until=UNTIL
    )
    case, row = await look(session, number)
    assert case.state is S.ASSIGNED and row.due_at is None and row.supplement_due_at is not None
    said = (await told(session, case_notices.PROGRESS))[-1]
    assert "12348" in said and "12351" in said and "还要补材料：劳动合同" in said

    _, became = await legal_aid.supply(session, who, number, PAPERS, channel="chat", now=NOON)
    assert became is Supplied.GOES_ON
    case, row = await look(session, number)
    assert case.state is S.ASSIGNED and row.supplement_due_at is None


async def test_preservation_is_urgent_by_itself(session: AsyncSession, house: House) -> None:
    who = (await making.person(session)).person_id

    assert (await apply(session, who, preservation=True)).fast_track


async def test_without_urgency_nobody_is_assigned_before_the_decision(
    session: AsyncSession, house: House
) -> None:
    _, number = await applied(session)

    with pytest.raises(DomainError, match="请先审查、同意援助"):
        await legal_aid_carrying.assign(session, number, house.lawyer, house.wang, NOON)


# --- applying again, and from a consultation ---------------------------------------------------------------


async def test_the_same_form_again_is_the_same_application(session: AsyncSession) -> None:
    who, number = await applied(session)

    again = await apply(session, who)
    other = await apply(session, who, parts=[{"type": "text", "text": "另一件事"}])
    later = await apply(session, who, now=NOON + DAY)

    assert again.again and again.number == number
    assert not other.again and not later.again
    with pytest.raises(DomainError, match="已有 3 件"):
        await apply(session, who, now=NOON + 2 * DAY)


async def test_two_forms_at_once_are_one_application(database: Database) -> None:
    async with database.transaction() as session:
        who = (await making.person(session)).person_id

    async def one() -> str:
        async with database.transaction() as session:
            return (await apply(session, who)).number

    assert len(set(await asyncio.gather(one(), one()))) == 1


async def test_it_is_linked_with_the_consultation_it_comes_from(session: AsyncSession) -> None:
    who = (await making.person(session)).person_id
    asked = await consult(session, who, contact="13812345678")
    done = await apply(session, who, consultation=asked.number)
    again = await apply(session, who, consultation=asked.number, parts=[{"type": "text", "text": "另写的"}])

    case, row = await look(session, done.number)
    assert again.again and again.number == done.number
    assert row.consultation_id == (await case_work.get_case(session, asked.number)).id
    facts = await case_facts.read(session, case, NOON)
    assert ("从咨询转来", asked.number) in facts.rows
    stranger = (await making.person(session)).person_id
    with pytest.raises(NotFound):
        await apply(session, stranger, consultation=asked.number)


async def test_a_promise_is_kept_only_on_its_ground(session: AsyncSession) -> None:
    who, promised = await applied(session)
    exempt = (await apply(session, who, ground=Ground.MIGRANT)).number

    assert (await look(session, promised))[1].promised_at == NOON
    assert (await look(session, exempt))[1].promised_at is None
