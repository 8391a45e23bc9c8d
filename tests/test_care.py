"""心理疏导 and 健康咨询: bringing one, its clocks, words of danger, who it is, withdrawing, forgetting."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, start_of_day
from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import case_clocks as job
from app.jobs import retention
from app.services import (
    advice,
    care,
    case_clocks,
    case_reporters,
    case_work,
    cases,
    closed_cases,
    consents,
    consultation_work,
    crisis,
    exports,
    own_cases,
    tags,
    withdrawing,
)
from app.services.advice import Added
from app.services.advice_kinds import ADVICE, CARE
from app.services.care_facts import Intake, Wanted, read
from app.services.case_moves import MOVES
from app.services.purposes import COUNSELLING, HEALTH
from app.wechat.incoming import words_in
from models import Care, Case, CaseEntry, CaseKind, CaseReporter, CaseState, CrisisAlert, Outbox
from tests import caring
from tests.caring import bring, look
from tests.conftest import NOON, FakeClock
from tests.consulting import consult, person

S = CaseState
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WORDS = [{"type": "text", "text": "昨晚又没睡着"}]
DARK = [{"type": "text", "text": "我不想活了"}]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# --- bringing one ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intake", "number", "due"),
    [
        (caring.COUNSEL, "XL-2026-0001", "2026-11-24 09:00"),
        (caring.HEALTH, "JK-2026-0001", "2026-11-24 15:30"),
    ],
)
async def test_each_has_its_number_and_its_promise(
    session: AsyncSession, intake: Intake, number: str, due: str
) -> None:
    li = await person(session)

    brought = await bring(session, li, intake)

    assert (brought.opened.number, brought.urgent) == (number, False)
    case, facts = await look(session, number)
    assert (case.kind, case.topic, case.state) == (intake.kind, intake.topic.value, S.SUBMITTED)
    assert case.answer_due_at == at(due)
    assert facts.consent_at == start_of_day(NOON)  # the minute would lead to the message
    assert await consents.stands(session, li, care.PURPOSES[case.kind])
    assert not case.anonymous and case.branch_id is None


async def test_a_name_to_go_by_is_all_that_is_asked(session: AsyncSession) -> None:
    li = await person(session)
    named = await bring(session, li, wanted=Wanted.CALL, contact="13812345678")
    nameless = await bring(session, li, called="")

    _, facts = await look(session, named.opened.number)
    assert read(facts) == [("怎么称呼", "小雨"), ("希望", "想通电话")]
    assert await case_work.open_contact(session, named.opened.number, "周咨询师", NOON) == "13812345678"
    _, facts = await look(session, nameless.opened.number)
    assert read(facts) == [("希望", "打字回复就行")]
    with pytest.raises(DomainError, match="没有留电话"):
        await case_work.open_contact(session, nameless.opened.number, "周咨询师", NOON)


async def test_health_says_since_when_and_whether_a_doctor_knows(session: AsyncSession) -> None:
    brought = await bring(session, await person(session), caring.HEALTH)

    case, facts = await look(session, brought.opened.number)
    assert read(facts) == [("希望", "打字回复就行"), ("从什么时候起", "上个月"), ("在看的医生", "没有")]
    assert cases.topic_of(case) == "体检报告"


async def test_words_about_people_are_sealed(database: Database) -> None:
    async with database.transaction() as session:
        await bring(session, await person(session))

    async with database.reading() as session:
        kept = sa.type_coerce(Care.details, sa.LargeBinary), sa.type_coerce(CaseEntry.blocks, sa.LargeBinary)
        joined = sa.select(*kept).join(CaseEntry, CaseEntry.case_id == Care.case_id)
        details, blocks = (await session.execute(joined)).one()
    assert "小雨".encode() not in details and "夜班".encode() not in blocks


def test_what_the_mind_is_told_never_speaks_of_treating() -> None:
    texts = [
        getattr(COUNSELLING, name) for name in ("why", "kinds", "seen_by", "kept", "refusing", "sensitive")
    ]
    said = "".join([*texts, ADVICE[CaseKind.COUNSELLING].caution])

    assert "治疗" not in said and "诊断" not in said
    assert "12356" in ADVICE[CaseKind.COUNSELLING].caution
    assert "不能代替诊断和处方" in ADVICE[CaseKind.HEALTH].caution and "不能代替诊断和处方" in HEALTH.question
    assert COUNSELLING.is_sensitive and HEALTH.is_sensitive and "1 年" in COUNSELLING.kept


# --- clocks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "asked", "due"),
    [
        ("counselling", "2026-11-23 09:00", "2026-11-23 15:30"),  # noon is no office time
        ("health", "2026-11-23 09:00", "2026-11-24 10:00"),
        ("counselling", "2026-11-27 17:00", "2026-11-30 11:30"),  # over the weekend
        ("health", "2026-11-28 10:00", "2026-12-01 09:30"),  # on one
        ("counselling", "2026-02-13 17:00", "2026-02-14 11:30"),  # a Saturday worked before the holidays
        ("health", "2026-02-14 15:00", "2026-02-24 16:00"),  # over the whole of Spring Festival
        ("counselling", "2026-10-01 03:00", "2026-10-08 15:00"),
    ],
)
def test_only_office_hours_count(kind: str, asked: str, due: str) -> None:
    found = case_clocks.answer_due(CaseKind(kind), at(asked))
    assert found == at(due)


@dataclass
class Days:
    """One case of Monday 9:00, and days that pass."""

    database: Database
    clock: FakeClock
    person: int = 0
    number: str = ""

    async def begin(self, intake: Intake) -> None:
        self.clock.set(at("2026-11-23 09:00"))
        async with self.database.transaction() as session:
            self.person = await person(session)
            self.number = (await bring(session, self.person, intake, now=self.clock.now())).opened.number

    async def asks(self) -> None:
        async with self.database.transaction() as session:
            await consultation_work.ask(session, self.number, "睡得着吗？", "周咨询师", self.clock.now())

    async def answers(self, text: str = "先好好休息。") -> None:
        async with self.database.transaction() as session:
            await case_work.answer(session, self.number, text, "周咨询师", self.clock.now())

    async def adds(self) -> Added:
        async with self.database.transaction() as session:
            now = self.clock.now()
            return await care.add(session, self.person, self.number, WORDS, channel="chat", now=now)

    async def passes(self, time: timedelta) -> None:
        self.clock.advance(time.total_seconds())
        await job.run(self.database, self.clock)

    async def case(self) -> Case:
        async with self.database.reading() as session:
            return await case_work.get_case(session, self.number)

    async def told(self) -> list[str]:
        async with self.database.reading() as session:
            rows = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
            return [dict(row.payload)["content"] for row in rows]  # type: ignore[call-overload]


@pytest.fixture
async def days(database: Database, clock: FakeClock) -> AsyncIterator[Days]:
    yield Days(database, clock)


@pytest.mark.parametrize("intake", [caring.COUNSEL, caring.HEALTH])
async def test_a_question_back_stops_our_clock_reminds_and_ends(days: Days, intake: Intake) -> None:
    await days.begin(intake)
    named = ADVICE[intake.kind]
    await days.asks()
    assert (await days.case()).answer_due_at is None

    await days.passes(7 * DAY)
    await days.passes(7 * DAY)

    asked, reminded, ended = await days.told()
    assert f"{named.adviser}想再问您：\n睡得着吗？" in asked and f"「{named.go_on}」" in asked
    assert f"还等您补充，{named.adviser}才好接着办" in reminded and f"「{named.go_on}」" in reminded
    assert "14 天没有收到补充，先办结了" in ended
    assert (await days.case()).state is S.CLOSED


async def test_what_was_left_of_our_time_goes_on(days: Days) -> None:
    await days.begin(caring.HEALTH)  # until Tuesday 10:00
    await days.passes(2 * HOUR)
    await days.asks()
    await days.passes(2 * DAY)

    assert await days.adds() is Added.GOES_ON  # Wednesday 11:00, six hours left

    assert (await days.case()).answer_due_at == at("2026-11-26 10:00")


@pytest.mark.parametrize("intake", [caring.COUNSEL, caring.HEALTH])
async def test_it_ends_by_itself_and_opens_again_within_a_week(days: Days, intake: Intake) -> None:
    await days.begin(intake)
    await days.answers()
    await days.passes(6 * DAY)
    assert (await days.case()).state is S.ANSWERED
    await days.passes(1 * DAY)
    assert (await days.case()).state is S.CLOSED
    await days.passes(6 * DAY)

    assert await days.adds() is Added.REOPENED

    case = await days.case()
    assert (case.state, case.closed_at) == (S.REOPENED, None)
    assert case.answer_due_at == case_clocks.answer_due(intake.kind, days.clock.now())


async def test_after_a_week_it_is_over(days: Days) -> None:
    await days.begin(caring.COUNSEL)
    await days.answers()
    await days.passes(7 * DAY)
    await days.passes(7 * DAY)

    with pytest.raises(DomainError, match="不能再补充"):
        await days.adds()


async def test_a_broken_promise_is_seen(days: Days) -> None:
    await days.begin(caring.COUNSEL)
    await days.passes(DAY)

    assert (await days.case()).overdue


async def test_every_answer_carries_its_caution_once(days: Days) -> None:
    await days.begin(caring.COUNSEL)
    await days.answers()
    await days.answers("难受就打 12356。")

    first, second = await days.told()
    assert first.endswith("有答复了：\n先好好休息。\n需要马上有人陪时，请打 12356。")
    assert second.endswith("难受就打 12356。")


@pytest.mark.parametrize("kind", [CaseKind.CONSULTATION, *CARE])
def test_the_longest_answer_fits_one_message(kind: CaseKind) -> None:
    case = Case(kind=kind, number="XL-2026-00001")
    whole = f"您的{kind.label} {case.number} 有答复了：\n{case_work.with_caveat(case, '答' * 600)}"
    assert len(whole.encode()) <= 2048


def test_all_three_kinds_move_alike() -> None:
    assert MOVES[CaseKind.CONSULTATION] == MOVES[CaseKind.COUNSELLING] == MOVES[CaseKind.HEALTH]


# --- danger ----------------------------------------------------------------------------------------------


async def test_words_of_danger_come_before_all_others(session: AsyncSession) -> None:
    li = await person(session)
    plain = (await bring(session, li)).opened.number
    dark = await bring(session, await person(session), parts=DARK, now=NOON + HOUR)
    assert dark.urgent

    found = await case_work.list_cases(session, kind=CaseKind.COUNSELLING)

    assert [case.number for case in found] == [dark.opened.number, plain]


async def test_danger_said_later_or_elsewhere_counts_too(session: AsyncSession) -> None:
    li, wang = await person(session), await person(session)
    number = (await bring(session, li)).opened.number
    await care.add(session, li, number, DARK, channel="chat", now=NOON + HOUR)
    assert (await look(session, number))[1].urgent

    await crisis.alert(session, wang, "m|1", "chat", "活着没意思", NOON)
    assert (await bring(session, wang, caring.HEALTH, now=NOON + 6 * DAY)).urgent
    await session.execute(sa.update(CrisisAlert).values(state="taken"))
    assert not (await bring(session, wang, caring.HEALTH, now=NOON + 8 * DAY)).urgent


# --- who it is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("intake", [caring.COUNSEL, caring.HEALTH])
async def test_who_it_is_opens_in_danger_alone(session: AsyncSession, intake: Intake) -> None:
    li = await person(session)
    number = (await bring(session, li, intake)).opened.number
    case = await case_work.get_case(session, number)

    with pytest.raises(DomainError, match="答应过本人不查是谁：有人有生命危险时才能看"):
        await case_reporters.reveal(session, case, "想当面聊聊", "周咨询师", NOON)
    with pytest.raises(DomainError, match="答应过本人不查是谁"):
        await tags.give(session, number, "重点关注", "王强", NOON)
    with pytest.raises(DomainError, match="请写明为什么要看"):
        await case_reporters.reveal(session, case, " ", "周咨询师", NOON, danger=True)

    known = await case_reporters.reveal(session, case, "说要跳楼", "周咨询师", NOON, danger=True)
    assert known.person
    note = cases.text_of((await case_work.list_entries(session, case))[-1])
    assert note == "查看了当事人是谁（说明有生命危险）：说要跳楼"


async def test_an_open_alert_opens_it_too(session: AsyncSession) -> None:
    li = await person(session)
    case = await case_work.get_case(session, (await bring(session, li)).opened.number)
    await crisis.alert(session, li, "m|1", "chat", "不想活了", NOON)

    assert (await case_reporters.reveal(session, case, "马上去家里", "周咨询师", NOON)).person

    await session.execute(sa.update(CrisisAlert).values(state="taken"))
    with pytest.raises(DomainError, match="答应过"):
        await case_reporters.reveal(session, case, "再看看", "周咨询师", NOON + 8 * DAY)


async def test_a_named_legal_case_opens_as_before(session: AsyncSession) -> None:
    li = await person(session)
    case = await case_work.get_case(session, (await consult(session, li)).number)

    assert (await case_reporters.reveal(session, case, "要签字", "张律师", NOON)).person


# --- one's own -------------------------------------------------------------------------------------------


async def test_another_persons_case_does_not_exist(session: AsyncSession) -> None:
    number = (await bring(session, await person(session))).opened.number
    wang = await person(session)

    with pytest.raises(NotFound, match="我的疏导"):
        await advice.get_mine(session, wang, number, *CARE)
    with pytest.raises(NotFound):
        await care.add(session, wang, number, WORDS, channel="chat", now=NOON)
    with pytest.raises(NotFound):
        await care.cancel(session, wang, number, channel="chat", now=NOON)


async def test_a_legal_case_is_not_reached_by_this_door(session: AsyncSession) -> None:
    li = await person(session)
    number = (await consult(session, li)).number

    with pytest.raises(NotFound):
        await advice.get_mine(session, li, number, *CARE)


async def test_withdrawing_twice_is_once_and_answered_ones_stay(session: AsyncSession) -> None:
    li = await person(session)
    number = (await bring(session, li)).opened.number
    assert (await care.cancel(session, li, number, channel="chat", now=NOON)).state is S.CANCELLED
    await care.cancel(session, li, number, channel="chat", now=NOON)
    answered = (await bring(session, li)).opened.number
    await case_work.answer(session, answered, "好好休息。", "周咨询师", NOON)

    with pytest.raises(DomainError, match="不用撤销了"):
        await care.cancel(session, li, answered, channel="chat", now=NOON)


async def test_taking_consent_back_withdraws_that_kind_alone(session: AsyncSession) -> None:
    li = await person(session)
    counsel = (await bring(session, li)).opened.number
    health = (await bring(session, li, caring.HEALTH)).opened.number

    await withdrawing.withdraw(session, li, COUNSELLING, channel="chat", now=NOON)

    assert (await look(session, counsel))[0].state is S.CANCELLED
    assert (await look(session, health))[0].state is S.SUBMITTED
    assert not await consents.stands(session, li, COUNSELLING)
    assert await consents.stands(session, li, HEALTH)


async def test_more_is_told_and_read_on_pages_too(session: AsyncSession) -> None:
    li = await person(session)
    number = (await bring(session, li)).opened.number
    case = (await look(session, number))[0]
    assert own_cases.doors_of(case, NOON).may_add
    assert own_cases.how_to_add(case) == "还要补充，请在公众号里回复「补充疏导」。"

    words = [{"type": "text", "text": "我不想活了"}]
    await own_cases.add(session, li, case, words, channel="api", now=NOON)
    await case_work.answer(session, number, "我在。", "周咨询师", NOON)

    entries = await cases.list_thread(session, case)
    assert own_cases.told(case, entries[-1]) == ("咨询师答复", "我在。")
    assert (await look(session, number))[1].urgent


async def test_an_export_has_it_all(session: AsyncSession) -> None:
    li = await person(session)
    await bring(session, li)

    found = {chapter.key: chapter for chapter in await exports.gather(session, li, words_in)}

    (own,) = found["cases"].rows
    assert own["answers"] == {"怎么称呼": "小雨", "希望": "打字回复就行"}
    assert own["kind"] == "心理疏导" and own["thread"][0]["words"] == "连着值夜班，心里烦"


async def test_referring_takes_a_consent_of_its_own(session: AsyncSession) -> None:
    number = (await bring(session, await person(session))).opened.number
    with pytest.raises(DomainError, match="单独同意"):
        await consultation_work.refer(session, number, "市中心医院", "", "周咨询师", NOON)

    done = await consultation_work.refer(session, number, "市中心医院", "今天同意", "周咨询师", NOON)

    case, facts = await look(session, number)
    assert case.state is S.REFERRED and facts.referral_consent_at == NOON
    assert ("转介到", "市中心医院") in read(facts) and ("怎么称呼", "小雨") in read(facts)
    assert "12356" in dict(done.notice.payload)["content"]  # type: ignore[call-overload]


# --- forgetting ------------------------------------------------------------------------------------------


async def test_a_year_after_its_end_nothing_is_left_of_it(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as session:
        li = await person(session)
        number = (await bring(session, li, now=clock.now())).opened.number
        legal = (await consult(session, li, now=clock.now())).number
        for each in (number, legal):
            await case_work.answer(session, each, "好。", "周咨询师", clock.now())
            await case_work.close(session, each, "周咨询师", clock.now())

    clock.advance((closed_cases.ONE_YEAR - HOUR).total_seconds())
    await retention.run(database, clock)
    async with database.reading() as session:
        assert (await look(session, number))[1].details is not None

    clock.advance(HOUR.total_seconds())
    await retention.run(database, clock)
    async with database.reading() as session:
        case, facts = await look(session, number)
        assert facts.details is None and read(facts) == []
        assert {str(each.blocks) for each in await case_work.list_entries(session, case)} == {"[]"}
        left = sa.select(Case.number).join(CaseReporter, CaseReporter.case_id == Case.id)
        assert list(await session.scalars(left)) == [legal]  # three years
