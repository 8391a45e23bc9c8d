"""Articles on their way to Weibo and to outside media: what is due is leased, sent outside any transaction,
and settled by what came of it.

Outside media know a delivery again by its number, so one of unknown end is sent again. Weibo knows no number
but refuses the same words twice: it is asked once more, soon, and else the end stays unknown.
"""

import hmac
import json
import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.jobs import typed_addresses
from app.jobs.deliveries import insist
from app.jobs.weibo_words import refused
from app.services import article_posts, articles, outlets
from app.weibo.client import API_URL, WeiboClient
from app.weibo.errors import NotAllowed, OutcomeUnknown, TokenSpent, TryLater, WeiboError
from models import Article, ArticlePost, Outlet, OutletKind, PostEvent, PostState

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=90)  # real time; longer than one call
DOUBT: Final = timedelta(minutes=10)  # Weibo refuses the same words for about so long
SECONDS: Final = 10.0  # for a call
OPERATOR_ACTS: Final = timedelta(hours=1)  # nothing gets there before somebody puts it right
MOST: Final = 100  # in one round
GONE: Final = 410
TROUBLED: Final = 3  # tries in vain
E, S = PostEvent, PostState


@dataclass(frozen=True, slots=True)
class Parcel:
    """A post in our hands. `in_doubt`: an earlier try may have arrived."""

    post_id: int
    outlet_id: int
    token: str
    kind: OutletKind
    url: str
    secret: str
    body: dict[str, Any]
    text: str
    digest: str
    article_version: int
    in_doubt: bool
    tries: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a call. `again`: when to try anew; `trouble`: what is wrong with the outlet itself."""

    state: PostState | None = None  # None: still due
    reason: str = ""
    again: timedelta = timedelta()
    trouble: str = ""
    stops: bool = False  # the outlet wants nothing more
    in_doubt: bool = False  # it may have arrived
    remote_id: str = ""


class Spreader:
    """`domains`: hosts of ours that a link on Weibo may lead to."""

    def __init__(self, database: Database, clock: Clock, *, public_url: str, weibo_url: str) -> None:
        self._database, self._clock = database, clock
        self._domains = [urlsplit(public_url).hostname or ""]
        self._weibo_url, self._development = weibo_url, weibo_url != API_URL

    async def run(self) -> int:
        """Put down what ought to be told, tell what is due; how many calls were made."""
        now = self._clock.now()
        async with self._database.reading() as session:
            in_use = await outlets.list_active(session)
            planned = await article_posts.anything_to_plan(session, in_use, now)
        if not in_use:
            return 0  # in most places: one question each time that somebody leaves work
        if planned:
            async with self._database.transaction() as session:
                await article_posts.plan(session, now)
        if not await self._anything_due():
            return 0
        done = 0
        async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=False) as http:
            while done < MOST and (parcel := await self._lease()) is not None:
                await self._settle(parcel, await self._send(http, parcel))
                done += 1
        return done

    # --- rows

    async def _anything_due(self) -> bool:
        async with self._database.reading() as session:
            return (await session.execute(self._due().limit(1))).first() is not None

    def _due(self) -> sa.Select[ArticlePost, Outlet, Article]:
        now, real_now = self._clock.now(), self._clock.real_now()
        free = sa.or_(ArticlePost.lease_until.is_(None), ArticlePost.lease_until <= real_now)
        chosen = sa.select(ArticlePost, Outlet, Article)
        chosen = chosen.join(Outlet, Outlet.id == ArticlePost.outlet_id)
        chosen = chosen.join(Article, Article.id == ArticlePost.article_id)
        due = (ArticlePost.state == S.DUE, ArticlePost.due_at <= now, free, Outlet.active)
        return chosen.where(*due).order_by(ArticlePost.due_at, ArticlePost.id)

    async def _lease(self) -> Parcel | None:
        """The next one; what cannot be said any more is settled on the spot."""
        while await self._anything_due():
            async with self._database.transaction() as session:
                due = self._due().limit(1).with_for_update(skip_locked=True, of=ArticlePost)
                found = (await session.execute(due)).first()
                if found is None:
                    return None
                if (parcel := await self._parcel(session, *found)) is not None:
                    return parcel
        return None

    async def _parcel(
        self, session: AsyncSession, post: ArticlePost, outlet: Outlet, article: Article
    ) -> Parcel | None:
        now, is_shown = self._clock.now(), articles.is_shown(article, self._clock.now())
        if not is_shown and post.sent_at is None and post.begun_at is None:
            _end(post, S.FAILED, "还没有发，文章就撤下了。", now)
            post.article_version = article.version
            return None
        if not is_shown and outlet.kind is OutletKind.WEBHOOK:
            post.event = E.WITHDRAWN
        is_weibo = outlet.kind is OutletKind.WEIBO
        if is_weibo and post.begun_at is not None and now - post.begun_at > DOUBT:
            _end(post, S.UNKNOWN, "发送时断了，不知道发出去没有。请到微博上看一看，没有再发一次。", now)
            return None
        in_doubt = post.begun_at is not None
        post.begun_at = post.begun_at or now
        post.lease_token, post.lease_until = secrets.token_hex(8), self._clock.real_now() + LEASE
        post.tries += 1
        return Parcel(
            post.id,
            outlet.id,
            post.lease_token,
            outlet.kind,
            outlet.url,
            outlet.secret,
            {} if is_weibo else await article_posts.told(session, post, article, post.event, now),
            (post.text or article_posts.weibo_text(article)) if is_weibo else "",
            article_posts.digest_of(article),
            article.version,
            in_doubt,
            post.tries,
        )

    async def _settle(self, parcel: Parcel, ended: Ended) -> None:
        async def put_down(session: AsyncSession) -> None:
            now = self._clock.now()
            outlet = await session.get_one(Outlet, parcel.outlet_id, with_for_update=True)
            ours = ArticlePost.id == parcel.post_id, ArticlePost.lease_token == parcel.token
            post = await session.scalar(sa.select(ArticlePost).where(*ours).with_for_update())
            if post is None:
                return
            outlet.reason = ended.trouble[:200]
            outlet.active = outlet.active and not ended.stops
            post.article_version = parcel.article_version
            if ended.state is S.SENT:
                post.sent_at, post.digest = now, parcel.digest
                post.remote_id = ended.remote_id or post.remote_id
            if ended.state is not None:
                _end(post, ended.state, ended.reason, now)
            elif now - post.changed_at > article_posts.GIVEN_UP:
                _end(post, S.FAILED, ended.reason, now)
            else:
                if not (ended.in_doubt or parcel.in_doubt):
                    post.begun_at = None
                _wait(post, ended, now)

        await insist(self._database, put_down)

    # --- calls

    async def _send(self, http: httpx.AsyncClient, parcel: Parcel) -> Ended:
        send = self._to_weibo if parcel.kind is OutletKind.WEIBO else self._to_webhook
        ended = await send(http, parcel)
        if ended.state is not S.SENT:
            log.warning("article_not_spread", kind=parcel.kind.value, post=parcel.post_id, said=ended.reason)
        return ended

    async def _to_weibo(self, http: httpx.AsyncClient, parcel: Parcel) -> Ended:
        client = WeiboClient(http=http, domains=self._domains, base_url=self._weibo_url)
        try:
            post = await client.share(parcel.secret, parcel.text, in_doubt=parcel.in_doubt)
        except TokenSpent as error:
            said = refused(error)
            return Ended(reason=said, again=OPERATOR_ACTS, trouble=said)
        except NotAllowed as error:
            said = refused(error)
            return Ended(S.FAILED, said, trouble=said)
        except TryLater as error:
            return Ended(reason=refused(error), again=timedelta(seconds=error.retry_after_seconds))
        except OutcomeUnknown:
            return Ended(reason="微博没有答复，稍后再核对。", again=timedelta(minutes=1), in_doubt=True)
        except WeiboError as error:
            return Ended(S.FAILED, refused(error))
        said = "微博收下了，过一两分钟别人看得到。" if post.delayed else ""
        return Ended(S.SENT, said, remote_id=post.id)

    async def _to_webhook(self, http: httpx.AsyncClient, parcel: Parcel) -> Ended:
        body = json.dumps(parcel.body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            headers = signed(parcel.secret, body, self._clock.real_now())
            async with self._posted(http, parcel.url, body, headers) as answer:
                status = answer.status_code
        except (httpx.HTTPError, OSError) as error:
            return _not_taken(parcel, f"没有连上对方（{type(error).__name__}）。")
        if status < 300:
            return Ended(S.SENT)
        if status == GONE:
            return Ended(S.FAILED, "对方说不再接收（410）。", trouble="对方说不再接收（410）。", stops=True)
        return _not_taken(parcel, f"对方没有收下（HTTP {status}）。")

    def _posted(
        self, http: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]
    ) -> AbstractAsyncContextManager[httpx.Response]:
        """In development the far side is on this machine."""
        if self._development:
            return http.stream("POST", url, content=body, headers=headers)
        return typed_addresses.posted(http, url, body, headers)


def signed(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of a delivery: when it was sent, and that it was us (HMAC-SHA256 of `time.body`)."""
    stamp = str(int(at.timestamp()))
    mark = hmac.digest(secret.encode(), stamp.encode() + b"." + body, sha256).hex()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "gonghui",
        "X-Gonghui-Timestamp": stamp,
        "X-Gonghui-Signature": f"sha256={mark}",
    }


def _not_taken(parcel: Parcel, said: str) -> Ended:
    """To be tried again; if it goes on so, somebody has to look at the outlet."""
    return Ended(reason=said, trouble=said if parcel.tries >= TROUBLED else "")


def _wait(post: ArticlePost, ended: Ended, now: datetime) -> None:
    backoff = article_posts.BACKOFF
    pause = ended.again or backoff[min(post.tries, len(backoff)) - 1]
    post.due_at, post.reason = now + pause, ended.reason[:200]
    post.lease_token, post.lease_until = None, None


def _end(post: ArticlePost, state: PostState, reason: str, now: datetime) -> None:
    post.state, post.reason, post.changed_at = state, reason[:200], now
    post.due_at, post.begun_at, post.tries = None, None, 0
    post.lease_token, post.lease_until = None, None
