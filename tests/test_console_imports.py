"""Bringing in a roster or a register in the console: preview, every wrong row, own branches, the job."""

import io
import re
from collections.abc import Sequence
from typing import Any

import httpx
import openpyxl
import pytest
import sqlalchemy as sa

from app.jobs import sheet_imports, staff_jobs, staff_work, stored_files
from app.services import branches, rosters, staff_uploads
from app.services.retention import SOON
from app.services.staff import Wanted
from app.services.staff_jobs import claim
from models import (
    CustomerAccount,
    FileState,
    JobState,
    Member,
    MemberMove,
    Role,
    StaffJob,
    StaffUpload,
    StoredFile,
)
from tests import making, register_files, roster_files
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import CONSOLE, HTML, Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
NORTH, SOUTH = "公司工会/北区分工会", "公司工会/南区分工会"
LI = ("10001", "李建国", NORTH)
WANG = ("10002", "王秀兰", SOUTH)
ROSTER, REGISTER = "/members/import", "/customers/import"


async def sends_file(
    worker: Worker, data: bytes, page: str = ROSTER, name: str = "花名册.xlsx"
) -> httpx.Response:
    return await worker.browser.post(
        f"{CONSOLE}{page}",
        data={"token": await worker.token()},
        files={"file": (name, data, "application/octet-stream")},
        headers=HTML,
    )


async def uploads(worker: Worker, *lines: Sequence[Any], page: str = ROSTER, **how: Any) -> str:
    """The address of the upload, looked at."""
    data = roster_files.workbook(*lines, **how).getvalue()
    answer = await sends_file(worker, data, page)
    assert answer.status_code == 303, answer.text
    await works(worker.ends)
    return str(answer.headers["location"]).removeprefix(CONSOLE)


async def works(ends: Ends) -> None:
    house = ends.house
    await staff_jobs.run(house.database, house.clock, house.files, staff_work.KINDS)


async def names(ends: Ends) -> list[str]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(Member.name).order_by(Member.staff_number)))


async def files(ends: Ends) -> list[StoredFile]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(StoredFile)))


async def test_preview_first_and_then_the_import(ends: Ends, admin: Worker) -> None:
    address = await uploads(admin, LI, WANG)

    page = await admin.reads(address)
    assert "可以导入 <b>2</b> 人" in page and "入册" in page and "新的组织 3 个" in page
    assert await names(ends) == []

    page = await admin.does(f"{address}/confirm")
    assert "正在导入" in page
    await works(ends)

    page = await admin.reads(address)
    assert "已导入：入册 2" in page
    assert await names(ends) == ["李建国", "王秀兰"]
    assert [act.act for act in await acts_of(ends)][-2:] == ["members.upload", "members.import"]
    async with ends.house.database.reading() as session:
        move = (await session.scalars(sa.select(MemberMove).limit(1))).one()
        assert (move.by, move.channel) == ("王强", "console")


async def test_the_file_is_sealed_and_goes_when_it_was_imported(ends: Ends, admin: Worker) -> None:
    address = await uploads(admin, LI)
    (file,) = await files(ends)
    kept = await ends.house.files.get(file.public_id)
    assert not kept.startswith(b"PK") and staff_uploads.opened(kept).startswith(b"PK")

    await admin.does(f"{address}/confirm")
    await works(ends)
    await stored_files.tidy(ends.house.database, ends.house.files, ends.house.clock)

    assert await files(ends) == []
    with pytest.raises(FileNotFoundError):
        await ends.house.files.get(file.public_id)
    async with ends.house.database.reading() as session:
        upload = (await session.scalars(sa.select(StaffUpload))).one()
        assert upload.preview is None and upload.file_id is None


