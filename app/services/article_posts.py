"""Our articles at outlets beside WeChat: which go, how each looks there, and what became of it.

What ought to be said follows from how things are: an article that is shown and was not told is due, likewise
one that was changed or taken down since (`plan`). So nothing is forgotten, whatever died in between. Nothing
here asks anybody; that does `app.jobs.outlets`.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import rich_text
from app.database import leave_work
from app.errors import DomainError
from app.services import addresses, article_cards, articles, channel_marks, outlets
from app.services.audit import does
from app.services.channel_marks import Channel
from app.weibo.client import MOST_HANZI, length
from models import Article, ArticlePost, Outlet, OutletKind, PostEvent, PostState

BACKOFF: Final = tuple(timedelta(minutes=each) for each in (1, 5, 30, 120, 360, 720))
GIVEN_UP: Final = timedelta(days=3)
AT_ONCE: Final = 50
ITSELF: Final = "自动"  # who sent it, where nobody pressed
S, E = PostState, PostEvent


# --- how it looks there ------------------------------------------------------------------------------------


def weibo_text(article: Article) -> str:
    """The title, as much of the summary as fits, and the link: within 140 汉字, where ASCII counts half."""
    link = _marked(article, Channel.WEIBO)
    head, rest = f"【{article.title}】", article.summary
    while rest and length(f"{head}{rest}… {link}") > MOST_HANZI:
        rest = rest[:-1]
    rest = rest if rest == article.summary else f"{rest}…" if rest else ""
    return f"{head}{rest} {link}"


def check_weibo(text: str, article: Article) -> str:
    """The words as they will stand there. Raises: DomainError: too long, or without the link."""
    said = " ".join(text.split())
    if _address(article) not in said:
        raise DomainError(f"微博里要有这篇文章的链接：{_address(article)}")
    if (size := length(said)) > MOST_HANZI:
        raise DomainError(f"微博最多 {MOST_HANZI} 个字（字母、数字和链接算半个），现在是 {size} 个。")
    return said


async def told(
    session: AsyncSession, post: ArticlePost, article: Article, event: PostEvent, now: datetime
) -> dict[str, Any]:
    """What outside media read; of something taken down only that it is."""
    named = {"event": f"article.{event.value}", "id": article.public_id}
    named["url"] = _marked(article, Channel.WEBHOOK)
    named |= {"delivery": post.public_id, "title": article.title}
    if event is E.WITHDRAWN:
        return named
    return named | {
        "category": article.category.value,
        "category_name": article.category.label,
        "summary": article.summary,
        "author": article.author,
        "published_at": _moment(article.published_at),
        "updated_at": _moment(article.updated_at),
        "html": await article_cards.read_elsewhere(session, article, now, addresses.page("")),
        "text": rich_text.to_text(rich_text.load(article.blocks)),
    }


def digest_of(article: Article) -> str:
    """Of what is told of it: whether there is news. When somebody saved it last is none."""
    words = [article.title, article.summary, article.author, article.category.value, article.blocks]
    return sha256(json.dumps(words, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _address(article: Article) -> str:
    return article.address or addresses.page(f"/news/{article.public_id}")


def _marked(article: Article, channel: Channel) -> str:
    """The link as it is given out there; one that is read elsewhere is nobody's to count."""
    return article.address or channel_marks.marked(_address(article), channel)


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


# --- what is due -------------------------------------------------------------------------------------------


async def plan(session: AsyncSession, now: datetime) -> int:
    """Put down what ought to be told now; how many rows that changed. Twice changes nothing."""
    count = 0
    in_use = sa.select(Outlet).where(Outlet.active).order_by(Outlet.id).with_for_update()
    for outlet in (await session.scalars(in_use)).all():
        for article in (await session.scalars(_untold(outlet, now))).all():
            session.add(_new(outlet, article, ITSELF, now))
            count += 1
        for post, article in await session.execute(_changed(outlet, now)):
            _renew(post, article, now)
            count += 1
    await session.flush()
    if count:
        leave_work(session)
    return count


async def anything_to_plan(session: AsyncSession, in_use: Sequence[Outlet], now: datetime) -> bool:
    """Whether `plan` would do something; the usual "no" takes no lock."""
    for outlet in in_use:
        for chosen in (_untold(outlet, now), _changed(outlet, now)):
            if (await session.execute(chosen.limit(1))).first() is not None:
                return True
    return False


def _untold(outlet: Outlet, now: datetime) -> sa.Select[Article]:
    """Shown since the outlet is there, in its columns, and never told; nothing of one that only gets what
    somebody sends.
    """
    told_of = sa.exists().where(ArticlePost.outlet_id == outlet.id, ArticlePost.article_id == Article.id)
    chosen = sa.select(Article).where(
        articles.is_public(now), Article.published_at >= outlet.since, ~told_of, sa.literal(outlet.by_itself)
    )
    if outlet.categories is not None:
        chosen = chosen.where(Article.category.in_(outlet.categories))  # type: ignore[arg-type]
    return chosen.order_by(Article.published_at, Article.id).limit(AT_ONCE)


