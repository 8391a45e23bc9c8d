"""The register of accounts comes in: new, changed, closed; what bindings become; broken off; bad files."""

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.database import Database
from app.errors import OperatorError
from app.services import customer_accounts, customer_registers, customer_sheets, importing, workbooks
from app.services.coordination import take_lease
from app.services.customer_accounts import Fact, Verified
from app.services.customer_registers import AccountEvent, Outcome
from app.services.customer_rows import Row
from app.services.customer_sheets import Register
from models import AccountBinding, CustomerAccount, Lease, Outbox
from tests import making
from tests.conftest import NOON, FakeClock
from tests.register_files import HEAD, LI, WANG, changed, many, written
from tests.roster_files import excel, packed, parts, workbook

TODAY = civil_date(NOON)


class Office:
    """Who brings registers in."""

    def __init__(self, database: Database, clock: FakeClock, folder: Path) -> None:
        self.database, self.clock, self.path = database, clock, folder / "户号.csv"

    def looks(self, *lines: Sequence[str]) -> Register:
        return customer_sheets.look(written(self.path, *lines), TODAY)

    async def imports(self, *lines: Sequence[str], force: bool = False) -> Outcome:
        register = self.looks(*lines)
        return await customer_registers.apply(self.database, self.clock, register, by="王强", force=force)

    async def stored(self, number: str = LI[0]) -> CustomerAccount:
        async with self.database.reading() as session:
            found = await customer_registers.find(session, number)
        assert found is not None
        return found

    async def verified(self, number: str = LI[0], name: str = LI[1]) -> int:
        """The id of a binding that somebody has proven."""
        async with self.database.transaction() as session:
            who = (await making.person(session)).person_id
            row = await customer_accounts.bind(session, who, number, channel="chat", now=NOON)
            fact = Fact(name=name)
            found = await customer_accounts.verify(session, who, row.public_id, fact, now=NOON)
            assert isinstance(found, Verified)
            return row.id

    async def binding(self, binding_id: int) -> AccountBinding:
        async with self.database.reading() as session:
            return await session.get_one(AccountBinding, binding_id)

    async def count(self, model: type[CustomerAccount | Outbox | Lease]) -> int:
        async with self.database.reading() as session:
            return int(await session.scalar(sa.select(sa.func.count()).select_from(model)) or 0)


@pytest.fixture
def office(database: Database, clock: FakeClock, tmp_path: Path) -> Office:
    return Office(database, clock, tmp_path)


# --- what changes -------------------------------------------------------------------------------------------


async def test_the_first_register_makes_accounts_and_areas(office: Office) -> None:
    outcome = await office.imports(LI, WANG)

    assert (outcome.events, outcome.unchanged) == ({AccountEvent.NEW: 2}, 0)
    assert outcome.new_areas == ["黄陵 北区", "黄陵 南区"]
    li = await office.stored()
    assert (li.number, li.name, li.phone, li.area) == LI[:4]
    assert (li.address, li.closed_on, li.updated_at) == (LI[4], None, NOON)


async def test_the_same_file_again_changes_nothing(office: Office) -> None:
    await office.imports(LI, WANG)
    before = (await office.stored()).version

    outcome = await office.imports(LI, WANG)

    assert (outcome.events, outcome.unchanged, outcome.new_areas) == ({}, 2, [])
    assert (await office.stored()).version == before


async def test_a_file_that_says_less_takes_nothing_away_but_none_does(office: Office) -> None:
    await office.imports(LI)

    assert (await office.imports(changed(LI, phone="", address=""))).unchanged == 1
    assert (await office.stored()).phone == "13812345678"
    await office.imports(changed(LI, phone="无", address="-"))

    li = await office.stored()
    assert (li.phone, li.address) == (None, None)


async def test_accounts_close_and_open_again(office: Office) -> None:
    await office.imports(LI)

    closed = await office.imports(changed(LI, closed_on="2026-11-01"))
    again = await office.imports(LI)

    assert closed.events == {AccountEvent.CLOSED: 1}
    assert again.events == {AccountEvent.REOPENED: 1}
    assert (await office.stored()).closed_on is None


