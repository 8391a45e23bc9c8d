"""Several dates made from one activity: each its own, changed and called off alone or with all later ones."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date, shanghai
from app.database import Database
from app.errors import DomainError
from app.services import activities, activity_series, series_rows, sign_ups
from app.services.activities import ChangedMeanwhile
from app.services.permissions import Grant, Standing
from models import Activity, ActivityState, Outbox, Role, SignUp
from tests import making
from tests.conftest import NOON

ZHAO = Standing(1, "赵敏", (Grant(Role.ORGANISER),))
DAYS = [date(2026, 12, 7), date(2026, 12, 14), date(2026, 12, 21)]  # behind the first, 11月30日
WEEK = timedelta(days=7)


async def series(session: AsyncSession, days: Sequence[date] = DAYS, **given: Any) -> list[Activity]:
    """Announced, by their time."""
    first = await making.activity(session, "太极班", **given)
    made = await activity_series.make(
        session, first.public_id, days, opens_along=False, version=first.version, by=ZHAO, now=NOON
    )
    for each in made:
        await activities.publish(session, each.public_id, by="赵敏", now=NOON)
    return [first, *made]


async def signs_up(session: AsyncSession, activity: Activity) -> SignUp:
    return await sign_ups.sign_up(session, activity.id, await making.person(session), now=NOON)


def values(activity: Activity, **given: Any) -> dict[str, Any]:
    """What the form hands in: everything, some of it changed."""
    names = ("title", "summary", "place", "blocks", "questions", "capacity", *activity_series.TIMES)
    return {name: getattr(activity, name) for name in names} | given


async def changed(session: AsyncSession, activity: Activity, **given: Any) -> tuple[int, int]:
    return await activity_series.change(
        session, activity.public_id, values(activity, **given), version=activity.version, by=ZHAO, now=NOON
    )


async def told(session: AsyncSession, kind: str) -> list[str]:
    rows = await session.scalars(sa.select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id))
    return [str(row.payload["content"]) for row in rows]  # type: ignore[index]


async def test_each_date_is_an_activity_of_its_own(session: AsyncSession) -> None:
    first, *others = await series(session, capacity=1, place="二楼", changes_until=NOON + WEEK)

    assert [civil_date(each.starts_at) for each in others] == DAYS
    assert {each.series for each in others} == {first.series} and first.series
    assert len({each.public_id for each in (first, *others)}) == 4
    assert all(each.ends_at - each.starts_at == timedelta(hours=3) for each in others)
    assert all(shanghai(each.starts_at).hour == 14 and each.place == "二楼" for each in others)
    assert {each.opens_at for each in others} == {first.opens_at}
    assert others[0].closes_at == first.closes_at + WEEK
    assert [each.changes_until for each in others] == [NOON + times * WEEK for times in (2, 3, 4)]
    await changed(session, first, changes_until=NOON)
    assert [each.changes_until for each in others] == [NOON + times * WEEK for times in (1, 2, 3)]
    assert (await signs_up(session, first)).state == (await signs_up(session, others[0])).state


async def test_the_same_request_twice_makes_them_once(session: AsyncSession) -> None:
    first, *_ = await series(session)

    again = await activity_series.make(
        session, first.public_id, DAYS, opens_along=False, version=1, by=ZHAO, now=NOON
    )
    more = await activity_series.make(
        session,
        first.public_id,
        [DAYS[0], DAYS[2] + WEEK],
        opens_along=True,
        version=first.version,
        by=ZHAO,
        now=NOON,
    )

    assert again == [] and [civil_date(each.starts_at) for each in more] == [DAYS[2] + WEEK]
    assert more[0].opens_at == first.opens_at + 4 * WEEK and more[0].state is ActivityState.DRAFT
    assert len(await series_rows.all_of(session, first)) == 5


async def test_what_makes_no_series_is_refused(session: AsyncSession) -> None:
    first = await making.activity(session)

    async def make(days: Sequence[date], version: int = first.version) -> object:
        return await activity_series.make(
            session, first.public_id, days, opens_along=True, version=version, by=ZHAO, now=NOON
        )

    with pytest.raises(DomainError, match="2026-11-20 已经过了"):
        await make([DAYS[0], date(2026, 11, 20)])
    with pytest.raises(DomainError, match="同一天写了两次"):
        await make([DAYS[0], DAYS[0]])
    with pytest.raises(DomainError, match="最多 52 场"):
        await make([DAYS[0] + timedelta(days=each) for each in range(52)])
    with pytest.raises(ChangedMeanwhile):
        await make(DAYS, first.version - 1)
    await activities.call_off(session, first.public_id, by="赵敏", now=NOON)
    with pytest.raises(DomainError, match="已取消，不能照它做成系列"):
        await make(DAYS, first.version)


async def test_two_at_once_make_each_date_once(database: Database) -> None:
    async with database.transaction() as session:
        first = await making.activity(session)
        code, version = first.public_id, first.version

    async def make() -> int:
        async with database.transaction() as session:
            made = await activity_series.make(
                session, code, DAYS, opens_along=True, version=version, by=ZHAO, now=NOON
            )
            return len(made)

    assert sorted(await asyncio.gather(make(), make())) == [0, 3]
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 4


async def test_a_change_goes_to_this_one_and_all_later_ones(session: AsyncSession) -> None:
    first, second, third, last = await series(session)
    for each in (first, second, third, third, last):
        await signs_up(session, each)
    await activities.change(
        session, last.public_id, values(last, place="礼堂"), version=last.version, by="赵敏", now=NOON
    )
    counted = await activity_series.count_live(
        session, await activity_series.later(session, second, ZHAO, NOON)
    )
    assert counted == 3

    moved = {name: getattr(second, name) + timedelta(hours=2) for name in activity_series.TIMES[2:]}
    assert await changed(session, second, summary="穿运动鞋。", **moved) == (4, 2)

    assert [shanghai(each.starts_at).hour for each in (first, second, third, last)] == [14, 16, 16, 16]
    assert civil_date(last.starts_at) == DAYS[2] and last.place == "礼堂"  # its own place stays
    assert [each.summary for each in (first, last)] == ["", "穿运动鞋。"]
    assert len(await told(session, "activities.changed")) == 5  # one of the hall before
    assert await changed(session, second) == (0, 0)


async def test_what_a_later_one_refuses_changes_none(database: Database) -> None:
    async with database.transaction() as session:
        first, second, *_ = await series(session)
        await signs_up(session, second)
        code, names = first.public_id, [each.public_id for each in (first, second)]

    asked = [{"key": "size", "prompt": "尺码", "kind": "text"}]
    with pytest.raises(DomainError, match="2026-12-07 那一场：已经有人报名，报名问题不能再改"):
        async with database.transaction() as session:
            await changed(session, await activities.get(session, code), questions=asked, title="八段锦")

    async with database.reading() as session:
        assert {(await activities.get(session, each)).title for each in names} == {"太极班"}


async def test_what_has_begun_or_belongs_to_another_branch_is_left_alone(session: AsyncSession) -> None:
    north, south = [
        await making.branch(session, f"黄陵供电公司工会/{each}分工会") for each in ("北区", "南区")
    ]
    first, second, third, last = await series(session, branch_id=north.id)
    third.branch_id = south.id
    wu = Standing(2, "吴刚", (Grant(Role.ORGANISER, north.id, north.lineage, frozenset({north.id})),))
    await session.flush()

    assert await activity_series.later(session, first, wu, NOON) == [second, last]
    during = second.starts_at + timedelta(hours=1)
    assert await activity_series.later(session, first, wu, during) == [last]


async def test_calling_off_this_one_and_all_later_ones(session: AsyncSession) -> None:
    first, second, third, last = await series(session)
    for each in (first, second, last):
        await signs_up(session, each)

    async def call_off() -> tuple[int, int]:
        return await activity_series.call_off(session, second.public_id, by=ZHAO, reason="场馆检修", now=NOON)

    assert await call_off() == (2, 2) and await call_off() == (0, 0)

    states = [each.state for each in (first, second, third, last)]
    assert states == [ActivityState.REGISTRATION_OPEN, *[ActivityState.CANCELLED] * 3]
    words = await told(session, "activities.called_off")
    assert len(words) == 2 and all("场馆检修" in each for each in words)
    again = await activity_series.make(
        session, first.public_id, DAYS[:1], opens_along=True, version=first.version, by=ZHAO, now=NOON
    )
    assert len(again) == 1  # the day is free again


async def test_a_list_shows_a_series_once(session: AsyncSession) -> None:
    first, second, *_ = await series(session)
    alone = await making.activity(session, "登山", starts_at=NOON + timedelta(days=10))

    async def listed(days: int = 0) -> list[Activity]:
        return list(await activities.list_ahead(session, NOON + timedelta(days=days), 10, once=True))

    assert await listed() == [first, alone]
    assert await listed(6) == [alone, second]  # the first takes no sign-ups any more
    assert len(await activities.list_ahead(session, NOON, 10)) == 5
    assert await series_rows.count_ahead(session, [first.series, "", first.series], NOON) == {first.series: 4}
    await activities.call_off(session, first.public_id, by="赵敏", now=NOON)
    chosen = series_rows.once(sa.select(Activity).order_by(Activity.id), NOON)
    assert list(await session.scalars(chosen)) == [second, alone]
