"""Beside the answer: what our knowledge says of it, and what was typed and not sent."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import shanghai
from app.knowledge import LawAnswer, Tip, load
from app.services import case_drafts, closed_cases, knowledge_pieces, library
from app.services.case_work import ANSWER_LENGTH
from app.services.library import Library
from models import CaseDraft, Role
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, HTML, Worker, acts_of, admin, at_work, ends
from tests.test_console_canned import box
from tests.test_console_cases import HOSTILE, SEEN, acts, case_of, consults, leaves

__all__ = ["admin", "ends"]
CONTENT = Path(__file__).parent.parent / "content"
WRITING = 'data-test="writing"'


@pytest.fixture
async def zhang(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


@pytest.fixture
async def li(ends: Ends) -> Worker:
    return await at_work(ends, "李律师", Role.LAWYER)


async def types(worker: Worker, at: str, text: str) -> str:
    """What a page says that keeps a draft by itself."""
    seen = SEEN.search(await worker.reads(at))
    data = {"token": await worker.token(), "text": text, "seen": seen[1] if seen else ""}
    answer = await worker.browser.post(
        f"{CONSOLE}{at}/draft", data=data, headers=HTML | {"HX-Request": "true"}
    )
    assert answer.status_code == 200, answer.text
    return answer.text


async def drafts(ends: Ends) -> list[CaseDraft]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(CaseDraft)))


# --- knowledge


def test_every_piece_goes_into_one_answer_with_its_source() -> None:
    shipped = Library(load(CONTENT))
    for entry in (*shipped.tips, *shipped.laws):
        words = knowledge_pieces.words_of(entry)
        assert 0 < len(words) <= ANSWER_LENGTH, entry.id
        assert ("依据：" if isinstance(entry, LawAnswer) else "来源：") in words, entry.id
        assert isinstance(entry, Tip | LawAnswer)


async def test_a_law_is_found_and_put_in_with_its_source(ends: Ends, zhang: Worker) -> None:
    async with ends.house.database.transaction() as session:
        await library.load(session, load(CONTENT), ends.house.clock.now())
    await ends.house.refresh()
    number = await consults(ends)
    at = f"/consultations/{number}"

    page = (await zhang.sends(f"{at}/fill", q="试用期工资", text="您好。")).text
    found = re.search(r'name="put" value="(law:[^"]+)"', page)
    assert found and box(page) == "您好。"
    page = (await zhang.sends(f"{at}/fill", q="试用期工资", text="您好。", put=found[1])).text
    assert box(page).startswith("您好。\n") and "依据：" in box(page) and "劳动合同法" in box(page)
    assert box(await zhang.reads(f"{at}?canned={found[1]}")).count("依据：") == 1

    page = (await zhang.sends(f"{at}/fill", q=HOSTILE, text=HOSTILE)).text
    assert "<script>alert" not in page and "没有找到" in page
    for nothing in ("law:nothing", "sign:x", ":", "tip:\0"):
        gone = await zhang.sends(f"{at}/fill", text="写着", put=nothing)
        assert gone.status_code == 404 and box(gone.text) == "写着", nothing


# --- drafts


async def test_what_was_typed_is_there_again_until_it_is_sent(ends: Ends, zhang: Worker, li: Worker) -> None:
    number = await consults(ends)
    at = f"/consultations/{number}"

    assert "草稿已存" in await types(zhang, at, "您好，我")
    assert "草稿已存" in await zhang.does(f"{at}/draft", text=f"您好，我看了{HOSTILE}")
    page = await zhang.reads(at)
    assert (
        box(page).startswith("您好，我看了&lt;script&gt;")
        and "没有发出去的草稿" in page
        and WRITING not in page
    )
    page = await li.reads(at)
    assert box(page) == "" and "张律师也在写" in page
    assert len(await drafts(ends)) == 1

    await ends.moves_time(hours=1)
    assert WRITING not in await li.reads(at)
    late = SEEN.search(await zhang.reads(at))
    assert late
    assert (await acts(zhang, at, do="answer", text="可以申请仲裁。", how="answer")).status_code == 303
    assert await drafts(ends) == [] and box(await zhang.reads(at)) == ""
    await zhang.sends(f"{at}/draft", text="可以申请仲裁。", seen=late[1])  # it was on its way
    assert await drafts(ends) == []
    assert [act.act for act in await acts_of(ends) if "draft" in act.act] == []


async def test_a_draft_is_taken_back_by_emptying_it(ends: Ends, zhang: Worker) -> None:
    number = await consults(ends)
    await types(zhang, f"/consultations/{number}", "写了一半\0")
    assert await types(zhang, f"/consultations/{number}", " ") == ""
    assert await drafts(ends) == []
    assert "没有要存的草稿" in await zhang.does(f"/consultations/{number}/draft", text="")


async def test_two_pages_of_one_person_keep_one_draft(ends: Ends, zhang: Worker) -> None:
    at = f"/consultations/{await consults(ends)}"
    await asyncio.gather(*(types(zhang, at, f"第 {count} 版") for count in range(4)))
    assert len(await drafts(ends)) == 1


async def test_who_may_not_answer_keeps_no_draft(ends: Ends, admin: Worker, zhang: Worker) -> None:
    number, feedback = await consults(ends), await leaves(ends)
    assert (await admin.sends(f"/consultations/{number}/draft", text="写")).status_code == 403
    assert (await zhang.sends(f"/cases/{feedback}/draft", text="写")).status_code == 403
    assert (await zhang.sends(f"/consultations/{feedback}/draft", text="写")).status_code == 404
    assert await drafts(ends) == []


async def test_drafts_go_after_seven_days_and_with_the_case(ends: Ends, admin: Worker) -> None:
    number, other = await leaves(ends), await leaves(ends, anonymous=True)
    for each in (number, other):
        await admin.does(f"/cases/{each}/draft", text="写了一半")
    mate = await at_work(ends, "李主席", Role.UNION_ADMIN)
    assert "王强今天也在写" in await mate.reads(f"/cases/{other}")
    case = await case_of(ends, number)
    async with ends.house.database.transaction() as session:
        await closed_cases.empty(session, [case.id])
    (left,) = await drafts(ends)
    assert shanghai(left.saved_at).time().isoformat() == "00:00:00", "of an anonymous case only the day"

    async with ends.house.database.transaction() as session:
        now = left.saved_at + case_drafts.KEPT_FOR
        rule = case_drafts.forget_old
        assert await rule.count(session, now - timedelta(seconds=1)) == 0
        ids = list(await session.scalars(rule.find(now, 10)))
        assert await rule.act(session, ids, now) == 1
    assert await drafts(ends) == []
