"""What people think of a finished case: who is asked and when, and what becomes of their answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import SHANGHAI
from app.database import Database
from app.errors import DomainError, NotFound
from app.jobs import case_clocks
from app.jobs import case_ratings as job
from app.services import (
    case_ratings,
    case_work,
    cases,
    closed_cases,
    consultations,
    crisis,
    quiet_hours,
    rating_invitations,
    rating_notices,
)
from app.services.case_lists import DESK
from app.services.permissions import Scope
from models import (
    Case,
    CaseEntry,
    CaseKind,
    CaseRating,
    CaseState,
    DeliveryState,
    EntryKind,
    Outbox,
    Role,
)
from tests.conftest import FakeClock
from tests.consulting import WORDS, consult, person
from tests.test_case_owners import employ

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOSTILE = "<script>alert(1)</script>=1+1"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class Story:
    """One person, cases, and hours that pass; begins on Monday at nine."""

    database: Database
    clock: FakeClock
    person: int = 0
    numbers: list[str] = field(default_factory=list)

    @property
    def number(self) -> str:
        return self.numbers[-1]

    async def brings(self, kind: CaseKind = CaseKind.FEEDBACK, **given: Any) -> str:
        now = self.clock.now()
        async with self.database.transaction() as session:
            self.person = self.person or await person(session)
            if kind is CaseKind.CONSULTATION:
                opened = await consult(session, self.person, now=now)
            else:
                opened = await cases.open_case(
                    session, kind, self.person, None, blocks=WORDS, now=now, **given
                )
        self.numbers.append(opened.number)
        return opened.number

    async def answered(self) -> None:
        async with self.database.transaction() as session:
            await case_work.answer(session, self.number, "修好了。", "赵敏", self.clock.now())

    async def closed(self) -> None:
        async with self.database.transaction() as session:
            await case_work.close(session, self.number, "赵敏", self.clock.now())

    async def done(self, kind: CaseKind = CaseKind.FEEDBACK, **given: Any) -> str:
        """Brought, answered and closed."""
        await self.brings(kind, **given)
        await self.answered()
        await self.closed()
        return self.number

    async def passes(self, time: timedelta) -> int:
        self.clock.advance(time.total_seconds())
        return await job.run(self.database, self.clock)

    async def rates(self, score: int, number: str = "") -> CaseRating:
        async with self.database.transaction() as session:
            now, number = self.clock.now(), number or self.number
            return (await case_ratings.rate(session, self.person, number, score, now)).rating

    async def row(self) -> CaseRating | None:
        async with self.database.reading() as session:
            case = await case_work.get_case(session, self.number)
            return await rating_invitations.find(session, case)

    async def asked(self) -> list[tuple[str, DeliveryState]]:
        chosen = sa.select(Outbox.kind, Outbox.state).where(Outbox.kind.startswith("ratings."))
        async with self.database.reading() as session:
            return [(kind, state) for kind, state in await session.execute(chosen.order_by(Outbox.id))]

    async def notes(self) -> list[str]:
        async with self.database.reading() as session:
            case = await case_work.get_case(session, self.number)
            entries = await case_work.list_entries(session, case)
            return [cases.text_of(each) for each in entries if each.kind is EntryKind.NOTE]


INVITED, REMINDED = "ratings.invited", "ratings.reminded"
QUEUED, SKIPPED = DeliveryState.QUEUED, DeliveryState.SKIPPED


@pytest.fixture
async def story(database: Database, clock: FakeClock) -> AsyncIterator[Story]:
    clock.set(at("2026-11-23 12:00"))
    yield Story(database, clock)


# --- asking ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [CaseKind.DESK, CaseKind.FEEDBACK, CaseKind.CONSULTATION])
async def test_asked_an_hour_after_closing_and_once_more_after_two_days(story: Story, kind: CaseKind) -> None:
    number = await story.done(kind)

    assert await story.passes(HOUR - timedelta(seconds=1)) == 0
    assert await story.passes(timedelta(seconds=1)) == 1
    assert await story.passes(timedelta()) == 0
    assert await story.asked() == [(INVITED, QUEUED)]
    async with story.database.reading() as session:
        sent = (await session.scalars(sa.select(Outbox).where(Outbox.kind == INVITED))).one()
    payload: Any = sent.payload
    words = payload["content"]
    assert sent.person_id == story.person and not sent.urgent
    assert words.startswith(f"您的{kind.label} {number} 办结了。办得怎么样？")
    assert [line.partition(">")[2][:1] for line in words.splitlines()[1:-1]] == list("54321")
    assert f"rating.give%3Fvote%3D5-{number}" in words or f"rating.give?vote=5-{number}" in words
    assert words.endswith("11月30日 12:00 前可以评，也可以改。")

    assert await story.passes(48 * HOUR - timedelta(seconds=1)) == 0
    assert await story.passes(timedelta(seconds=1)) == 1
    assert await story.passes(timedelta()) == 0
    assert await story.asked() == [(INVITED, SKIPPED), (REMINDED, QUEUED)], "one of them is enough"

    await story.passes(5 * DAY)
    assert await story.passes(30 * DAY) == 0
    assert await story.asked() == [(INVITED, SKIPPED), (REMINDED, SKIPPED)], "over after a week"


async def test_who_has_rated_is_not_reminded(story: Story) -> None:
    await story.done()
    await story.passes(HOUR)
    await story.rates(5)

    assert await story.passes(3 * DAY) == 0
    assert [kind for kind, _ in await story.asked()] == [INVITED]


async def test_closed_late_in_the_evening_it_is_asked_in_the_morning(story: Story) -> None:
    story.clock.set(at("2026-11-23 20:30"))
    await story.done()

    assert await story.passes(HOUR) == 0
    assert await story.passes(at("2026-11-24 07:59") - story.clock.now()) == 0
    assert quiet_hours.is_quiet(story.clock.now())
    assert await story.passes(timedelta(minutes=1)) == 1
    assert await story.asked() == [(INVITED, QUEUED)]


async def test_what_ends_by_itself_is_asked_about_by_nobody(story: Story) -> None:
    await story.brings(CaseKind.CONSULTATION)
    await story.answered()
    story.clock.advance((8 * DAY).total_seconds())
    assert await case_clocks.run(story.database, story.clock) == 1

    assert await story.row() is None
    assert await story.passes(2 * HOUR) == 0


async def test_neither_is_what_was_never_answered_or_unnamed_or_asks_for_a_correction(story: Story) -> None:
    await story.brings(CaseKind.DESK)
    await story.closed()  # a talk without a written word
    assert await story.row() is None

    await story.done(anonymous=True)
    assert await story.row() is None, "an hour after the closing would tell whose it is"

    await story.brings(CaseKind.DESK, topic=cases.CORRECTION)
    await story.answered()
    async with story.database.transaction() as session:
        case = await case_work.get_case(session, story.number, lock=True)
        await case_work.end(session, case, "赵敏", story.clock.now(), channel="console")
    assert await story.row() is None


@pytest.mark.parametrize("when", ["before it", "while it waits to be read", "before the reminder"])
async def test_who_was_in_danger_lately_is_spared(story: Story, when: str) -> None:
    async def danger() -> None:
        async with story.database.transaction() as session:
            await crisis.alert(session, story.person, "k", "chat", "不想活了", story.clock.now())

    await story.done()
    if when == "before it":
        await danger()
    await story.passes(HOUR)
    if when != "before it":
        assert await story.asked() == [(INVITED, QUEUED)]
        await danger()

    await story.passes(2 * DAY)

    assert await story.asked() == ([] if when == "before it" else [(INVITED, SKIPPED)])
    if when == "before it":
        with pytest.raises(DomainError, match="现在不能评价了"):
            await story.rates(5)
    story.clock.advance((31 * DAY).total_seconds())
    await story.done()
    await story.passes(HOUR)
    assert (await story.asked())[-1] == (INVITED, QUEUED), "a month later it is a case like others"


async def test_opened_again_nobody_is_asked_until_it_is_closed_again(story: Story) -> None:
    await story.done(CaseKind.CONSULTATION)
    await story.passes(HOUR)
    async with story.database.transaction() as session:
        now = story.clock.now()
        await consultations.add(session, story.person, story.number, WORDS, channel="chat", now=now)

    assert await story.asked() == [(INVITED, SKIPPED)]
    with pytest.raises(DomainError, match="现在不能评价了"):
        await story.rates(5)
    assert await story.passes(3 * DAY) == 0

    await story.answered()
    await story.closed()
    await story.passes(HOUR)
    assert await story.asked() == [(INVITED, SKIPPED), (INVITED, QUEUED)]
    assert (await story.rates(4)).score == 4


async def test_a_crash_before_the_commit_and_two_at_once_ask_once(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story.done()
    story.clock.advance(3600)
    real = rating_notices.tell

    def dies(*given: Any) -> None:
        real(*given)
        raise RuntimeError("power cut")

    monkeypatch.setattr(rating_notices, "tell", dies)
    await job.run(story.database, story.clock)  # kept back, logged, and tried again in the next round
    assert await story.asked() == []
    monkeypatch.setattr(rating_notices, "tell", real)

    await asyncio.gather(*(job.run(story.database, story.clock) for _ in range(2)))

    assert await story.asked() == [(INVITED, QUEUED)]


# --- rating ------------------------------------------------------------------------------------------------


async def test_a_second_score_takes_the_place_of_the_first_until_the_week_is_over(story: Story) -> None:
    number = await story.done()
    with pytest.raises(DomainError, match="现在不能评价了"):
        await story.rates(5)  # made up: nobody has asked yet
    await story.passes(HOUR)

    assert (await story.rates(5)).score == 5
    assert (await story.rates(5, number.lower())).score == 5
    story.clock.advance((7 * DAY - HOUR).total_seconds() - 1)
    assert (await story.rates(4)).score == 4
    story.clock.advance(1)
    with pytest.raises(DomainError, match=f"{number} 现在不能评价了：办结后 7 天内可以评"):
        await story.rates(3)

    async with story.database.reading() as session:
        assert list(await session.scalars(sa.select(CaseRating.score))) == [4]
    assert await story.notes() == []


async def test_made_up_ones_are_refused(story: Story) -> None:
    number = await story.done()
    await story.passes(HOUR)
    async with story.database.transaction() as session:
        stranger = await person(session)
    for score in (0, 6, -1, 10**20):
        with pytest.raises(DomainError, match="1 到 5 分"):
            await story.rates(score)
    for who, what in ((stranger, number), (story.person, "LY-2026-9999"), (story.person, "")):
        with pytest.raises(NotFound, match="没有记下"):
            async with story.database.transaction() as session:
                await case_ratings.rate(session, who, what, 5, story.clock.now())

    row = await story.row()
    assert row is not None and row.score is None


async def test_words_go_with_a_score_and_are_sealed(story: Story) -> None:
    await story.done()
    await story.passes(HOUR)

    async def says(words: str) -> None:
        async with story.database.transaction() as session:
            await case_ratings.say(session, story.person, story.number, words, story.clock.now())

    with pytest.raises(DomainError, match="请先点一个分数"):
        await says("等了太久")
    await story.rates(3)
    for words in ("  ", "长" * 301):
        with pytest.raises(DomainError, match="1 到 300 个字"):
            await says(words)
    await says("等了太久")
    await says(HOSTILE)

    row = await story.row()
    assert row is not None and row.words == HOSTILE
    async with story.database.reading() as session:
        case = await case_work.get_case(session, story.number)
        assert await case_ratings.of_cases(session, [case]) == {case.id: f"3 一般：{HOSTILE}"}
        raw = await session.scalar(sa.select(sa.type_coerce(CaseRating.words, sa.LargeBinary)))
        assert b"script" not in bytes(raw or b"")


# --- who was not satisfied ---------------------------------------------------------------------------------


async def unhappy(story: Story) -> int:
    async with story.database.reading() as session:
        return await case_ratings.count_waiting(session, DESK.holds, Scope(everything=True))


async def test_of_a_bad_score_those_hear_who_may_answer(story: Story) -> None:
    async with story.database.transaction() as session:
        wechat, other = await person(session), await person(session)
        await employ(session, "赵敏", Role.UNION_ADMIN, person_id=wechat)
        await employ(session, "王编辑", Role.EDITOR, person_id=other)
    number = await story.done()
    await story.passes(HOUR)

    await story.rates(2)
    await story.rates(1)  # still bad: nothing new
    assert await unhappy(story) == 1
    await story.rates(4)
    assert await unhappy(story) == 0
    await story.rates(1)

    async with story.database.reading() as session:
        told = (await session.scalars(sa.select(Outbox).where(Outbox.kind == "staff.unhappy"))).all()
    assert [each.person_id for each in told] == [wechat, wechat]
    assert told[0].payload == {
        "type": "text",
        "content": f"留言 {number} 的评价是不满意，请到工作台看，再回访本人。",
    }
    assert await story.notes() == ["本人评价：2 不太满意", "本人评价：1 不满意"]
    assert await unhappy(story) == 1


async def test_a_call_back_settles_it_once(story: Story) -> None:
    await story.done()
    await story.passes(HOUR)

    async def calls(what: str) -> None:
        async with story.database.transaction() as session:
            case = await case_work.get_case(session, story.number, lock=True)
            await case_ratings.call_back(session, case, what, "赵敏", story.clock.now())

    with pytest.raises(DomainError, match="不用回访"):
        await calls("打过电话")
    await story.rates(1)
    for what in (" ", "长" * 201):
        with pytest.raises(DomainError, match="1 到 200 个字"):
            await calls(what)
    await calls("打过电话，另派人去修")
    await calls("又打了一次")

    assert await unhappy(story) == 0
    assert await story.notes() == ["本人评价：1 不满意", "已回访：打过电话，另派人去修"]


async def test_opened_again_it_is_looked_after_and_the_score_stands(story: Story) -> None:
    await story.done(CaseKind.CONSULTATION)
    await story.passes(HOUR)
    await story.rates(2)
    async with story.database.transaction() as session:
        now = story.clock.now()
        await consultations.add(session, story.person, story.number, WORDS, channel="chat", now=now)

    row = await story.row()
    assert row is not None and row.score == 2 and not row.waits_for_call


# --- figures and the end -----------------------------------------------------------------------------------


async def test_an_average_of_fewer_than_ten_people_is_shown_to_nobody(story: Story) -> None:
    async def averages() -> dict[CaseKind, case_ratings.Average]:
        async with story.database.reading() as session:
            since = story.clock.now() - case_ratings.LATELY
            return dict(await case_ratings.averages(session, since))

    story.clock.set(at("2026-11-24 08:30"))  # eleven hours until it is quiet
    for score in (5, 5, 5, 5, 4, 4, 4, 3, 2):
        story.person = 0
        await story.done()
        await story.passes(HOUR)
        await story.rates(score)
    await story.done()
    await story.passes(HOUR)
    await story.rates(1)
    assert await averages() == {}, "ten ratings of nine people"

    story.person = 0
    await story.done()
    await story.passes(HOUR)
    await story.rates(5)
    found = await averages()

    assert found.keys() == {CaseKind.FEEDBACK}
    assert (found[CaseKind.FEEDBACK].people, round(found[CaseKind.FEEDBACK].score, 2)) == (10, 3.91)
    story.clock.advance((91 * DAY).total_seconds())
    assert await averages() == {}


async def test_what_was_said_goes_with_the_words_of_the_case_and_the_score_stays(story: Story) -> None:
    await story.done()
    await story.passes(HOUR)
    await story.rates(2)
    async with story.database.transaction() as session:
        await case_ratings.say(session, story.person, story.number, "等了太久", story.clock.now())
        case = await case_work.get_case(session, story.number, lock=True)
        await closed_cases.empty(session, [case.id])

    row = await story.row()
    assert row is not None and (row.score, row.words) == (2, None)
    assert await story.passes(3 * DAY) == 0
    async with story.database.reading() as session:
        entries = await session.scalars(sa.select(CaseEntry))
        assert all(each.blocks == [] for each in entries)
        assert (await session.scalars(sa.select(Case.state))).one() is CaseState.CLOSED
