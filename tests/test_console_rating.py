"""What people think of finished cases, as staff see it: on the case, in the list, among what waits."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from app.jobs import case_ratings as job
from app.services import case_ratings, case_work, rating_invitations
from models import CaseKind, CaseReporter, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import HOSTILE, consults, leaves

__all__ = ["admin", "ends"]


async def finished(ends: Ends, number: str) -> str:
    """Answered, closed, and asked about."""
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        await case_work.answer(session, number, "修好了。", "赵敏", now)
        await case_work.close(session, number, "赵敏", now)
        case = await case_work.get_case(session, number)
        row = await rating_invitations.find(session, case)
        assert row is not None
        row.invited_at = now
    return number


async def rates(ends: Ends, number: str, score: int, words: str = "") -> None:
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, number)
        found: Any = await session.scalar(
            sa.select(CaseReporter.reporter).where(CaseReporter.case_id == case.id)
        )
        who, now = found["person_id"], ends.house.clock.now()
        await case_ratings.rate(session, who, number, score, now)
        if words:
            await case_ratings.say(session, who, number, words, now)


async def test_from_a_bad_score_to_the_call_back(ends: Ends, admin: Worker) -> None:
    good, bad = await finished(ends, await leaves(ends)), await finished(ends, await leaves(ends))
    assert 'data-test="rating"' not in await admin.reads(f"/cases/{bad}")
    assert "评价不满意的" not in await admin.reads("")
    await rates(ends, good, 5)
    await rates(ends, bad, 1, HOSTILE.replace("\0", ""))

    assert "评价不满意的留言和人工" in await admin.reads("")
    for filtered in ("bad", "call"):
        page = await admin.reads(f"/cases?rated={filtered}")
        assert f"/cases/{bad}" in page and f"/cases/{good}" not in page
    assert "5 很满意" in (page := await admin.reads(f"/cases/{good}")) and "已回访" not in page
    page = await admin.reads(f"/cases/{bad}")
    assert "1 不满意" in page and "&lt;script&gt;" in page and "<script>alert" not in page
    assert "备注 · 系统 · " in page and "system" not in page
    at = f"/cases/{bad}/called-back"
    for what in ("", "长" * 201):
        refused = await admin.sends(at, what=what)
        assert refused.status_code == 422 and "1 到 200 个字" in refused.text and what in refused.text

    assert f"{bad} 的回访记下了。" in await admin.does(at, what=HOSTILE)

    page = await admin.reads(f"/cases/{bad}")
    assert "已回访：" in page and "<script>alert" not in page and 'data-test="call-back"' not in page
    assert "评价不满意的" not in await admin.reads("")
    assert f"/cases/{bad}" in await admin.reads("/cases?rated=bad")
    assert f"/cases/{bad}" not in await admin.reads("/cases?rated=call")
    assert (await admin.sends(at, what="又打了一次")).status_code == 303
    assert [act.subject for act in await acts_of(ends, "case.call_back")] == [bad], "pressed twice"
    nothing = await admin.sends(f"/cases/{good}/called-back", what="打过")
    assert nothing.status_code == 422 and "不用回访" in nothing.text


async def test_two_who_call_back_at_once_are_noted_once(ends: Ends, admin: Worker) -> None:
    bad = await finished(ends, await leaves(ends))
    await rates(ends, bad, 2)

    both = await asyncio.gather(*(admin.sends(f"/cases/{bad}/called-back", what="打过") for _ in range(2)))

    assert [each.status_code for each in both] == [303, 303]
    assert (await admin.reads(f"/cases/{bad}")).count("已回访：打过") == 1


async def test_each_room_hears_of_its_own(ends: Ends, admin: Worker) -> None:
    lawyer = await at_work(ends, "张律师", Role.LAWYER)
    legal = await finished(ends, await consults(ends))
    await rates(ends, legal, 2)

    assert "评价不满意的法律咨询" in await lawyer.reads("")
    assert "评价不满意的" not in await admin.reads("")
    refused = await admin.sends(f"/consultations/{legal}/called-back", what="打过")
    assert refused.status_code == 403
    hidden = await lawyer.sends(f"/cases/{legal}/called-back", what="打过")
    assert hidden.status_code in (403, 404)
    assert "回访记下了" in await lawyer.does(f"/consultations/{legal}/called-back", what="打过")


async def test_the_list_shows_an_average_of_ten_people_and_of_no_fewer(ends: Ends, admin: Worker) -> None:
    for score in (5, 5, 5, 5, 5, 4, 4, 4, 5):
        await rates(ends, await finished(ends, await leaves(ends)), score)
    assert 'data-test="average"' not in await admin.reads("/cases")

    await rates(ends, await finished(ends, await leaves(ends)), 4)

    assert "留言平均 4.6 分（近 90 天，10 人）" in await admin.reads("/cases")
    desk = await finished(ends, await leaves(ends, kind=CaseKind.DESK, topic=""))
    await rates(ends, desk, 1)
    page = await admin.reads("/cases")
    assert "留言平均 4.6 分" in page and "人工服务平均" not in page


@pytest.mark.parametrize("path", ["cases", "consultations"])
async def test_an_unknown_filter_is_as_none(ends: Ends, path: str) -> None:
    worker = await at_work(ends, "赵敏", Role.UNION_ADMIN, Role.LAWYER)
    assert (await worker.gets(f"/{path}?rated=nothing")).status_code == 200
    assert await job.run(ends.house.database, ends.house.clock) == 0
