"""What happened on a phone, written down as a test for `sandbox.driver`: the acts, and what was read.

The words are Python to paste; nothing is run here.
"""

import json
from typing import Any

from sandbox import conversations, people
from sandbox.conversations import OUT
from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.world import World

WIDTH = 104  # columns of a line; Chinese takes two, as the formatter counts
SAME_TIME_SECONDS = 30.0  # smaller moves of the clock are its file being read
HOUR = 3600.0

# Family names as variables; everybody else is `member`.
_NAMES = (
    "王wang 李li 张zhang 刘liu 陈chen 杨yang 赵zhao 黄huang 周zhou 吴wu 徐xu 孙sun 胡hu 朱zhu 高gao "
    "林lin 何he 郭guo 马ma 罗luo 梁liang 宋song 郑zheng 谢xie 韩han 唐tang 冯feng 于yu 董dong 萧xiao "
    "程cheng 曹cao 袁yuan 邓deng 许xu 傅fu 沈shen 曾zeng 彭peng 吕lv 苏su 卢lu 蒋jiang 蔡cai 贾jia "
    "丁ding 魏wei 薛xue 叶ye 阎yan"
)
NAMES = {name[0]: name[1:] for name in _NAMES.split()}
# Acts whose fields the driver takes by name, and what a phone sent that a story leaves out: files.
SENT = {"picture", "voice", "video", "location", "report-location", "link", "event"}
FILES = {"base64", "thumb", "pictures"}


def written(world: World, who: str, exchange_id: int | None = None) -> str:
    """Everything since this person followed, as a test; or one exchange, as lines of one.

    Raises:
        NotPossible: nothing was done that a story could tell.
    """
    person = people.get(world, who)
    happened = _exchanges(world, person["openid"])
    name = NAMES.get(person["name"][:1], "member")
    if exchange_id is not None:
        wanted = [row for row in happened if row["id"] == exchange_id]
        opening = "person" if wanted and wanted[0]["kind"] == "subscribe" else "follower"
        lines = _acts(world, name, wanted)
    else:
        happened = _since_following(happened)
        opening, lines = "person", _told(world, name, person["openid"], happened)
    if not lines:
        raise NotPossible("还没有可以写成测试的往来。")
    first = f"{name} = await platform.{opening}({_quoted(person['name'])})"
    if exchange_id is not None:
        return "\n".join([first, *lines]) + "\n"
    head = f"async def test_{name}_is_answered(platform: Platform) -> None:"
    body = [f"    {line}" if line else "" for line in [first, "", *lines]]
    return "\n".join([head, *body]) + "\n"


def _exchanges(world: World, openid: str) -> list[dict[str, Any]]:
    """What the person did, oldest first. Of several pushes by one act the last, as for the driver."""
    rows = world.db.all("select * from exchange where openid = ? order by id", openid)
    by_act: dict[int, dict[str, Any]] = {}
    for row in rows:
        detail = json.loads(row.pop("detail"))
        if detail.get("act"):
            by_act[detail["act"]["id"]] = {**row, **detail}
    return list(by_act.values())


def _since_following(happened: list[dict[str, Any]]) -> list[dict[str, Any]]:
    starts = [index for index, row in enumerate(happened) if row["kind"] == "subscribe"]
    return happened[starts[-1] :] if starts else happened


def _told(world: World, name: str, openid: str, happened: list[dict[str, Any]]) -> list[str]:
    """Acts, moves of the clock between them, and what arrived unasked, in their order."""
    if not happened:
        return []
    began = happened[0]["at"]
    arrived = [
        one
        for one in conversations.read(world, openid)
        if one["direction"] == "in"
        and one["exchange_id"] is None
        and one["at"] >= began
        and not _of_a_friend(one)
    ]
    lines: list[str] = []
    offset = happened[0]["offset"]
    for row in happened:
        while arrived and arrived[0]["at"] < row["at"]:
            lines += _heard(name, arrived.pop(0))
        if abs(row["offset"] - offset) > SAME_TIME_SECONDS:
            lines.append(_moved(row["offset"] - offset))
            offset = row["offset"]
        lines += _acts(world, name, [row])
    for message in arrived:
        lines += _heard(name, message)
    return lines


