"""Buttons and rules in words, for `menus try`, differences and logs."""

from app.menus.model import Hours, How, Item, Rule
from app.menus.targets import item_target

AFTER = {"scan": "扫码后", "photo": "拍照后", "location": "选位置后"}
HOURS = {Hours.WORKING: "上班时间", Hours.OFF: "下班时间"}
HOW = {
    How.EXACT: "与「{}」完全一致",
    How.CONTAINS: "含有「{}」",
    How.PREFIX: "以「{}」开头",
    How.PATTERN: "符合规则「{}」",
}
SORTS = {How.EXACT: "", How.CONTAINS: "含有", How.PREFIX: "开头", How.PATTERN: "规则"}


def does(item: Item) -> str:
    """What a button does."""
    if item.open:
        return f"打开 {item.open}"
    if item.miniprogram:
        return f"打开小程序 {item.miniprogram.appid} 的 {item.miniprogram.path}"
    return f"{AFTER.get(item.action, '')}{item_target(item)}"


def why(rule: Rule, word: str) -> str:
    """Why a text hit `word`."""
    return HOW[rule.match].format(word) + terms(rule)


def terms(rule: Rule) -> str:
    """The conditions of a rule; empty where it always holds."""
    found = [HOURS[rule.hours]] if rule.hours else []
    found += [f"{rule.from_:%Y-%m-%d} 起"] if rule.from_ else []
    found += [f"{rule.until:%Y-%m-%d} 止"] if rule.until else []
    found += [f"给{rule.when}"] if rule.when else []
    return f"（{'，'.join(found)}）" if found else ""


def entry(rule: Rule, word: str) -> str:
    """A word of a rule as lists name it."""
    return SORTS[rule.match] + word + terms(rule)
