"""Tickets on the portal, and checking in by oneself with the code of the venue."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.services import attendance, check_in_codes, sign_ups, sittings
from models import Activity, SignUp, SignUpState
from tests.both_ends import Ends, both_ends, settings_for
from tests.portal_member import HTML, TOKEN, Visiting, member
from tests.test_portal_me import announce

HALL = {"latitude": 35.5847, "longitude": 109.2655, "metres": 300}


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def today(ends: Ends, **given: Any) -> Activity:
    """Starts in an hour; one may sign up until then."""
    begins = ends.house.clock.now() + timedelta(hours=1)
    return await announce(ends, "健步走", starts_at=begins, closes_at=begins, **given)


async def own(ends: Ends, who: Visiting, walk: Activity) -> SignUp:
    async with ends.house.database.reading() as session:
        entry = await sign_ups.find_own(session, walk.id, await who.person_id())
        assert entry is not None
        return entry


async def signs_up(ends: Ends, who: Visiting, walk: Activity) -> SignUp:
    await who.taps(f"/activities/{walk.public_id}", f"/activities/{walk.public_id}/sign-up")
    return await own(ends, who, walk)


def at_venue(ends: Ends, walk: Activity) -> str:
    """What a phone opens that has just read the screen."""
    code, _ = check_in_codes.venue(walk, ends.house.clock.now())
    return f"/check-in/{walk.public_id}?c={code}"


async def checks_in(who: Visiting, address: str, **filled: str) -> httpx.Response:
    page = (await who.browser.get(address, headers=HTML)).text
    token, admitted = TOKEN.search(page), re.search(r'name="admitted" value="(\w+)"', page)
    assert token and admitted, page
    data = {"token": token[1], "admitted": admitted[1], **filled}
    return await who.browser.post(address.partition("?")[0], data=data, headers=HTML)


async def test_a_ticket_is_shown_to_its_holder_alone_and_goes_with_the_sign_up(ends: Ends) -> None:
    li, zhang = await member(ends, "李建国"), await member(ends, "张伟")
    walk = await today(ends)
    entry = await signs_up(ends, li, walk)
    path = f"/me/sign-ups/{entry.public_id}/ticket"
    assert path in await li.reads(f"/me/sign-ups/{entry.public_id}")

    page = await li.reads(path)

    assert '<svg class="qr"' in page and check_in_codes.number(entry) in page and "健步走" in page
    assert (await zhang.browser.get(path, headers=HTML)).status_code == 404
    assert (await ends.web.get(path, headers=HTML)).status_code == 303
    await li.taps(f"/me/sign-ups/{entry.public_id}", f"/me/sign-ups/{entry.public_id}/cancel")
    gone = await li.browser.get(path, headers=HTML)
    assert gone.status_code == 409 and "现在没有票" in gone.text


async def test_who_opens_the_code_of_a_ticket_learns_of_nobody(ends: Ends) -> None:
    li, zhang = await member(ends, "李建国"), await member(ends, "张伟")
    entry = await signs_up(ends, li, await today(ends))
    path = f"/t/{check_in_codes.ticket(entry)}"

    for browser in (zhang.browser, ends.web):
        page = await browser.get(path, headers=HTML)
        assert page.status_code == 200 and "入场票" in page.text and entry.public_id not in page.text
    assert (await li.browser.get(path, headers=HTML)).headers["location"] == f"/me/sign-ups/{entry.public_id}"
    assert "没有认出这张票" in (await ends.web.get("/t/nothing", headers=HTML)).text


async def test_a_calendar_file_is_for_any_browser(ends: Ends) -> None:
    walk = await today(ends)

    answer = await ends.web.get(f"/activities/{walk.public_id}/calendar.ics")

    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:健步走\r\n" in answer.text and f"/activities/{walk.public_id}" in answer.text
    assert (await ends.web.get("/activities/nothing/calendar.ics")).status_code == 404


async def test_who_has_read_the_screen_is_checked_in(ends: Ends) -> None:
    li = await member(ends, "李建国")
    walk = await today(ends)
    entry = await signs_up(ends, li, walk)

    done = await checks_in(li, at_venue(ends, walk))

    assert done.headers["location"] == f"/me/sign-ups/{entry.public_id}/ticket"
    assert "✓ 已签到" in await li.reads(done.headers["location"])
    kept = await own(ends, li, walk)
    assert (kept.state, kept.arrived) == (SignUpState.CHECKED_IN, 1)
    assert "已经签过到" in await li.reads(at_venue(ends, walk))


async def test_who_is_not_signed_in_comes_back_with_the_code(ends: Ends) -> None:
    walk = await today(ends)
    address = at_venue(ends, walk)

    answer = await ends.web.get(address, headers=HTML)

    assert answer.status_code == 303 and "c%3D" in answer.headers["location"]


async def test_a_photographed_code_is_too_old_and_an_invented_one_none(ends: Ends) -> None:
    li = await member(ends, "李建国")
    walk = await today(ends)
    await signs_up(ends, li, walk)
    old = at_venue(ends, walk)
    await ends.moves_time(seconds=91)

    answer = await li.browser.get(old, headers=HTML)
    assert answer.status_code == 403 and "请扫屏幕上现在的码" in answer.text and "admitted" not in answer.text
    for code in ("", "x", "0" * 25, "%00", "<script>"):
        strange = await li.browser.get(f"/check-in/{walk.public_id}?c={code}", headers=HTML)
        assert strange.status_code == 403 and "没有认出这个码" in strange.text
    page = await li.reads("/me")
    found = TOKEN.search(page)
    assert found
    for admitted in ("", "x", "0" * 25, "字" * 25):
        sent = {"token": found[1], "admitted": admitted}
        forged = await li.browser.post(f"/check-in/{walk.public_id}", data=sent, headers=HTML)
        assert forged.status_code == 403
    assert (await own(ends, li, walk)).state is SignUpState.CONFIRMED


async def test_a_page_opened_by_one_does_not_serve_another_nor_for_ever(ends: Ends) -> None:
    li, zhang = await member(ends, "李建国"), await member(ends, "张伟")
    walk = await today(ends)
    for who in (li, zhang):
        await signs_up(ends, who, walk)
    page = await li.reads(at_venue(ends, walk))
    admitted = re.search(r'name="admitted" value="(\w+)"', page)
    token = TOKEN.search(await zhang.reads("/me"))
    assert admitted and token

    data = {"token": token[1], "admitted": admitted[1]}
    lent = await zhang.browser.post(f"/check-in/{walk.public_id}", data=data, headers=HTML)
    assert lent.status_code == 403
    await ends.moves_time(seconds=301)
    mine = TOKEN.search(page)
    assert mine
    late = await li.browser.post(
        f"/check-in/{walk.public_id}", data={"token": mine[1], "admitted": admitted[1]}, headers=HTML
    )
    assert late.status_code == 403 and "再扫一次" in late.text


async def test_who_has_not_signed_up_is_told_what_to_do(ends: Ends) -> None:
    li, zhang = await member(ends, "李建国"), await member(ends, "张伟")
    walk = await today(ends, capacity=1)
    assert "去报名" in await li.reads(at_venue(ends, walk))
    await signs_up(ends, li, walk)

    assert "请联系现场工作人员" in await zhang.reads(at_venue(ends, walk))
    await signs_up(ends, zhang, walk)
    assert "您还在候补" in await zhang.reads(at_venue(ends, walk))
    await ends.moves_time(hours=1.1)
    chen = await member(ends, "陈静")
    assert "报名已经截止" in await chen.reads(at_venue(ends, walk))


async def test_too_early_says_from_when(ends: Ends) -> None:
    li = await member(ends, "李建国")
    walk = await today(ends, check_in_minutes=30)
    await signs_up(ends, li, walk)

    assert "开始签到，到时候再扫一次" in await li.reads(at_venue(ends, walk))


async def test_where_a_place_is_asked_for_who_is_elsewhere_or_says_nothing_is_told_why(ends: Ends) -> None:
    li = await member(ends, "李建国")
    walk = await today(ends, check_in_place=HALL)
    await signs_up(ends, li, walk)
    assert "不保存" in await li.reads(at_venue(ends, walk))

    silent = await checks_in(li, at_venue(ends, walk))
    assert silent.status_code == 422 and "请允许获取位置再试" in silent.text
    away = await checks_in(li, at_venue(ends, walk), latitude="34.26", longitude="108.95", accuracy="20")
    assert away.status_code == 422 and "公里" in away.text and 'data-test="here"' in away.text
    near = await checks_in(li, at_venue(ends, walk), latitude="35.585", longitude="109.2655", accuracy="20")
    assert near.status_code == 303


async def test_two_taps_are_one_check_in(ends: Ends) -> None:
    li = await member(ends, "李建国")
    walk = await today(ends)
    await signs_up(ends, li, walk)
    page = await li.reads(at_venue(ends, walk))
    token, admitted = TOKEN.search(page), re.search(r'name="admitted" value="(\w+)"', page)
    assert token and admitted
    data = {"token": token[1], "admitted": admitted[1]}

    for _ in range(2):
        done = await li.browser.post(f"/check-in/{walk.public_id}", data=data, headers=HTML)
        assert done.status_code == 303

    async with ends.house.database.reading() as session:
        assert (await attendance.count(session, walk, *sittings.of(walk))).here == 1
