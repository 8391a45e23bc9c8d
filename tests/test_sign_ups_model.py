"""Sign-ups against a model that is simple enough to believe: whatever people do, in whatever order."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from app.errors import DomainError
from app.services import activities, sign_up_changes, sign_ups, waiting_lists
from models import Activity, Again, SignUp
from tests import making
from tests.conftest import NOON

PEOPLE = 5
LATELY = PEOPLE - 1  # who was at one of the kind, and waits behind all others
START = NOON + timedelta(days=2)
CLOSES = NOON + timedelta(days=1, hours=18)
CHANGES = NOON + timedelta(days=1, hours=12)  # until when
HELD = ("confirmed", "offered")

who = st.integers(0, PEOPLE - 1)
act = st.one_of(
    st.tuples(st.just("sign_up"), who, st.integers(1, 2)),
    st.tuples(st.just("crowd"), who, st.integers(1, 2)),  # everybody, beginning with him, in one transaction
    st.tuples(st.just("change"), who, st.integers(1, 2)),
    st.tuples(st.sampled_from(("cancel", "accept", "decline")), who, st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from((0.5, 2, 6, 13)), st.just(0)),  # hours
    st.tuples(st.just("capacity"), st.integers(0, 4), st.just(0)),
)


@dataclass
class Model:
    """The rules of the waiting list, in few lines."""

    capacity: int
    state: dict[int, str] = field(default_factory=dict)
    seats: dict[int, int] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)  # the order of signing up
    until: dict[int, datetime] = field(default_factory=dict)  # of an offer
    turn: "count[int]" = field(default_factory=count)

    def left(self) -> int:
        return max(0, self.capacity - sum(self.seats[p] for p, s in self.state.items() if s in HELD))

    def settle(self, now: datetime) -> None:
        for person, state in self.state.items():
            if state == "offered" and self.until[person] <= now:
                self.state[person] = "offer_expired"
        if now >= START:
            return
        for person in sorted(self.state, key=lambda p: (p == LATELY, self.since[p])):
            if person == LATELY and now < CLOSES:
                continue
            if self.state[person] == "waitlisted" and self.seats[person] <= self.left():
                self.state[person] = "offered"
                self.until[person] = _until(now)

    def do(self, name: str, person: int, seats: int, now: datetime) -> bool:
        """Whether it is granted."""
        self.settle(now)
        state = self.state.get(person)
        if name == "sign_up":
            return self.signs_up(person, state, seats, now)
        if state is None:
            return False
        if name == "change":
            if not self.changes(person, state, seats, now):
                return False
        elif name == "cancel":
            if state in ("confirmed", "offered", "waitlisted"):
                if now >= START:
                    return False
                self.state[person] = "cancelled"
        elif name == "accept":
            if state not in HELD:
                return False
            self.state[person] = "confirmed"
        elif state == "offered":
            self.state[person] = "declined"
        elif state not in ("declined", "offer_expired"):
            return False
        self.settle(now)
        return True

    def signs_up(self, person: int, state: str | None, seats: int, now: datetime) -> bool:
        if state in ("confirmed", "offered", "waitlisted"):
            return True
        if now >= CLOSES:
            return False
        fits = seats <= self.left() and person != LATELY
        self.state[person] = "confirmed" if fits else "waitlisted"
        self.seats[person], self.since[person] = seats, next(self.turn)
        return True

    def changes(self, person: int, state: str, seats: int, now: datetime) -> bool:
        """Where as many or fewer come nobody loses his place."""
        more = seats - self.seats[person]
        if state not in ("confirmed", "waitlisted") or now >= CHANGES:
            return False
        if state == "confirmed" and more > self.left():
            return False
        if state == "waitlisted" and more > 0:
            self.since[person] = next(self.turn)
        self.seats[person] = seats
        return True


def _until(now: datetime) -> datetime:
    """Told by day; twelve hours, or two within a day of the start; never beyond the start."""
    local = now.astimezone(NOON.tzinfo)
    if local.hour >= 21:
        local = (local + timedelta(days=1)).replace(hour=8, minute=0)
    elif local.hour < 8:
        local = local.replace(hour=8, minute=0)
    hours = 2 if START - local <= timedelta(hours=24) else 12
    return min(local + timedelta(hours=hours), START)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(capacity=st.integers(0, 3), acts=st.lists(act, min_size=8, max_size=40))
def test_whatever_people_do_the_list_is_what_the_model_says(
    database_url: str, capacity: int, acts: list[tuple[str, int, int]]
) -> None:
    asyncio.run(_play(database_url, capacity, acts))


async def _play(url: str, capacity: int, acts: list[tuple[str, int, int]]) -> None:
    database = Database(url)
    try:
        async with database.transaction() as session:
            people = [await making.person(session) for _ in range(PEOPLE)]
            kind: dict[str, Any] = {"kind_of": "疗休养", "apart_months": 12, "again": Again.BEHIND}
            before = await making.activity(session, "华山疗养", **kind)
            await sign_ups.sign_up(session, before.id, people[LATELY], now=NOON)
            times: dict[str, Any] = {"starts_at": START, "closes_at": CLOSES, "changes_until": CHANGES}
            trip = await making.activity(session, capacity=capacity, guests=1, **times, **kind)
        model, now = Model(capacity), NOON
        for name, number, seats in acts:
            now += timedelta(minutes=1)  # no two come at the same moment
            if name == "wait":
                now += timedelta(hours=number)
                await _round(database, trip, now)
                model.settle(now)
            elif name == "capacity":
                async with database.transaction() as session:
                    await activities.set_capacity(session, trip.public_id, number, now=now)
                model.capacity = number
                model.settle(now)
            elif name == "crowd":
                order = [(number + step) % PEOPLE for step in range(PEOPLE)]
                let_in = await _crowd(database, trip, [people[each] for each in order], seats, now)
                assert let_in == [model.do("sign_up", each, seats, now) for each in order]
            else:
                granted = await _ask(database, trip, name, people[number], seats, now)
                assert granted == model.do(name, number, seats, now), (name, number)
            async with database.reading() as session:
                assert await _states(session, trip, people) == model.state
    finally:
        await database.close()


async def _ask(
    database: Database, trip: Activity, name: str, who: sign_ups.Applicant, seats: int, now: datetime
) -> bool:
    """A refusal is rolled back, as the dialogue engine does."""
    try:
        async with database.transaction() as session:
            if name == "sign_up":
                await sign_ups.sign_up(session, trip.id, who, seats=seats, now=now)
            elif name == "change":
                await sign_up_changes.change(session, trip.id, who, seats=seats, answers={}, now=now)
            else:
                await getattr(sign_ups, name)(session, trip.id, who, now=now)
    except DomainError:
        await _round(database, trip, now)  # as the timer does soon
        return False
    return True


async def _crowd(
    database: Database, trip: Activity, crowd: list[sign_ups.Applicant], seats: int, now: datetime
) -> list[bool]:
    let_in = []
    async with database.transaction() as session:
        for who in crowd:
            try:
                await sign_ups.sign_up(session, trip.id, who, seats=seats, now=now)
            except DomainError:
                let_in.append(False)
            else:
                let_in.append(True)
    return let_in


async def _round(database: Database, trip: Activity, now: datetime) -> None:
    async with database.transaction() as session:
        activity = await sign_ups.lock(session, trip.id)
        await activities.advance(session, activity, now)
        await waiting_lists.settle(session, activity, now)


async def _states(session: AsyncSession, trip: Activity, people: list[sign_ups.Applicant]) -> dict[int, str]:
    found: list[SignUp | None] = [
        await sign_ups.find_own(session, trip.id, person.person_id) for person in people
    ]
    return {number: entry.state.value for number, entry in enumerate(found) if entry is not None}
