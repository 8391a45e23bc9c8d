"""小程序订阅消息: who uses nothing but the mini-program is told there of what he signed up for."""

from typing import Any

import pytest

from app.cli import templates
from app.services import notices
from app.services.sign_up_notices import CALLED_OFF, CHANGED, OFFER, REMINDER
from models import AccountKind, Activity, DeliveryState, Role, Way
from tests import api_app
from tests.api_app import API, App, announce, app_of
from tests.both_ends import Ends
from tests.console_kit import Worker, at_work
from tests.test_notice_consents import calls_off, remaining, rows

TITLE = "活动开始提醒"
FIELDS = ["thing1=活动", "time2=时间"]
SEND = "/cgi-bin/message/subscribe/send"
DAY = 24
MINI = AccountKind.MINIPROGRAM
opened = api_app.ends


@pytest.fixture
async def ends(opened: Ends) -> Ends:
    return await opened.until_noon()


async def template_of(ends: Ends) -> str:
    """A template of the mini-program, as its owner adds it at WeChat."""
    client = ends.house.miniprogram
    assert client is not None
    of = [each.id for each in await client.notice_templates.categories()]
    titles = (await client.notice_templates.titles(of)).titles
    (tid,) = [each.tid for each in titles if each.title == TITLE]
    return await client.notice_templates.add(tid, [1, 2], "活动提醒")


async def carried(ends: Ends, *kinds: str) -> str:
    number = await template_of(ends)
    for kind in kinds:
        await templates.used(ends.house, kind, number, FIELDS, "张伟", MINI)
    return number


async def inside(ends: Ends, name: str = "李建国") -> App:
    """Somebody who never followed the official account."""
    app = App(ends, await ends.platform.person(name))
    assert (await app.logs_in()).status_code == 201
    return app


async def signs_up(app: App, run: Activity) -> str:
    done = await app.acts(f"{API}/activities/{run.public_id}/sign-ups", {"seats": 1, "answers": {}})
    assert done.status_code == 201, done.text
    return str(done.json()["id"])


async def agrees(app: App, number: str) -> None:
    """In WeChat's popup; a mini-program's pushes are worked at after they were answered."""
    await app.phone.accepts(number)
    await app.ends.house.engine.settle()


async def told(app: App) -> list[dict[str, Any]]:
    """What came to 服务通知."""
    return [each["content"] for each in (await app.phone.notices())["service"]]


async def test_who_uses_nothing_but_the_mini_program_is_reminded_there(ends: Ends) -> None:
    run, number = await announce(ends, place="沮河公园"), await carried(ends, REMINDER, CHANGED, CALLED_OFF)
    li = await inside(ends)
    asked = {"template_id": number, "title": TITLE, "remaining": 0}
    assert (await li.gets(f"{API}/me/notices"))["items"] == [asked]  # to be asked as he taps 报名

    own = await signs_up(li, run)
    assert (await li.gets(f"{API}/me/notices?sign_up_id={own}"))["items"] == [asked]
    await agrees(li, number)
    assert (await li.gets(f"{API}/me/notices?sign_up_id={own}"))["items"] == [asked | {"remaining": 1}]

    await ends.moves_time(hours=6 * DAY)
    await ends.house.rounds.once()
    await ends.house.rounds.once()

    (notice,) = await told(li)
    assert notice["title"] == TITLE and "健步走" in str(notice)
    assert f"pages/index/index?to=%2Fme%2Fsign-ups%2F{own}" in str(notice)
    (row,) = await rows(ends, REMINDER)
    assert (row.state, row.way) == (DeliveryState.DELIVERED, Way.MINIPROGRAM)
    assert await remaining(ends) == [0]

    await calls_off(ends, run)
    await ends.house.rounds.once()
    assert len(await told(li)) == 1  # one yes, one notice
    assert [each.state for each in await rows(ends, CALLED_OFF)] == [DeliveryState.OWED]


async def test_the_official_account_goes_first_and_keeps_the_other_yes(ends: Ends) -> None:
    run, number = await announce(ends), await carried(ends, CALLED_OFF)
    li = await app_of(ends, "李建国")
    await li.phone.says("你好")
    await ends.house.rounds.once()  # that the two are one person is asked of WeChat
    await signs_up(li, run)
    await agrees(li, number)

    await calls_off(ends, run)
    await ends.house.rounds.once()

    assert not await told(li) and await remaining(ends) == [1]
    assert [each.way for each in await rows(ends, CALLED_OFF)] == [Way.CUSTOMER_MESSAGE]