async def test_after_a_day_nobody_has_the_file(ends: Ends, admin: Worker) -> None:
    address = await uploads(admin, LI)
    await ends.moves_time(hours=25)

    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        assert staff_uploads.forget_old in SOON
        ids = (await session.scalars(staff_uploads.forget_old.find(now, 10))).all()
        assert await staff_uploads.forget_old.act(session, ids, now) == 1

    assert [file.state for file in await files(ends)] == [FileState.DELETED]
    await admin.signs_in()
    answer = await admin.gets(address)
    assert answer.status_code == 404 and "只保留一天" in answer.text


async def test_who_changes_his_mind_deletes_the_file(ends: Ends, admin: Worker) -> None:
    address = await uploads(admin, LI)

    assert "已经删除" in await admin.does(f"{address}/discard")

    assert [file.state for file in await files(ends)] == [FileState.DELETED]
    assert (await admin.sends(f"{address}/confirm")).status_code == 404


async def test_every_wrong_row_is_shown_and_must_be_put_right_or_passed_over(
    ends: Ends, admin: Worker
) -> None:
    bad = ("10003", "<script>x</script>赵", "公司工会//甲")
    address = await uploads(admin, LI, bad, ("10004", "", NORTH))

    page = await admin.reads(address)
    assert "第 3 行" in page and "C3" in page and "空的一级" in page and "第 4 行" in page
    assert "<script>x" not in page

    refused = await admin.sends(f"{address}/confirm")
    assert refused.status_code == 422 and "有 2 行要改" in refused.text
    both = await admin.sends(f"{address}/confirm", skip_wrong="yes", complete="yes")
    assert both.status_code == 422 and "每一行都要正确" in both.text and "checked" in both.text

    await admin.does(f"{address}/confirm", skip_wrong="yes")
    await works(ends)
    assert await names(ends) == ["李建国"]


async def test_leavers_are_counted_and_too_many_need_a_word(ends: Ends, admin: Worker) -> None:
    await admin.does(f"{await uploads(admin, LI, WANG)}/confirm")
    await works(ends)
    address = await uploads(admin, LI)

    page = await admin.reads(address)
    assert "在册、文件里没有" in page and "超过在册 2 人的 20%" in page and "--force" not in page

    refused = await admin.sends(f"{address}/confirm", complete="yes")
    assert refused.status_code == 422 and "请勾选「核对过，仍要导入」" in refused.text
    await admin.does(f"{address}/confirm", complete="yes", force="yes")
    await works(ends)

    async with ends.house.database.reading() as session:
        gone = await session.scalar(sa.select(Member.left_on).where(Member.staff_number == "10002"))
        assert gone is not None


async def test_staff_of_a_branch_bring_in_their_rows_only(ends: Ends, admin: Worker) -> None:
    await admin.does(f"{await uploads(admin, LI, WANG)}/confirm")
    await works(ends)
    async with ends.house.database.reading() as session:
        north = await branches.get(session, NORTH)
    zhao = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, north.id))
    new = ("10005", "周涛", f"{NORTH}/抢修二班")
    taken = ("10002", "王秀兰", NORTH)
    foreign = ("10006", "吴磊", SOUTH)
    root = ("10007", "郑云", "另一个公司工会")

    address = await uploads(zhao, LI, new, taken, foreign, root)

    page = await zhao.reads(address)
    assert "可以导入 <b>2</b> 人" in page and ">3</b> 行要改" in page
    assert page.count("不在您管的分会里") == 2 and "现在在别的分会" in page
    await zhao.does(f"{address}/confirm", skip_wrong="yes")
    await works(ends)
    assert await names(ends) == ["李建国", "王秀兰", "周涛"]
    async with ends.house.database.reading() as session:
        lineage = sa.select(Member).where(Member.staff_number == "10002")
        assert (await session.scalars(lineage)).one().branch_id != north.id


async def test_who_is_missing_in_a_branch_file_leaves_only_there(ends: Ends, admin: Worker) -> None:
    await admin.does(f"{await uploads(admin, LI, WANG, ('10003', '张伟', NORTH))}/confirm")
    await works(ends)
    async with ends.house.database.reading() as session:
        north = await branches.get(session, NORTH)
    zhao = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, north.id))

    await zhao.does(f"{await uploads(zhao, LI)}/confirm", complete="yes", force="yes")
    await works(ends)

    async with ends.house.database.reading() as session:
        gone = sa.select(Member.name).where(Member.left_on.is_not(None))
        assert list(await session.scalars(gone)) == ["张伟"]


