"""`gonghui menus …` as an operator sees it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from app.cli.menus import app
from app.database import Database
from app.menus.schema import SCHEMA, schema_text
from app.settings import WeChatAccount
from models import MenuPushStep, StaffAct, StepState
from tests.conftest import FakeClock
from tests.menus_kit import KNOWN, menus

ONE = menus(
    "  - {say: 值班电话, hours: off, reply: 请打 95598。}\n  - {say: 停电, match: contains, do: help.show}\n"
)


class Operator:
    """Types commands; each opens and closes the house as the real one does."""

    def __init__(self, file: Path, settings: SimpleNamespace) -> None:
        self.file, self.settings = file, settings

    def types(self, *words: str, ends: int = 0) -> str:
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert result.exit_code == ends, result.output
        return result.output

    def writes(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")


@pytest.fixture
def operator(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    settings = SimpleNamespace(
        menus=tmp_path / "menus.yaml",
        public_url="https://gh.example.cn",
        wechat_account=WeChatAccount.SERVICE_VERIFIED,
    )

    @asynccontextmanager
    async def assemble() -> AsyncIterator[SimpleNamespace]:
        database = Database(sqlite_url)
        yield SimpleNamespace(settings=settings, clock=FakeClock(), database=database, known=KNOWN)
        await database.close()

    module = ModuleType("app.assembly")
    module.assemble = assemble  # type: ignore[attr-defined]  # a house of this test's own
    monkeypatch.setitem(sys.modules, "app.assembly", module)
    settings.menus.write_text(ONE, encoding="utf-8")
    return Operator(settings.menus, settings)


def test_check_counts_what_is_right_and_lists_what_is_not(operator: Operator) -> None:
    assert operator.types("check") == "没有问题：1 个按钮，0 套分组菜单，2 个关键词。\n"

    operator.writes(ONE.replace("help.show}\nfallback", "help.shwo}\nfallback"))
    said = operator.types("check", ends=1)
    assert said == (
        "菜单文件有 1 处要改：\n"
        "第 8 行第 36 列：没有「help.shwo」这个功能。 是不是「help.show」（使用帮助）？\n"
    )


def test_check_takes_another_file_too(operator: Operator, tmp_path: Path) -> None:
    none = tmp_path / "none.yaml"
    for command in ("check", "diff", "apply"):
        assert operator.types(command, str(none), ends=1) == f"没有这个文件：{none}\n"


def test_try_says_which_rule_and_why(operator: Operator) -> None:
    night = operator.types("try", "值班电话？", "--at", "2026-10-01 10:00")
    assert night == "命中 keyword:值班电话：与「值班电话」完全一致（下班时间）。\n回复「请打 95598。」\n"

    day = operator.types("try", "值班电话", "--at", "2026-11-23 10:00")
    assert day == "没有命中关键词，交给 power_safety.answer（用电问答）。\n"
    assert operator.types("try", "我家停电了") == "命中 keyword:停电：含有「停电」。\n运行 help.show\n"
    assert operator.types("try", "人工") == "「人工」由系统自己处理，不看菜单文件。\n"
    north = operator.types("try", "停电", "--area", "黄陵 北区", "--area", "黄陵 南区")
    assert north.startswith("命中 keyword:停电")
    assert "没有人员类别「退」" in operator.types("try", "停电", "--branch", "北区", "--kind", "退", ends=1)
    assert "性别「?」读不懂" in operator.types("try", "停电", "--branch", "北区", "--sex", "?", ends=1)
    assert "读不懂" in operator.types("try", "停电", "--at", "明天", ends=1)
    assert "还没有生效的菜单" in operator.types("try", "停电", "--live", ends=1)


def test_from_the_first_apply_to_a_rollback(operator: Operator) -> None:
    assert operator.types("diff") == "还没有生效的菜单，应用后就是第 1 版。\n"
    assert operator.types("apply", "--by", "王芳") == "第 1 版已生效，正在发布到微信。\n第一版\n"
    assert operator.types("apply") == "没有变化，仍是第 1 版。\n"

    operator.writes(ONE.replace("请打 95598。", "请打 95598，24 小时。"))
    change = "关键词「值班电话（下班时间）」改了：回复「请打 95598。」 → 回复「请打 95598，24 小时。」\n"
    assert operator.types("diff") == change
    assert operator.types("apply", "--note", "写清时间") == "第 2 版已生效，正在发布到微信。\n" + change

    operator.writes("menu: [")
    operator.types("apply", ends=1)
    assert operator.types("rollback", "1", "--by", "李娜").startswith("第 3 版已生效，正在发布到微信。\n")
    assert "没有第 9 版菜单。" in operator.types("rollback", "9", ends=1)

    lines = [line for line in operator.types("history").splitlines() if line.startswith("第")]
    assert lines == [
        "第 3 版  2026-11-23 12:00  李娜（恢复第 1 版）  正在发布到微信",
        "第 2 版  2026-11-23 12:00  命令行（写清时间）  未发布：有了更新的一次发布",
        "第 1 版  2026-11-23 12:00  王芳  未发布：有了更新的一次发布",
    ]


def test_what_changed_the_menu_stands_in_the_record(operator: Operator, sqlite_url: str) -> None:
    operator.types("apply", "--by", "王芳", "--note", "开张")
    operator.types("apply")
    operator.writes(ONE.replace("请打 95598。", "请打 95598，24 小时。"))
    operator.types("apply", "--by", "王芳")
    operator.types("rollback", "1", "--by", "李娜")
    operator.types("push")

    async def acts() -> list[tuple[str, str, str, str | None]]:
        database = Database(sqlite_url)
        async with database.reading() as session:
            kept = (await session.scalars(sa.select(StaffAct).order_by(StaffAct.id))).all()
        await database.close()
        return [(act.by, act.act, act.subject, act.reason) for act in kept]

    assert asyncio.run(acts()) == [
        ("王芳", "menus.apply", "第 1 版", "开张"),
        ("王芳", "menus.apply", "第 2 版", None),
        ("李娜", "menus.rollback", "第 3 版", None),
        ("命令行", "menus.push", "第 3 版", None),
    ]


async def pushed(sqlite_url: str) -> list[tuple[str, StepState]]:
    """The steps of every push, in order."""
    database = Database(sqlite_url)
    async with database.reading() as session:
        steps = (await session.scalars(sa.select(MenuPushStep).order_by(MenuPushStep.position))).all()
    await database.close()
    return [(step.action, step.state) for step in steps]


@pytest.mark.parametrize("again", [("push",), ("apply", "--again")])
def test_the_live_menu_can_be_pushed_again_from_its_first_step(
    operator: Operator, sqlite_url: str, again: tuple[str, ...]
) -> None:
    operator.types("apply")

    said = operator.types(*again)

    assert said == "第 1 版正在重新发布到微信，进度见 menus history。\n"
    actions = ("default", "tidy", "done")
    assert asyncio.run(pushed(sqlite_url)) == [
        *((action, StepState.DROPPED) for action in actions),
        *((action, StepState.WAITING) for action in actions),
    ]
    assert "第 1 版  2026-11-23 12:00  命令行  正在发布到微信" in operator.types("history")


def test_what_was_never_applied_cannot_be_pushed(operator: Operator) -> None:
    assert "还没有生效的菜单" in operator.types("push", ends=1)


def test_an_account_without_menu_calls_is_told_so(operator: Operator, sqlite_url: str) -> None:
    operator.types("apply")
    before = asyncio.run(pushed(sqlite_url))
    operator.settings.wechat_account = WeChatAccount.UNVERIFIED

    assert "请在微信公众平台里手工设置菜单" in operator.types("push", ends=1)
    assert asyncio.run(pushed(sqlite_url)) == before


def test_the_shipped_schema_is_the_models_and_knows_the_keys() -> None:
    shipped = Path(SCHEMA).read_text(encoding="utf-8")

    assert shipped == schema_text(), "run: python -m app menus schema --write"
    schema = json.loads(shipped)
    assert set(schema["required"]) == {"version", "account", "menu", "fallback"}
    assert {"with", "from", "until", "say"} <= schema["$defs"]["Rule"]["properties"].keys() | {"with"}
    assert CliRunner().invoke(app, ["schema"]).output == shipped
