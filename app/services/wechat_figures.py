"""WeChat's own statistics, kept: which days are to be asked for, and what an answer changes.

Source: wechat-platform.md section 11.6. A day is told from eight the next morning; its figures may be put
right later, so those of the last seven days are asked for again each day, and what is told last counts. An
article is followed for thirty days. Whose article it is tells the message it stands in, published or sent to
many, else where it is read, else its title, where only one has that. What is nobody's is kept all the same.
Functions flush and never commit. Nothing here asks WeChat (`app.jobs.wechat_figures`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import SHANGHAI, civil_date, day_begins, shanghai
from app.services.coordination import upsert
from models import (
    Article,
    CampaignArticle,
    MassOrder,
    WeChatArticle,
    WeChatArticleDay,
    WeChatArticleFigure,
    WeChatFetch,
    WeChatFollowerDay,
    WeChatTable,
)

T = WeChatTable
READY: Final = time(8, 10)  # in China; WeChat says eight
BACK: Final = 30  # days that are caught up at most, and that an article is followed
PUT_RIGHT: Final = 7  # days back that are asked for again
Row = Mapping[str, Any]


def last_told(now: datetime) -> date:
    """The newest day that WeChat can tell of."""
    local = shanghai(now)
    return local.date() - timedelta(days=1 if local.time() >= READY else 2)


def next_morning(now: datetime) -> datetime:
    """When there will be one day more."""
    local = shanghai(now)
    day = local.date() if local.time() < READY else local.date() + timedelta(days=1)
    return datetime.combine(day, READY, SHANGHAI)


async def due(session: AsyncSession, account_id: int, now: datetime) -> list[tuple[WeChatTable, date]]:
    """What is to be asked for now, the oldest first: every day since the first that was asked for, of a new
    account the last seven.
    """
    today, last = civil_date(now), last_told(now)
    oldest = sa.select(sa.func.min(WeChatFetch.day)).where(WeChatFetch.account_id == account_id)
    first = await session.scalar(oldest) or last - timedelta(days=PUT_RIGHT - 1)
    days = [day for number in reversed(range(BACK)) if (day := last - timedelta(days=number)) >= first]
    chosen = sa.select(WeChatFetch.what, WeChatFetch.day, WeChatFetch.fetched_on)
    chosen = chosen.where(WeChatFetch.account_id == account_id, WeChatFetch.day >= days[0])
    asked = {(what, day): on for what, day, on in await session.execute(chosen)}
    own = (
        sa.select(WeChatArticleFigure.published_on)
        .distinct()
        .where(WeChatArticleFigure.account_id == account_id, WeChatArticleFigure.published_on >= days[0])
    )
    followed = set((await session.scalars(own)).all())

    def is_due(what: WeChatTable, day: date) -> bool:
        on = asked.get((what, day))
        if on is None:
            return True
        changes = (last - day).days < PUT_RIGHT or (what is T.ARTICLES and day in followed)
        return changes and on < today

    return [(what, day) for day in days for what in T if is_due(what, day)]


async def keep(
    session: AsyncSession, account_id: int, what: WeChatTable, day: date, rows: Sequence[Row], now: datetime
) -> None:
    """Take over what was told of a day, in place of what was told before; twice is no error."""
    if what is T.ARTICLES:
        for row in rows:
            await _keep_article(session, account_id, day, row)
    elif what in (T.READS, T.SHARES):
        await _keep_day(session, account_id, what, day, rows)
    else:
        await _keep_followers(session, account_id, what, day, rows)
    fetched = upsert(session, WeChatFetch).values(
        account_id=account_id, what=what, day=day, fetched_on=civil_date(now)
    )
    await session.execute(
        fetched.on_conflict_do_update(
            index_elements=["account_id", "what", "day"], set_={"fetched_on": fetched.excluded.fetched_on}
        )
    )
    await session.flush()


# --- parts -------------------------------------------------------------------------------------------------


async def _keep_article(session: AsyncSession, account_id: int, day: date, row: Row) -> None:
    figure = await _figure(session, account_id, str(row.get("msgid") or ""))
    if figure is None:
        return
    figure.title, figure.url = str(row.get("title") or "")[:64], str(row.get("content_url") or "")[:1024]
    figure.published_on = day
    told = [each for each in row.get("detail_list") or () if isinstance(each, Mapping)]
    if told:
        newest = max(told, key=lambda each: str(each.get("stat_date") or ""))
        figure.reads, figure.shares = _number(newest, "read_user"), _number(newest, "share_user")
        figure.likes, figure.favourites = _number(newest, "like_user"), _number(newest, "collection_user")
        figure.comments, figure.told_to = _number(newest, "comment_count"), _date(newest.get("stat_date"))
        await _keep_favourites(session, figure, told)
    if figure.article_id is None:
        figure.article_id = await _whose(session, figure)


async def _keep_favourites(session: AsyncSession, figure: WeChatArticleFigure, told: Sequence[Row]) -> None:
    """WeChat tells sums up to each day; a day has what they grew by."""
    mine = sa.update(WeChatArticleDay).where(WeChatArticleDay.figure_id == figure.id)
    await session.execute(mine.values(favourites=0))
    before = 0
    for each in sorted(told, key=lambda each: str(each.get("stat_date") or "")):
        day, count = _date(each.get("stat_date")), _number(each, "collection_user")
        if day is None or count <= before:
            continue
        await _put(session, figure, day, "favourites", count - before)
        before = count


async def _put(session: AsyncSession, figure: WeChatArticleFigure, day: date, name: str, count: int) -> None:
    zeros = {"reads": 0, "shares": 0, "favourites": 0}
    one = upsert(session, WeChatArticleDay).values(figure_id=figure.id, day=day, **zeros | {name: count})
    await session.execute(
        one.on_conflict_do_update(index_elements=["figure_id", "day"], set_={name: one.excluded[name]})
    )


async def _keep_day(
    session: AsyncSession, account_id: int, what: WeChatTable, day: date, rows: Sequence[Row]
) -> None:
    name, key = ("reads", "read_user") if what is T.READS else ("shares", "share_user")
    counted = {str(row.get("msgid") or ""): _number(row.get("detail"), key) for row in rows}
    mine = sa.select(WeChatArticleFigure.id).where(WeChatArticleFigure.account_id == account_id)
    # What is not told any more did not happen.
    before = sa.update(WeChatArticleDay).where(
        WeChatArticleDay.day == day, WeChatArticleDay.figure_id.in_(mine)
    )
    await session.execute(before.values({name: 0}))
    for msgid, count in counted.items():
        figure = await _figure(session, account_id, msgid)
        if figure is not None:
            await _put(session, figure, day, name, count)


async def _keep_followers(
    session: AsyncSession, account_id: int, what: WeChatTable, day: date, rows: Iterable[Row]
) -> None:
    """Newcomers are told by where they came from, one row each; so are those of all, with one row only."""
    found = list(rows)
    if what is T.FOLLOWERS:
        told: dict[str, int] = {
            "came": sum(_number(row, "new_user") for row in found),
            "went": sum(_number(row, "cancel_user") for row in found),
        }
    elif found:
        told = {"in_all": max(_number(row, "cumulate_user") for row in found)}
    else:
        return
    one = upsert(session, WeChatFollowerDay).values(
        account_id=account_id, day=day, **{"came": 0, "went": 0, **told}
    )
    await session.execute(
        one.on_conflict_do_update(
            index_elements=["account_id", "day"], set_={name: one.excluded[name] for name in told}
        )
    )


async def _figure(session: AsyncSession, account_id: int, msgid: str) -> WeChatArticleFigure | None:
    """The row of an article, made when it is met first; None of what has no proper name."""
    if not msgid or len(msgid) > 64:
        return None
    new = upsert(session, WeChatArticleFigure).values(account_id=account_id, msgid=msgid, title="", url="")
    await session.execute(
        new.values(reads=0, shares=0, likes=0, favourites=0, comments=0).on_conflict_do_nothing(
            index_elements=["account_id", "msgid"]
        )
    )
    mine = sa.select(WeChatArticleFigure).where(WeChatArticleFigure.account_id == account_id)
    figure = (await session.scalars(mine.where(WeChatArticleFigure.msgid == msgid))).one()
    if figure.article_id is None:
        figure.article_id = await _whose(session, figure)
    return figure


async def _whose(session: AsyncSession, figure: WeChatArticleFigure) -> int | None:
    """Our article of that message; else the one that is read there; else the only one of that title."""
    message, _, place = figure.msgid.rpartition("_")
    if _is_number(message, 18) and _is_number(place, 2):
        found = await _published(session, figure, int(message), int(place))
        found = found or await _sent_to_many(session, figure, int(message), int(place))
        if found is not None:
            return found
    adopted = sa.select(Article.id).where(Article.source.is_not(None)).limit(2)
    for same in (Article.address == figure.url, Article.title == figure.title):
        if figure.url and figure.title:
            ids = (await session.scalars(adopted.where(same))).all()
            if len(ids) == 1:
                return ids[0]
    return None


async def _published(
    session: AsyncSession, figure: WeChatArticleFigure, message: int, place: int
) -> int | None:
    ours = sa.select(WeChatArticle.article_id).where(
        WeChatArticle.account_id == figure.account_id, WeChatArticle.msg_data_id == message
    )
    # We publish one at a time.
    return await session.scalar(ours.order_by(WeChatArticle.id.desc()).limit(1)) if place == 1 else None


async def _sent_to_many(
    session: AsyncSession, figure: WeChatArticleFigure, message: int, place: int
) -> int | None:
    """The article in that place of the campaign whose order has this number.

    Of an order whose first answer was lost nobody knows the number. It is told apart by where the article
    stands, or by day, place and title, where only one is like that; then the number is known.
    """
    there = sa.and_(CampaignArticle.campaign_id == MassOrder.campaign_id, CampaignArticle.place == place)
    orders = sa.select(MassOrder, CampaignArticle.article_id).join(CampaignArticle, there)
    known = orders.where(MassOrder.msg_data_id == message).limit(1)
    if (found := (await session.execute(known)).first()) is not None:
        return int(found.article_id)
    if not figure.url or figure.published_on is None:
        return None
    day = figure.published_on
    that_day = MassOrder.asked_at.between(day_begins(day), day_begins(day, days=1))
    alike = sa.or_(CampaignArticle.url == figure.url, sa.and_(that_day, Article.title == figure.title))
    lost = orders.join(Article, Article.id == CampaignArticle.article_id).order_by(MassOrder.id)
    lost = lost.where(MassOrder.msg_data_id.is_(None), MassOrder.asked_at.is_not(None), alike)
    rows = (await session.execute(lost)).all()
    if len({(order.campaign_id, article) for order, article in rows}) != 1:
        return None
    order, article = rows[0]
    order.msg_data_id = message
    return article


def _is_number(words: str, most: int) -> bool:
    return words.isascii() and words.isdecimal() and len(words) <= most


def _number(row: Any, name: str) -> int:
    value = row.get(name) if isinstance(row, Mapping) else None
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
