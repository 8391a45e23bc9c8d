"""登录的设备 in the mini-program: what the portal shows and ends, seen from a phone; both end at once."""

import pytest

from app.services import portal_sessions
from app.services.portal_sessions import Here
from models import DeviceKind
from tests import api_app
from tests.api_app import API, App, app_of, browses, is_problem
from tests.both_ends import Ends

DEVICES = f"{API}/me/devices"

ends, li = api_app.ends, api_app.li


async def again(li: App) -> App:
    """The same person's mini-program on a second phone."""
    other = App(li.ends, li.phone)
    assert (await other.logs_in()).status_code == 201
    return other


async def shown(li: App) -> list[tuple[str, bool]]:
    return [(each["label"], each["is_this"]) for each in (await li.gets(DEVICES))["items"]]


async def names(li: App) -> list[str]:
    return [each["id"] for each in (await li.gets(DEVICES))["items"]]


async def is_in(app: App) -> bool:
    return (await app.calls("GET", f"{API}/me")).status_code == 200


async def test_this_phone_is_first_and_the_others_newest_first(ends: Ends, li: App) -> None:
    await ends.moves_time(seconds=60)
    other = await again(li)
    await ends.moves_time(seconds=60)
    await browses(ends, li, DeviceKind.IPAD)

    assert await shown(li) == [("小程序", True), ("iPad", False), ("小程序", False)]
    assert await shown(other) == [("小程序", True), ("iPad", False), ("小程序", False)]
    own = await names(li)
    assert len(set(own)) == 3 and await names(li) == own


async def test_one_is_signed_out_at_once_and_is_no_more(ends: Ends, li: App) -> None:
    other, mark = await again(li), await browses(ends, li)
    _, *others = await names(li)
    page, lost = sorted(others, key=lambda each: each.startswith("phone-"))

    assert (await li.calls("DELETE", f"{DEVICES}/{lost}")).status_code == 204
    assert [await is_in(each) for each in (li, other)] == [True, False]
    assert (await li.calls("DELETE", f"{DEVICES}/{page}")).status_code == 204
    assert not await lives(ends, li, mark)
    assert await shown(li) == [("小程序", True)]
    for gone in (lost, page):
        problem = is_problem(await li.calls("DELETE", f"{DEVICES}/{gone}"), 404, "not_found")
        assert problem["detail"] == "没有找到这个登录，可能已经退出。"


async def lives(ends: Ends, li: App, mark: bytes) -> bool:
    """Whether the browser with this mark is still signed in."""
    person_id, now = await li.person_id(), ends.house.clock.now()
    async with ends.house.database.reading() as session:
        found = await portal_sessions.list_devices(session, person_id, Here(mark), now)
    return any(each.is_this for each in found)


async def test_all_others_are_signed_out_and_twice_is_no_error(ends: Ends, li: App) -> None:
    other, zhang = await again(li), await app_of(ends, "张伟")
    mark, theirs = await browses(ends, li), await browses(ends, zhang)

    for _ in range(2):
        assert (await li.calls("DELETE", DEVICES)).status_code == 204

    assert [await is_in(each) for each in (li, other, zhang)] == [True, False, True]
    assert (await lives(ends, li, mark), await lives(ends, zhang, theirs)) == (False, True)
    assert (await other.refreshes()).status_code == 401


async def test_signing_out_here_is_signing_out(li: App) -> None:
    (this,) = await names(li)

    assert (await li.calls("DELETE", f"{DEVICES}/{this}")).status_code == 204
    is_problem(await li.calls("GET", DEVICES), 401, "sign_in_needed")


async def test_what_is_over_is_not_listed(ends: Ends, li: App) -> None:
    await browses(ends, li)
    await again(li)
    await ends.moves_time(hours=29 * 24)
    li.tokens = (await li.refreshes()).json()
    assert await shown(li) == [("小程序", True), ("小程序", False)]  # a browser's day is long over

    await ends.moves_time(hours=48)
    li.tokens = (await li.refreshes()).json()
    assert await shown(li) == [("小程序", True)]


@pytest.mark.parametrize("key", ["phone-1", "phone-", "door-1", "portal-", "x", "phone-" + "0" * 32])
async def test_a_name_that_is_none_is_not_found(li: App, key: str) -> None:
    is_problem(await li.calls("DELETE", f"{DEVICES}/{key}"), 404, "not_found")
    assert await shown(li) == [("小程序", True)]
