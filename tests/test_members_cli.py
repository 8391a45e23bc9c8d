"""`gonghui members …` as staff type it, on both databases; and the roster of the demonstration."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import demo, members
from app.clock import SHANGHAI
from app.services import rosters
from app.services.coordination import take_lease
from app.services.importing import CHUNK
from app.services.roster_sheets import load_csv
from models import Branch, Member, MemberMove
from tests.both_ends import content_without_story
from tests.rooms import ROOT
from tests.roster_files import HEAD, LI, excel
from tests.terminal import Terminal, settle

TODAY = datetime.now(UTC).astimezone(SHANGHAI).date()
FULL = (*HEAD, "手机号", "出生日期", "离开日期")
LI_FULL = (*LI, "13812345678", "1985-03-05", None)
WANG = ("10002", "王秀兰", "公司工会/南区分工会", None, None, None)


class Office(Terminal):
    """Staff who look after the roster."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url, members=members.app)
        self.folder = folder

    def types(self, *words: str, code: int = 0) -> str:
        return super().types("members", *words, code=code)

    def file(self, *lines: Sequence[Any], head: Sequence[Any] = FULL) -> str:
        path = self.folder / "花名册.xlsx"
        path.write_bytes(excel(*lines, head=head).getvalue())
        return str(path)

    def imports(self, *lines: Sequence[Any]) -> str:
        return self.types("import", self.file(*lines), "--by", "王强")


