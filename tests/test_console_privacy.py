"""个人信息请求 in the console: corrections worked off, receipts that name nobody, consents as figures."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import case_work, consents, correcting, deleting, exports, privacy_requests, purposes
from app.services.correcting import Verdict
from app.services.deleting import Part
from app.services.staff import Wanted
from models import Case, CaseState, ConsentEnd, Follower, Outbox, PrivacyRequest, RequestKind, Role
from sandbox.driver import Phone
from tests import consulting, making
from tests.both_ends import Ends
from tests.conftest import NOON
from tests.console_kit import Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
SEEN = re.compile(r'name="seen" value="(\d+)"')
WHAT = "手机号应为 13812345678"
HOSTILE = "<script>alert(1)</script>=1+1"


async def person_of(session: AsyncSession, phone: Phone) -> int:
    found = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == phone.openid))
    assert found is not None
    return int(found)


async def asks(ends: Ends, phone: Phone, what: str = WHAT) -> str:
    """Somebody asks that something be put right; the number of the case."""
    async with ends.house.database.transaction() as session:
        who, now = await person_of(session, phone), ends.house.clock.now()
        await correcting.ask(session, who, what, channel="portal", now=now)
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(Case.number).order_by(Case.id.desc()).limit(1))).one()


async def receipt_of(ends: Ends, phone: Phone) -> PrivacyRequest:
    async with ends.house.database.reading() as session:
        return (await privacy_requests.list_own(session, await person_of(session, phone)))[0]


async def settles(worker: Worker, number: str, verdict: str, text: str) -> Any:
    path = f"/privacy/corrections/{number}"
    found = SEEN.search(await worker.reads(path))
    seen = found[1] if found else ""
    return await worker.sends(f"{path}/settle", seen=seen, verdict=verdict, text=text)


@pytest.fixture
async def li(ends: Ends) -> Phone:
    phone = await ends.platform.follower("李娜")
    await phone.says("你好")
    return phone


@pytest.fixture
async def auditor(ends: Ends) -> Worker:
    return await at_work(ends, "审计", Role.AUDITOR)


# --- corrections


async def test_a_correction_waits_in_its_own_room_until_it_is_done(
    ends: Ends, admin: Worker, li: Phone
) -> None:
    number = await asks(ends, li)
    assert (await receipt_of(ends, li)).done_at is None
    home = await admin.reads("")
    assert "要更正的个人信息" in home and "等答复的留言和人工" not in home
    assert number in await admin.reads("/privacy") and number not in await admin.reads("/cases")
    assert (await admin.gets(f"/cases/{number}")).status_code == 404
    assert WHAT in await admin.reads(f"/privacy/corrections/{number}")
    assert f"/privacy/corrections/{number}" in await admin.reads(f"/search?q={number}")

    answer = await settles(admin, number, "done", "手机号已改成 138 开头的那个。")

    page = await admin.reads(answer.headers["location"].removeprefix("/console"))
    assert f"{number} 已更正，这就送到本人的微信。" in page and "已办结" in page
    await ends.house.rounds.once()
    assert any("您要求更正的个人信息已更正" in str(seen) for seen in await li.reads())
    receipt = await receipt_of(ends, li)
    assert receipt.done_at is not None
    assert privacy_requests.lines_of(receipt)[-1].done == "已更正：手机号已改成 138 开头的那个。"
    (act,) = await acts_of(ends, "privacy.correct")
    assert (act.subject, act.by, act.channel) == (number, "王强", "console")
    assert "要更正的个人信息" not in await admin.reads("")


async def test_who_is_refused_is_told_why(ends: Ends, admin: Worker, li: Phone) -> None:
    number = await asks(ends, li)

    silent = await settles(admin, number, "refused", "  ")
    assert silent.status_code == 422 and "依法要说明理由" in silent.text
    answer = await settles(admin, number, "refused", "花名册以单位盖章的为准。")

    assert answer.status_code == 303
    await ends.house.rounds.once()
    told = [str(seen) for seen in await li.reads() if "没有更正" in str(seen)]
    assert "理由：花名册以单位盖章的为准。" in told[0] and "向人民法院起诉" in told[0]
    line = privacy_requests.lines_of(await receipt_of(ends, li))[-1]
    assert (line.what, line.done) == ("办理结果", "没有更正：花名册以单位盖章的为准。")


@pytest.mark.parametrize(
    ("verdict", "text", "said"),
    [
        ("done", "", "请写明更正了什么"),
        ("done", "长" * 401, "现在是 401 个字"),
        ("", "改好了", "请选"),
        ("maybe", "改好了", "请选"),
    ],
)
async def test_what_is_not_fit_is_told_and_nothing_is_decided(
    ends: Ends, admin: Worker, li: Phone, verdict: str, text: str, said: str
) -> None:
    number = await asks(ends, li)

    answer = await settles(admin, number, verdict, text)

    assert answer.status_code == 422 and said in answer.text and text in answer.text
    assert (await receipt_of(ends, li)).done_at is None
    assert await acts_of(ends, "privacy.correct") == []


async def test_of_two_who_decide_the_second_sees_it(ends: Ends, admin: Worker, li: Phone) -> None:
    zhao = await at_work(ends, "赵敏", Role.UNION_ADMIN)
    number = await asks(ends, li)
    found = SEEN.search(await zhao.reads(f"/privacy/corrections/{number}"))
    assert found
    await settles(admin, number, "done", "改好了。")

    given = {"seen": found[1], "verdict": "refused", "text": "不能改。"}
    second = await zhao.sends(f"/privacy/corrections/{number}/settle", **given)

    assert second.status_code == 422 and "王强" in second.text and "不能改。" in second.text
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 1
    assert privacy_requests.lines_of(await receipt_of(ends, li))[-1].done == "已更正：改好了。"


async def test_a_word_in_between_ends_nothing(ends: Ends, admin: Worker, li: Phone) -> None:
    number = await asks(ends, li)
    path = f"/privacy/corrections/{number}"
    found = SEEN.search(await admin.reads(path))
    assert found

    answer = await admin.sends(f"{path}/answer", seen=found[1], text="是哪个手机号？")

    assert answer.status_code == 303 and "还没有办完" in await admin.reads(path)
    assert (await receipt_of(ends, li)).done_at is None
    await li.says("尾号 1111 的那个")
    assert "1 件等办理" in await admin.reads("/privacy")  # what they say then goes to the same thread
    assert "尾号 1111 的那个" in await admin.reads(path)
    assert (await settles(admin, number, "done", "改好了。")).status_code == 303


async def test_who_must_put_it_right_learns_whose_it_is(ends: Ends, admin: Worker, li: Phone) -> None:
    async with ends.house.database.transaction() as session:
        await making.member(session, person_id=await person_of(session, li))
    number = await asks(ends, li)
    path = f"/privacy/corrections/{number}"
    assert "10001" not in await admin.reads(path)

    known = await admin.sends(f"{path}/reveal", why="要改花名册")

    assert known.status_code == 200 and "10001" in known.text
    (act,) = await acts_of(ends, "case.reporter")
    assert (act.subject, act.reason) == (number, "要改花名册")


async def test_an_auditor_sees_that_it_is_worked_on_and_no_words(
    ends: Ends, admin: Worker, auditor: Worker, li: Phone
) -> None:
    number = await asks(ends, li)
    path = f"/privacy/corrections/{number}"
    page = await auditor.reads("/privacy") + await auditor.reads(path)
    assert number in page and WHAT not in page and "内容只给办理的人看" in page
    assert "要更正的个人信息" not in await auditor.reads("")  # it is not his work

    for what in ("settle", "answer", "reveal", "files/1"):
        given = {"verdict": "done", "text": "x", "why": "x"}
        assert (await auditor.sends(f"{path}/{what}", **given)).status_code == 403
    await settles(admin, number, "done", f"手机号改为 {WHAT}")
    receipt = await receipt_of(ends, li)

    assert WHAT in await admin.reads(f"/privacy/receipts/{receipt.number}")
    seen = await auditor.reads(f"/privacy/receipts/{receipt.number}")
    assert "已更正" in seen and WHAT not in seen


async def test_others_see_none_of_it(ends: Ends, li: Phone) -> None:
    number = await asks(ends, li)
    async with ends.house.database.transaction() as session:
        branch = await making.branch(session)
    receipt = await receipt_of(ends, li)
    editor = await at_work(ends, "周芳", Role.EDITOR)
    local = await at_work(ends, "孙丽", Wanted(Role.UNION_ADMIN, branch.id))

    for path in ("", f"/corrections/{number}", "/receipts", f"/receipts/{receipt.number}", "/consents"):
        assert (await editor.gets(f"/privacy{path}")).status_code == 403
    assert number not in await local.reads("/privacy")
    assert receipt.number not in await local.reads("/privacy/receipts")
    assert "整个工会的情况" in await local.reads("/privacy/consents")
    for path in (f"/corrections/{number}", f"/receipts/{receipt.number}"):
        assert (await local.gets(f"/privacy{path}")).status_code == 404
    answer = await local.sends(f"/privacy/corrections/{number}/settle", verdict="done", text="x", seen="1")
    assert answer.status_code == 404
    assert f"receipts/{receipt.number}" not in await local.reads(f"/search?q={receipt.number}")


async def test_hostile_words_are_only_words(ends: Ends, admin: Worker, li: Phone) -> None:
    number = await asks(ends, li, HOSTILE)
    await settles(admin, number, "refused", HOSTILE)
    receipt = await receipt_of(ends, li)

    for path in ("", f"/corrections/{number}", f"/receipts/{receipt.number}"):
        assert "<script>alert" not in await admin.reads(f"/privacy{path}")


# --- receipts and consents


async def test_receipts_are_listed_and_name_nobody(ends: Ends, auditor: Worker, li: Phone) -> None:
    async with ends.house.database.transaction() as session:
        who, now = await person_of(session, li), ends.house.clock.now()
        await exports.ask(session, who, channel="portal", now=now)
        gone = await deleting.delete(session, who, {Part.MESSAGES}, channel="api", now=now)

    page = await auditor.reads("/privacy/receipts")
    assert "导出我的资料" in page and gone.number in page
    only = await auditor.reads("/privacy/receipts?kind=delete")
    assert gone.number in only and "QX-2026-0001" not in only
    seen = await auditor.reads(f"/privacy/receipts/{gone.number}")
    assert "小程序" in seen and li.openid not in seen and "李娜" not in seen
    assert gone.number in await auditor.reads(f"/search?q={gone.number.lower()}")
    assert (await auditor.gets("/privacy/receipts/QX-2026-9999")).status_code == 404


async def test_consents_are_counted_by_purpose_and_version(ends: Ends, auditor: Worker) -> None:
    async with ends.house.database.transaction() as session:
        people = [await consulting.person(session) for _ in range(3)]
        for who in people:
            await consents.give(session, who, purposes.ACCOUNTS, channel="portal", now=NOON)
        await consents.end(session, people[0], purposes.ACCOUNTS, ConsentEnd.WITHDRAWN, NOON)

        figures = {each.purpose.key: each for each in await consents.count(session)}

    assert (figures["accounts"].standing, figures["accounts"].ended) == (2, 1)
    assert (figures["membership"].standing, figures["membership"].counts) == (0, True)
    page = await auditor.reads("/privacy/consents")
    assert "户号绑定" in page and "2026-12" in page


# --- rules


async def test_a_correction_is_ended_by_a_verdict_and_nothing_else(ends: Ends, li: Phone) -> None:
    number = await asks(ends, li)
    now = ends.house.clock.now()

    async with ends.house.database.transaction() as session:
        with pytest.raises(DomainError, match="个人信息请求"):
            await case_work.close(session, number, "王强", now)
        await correcting.settle(session, number, Verdict.DONE, "改好了。", "王强", now)
        with pytest.raises(DomainError, match="不能再答复"):
            await correcting.settle(session, number, Verdict.DONE, "改好了。", "王强", now)
        assert (await case_work.get_case(session, number)).state is CaseState.CLOSED


async def test_what_is_no_correction_is_not_settled_as_one(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        opened = await consulting.consult(session, await consulting.person(session))
        with pytest.raises(DomainError, match="不是更正个人信息的请求"):
            await correcting.settle(session, opened.number, Verdict.DONE, "改好了。", "王强", NOON)


async def test_each_correction_ends_its_own_receipt(ends: Ends, li: Phone) -> None:
    first, second = await asks(ends, li, "姓名"), await asks(ends, li, "生日")
    now = ends.house.clock.now()

    async with ends.house.database.transaction() as session:
        await correcting.settle(session, first, Verdict.DONE, "改好了。", "王强", now)

    async with ends.house.database.reading() as session:
        own = await privacy_requests.list_own(session, await person_of(session, li))
    assert [(each.kind, each.done_at is None) for each in own] == [
        (RequestKind.CORRECT, True),
        (RequestKind.CORRECT, False),
    ]
    assert first in privacy_requests.lines_of(own[1])[0].done and second != first
