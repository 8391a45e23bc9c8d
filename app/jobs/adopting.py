"""Taking over an account that exists already: what it would take, its menu as a file, and the doing."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.clock import Clock
from app.database import Database
from app.jobs import unionids
from app.jobs.budgets import Budget
from app.jobs.trails import Tell, Trail
from app.jobs.walking import ARTICLES_CALL, DETAILS, INFO_CALL, LIST_CALL, TAG_CALL, Walker
from app.menus.carried import Carried, carry
from app.menus.known import Handlers
from app.services import tags
from app.wechat.api.publishing import MOST_AT_ONCE
from app.wechat.client import WeChatClient
from app.wechat.errors import NotAllowed, OurMistake
from models import Walk, WalkKind

PAGE = 10_000  # openids in one call


@dataclass(frozen=True, slots=True)
class Calls:
    """How many calls of one kind it takes, and how many may be made today."""

    what: str
    needed: int
    left: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What an adoption would do, as far as a few calls tell."""

    followers: int
    tags: Mapping[str, int]  # how many people carry each
    articles: int | None  # None: the account may not ask
    calls: tuple[Calls, ...]
    under_way: Walk | None

    @property
    def days(self) -> int:
        """On how many days calls must be made; 0 where there is no telling."""
        full = [-(-each.needed // each.left) for each in self.calls if each.left > 0]
        return max(full, default=0)


async def plan(
    database: Database, client: WeChatClient, clock: Clock, account_id: int, *, with_unionids: bool
) -> Plan:
    """Look without changing anything.

    Raises:
        WeChatError: WeChat did not answer.
    """
    budget = Budget(client.base, clock)
    followers = (await client.users.list()).total
    carried = {tag.name: tag.count for tag in await client.tags.list() if tag.id > 2}
    carried = {name: count for name, count in carried.items() if not name.startswith(tags.OURS)}
    try:
        articles = (await client.publishing.list(0, 1)).total
    except (NotAllowed, OurMistake):
        articles = None
    needed = {
        ("关注者名单", LIST_CALL): _pages(followers, PAGE),
        ("标签的名单", TAG_CALL): sum(_pages(count, PAGE) for count in carried.values()),
        ("已发布的文章", ARTICLES_CALL): _pages(articles or 0, MOST_AT_ONCE),
    }
    if with_unionids:
        needed["关注者的 unionid", INFO_CALL] = _pages(followers, DETAILS)
    calls = [
        Calls(what, number, await budget.left(path)) for (what, path), number in needed.items() if number
    ]
    walk = await Trail(database, clock, account_id).find(WalkKind.ADOPTION)
    return Plan(followers, carried, articles, tuple(calls), walk)


def _pages(number: int, size: int) -> int:
    return -(-number // size)


async def present_menu(client: WeChatClient, known: Handlers, *, account: str, public_url: str) -> Carried:
    """The default menu, wherever it was made, and those for tags.

    Raises:
        WeChatError: WeChat did not answer.
    """
    shown = await client.menus.self_menu_info()
    names = {tag.id: tag.name for tag in await client.tags.list()}
    buttons = (shown.raw.get("selfmenu_info") or {}).get("button") or [] if shown.is_open else []
    conditional = (await client.menus.get()).raw.get("conditionalmenu") or []
    return carry(buttons, conditional, names, known, account=account, public_url=public_url)


async def adopt(
    database: Database,
    client: WeChatClient,
    clock: Clock,
    account_id: int,
    *,
    with_unionids: bool,
    tell: Tell,
) -> Walk:
    """Followers, tags and articles; goes on where it was broken off. Raises: as `Walker.walk`."""
    walk = await Walker(database, client, clock, account_id, tell).walk(WalkKind.ADOPTION)
    if with_unionids:
        budget = Budget(client.base, clock)
        await budget.spend(INFO_CALL)
        while await unionids.ask(database, client.users, clock, account_id):
            await budget.spend(INFO_CALL)
    return walk
