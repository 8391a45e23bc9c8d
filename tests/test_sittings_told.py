"""Several sittings as people hear of them: reminders, changes, calling off, calendars, posters; and how they
are planned by file, in a series, and as a copy.
"""

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date
from app.errors import DomainError, OperatorError
from app.services import (
    activities,
    activity_files,
    activity_series,
    activity_words,
    calendar_files,
    participants,
    poster_words,
    sitting_forms,
    sittings,
)
from app.services.form_words import NotWhole
from app.services.permissions import Standing
from models import Activity, DeliveryState, Outbox, Poster, SignUpState
from tests.checking_in import guest, reads, ticket
from tests.conftest import NOON
from tests.test_sittings import DAY, EVENINGS, FIRST, HOUR, WEEK, changed, course, evening

ADDRESS = "https://gh.example.cn/activities/x"


async def told(session: AsyncSession, person_id: int, kind: str, *, all_: bool = False) -> Sequence[Outbox]:
    mine = sa.select(Outbox).where(Outbox.person_id == person_id, Outbox.kind == f"activities.{kind}")
    if not all_:
        mine = mine.where(Outbox.state == DeliveryState.QUEUED)
    return (await session.scalars(mine.order_by(Outbox.due_at, Outbox.id))).all()


def words(row: Outbox) -> str:
    payload: Any = row.payload
    return str(payload["content"])


# --- reminders and changes ---------------------------------------------------------------------------------


async def test_each_sitting_is_reminded_of_the_day_before_and_two_hours_before(session: AsyncSession) -> None:
    made = await course(session)
    _, who = await guest(session, made)

    rows = await told(session, who.person_id, "reminder")

    ten = [each.replace(hour=10) - DAY for each in (one.astimezone(SHANGHAI) for one in EVENINGS)]
    shortly = [each - 2 * HOUR for each in EVENINGS]
    assert [row.due_at for row in rows] == sorted([*ten, *shortly])
    assert words(rows[0]).startswith("提醒您：「书法课」第 1 次，明天 19:00，职工活动中心。\n来不了请回复")
    assert (
        words(rows[3]) == "提醒您：「书法课」第 2 次，今天 19:00，职工活动中心。"
    )  # nobody can cancel any more


async def test_of_a_sitting_that_is_moved_or_taken_away_nobody_is_reminded_as_it_was(
    session: AsyncSession,
) -> None:
    made = await course(session)
    entry, who = await guest(session, made)
    await guest(session, made)
    await reads(session, made, ticket(entry), at=FIRST)  # who has come once comes again, and hears of it
    one, two, _ = made.sittings
    now = FIRST + HOUR

    moved = {**sittings.shifted([two], DAY)[0], "place": "三楼"}
    assert await participants.count_live(session, made) == 2
    assert await changed(session, made, now, sittings=[one, moved]) == 2

    (change,) = await told(session, who.person_id, "changed")
    assert words(change) == (
        "「书法课」的时间或地点改了，现在是共 2 次：11月25日、12月3日 19:00，职工活动中心。"
    )
    rows = await told(session, who.person_id, "reminder")
    ahead = [row for row in rows if row.due_at is not None and row.due_at > now]
    assert [row.due_at for row in ahead] == [
        (EVENINGS[1] + DAY).astimezone(SHANGHAI).replace(hour=10) - DAY,
        EVENINGS[1] + DAY - 2 * HOUR,
    ]
    assert "第 2 次，明天 19:00，三楼" in words(ahead[0])
    assert entry.state is SignUpState.CHECKED_IN


async def test_saving_what_it_says_already_tells_nobody(session: AsyncSession) -> None:
    made = await course(session)
    await guest(session, made)

    assert await changed(session, made, NOON, sittings=list(reversed(made.sittings)), title="书法") == 0


async def test_called_off_in_the_middle_keeps_what_was_come_to(session: AsyncSession) -> None:
    made = await course(session)
    came, one = await guest(session, made)
    absent, other = await guest(session, made)
    await reads(session, made, ticket(came), at=FIRST)

    how: Any = {"by": "王强", "reason": "老师病了", "now": FIRST + DAY}
    assert await activities.call_off(session, made.public_id, **how) == 2

    assert (came.state, absent.state) == (SignUpState.CHECKED_IN, SignUpState.CANCELLED)
    (his,) = await told(session, one.person_id, "called_off")
    assert words(his) == "很抱歉，「书法课」以后几次取消了。原因：老师病了。您参加过的仍然算数。"
    (hers,) = await told(session, other.person_id, "called_off")
    assert "（共 3 次：11月25日、12月2日、9日 19:00）取消了" in words(hers)
    for who in (one, other):
        rows = await told(session, who.person_id, "reminder")
        assert rows == [] or all(row.due_at and row.due_at <= FIRST + DAY for row in rows)


