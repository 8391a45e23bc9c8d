"""Fetching the notice templates that WeChat has for the accounts: work that staff start."""

from collections.abc import Mapping
from typing import Final

from app.errors import DomainError
from app.jobs.staff_jobs import Bench, Ended, Work, standing_of
from app.services import notices, permissions
from app.services.notices import Told
from app.wechat.advice import advice
from app.wechat.api.notice_templates import Consent
from app.wechat.client import WeChatClient
from app.wechat.crypto import Account
from app.wechat.errors import WeChatError
from models import AccountKind, TemplateKind

FETCH: Final = "notices.fetch"
KINDS: Final = {Consent.ONCE: TemplateKind.ONCE, Consent.LONG_TERM: TemplateKind.LASTING}


async def told_by(client: WeChatClient, kind: AccountKind = AccountKind.OFFICIAL) -> list[Told]:
    """All templates of the account, of both sorts; a mini-program has only those that are agreed to.

    Raises: WeChatError.
    """
    messages = await client.templates.list() if kind is AccountKind.OFFICIAL else []
    found = [Told(each.template_id, each.title, each.content, each.example) for each in messages]
    found += [
        Told(each.template_id, each.title, each.content, each.example, KINDS[each.consent])
        for each in await client.notice_templates.list()
        if each.consent is not None
    ]
    return found


def kinds(
    accounts: Mapping[AccountKind, tuple[int, Account]],
    official: WeChatClient,
    miniprogram: WeChatClient | None,
) -> Mapping[str, Work]:
    """The work on templates of these accounts; without `miniprogram` there is none of one."""
    clients = {AccountKind.OFFICIAL: official, AccountKind.MINIPROGRAM: miniprogram}

    async def fetch(bench: Bench) -> Ended:
        permissions.demand(await standing_of(bench), permissions.Right.NOTICES_EDIT)
        count = 0
        for kind, client in clients.items():
            if client is None:
                continue
            try:
                found = await told_by(client, kind)
            except WeChatError as error:
                raise DomainError(f"没能取得{kind.label}的模板：{advice(error)}。") from error
            count += len(found)
            async with bench.database.transaction() as session:
                await notices.keep_templates(session, accounts[kind][0], found, bench.clock.now())
        if not count:
            return Ended("微信上还没有模板。请先在微信公众平台「模板消息」和「订阅通知」里添加。")
        return Ended(f"微信上有 {count} 个模板。")

    return {FETCH: fetch}