def _of_a_friend(message: dict[str, Any]) -> bool:
    """A page somebody sent on: the account has no part in it."""
    return message["type"] == "link" and bool(message["content"].get("from"))


def _moved(seconds: float) -> str:
    whole = round(seconds / HOUR)
    if abs(seconds - whole * HOUR) < SAME_TIME_SECONDS:
        return f"await platform.moves_time(hours={whole})"
    return f"await platform.moves_time(seconds={round(seconds)})"


def _heard(name: str, message: dict[str, Any]) -> list[str]:
    return _fitted(f"await {name}.hears(", message["text"], ")")


def _acts(world: World, name: str, rows: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for row in rows:
        act = f"await {name}.{_call(row)}"
        if row["result"] == "reply":
            lines += _answered(act, _read(world, row))
        elif row["result"] == "silent":
            lines.append(f'assert ({act}).result == "silent"')
        else:
            lines += [
                f"seen = {act}",
                f'assert (seen.result, seen.rule) == ("fault", {_quoted(row["rule"])})',
            ]
    return lines


def _answered(act: str, text: str) -> list[str]:
    line = f"assert ({act}).text == {_quoted(text)}"
    if "\n" not in text and _width(line) <= WIDTH:
        return [line]
    return [f"seen = {act}", *_fitted("assert seen.text == ", text, "", grouped=True)]


def _read(world: World, row: dict[str, Any]) -> str:
    found: list[Row] = world.db.all(
        "select * from message where exchange_id = ? and direction <> ? order by id desc limit 1",
        row["id"],
        OUT,
    )
    return str(conversations.described(world, found[0])["text"]) if found else ""


def _call(row: dict[str, Any]) -> str:
    act, given = row["act"]["name"], row["act"]["given"]
    if act == "follow":
        return f"follows({_quoted(given['scene'])})" if given.get("scene") else "follows()"
    if act == "unfollow":
        return "leaves()"
    if act == "scan":
        return f"scans({_quoted(given.get('scene') or '')})"
    if act == "say":
        return f"says({_quoted(given.get('text', ''))})"
    if act == "choose":
        return f"chooses({_quoted(given.get('label') or given.get('content', ''))})"
    if act == "menu":
        path = given["path"] if isinstance(given["path"], list) else [given["path"]]
        return f"taps({', '.join([*map(_quoted, path), *_named(given, 'path')])})"
    if act in SENT:
        return f"sends({', '.join([_quoted(act), *_named(given)])})"
    return f"_does({', '.join([_quoted(act), *_named(given)])})"


def _named(given: dict[str, Any], *without: str) -> list[str]:
    left = {name: value for name, value in given.items() if name not in {*FILES, *without}}
    return [f"{name}={_literal(value)}" for name, value in left.items() if value is not None]


def _literal(value: Any) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """A Python string in double quotes; JSON's escapes are Python's too."""
    return json.dumps(text, ensure_ascii=False)


def _width(line: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in line)


def _fitted(before: str, text: str, after: str, *, grouped: bool = False) -> list[str]:
    """`before` "text" `after` on one line where it fits, else the text line by line."""
    line = f"{before}{_quoted(text)}{after}"
    if "\n" not in text and _width(line) <= WIDTH:
        return [line]
    pieces = [piece for part in text.splitlines(keepends=True) for piece in _cut(part)]
    opened, closed = ("(", ")") if grouped else ("", "")
    return [f"{before}{opened}", *(f"    {_quoted(piece)}" for piece in pieces), f"{closed}{after}"]


def _cut(part: str) -> list[str]:
    """A line of a text in pieces that fit."""
    pieces, piece = [], ""
    for letter in part:
        if _width(piece) >= WIDTH - 16 and letter != "\n":
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]
