"""Template messages: the account's templates, the rules of their fields, and idempotency."""

import base64
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from sandbox.config import digest
from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World, next_number

REMEMBER_SECONDS = 600  # how long a client_msg_id protects
FIRST_TEMPLATES = (
    (
        "业务受理通知",
        "受理编号:{{character_string1.DATA}}\n受理事项:{{thing2.DATA}}\n"
        "受理时间:{{time3.DATA}}\n当前状态:{{phrase4.DATA}}",
    ),
    (
        "处理进度提醒",
        "编号:{{character_string1.DATA}}\n事项:{{thing2.DATA}}\n进度:{{phrase3.DATA}}\n"
        "更新时间:{{time4.DATA}}",
    ),
    (
        "活动开始提醒",
        "活动名称:{{thing1.DATA}}\n开始时间:{{time2.DATA}}\n活动地点:{{thing3.DATA}}",
    ),
    (
        "报名结果通知",
        "活动名称:{{thing1.DATA}}\n报名结果:{{phrase2.DATA}}\n活动时间:{{time3.DATA}}",
    ),
    (
        "值班告警提醒",
        "告警内容:{{thing1.DATA}}\n告警时间:{{time2.DATA}}\n处理要求:{{thing3.DATA}}",
    ),
    (
        "停电通知",
        "停电区域:{{thing1.DATA}}\n停电时间:{{time2.DATA}}\n恢复时间:{{time3.DATA}}\n"
        "停电原因:{{thing4.DATA}}",
    ),
    (
        "电费账单提醒",
        "户号:{{character_string1.DATA}}\n账单月份:{{date2.DATA}}\n应缴金额:{{amount3.DATA}}",
    ),
)
_FIELD = re.compile(r"(?:^|\n)([^\n{]*?)[:：]?\{\{(\w+)\.DATA\}\}")
_TIME = r"(\d{4}年\d{1,2}月\d{1,2}日 ?)?\d{1,2}:\d{2}(:\d{2})?"
_DATE = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{2}-\d{2})"
_DATE_TIME = rf"({_DATE}( ?\d{{1,2}}:\d{{2}}(:\d{{2}})?)?|{_TIME})"


def seed(world: World) -> None:
    if not world.db.count("select count(*) from template"):
        for title, content in FIRST_TEMPLATES:
            add(world, title, content)


def add(world: World, title: str, content: str) -> str:
    raw = digest(world.config.app_id, f"template:{title}")
    template_id = base64.urlsafe_b64encode(raw).decode()[:43]
    example = _FIELD.sub(lambda found: f"\n{found[1]}:示例", content).strip()
    world.db.run(
        "insert or replace into template (id, title, content, example) values (?, ?, ?, ?)",
        template_id,
        title,
        content,
        example,
    )
    return template_id


def find(world: World, template_id: object) -> Row:
    row = world.db.find("select * from template where id = ?", str(template_id))
    if not template_id or row is None:
        raise ApiError(40037, "invalid template_id", "没有这个模板")
    return row


def filled(template: Row, data: Any) -> list[dict[str, str]]:
    """The notice's lines.

    Raises:
        ApiError: 47003 a field is missing, empty, or breaks its kind's rule.
    """
    if not isinstance(data, dict):
        raise ApiError(47003, "argument invalid! data invalid", "缺少 data")
    lines = []
    for label, name in _FIELD.findall(template["content"]):
        given = data.get(name)
        value = given.get("value") if isinstance(given, dict) else None
        if not isinstance(value, str) or not _fits(name, value):
            raise ApiError(
                47003,
                f"argument invalid! data.{name}.value invalid",
                f"字段 {name} 的值「{value}」不合规则：{_rule_of(name)}",
            )
        lines.append({"label": label.strip(), "value": value})
    return lines


def _whole(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _is_name(value: str) -> bool:
    most = 10 if re.search(r"[\u4e00-\u9fff]", value) else 20
    return len(value) <= most and not re.search(r"\d", value)


def _is_symbols(value: str) -> bool:
    return len(value) <= 5 and all(unicodedata.category(one)[0] in "PS" for one in value)


# Kind: (check, rule in words). Section 8.2.
KINDS: dict[str, tuple[Callable[[str], bool], str]] = {
    "thing": (lambda value: len(value) <= 20, "20 个以内字符"),
    "number": (_whole(r"\d{1,32}(\.\d+)?"), "32 位以内数字，可带小数"),
    "letter": (_whole(r"[A-Za-z]{1,32}"), "32 位以内字母"),
    "symbol": (_is_symbols, "5 位以内符号"),
    "character_string": (_whole(r"[\x20-\x7e]{1,32}"), "32 位以内数字、字母或符号，不能有汉字"),
    "time": (_whole(rf"{_TIME}(~{_TIME})?"), "24 小时制时间，如 2019年10月1日 15:01"),
    "date": (_whole(rf"{_DATE_TIME}(~{_DATE_TIME})?"), "年月日，可带时间"),
    "amount": (_whole(r"[¥￥$€£]?\d{1,10}(\.\d+)?元?"), "1 个币种符号加 10 位以内数字，可带小数"),
    "phone_number": (_whole(r"[\d+\-() *]{1,17}"), "17 位以内数字、符号"),
    "car_number": (lambda value: len(value) <= 8, "8 位以内车牌号"),
    "name": (_is_name, "10 个以内汉字，或 20 个以内字母、符号"),
    "phrase": (_whole(r"[\u4e00-\u9fff]{1,5}"), "5 个以内汉字"),
    "const": (lambda value: len(value) <= 20, "20 个以内字符"),
    "enum": (lambda value: len(value) <= 20, "模板列出的值"),
}


def _rule_of(name: str) -> str:
    return KINDS.get(name.rstrip("0123456789"), (None, "不能为空"))[1]


def _fits(name: str, value: str) -> bool:
    if not value.strip() or any(unicodedata.category(one) == "Cc" for one in value):
        return False
    kind = KINDS.get(name.rstrip("0123456789"))
    return kind is None or kind[0](value)


def sent_before(world: World, openid: str, client_msg_id: str) -> int | None:
    """The msgid of the notice this client_msg_id already caused, within ten minutes."""
    row = world.db.find(
        "select msgid from notice where openid = ? and client_msg_id = ? and at > ?",
        openid,
        client_msg_id,
        world.now() - REMEMBER_SECONDS,
    )
    return int(row["msgid"]) if row else None


def remember(world: World, openid: str, client_msg_id: str | None) -> int:
    msgid = next_number()
    world.db.run(
        "insert into notice (msgid, openid, client_msg_id, at) values (?, ?, ?, ?)",
        msgid,
        openid,
        client_msg_id,
        world.now(),
    )
    return msgid
