"""Our articles as WeChat articles of the account: into the draft box, published, taken back, and told apart.

What is decided here is a row that a job works on (`app.jobs.wechat_articles`); nothing here asks WeChat.
Functions flush and never commit. Not here: what an article becomes (`wechat_markup`); articles that were
published in WeChat's own console (`adopted_articles`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import leave_work
from app.errors import DomainError
from app.services import addresses, articles, staff_jobs, wechat_markup
from app.services.audit import does
from app.services.permissions import Standing
from models import Account, Article, ArticleState, Staff, StoredFile, WeChatArticle, WeChatArticleState
from models.wechat_article import IS_LIVE

S = WeChatArticleState
REASON: Final = 200  # characters
AT_ONCE: Final = 50
ITSELF: Final = "自动"  # who did it, where nobody pressed
OVER: Final = "文章到期下线。"
PREVIEW: Final = "content.wechat_preview"  # the job of staff that shows a draft on one's own phone
MARK: Final = "wx"  # in the address of 阅读原文: by it a draft or article at WeChat is known as ours
MOVED_ON: Final = "您打开以后，这篇公众号文章又动过。请看过现在的情况再决定。"


def source_url(article: Article, mark: str) -> str:
    """Where 阅读原文 leads; of every try, and every draft of a campaign, its own."""
    return addresses.page(f"/news/{article.public_id}?{MARK}={mark}")


def mark_in(url: str) -> str:
    """Which try an address of 阅读原文 belongs to; "" for none of ours."""
    try:
        return next(iter(parse_qs(urlsplit(url).query).get(MARK, [])), "")
    except ValueError:
        return ""


def lacks(article: Article, now: datetime) -> str:
    """Why it cannot stand at WeChat now, in words; empty where it can."""
    if article.address is not None:
        return "这篇文章本来就在微信里。"
    if article.state is not ArticleState.PUBLISHED or article.published_at is None:
        return "只有审核通过、正在显示的文章才能放进公众号。"
    if article.published_at > now:
        return "这篇文章还没有到发布时间，到时间以后再放进公众号。"
    if article.state_at(now) is ArticleState.EXPIRED:
        return "这篇文章已经到期下线；要放进公众号，请改晚下线时间，审核通过以后再放。"
    if not wechat_markup.source_fits(addresses.page(f"/news/{article.public_id}?{MARK}={16 * '0'}")):
        return "服务没有设置对外的网址（GONGHUI_PUBLIC_URL），「阅读原文」没有地方可去，请管理员先设置。"
    try:
        wechat_markup.converted(article)
    except DomainError as refused:
        return refused.message
    return ""


def is_behind(row: WeChatArticle, article: Article) -> bool:
    """Whether what lies at WeChat is not the present text."""
    if not row.digest:
        return False
    try:
        return wechat_markup.converted(article).digest != row.digest
    except DomainError:
        return True


async def list_tries(session: AsyncSession, article: Article, limit: int = 10) -> Sequence[WeChatArticle]:
    """Newest first."""
    chosen = sa.select(WeChatArticle).where(WeChatArticle.article_id == article.id)
    return (await session.scalars(chosen.order_by(WeChatArticle.id.desc()).limit(limit))).all()


async def find_live(session: AsyncSession, article: Article, *, lock: bool = False) -> WeChatArticle | None:
    chosen = sa.select(WeChatArticle).where(WeChatArticle.article_id == article.id, sa.text(IS_LIVE))
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(chosen)


# --- what staff decide -------------------------------------------------------------------------------------


async def put(
    session: AsyncSession,
    app_id: str,
    article: Article,
    *,
    by: str,
    now: datetime,
    cover: StoredFile | None = None,
) -> None:
    """Into the draft box; what lies there already is replaced by the present text.

    Without a `cover` (a JPEG, its bytes are put already) the one there stays, or one is drawn.

    Raises: DomainError: it does not fit, or is further than that.
    """
    # One after the other: two who press at once must not lay two drafts.
    await session.execute(sa.select(Article.id).where(Article.id == article.id).with_for_update())
    row = await check_ready(session, article, now, lock=True)
    if row is None:
        account = sa.select(Account.id).where(Account.app_id == app_id)
        row = WeChatArticle(
            account_id=(await session.scalars(account)).one(),
            article_id=article.id,
            state=S.PREPARING,
            created_at=now,
        )
        session.add(row)
    elif row.state is S.PREPARING and cover is not None:
        raise DomainError("正在放进草稿箱，请等几秒再换封面。")
    elif row.state is S.PREPARING:
        return  # pressed twice
    _go(row, S.PREPARING, by, now)
    if cover is not None:
        session.add(cover)
        row.cover = cover.public_id
    await session.flush()
    does(session, "content.wechat_draft", article.public_id, title=article.title)
    leave_work(session)


async def check_ready(
    session: AsyncSession, article: Article, now: datetime, *, lock: bool = False
) -> WeChatArticle | None:
    """Whether a draft of it may be laid; returns the one that lies there.

    Raises: DomainError: it does not fit, or is further than that.
    """
    if why := lacks(article, now):
        raise DomainError(why)
    row = await find_live(session, article, lock=lock)
    if row is not None and row.state not in (S.PREPARING, S.DRAFT):
        raise DomainError(f"这篇文章在公众号里{row.state.label}，不能再放一份草稿。")
    return row


async def preview(
    session: AsyncSession, article: Article, by: Standing, *, version: int, now: datetime
) -> None:
    """Onto the phone of who asks.

    Raises: DomainError: no draft lies there, or no WeChat is bound to the account of staff.
    """
    row = await _live(session, article, version)
    if row.state is not S.DRAFT:
        raise DomainError("先放进草稿箱，才能发预览。")
    if await session.scalar(sa.select(Staff.person_id).where(Staff.id == by.staff_id)) is None:
        raise DomainError("您的账号还没有关联微信。请到「我的账号 → 微信提醒」扫码关联，再发预览。")
    title = f"预览「{article.title[:60]}」"
    await staff_jobs.start(session, by, PREVIEW, title, {"wechat_article": row.public_id}, now)
    does(session, PREVIEW, article.public_id, title=article.title)


async def publish(session: AsyncSession, article: Article, *, version: int, by: str, now: datetime) -> None:
    """Raises: DomainError: no draft lies there, it is another text, or it is not shown any more."""
    row = await _live(session, article, version)
    if row.state is not S.DRAFT:
        raise DomainError(f"这篇文章{row.state.label}，不能再发布一次。")
    if why := lacks(article, now):
        raise DomainError(why)
    if is_behind(row, article):
        raise DomainError("文章后来改过，草稿箱里还是原来的。请先「换成现在的文字」，看过再发布。")
    _go(row, S.PUBLISHING, by, now)
    await session.flush()
    does(session, "content.wechat_publish", article.public_id, title=article.title)
    leave_work(session)


async def withdraw(
    session: AsyncSession, article: Article, *, version: int, reason: str, by: str, now: datetime
) -> None:
    """Delete it at WeChat, for good: the draft, or what was published. Our own page stays.

    Raises: DomainError: no reason was given, or WeChat is at it just now.
    """
    row = await _live(session, article, version)
    if row.state not in (S.DRAFT, S.PUBLISHED):
        raise DomainError(f"这篇文章{row.state.label}，等有了结果再删除。")
    reason = reason.strip()[:REASON]
    if not reason:
        raise DomainError("请写明为什么删除，记在经过里。")
    await _take_down(session, row, by, now, reason)
    does(session, "content.wechat_withdraw", article.public_id, reason=reason, title=article.title)


async def take_down(
    session: AsyncSession, article: Article, *, by: str, reason: str, now: datetime
) -> WeChatArticle | None:
    """With our own page what we published at WeChat goes, for good; None where nothing stands there."""
    row = await find_live(session, article, lock=True)
    if row is None or row.state is not S.PUBLISHED:
        return None
    await _take_down(session, row, by, now, reason)
    return row


def over(account_id: int, now: datetime) -> sa.Select[WeChatArticle]:
    """What stands published there of articles that have come to their end. What WeChat has refused to delete
    is a matter of staff (`article_remnants`): its row has the reason.
    """
    chosen = sa.select(WeChatArticle).join(Article, Article.id == WeChatArticle.article_id)
    chosen = chosen.where(WeChatArticle.account_id == account_id, WeChatArticle.state == S.PUBLISHED)
    return chosen.where(WeChatArticle.reason == "", articles.is_over(now)).order_by(WeChatArticle.id)


async def take_down_over(session: AsyncSession, account_id: int, now: datetime) -> int:
    """Delete there what is over, as staff would; how many. Twice changes nothing."""
    found = over(account_id, now).limit(AT_ONCE).with_for_update(of=WeChatArticle, skip_locked=True)
    rows = (await session.scalars(found)).all()
    for row in rows:
        await _take_down(session, row, ITSELF, now, OVER)
    return len(rows)


async def _take_down(session: AsyncSession, row: WeChatArticle, by: str, now: datetime, reason: str) -> None:
    _go(row, S.WITHDRAWING, by, now, reason)
    await session.flush()
    leave_work(session)


async def _live(session: AsyncSession, article: Article, version: int) -> WeChatArticle:
    """As it was when it was looked at."""
    row = await find_live(session, article, lock=True)
    if row is None or row.version != version:
        raise DomainError(MOVED_ON)
    return row


def _go(row: WeChatArticle, to: WeChatArticleState, by: str, now: datetime, reason: str = "") -> None:
    row.state, row.by, row.changed_at, row.reason = to, by[:64], now, reason
    row.errcode, row.begun_at, row.due_at, row.tries = None, None, now, 0


# --- what became of it -------------------------------------------------------------------------------------


def rest(
    row: WeChatArticle,
    state: WeChatArticleState,
    now: datetime,
    reason: str = "",
    *,
    errcode: int | None = None,
) -> None:
    """Nothing more to do; of what failed, its draft is still to be cleared away."""
    row.state, row.changed_at, row.reason, row.errcode = state, now, reason[:REASON], errcode
    row.begun_at, row.tries, row.lease_token, row.lease_until = None, 0, None, None
    row.due_at = now if state is S.FAILED and row.media_id else None


def stands_published(row: WeChatArticle, published_id: str, url: str, now: datetime) -> None:
    if row.state is not S.PUBLISHED:
        row.published_at = now
    row.published_id, row.url, row.media_id = published_id, url or row.url, None
    rest(row, S.PUBLISHED, now)


# --- told apart from articles of others --------------------------------------------------------------------


async def recognise(session: AsyncSession, found: Mapping[str, str]) -> dict[str, WeChatArticle]:
    """Of articles at WeChat (`article_id` → address of 阅读原文) those that are ours, with their rows."""
    marks = {published_id: mark_in(url) for published_id, url in found.items()}
    names = [mark for mark in marks.values() if mark]
    either = sa.or_(WeChatArticle.public_id.in_(names), WeChatArticle.published_id.in_(list(found)))
    chosen = sa.select(WeChatArticle).where(either).with_for_update()
    rows = (await session.scalars(chosen.execution_options(populate_existing=True))).all()
    by_name = {row.public_id: row for row in rows}
    by_id = {row.published_id: row for row in rows if row.published_id}
    ours = {each: by_id.get(each) or by_name.get(marks[each]) for each in found}
    return {published_id: row for published_id, row in ours.items() if row is not None}


async def seen(
    session: AsyncSession,
    row: WeChatArticle,
    published_id: str,
    url: str,
    *,
    is_deleted: bool,
    now: datetime,
) -> None:
    """It was met among what the account has published: perhaps a person finished it in WeChat's console."""
    if is_deleted:
        if row.state is S.PUBLISHED:
            rest(row, S.WITHDRAWN, now, "在微信公众平台里删除了。")
    elif row.state is S.FAILED:
        live = sa.select(WeChatArticle.id).where(WeChatArticle.article_id == row.article_id, sa.text(IS_LIVE))
        if await session.scalar(live.limit(1)) is None:
            stands_published(row, published_id, url, now)
    elif row.state not in (S.PUBLISHED, S.WITHDRAWN, S.WITHDRAWING):
        stands_published(row, published_id, url, now)
    await session.flush()
