"""What an act changed, in words: every table, column and state has its own, and an old act still shows."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.services import (
    act_codes,
    act_columns,
    act_columns_activities,
    act_columns_content,
    act_columns_service,
    act_names,
    act_words,
    acts_found,
    audit,
)
from models import Base, Role, StaffAct
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, acts_of, admin, employ, ends, staff_row
from tests.rooms import ROOT

__all__ = ["admin", "ends"]

HAN = re.compile(r"[\u4e00-\u9fff]")
HOSTILE = "<script>alert(1)</script>{{7*7}}"
SAYING = {"does", "_does", "record", "put_down"}  # what puts details down, as modules call it
NO_DETAILS = {"branch_id", "reason", "hidden"}


def put_down() -> Iterator[tuple[str, list[str]]]:
    """Each table that an act may change, with its columns."""
    for mapper in Base.registry.mappers:
        if not issubclass(mapper.class_, audit.NOT_KEPT):
            yield mapper.class_.__tablename__, [each.key for each in mapper.column_attrs]


def of(*changes: object, act: str = "staff.rename") -> StaffAct:
    return StaffAct(at=NOON, by="王强", channel="console", act=act, subject="wang", changes=list(changes))


def changed(table: str, before: object = None, after: object = None, act: str = "staff.rename") -> list[str]:
    """The lines of a row that was changed, as name, before, after."""
    change = {"table": table, "id": 3, "before": before or {}, "after": after or {}}
    (told,) = act_words.told(of(change, act=act))
    return [f"{each.name}：{each.before}→{each.after}" for each in told.lines]


# --- names -------------------------------------------------------------------------------------------------


def test_every_table_and_column_that_an_act_may_change_has_a_name() -> None:
    nameless = [table for table, _ in put_down() if not HAN.search(act_names.table(table))]
    for table, columns in put_down():
        nameless += [f"{table}.{each}" for each in columns if not HAN.search(act_names.column(table, each))]

    assert not nameless, "app/services/act_names.py and act_columns.py say what these are called"


def test_no_two_columns_of_a_table_have_one_name() -> None:
    for table, columns in put_down():
        names = [act_names.column(table, each) for each in columns]
        assert sorted(names) == sorted(set(names)), table


def test_no_name_is_left_of_what_is_gone() -> None:
    known = {table: set(columns) for table, columns in put_down()}
    own = (
        *(act_columns.OF_WORK, act_columns_activities.OF_ACTIVITIES),
        *(act_columns_content.OF_CONTENT, act_columns_service.OF_SERVICE),
    )
    left = [f"{table}.{each}" for part in own for table in part for each in set(part[table]) - known[table]]

    assert left == []
    assert act_names.TABLES.keys() == known.keys()
    assert act_names.COLUMNS.keys() <= set[str]().union(*known.values())


def test_every_state_and_kind_has_words() -> None:
    for kind in act_codes.enums():
        for each in kind:
            assert HAN.search(act_codes.of_enum(kind, each.value) or "") or each.value in {"iphone", "ipad"}


def test_every_detail_that_an_act_puts_down_has_a_name() -> None:
    found: set[str] = set()
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _saying(node.func) in SAYING:
                found |= {each.arg for each in node.keywords if each.arg} - NO_DETAILS

    assert {"department", "told", "difference"} <= found
    assert [each for each in sorted(found) if not HAN.search(act_names.detail(each))] == []


def _saying(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):  # audit.does, case_work.put_down
        of_module = isinstance(called.value, ast.Name) and called.value.id in {"audit", "case_work"}
        return called.attr if of_module else ""
    return called.id if isinstance(called, ast.Name) else ""


# --- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("staff", "state", "disabled", "状态：→已停用"),
        ("staff", "away_from", "2026-11-23", "休假从哪天：→2026-11-23"),
        ("staff", "created_at", "2026-11-23T11:30:05.123456+00:00", "邀请的时间：→2026-11-23 19:30"),
        ("staff", "person_id", None, "微信：→空"),
        ("staff", "password", "（不记）", "密码：→不记内容"),
        ("staff", "name", "（不记）", "姓名：→（不记）"),
        ("staff", "name", "2026-11-23T11:30:05+00:00", "姓名：→2026-11-23T11:30:05+00:00"),
        ("staff_grant", "branch_id", 4, "范围：→组织 4"),
        ("staff_grant", "branch_id", None, "范围：→整个工会"),
        ("case", "owner_id", 7, "办理人：→工作人员 7"),
        ("case", "state", "in_progress", "状态：→处理中"),
        ("case", "anonymous", True, "匿名：→是"),
        ("case", "topic", "manners", "类别：→管理和作风"),
        ("case_entry", "by", "system", "经办人：→系统"),
        ("case_entry", "channel", "portal", "从哪里：→网页"),
        ("case_entry", "blocks", "（保密 1a2b3c4d）", "内容：→已加密，只记有没有变"),
        ("board_report", "person_digest", "0f1e2d3c4b5a6978", "本人的对照码：→已加密，只记有没有变"),
        ("content_draft", "writer_ids", [1, 2], "写过的人：→工作人员 1、工作人员 2"),
        (
            "content_draft",
            "filled",
            {"category": "law", "danger": ""},
            "填写的内容：→类别：law；有生命危险：空",
        ),
        ("canned_reply", "rooms", ["desk", "legal"], "用在：→留言和人工、法律咨询"),
        ("canned_reply", "steps", {"hand": "back", "close": True}, "接着办：→转给别人：退回待接；办结：是"),
        ("activity", "audience", {"member": True}, "谁可以报名：→只限会员：是"),
        ("branch", "lineage", "公司工会/北区", "全称：→公司工会 › 北区"),
        ("activity", "capacity", 0, "名额：→0"),
    ],
)
def test_a_value_is_said_as_pages_say_it(table: str, column: str, value: object, said: str) -> None:
    assert changed(table, after={column: value}) == [said]


def test_times_of_one_minute_are_told_apart() -> None:
    before, after = {"due_at": "2026-11-23T11:30:05+00:00"}, {"due_at": "2026-11-23T11:30:40.5+00:00"}

    assert changed("case_reminder", before, after) == [
        "什么时候提醒：2026-11-23 19:30:05→2026-11-23 19:30:40"
    ]


def test_rich_text_is_read_as_text() -> None:
    blocks = [{"type": "paragraph", "spans": [{"text": "周六见", "bold": True, "href": ""}]}]

    assert changed("activity", after={"blocks": blocks}) == ["介绍：→周六见"]


def test_states_of_legal_aid_have_names_of_their_own() -> None:
    assert changed("case", {"state": "granted"}, {"state": "assigned"}, act="aid.assign") == [
        "状态：同意援助→已指派"
    ]


def test_a_topic_is_that_of_its_kind_of_case() -> None:
    assert changed("case", after={"kind": "feedback", "topic": "other"})[1] == "类别：→其他"
    assert changed("case", after={"topic": "other"}) == ["类别：→其他或其他劳动权益"]


def test_what_an_act_says_beside_its_changes_is_said_in_words() -> None:
    details = {"came": "phone", "kind": "consultation", "branch": 4, "notes": False, "to": ["li", "wang"]}

    (told,) = act_words.told(of({"details": details}, act="case.caller"))

    assert told.facts == (
        *(("怎么来的", "来电"), ("种类", "法律咨询"), ("组织", "组织 4")),
        *(("打印内部备注", "否"), ("给谁", "li、wang")),
    )


# --- what is no more ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table": "gone", "id": 1, "before": {"old": 1}, "after": {"old": None}}, "gone 1　old：1 → 空"),
        (
            {"table": "staff", "id": 1, "after": {"gone": "（保密 1a2b3c4d）"}},
            "工作人员 1　gone：—— → 已加密",
        ),
        (
            {"table": "gone", "id": 1, "after": {"at": "2026-11-23T11:30:05+00:00"}},
            "时间：—— → 2026-11-23 19:30",
        ),
        (
            {"table": "gone", "id": 1, "after": {"at": "9999-12-31T23:59:59+00:00"}},
            "9999-12-31T23:59:59+00:00",
        ),
        ({"table": "gone", "id": 1, "after": {"at": "2026-13-45T11:30:05+00:00"}}, "2026-13-45T11:30:05"),
        ({"table": "staff", "id": 1, "before": {"state": "retired"}, "after": {}}, "状态：retired → ——"),
        ({"table": "staff", "at_once": "upsert", "count": 2}, "工作人员：upsert（2 次）"),
        ({"table": ["staff"], "id": {}, "before": "李娜", "after": [1]}, "李娜 → 1"),
        ({"details": {}}, "登记的情况：空"),
        ({"more": 7}, "还有 7 行没有逐行列出。"),
        ("a line", "a line"),
        (None, "None"),
    ],
)
def test_an_act_of_another_time_still_shows(change: object, said: str) -> None:
    (told,) = act_words.told(of(change))

    assert said in told.as_line


@pytest.mark.parametrize("changes", [None, [], {}, "", 0])
def test_an_act_that_changed_nothing_has_nothing_to_tell(changes: object) -> None:
    assert act_words.told(StaffAct(act="staff.sign_in", changes=changes)) == []


# --- where it is read --------------------------------------------------------------------------------------


async def test_the_page_of_an_act_says_it_all_in_chinese(ends: Ends, admin: Worker) -> None:
    li = await staff_row(ends, (await employ(ends, "李娜", Role.EDITOR)).login)
    await admin.does(f"/staff/{li.public_id}/roles", role="lawyer", branch="")
    (act,) = await acts_of(ends, "staff.roles")

    page = await admin.reads(f"/record/{act.public_id}")

    assert f'<td>工作人员</td><td class="lines">——</td><td class="after lines">工作人员 {li.id}</td>' in page
    assert "律师" in page and "编辑" in page and "范围" in page
    assert not any(
        raw in page for raw in ("staff_grant", "lawyer", "branch_id", "given_at", "+00:00", "None")
    )


async def test_an_old_act_and_hostile_words_show_on_the_page(ends: Ends, admin: Worker) -> None:
    changes: list[Any] = [
        {"details": {HOSTILE: HOSTILE}},
        {
            "table": HOSTILE,
            "id": HOSTILE,
            "before": {HOSTILE: HOSTILE},
            "after": {"name": [HOSTILE, {HOSTILE: 1}]},
        },
        {"table": HOSTILE, "at_once": HOSTILE, "count": HOSTILE},
        {"table": "staff", "id": 1, "before": {"state": HOSTILE}, "after": {"name": HOSTILE}},
        HOSTILE,
    ]
    old = of(*changes, act="staff.of_old")
    async with ends.house.database.transaction() as session:
        session.add(old)
    (act,) = await acts_of(ends, "staff.of_old")

    page = await admin.reads(f"/record/{act.public_id}")

    assert HOSTILE not in page and page.count("&lt;script&gt;") >= 9


async def test_an_export_says_it_in_words_and_keeps_what_was_put_down(ends: Ends, admin: Worker) -> None:
    li = await staff_row(ends, (await employ(ends, "李娜", Role.EDITOR)).login)
    await admin.does(f"/staff/{li.public_id}/name", name="李娜娜")
    (act,) = await acts_of(ends, "staff.rename")

    line = dict(zip(acts_found.HEADS, acts_found.line(act), strict=True))

    assert line["改动前后"] == f"工作人员 {li.id}　姓名：李娜 → 李娜娜"
    assert line["渠道"] == "工作台" and '"after": {"name": "李娜娜"}' in line["改动的原始记录"]
