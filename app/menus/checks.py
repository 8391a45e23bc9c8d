"""Checks across entries: handlers and their arguments, lengths on WeChat's side, buttons no one would see."""

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from app.menus.known import Handlers
from app.menus.mistakes import Mistake, nearest, one_of
from app.menus.model import ITEM_BYTES, TOP_BYTES, Button, Item
from app.menus.parts import Bar, Parts
from app.menus.source import Path, Source
from app.menus.targets import KEY_BYTES, key_of
from app.menus.words import shown_width
from app.services.audiences import Audience, covers, each

MOST_DOMAINS = 3  # WeChat 65316, over all menus for audiences together
TOP_SHOWN, ITEM_SHOWN = 4, 8
FOLLOWS = {"photo": "照片", "location": "位置"}  # comes as a message of its own, after the tap


def check(parts: Parts, known: Handlers, source: Source) -> Iterator[Mistake]:
    """Mistakes in menus, greetings and fallback; keywords are `app.menus.shadows`."""
    yield from unknown(parts, known, source)
    for bar in parts.bars:
        yield from _names(bar, source)
        for path, item in bar.items():
            yield from _key_length(path, item, source)
            yield from _follow_up(path, item, known, source)
    yield from _unseen(parts.bars[1:], source)
    yield from _domains(parts.bars[1:], source)


def unknown(parts: Parts, known: Handlers, source: Source) -> Iterator[Mistake]:
    """Handlers that this program does not have, and arguments that they do not take."""
    for path, name in parts.named:
        yield from _handler(path, name, {}, known, source)
    for path, rule in parts.rules:
        if rule.do:
            yield from _handler((*path, "do"), rule.do, rule.with_, known, source)
    for bar in parts.bars:
        for path, item in bar.items():
            if item.handler:
                yield from _handler((*path, item.action), item.handler, item.with_, known, source)


def _handler(
    path: Path, name: str, args: Mapping[str, str], known: Handlers, source: Source
) -> Iterator[Mistake]:
    handler = known.get(name)
    if handler is None:
        close = nearest(name, known)
        hint = f"是不是「{close}」（{known[close].title}）？" if close else "可用的功能见说明里的清单。"
        yield Mistake(*source.place(path), f"没有「{name}」这个功能。", hint)
        return
    for arg in args:
        if arg not in handler.args:
            place = source.key_place((*path[:-1], "with", arg))
            hint = f"可以写：{one_of(sorted(handler.args))}。" if handler.args else "请删掉 with。"
            yield Mistake(*place, f"「{name}」不接受参数「{arg}」。", hint)


def _key_length(path: Path, item: Item, source: Source) -> Iterator[Mistake]:
    size = len(key_of(item.handler, item.with_).encode()) if item.handler else 0
    if size > KEY_BYTES:
        message = f"按钮「{item.name}」的功能和参数太长：{size} 字节，最多 {KEY_BYTES} 字节。"
        yield Mistake(
            *source.place((*path, "with")), message, "汉字在这里每个占 9 字节，请缩短 with 里的内容。"
        )


def _follow_up(path: Path, item: Item, known: Handlers, source: Source) -> Iterator[Mistake]:
    """The picture or place that follows the tap must find a question that takes it."""
    what, handler = FOLLOWS.get(item.action), known.get(item.handler or "")
    if what is None or handler is None or item.action in handler.takes:
        return
    able = [f"{each.name}（{each.title}）" for each in known.values() if item.action in each.takes]
    hint = f"{item.action} 可以写：{one_of(able)}。" if able else "请换一种按钮。"
    message = f"「{handler.name}」不接着收{what}，发来的{what}没有人理会。"
    yield Mistake(*source.place((*path, item.action)), message, hint)


def _names(bar: Bar, source: Source) -> Iterator[Mistake]:
    yield from _doubled(bar.buttons, "菜单", source)
    for path, button in bar.buttons:
        yield from _length(path, button.name, TOP_BYTES, source)
        items = [((*path, "items", n), item) for n, item in enumerate(button.items or ())]
        yield from _doubled(items, f"「{button.name}」下面", source)
        for item_path, item in items:
            yield from _length(item_path, item.name, ITEM_BYTES, source)


def _length(path: Path, name: str, most: int, source: Source) -> Iterator[Mistake]:
    size = len(name.encode())
    if size > most:
        message = f"「{name}」太长：{size} 字节，最多 {most} 字节。"
        hint = f"一个汉字 3 字节，最多 {most // 3} 个汉字。"
        yield Mistake(*source.place((*path, "name")), message, hint)


def _doubled(items: Iterable[tuple[Path, Item]], where: str, source: Source) -> Iterator[Mistake]:
    seen: set[str] = set()
    for path, item in items:
        if item.name in seen:
            yield Mistake(
                *source.place((*path, "name")), f"{where}有两个「{item.name}」。", "请改名或删掉一个。"
            )
        seen.add(item.name)


def _unseen(bars: list[Bar], source: Source) -> Iterator[Mistake]:
    taken: list[Audience] = []
    for bar in bars:
        if bar.when is None:
            continue
        if all(any(covers(earlier, one) for earlier in taken) for one in each(bar.when)):
            message = f"这套菜单没有人会看到：「{bar.when}」已经看到前面的菜单。"
            yield Mistake(*source.place((*bar.path[:-1], "when")), message, "把它移到前面，或改一改给谁看。")
        taken.append(bar.when)


def _domains(bars: list[Bar], source: Source) -> Iterator[Mistake]:
    seen: set[str] = set()
    for bar in bars:
        for path, item in bar.items():
            addresses = [item.open, item.miniprogram.fallback if item.miniprogram else None]
            seen |= {urlsplit(each).hostname or "本站" for each in addresses if each}
            if len(seen) > MOST_DOMAINS:
                message = f"menus_for 里的按钮通向 {len(seen)} 个网站，微信最多允许 {MOST_DOMAINS} 个。"
                yield Mistake(*source.place(path), message, f"现有：{one_of(sorted(seen))}。")
                return


def warnings(parts: Parts, source: Source) -> Iterator[Mistake]:
    """What WeChat takes but phones show cut off."""
    for bar in parts.bars:
        for path, button in bar.buttons:
            yield from _cut(path, button, TOP_SHOWN, source)
            for n, item in enumerate(button.items or ()):
                yield from _cut((*path, "items", n), item, ITEM_SHOWN, source)


def _cut(path: Path, item: Item | Button, most: int, source: Source) -> Iterator[Mistake]:
    if shown_width(item.name) > most:
        message = f"「{item.name}」在手机上会显示不全。"
        yield Mistake(*source.place((*path, "name")), message, f"建议不超过 {most} 个汉字。")
