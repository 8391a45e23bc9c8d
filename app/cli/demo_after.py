"""An activity of the demonstration that is over: its album, what people said of it, and their certificates.

Through the services, as the console and the phones do it. A picture still waits for staff, and somebody on a
phone of the sandbox is still asked how it was.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.assembly import House
from app.cli import demo_pictures
from app.cli.demo_door import check_in, person_id_of
from app.clock import SHANGHAI, civil_date
from app.files import photograph
from app.jobs.activity_feedback import tap
from app.services import (
    activities,
    activity_feedback,
    album_files,
    album_photos,
    album_work,
    albums,
    check_in_codes,
    sign_ups,
)
from app.services.audiences import Facts
from app.services.feedback_questions import USUAL
from app.services.permissions import Standing
from app.services.sign_ups import Applicant
from models import Activity, AlbumSeen

BY: Final = "演示"
TITLE: Final = "秋季登山"
CHECKER: Final = "checker"
# On phones of the sandbox: all of them came. Who is not among `SAID` has not answered yet.
PHONES: Final = ("张伟", "刘洋", "陈静")
COLLEAGUES: Final = ("冯娟", "雷亚萍", "孙宏伟", "田军", "周建平", "寇艳", "白晓东")
SAID: Final[Mapping[str, tuple[str, str]]] = {
    "陈静": ("5", "路线选得好，红叶正当时。"),
    "雷亚萍": ("5", ""),
    "孙宏伟": ("4", "下山那段有点滑，下次带两根绳。"),
    "田军": ("5", "医药箱准备得周到。"),
    "周建平": ("3", "集合太早，北区过来要一个小时。"),
    "寇艳": ("5", ""),
    "白晓东": ("4", "希望春天再来一次。"),
}
GIVER: Final = "刘洋"  # whose picture waits; the last one


async def remember(house: House, known: Mapping[str, Standing]) -> None:
    """Raises: KeyError: nobody of staff checks in."""
    now = house.clock.now()
    async with house.database.transaction() as session:
        walk = await _plan(session, now)
        tickets: dict[str, str] = {}
        people: dict[str, int] = {}
        for name in (*PHONES, *COLLEAGUES):
            person_id = await person_id_of(house, session, name, now)
            if person_id is None:
                continue
            who, before = Applicant(person_id, Facts(), "chat"), walk.starts_at - timedelta(days=3)
            entry = await sign_ups.sign_up(session, walk.id, who, now=before)
            people[name], tickets[name] = person_id, check_in_codes.ticket(entry)
    for minutes, ticket in enumerate(tickets.values()):
        await check_in(house, known[CHECKER], walk, ticket, walk.starts_at - timedelta(minutes=20 - minutes))
    async with house.database.transaction() as session:
        walk = await sign_ups.lock(session, walk.id)
        await activity_feedback.settle(session, walk, USUAL)
        await activities.advance(session, walk, now)
        await _hear(session, walk, people, now)
    await _album(house, walk, people.get(GIVER), now)


async def _plan(session: AsyncSession, now: datetime) -> Activity:
    """The day before yesterday, from 8:00 on."""
    day = civil_date(now) - timedelta(days=2)
    starts = datetime.combine(day, datetime.min.time(), SHANGHAI) + timedelta(hours=8)
    long_ago = starts - timedelta(days=10)
    values: dict[str, Any] = {
        "title": TITLE,
        "summary": "爬桥山，看红叶，中午在山下吃羊肉泡。",
        "place": "桥山登山步道入口",
        "organiser": "公司工会",
        "opens_at": long_ago,
        "closes_at": starts - timedelta(days=1),
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=5),
        "capacity": 30,
        "points": 5,
        "blocks": rich_text.dump(rich_text.from_markdown("穿防滑的鞋，带水。走不动的可以在半山腰等。")),
    }
    walk = await activities.create(session, values, by=BY, now=long_ago)
    return await activities.publish(session, walk.public_id, by=BY, now=long_ago)


async def _hear(session: AsyncSession, walk: Activity, people: Mapping[str, int], now: datetime) -> None:
    """Asked and answered today: who has not yet is asked as soon as the service runs."""
    await activity_feedback.ask(session, walk, tap, now)
    first, second = (f"f{number}" for number in (1, 2))
    for name, (stars, words) in SAID.items():
        if name in people:
            await activity_feedback.give(session, walk, people[name], {first: stars, second: words}, now)


async def _album(house: House, walk: Activity, giver: int | None, now: datetime) -> None:
    """Shown to everybody; all but the last are the organiser's."""
    async with house.database.transaction() as session:
        album = await albums.begin(session, await activities.get(session, walk.public_id), now)
        await albums.settle(session, album, AlbumSeen.EVERYBODY.value, takes=True)
    for number, shot in enumerate(demo_pictures.SHOTS):
        kept = album_files.kept(photograph(demo_pictures.drawn(number)), now)
        await house.files.put_all(kept.parts)
        theirs = giver if number == len(demo_pictures.SHOTS) - 1 else None
        by = BY if theirs is None else album_photos.MEMBER
        async with house.database.transaction() as session:
            photo, _ = await album_photos.add(session, album, kept, by=by, giver_id=theirs, now=now)
            if theirs is None:
                await album_work.describe(session, photo, shot.caption)