async def test_rights_taken_away_before_the_job_runs_stop_it(ends: Ends, admin: Worker) -> None:
    address = await uploads(admin, LI)
    await admin.does(f"{address}/confirm")
    async with ends.house.database.transaction() as session:
        await session.execute(sa.text("DELETE FROM staff_grant"))

    await works(ends)

    assert await names(ends) == []


async def test_an_upload_is_its_senders_alone(ends: Ends, admin: Worker) -> None:
    address = await uploads(admin, LI)
    other = await at_work(ends, "李娜", Role.UNION_ADMIN)

    assert (await other.gets(address)).status_code == 404
    assert (await other.sends(f"{address}/confirm")).status_code == 404
    assert (await other.sends(f"{address}/discard")).status_code == 404
    assert await acts_of(ends, "members.import") == []


async def test_confirming_twice_is_one_job(ends: Ends, admin: Worker) -> None:
    address = await uploads(admin, LI)

    await admin.does(f"{address}/confirm")
    await admin.does(f"{address}/confirm")
    await works(ends)

    async with ends.house.database.reading() as session:
        jobs = sa.select(sa.func.count()).where(StaffJob.kind == "members.import")
        assert await session.scalar(jobs) == 1
    late = await admin.sends(f"{address}/confirm")
    assert late.status_code == 422 and "已导入" in late.text