async def test_a_preview_says_what_would_happen_and_writes_nothing(office: Office) -> None:
    await office.imports(LI, WANG)
    await office.verified()

    register = office.looks(changed(LI, name="张伟"), WANG, ("6100000001", "新户", "", "东区", "", ""))
    async with office.database.reading() as session:
        outcome = await customer_registers.preview(session, register)

    assert outcome.events == {AccountEvent.CHANGED: 1, AccountEvent.NEW: 1}
    assert (outcome.unchanged, outcome.losing, outcome.new_areas) == (1, 1, ["东区"])
    assert outcome.fields == {"name": 1}
    assert (await office.stored()).name == "李建国"


# --- who has bound them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ({"name": "张伟"}, False),
        ({"phone": "13900001111"}, False),
        ({"phone": "无"}, False),
        ({"closed_on": "2026-11-01"}, False),
        ({"name": "李 建国"}, True),  # the same name, written otherwise
        ({"address": "河滨路1号"}, True),
        ({"area": "黄陵 南区"}, True),
        ({"phone": ""}, True),
    ],
)
async def test_who_has_proven_an_account_proves_it_anew_when_its_customer_is_another(
    office: Office, said: dict[str, str], stays: bool
) -> None:
    await office.imports(LI)
    binding = await office.verified()

    outcome = await office.imports(changed(LI, **said))
    await office.imports(changed(LI, **said))  # again

    row = await office.binding(binding)
    assert (row.is_verified, outcome.losing) == (stays, 0 if stays else 1)
    assert row.area == (None if "closed_on" in said else said.get("area", "黄陵 北区"))
    assert await office.count(Outbox) == (0 if stays else 1)


async def test_a_phone_that_was_not_known_before_is_no_other_customer(office: Office) -> None:
    await office.imports(changed(LI, phone=""))
    binding = await office.verified()

    await office.imports(LI)

    assert (await office.binding(binding)).is_verified


async def test_who_was_bound_before_the_register_knew_it_lies_in_its_area(office: Office) -> None:
    async with office.database.transaction() as session:
        who = (await making.person(session)).person_id
        row = await customer_accounts.bind(session, who, LI[0], channel="chat", now=NOON)
    assert row.area is None

    await office.imports(LI)

    row = await office.binding(row.id)
    assert (row.area, row.is_verified) == ("黄陵 北区", False)


async def test_a_mixed_up_column_does_not_make_everybody_prove_himself_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_registers, "LOSING_COUNTS_FROM", 2)
    await office.imports(LI, WANG)
    await office.verified()
    await office.verified(WANG[0], WANG[1])
    mixed_up = changed(LI, name=WANG[1]), changed(WANG, name=LI[1])

    with pytest.raises(customer_registers.TooManyLose, match="会让 2 个已核实的户号重新核实"):
        await office.imports(*mixed_up)
    assert (await office.stored()).name == "李建国"

    assert (await office.imports(*mixed_up, force=True)).losing == 2


# --- broken off, two at once, large -------------------------------------------------------------------------


async def test_an_import_that_broke_off_is_finished_by_the_same_file(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_registers, "CHUNK", 2)
    lines = many(7)
    write, chunks = customer_registers._write, 0

    async def breaks(session: AsyncSession, rows: Sequence[Row], now: object) -> object:
        nonlocal chunks
        chunks += 1
        if chunks > 2:
            raise DBAPIError("INSERT", None, OSError("away"))
        return await write(session, rows, NOON)

    monkeypatch.setattr(customer_registers, "_write", breaks)
    with pytest.raises(importing.ImportStopped, match="前 4 行（共 7 行）已经保存"):
        await office.imports(*lines)
    assert (await office.count(CustomerAccount), await office.count(Lease)) == (4, 0)

    monkeypatch.setattr(customer_registers, "_write", write)
    outcome = await office.imports(*lines)

    assert (outcome.events, outcome.unchanged) == ({AccountEvent.NEW: 3}, 4)


async def test_a_second_import_at_the_same_time_is_refused_kindly(office: Office) -> None:
    async with office.database.transaction() as session:
        assert await take_lease(session, customer_registers.LEASE, "other", seconds=60, now=NOON)

    with pytest.raises(importing.ImportBusy, match="另一份户号登记正在导入"):
        await office.imports(LI)
    assert await office.count(CustomerAccount) == 0


