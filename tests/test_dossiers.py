"""A case on paper: what is in it, what is not, and that nothing written in it is obeyed."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.jobs import staff_jobs, staff_work
from app.services import case_work, cases
from models import JobState, Person, Role, StaffJob, StoredFile
from tests import making
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.pdf_words import pages, pictures
from tests.test_console_cases import case_of, consults, leaves
from tests.test_console_evidence import with_evidence
from tests.test_evidence import placed_picture

__all__ = ["admin", "ends"]
HOSTILE = "<b>粗</b>&amp;<script>alert(1)</script>=1+1\\)Tj (\t\x07😀𬭎 ]]>"


@pytest.fixture
async def lawyer(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


async def jobs(ends: Ends) -> list[StaffJob]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(StaffJob).order_by(StaffJob.id)))


async def printed(ends: Ends, worker: Worker, at: str, **given: Any) -> bytes:
    """The file that the job made, fetched by who asked for it."""
    page = await worker.does(f"{at}/print", **{"why_print": "移交法律援助中心"} | given)
    assert "打印" in page
    house = ends.house
    await staff_jobs.run(house.database, house.clock, house.files, staff_work.KINDS)
    job = (await jobs(ends))[-1]
    assert job.state is JobState.DONE, job.said
    answer = await worker.sends(f"/jobs/{job.public_id}/file")
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


async def test_a_case_is_printed_with_cover_facts_thread_and_pictures(ends: Ends, lawyer: Worker) -> None:
    number = await with_evidence(ends, placed_picture())
    await ends.answer(number, "请先申请仲裁。")
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, number)
        await case_work.note(session, case, "内部的话", "张律师", ends.house.clock.now())

    made = await printed(ends, lawyer, f"/consultations/{number}")

    found = pages(made)
    whole = "".join(found)
    assert number in found[0] and "法律咨询" in found[0] and "打印人、时间：张律师" in found[0]
    assert "（没有打印）" in found[0] and "不含内部备注" in found[0]
    assert (
        f"第 1 页，共 {len(found)} 页" in found[0] and f"第 {len(found)} 页，共 {len(found)} 页" in found[-1]
    )
    assert (
        whole.index("一、情况")
        < whole.index("二、经过")
        < whole.index("工资条")
        < whole.index("请先申请仲裁")
    )
    assert "内部的话" not in whole
    assert pictures(made) == 1
    async with ends.house.database.reading() as session:
        copy = (await session.scalars(sa.select(StoredFile).where(StoredFile.kind == "image"))).one()
    assert copy.sha256 not in whole
    (act,) = await acts_of(ends, "case.print")
    assert (act.subject, act.reason) == (number, "移交法律援助中心")
    assert "打印了卷宗：移交法律援助中心" in await lawyer.reads(f"/consultations/{number}")


async def test_notes_are_printed_only_when_ticked(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, number)
        await case_work.note(session, case, "内部的话", "王强", ends.house.clock.now())

    whole = "".join(pages(await printed(ends, admin, f"/cases/{number}", notes="yes")))

    assert "内部的话" in whole and "含内部备注，不要交给当事人" in whole


async def test_who_brought_it_is_printed_only_by_an_act_with_its_right(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    async with ends.house.database.transaction() as session:
        found = await session.scalar(sa.select(sa.func.max(Person.id)))
        name = (await making.member(session, "李小娜", person_id=found, bound_at=NOON)).name

    with_name = "".join(pages(await printed(ends, admin, f"/cases/{number}", reporter="yes")))
    without = "".join(pages(await printed(ends, admin, f"/cases/{number}")))

    assert name in with_name and name not in without
    (act, _) = await acts_of(ends, "case.print")
    assert {"details": {"notes": False, "reporter": True}} in list(act.changes)  # type: ignore[call-overload]
    assert "查看了当事人是谁：移交法律援助中心" in await admin.reads(f"/cases/{number}")


async def test_of_an_anonymous_case_nobody_and_only_days(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends, anonymous=True)

    refused = await admin.sends(f"/cases/{number}/print", why_print="存档", reporter="yes")
    assert "匿名" in refused.text and refused.status_code == 422
    assert await jobs(ends) == []
    found = pages(await printed(ends, admin, f"/cases/{number}"))

    assert "匿名" in found[0] and "00:00" not in "".join(found)
    (job,) = await jobs(ends)
    assert number not in job.title + str(job.file_name)
    (act,) = await acts_of(ends, "case.print")
    assert act.subject == ""


async def test_hostile_words_are_words(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends, HOSTILE + "长" * 9000 + "\n" * 40 + "A" * 3000)

    found = pages(await printed(ends, admin, f"/cases/{number}"))
    whole = "".join(found)

    assert "<script>alert(1)</script>" in whole.replace("\n", "")
    assert "〓〓 ]]>" in whole.replace("\n", "")
    assert "有 2 个字" in found[0]


async def test_a_picture_that_is_none_or_was_changed_is_said_to_be(ends: Ends, lawyer: Worker) -> None:
    number = await with_evidence(ends, placed_picture())
    async with ends.house.database.transaction() as session:
        copy = (await session.scalars(sa.select(StoredFile).where(StoredFile.kind == "image"))).one()
        name = copy.public_id
    await ends.house.files.put(name, b"changed")

    made = await printed(ends, lawyer, f"/consultations/{number}")
    assert pictures(made) == 0 and "和存下时的不一样或不见了" in "".join(pages(made)).replace("\n", "")

    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(StoredFile).where(StoredFile.public_id == name).values(sha256=""))
    made = await printed(ends, lawyer, f"/consultations/{number}")
    assert pictures(made) == 0 and "打不开，没有印" in "".join(pages(made)).replace("\n", "")


async def test_the_same_request_twice_is_one_job(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)

    for _ in range(2):
        await admin.does(f"/cases/{number}/print", why_print="存档")

    assert len(await jobs(ends)) == 1


async def test_a_job_that_was_killed_is_done_again(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    await admin.does(f"/cases/{number}/print", why_print="存档")
    async with ends.house.database.transaction() as session:
        gone = ends.house.clock.real_now() - timedelta(minutes=5)
        running = {"state": JobState.RUNNING, "lease": "gone", "lease_until": gone}
        await session.execute(sa.update(StaffJob).values(running))

    house = ends.house
    assert await staff_jobs.run(house.database, house.clock, house.files, staff_work.KINDS) == 1

    assert (await jobs(ends))[0].state is JobState.DONE


async def test_without_a_reason_or_the_right_nothing_is_printed(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    number, asked = await leaves(ends), await consults(ends)

    assert (await admin.sends(f"/cases/{number}/print", why_print=" ")).status_code == 422
    assert (await lawyer.sends(f"/cases/{number}/print", why_print="x")).status_code == 403
    assert (await admin.sends(f"/consultations/{asked}/print", why_print="x")).status_code == 403
    assert (await admin.sends(f"/cases/{asked}/print", why_print="x")).status_code == 404
    assert await jobs(ends) == []


async def test_what_was_taken_away_meanwhile_is_not_printed(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    await admin.does(f"/cases/{number}/print", why_print="存档")
    async with ends.house.database.transaction() as session:
        await session.execute(sa.text("DELETE FROM staff_grant"))

    house = ends.house
    await staff_jobs.run(house.database, house.clock, house.files, staff_work.KINDS)

    (job,) = await jobs(ends)
    assert (job.state, job.file_id) == (JobState.FAILED, None)
    assert cases.topic_of(await case_of(ends, number)) != ""
