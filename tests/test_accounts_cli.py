"""`gonghui accounts …` as staff type it, on both databases; and the register of the demonstration."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import accounts, demo
from app.clock import civil_date
from app.services import customer_sheets
from models import AccountBinding, CustomerAccount
from tests import making
from tests.both_ends import content_without_story
from tests.conftest import NOON
from tests.register_files import LI, WANG, changed, many, written
from tests.rooms import ROOT
from tests.terminal import Terminal, settle


class Office(Terminal):
    """Staff who look after the register."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url, accounts=accounts.app)
        self.folder = folder

    def types(self, *words: str, code: int = 0) -> str:
        return super().types("accounts", *words, code=code)

    def file(self, *lines: Sequence[str]) -> str:
        return str(written(self.folder / "户号.csv", *lines))

    def imports(self, *lines: Sequence[str]) -> str:
        return self.types("import", self.file(*lines), "--by", "王强")


@pytest.fixture
def office(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    settle(monkeypatch, database_url, tmp_path)
    return Office(database_url, tmp_path)


def test_from_the_template_to_the_register(office: Office) -> None:
    path = office.folder / "模板.xlsx"
    assert "已写好" in office.types("template", str(path))
    assert "已经存在，没有覆盖" in office.types("template", str(path), code=1)
    book = openpyxl.load_workbook(path)
    for place, cell in enumerate(book["填写说明"][3], 1):
        book["户号"].cell(2, place, cell.value)
    book.save(path)

    looked = office.types("import", str(path), "--preview")
    assert "如果导入，会是这样（现在什么也没有改）：" in looked
    assert "****4567　李*国　黄陵 北区" in looked and "李建国" not in looked
    assert office.count(CustomerAccount) == 0

    assert "新的户号 1 户" in office.types("import", str(path), "--by", "王强")
    assert office.types("list") == "黄陵 北区　1 户　绑定 0 个\n共 1 个片区，1 户\n"


def test_wrong_lines_are_all_told_and_may_be_passed_over(office: Office) -> None:
    file = office.file(LI, changed(WANG, number="61", phone="x"))

    said = office.types("import", file, code=1)
    assert "第 3 行（A3）：户号「61」不对" in said and "第 3 行（C3）：手机号「x」不对" in said
    assert said.splitlines()[-1].startswith("没有导入。请改好再试")
    assert office.count(CustomerAccount) == 0

    assert "新的户号 1 户" in office.types("import", file, "--skip-wrong")


def test_staff_see_what_changes_before_and_afterwards(office: Office) -> None:
    office.imports(LI, WANG)
    file = office.file(changed(LI, area="黄陵 东区"), changed(WANG, closed_on="2026-10-01"))

    looked = office.types("import", file, "--preview")
    assert "资料更改 1 户（片区 1、销户日期 1）" in looked
    assert "  ****4567　李*国　黄陵 东区　片区" in looked and "销户 1 户" in looked
    assert "新的片区：黄陵 东区" in looked
    assert office.types("import", file).endswith("没有变化 0 户\n新的片区：黄陵 东区\n")


def test_a_long_import_says_how_far_it_is(office: Office) -> None:
    assert "已处理 1001/1001 行" in office.imports(*many(1001))


def test_an_account_is_shown_masked_with_how_many_are_bound(office: Office) -> None:
    office.imports(LI, changed(WANG, closed_on="2026-10-01", phone="", address=""))

    async def bind(session: AsyncSession) -> None:
        await making.bound(session, (await making.person(session)).person_id, LI[0], area=LI[3])

    office.within(bind)

    said = office.types("show", " 6101-234567")
    assert said.splitlines()[:3] == [
        "6101234567　李*国　黄陵 北区",
        "手机号：138****5678",
        "用电地址：桥山街道轩辕路**号楼*单元",
    ]
    assert said.endswith("绑定：未核实 1 人，已核实 0 人\n")
    assert "销户：2026-10-01" in office.types("show", WANG[0])
    assert office.types("show", "6100000000").startswith("登记里没有这个户号。\n绑定：未核实 0 人")
    assert "户号应为 10 位或 13 位数字" in office.types("show", "61", code=1)
    assert office.types("list", "--area", "黄陵 北区") == "6101234567　李*国\n列出 1 户\n"
    assert "没有片区「火星」的户号" in office.types("list", "--area", "火星", code=1)

    assert "已解除 1 人的绑定，会告诉他们。" in office.types("unbind", LI[0], "--by", "王强")
    assert "没有人绑定这个户号。" in office.types("unbind", LI[0], "--by", "王强")
    assert office.count(AccountBinding) == 0


def test_a_file_that_is_not_there_is_told(office: Office) -> None:
    assert "读不了" in office.types("import", str(office.folder / "没有.xlsx"), code=1)
    assert "写不了" in office.types("template", str(office.folder / "没有" / "a.xlsx"), code=1)


def test_the_demonstration_is_without_mistakes_and_loaded_once(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGHUI_CONTENT", str(content_without_story(tmp_path)))
    register = customer_sheets.look(ROOT / "content" / "demo" / "accounts.csv", civil_date(NOON))
    assert (register.mistakes, len(register.areas)) == ([], 5)

    for _ in range(2):
        asyncio.run(demo._demonstration())

    assert office.count(CustomerAccount) == register.usable
