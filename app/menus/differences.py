"""What changed between two menu files, in words an operator can check at a glance."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.menus.model import Button, MenuFile
from app.menus.targets import rule_target
from app.menus.wording import does, entry


@dataclass(frozen=True)
class _Thing:
    """`content` decides whether it changed, `shown` is what people read."""

    content: str
    shown: str


Things = Mapping[str, _Thing]


def difference(old: MenuFile | None, new: MenuFile) -> str:
    """One change per line; empty when nothing that people notice has changed."""
    if old is None:
        return "第一版"
    lines = _changed("账号名称", old.account, new.account)
    lines += _bar("菜单", old.menu, new.menu)
    lines += _bars(old, new)
    lines += _compared("关键词", _rules(old), _rules(new))
    lines += _changed("关注时", old.greetings.subscribe or "无", new.greetings.subscribe or "无")
    lines += _changed("扫码时", old.greetings.scan or "无", new.greetings.scan or "无")
    lines += _changed("没有命中时", old.fallback, new.fallback)
    return "\n".join(lines)


def _changed(what: str, old: str, new: str) -> list[str]:
    return [] if old == new else [f"{what}：{old} → {new}"]


def _bars(old: MenuFile, new: MenuFile) -> list[str]:
    before = {f"「{each.when}」的菜单": each.menu for each in old.menus_for}
    after = {f"「{each.when}」的菜单": each.menu for each in new.menus_for}
    lines = [f"去掉{name}" for name in before if name not in after]
    for name, menu in after.items():
        lines += _bar(name, before[name], menu) if name in before else [f"新增{name}"]
    return lines + _order("菜单", before, after)


def _bar(what: str, old: tuple[Button, ...], new: tuple[Button, ...]) -> list[str]:
    before, after = _flat(old), _flat(new)
    return _compared(f"{what}按钮", before, after) + _order(f"{what}按钮", before, after)


def _order(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    same = [name for name in old if name in new] == [name for name in new if name in old]
    return [] if same else [f"{what}的先后变了"]


def _flat(buttons: tuple[Button, ...]) -> Things:
    found = {}
    for button in buttons:
        for item in button.items or (button,):
            name = button.name if item is button else f"{button.name} › {item.name}"
            found[name] = _Thing(item.model_dump_json(), does(item))
    return found


def _rules(file: MenuFile) -> Things:
    """What answers each word; the same word under other conditions is another entry."""
    found = {}
    for rule in file.keywords:
        content = rule.model_dump_json(include={"do", "with_", "reply"})
        for word in rule.say:
            found[entry(rule, word)] = _Thing(content, str(rule_target(rule)))
    return found


def _compared(what: str, old: Things, new: Things) -> list[str]:
    lines = [f"{what}「{name}」去掉（原来：{thing.shown}）" for name, thing in old.items() if name not in new]
    for name, thing in new.items():
        before = old.get(name)
        if before is None:
            lines.append(f"{what}「{name}」新增：{thing.shown}")
        elif before.shown != thing.shown:
            lines.append(f"{what}「{name}」改了：{before.shown} → {thing.shown}")
        elif before.content != thing.content:
            lines.append(f"{what}「{name}」的内容改了：{thing.shown}")
    return lines
