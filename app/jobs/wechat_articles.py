"""Our articles on their way at WeChat: draft box, publishing, how it ended, deleting; one call at a time.

A row is taken by lease and no call is made inside a transaction. Laying a draft and handing it in may not be
done twice: that such a call goes out is written down before, and where its end is unknown (no answer, a
process that died) the draft box and the list of what was published are looked through first. Ours are known
there by the address of 阅读原文. Not here: what staff may decide (`app.services.wechat_articles`).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import Clock
from app.database import Database
from app.files import Files
from app.jobs import wechat_article_events
from app.jobs.wechat_article_claims import Claim, claim_of
from app.jobs.wechat_article_finding import find_draft, find_published, lies_there
from app.jobs.wechat_article_words import ended, refused
from app.jobs.wechat_drafts import Drawer
from app.menus.revisions import account_name
from app.services import articles, stored_files, wechat_articles
from app.services.wechat_articles import rest, stands_published
from app.services.wechat_markup import Converted
from app.wechat.api.drafts import Article as DraftArticle
from app.wechat.client import WeChatClient
from app.wechat.errors import (
    AwaitsAdmin,
    MediaGone,
    OurMistake,
    OutcomeUnknown,
    QuotaUsedUp,
    TryLater,
    WeChatError,
)
from models import Article, WeChatArticle, WeChatArticleState

log = structlog.get_logger(__name__)

S = WeChatArticleState
Change = Callable[[WeChatArticle, datetime], None]

LEASE: Final = timedelta(seconds=120)  # longer than a picture and a draft with their repeats
ASK: Final = timedelta(minutes=2)  # the event mostly comes before
DOUBT: Final = timedelta(minutes=1)  # so long a lost call may still be at work there
SURE: Final = timedelta(minutes=10)  # a draft that lies there still was not published
GIVEN_UP: Final = timedelta(days=1)
LONGEST_WAIT: Final = timedelta(minutes=30)
MOST: Final = 50  # steps in one round
MOST_TRIES: Final = 5  # of what WeChat says is gone
NO_ARTICLE: Final = 53600
NOT_THERE: Final = "草稿箱里已经没有这份草稿，也没有找到发布的文章；请到微信公众平台核对，再重新放进草稿箱。"


class Publisher:
    def __init__(
        self, database: Database, client: WeChatClient, clock: Clock, files: Files, account_id: int
    ) -> None:
        self._database, self._client, self._clock, self._files = database, client, clock, files
        self._account_id = account_id
        self._drawer = Drawer(database, client, clock, files, account_id)

    async def run(self) -> int:
        """Take in what WeChat told, then do what is due; how many steps were done."""
        await wechat_article_events.take_in(self._database, self._clock)
        await self._end_what_is_over()
        done = 0
        while done < MOST and (claim := await self._claim()) is not None:
            try:
                change = await self._perform(claim)
            except WeChatError as error:
                log.warning("wechat_article_stopped", state=claim.state.value, error=str(error))
                change = _after(claim, error)
            await self._settle(claim, change)
            done += 1
        return done

    # --- rows

    async def _end_what_is_over(self) -> None:
        """The usual "nothing" costs no lock."""
        now = self._clock.now()
        async with self._database.reading() as session:
            found = await session.scalar(wechat_articles.over(self._account_id, now).limit(1))
        if found is not None:
            async with self._database.transaction() as session:
                await wechat_articles.take_down_over(session, self._account_id, now)

    async def _claim(self) -> Claim | None:
        while await self._anything_due():
            async with self._database.transaction() as session:
                row = await session.scalar(self._due().with_for_update(skip_locked=True))
                if row is None:
                    return None
                article = await session.get_one(Article, row.article_id)
                if self._is_off(row, article):
                    await _give_up_cover(session, row, row.cover)
                    continue
                claim = claim_of(row, article, self._clock.now(), await account_name(session))
                once = row.state in (S.PUBLISHING, S.WITHDRAWING)  # never again, or never taken back
                if once or (row.state is S.PREPARING and row.media_id is None):
                    row.begun_at = row.begun_at or claim.now
                row.lease_token, row.lease_until = claim.token, self._clock.real_now() + LEASE
                row.tries += 1
                return claim
        return None

    async def _anything_due(self) -> bool:
        """The usual "no" costs no lock."""
        async with self._database.reading() as session:
            return await session.scalar(self._due().with_only_columns(WeChatArticle.id)) is not None

    def _due(self) -> sa.Select[WeChatArticle]:
        row = WeChatArticle
        free = sa.or_(row.lease_until.is_(None), row.lease_until <= self._clock.real_now())
        chosen = sa.select(row).where(
            row.account_id == self._account_id, row.due_at <= self._clock.now(), free
        )
        return chosen.order_by(row.due_at, row.id).limit(1)

    def _is_off(self, row: WeChatArticle, article: Article) -> bool:
        """What was decided holds no more: the article was taken down, or changed, at the last second.

        Of a call that may have gone out the end is looked for all the same.
        """
        now = self._clock.now()
        if row.begun_at is not None:
            return False
        if row.state is S.WITHDRAWING and row.by == wechat_articles.ITSELF:
            is_off = articles.is_shown(article, now)  # its end was put off
            if is_off:
                rest(row, S.PUBLISHED, now)
            return is_off
        if row.state not in (S.PREPARING, S.PUBLISHING):
            return False
        why = wechat_articles.lacks(article, now)
        if row.state is S.PUBLISHING and not why and wechat_articles.is_behind(row, article):
            why = "文章后来改过，没有发布；请先「换成现在的文字」。"
        if why:
            rest(row, S.DRAFT if row.media_id else S.FAILED, now, why)
        return bool(why)

    async def _settle(self, claim: Claim, change: Change) -> None:
        """Unless somebody else has it by now, or the event was quicker."""
        async with self._database.transaction() as session:
            mine = sa.select(WeChatArticle).where(
                WeChatArticle.id == claim.id, WeChatArticle.lease_token == claim.token
            )
            row = await session.scalar(mine.with_for_update())
            if row is not None:
                change(row, self._clock.now())
                row.lease_token = row.lease_until = None
                await _give_up_cover(session, row, claim.cover)

    # --- calls

    async def _perform(self, claim: Claim) -> Change:
        match claim.state:
            case S.PREPARING:
                return await self._lay(claim)
            case S.PUBLISHING:
                return await (self._hand_in(claim) if claim.begun_at is None else self._look(claim))
            case S.SUBMITTED:
                result = await self._client.publishing.status(claim.publish_id or "")
                return lambda row, now: ended(row, result, now, again=now + _backed_off(claim.tries))
            case S.WITHDRAWING:
                return await self._delete(claim)
        return await self._clear(claim)

    async def _lay(self, claim: Claim) -> Change:
        """A new draft, or the present text into the one that lies there."""
        if claim.media_id is None and claim.begun_at is not None:
            # Found or not, the next step looks at the article again: it may have changed meanwhile.
            found = await find_draft(self._client, claim.mark)
            return lambda row, now: _again(row, now, media_id=found)
        assert claim.content is not None  # looked at as it was taken
        body = await self._drawer.body(claim.article, claim.content)
        if body is None:  # nothing was laid yet: the next step brings more pictures
            return lambda row, now: _again(row, now, media_id=row.media_id)
        cover = await self._cover(claim, claim.content)
        article = DraftArticle(
            claim.content.title,
            body,
            cover,
            author=claim.content.author,
            digest=claim.content.summary,
            source_url=claim.source,
        )
        try:
            if claim.media_id is None:
                laid = await self._client.drafts.add([article])
            else:
                laid = claim.media_id
                await self._client.drafts.update(laid, article)
        except MediaGone:
            if claim.tries >= MOST_TRIES:
                raise
            return await self._without(claim, cover)
        digest = claim.content.digest

        def is_laid(row: WeChatArticle, now: datetime) -> None:
            row.media_id, row.digest, row.cover_id, row.cover = laid, digest, cover, ""
            rest(row, S.DRAFT, now)

        return is_laid

    async def _without(self, claim: Claim, cover: str) -> Change:
        """The cover or the draft was deleted in WeChat's console: once more, with a new one of both."""
        await self._drawer.forget(cover)
        kept = claim.media_id if claim.media_id and await lies_there(self._client, claim.media_id) else None

        def is_without(row: WeChatArticle, now: datetime) -> None:
            row.cover_id = None
            _again(row, now, media_id=kept)

        return is_without

    async def _cover(self, claim: Claim, content: Converted) -> str:
        """Its media id: of what staff chose, now or before; else one is drawn."""
        data = b""
        if claim.cover:
            try:
                data = await self._files.get(claim.cover)
            except FileNotFoundError:
                log.warning("wechat_cover_gone", article=claim.mark)
        elif claim.cover_id:
            return claim.cover_id
        return await self._drawer.cover(claim.article, content, claim.over_title, data)

    async def _hand_in(self, claim: Claim) -> Change:
        try:
            receipt = await self._client.publishing.submit(claim.media_id or "")
        except MediaGone:
            return await self._gone(claim)

        def is_handed_in(row: WeChatArticle, now: datetime) -> None:
            rest(row, S.SUBMITTED, now)
            row.publish_id, row.msg_data_id = receipt.publish_id, receipt.msg_data_id or None
            row.due_at = now + ASK

        return is_handed_in

    async def _look(self, claim: Claim) -> Change:
        """It may have been handed in: published, still at work, or never arrived there."""
        assert claim.begun_at is not None
        if claim.media_id is None or not await lies_there(self._client, claim.media_id):
            return await self._gone(claim)
        if claim.now - claim.begun_at < SURE:
            return lambda row, now: _wait(row, now + DOUBT, begun_at=row.begun_at)
        return lambda row, now: _again(row, now, media_id=row.media_id)

    async def _gone(self, claim: Claim) -> Change:
        """The draft has left the box: published, by us or by a person in WeChat's console, or deleted."""
        found = await find_published(self._client, claim.mark)
        if found:
            return lambda row, now: stands_published(row, *found, now)
        if claim.begun_at is not None and claim.now - claim.begun_at < GIVEN_UP:
            return lambda row, now: _wait(row, now + _backed_off(claim.tries), begun_at=row.begun_at)
        return lambda row, now: rest(row, S.FAILED, now, NOT_THERE)

    async def _delete(self, claim: Claim) -> Change:
        if claim.published_id:
            try:
                await self._client.publishing.delete(claim.published_id)
            except OurMistake as error:
                if error.errcode != NO_ARTICLE:
                    raise
        elif claim.media_id:
            await self._clear(claim)

        def is_gone(row: WeChatArticle, now: datetime) -> None:
            row.media_id = None
            rest(row, S.WITHDRAWN, now, row.reason)

        return is_gone

    async def _clear(self, claim: Claim) -> Change:
        """A draft nobody wants any more leaves the box."""
        try:
            await self._client.drafts.delete(claim.media_id or "")
        except MediaGone:
            log.info("wechat_draft_gone", article=claim.mark)
        return _is_cleared