@pytest.mark.parametrize(
    ("errcode", "state", "left"),
    [
        (43101, DeliveryState.OWED, 0),  # used up: WeChat knows better
        (-1, DeliveryState.FAILED_RETRY, 1),
        (47003, DeliveryState.OWED, 1),
    ],
)
async def test_what_wechat_says_of_it_settles_it(
    ends: Ends, errcode: int, state: DeliveryState, left: int
) -> None:
    run, number = await announce(ends), await carried(ends, CALLED_OFF)
    li = await inside(ends)
    await signs_up(li, run)
    await agrees(li, number)
    await ends.platform.misbehaves(fail_next={"path": SEND, "errcode": errcode})

    await calls_off(ends, run)
    await ends.house.rounds.once()
    await ends.house.rounds.once()

    (row,) = await rows(ends, CALLED_OFF)
    assert (row.state, await remaining(ends)) == (state, [left])
    if state is DeliveryState.FAILED_RETRY:
        await ends.moves_time(hours=1)
        await ends.house.rounds.once()
        assert len(await told(li)) == 1 and await remaining(ends) == [0]


async def test_a_notice_whose_answer_was_lost_is_never_sent_again(ends: Ends) -> None:
    """WeChat knows no key for those of a mini-program."""
    run, number = await announce(ends), await carried(ends, CALLED_OFF)
    li = await inside(ends)
    await signs_up(li, run)
    for _ in range(2):
        await agrees(li, number)
        await ends.moves_time(seconds=2)
    await ends.platform.misbehaves(drop_next={"path": SEND, "after": True})

    await calls_off(ends, run)
    await ends.house.rounds.once()
    await ends.house.rounds.once()
    await ends.moves_time(hours=1)
    await ends.house.rounds.once()

    assert len(await told(li)) == 1
    assert [(each.state, each.tries) for each in await rows(ends, CALLED_OFF)] == [(DeliveryState.UNKNOWN, 1)]


async def test_what_the_mini_program_saw_counts_for_one_and_of_our_own_templates_only(ends: Ends) -> None:
    number = await carried(ends, REMINDER)
    li = await inside(ends)

    for _ in range(2):
        said = await li.acts(f"{API}/me/notices", {"templates": [number, "x"]})
        assert [each["remaining"] for each in said.json()["items"]] == [1]

    assert await remaining(ends) == [1]
    run, wang = await announce(ends), await inside(ends, "王强")
    own = await signs_up(li, run)
    theirs = await wang.calls("GET", f"{API}/me/notices?sign_up_id={own}")
    assert theirs.status_code == 404


async def test_staff_choose_the_templates_of_both(ends: Ends) -> None:
    number = await template_of(ends)
    wang: Worker = await at_work(ends, "王强", Role.OPERATOR)
    await wang.does("/notices/fetch")
    await ends.house.rounds.once()
    page = await wang.reads("/notices")
    assert "小程序发的" in page and f'href="/console/notices/{REMINDER}?account=miniprogram"' in page
    assert f'href="/console/notices/{notices.ALERT}?account=miniprogram"' not in page

    form = await wang.reads(f"/notices/{REMINDER}?account=miniprogram&template={number}")
    assert f'action="/console/notices/{REMINDER}?account=miniprogram"' in form and "（小程序）" in form
    fields = {"field-thing1": "活动", "field-time2": "时间"}
    await wang.does(
        f"/notices/{REMINDER}?account=miniprogram", template=number, base="0", do="save", **fields
    )
    told_now = "\n".join(await templates.listed(ends.house))
    assert f"用 {number}  thing1=活动 time2=时间" in told_now.partition("小程序的通知：")[2]
    assert "没有用模板" in told_now.partition("公众号的通知：")[2].partition("小程序在微信上的模板")[0]

    await wang.does(f"/notices/{REMINDER}/drop?account=miniprogram")
    assert f"用 {number}" not in "\n".join(await templates.listed(ends.house))
    assert OFFER in told_now and notices.ALERT not in told_now.partition("小程序的通知：")[2]
