"""Tags that operators give to followers; `app.services.audiences` asks who carries one.

People's own tags are WeChat's too: what is given or taken here is told there (`app.jobs.people_tags`), what
staff change there comes with the daily walk. Which menu somebody sees is told by a tag of its own, which is
ours alone (`app.jobs.menu_tags`).
"""

import re
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import leave_work
from app.errors import DomainError, NotFound
from app.services import case_work, followers
from app.services.audiences import TagName
from app.services.coordination import upsert
from models import Account, AccountKind, Follower, FollowerTag, MenuLook, TagChange

_CASE_NUMBER = re.compile(r"[A-Za-z]{2}-\d{4}-\d+")
_NAME = TypeAdapter(TagName)
OURS = "gh-menu-"  # tags at WeChat that are the program's alone begin so; `app.menus.buttons` makes them


async def give(session: AsyncSession, who: str, tag: str, by: str, now: datetime) -> int | None:
    """Give a follower a tag; his id, or None where he carries it already.

    `who` is an openid, or the number of a case that is not anonymous: the case keeps what it was used for.

    Raises:
        NotFound: nobody is meant by `who`.
        DomainError: an anonymous case, somebody who has left, or no name for a tag.
    """
    tag = _name(tag)
    follower = await _follower(session, who, f"给本人加标签「{tag}」", by, now)
    given = upsert(session, FollowerTag).values(follower_id=follower.id, name=tag, given_at=now)
    given = given.on_conflict_do_nothing(index_elements=["follower_id", "name"])
    if await session.scalar(given.returning(FollowerTag.id)) is None:
        return None
    await give_again(session, [follower.id])
    await _tell(session, follower.id, tag, now, given=True)
    return follower.id


async def take(session: AsyncSession, who: str, tag: str, by: str, now: datetime) -> int | None:
    """Take a tag from a follower; None where he does not carry it. `who` and what it raises are as above."""
    tag = _name(tag)
    follower = await _follower(session, who, f"去掉本人的标签「{tag}」", by, now)
    carried = sa.delete(FollowerTag).where(FollowerTag.follower_id == follower.id, FollowerTag.name == tag)
    if await session.scalar(carried.returning(FollowerTag.id)) is None:
        return None
    await _tell(session, follower.id, tag, now, given=False)
    return follower.id


async def count_carriers(session: AsyncSession) -> dict[str, int]:
    """How many followers carry each tag."""
    counted = (
        sa.select(FollowerTag.name, sa.func.count().label("carriers"))
        .join(Follower, Follower.id == FollowerTag.follower_id)
        .where(Follower.subscribed)
        .group_by(FollowerTag.name)
    )
    return {row.name: row.carriers for row in await session.execute(counted)}


async def give_again(session: AsyncSession, follower_ids: Sequence[int]) -> None:
    """These followers were just given a tag: the one of their menu must be given once more, to stay the last.

    What `Follower.menu_tag` means is told in `app.jobs.menu_tags`.
    """
    again = sa.func.coalesce(-sa.func.abs(Follower.menu_tag), 0)
    await session.execute(sa.update(Follower).where(Follower.id.in_(follower_ids)).values(menu_tag=again))


async def look_again(session: AsyncSession, person_id: int, now: datetime) -> None:
    """This person may see another menu from now on: look at his before all the others, and soon."""
    theirs = sa.select(Follower.id).where(Follower.person_id == person_id, Follower.subscribed)
    await look_at(session, (await session.scalars(theirs)).all(), now)


async def meet_anew(session: AsyncSession, known: Sequence[tuple[int, str]], now: datetime) -> None:
    """Followers, by account and openid, whose rows were emptied: as somebody new, with a menu of his own."""
    official = set(await session.scalars(sa.select(Account.id).where(Account.kind == AccountKind.OFFICIAL)))
    for account_id, openid in known:
        if account_id in official:
            await followers.meet(session, account_id, openid, followed_at=now, now=now)
            again = await followers.find_by_openid(session, account_id, openid, now)
            if again is not None:
                await look_again(session, again.person_id, now)


async def look_at(session: AsyncSession, follower_ids: Sequence[int], now: datetime) -> None:
    """The same for followers who are known."""
    rows = [{"follower_id": each, "at": now} for each in sorted(follower_ids)]
    if rows:
        look = upsert(session, MenuLook)
        newer = {"at": look.excluded.at}
        await session.execute(look.on_conflict_do_update(index_elements=["follower_id"], set_=newer), rows)
    leave_work(session)


async def _tell(session: AsyncSession, follower_id: int, tag: str, now: datetime, *, given: bool) -> None:
    """Leave the change to be told to WeChat, and the menu to be looked at."""
    fresh = {"given": given, "at": now, "due_at": now, "tries": 0, "reason": "", "settled_at": None}
    told = upsert(session, TagChange).values(follower_id=follower_id, name=tag, **fresh)
    await session.execute(
        told.on_conflict_do_update(
            index_elements=["follower_id", "name"], set_={name: told.excluded[name] for name in fresh}
        )
    )
    await look_at(session, [follower_id], now)


def _name(tag: str) -> str:
    try:
        name = _NAME.validate_python(tag)
    except ValidationError:
        raise DomainError("标签名要有 1 到 30 个字。") from None
    if name.startswith(OURS):
        raise DomainError(f"{OURS} 开头的标签由系统自己管理，请换一个名称。")
    return name


async def _follower(session: AsyncSession, who: str, why: str, by: str, now: datetime) -> Follower:
    who = who.strip()
    chosen = sa.select(Follower).join(Account, Account.id == Follower.account_id).limit(1)
    chosen = chosen.where(Account.kind == AccountKind.OFFICIAL)  # only there are menus
    if _CASE_NUMBER.fullmatch(who):
        chosen = chosen.where(Follower.person_id == await case_work.open_reporter(session, who, why, by, now))
    else:
        chosen = chosen.where(Follower.openid == who)
    found = await session.scalar(chosen)
    if found is None:
        raise NotFound("没有找到这个人。请写 openid，或本人实名留言、人工服务的编号。")
    if not found.subscribed:
        raise DomainError("这个人已经取消关注，不能改标签。")
    return found
