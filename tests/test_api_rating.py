"""Rating a finished case of one's own in the mini-program: given, changed, sent twice, refused."""

import sqlalchemy as sa

from app.jobs import case_ratings as job
from app.services import case_work
from app.services.quiet_hours import after_quiet
from models import CaseRating, CrisisAlert
from tests import api_app
from tests.api_app import API, App, app_of, is_problem, leaves
from tests.both_ends import Ends
from tests.conftest import FakeClock

ends, li = api_app.ends, api_app.li


async def finished(ends: Ends, who: App) -> str:
    """Left, answered, closed, and the hour is over; the address of the case."""
    opened, now = await leaves(ends, who, "灯坏了"), ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        await case_work.answer(session, opened.number, "修好了。", "赵敏", now)
        await case_work.close(session, opened.number, "赵敏", now)
        await session.execute(sa.update(CaseRating).values(invite_due_at=now))
    by_day = FakeClock(after_quiet(now))  # whatever the hour is in which this runs
    assert await job.run(ends.house.database, by_day) == 1
    return f"{API}/me/cases/{(await who.gets(f'{API}/me/cases'))['items'][0]['id']}"


async def test_a_finished_case_is_rated_and_rated_anew(ends: Ends, li: App) -> None:
    path = await finished(ends, li)
    assert (await li.gets(path))["rating"] == {
        "may_rate": True,
        "score": None,
        "score_label": "",
        "words": "",
    }
    first = {"score": 5, "words": "很快，谢谢"}
    for _ in range(2):
        done = await li.acts(f"{path}/rating", first, "k" * 16)
        assert done.json()["case"]["rating"]["score_label"] == "很满意"

    await li.acts(f"{path}/rating", {"score": 2})

    told = (await li.gets(path))["rating"]
    assert told == {"may_rate": True, "score": 2, "score_label": "不太满意", "words": "很快，谢谢"}
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(CaseRating).values(ends_at=ends.house.clock.now()))
    late = is_problem(await li.acts(f"{path}/rating", {"score": 5}), 409, "refused")
    assert "7 天内可以评" in late["detail"] and not (await li.gets(path))["rating"]["may_rate"]


async def test_danger_in_the_words_is_answered_first(ends: Ends, li: App) -> None:
    path = await finished(ends, li)
    told = await li.acts(f"{path}/rating", {"score": 1, "words": "没有用，我不想活了"})
    assert "12356" in told.json()["danger"] and told.json()["case"]["rating"]["score"] == 1
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(CrisisAlert.id))) == 1


async def test_what_cannot_be_rated_is_refused(ends: Ends, li: App) -> None:
    await leaves(ends, li, "窗户坏了")
    path = f"{API}/me/cases/{(await li.gets(f'{API}/me/cases'))['items'][0]['id']}"
    assert (await li.gets(path))["rating"] is None
    is_problem(await li.acts(f"{path}/rating", {"score": 5}), 409, "refused")
    danger = await li.acts(f"{path}/rating", {"score": 5, "words": "我不想活了"})
    assert "12356" in is_problem(danger, 409, "refused")["detail"]
    for wrong in ({"score": 0}, {"score": 6}, {"score": "x"}, {}, {"score": 5, "words": "长" * 301}):
        is_problem(await li.acts(f"{path}/rating", wrong), 422, "invalid")

    mine = await finished(ends, li)
    zhang = await app_of(ends, "张伟")
    is_problem(await zhang.acts(f"{mine}/rating", {"score": 1}), 404, "not_found")
    assert (await li.gets(mine))["rating"]["score"] is None