async def test_calendar_and_poster_have_each_sitting_and_the_first(session: AsyncSession) -> None:
    made = await course(session, evening(FIRST), evening(FIRST + DAY, title="结课", place="三楼"))

    file = calendar_files.made(made, ADDRESS, NOON).decode().replace("\r\n ", "")

    assert file.count("BEGIN:VEVENT") == file.count("END:VEVENT") == 2
    assert "SUMMARY:书法课 第 2 次（结课）" in file and "LOCATION:三楼" in file
    assert f"DTSTART:{FIRST.astimezone(UTC):%Y%m%dT%H%M%SZ}" in file
    names = {line for line in file.splitlines() if line.startswith("UID:")}
    assert names == {f"UID:{made.public_id}-{each.key}@gh.example.cn" for each in sittings.of(made)}
    said = poster_words.words_of(made, Poster(place="", code=""), "黄陵供电工会")
    assert said.facts[0] == ("时间", "11月25日（周三）19:00—21:00，共 2 次")
    facts = await activity_words.facts(session, made)
    assert facts["分几次"].splitlines()[1] == "第 2 次（结课）：2026-11-26 19:00 到 2026-11-26 21:00，三楼"


# --- planning otherwise ------------------------------------------------------------------------------------


async def test_dates_of_a_series_have_their_sittings_on_their_own_days(session: AsyncSession) -> None:
    made = await course(session)
    by = Standing(1, "王强", ())
    later = civil_date(FIRST) + timedelta(days=70)

    (copy,) = await activity_series.make(
        session, made.public_id, [later], opens_along=True, version=made.version, by=by, now=NOON
    )

    assert [each.starts_at for each in sittings.of(copy)] == [each + 70 * DAY for each in EVENINGS]
    assert [row["key"] for row in copy.sittings] == [row["key"] for row in made.sittings]
    assert copy.ends_at == made.ends_at + 70 * DAY


def test_a_copy_keeps_the_days_between_and_takes_the_clock_of_the_first() -> None:
    like = Activity(
        sittings=[evening(each, key=f"k{n}") for n, each in enumerate(EVENINGS)], check_in_minutes=0
    )
    rows = sitting_forms.without_times(sitting_forms.rows_of(like))
    with pytest.raises(NotWhole, match="请写第 1 次的开始时间，后面的按原来的间隔排"):
        sitting_forms.followed(rows, like)
    rows[0]["starts"] = "2027-03-01T18:30"
    rows[2]["starts"] = "2027-03-20T09:00"  # said otherwise

    found = sitting_forms.followed(rows, like)

    assert [(row["starts"], row["ends"]) for row in found] == [
        ("2027-03-01T18:30", "2027-03-01T20:30"),
        ("2027-03-08T18:30", "2027-03-08T20:30"),
        ("2027-03-20T09:00", "2027-03-20T11:00"),
    ]


FILE = """
title: 书法课
opens: "+0 00:00"
closes: "+5 18:00"
sessions:
  - {starts: "+14 19:00", ends: "+14 21:00", title: 行书}
  - {starts: "+7 19:00", ends: "+7 21:00", place: 三楼}
"""


async def test_a_file_may_say_them(session: AsyncSession, tmp_path: Path) -> None:
    file = tmp_path / "course.yaml"
    file.write_text(FILE, "utf-8")
    (planned,) = activity_files.load(file)

    made = await activities.create(session, planned.values(date(2026, 11, 23)), by="王强", now=NOON)

    first, second = sittings.of(made)
    assert (first.place, second.title) == ("三楼", "行书")
    assert (made.starts_at, made.ends_at) == (first.starts_at, second.ends_at)
    assert first.starts_at + WEEK == second.starts_at
    many = FILE.partition("sessions")[0] + "sessions:\n"
    many += "".join(f'  - {{starts: "+{7 + day} 19:00", ends: "+{7 + day} 21:00"}}\n' for day in range(31))
    file.write_text(many, "utf-8")
    (crowd,) = activity_files.load(file)
    with pytest.raises(DomainError, match="一个活动最多 30 次"):
        await activities.create(session, crowd.values(date(2026, 11, 23)), by="王强", now=NOON)
    for wrong, why in (
        (FILE + 'starts: "+7 19:00"\n', "写了 sessions，就不写 starts 和 ends"),
        (FILE.partition("sessions")[0], "要写 starts 和 ends，或者写 sessions"),
        (FILE.replace("title: 行书", "hall: 二楼"), "sessions.0.hall"),
    ):
        file.write_text(wrong, "utf-8")
        with pytest.raises(OperatorError, match=why):
            activity_files.load(file)
