"""每周精选 as it is told: one card that opens its page, or a subscription notice that says the same.

Not here: who gets it (`digests`), and what is in it (`digest_picks`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.clock import in_full
from app.services import addresses
from app.services.outbox import NOTICE

WEEKLY: Final = "digests.weekly"
KINDS: Final[Mapping[str, str]] = {WEEKLY: "每周精选"}
PAGE: Final = "/digest"
# What a subscription notice says of it: an example of each value, and when it goes.
SAID: Final[Mapping[str, Mapping[str, str]]] = {
    WEEKLY: {"标题": "夏季用电这样做更安全", "时间": "2026年11月27日 17:00", "说明": "还有 4 篇，点开看"}
}
TITLES: Final[Mapping[str, tuple[str, str]]] = {
    WEEKLY: ("每周精选", "每周一次，发给订阅了周报、到微信里发不了普通消息、而本人同意订阅过通知的人")
}
HOW_TO_STOP: Final = "不想再收，回复「退订周报」。"


def key_of(copy_id: int) -> str:
    """Of the outbox row that carries a copy."""
    return f"digest:{copy_id}"


def payload(titles: Sequence[str], picture: str, now: datetime) -> dict[str, Any]:
    """What a copy says. `titles`: at least one, the best first; `picture`: a whole address, or empty."""
    first, *others = titles
    more = "\n".join(f"· {each}" for each in others)
    card = {
        "title": f"本周精选：{first}",
        "description": "\n".join(filter(None, [more, HOW_TO_STOP])),
        "picture": picture,
        "url": addresses.page(PAGE),
    }
    notice = {"标题": first, "时间": in_full(now), "说明": rest(len(others))}
    return {"type": "news", "articles": [card], NOTICE: {"values": notice, "page": PAGE}}


def rest(more: int) -> str:
    return f"还有 {more} 篇，点开看" if more else "点开看全文"
