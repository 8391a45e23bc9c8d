"""Feedback on activities: asked the next morning of who was there, changed for a week, read from five on."""

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, NotFound
from app.jobs import activity_feedback as asking
from app.services import activity_feedback, closing, exports, feedback_figures, merging
from app.services.feedback_questions import read
from app.services.sign_ups import Applicant
from models import Activity, ActivityState, DeliveryState, FeedbackAnswer, Outbox, Role
from tests import making
from tests.both_ends import OURS, Ends
from tests.checking_in import BEGINS, guest, reads, ticket, today
from tests.checking_in import ends as ends_now
from tests.conftest import NOON
from tests.console_kit import Worker, acts_of, at_work, ends
from tests.portal_member import member
from tests.test_albums import walked
from tests.test_console_activities import told

__all__ = ["ends"]

STARS = {"prompt": "办得怎么样？", "kind": "stars", "options": "", "required": "yes"}
AGAIN = {"prompt": "还想参加吗？", "kind": "choice", "options": "想、不想", "required": "yes"}
WORDS = {"prompt": "说两句", "kind": "text", "options": "", "required": ""}
OVER = BEGINS + timedelta(hours=3)
MORNING = NOON + timedelta(hours=21, minutes=30)  # 9:30 of the next day in China


def tap(label: str, activity: str, score: int) -> str:
    return f"{label}:{activity}:{score}"


async def over(session: AsyncSession, people: int) -> tuple[Activity, Sequence[Applicant]]:
    """An activity with questions that so many came to, and one more had signed up for; people were asked."""
    walk = await today(session, capacity=None)
    here = [await guest(session, walk) for _ in range(people + 1)]
    for entry, _ in here[:people]:
        await reads(session, walk, ticket(entry))
    await activity_feedback.settle(session, walk, [STARS, AGAIN, WORDS])
    await ends_now(session, walk, OVER)
    assert await activity_feedback.list_due(session, MORNING - timedelta(seconds=1), 9) == []
    assert await activity_feedback.list_due(session, MORNING, 9) == [walk.id]
    assert await activity_feedback.ask(session, walk, tap, MORNING) == people
    assert await activity_feedback.ask(session, walk, tap, MORNING) == 0
    return walk, [who for _, who in here]


async def test_from_the_morning_after_to_figures_of_five(session: AsyncSession) -> None:
    walk, people = await over(session, 6)
    assert walk.state is ActivityState.ENDED
    asked = (await session.scalars(sa.select(Outbox).where(Outbox.kind == activity_feedback.ASKED))).all()
    assert {row.person_id for row in asked} == {who.person_id for who in people[:6]}
    absent = people[6].person_id
    with pytest.raises(NotFound):
        await activity_feedback.rate(session, walk, absent, "5", MORNING)

    for who in people[:4]:
        given = {"f1": "5", "f2": "想", "f3": "好"}
        await activity_feedback.give(session, walk, who.person_id, given, MORNING)
    few = await feedback_figures.read(session, walk)
    assert few is not None and (few.answered, few.here, list(few.parts)) == (4, 6, [])
    await activity_feedback.rate(session, walk, people[4].person_id, "1", MORNING)
    await activity_feedback.rate(
        session, walk, people[0].person_id, "4", MORNING
    )  # changed, not counted twice

    enough = await feedback_figures.read(session, walk)
    assert enough is not None and enough.answered == 5
    stars, again, words = enough.parts
    assert stars.mean == pytest.approx((4 + 5 * 3 + 1) / 5)
    assert dict(stars.shares)["5 很满意"] == 3
    assert (again.is_enough, again.shares, words.words) == (False, (), ())  # four said so

    for given, said in (
        ({"f2": "想"}, "还没有答"),
        ({"f1": "6", "f2": "想"}, "1 到 5 分"),
        ({"f1": "5", "f2": "也许"}, "请从这几项里选"),
        ({"f1": "5", "f2": "想", "f3": "好" * 301}, "最多 300 个字"),
    ):
        with pytest.raises(DomainError, match=said):
            await activity_feedback.give(session, walk, people[5].person_id, given, MORNING)
    with pytest.raises(DomainError, match="已经收完"):
        await activity_feedback.rate(session, walk, people[5].person_id, "5", MORNING + timedelta(days=7))


