"""What stands beside an application for legal aid: papers as they came, words, notes, reminders."""

import hashlib

import pytest
import sqlalchemy as sa

from app.services.consultation_facts import Opponent
from app.services.staff import Wanted
from models import CannedReply, CaseDraft, Role
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.pdf_words import pages, pictures
from tests.test_console_case_reminders import on, reminders, time_does
from tests.test_console_evidence import with_evidence
from tests.test_console_legal_aid import PAGE, acts, applies, refused
from tests.test_dossiers import printed
from tests.test_evidence import placed_picture

__all__ = ["admin", "ends"]
FORM = {"title": "收到材料", "text": "您的申请 {编号} 收到了，{姓名}。", "rooms": ["aid"]}


@pytest.fixture
async def lawyer(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


async def with_papers(ends: Ends, **changed: object) -> str:
    async def opens(parts: list[dict[str, str]]) -> str:
        return (await applies(ends, parts=parts, **changed))[1]

    return await with_evidence(ends, placed_picture(), opens=opens)


async def carried(ends: Ends, admin: Worker, lawyer: Worker, number: str) -> None:
    """Granted, and given to the lawyer, who has begun."""
    await acts(admin, number, "grant")
    await acts(admin, number, "assign", lawyer=lawyer.login)
    await acts(lawyer, number, "begin")


async def test_an_original_is_opened_by_who_decides_and_who_carries(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    sent, number = placed_picture(), await with_papers(ends)
    at = f"{PAGE}/{number}/files/1/original"
    assert hashlib.sha256(sent).hexdigest() in await admin.reads(f"{PAGE}/{number}")

    assert "请写明为什么要打开原件" in (await admin.sends(at, why=" ")).text
    opened = await admin.sends(at, why="核对<b>")
    assert opened.content == sent
    assert "attachment" in opened.headers["content-disposition"]
    (act,) = await acts_of(ends, "case.evidence")
    assert (act.subject, act.reason) == (number, "核对<b>")
    assert "打开了附件 1 的原件：核对&lt;b&gt;" in await admin.reads(f"{PAGE}/{number}")

    assert (await lawyer.sends(at, why="看看")).status_code == 404
    await carried(ends, admin, lawyer, number)
    assert (await lawyer.sends(at, why="开庭要用")).content == sent
    assert len(await acts_of(ends, "case.evidence")) == 2


async def test_who_has_no_business_with_it_opens_and_prints_nothing(ends: Ends, admin: Worker) -> None:
    number = await with_papers(ends, opponent=Opponent.OWN_COMPANY)
    async with ends.house.database.transaction() as session:
        north = (await making.branch(session)).id
    strangers = {
        "律师": (await at_work(ends, "李律师", Role.LAWYER), 404),
        "编辑": (await at_work(ends, "孙编辑", Role.EDITOR), 403),
        "分会": (await at_work(ends, "周主席", Wanted(Role.UNION_ADMIN, north)), 404),
        "公司": (await at_work(ends, "钱法务", Role.COMPANY_LAWYER, Role.APPROVER), 404),
    }
    for name, (who, status) in strangers.items():
        for act in ("files/1/original", "print", "note", "remind", "draft", "fill", "call"):
            answer = await who.sends(f"{PAGE}/{number}/{act}", why="看看", why_print="看看", text="看看")
            assert answer.status_code == status, (name, act)
    assert await acts_of(ends, "case.evidence") == [] and await acts_of(ends, "case.print") == []


async def test_an_application_is_printed_as_a_file(ends: Ends, admin: Worker) -> None:
    number = await with_papers(ends)
    await acts(admin, number, "accept")
    await admin.does(f"{PAGE}/{number}/note", note="内部的话")

    made = await printed(ends, admin, f"{PAGE}/{number}")

    found = pages(made)
    whole = "".join(found)
    assert number in found[0] and "法律援助" in found[0] and "审查中" in found[0]
    assert "工资条" in whole and "内部的话" not in whole and pictures(made) == 1
    (act,) = await acts_of(ends, "case.print")
    assert (act.subject, act.reason) == (number, "移交法律援助中心")


async def test_words_are_put_in_kept_and_gone_once_sent(ends: Ends, admin: Worker, lawyer: Worker) -> None:
    _, number = await applies(ends)
    await carried(ends, admin, lawyer, number)
    at = f"{PAGE}/{number}"
    await lawyer.does("/canned/new", **FORM)
    async with ends.house.database.reading() as session:
        reply = (await session.scalars(sa.select(CannedReply))).one()

    page = (await lawyer.sends(f"{at}/fill", field="text", text="您好", put=reply.public_id)).text
    assert f"您好\n您的申请 {number} 收到了，张律师。" in page
    assert "草稿已存" in await lawyer.does(f"{at}/draft", field="text", text="写到一半<b>")
    assert "写到一半&lt;b&gt;</textarea>" in await lawyer.reads(at)
    admins = await admin.reads(at)
    assert "写到一半" not in admins and "张律师也在写" in admins

    await acts(lawyer, number, "tell", field="text", text="已经立案", canned=reply.public_id)
    assert "写到一半" not in await lawyer.reads(at)
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(CaseDraft))).all() == []
        assert (await session.scalars(sa.select(CannedReply.uses))).one() == 1


