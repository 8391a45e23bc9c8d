"""Followers and tags as WeChat lists them, compared with ours page by page: 200,000 never lie in memory.

Each function is one short transaction or one short look. What WeChat listed was true when it said so; what an
event told later wins, by the times and versions of the follower's row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import tags
from app.services.coordination import upsert
from app.services.forgetting import change
from models import FOLLOWERS, Follower, FollowerTag, Listed, Person, TagChange
from models.types import public_id

PAGE: Final = 1000  # rows of one look or one transaction: messages never wait long behind it
SURE: Final = timedelta(minutes=10)  # by so much WeChat's list and an event may be out of step


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of a list beside our row; `listed` or `follower_id` is None where one side has none."""

    id: int  # of whichever is walked along
    openid: str
    follower_id: int | None = None
    version: int = 0
    subscribed: bool = False
    unsubscribed_at: datetime | None = None


async def stage(session: AsyncSession, account_id: int, name: str, openids: Iterable[str]) -> None:
    """Keep a part of a list. Twice is no error."""
    rows = [{"account_id": account_id, "name": name, "openid": openid} for openid in openids]
    if rows:
        kept = upsert(session, Listed).on_conflict_do_nothing(index_elements=["account_id", "name", "openid"])
        await session.execute(kept, rows)


async def clear(session: AsyncSession, account_id: int, name: str | None = None) -> bool:
    """Forget a page of a list, or of all lists; whether there may be more."""
    mine = sa.select(Listed.id).where(Listed.account_id == account_id)
    if name is not None:
        mine = mine.where(Listed.name == name)
    page = mine.order_by(Listed.id).limit(PAGE * 5)
    return await change(session, sa.delete(Listed).where(Listed.id.in_(page))) > 0


# --- followers ---------------------------------------------------------------------------------------------


async def list_listed(session: AsyncSession, account_id: int, after: int) -> list[Compared]:
    """The next lines of WeChat's list, with our row of each."""
    ours = sa.and_(Follower.account_id == Listed.account_id, Follower.openid == Listed.openid)
    page = (
        sa.select(
            Listed.id,
            Listed.openid,
            Follower.id.label("follower_id"),
            Follower.version,
            Follower.subscribed,
            Follower.unsubscribed_at,
        )
        .outerjoin(Follower, ours)
        .where(Listed.account_id == account_id, Listed.name == FOLLOWERS, Listed.id > after)
        .order_by(Listed.id)
        .limit(PAGE)
    )
    return [Compared(*row) for row in await session.execute(page)]


async def list_ours(
    session: AsyncSession, account_id: int, after: int, since: datetime
) -> tuple[list[Compared], int]:
    """Of our next followers those whom WeChat did not list and who were quiet since; and where the page ends.

    Who acted since the list was begun follows, whatever it says; who is new since then could not be on it.
    """
    theirs = sa.and_(
        Listed.account_id == Follower.account_id,
        Listed.name == FOLLOWERS,
        Listed.openid == Follower.openid,
    )
    page = (
        sa.select(Follower.id, Follower.openid, Follower.version, Listed.id.label("listed"))
        .add_columns(_was_quiet(since - SURE).label("quiet"))
        .outerjoin(Listed, theirs)
        .join(Person, Person.id == Follower.person_id)
        .where(Follower.account_id == account_id, Follower.subscribed.is_(True), Follower.id > after)
        .order_by(Follower.id)
        .limit(PAGE)
    )
    rows = (await session.execute(page)).all()
    missed = [
        Compared(row.id, row.openid, row.id, row.version, subscribed=True)
        for row in rows
        if row.listed is None and row.quiet
    ]
    return missed, rows[-1].id if rows else 0


def _was_quiet(since: datetime) -> sa.ColumnElement[bool]:
    times = (Follower.subscribed_at, Follower.spoke_at, Follower.acted_at)
    return sa.and_(Person.created_at < since, *(sa.or_(at.is_(None), at < since) for at in times))


async def meet_all(session: AsyncSession, account_id: int, openids: Sequence[str], now: datetime) -> int:
    """Keep people who follow and of whom no message told yet; how many. Twice is no error."""
    known = sa.select(Follower.openid).where(Follower.account_id == account_id, Follower.openid.in_(openids))
    before = set(await session.scalars(known))
    new = [openid for openid in dict.fromkeys(openids) if openid not in before]
    if not new:
        return 0
    names = [public_id() for _ in new]
    await session.execute(sa.insert(Person), [{"public_id": name, "created_at": now} for name in names])
    found = await session.execute(sa.select(Person.public_id, Person.id).where(Person.public_id.in_(names)))
    ids = {row.public_id: row.id for row in found}
    rows = [_new_follower(account_id, openid, ids[name]) for openid, name in zip(new, names, strict=True)]
    met = upsert(session, Follower).on_conflict_do_nothing(index_elements=["account_id", "openid"])
    await session.execute(met, rows)
    # Some wrote to us at this very moment: then a message has made them, with a person of their own.
    taken = sa.exists().where(Follower.person_id == Person.id)
    doubled = await change(session, sa.delete(Person).where(Person.id.in_(ids.values()), ~taken))
    return len(new) - doubled


