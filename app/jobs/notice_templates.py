"""Fetching the notice templates that WeChat has for the account: work that staff start."""

from collections.abc import Mapping
from typing import Final

from app.errors import DomainError
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.services import notices, permissions
from app.services.notices import Told
from app.wechat.advice import advice
from app.wechat.client import WeChatClient
from app.wechat.errors import WeChatError

FETCH: Final = "notices.fetch"


def kinds(client: WeChatClient, account_id: int) -> Mapping[str, Work]:
    """The work on templates of this account."""

    async def fetch(bench: Bench) -> Ended:
        permissions.demand(await standing_of(bench), permissions.Right.NOTICES_EDIT)
        try:
            listed = await client.templates.list()
        except WeChatError as error:
            raise DomainError(f"没能取得模板：{advice(error)}。") from error
        found = [Told(each.template_id, each.title, each.content, each.example) for each in listed]
        async with bench.database.transaction() as session:
            await notices.keep_templates(session, account_id, found, bench.clock.now())
        if not found:
            return Ended("微信上还没有模板。请先在微信公众平台「广告与服务 → 模板消息」里添加。")
        return Ended(f"微信上有 {len(found)} 个模板。")

    return {FETCH: fetch}
