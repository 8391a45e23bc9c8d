"""An activity that takes place today, people with tickets, and phones at its door: for tests of check-in."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import activities, check_in_codes, check_ins, sign_ups
from app.services.check_ins import Outcome, Scan
from app.services.sign_ups import Applicant
from models import Activity, SignUp
from tests import making
from tests.conftest import NOON

BEGINS = NOON + timedelta(hours=1)
DOOR = NOON + timedelta(minutes=30)  # somebody stands there
_numbers = count(1)


async def today(session: AsyncSession, title: str = "健步走", **given: Any) -> Activity:
    """Starts in an hour, lasts three; whoever comes may sign up until then."""
    values = {"starts_at": BEGINS, "closes_at": BEGINS, "capacity": 10, "guests": 3, **given}
    return await making.activity(session, title, **values)


async def guest(
    session: AsyncSession, activity: Activity, name: str = "", *, seats: int = 1, now: datetime = NOON
) -> tuple[SignUp, Applicant]:
    """Somebody who has signed up; with a name one of the roster."""
    who = await making.person(session)
    if name:
        await making.member(session, name, staff_number=f"3{next(_numbers):04}", person_id=who.person_id)
    return await sign_ups.sign_up(session, activity.id, who, seats=seats, now=now), who


async def reads(
    session: AsyncSession,
    activity: Activity,
    words: str,
    *,
    at: datetime = DOOR,
    by: str = "赵敏",
    **given: Any,
) -> Outcome:
    """A phone at the door reads `words`; each time it is another scan, unless `request_id` says otherwise."""
    request_id = given.pop("request_id", f"scan-{next(_numbers):08}")
    now = given.pop("now", at)
    read = Scan(request_id, words, at, **given)
    return await check_ins.scan(session, activity.id, read, by=by, now=now)


async def ends(session: AsyncSession, activity: Activity, now: datetime) -> None:
    await activities.advance(session, await sign_ups.lock(session, activity.id), now)


def ticket(entry: SignUp) -> str:
    """As its QR code has it."""
    return f"https://gh.example.cn/t/{check_in_codes.ticket(entry)}"
