"""Notes that only staff read, and who is named in one."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.clock import shanghai
from app.services import case_mentions, case_work, cases, closed_cases
from app.services.case_owners import SYSTEM
from models import CaseEntry, CaseMention, EntryKind, Outbox, Role, Staff
from tests import consulting
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends, staff_row
from tests.test_console_cases import HOSTILE, case_of, consults, leaves

__all__ = ["admin", "ends"]
NAMED = "提到我的法律咨询"


@pytest.fixture
async def zhang(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


@pytest.fixture
async def li(ends: Ends) -> Worker:
    """With a WeChat of his own."""
    li = await at_work(ends, "李律师", Role.LAWYER)
    async with ends.house.database.transaction() as session:
        who = await consulting.person(session)
        await session.execute(sa.update(Staff).where(Staff.login == li.login).values(person_id=who))
    return li


async def notes(ends: Ends, number: str) -> list[str]:
    async with ends.house.database.reading() as session:
        case = await case_work.get_case(session, number)
        entries = await case_work.list_entries(session, case)
        theirs = await cases.list_thread(session, case)
    assert all(each.kind is not EntryKind.NOTE for each in theirs), "the person reads no note"
    return [cases.text_of(each) for each in entries if each.kind is EntryKind.NOTE]


async def told(ends: Ends) -> list[Outbox]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(Outbox).where(Outbox.kind == "staff.mentioned")))


async def test_who_is_named_hears_of_it_until_he_has_looked(ends: Ends, zhang: Worker, li: Worker) -> None:
    number = await consults(ends)
    at, words = f"/consultations/{number}", f"请@{li.login}看看合同{HOSTILE}"
    assert f"@{li.login}（李律师）" in await zhang.reads(at)

    assert "本人看不到" in await zhang.does(f"{at}/note", note=words)
    await zhang.does(f"{at}/note", note=words)  # pressed twice

    assert len(await notes(ends, number)) == 1
    (notice,) = await told(ends)
    assert number in str(notice.payload) and "合同" not in str(notice.payload)
    assert NAMED in await li.reads("") and NAMED not in await zhang.reads("")
    assert number in await li.reads("/consultations?for=named")
    assert number not in await zhang.reads("/consultations?for=named")

    page = await li.reads(at)
    assert 'data-test="named"' in page and "请@" in page and "<script>alert" not in page
    assert 'data-test="named"' not in await li.reads(at) and NAMED not in await li.reads("")
    (act,) = await acts_of(ends, "case.note")
    assert act.subject == number and li.login in str(act.changes)


async def test_only_who_reads_the_case_can_be_named(ends: Ends, admin: Worker, zhang: Worker) -> None:
    number, feedback = await consults(ends), await leaves(ends)
    gone = await at_work(ends, "停用的", Role.LAWYER)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(Staff).where(Staff.login == gone.login).values(state="disabled"))

    for note, refusal in (
        (f"@{admin.login} 请看", "王强看不到这件事，不能提到"),
        ("@nobody 请看", "没有登录名是「nobody」的同事"),
        (f"@{gone.login} 请看", "没有登录名是"),
        ("".join(f"@some.one{number} " for number in range(11)), "最多提到 10 个人"),
        ("", "备注是空的"),
        ("长" * 601, "最多 600 个字"),
    ):
        refused = await zhang.sends(f"/consultations/{number}/note", note=note)
        assert refused.status_code == 422 and refusal in refused.text
        assert note.strip() in refused.text
    assert await notes(ends, number) == [] and await told(ends) == []

    assert (await zhang.sends(f"/cases/{feedback}/note", note="请看")).status_code == 403
    assert (await admin.sends(f"/consultations/{number}/note", note="请看")).status_code == 403
    assert (await zhang.sends("/consultations/FL-2026-9999/note", note="请看")).status_code == 404
    await zhang.does(f"/consultations/{number}/note", note=f"{zhang.login}@qq.com，@{zhang.login}。")
    assert "提到我的" not in await zhang.reads(""), "nobody is told of his own words"


async def test_of_an_anonymous_case_only_days_are_kept(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends, anonymous=True)
    other = await at_work(ends, "李主席", Role.UNION_ADMIN)

    await admin.does(f"/cases/{number}/note", note=f"＠{other.login.upper()}，请看")
    assert "备注提到我" in await other.reads("/cases?for=named") and number in await other.reads(
        "/cases?for=named"
    )
    await other.reads(f"/cases/{number}")

    async with ends.house.database.reading() as session:
        mention = (await session.scalars(sa.select(CaseMention))).one()
        note = await session.get_one(CaseEntry, mention.entry_id)
    for moment in (mention.created_at, mention.settled_at, note.created_at):
        assert moment is not None and shanghai(moment).time().isoformat() == "00:00:00"
    (act,) = await acts_of(ends, "case.note")
    assert act.subject == ""


async def test_what_is_over_takes_no_note_and_old_ones_go_with_it(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    other = await at_work(ends, "李主席", Role.UNION_ADMIN)
    await admin.does(f"/cases/{number}/note", note=f"@{other.login} 请看")
    await ends.answer(number, "好的")
    async with ends.house.database.transaction() as session:
        await case_work.close(session, number, "王强", ends.house.clock.now())

    refused = await admin.sends(f"/cases/{number}/note", note="再写一句")
    assert refused.status_code == 422 and "不能再写备注" in refused.text
    assert number in await other.reads("/cases?for=named")  # he still may look
    case = await case_of(ends, number)
    row = await staff_row(ends, other.login)
    async with ends.house.database.transaction() as session:
        assert await case_mentions.is_mentioned(session, case, row.id)
        await closed_cases.empty(session, [case.id])
        assert not await case_mentions.is_mentioned(session, case, row.id)
    assert case.closed_at is not None and case.closed_at - case.opened_at < timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "logins"),
    [
        ("请@li.na看", ["li.na"]),
        ("@li.na.", ["li.na"]),
        ("＠LI.NA和@li.na", ["li.na"]),
        ("a@b.cn", []),
        ("@李娜 @ @1a", []),
    ],
)
def test_who_is_named(text: str, logins: list[str]) -> None:
    assert case_mentions.logins_in(text) == logins


async def test_what_nobody_of_staff_did_is_said_to_be_of_the_system(ends: Ends, zhang: Worker) -> None:
    number = await consults(ends)
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, number)
        await case_work.note(session, case, "超过了答复时限", SYSTEM, ends.house.clock.now())

    page = await zhang.reads(f"/consultations/{number}")

    assert "超过了答复时限" in page
    assert "备注 · 系统 · " in page
    assert "system" not in page.partition('class="timeline')[2].partition("</ul>")[0]
