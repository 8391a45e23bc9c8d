"""An activity of the demonstration that is under way at this moment: people with tickets, some already there.

Through the services, as phones at a door do it. Colleagues who follow on no phone of the sandbox stand in the
roster alone.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.assembly import House
from app.cli.demo_office import acts
from app.cli.demo_story import openid_of
from app.services import activities, check_in_codes, check_ins, sign_ups
from app.services.audiences import Facts
from app.services.audit import does
from app.services.check_ins import Scan
from app.services.permissions import Standing
from app.services.sign_ups import Applicant
from models import Activity, Follower, Member, Person

BY: Final = "checker"
TITLE: Final = "职工趣味运动会"
BEGAN: Final = timedelta(minutes=40)
LASTS: Final = timedelta(hours=10)  # so that there is time to try it
# On phones of the sandbox, with seats; the first two can still be checked in.
ON_PHONES: Final = {"张伟": 3, "刘洋": 1, "陈静": 2}
# Colleagues, with seats; the first five were there in time, the next two came late.
COLLEAGUES: Final = {
    "雷亚萍": 1, "孙宏伟": 2, "田军": 1, "周建平": 1, "寇艳": 3, "白晓东": 1, "张小燕": 2, "段雪": 1,
    "惠婷婷": 1, "任军旗": 2, "高建军": 1, "贺小红": 1,
}  # fmt: skip
IN_TIME, LATE = 5, 2


async def open_door(house: House, known: Mapping[str, Standing]) -> None:
    """Raises: KeyError: nobody of staff checks in."""
    now = house.clock.now()
    async with house.database.transaction() as session:
        activity = await _plan(session, now)
        tickets: dict[str, str] = {}
        for name, seats in (ON_PHONES | COLLEAGUES).items():
            person_id = await person_id_of(house, session, name, now)
            if person_id is None:
                continue
            who = Applicant(person_id, Facts(), "chat")
            before = now - timedelta(days=2)
            entry = await sign_ups.sign_up(session, activity.id, who, seats=seats, now=before)
            tickets[name] = check_in_codes.ticket(entry)
    here = [*list(COLLEAGUES)[: IN_TIME + LATE], "陈静"]
    for place, name in enumerate(here):
        if name in tickets:
            minutes = 15 - 2 * place if place < IN_TIME else -8 - place
            await check_in(
                house, known[BY], activity, tickets[name], activity.starts_at - timedelta(minutes=minutes)
            )


async def _plan(session: AsyncSession, now: datetime) -> Activity:
    """Announced three days ago; began a while ago."""
    starts = now.replace(second=0, microsecond=0) - BEGAN
    long_ago = now - timedelta(days=3)
    values: dict[str, Any] = {
        "title": TITLE,
        "summary": "拔河、跳绳、袋鼠跳，家属也来。",
        "place": "职工活动中心广场",
        "organiser": "公司工会",
        "opens_at": long_ago,
        "closes_at": starts - timedelta(hours=1),
        "starts_at": starts,
        "ends_at": starts + LASTS,
        "capacity": 60,
        "guests": 3,
        "blocks": rich_text.dump(
            rich_text.from_markdown("穿运动鞋来。进场请出示票码，或者扫现场屏幕上的码。")
        ),
    }
    activity = await activities.create(session, values, by="演示", now=long_ago)
    return await activities.publish(session, activity.public_id, by="演示", now=long_ago)


async def person_id_of(house: House, session: AsyncSession, name: str, now: datetime) -> int | None:
    """Somebody on a phone, or a colleague of that name; None: there is nobody."""
    if name in ON_PHONES:
        theirs = sa.select(Follower.person_id).where(Follower.openid == openid_of(house, name))
        return await session.scalar(theirs)
    member = await session.scalar(sa.select(Member).where(Member.name == name).limit(1))
    if member is None or member.person_id is not None:
        return None if member is None else member.person_id
    person = Person(created_at=now)
    session.add(person)
    await session.flush()
    member.person_id, member.bound_at = person.id, now
    return person.id


async def check_in(house: House, who: Standing, activity: Activity, ticket: str, at: datetime) -> None:
    async with acts(house, who) as session:
        scan = Scan(f"demo-{ticket[:16]}", ticket, at)
        told = await check_ins.scan(session, activity.id, scan, by=who.name, now=at)
        if told.entry is not None:
            does(
                session,
                "activity.check_in",
                told.entry.public_id,
                activity=activity.public_id,
                answer=told.answer,
            )
