"""Posters of activities: named by the place where they hang, scanned, counted, and whom each brought.

A scan is remembered with its person for as long as a sign-up is put down to it; then only that there was one
(`forget_who`). Not here: making the codes and the pictures (`app.jobs.posters`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import DomainError, NotFound
from app.services.coordination import upsert
from app.services.forgetting import Ids, Rule, Where, change
from models import LIVE, Activity, ActivityState, Poster, PosterScan, SignUp, SignUpState

SCENE: Final = "poster."  # before the public id, in the scene of its code
MOST: Final = 20  # of one activity
LONGEST: Final = 20  # characters of a place
PUT_DOWN_FOR: Final = timedelta(days=14)  # a sign-up so long after a scan came by that poster
TEMPORARY: Final = timedelta(days=30)  # the longest a temporary code may live; wechat-platform.md 11.1
LINGERS: Final = timedelta(days=7)  # posters hang on for a while, and what is over says so
CAME: Final = LIVE | {SignUpState.NO_SHOW}  # who signed up and did not take it back


@dataclass(frozen=True, slots=True)
class Counted:
    """What one poster brought: people, not times. `poster` None: who signed up without one."""

    poster: Poster | None
    scanned: int = 0
    followed: int = 0
    signed_up: int = 0

    @property
    def place(self) -> str:
        return self.poster.place if self.poster is not None else "没有扫海报"


async def add(session: AsyncSession, activity: Activity, place: str, now: datetime) -> Poster:
    """A poster for one more place. The same place twice is one.

    Raises: DomainError: no place, too long a name, too many of them, or nothing to hang a poster for.
    """
    place = " ".join(place.split())
    if not place:
        raise DomainError("请写海报贴在哪里，例如 食堂门口。")
    if len(place) > LONGEST:
        raise DomainError(f"张贴地点最多 {LONGEST} 个字。")
    if not may_hang(activity, now):
        raise DomainError(f"「{activity.title}」{activity.state.label}，不用再贴海报。")
    there = await list_all(session, activity)
    for poster in there:
        if poster.place == place:
            return poster
    if len(there) >= MOST:
        raise DomainError(f"一个活动最多 {MOST} 个张贴地点。")
    poster = Poster(activity_id=activity.id, place=place, created_at=now)
    session.add(poster)
    await session.flush()
    return poster


def may_hang(activity: Activity, now: datetime) -> bool:
    """Published, and still to come."""
    return activity.is_ahead(now)


async def remove(session: AsyncSession, poster: Poster) -> int | None:
    """Take back one that nobody scanned. Returns the file that nobody needs any more.

    Raises: DomainError: somebody scanned it; it hangs.
    """
    scans = sa.select(PosterScan.id).where(PosterScan.poster_id == poster.id).limit(1)
    if await session.scalar(scans) is not None:
        raise DomainError(f"「{poster.place}」的海报已经有人扫过，不能删。")
    file_id = poster.file_id
    await session.delete(poster)
    await session.flush()
    return file_id


async def list_all(session: AsyncSession, activity: Activity) -> Sequence[Poster]:
    """In the order in which they were named."""
    chosen = sa.select(Poster).where(Poster.activity_id == activity.id).order_by(Poster.id)
    return (await session.scalars(chosen)).all()


async def get(session: AsyncSession, activity: Activity, public_id: str) -> Poster:
    """Raises: NotFound."""
    chosen = sa.select(Poster).where(Poster.activity_id == activity.id, Poster.public_id == public_id)
    poster = await session.scalar(chosen)
    if poster is None:
        raise NotFound("没有找到这张海报。")
    return poster


def scene(poster: Poster) -> str:
    """What its code carries: 23 characters of the 64 there may be."""
    return f"{SCENE}{poster.public_id}"


def code_seconds(activity: Activity, now: datetime) -> int | None:
    """How long a code made now should live; None: for good, of which an account has 100,000 in all."""
    if activity.ends_at + LINGERS <= now + TEMPORARY:
        return int(TEMPORARY.total_seconds())
    return None


def wants_code(activity: Activity, poster: Poster) -> bool:
    """None yet, or one that WeChat forgets before the activity is over: it was moved."""
    return not poster.code or (poster.code_until is not None and poster.code_until < activity.ends_at)


# --- scanned -----------------------------------------------------------------------------------------------


async def scanned(
    session: AsyncSession, said: str, person_id: int, *, followed: bool, now: datetime
) -> Activity | None:
    """Count the scan of a code with the scene `said`; its activity, or None where it is no poster's.

    Somebody who scans the same poster again is not counted again, but comes by it anew.
    """
    if not said.startswith(SCENE):
        return None
    named = sa.select(Poster).where(Poster.public_id == said.removeprefix(SCENE))
    poster = await session.scalar(named)
    if poster is None:
        return None
    activity = await session.get_one(Activity, poster.activity_id)
    once = upsert(session, PosterScan).values(
        poster_id=poster.id, person_id=person_id, followed=followed, scanned_at=now
    )
    again = {"scanned_at": once.excluded.scanned_at}
    await session.execute(once.on_conflict_do_update(index_elements=["poster_id", "person_id"], set_=again))
    return activity


async def are_there(session: AsyncSession, activity_id: int) -> bool:
    found = sa.select(Poster.id).where(Poster.activity_id == activity_id).limit(1)
    return await session.scalar(found) is not None


async def came_by(session: AsyncSession, activity_id: int, person_id: int, now: datetime) -> int | None:
    """The poster of this activity that the person scanned last, if that is not long ago."""
    return await session.scalar(
        sa.select(Poster.id)
        .join(PosterScan, PosterScan.poster_id == Poster.id)
        .where(
            PosterScan.person_id == person_id,
            PosterScan.scanned_at > now - PUT_DOWN_FOR,
            Poster.activity_id == activity_id,
        )
        .order_by(PosterScan.scanned_at.desc(), PosterScan.id.desc())
        .limit(1)
    )


async def count(session: AsyncSession, activity: Activity) -> list[Counted]:
    """By poster, and last who signed up without one; no line of those where there is no poster at all."""
    posters = await list_all(session, activity)
    if not posters:
        return []
    followed = sa.func.sum(sa.case((PosterScan.followed, 1), else_=0))
    scans = await session.execute(
        sa.select(PosterScan.poster_id, sa.func.count(), followed)
        .where(PosterScan.poster_id.in_([each.id for each in posters]))
        .group_by(PosterScan.poster_id)
    )
    seen = {poster_id: (int(people), int(new)) for poster_id, people, new in scans.all()}
    entries = await session.execute(
        sa.select(SignUp.poster_id, sa.func.count())
        .where(SignUp.activity_id == activity.id, SignUp.state.in_(CAME))
        .group_by(SignUp.poster_id)
    )
    came = {poster_id: int(people) for poster_id, people in entries.all()}
    lines = [Counted(each, *seen.get(each.id, (0, 0)), came.get(each.id, 0)) for each in posters]
    return [*lines, Counted(None, signed_up=came.get(None, 0))]


HEADS: Final = ("张贴地点", "扫码人数", "其中新关注", "报名份数")


def line(counted: Counted) -> list[str]:
    """A row under `HEADS`."""
    if counted.poster is None:
        return [counted.place, "", "", str(counted.signed_up)]
    return [counted.place, str(counted.scanned), str(counted.followed), str(counted.signed_up)]


# --- whose they are ----------------------------------------------------------------------------------------


async def hand_over(session: AsyncSession, gone: int, stays: int) -> None:
    """Two who are one scanned once; the newer moment stays."""
    both = sa.select(PosterScan).where(PosterScan.person_id.in_([gone, stays])).order_by(PosterScan.id)
    rows = (await session.scalars(both.with_for_update())).all()
    kept = {row.poster_id: row for row in rows if row.person_id == stays}
    for row in (row for row in rows if row.person_id == gone):
        own = kept.get(row.poster_id)
        if own is None:
            row.person_id = stays
            continue
        own.scanned_at = max(own.scanned_at, row.scanned_at)
        own.followed = own.followed or row.followed
        await session.delete(row)
    await session.flush()


async def forget_person(session: AsyncSession, person_id: int, now: datetime) -> int:
    """Leave that somebody scanned, and on which day at the latest."""
    mine = sa.update(PosterScan).where(PosterScan.person_id == person_id)
    return await change(session, mine.values(person_id=None, scanned_at=start_of_day(now)))


def _is_old(now: datetime) -> Where:
    named = sa.text("poster_scan.person_id IS NOT NULL")  # as the index has it
    return (named, PosterScan.scanned_at <= now - PUT_DOWN_FOR)


async def _forget_who(session: AsyncSession, ids: Ids, now: datetime) -> int:
    theirs = sa.update(PosterScan).where(PosterScan.id.in_(ids), *_is_old(now))
    day = start_of_day(now - PUT_DOWN_FOR)
    return await change(session, theirs.values(person_id=None, scanned_at=day))


forget_who = Rule("poster_scans", PosterScan.id, _is_old, _forget_who, by=PosterScan.scanned_at)

# --- over --------------------------------------------------------------------------------------------------


def why_over(activity: Activity, now: datetime) -> str:
    """What to say to somebody who scans too late; empty while a poster leads to something."""
    if activity.state is ActivityState.CANCELLED:
        return f"「{activity.title}」取消了，很抱歉让您白扫一次。"
    if activity.state is ActivityState.ARCHIVED or now >= activity.ends_at:
        return f"「{activity.title}」已经结束了，谢谢您的关注。"
    if now >= activity.starts_at:
        return f"「{activity.title}」已经开始，不再报名了。"
    return f"「{activity.title}」报名已经截止。" if now >= activity.closes_at else ""