def _changed(outlet: Outlet, now: datetime) -> sa.Select[ArticlePost, Article]:
    """Told, and changed, taken down or put up again since; what stands on Weibo cannot be changed."""
    is_gone = ~articles.is_public(now)
    differs = sa.or_(
        sa.and_(articles.is_public(now), ArticlePost.event == E.WITHDRAWN),
        sa.and_(articles.is_public(now), ArticlePost.article_version != Article.version),
        sa.and_(is_gone, ArticlePost.event != E.WITHDRAWN, ArticlePost.sent_at.is_not(None)),
    )
    chosen = sa.select(ArticlePost, Article).join(Article, Article.id == ArticlePost.article_id)
    return (
        chosen.where(ArticlePost.outlet_id == outlet.id, ArticlePost.state.in_([S.SENT, S.FAILED]), differs)
        .where(sa.literal(outlet.kind is OutletKind.WEBHOOK))
        .order_by(ArticlePost.id)
        .limit(AT_ONCE)
    )


def _renew(post: ArticlePost, article: Article, now: datetime) -> None:
    """One that was told comes up again, if there is news in it."""
    is_shown = articles.is_shown(article, now)
    was_told = post.state is S.SENT and post.event is not E.WITHDRAWN
    post.article_version = article.version
    if is_shown and was_told and post.digest == digest_of(article):
        return  # looked at: nothing that anybody reads is another
    again = E.PUBLISHED if post.event is E.WITHDRAWN else E.UPDATED
    _due(post, again if is_shown else E.WITHDRAWN, ITSELF, now)


def _new(outlet: Outlet, article: Article, by: str, now: datetime) -> ArticlePost:
    post = ArticlePost(outlet_id=outlet.id, article_id=article.id, created_at=now)
    _due(post, E.PUBLISHED, by, now)
    return post


def _due(post: ArticlePost, event: PostEvent, by: str, now: datetime) -> None:
    post.event, post.state, post.reason, post.by = event, S.DUE, "", by[:64]
    post.due_at, post.changed_at, post.begun_at, post.tries = now, now, None, 0
    post.lease_token, post.lease_until = None, None


# --- what staff do -----------------------------------------------------------------------------------------


async def list_of(session: AsyncSession, article: Article) -> Sequence[tuple[Outlet, ArticlePost | None]]:
    """Every outlet in use, and those that have it; with how it stands there."""
    mine = sa.and_(ArticlePost.outlet_id == Outlet.id, ArticlePost.article_id == article.id)
    chosen = sa.select(Outlet, ArticlePost).outerjoin(ArticlePost, mine)
    chosen = chosen.where(sa.or_(Outlet.active, ArticlePost.id.is_not(None)))
    return (await session.execute(chosen.order_by(Outlet.kind.desc(), Outlet.id))).all()


def may_send(outlet: Outlet, post: ArticlePost | None, article: Article, now: datetime) -> bool:
    """Whether `send` would take it."""
    if not outlet.active or not articles.is_shown(article, now):
        return False
    if post is None:
        return True
    return post.state is not S.DUE and not (post.state is S.SENT and outlet.kind is OutletKind.WEIBO)


async def send(
    session: AsyncSession, article: Article, outlet_id: str, text: str, *, by: str, now: datetime
) -> None:
    """Let it go there now; of one that failed or whose end nobody knows, once more. Twice is no error.

    Raises:
        NotFound: no such outlet.
        DomainError: the article is not shown, stands there already, or its words do not fit.
    """
    outlet = await outlets.get(session, outlet_id, lock=True)
    if not articles.is_shown(article, now):
        raise DomainError("只有正在显示的文章才能发出去。")
    if not outlet.active:
        raise DomainError(f"「{outlet.name}」停用了，请先在「外部渠道」里启用。")
    said = check_weibo(text, article) if outlet.kind is OutletKind.WEIBO else ""
    mine = sa.select(ArticlePost).where(
        ArticlePost.outlet_id == outlet.id, ArticlePost.article_id == article.id
    )
    post = await session.scalar(mine.with_for_update())
    if post is None:
        post = _new(outlet, article, by, now)
        session.add(post)
    elif post.state is S.DUE:
        return
    elif post.state is S.SENT and outlet.kind is OutletKind.WEIBO:
        raise DomainError("这篇文章已经发过微博。微博上的不能在这里改，要删请到微博上删。")
    else:
        _due(post, E.UPDATED if post.sent_at is not None else E.PUBLISHED, by, now)
    post.text = said
    await session.flush()
    does(session, "outlets.send", article.public_id, title=article.title, name=outlet.name)
    leave_work(session)