@pytest.fixture
def office(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    settle(monkeypatch, database_url, tmp_path)
    return Office(database_url, tmp_path)


def test_from_the_template_to_the_roster(office: Office) -> None:
    path = office.folder / "模板.xlsx"
    assert "已写好" in office.types("template", str(path))
    assert "已经存在，没有覆盖" in office.types("template", str(path), code=1)
    book = openpyxl.load_workbook(path)
    for place, cell in enumerate(book["填写说明"][3], 1):
        book["花名册"].cell(2, place, cell.value)
    book.save(path)

    looked = office.types("import", str(path), "--preview")
    assert "如果导入，会是这样（现在什么也没有改）：" in looked
    assert "10001　李建国　黄陵供电公司工会/北区分工会/抢修一班" in looked
    assert office.count(Member) == 0

    assert "入册 1 人" in office.types("import", str(path), "--by", "王强")
    assert office.types("list").splitlines()[-1] == "共 1 人"


def test_wrong_lines_are_all_told_and_nothing_is_imported(office: Office) -> None:
    file = office.file(LI_FULL, ("10002", "王秀兰", "公司工会", "123", "昨天", None))

    said = office.types("import", file, code=1)

    assert "第 3 行（D3）：手机号「123」不对；应是 11 位手机号，例如 13812345678。" in said
    assert "第 3 行（E3）：出生日期「昨天」不是日期；应写成 2020-03-05。" in said
    assert said.splitlines()[-1].startswith("没有导入。请改好再试")
    assert office.count(Member) == 0


def test_wrong_lines_can_be_passed_over_but_not_where_all_must_be_there(office: Office) -> None:
    file = office.file(LI_FULL, ("?", *WANG[1:]))

    assert "否则写错的人会被当作离开" in office.types("import", file, "--skip-wrong", "--complete", code=1)
    assert "入册 1 人" in office.types("import", file, "--skip-wrong")


def test_staff_see_what_changes_before_and_afterwards(office: Office) -> None:
    office.imports(LI_FULL, WANG)
    file = office.file(("10001", "李建国", "公司工会/南区分工会", "13900001111", None, None))

    looked = office.types("import", file, "--preview")
    assert "资料更改 1 人（" in looked
    assert "所在组织 公司工会/北区分工会 → 公司工会/南区分工会" in looked
    assert "手机号 138****5678 → 139****1111" in looked
    assert "在册、文件里没有的 1 人：不变" in looked

    office.types("import", file, "--by", "赵敏")
    shown = office.types("show", "10001")
    assert "所在组织：公司工会/南区分工会" in shown
    assert "出生日期：1985-**-**" in shown
    assert "手机号：139****1111" in shown
    assert "　入册　王强" in shown
    assert shown.splitlines()[-1].endswith("手机号 138****5678 → 139****1111　赵敏")
    assert "13900001111" not in shown + looked
    assert "没有变化 1 人" in office.types("import", file)


def test_leavers_are_listed_apart(office: Office) -> None:
    office.imports(LI_FULL, WANG)

    assert "离开 1 人" in office.imports((*LI_FULL[:5], TODAY), WANG)

    assert "10001" not in office.types("list")
    assert f"10001　李建国　在职　公司工会/北区分工会　{TODAY} 起已离开" in office.types("list", "--left")
    later = (*WANG[:5], TODAY + timedelta(days=30))
    office.imports(later)
    assert f"{TODAY + timedelta(days=30)} 起离开" in office.types("list")
    assert "回来 1 人" in office.imports(LI_FULL)


def test_the_whole_roster_lets_the_missing_go_and_half_of_it_is_refused(office: Office) -> None:
    crew = [(str(n), "李建国", "公司工会", None, None, None) for n in range(10001, 10011)]
    office.imports(*crew)

    looked = office.types("import", office.file(*crew[:5]), "--complete", "--preview", code=1)
    assert "在册、文件里没有的 5 人：从今天起离开" in looked
    assert "没有导入。核对以后确实如此，加 --force。" in looked
    said = office.types("import", office.file(*crew[:5]), "--complete", code=1)
    assert "少了 5 位在册的人，超过在册 10 人的 20%" in said
    assert "从今天起离开" in office.types("import", office.file(*crew[:8]), "--complete")
    assert office.types("list").splitlines()[-1] == "共 8 人"
    assert "离开 3 人" in office.types("import", office.file(*crew[:5]), "--complete", "--force")


def test_a_second_import_is_refused_in_one_sentence(office: Office) -> None:
    async def work(session: AsyncSession) -> None:
        assert await take_lease(session, rosters.LEASE, "other", seconds=60, now=datetime.now(UTC))

    office.within(work)

    assert office.types("import", office.file(LI_FULL), code=1).splitlines()[-1] == (
        "另一份花名册正在导入，请等它完成再试（通常不到一分钟）。"
    )


def test_a_long_import_says_how_far_it_is(office: Office) -> None:
    crew = [(str(n), "李建国", "公司工会", None, None, None) for n in range(10001, 10003 + CHUNK)]

    said = office.imports(*crew)

    assert "已处理 1000/1002 行" in said
    assert "已处理 1002/1002 行" in said
    assert "已处理" not in office.imports(LI_FULL)


def test_members_are_listed_by_branch_and_kind(office: Office) -> None:
    head = (*HEAD, "人员类别")
    people = [
        (*LI, "退休"),
        ("10002", "张伟", "公司工会/北区分工会/一班", "派遣"),
        ("10003", "陈静", "公司工会", None),
    ]
    office.types("import", office.file(*people, head=head))

    north = office.types("list", "--branch", "北区分工会")
    assert [line.split("　")[0] for line in north.splitlines()] == ["10001", "10002", "共 2 人"]
    assert office.types("list", "--kind", "退休").splitlines()[-1] == "共 1 人"
    assert "应写 在职、劳务派遣 或 退休" in office.types("list", "--kind", "实习", code=1)
    assert "没有找到组织「东区」" in office.types("list", "--branch", "东区", code=1)
    assert "花名册里没有工号「99999」" in office.types("show", "99999", code=1)


def test_the_tree_is_shown_renamed_and_moved(office: Office) -> None:
    assert "还没有组织" in office.types("branches")
    office.imports(LI_FULL, WANG, ("10003", "陈静", "公司工会", None, None, None))
    assert office.types("branches").splitlines() == [
        "公司工会　3 人（本级 1 人）",
        "    北区分工会　1 人",
        "    南区分工会　1 人",
    ]

    assert "「公司工会/城北分工会」" in office.types("rename-branch", "北区分工会", "城北分工会")
    assert "已经有" in office.types("rename-branch", "城北分工会", "南区分工会", code=1)
    assert "「公司工会/南区分工会/城北分工会」" in office.types("move-branch", "城北分工会", "南区分工会")
    assert "不能放到自己" in office.types("move-branch", "公司工会", "城北分工会", code=1)
    assert "「城北分工会」" in office.types("move-branch", "城北分工会", "/", "--by", "王强")
    history = office.types("branches", "--history").splitlines()
    assert len(history) == 3
    assert history[0].endswith("公司工会/南区分工会/城北分工会 → 城北分工会　王强")
    assert "公司工会/北区分工会 → 公司工会/城北分工会" in history[2]
    assert office.types("show", "10001").splitlines()[1] == "所在组织：城北分工会"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "读不了"), (b"", "文件是空的"), ("工号,姓名".encode("gb18030"), "文本（CSV）")],
)
def test_a_file_that_cannot_be_read_is_told(office: Office, content: bytes | None, said: str) -> None:
    path = office.folder / "花名册.xlsx"
    if content is not None:
        path.write_bytes(content)

    assert said in office.types("import", str(path), code=1)


# --- the demonstration


def test_the_demonstration_has_people_of_every_kind_and_is_without_mistakes() -> None:
    roster = load_csv(ROOT / "content" / "demo" / "roster.csv", TODAY)

    assert not roster.mistakes
    assert 40 <= len(roster.rows) <= 60
    assert {row.given["kind"].label for row in roster.rows} == {"在职", "劳务派遣", "退休"}
    assert {len(row.branch.split("/")) for row in roster.rows} == {2, 3}
    li = roster.rows[0]
    assert (li.staff_number, li.name, li.given["born_on"]) == ("10001", "李建国", "1985-03-05")
    assert {"王秀兰", "李建国", "张伟", "陈静", "刘洋"} <= {row.name for row in roster.rows}


def test_the_demonstration_is_loaded_once_and_left_alone(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGHUI_CONTENT", str(content_without_story(tmp_path)))
    asyncio.run(demo._demonstration())
    people, moves = office.count(Member), office.count(MemberMove)
    office.types("rename-branch", "抢修一班", "抢修班")

    asyncio.run(demo._demonstration())

    assert (office.count(Member), office.count(MemberMove)) == (people, moves)
    assert office.count(Branch) == len(office.types("branches").splitlines())
