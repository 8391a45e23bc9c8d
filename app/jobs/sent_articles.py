"""Deleting at WeChat an article that went out with a mass message: work that staff start.

Source: wechat-platform.md section 7.1: the cards stay in the chats, what they open is gone. Done twice it is
gone once.
"""

from collections.abc import Mapping
from typing import Final

from app.errors import DomainError
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.jobs.wechat_article_words import words
from app.services import article_remnants, articles, permissions
from app.services.article_remnants import DELETE, RemnantKind
from app.wechat.client import WeChatClient
from app.wechat.errors import OurMistake, OutcomeUnknown, QuotaUsedUp, TryLater, WeChatError

_GONE: Final = 40065  # or still going out
_LATER: Final = "微信现在没有答复，没有全部删掉，请过几分钟再删一次。"


def kinds(client: WeChatClient) -> Mapping[str, Work]:
    async def delete(bench: Bench) -> Ended:
        """`given`: the public ids of the article and of the campaign."""
        permissions.demand(await standing_of(bench), permissions.Right.CONTENT_PUBLISH)
        key, campaign = str(bench.given["article"]), str(bench.given["campaign"])
        async with bench.database.reading() as session:
            article = await articles.get(session, key)
            place = await article_remnants.place_of(session, article, campaign)
            orders = [] if place is None else await article_remnants.orders_of(session, place.campaign_id)
        if place is None or not orders:
            raise DomainError(article_remnants.NOTHING)
        if articles.is_shown(article, bench.clock.now()):
            raise DomainError("这篇文章又在显示了，没有删。")
        for number, order in enumerate(orders):
            try:
                await client.mass.delete(order.msg_id or 0, place.place)
            except (TryLater, QuotaUsedUp, OutcomeUnknown) as error:
                raise DomainError(_LATER) from error
            except OurMistake as error:
                if error.errcode != _GONE or order.sent is None:
                    raise DomainError(f"没有删成：{words(error)}。") from error
            except WeChatError as error:
                raise DomainError(f"没有删成：{words(error)}。") from error
            await bench.went_on(number + 1, len(orders))
        async with bench.database.transaction() as session:
            now = bench.clock.now()
            await article_remnants.deal_with(session, article, RemnantKind.SENT, campaign, now)
        return Ended("已经删除：收到的卡片还在，点开看不到文章了。")

    return {DELETE: delete}