async def test_who_decides_keeps_the_reason_he_is_writing(ends: Ends, admin: Worker) -> None:
    _, number = await applies(ends)
    at = f"{PAGE}/{number}"
    await admin.does(f"{at}/draft", field="reason", reason="不在范围")
    assert "不在范围</textarea>" in await admin.reads(at)
    assert (
        "不予援助的理由" in (await admin.sends(f"{at}/fill", field="reason", reason="还在写", q="工资")).text
    )

    kept = await refused(admin, number, "reject", field="reason", reason="超" * 2000)
    assert "超超</textarea>" in kept
    await acts(admin, number, "reject", field="reason", reason="不在范围")
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(CaseDraft))).all() == []


async def test_a_note_names_only_who_reads_it(ends: Ends, admin: Worker, lawyer: Worker) -> None:
    _, number = await applies(ends)
    at = f"{PAGE}/{number}"
    told = await admin.sends(f"{at}/note", note=f"请 @{lawyer.login} 看")
    assert told.status_code == 422 and "看不到这件事，不能提到" in told.text
    assert "张律师" not in (await admin.reads(at)).partition("写备注")[0].rpartition("内部备注")[2]

    await carried(ends, admin, lawyer, number)
    await admin.does(f"{at}/note", note=f"请 @{lawyer.login} 看")
    assert "提到我的法律援助" in await lawyer.reads("")
    assert number in await lawyer.reads(f"{PAGE}?for=named")
    page = await lawyer.reads(at)
    assert 'data-test="named"' in page and "请 @" in page
    assert "提到我的法律援助" not in await lawyer.reads("")
    assert [act.subject for act in await acts_of(ends, "case.note")] == [number]


async def test_a_reminder_comes_while_it_is_his_and_not_after(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    _, number = await applies(ends)
    await carried(ends, admin, lawyer, number)
    other = await at_work(ends, "李律师", Role.LAWYER)
    at = f"{PAGE}/{number}"
    assert "提醒您" in await lawyer.does(f"{at}/remind", **on(ends, hours=1), remind="问问仲裁委")
    assert "提醒您" in await admin.does(f"{at}/remind", **on(ends, hours=1), remind="看看进展")
    await acts(admin, number, "assign", lawyer=other.login, why="换人")

    await ends.moves_time(hours=1)
    await time_does(ends)

    assert "到时间跟进的法律援助" in await admin.reads("")
    assert number in await admin.reads(f"{PAGE}?for=reminded")
    page = await admin.reads(at)
    assert "到时间跟进了" in page and "看看进展" in page and "问问仲裁委" not in page
    assert [each.why for each in await reminders(ends) if each.ended_at] == ["问问仲裁委"]
    assert (await lawyer.gets(at)).status_code == 404
