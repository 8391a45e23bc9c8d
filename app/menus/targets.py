"""What a button or rule leads to, and the keys that buttons carry to WeChat and back.

A key is the handler plus its arguments in one canonical form. Phones keep old menus for weeks, so a key is
resolved by what it says, not by looking it up in the present file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote, unquote

from app.menus.model import Item, ReplySpec, Rule

KEY_BYTES = 128  # WeChat's limit
REPLY = "reply:"  # no handler has a colon in its name


@dataclass(frozen=True, slots=True)
class Do:
    """Run a handler."""

    handler: str
    args: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        args = "，".join(f"{name}={value}" for name, value in sorted(self.args.items()))
        return f"运行 {self.handler}" + (f"（{args}）" if args else "")


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with what the operator wrote."""

    reply: ReplySpec

    def __str__(self) -> str:
        return f"回复{self.reply}"


Target = Do | Say


def key_of(handler: str, args: Mapping[str, str] | None = None) -> str:
    """The canonical key: `news.latest?category=union`, names in order, values quoted as in addresses."""
    if not args:
        return handler
    pairs = "&".join(f"{quote(name, safe='')}={quote(args[name], safe='')}" for name in sorted(args))
    return f"{handler}?{pairs}"


def parse_key(key: str) -> Do | None:
    """What a key says; None where it is no key of ours."""
    handler, asked, query = key.partition("?")
    if not handler or (asked and not query):
        return None
    args: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, given, value = pair.partition("=")
        name = unquote(name)
        if not given or not name or name in args:
            return None
        args[name] = unquote(value)
    return Do(handler, args)


def reply_key(menu: str, top: str, item: Item) -> str:
    """The key of a button that only replies: bound to where it stands, so that its words can be improved.

    Where it stood before it was renamed or moved is known to the revisions of that time.
    """
    place = "\n".join((menu, top, item.name))
    return REPLY + sha256(place.encode()).hexdigest()[:24]


def item_target(item: Item) -> Target | None:
    """What we do when it is tapped; None for buttons that leave the chat."""
    handler = item.handler
    if handler:
        return Do(handler, item.with_)
    return Say(item.reply) if item.reply else None


def rule_target(rule: Rule) -> Target:
    """What answers a keyword."""
    if rule.do:
        return Do(rule.do, rule.with_)
    assert rule.reply is not None  # the model lets no rule through that has neither
    return Say(rule.reply)
