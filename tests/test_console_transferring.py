"""转到别的台, in the console and on the phone: the form says what it needs, and the case is where it went."""

import pytest

from app.services import case_work
from models import CaseKind, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import HOSTILE, case_of, consults, leaves

__all__ = ["admin", "ends"]


@pytest.fixture
async def lawyer(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


async def seen_of(worker: Worker, path: str) -> str:
    page = await worker.reads(path)
    return page.split('name="seen" value="')[1].split('"')[0]


async def test_from_the_desk_to_the_lawyer_and_the_member_is_told(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    phone = await ends.platform.follower("赵敏")
    await phone.says("你好")
    number = await leaves(ends, "加班费没有给够", phone)
    at = f"/cases/{number}/transfer"
    assert f'href="/console{at}"' in await admin.reads(f"/cases/{number}")

    filled = {"about": "consultation:wages", "why": HOSTILE, "seen": await seen_of(admin, at)}
    refused = await admin.sends(at, **filled)
    assert refused.status_code == 422 and "请选对方是谁" in refused.text and HOSTILE not in refused.text
    refused = await admin.sends(at, **filled, opponent="agency")
    assert refused.status_code == 422 and "同不同意" in refused.text
    assert 'value="consultation:wages" selected' in refused.text

    went = await admin.does(at, **filled, opponent="agency", agreed="刚才在微信里说同意")
    assert f"{number} 已转到法律咨询" in went
    assert number not in await admin.reads("/cases?state=submitted")
    page = await lawyer.reads(f"/consultations/{number}")
    assert "由留言转到法律咨询" in page and "加班费没有给够" in page and "刚才在微信里说同意" in page
    assert "<script>alert" not in page and "已提交 → 已分诊" in page
    (act,) = await acts_of(ends, "case.transfer")
    assert act.subject == number
    auditor = await at_work(ends, "曹志强", Role.AUDITOR)
    record = await auditor.reads(f"/record/{act.public_id}")
    assert "转到别的台" in record and '<dt>转到</dt><dd class="lines">法律咨询</dd>' in record
    assert "safety" not in record
    await ends.house.rounds.once()
    assert any(f"{number} 已按您的同意转到法律咨询" in str(each) for each in await phone.reads())


async def test_twice_the_same_form_is_one(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends, anonymous=True)
    at = f"/cases/{number}/transfer"
    page = await admin.reads(at)
    assert "法律咨询" not in page.split("<select")[1].split("</select>")[0], "nobody unknown goes to a lawyer"
    filled = {"about": "complaint:support", "why": "要后勤去办", "sort": "complaint"}
    filled["seen"] = await seen_of(admin, at)

    assert "已转到投诉建议" in await admin.does(at, **filled)
    again = await admin.sends(at, **filled)

    assert again.status_code == 404, "it is not of this room any more"
    assert len(await acts_of(ends, "case.transfer")) == 1
    page = await admin.reads(f"/complaints/{number}")
    assert "匿名" in page and "由留言转到投诉建议" in page and "告诉本人受理不受理" in page


async def test_what_came_meanwhile_is_read_first(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    at = f"/cases/{number}/transfer"
    seen = await seen_of(admin, at)
    async with ends.house.database.transaction() as session:
        await case_work.answer(session, number, "先答一句", "李干事", ends.house.clock.now())

    refused = await admin.sends(at, about="complaint:other", why="要办", sort="suggestion", seen=seen)

    assert refused.status_code == 422 and "李干事" in refused.text and 'value="要办"' in refused.text
    assert (await case_of(ends, number)).kind is CaseKind.FEEDBACK


async def test_only_who_answers_there_sends_it_away(ends: Ends, admin: Worker, lawyer: Worker) -> None:
    left, asked = await leaves(ends), await consults(ends)

    assert (await lawyer.sends(f"/cases/{left}/transfer")).status_code == 403
    assert (await admin.sends(f"/consultations/{asked}/transfer")).status_code == 403
    for nonsense in ({}, {"about": "gold:bars"}, {"about": "health:report", "why": "x"}):
        refused = await lawyer.sends(f"/consultations/{asked}/transfer", **nonsense)
        assert refused.status_code == 422
    assert (await case_of(ends, asked)).kind is CaseKind.CONSULTATION


async def test_what_was_answered_by_the_union_stays(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        await case_work.answer(session, number, "修好了", "李干事", now)
        await case_work.close(session, number, "李干事", now)

    assert "不能转到别的台" in await admin.reads(f"/cases/{number}/transfer")
    assert "转到别的台" not in await admin.reads(f"/cases/{number}")
