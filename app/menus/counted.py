"""How often rules and buttons were hit, as the menus page shows it; counted by day in China."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.menus.known import Handlers
from app.menus.targets import REPLY, parse_key
from models import MenuHit

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
_SORTS: Final = {"keyword": "关键词", "menu": "按钮", "greeting": "问候", "word": "对话用语", "tap": "选项"}
_WHOLE: Final = {
    "fallback": "没有命中，交给搜索",
    "unsubscribe": "取消关注",
    "greeting:subscribe": "关注时",
    "greeting:scan": "扫码时",
    "menu:unknown": "旧按钮",
    "tap:old": "旧选项",
}


@dataclass(frozen=True, slots=True)
class Hits:
    """Of one rule, today included."""

    rule: str
    week: int
    month: int


async def hits(session: AsyncSession, today: date, limit: int = 500) -> list[Hits]:
    """The most hit first; rules nobody hit in 30 days are not among them."""
    in_week = sa.case((MenuHit.day > today - WEEK, MenuHit.count), else_=0)
    month = sa.func.sum(MenuHit.count)
    chosen = sa.select(MenuHit.rule, sa.func.sum(in_week), month)
    chosen = chosen.where(MenuHit.day > today - MONTH).group_by(MenuHit.rule)
    found = await session.execute(chosen.order_by(month.desc(), MenuHit.rule).limit(limit))
    return [Hits(rule, int(of_week), int(of_month)) for rule, of_week, of_month in found]


def named(rule: str, known: Handlers) -> tuple[str, str]:
    """The sort of a rule and what it is called, for people."""
    if rule in _WHOLE:
        return "其他", _WHOLE[rule]
    sort, _, rest = rule.partition(":")
    if sort == "flow":
        return "对话", known[rest].title if rest in known else rest
    if sort in ("menu", "tap"):
        target = None if rest.startswith(REPLY) else parse_key(rest)
        if target is not None and target.handler in known:
            args = "、".join(target.args.values())
            return _SORTS[sort], known[target.handler].title + (f"（{args}）" if args else "")
        return _SORTS[sort], "固定回复" if rest.startswith(REPLY) or rest == "reply" else rest
    # Two rules with the same first word: see `matching`.
    word, _, which = rest.rpartition("#")
    if sort == "keyword" and word and which.isdecimal():
        return _SORTS[sort], f"{word}（第 {which} 条）"
    return _SORTS.get(sort, "其他"), rest or rule