async def test_a_large_register_takes_little_memory(office: Office) -> None:
    await office.imports(*many(10))  # what is loaded once
    written(office.path, *many(10_000))

    tracemalloc.start()
    register = customer_sheets.look(office.path, TODAY)
    outcome = await customer_registers.apply(office.database, office.clock, register, by="王强")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert outcome.events == {AccountEvent.NEW: 9_990}
    assert peak < 12_000_000  # its numbers, and one chunk


# --- what is wrong with a file ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (changed(LI, number="61012345"), "户号「61012345」不对；应是 10 位或 13 位数字"),
        (changed(LI, number=""), "户号没有写"),
        (changed(LI, name=""), "户名没有写"),
        (changed(LI, name="=HYPERLINK(1)"), "户名「=HYPERLINK(1)」不像户名"),
        (changed(LI, name="@SUM(A1)"), "不像户名"),
        (changed(LI, area="+电"), "片区「+电」不像片区"),
        (changed(LI, area="区" * 41), "有 41 个字，最多 40 个"),
        (changed(LI, area=""), "片区没有写；如果是合并单元格"),
        (changed(LI, phone="123"), "手机号「123」不对"),
        (changed(LI, closed_on="2027-01-01"), "应是今天或以前，还没销的户请留空"),
        (changed(LI, closed_on="去年"), "不是日期"),
    ],
)
def test_a_wrong_cell_is_told_with_its_place(office: Office, line: Sequence[str], said: str) -> None:
    register = office.looks(WANG, line)

    assert (register.usable, register.wrong_lines) == (1, 1)
    (mistake,) = register.mistakes
    assert said in str(mistake) and str(mistake).startswith("第 3 行（")


def test_doubled_numbers_are_wrong_both(office: Office) -> None:
    again = changed(LI, number="６１０１２３４５６７", name="张伟")

    register = office.looks(LI, WANG, again, again)

    assert (register.usable, register.wrong_lines) == (1, 3)
    assert [str(each) for each in register.mistakes] == [
        "第 4 行（A4）：户号「6101234567」与第 2 行重复。",
        "第 5 行（A5）：户号「6101234567」与第 2 行重复。",
    ]
    assert [row.number for row in register.rows()] == [WANG[0]]


def test_a_number_whose_zeros_a_table_has_eaten_is_told(tmp_path: Path) -> None:
    path = tmp_path / "户号.xlsx"
    path.write_bytes(excel((610123456, *LI[1:]), head=HEAD).getvalue())

    (mistake,) = customer_sheets.look(path, TODAY).mistakes

    assert "开头的 0 不能少" in str(mistake)


def _bomb() -> bytes:
    return packed(parts(workbook(LI, head=HEAD)) | {"xl/media/a": b"0" * 60_000_000}).getvalue()


def _formula() -> bytes:
    cells = "".join(f'<c t="inlineStr"><is><t>{word}</t></is></c>' for word in HEAD)
    line = '<c><f>cmd|"/c calc"!A1</f></c>' + cells
    sheet = f"<worksheet><sheetData><row>{cells}</row><row>{line}</row></sheetData></worksheet>"
    return packed(parts(workbook(LI)) | {"xl/worksheets/sheet1.xml": sheet.encode()}).getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"", "文件是空的"),
        ("a.xlsx", workbooks.OLD_OFFICE + bytes(2000), "旧格式的表格"),
        ("a.xlsx", "户号,户名,片区".encode(), "文本（CSV）"),
        ("a.xlsx", _bomb(), "不像要填的表格"),
        ("a.csv", b"", "没有找到表头"),
        ("a.csv", "户号,户名\n".encode(), "缺少这些列：片区"),
        ("a.csv", "户号,户名,片区\n".encode(), "没有可以导入的户"),
        ("a.csv", "户号,户名,片区\n".encode("gb18030"), "不是 UTF-8 的 CSV"),
        ("a.csv", b"a" * 200_000, "不是 UTF-8 的 CSV"),
        ("a.csv", ("户号,户名,片区" + ",x" * 70).encode(), "超过 60 列"),
    ],
)
def test_what_is_no_register_is_refused_as_a_whole(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(OperatorError) as refused:
        customer_sheets.look(path, TODAY)

    assert said in refused.value.message


def test_a_formula_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(_formula())

    register = customer_sheets.look(path, TODAY)

    assert register.usable == 0
    assert "户号是公式，还没有算出结果" in str(register.mistakes[0])