async def test_killed_after_the_work_the_job_says_how_it_ended(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = await uploads(admin, LI)
    await admin.does(f"{address}/confirm")
    house = ends.house
    async with house.database.transaction() as session:
        job = await claim(session, house.clock.real_now())
    assert job is not None
    await sheet_imports.import_roster(staff_jobs.Bench(house.database, house.clock, house.files, job))

    await ends.moves_time(seconds=120)
    async with house.database.transaction() as session:
        await session.execute(sa.update(StaffJob).values(lease_until=NOON))
    await works(ends)

    async with house.database.reading() as session:
        ended = (await session.scalars(sa.select(StaffJob).where(StaffJob.kind == "members.import"))).one()
        assert ended.state is JobState.DONE and ended.said == "入册 1，没有变化 0。"
        assert await session.scalar(sa.select(sa.func.count()).select_from(MemberMove)) == 1


async def test_a_bug_leaves_the_file_for_another_try(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = await uploads(admin, LI)
    await admin.does(f"{address}/confirm")
    real = rosters.apply

    async def breaks(*given: Any, **how: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(rosters, "apply", breaks)
    await works(ends)
    monkeypatch.setattr(rosters, "apply", real)

    assert "再点一次「导入」" in await admin.reads(address)
    await admin.does(f"{address}/confirm")
    await works(ends)
    assert await names(ends) == ["李建国"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "文件是空的"),
        (b"a,b,c\n1,2,3\n", "文本（CSV）"),
        (b"<html><table>", "网页"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧格式"),
        (b"PK\x03\x04 nothing", "文件坏了"),
        (b"\x89PNG\r\n\x1a\n\0\0", "不是 .xlsx"),
    ],
)
async def test_other_files_are_refused_in_words(ends: Ends, admin: Worker, data: bytes, said: str) -> None:
    answer = await sends_file(admin, data)

    assert answer.status_code == 422 and said in answer.text
    assert await files(ends) == []


async def test_a_workbook_without_our_columns_names_the_template_of_the_page(
    ends: Ends, admin: Worker
) -> None:
    answer = await sends_file(admin, roster_files.workbook(head=("甲", "乙")).getvalue())

    assert answer.status_code == 422
    assert "这一页的空白模板" in answer.text and "gonghui" not in answer.text


async def test_without_a_file_or_with_one_too_large(ends: Ends, admin: Worker) -> None:
    none = await admin.sends(ROSTER)
    assert none.status_code == 422 and "请先选一个 .xlsx 文件" in none.text

    large = await sends_file(admin, b"x" * (22 * 1024 * 1024))
    assert large.status_code == 413 and "最多 20 MB" in large.text
    headers = {"Content-Length": "999999999", **HTML}
    endless = await admin.browser.post(f"{CONSOLE}/sign-in", content=b"", headers=headers)
    assert endless.status_code == 413


async def test_a_file_name_is_words(ends: Ends, admin: Worker) -> None:
    answer = await sends_file(admin, roster_files.workbook(LI).getvalue(), name="<script>x</script>.xlsx")

    page = await admin.reads(str(answer.headers["location"]).removeprefix(CONSOLE))
    assert "<script>x" not in page and "&lt;script&gt;x" in page


async def test_templates_are_workbooks_that_can_be_filled_in(ends: Ends, admin: Worker) -> None:
    for page, column in ((ROSTER, "工号"), (REGISTER, "户号")):
        answer = await admin.gets(f"{page}/template")
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        cells = {cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}
        assert answer.status_code == 200 and column in {str(each).strip("*") for each in cells}


# --- the register of accounts


async def test_a_register_comes_in_the_same_way(ends: Ends, admin: Worker) -> None:
    lines = (register_files.LI, ("12", "王秀兰", "", "黄陵 南区", "", ""))
    address = await uploads(admin, *lines, page=REGISTER, head=register_files.HEAD, sheet="户号")
    page = await admin.reads(address)
    assert "可以导入 <b>1</b> 户" in page and "新的户号" in page and "李*国" in page
    assert "13812345678" not in page and "第 3 行" in page

    await admin.does(f"{address}/confirm", skip_wrong="yes")
    await works(ends)

    assert "已导入：新的户号 1" in await admin.reads(address)
    page = await admin.reads("/customers?q=6101234567")
    public_id = re.search(r"/console/customers/([0-9a-z]{16})", page)
    assert public_id is not None and "李*国" in page and "李建国" not in page
    one = await admin.reads(f"/customers/{public_id[1]}")
    assert "138****5678" in one and "12号楼" not in one
    assert "户号 6101234567" in await admin.reads("/search?q=6101234567")


async def test_unbinding_an_account_tells_how_many(ends: Ends, admin: Worker) -> None:
    async with ends.house.database.transaction() as session:
        account = await making.account(session)
        for _ in range(2):
            await making.bound(session, (await making.person(session)).person_id)

    assert "2 人都不再绑定" in await admin.reads(f"/customers/{account.public_id}")
    page = await admin.does(f"/customers/{account.public_id}/unbind", reason="客户要求" * 60)
    assert "已解除 2 人的绑定" in page
    page = await admin.does(f"/customers/{account.public_id}/unbind")
    assert "没有人绑定这个户号" in page
    reasons = [act.reason for act in await acts_of(ends, "customers.unbind")]
    assert reasons == ["客户要求" * 50, None], "of a reason that is too long, as much as there is room for"


async def test_accounts_belong_to_no_branch(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        await making.account(session)
        north = await making.branch(session)
        public_id = (await session.scalars(sa.select(CustomerAccount.public_id))).one()
    zhao = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, north.id))
    lawyer = await at_work(ends, "张律师", Role.LAWYER)

    for worker in (zhao, lawyer):
        for path in ("/customers", f"/customers/{public_id}", REGISTER, f"{REGISTER}/template"):
            assert (await worker.gets(path)).status_code == 403, path
        assert (await worker.sends(f"/customers/{public_id}/unbind")).status_code == 403
        assert (await sends_file(worker, b"x", REGISTER)).status_code == 403
        assert 'data-test="found"' not in await worker.reads("/search?q=6101234567")
    dispatcher = await at_work(ends, "钱多", Role.DISPATCHER)
    assert "6101234567" in await dispatcher.reads("/customers")