async def _give_up_cover(session: AsyncSession, row: WeChatArticle, name: str) -> None:
    """What was chosen has been brought to WeChat, or nothing comes of it: here nobody needs the bytes."""
    if name and (not row.cover or row.state is not S.PREPARING):
        row.cover = ""
        await stored_files.mark_deleted(session, [name])


def _after(claim: Claim, error: WeChatError) -> Change:
    """What a call that did not do as asked leaves behind."""
    if isinstance(error, OutcomeUnknown | AwaitsAdmin):
        return lambda row, now: _wait(row, now + max(DOUBT, _backed_off(claim.tries)), begun_at=row.begun_at)
    if isinstance(error, TryLater | QuotaUsedUp):
        waits = _backed_off(claim.tries)
        until = error.until if isinstance(error, QuotaUsedUp) else None
        if isinstance(error, TryLater):
            waits = max(waits, timedelta(seconds=error.retry_after_seconds))
        # This call did nothing; an earlier one may have.
        return lambda row, now: _wait(row, until or now + waits, begun_at=claim.begun_at)
    return lambda row, now: refused(row, error, now, again=now + LONGEST_WAIT)


def _wait(row: WeChatArticle, until: datetime, *, begun_at: datetime | None) -> None:
    row.due_at, row.begun_at = until, begun_at


def _again(row: WeChatArticle, now: datetime, *, media_id: str | None) -> None:
    """From the start: nothing went out that is not known."""
    row.media_id, row.begun_at, row.due_at = media_id, None, now


def _is_cleared(row: WeChatArticle, now: datetime) -> None:
    row.media_id = row.due_at = None


def _backed_off(tries: int) -> timedelta:
    return min(timedelta(seconds=30 * 2 ** min(tries, 10)), LONGEST_WAIT)
