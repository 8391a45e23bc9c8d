"""Drafts of campaigns of articles at WeChat: laid for an order or to be looked at, found again, cleared away.

Not here: the orders (`app.jobs.campaigns`).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa
import structlog

from app.errors import DomainError
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.jobs.wechat_article_finding import find_draft
from app.jobs.wechat_article_words import words
from app.jobs.wechat_drafts import Drawer
from app.menus.revisions import account_name
from app.services import campaign_drafts, campaigns, permissions
from app.services.campaign_drafts import Lay, Sheet
from app.wechat.api.drafts import Article as DraftArticle
from app.wechat.api.mass import Articles
from app.wechat.errors import MediaGone, OutcomeUnknown, PersonUnreachable, QuotaUsedUp, TryLater, WeChatError
from models import Follower, Staff

log = structlog.get_logger(__name__)

LATER: Final = "微信现在没有答复，请过几分钟再试发一次。"


class Drafter:
    def __init__(self, drawer: Drawer) -> None:
        self._drawer, self._client, self._database = drawer, drawer.client, drawer.database

    async def lay(self, lay: Lay) -> str | None:
        """The media id of the draft, found or new. None: more pictures are to be brought before.

        Raises: WeChatError: it does not lie there, or nobody knows.
        """
        if lay.may_lie_there and (found := await find_draft(self._client, lay.mark)) is not None:
            return found
        return await self._add(lay.sheets)

    async def _add(self, sheets: Sequence[Sheet]) -> str | None:
        drawn = await self._drawn(sheets, may_use_theirs=True)
        if drawn is None:
            return None
        try:
            return await self._client.drafts.add(drawn)
        except MediaGone:  # a cover was deleted in WeChat's console: once more, with new ones
            for each in drawn:
                await self._drawer.forget(each.thumb_media_id)
            again = await self._drawn(sheets, may_use_theirs=False)
            return await self._client.drafts.add(again) if again is not None else None

    async def _drawn(self, sheets: Sequence[Sheet], *, may_use_theirs: bool) -> list[DraftArticle] | None:
        async with self._database.reading() as session:
            account = await account_name(session)
        drawn = []
        for each in sheets:
            content = each.content
            body = await self._drawer.body(each.article, content)
            if body is None:
                return None
            cover = each.cover_id if may_use_theirs else None
            cover = cover or await self._drawer.cover(each.article, content, f"{account} · {each.category}")
            drawn.append(
                DraftArticle(
                    content.title,
                    body,
                    cover,
                    author=content.author,
                    digest=content.summary,
                    source_url=each.source,
                )
            )
        return drawn

    async def show(self, public_id: str, openid: str) -> None:
        """On one phone, as it is written now. Raises: WeChatError, NotFound; DomainError: it cannot be."""
        async with self._database.reading() as session:
            row = await campaigns.get(session, public_id)
            sheets = await campaign_drafts.sheets_of(session, row, row.public_id)
        if not sheets:
            raise DomainError("还没有选文章。")
        if (before := await find_draft(self._client, public_id)) is not None:
            await self.clear(before)
        draft = None
        while draft is None:  # each turn brings some more pictures
            draft = await self._add(sheets)
        async with self._database.transaction() as session:
            (await campaigns.get(session, public_id, lock=True)).preview_id = draft
        await self._client.mass.preview(Articles(draft), openid=openid)

    async def clear(self, draft_id: str) -> None:
        try:
            await self._client.drafts.delete(draft_id)
        except MediaGone:
            log.info("campaign_draft_gone")

    async def clear_left(self) -> None:
        """What nobody needs any more; WeChat does not answer: in a later turn."""
        async with self._database.reading() as session:
            left = await campaign_drafts.left(session)
        for each in left:
            try:
                draft_id = each.draft_id or await find_draft(self._client, each.mark)
                if draft_id is not None:
                    await self.clear(draft_id)
            except WeChatError as error:
                log.warning("campaign_draft_left", error=str(error))
                return
            async with self._database.transaction() as session:
                await campaign_drafts.cleared(session, each)


def kinds(drawer: Drawer) -> Mapping[str, Work]:
    """Showing a campaign of articles on the phone of who asks."""

    async def preview(bench: Bench) -> Ended:
        """`given`: the public id of the campaign. Done twice it comes twice, to one's own phone."""
        permissions.demand(await standing_of(bench), permissions.Right.CAMPAIGNS_EDIT)
        async with bench.database.reading() as session:
            openid = await session.scalar(
                sa.select(Follower.openid)
                .join(Staff, Staff.person_id == Follower.person_id)
                .where(Staff.id == bench.job.staff_id, Follower.account_id == drawer.account_id)
                .where(Follower.subscribed.is_(True))
            )
        if openid is None:
            raise DomainError("您关联的微信没有关注公众号，发不过去。请先关注，再试发。")
        try:
            await Drafter(drawer).show(str(bench.given["campaign"]), openid)
        except (TryLater, QuotaUsedUp, OutcomeUnknown) as error:
            raise DomainError(LATER) from error
        except PersonUnreachable as error:
            raise DomainError("微信说发不到您的微信，请确认您还关注着公众号。") from error
        except WeChatError as error:
            raise DomainError(f"没有试发成：{words(error)}。") from error
        return Ended("图文已发到您的微信，请在手机上打开看看。")

    return {campaigns.SHOW: preview}