async def test_whose_an_answer_is_is_known_for_a_week_and_only_to_him(session: AsyncSession) -> None:
    walk, people = await over(session, 3)
    one, other, third = [each.person_id for each in people[:3]]
    for who in (one, other, third):
        await activity_feedback.give(session, walk, who, {"f1": "3", "f2": "想"}, MORNING)
    chapters = await exports.gather(session, one, lambda _: "")
    (own,) = [chapter for chapter in chapters if chapter.key == "activity_feedback"]
    assert own.rows[0]["answers"] == {"办得怎么样？": "3", "还想参加吗？": "想"}

    await merging.merge(session, one, other, MORNING)
    assert await session.scalar(sa.select(sa.func.count()).select_from(FeedbackAnswer)) == 2
    await closing.close(session, third, channel="portal", now=MORNING)
    rows = (await session.scalars(sa.select(FeedbackAnswer))).all()
    assert len(rows) == 1
    ids = [row.id for row in rows]
    await session.refresh(walk)
    week = MORNING + timedelta(days=8)
    assert await activity_feedback.forget_who.act(session, ids, week) == 0
    assert await activity_feedback.forget_who.act(session, ids, week + timedelta(days=1)) == 1
    assert await activity_feedback.find_own(session, walk, min(one, other)) == {}


def test_questions_are_read_from_a_form_or_refused() -> None:
    read([STARS, {**WORDS, "prompt": ""}])
    with pytest.raises(DomainError, match="2 到 10 个选项"):
        read([{**AGAIN, "options": "想"}])


async def test_an_organiser_asks_and_people_tap_and_write(ends: Ends) -> None:
    zhao: Worker = await at_work(ends, "赵敏", Role.ORGANISER)
    li, wang = await member(ends, "李娜"), await member(ends, "王强")
    walk, _ = await walked(ends, li, wang)
    at = f"/activities/{walk.public_id}/feedback"
    assert "这次活动办得怎么样？" in await zhao.reads(at)
    refused = await zhao.sends(at, **{key: [AGAIN[key]] for key in AGAIN} | {"options": ["想"]})
    assert refused.status_code == 422 and "2 到 10 个选项" in refused.text
    await zhao.does(at, **{key: [STARS[key], WORDS[key]] for key in STARS})
    assert [each.subject for each in await acts_of(ends, "activity.feedback")] == [walk.public_id]
    async with ends.house.database.transaction() as session:
        entries = await making.entries(session, walk)
        for entry in entries:
            await reads(session, walk, ticket(entry), at=ends.house.clock.now())
    ahead = activity_feedback.asks_at(walk) - ends.house.clock.now()
    await ends.moves_time(seconds=ahead.total_seconds() + 60)
    await ends.house.rounds.once()
    await asking.run(ends.house.database, ends.house.clock)
    asked = await told(ends, activity_feedback.ASKED)
    assert len(asked) == 2 and "谢谢您参加「健步走」" in asked[0]

    await ends.house.rounds.once()
    assert "谢谢您参加「健步走」" in (await li.phone.says("你好")).text  # out of reach until she spoke
    tapped = await li.phone.chooses("5 很满意")
    assert "打了「5 很满意」" in tapped.text and "接着答" in tapped.text
    await wang.phone.opens(f"{OURS}/me", wang.browser)  # a day later everybody signs in anew
    await zhao.signs_in()
    assert "说说这次活动" in await wang.reads(f"/me/sign-ups/{entries[1].public_id}")
    answer = await wang.taps(at, at, f1="4", f2="<b>好</b>")
    assert "记下了" in answer.text and "&lt;b&gt;好" in answer.text
    assert (await wang.taps(at, at, f1="9")).status_code == 422
    shown = await zhao.reads(at)
    assert re.search("答了 2 份", shown) and "样本不足" in shown and "好" not in shown.split("样本不足")[0]
    refused = await zhao.sends(at, **{key: [STARS[key]] for key in STARS})
    assert refused.status_code == 422 and "已经问过大家了" in refused.text
    await ends.moves_time(hours=24 * 7)
    await asking.run(ends.house.database, ends.house.clock)
    async with ends.house.database.reading() as session:
        left = await session.scalars(sa.select(Outbox.state).where(Outbox.kind == activity_feedback.ASKED))
        assert set(left) == {DeliveryState.DELIVERED, DeliveryState.SKIPPED}
    zhang = await member(ends, "张伟")
    assert (await zhang.browser.get(at, headers={"Accept": "text/html"})).status_code == 404
