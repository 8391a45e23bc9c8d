"""Showing a draft of a WeChat article on the phone of who asks for it: work that staff start."""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from app.errors import DomainError
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.jobs.wechat_article_words import words
from app.services import permissions
from app.services.wechat_articles import PREVIEW
from app.wechat.api.mass import Articles
from app.wechat.client import WeChatClient
from app.wechat.errors import MediaGone, OutcomeUnknown, PersonUnreachable, QuotaUsedUp, TryLater, WeChatError
from models import Follower, Staff, WeChatArticle, WeChatArticleState

_LATER: Final = "微信现在没有答复，请过几分钟再发一次预览。"


def kinds(client: WeChatClient, account_id: int) -> Mapping[str, Work]:
    """The work on drafts of this account."""

    async def preview(bench: Bench) -> Ended:
        """`given`: the public id of the try. Done twice it comes twice, to one's own phone."""
        permissions.demand(await standing_of(bench), permissions.Right.CONTENT_PUBLISH)
        async with bench.database.reading() as session:
            named = WeChatArticle.public_id == str(bench.given["wechat_article"])
            row = await session.scalar(sa.select(WeChatArticle).where(named))
            openid = await session.scalar(
                sa.select(Follower.openid)
                .join(Staff, Staff.person_id == Follower.person_id)
                .where(Staff.id == bench.job.staff_id, Follower.account_id == account_id)
                .where(Follower.subscribed.is_(True))
            )
        if row is None or row.state is not WeChatArticleState.DRAFT or row.media_id is None:
            raise DomainError("这篇文章已经不在草稿箱里，请看文章页上的情况。")
        if openid is None:
            raise DomainError("您关联的微信没有关注公众号，预览发不过去。请先关注，再试。")
        try:
            await client.mass.preview(Articles(row.media_id), openid=openid)
        except (TryLater, QuotaUsedUp, OutcomeUnknown) as error:
            raise DomainError(_LATER) from error
        except PersonUnreachable as error:
            raise DomainError("微信说发不到您的微信，请确认您还关注着公众号。") from error
        except MediaGone as error:
            raise DomainError("草稿箱里已经没有这份草稿，请重新放进草稿箱。") from error
        except WeChatError as error:
            raise DomainError(f"预览没有发出：{words(error)}。") from error
        return Ended("预览已发到您的微信，请在手机上打开看看。")

    return {PREVIEW: preview}
