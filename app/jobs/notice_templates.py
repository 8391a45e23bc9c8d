"""Fetching the notice templates that WeChat has for the account: work that staff start."""

from collections.abc import Mapping
from typing import Final

from app.errors import DomainError
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.services import notices, permissions
from app.services.notices import Told
from app.wechat.advice import advice
from app.wechat.api.notice_templates import Consent
from app.wechat.client import WeChatClient
from app.wechat.errors import WeChatError
from models import TemplateKind

FETCH: Final = "notices.fetch"
KINDS: Final = {Consent.ONCE: TemplateKind.ONCE, Consent.LONG_TERM: TemplateKind.LASTING}


async def told_by(client: WeChatClient) -> list[Told]:
    """All templates of the account, of both sorts. Raises: WeChatError."""
    messages, subscribed = await client.templates.list(), await client.notice_templates.list()
    found = [Told(each.template_id, each.title, each.content, each.example) for each in messages]
    found += [
        Told(each.template_id, each.title, each.content, each.example, KINDS[each.consent])
        for each in subscribed
        if each.consent is not None
    ]
    return found


def kinds(client: WeChatClient, account_id: int) -> Mapping[str, Work]:
    """The work on templates of this account."""

    async def fetch(bench: Bench) -> Ended:
        permissions.demand(await standing_of(bench), permissions.Right.NOTICES_EDIT)
        try:
            found = await told_by(client)
        except WeChatError as error:
            raise DomainError(f"没能取得模板：{advice(error)}。") from error
        async with bench.database.transaction() as session:
            await notices.keep_templates(session, account_id, found, bench.clock.now())
        if not found:
            return Ended("微信上还没有模板。请先在微信公众平台「模板消息」和「订阅通知」里添加。")
        return Ended(f"微信上有 {len(found)} 个模板。")

    return {FETCH: fetch}