def _new_follower(account_id: int, openid: str, person_id: int) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "openid": openid,
        "person_id": person_id,
        "version": 0,
        "subscribed": True,
        "spoke_used": 0,
        "acted_used": 0,
    }


async def come_back(session: AsyncSession, back: Mapping[int, tuple[int, datetime]], now: datetime) -> int:
    """These followers, by id with the version seen and the time they followed, are here again; how many."""
    gone = sa.select(Follower).where(Follower.id.in_(back), Follower.subscribed.is_(False))
    rows = (await session.scalars(gone.order_by(Follower.id).with_for_update())).all()
    done = 0
    for row in rows:
        version, followed_at = back[row.id]
        if row.version != version:
            continue  # an event came meanwhile and knows better
        row.subscribed, row.version = True, row.version + 1
        row.subscribed_at = max(followed_at, row.unsubscribed_at or followed_at)
        row.unsubscribed_at = None
        done += 1
    await session.flush()
    return done


# --- tags --------------------------------------------------------------------------------------------------


async def list_to_give(
    session: AsyncSession, account_id: int, list_name: str, tag: str, after: int, since: datetime
) -> tuple[list[int], int]:
    """Of the next people WeChat lists with a tag, the followers who lack it here; and where the page ends."""
    ours = sa.and_(Follower.account_id == Listed.account_id, Follower.openid == Listed.openid)
    page = (
        sa.select(Listed.id, Follower.id.label("follower_id"), Follower.subscribed, _has(tag).label("has"))
        .add_columns(_changed_here(tag, since).label("changed"))
        .outerjoin(Follower, ours)
        .where(Listed.account_id == account_id, Listed.name == list_name, Listed.id > after)
        .order_by(Listed.id)
        .limit(PAGE)
    )
    rows = (await session.execute(page)).all()
    lacking = [row.follower_id for row in rows if row.subscribed and not row.has and not row.changed]
    return lacking, rows[-1].id if rows else 0


async def list_to_take(
    session: AsyncSession, account_id: int, list_name: str | None, tag: str, after: int, since: datetime
) -> tuple[list[int], int]:
    """Of the next who carry a tag here, those whom WeChat does not list with it; and where the page ends.

    `list_name` is None for a tag that WeChat does not have.
    """
    theirs = sa.and_(
        Listed.account_id == Follower.account_id,
        Listed.name == (list_name or ""),
        Listed.openid == Follower.openid,
    )
    page = (
        sa.select(FollowerTag.id, FollowerTag.given_at, Listed.id.label("listed"))
        .add_columns(_changed_here(tag, since).label("changed"))
        .join(Follower, Follower.id == FollowerTag.follower_id)
        .outerjoin(Listed, theirs)
        .where(Follower.account_id == account_id, FollowerTag.name == tag, FollowerTag.id > after)
        .order_by(FollowerTag.id)
        .limit(PAGE)
    )
    rows = (await session.execute(page)).all()
    gone = [row.id for row in rows if row.listed is None and not row.changed and row.given_at < since]
    return gone, rows[-1].id if rows else 0


def _has(tag: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(FollowerTag.follower_id == Follower.id, FollowerTag.name == tag)


def _changed_here(tag: str, since: datetime) -> sa.ColumnElement[bool]:
    """WeChat does not know of it yet, or learnt of it after it made its list."""
    fresh = sa.or_(TagChange.settled_at.is_(None), TagChange.settled_at >= since)
    return sa.exists().where(TagChange.follower_id == Follower.id, TagChange.name == tag, fresh)


async def give(session: AsyncSession, tag: str, follower_ids: Sequence[int], now: datetime) -> int:
    """WeChat says that these carry the tag; the one of their menu must become the last again."""
    still = sa.select(Follower.id).where(Follower.id.in_(follower_ids), Follower.subscribed.is_(True))
    ids = (await session.scalars(still.order_by(Follower.id).with_for_update())).all()
    if not ids:
        return 0
    given = upsert(session, FollowerTag).on_conflict_do_nothing(index_elements=["follower_id", "name"])
    await session.execute(given, [{"follower_id": each, "name": tag, "given_at": now} for each in ids])
    await tags.give_again(session, ids)
    return len(ids)


async def take(session: AsyncSession, row_ids: Sequence[int]) -> int:
    """WeChat says that these tags are gone."""
    return await change(session, sa.delete(FollowerTag).where(FollowerTag.id.in_(row_ids)))


async def list_names(session: AsyncSession, account_id: int) -> list[str]:
    """Every tag that somebody carries here."""
    used = sa.select(FollowerTag.name).join(Follower, Follower.id == FollowerTag.follower_id)
    used = used.where(Follower.account_id == account_id).distinct().order_by(FollowerTag.name)
    return list(await session.scalars(used))


async def forget_settled(session: AsyncSession, before: datetime) -> int:
    """Changes that every list made from now on has in it."""
    old = sa.and_(TagChange.settled_at.is_not(None), TagChange.settled_at < before)
    return await change(session, sa.delete(TagChange).where(old))
