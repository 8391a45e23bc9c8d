"""预约 on the portal: what is free, booking, giving up; hostile words, the same form twice, another's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.clock import civil_date
from app.services.permissions import Standing
from models import AdviceSlot, Appointment, AppointmentState, CaseKind, CrisisAlert
from tests.booking import adviser, offered
from tests.both_ends import Ends, both_ends, settings_for
from tests.portal_member import HTML, TOKEN, Visiting, member

PAGE = "/appointments/counselling"
HOSTILE = "<script>alert(1)</script> =1+1"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def free(ends: Ends) -> tuple[Standing, list[AdviceSlot]]:
    """A counsellor's two slots of the day after tomorrow."""
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        wang = await adviser(session)
        day = civil_date(now) + timedelta(days=2)
        return wang, await offered(session, wang, day=day, now=now)


async def books(who: Visiting, slot: str, **given: str) -> httpx.Response:
    found = TOKEN.search(await who.reads(PAGE))
    assert found
    filled = {"slot": slot, "way": "phone", "phone": "138 1234 5678", "agreed": "2026-12", **given}
    return await who.browser.post(PAGE, data={"token": found[1], **filled}, headers=HTML)


async def all_booked(ends: Ends) -> list[Appointment]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(Appointment).order_by(Appointment.id)))


async def test_from_the_hall_to_a_booked_time_and_back(ends: Ends) -> None:
    _, (slot, _) = await free(ends)
    li = await member(ends, "李娜")
    assert "2 个可约" in (await ends.web.get("/appointments", headers=HTML)).text
    assert "没有空着的时间" in await li.reads("/appointments/health")
    answer = await books(li, slot.public_id, called="小雨", words=HOSTILE)
    assert answer.status_code == 303
    page = await li.reads(answer.headers["location"])
    assert "13812345678" in page and "小雨" in page and "<script>alert" not in page and "已约好" in page
    assert "王芳" in await li.reads("/me") and "王芳" in await li.reads("/me/appointments")
    assert "一次只能约一个" in await li.reads(PAGE)

    again = await li.taps(answer.headers["location"], f"{answer.headers['location']}/cancel")
    assert again.status_code == 303
    assert "已取消" in await li.reads(answer.headers["location"])
    assert "2 个可约" in await li.reads("/appointments")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"agreed": ""}, "同意的话请勾选"),
        ({"way": "moon"}, "请选当面还是电话"),
        ({"phone": "一二三"}, "能打通的电话"),
        ({"slot": ""}, "请选一个时间"),
        ({"slot": "nothing"}, "没有找到这个时段"),
        ({"words": "字" * 201}, "最多 200 个字"),
        ({"case": "XL-2026-0001"}, "不是您的"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    ends: Ends, given: dict[str, Any], words: str
) -> None:
    _, (slot, _) = await free(ends)
    li = await member(ends, "李娜")
    answer = await books(li, **{"slot": slot.public_id, "called": "小\0雨", **given})
    assert answer.status_code == 422 and words in answer.text and "小雨" in answer.text
    assert not await all_booked(ends)


async def test_the_same_form_twice_is_one_and_a_second_person_hears_kindly(ends: Ends) -> None:
    _, (slot, _) = await free(ends)
    li, sun = await member(ends, "李娜"), await member(ends, "孙丽")
    data = TOKEN.search(await li.reads(PAGE))
    assert data
    filled = {"token": data[1], "slot": slot.public_id, "way": "room", "agreed": "2026-12"}
    first, second = [await li.browser.post(PAGE, data=filled, headers=HTML) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    late = await books(sun, slot.public_id)
    assert late.status_code == 422 and "刚刚被别人约走了。最近还能约的" in late.text
    where, token = first.headers["location"], TOKEN.search(await sun.reads("/me/privacy/close"))
    assert token
    assert (await sun.browser.get(where, headers=HTML)).status_code == 404
    given_up = await sun.browser.post(f"{where}/cancel", data={"token": token[1]}, headers=HTML)
    assert given_up.status_code == 404
    assert [each.state for each in await all_booked(ends)] == [AppointmentState.BOOKED]


async def test_danger_in_the_words_is_answered_first(ends: Ends) -> None:
    _, (slot, _) = await free(ends)
    li = await member(ends, "李娜")
    answer = await books(li, slot.public_id, words="我不想活了")
    assert answer.status_code == 200 and "12356" in answer.text
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(CrisisAlert)) == 1
    assert len(await all_booked(ends)) == 1
    refused = await books(await member(ends, "孙丽"), slot.public_id, words="我不想活了，一了百了")
    assert refused.status_code == 422
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(CrisisAlert)) == 2


async def test_too_late_is_said_on_the_page(ends: Ends) -> None:
    _, (slot, _) = await free(ends)
    li = await member(ends, "李娜")
    where = (await books(li, slot.public_id)).headers["location"]
    page = await li.reads(where)
    left = slot.starts_at - ends.house.clock.now()
    await ends.moves_time(hours=left.total_seconds() / 3600 - 1)
    found = TOKEN.search(page)
    assert found
    answer = await li.browser.post(f"{where}/cancel", data={"token": found[1]}, headers=HTML)
    assert answer.status_code in (422, 403)
    assert (await all_booked(ends))[0].state is AppointmentState.BOOKED


async def test_kinds_that_do_not_exist_are_no_page(ends: Ends) -> None:
    li = await member(ends, "李娜")
    for kind in ("desk", "nothing", "%00", CaseKind.APPLICATION.value):
        assert (await li.browser.get(f"/appointments/{kind}", headers=HTML)).status_code == 404
