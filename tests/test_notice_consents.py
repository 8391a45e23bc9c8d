"""订阅通知: who agreed on his phone is told of his activity days later, when nothing else would reach him."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.cli import templates
from app.errors import DomainError
from app.jobs.notice_templates import told_by
from app.services import activities, leaving, notice_work, notices
from app.services.sign_up_notices import CALLED_OFF, CHANGED, OFFER, REMINDER
from models import Activity, DeliveryState, Follower, NoticeConsent, Outbox, Way
from sandbox.driver import Phone
from tests import api_app
from tests.both_ends import OURS, Ends
from tests.portal_member import TOKEN, Visiting, member
from tests.test_portal_me import announce

opened = api_app.ends

CARRIER = "活动开始提醒"
FIELDS = ["thing1=活动", "time2=时间", "thing3=地点"]
SEND = "/cgi-bin/message/subscribe/bizsend"
DAY = 24


@pytest.fixture
async def ends(opened: Ends) -> Ends:
    """From noon on: nobody is reminded at night."""
    return await opened.until_noon()


async def template_id(ends: Ends, title: str = CARRIER) -> str:
    found = await told_by(ends.house.wechat)
    return next(each.template_id for each in found if each.title == title and each.kind.is_subscribed)


async def carried(ends: Ends, *kinds: str) -> None:
    """Staff let one template carry these notices."""
    number = await template_id(ends)
    for kind in kinds:
        await templates.used(ends.house, kind, number, FIELDS, "张伟")


async def told(who: Phone) -> list[dict[str, Any]]:
    """The subscription notices in his chat."""
    return [each for each in await who.reads() if each["type"] not in ("text", "event")]


async def signed_up(ends: Ends, name: str, run: Activity) -> tuple[Visiting, str]:
    """A member, and where his sign-up stands."""
    who, at = await member(ends, name), f"/activities/{run.public_id}"
    done = await who.taps(at, f"{at}/sign-up")
    assert done.status_code == 303
    return who, str(done.headers["location"])


async def rows(ends: Ends, kind: str) -> Sequence[Outbox]:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id))).all()


async def remaining(ends: Ends) -> list[int]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(NoticeConsent.remaining)))


async def calls_off(ends: Ends, run: Activity) -> None:
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        await activities.call_off(session, run.public_id, reason="雷雨", by="赵敏", now=now)


async def test_who_agreed_is_reminded_days_after_he_last_spoke(ends: Ends) -> None:
    run = await announce(ends, "黄陵供电公司第三届职工羽毛球团体邀请赛（预赛）", place="职工体育馆")
    await carried(ends, REMINDER, CHANGED, CALLED_OFF)
    (li, own), (wang, _) = await signed_up(ends, "李建国", run), await signed_up(ends, "王强", run)
    page = await li.reads(own)
    assert f'template="{await template_id(ends)}"' in page and "subscribe.js" in page
    assert ">提醒我<" in page and "还能收" not in page

    await li.phone.accepts(CARRIER)
    assert f"「{CARRIER}」还能收 1 条" in await li.reads(own)

    await ends.moves_time(hours=6 * DAY)
    await ends.house.rounds.once()

    (notice,) = await told(li.phone)
    assert "活动名称：黄陵供电公司第三届职工羽毛球团体邀请赛…\n开始时间：" in notice["text"]
    assert "活动地点：职工体育馆" in notice["text"] and notice["content"]["url"] == f"{OURS}{own}"
    assert not await told(wang.phone)  # did not agree, and has not spoken for days
    assert {(row.state, row.way) for row in await rows(ends, REMINDER)} == {
        (DeliveryState.DELIVERED, Way.SUBSCRIPTION),
        (DeliveryState.SKIPPED, Way.PORTAL),
    }
    assert await remaining(ends) == [0]

    await calls_off(ends, run)
    await ends.house.rounds.once()
    assert len(await told(li.phone)) == 1  # one yes, one notice: this one opens his next reply
    assert [row.state for row in await rows(ends, CALLED_OFF)] == [DeliveryState.OWED] * 2


async def test_who_has_just_spoken_is_told_in_the_chat_and_keeps_his_yes(ends: Ends) -> None:
    run = await announce(ends, "羽毛球")
    await carried(ends, CALLED_OFF)
    li, _ = await signed_up(ends, "李建国", run)
    await li.phone.accepts(CARRIER)
    await li.phone.says("帮助")

    await calls_off(ends, run)
    await ends.house.rounds.once()

    assert not await told(li.phone) and await remaining(ends) == [1]
    (row,) = await rows(ends, CALLED_OFF)
    assert (row.state, row.way) == (DeliveryState.DELIVERED, Way.CUSTOMER_MESSAGE)


async def test_a_yes_counts_as_often_as_it_is_given_and_a_no_takes_nothing_back(ends: Ends) -> None:
    run = await announce(ends, "羽毛球")
    await carried(ends, REMINDER)
    li, own = await signed_up(ends, "李建国", run)

    await li.phone.accepts(CARRIER)
    await ends.moves_time(seconds=2)
    await li.phone.accepts(CARRIER)
    await ends.moves_time(seconds=2)
    await li.phone.refuses_notices(CARRIER)
    assert await remaining(ends) == [2] and "还能收 2 条" in await li.reads(own)

    await li.phone.switches(CARRIER, receive=False)  # in WeChat's own settings
    assert await remaining(ends) == [0] and "还能收" not in await li.reads(own)


@pytest.mark.parametrize(
    ("errcode", "state", "left"),
    [
        (43101, DeliveryState.OWED, 0),  # used up elsewhere: WeChat knows better
        (-1, DeliveryState.FAILED_RETRY, 1),
        (47003, DeliveryState.OWED, 1),
    ],
)
async def test_what_wechat_says_of_it_settles_it(
    ends: Ends, errcode: int, state: DeliveryState, left: int
) -> None:
    run = await announce(ends, "羽毛球")
    await carried(ends, CALLED_OFF)
    li, _ = await signed_up(ends, "李建国", run)
    await li.phone.accepts(CARRIER)
    await ends.moves_time(hours=3 * DAY)
    await ends.platform.misbehaves(fail_next={"path": SEND, "errcode": errcode})

    await calls_off(ends, run)
    await ends.house.rounds.once()

    (row,) = await rows(ends, CALLED_OFF)
    assert (row.state, await remaining(ends)) == (state, [left])
    await ends.platform.behaves()
    if state is DeliveryState.FAILED_RETRY:
        await ends.moves_time(hours=1)
        await ends.house.rounds.once()
        assert len(await told(li.phone)) == 1 and await remaining(ends) == [0]


@pytest.mark.parametrize("errcode", [43101, -1])
async def test_what_he_answers_while_a_notice_is_on_its_way_counts(ends: Ends, errcode: int) -> None:
    run = await announce(ends, "羽毛球")
    await carried(ends, CALLED_OFF)
    li, _ = await signed_up(ends, "李建国", run)
    await li.phone.accepts(CARRIER)
    await ends.moves_time(hours=3 * DAY)
    await ends.platform.misbehaves(fail_next={"path": SEND, "errcode": errcode})
    send = ends.house.wechat.notices.send

    async def meanwhile(*given: Any, **more: Any) -> None:
        if errcode == -1:
            await li.phone.switches(CARRIER, receive=False)
        else:
            await li.phone.accepts(CARRIER)
        await send(*given, **more)

    await calls_off(ends, run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ends.house.wechat.notices, "send", meanwhile)
        await ends.house.rounds.once()

    assert await remaining(ends) == [0 if errcode == -1 else 1]


async def test_who_waits_is_asked_for_the_offer_first_and_who_is_out_for_nothing(ends: Ends) -> None:
    run = await announce(ends, "羽毛球", capacity=1)
    await carried(ends, OFFER)
    (li, own), (wang, waits) = await signed_up(ends, "李建国", run), await signed_up(ends, "王强", run)
    assert "wx-open-subscribe" not in await li.reads(own)  # he has a seat
    assert "wx-open-subscribe" in await wang.reads(waits)
    await wang.phone.accepts(CARRIER)
    await ends.moves_time(hours=3 * DAY)

    await li.phone.opens(f"{OURS}/me", li.browser)  # it had forgotten him
    await li.taps(own, f"{own}/cancel")
    await ends.house.rounds.once()

    assert len(await told(wang.phone)) == 1
    assert "wx-open-subscribe" not in await li.reads(own)


async def test_a_page_that_saw_a_yes_counts_for_one_and_for_nothing_else(ends: Ends) -> None:
    """Where WeChat keeps somebody's choice, no event tells of it."""
    run = await announce(ends, "羽毛球")
    await carried(ends, REMINDER)
    li, own = await signed_up(ends, "李建国", run)
    number, other = await template_id(ends), await template_id(ends, "业务受理通知")
    token = TOKEN.search(await li.reads(own))
    assert token

    for _ in range(2):
        said = {"token": token[1], "templates": f"{number},{other},x"}
        assert (await li.browser.post(f"{own}/agreed", data=said)).status_code == 204
    assert await remaining(ends) == [1]

    chen = await member(ends, "陈静")
    token = TOKEN.search(await chen.reads("/me"))
    assert token
    stranger = await chen.browser.post(f"{own}/agreed", data={"token": token[1], "templates": number})
    assert stranger.status_code == 404 and await remaining(ends) == [1]


async def test_who_leaves_takes_his_yes_along(ends: Ends) -> None:
    run = await announce(ends, "羽毛球")
    await carried(ends, REMINDER)
    for name in ("李建国", "王强"):
        who, _ = await signed_up(ends, name, run)
        await who.phone.accepts(CARRIER)
    assert await remaining(ends) == [1, 1]

    await who.phone.leaves()
    assert await remaining(ends) == [1]
    async with ends.house.database.transaction() as session:  # one of whose leaving no event told
        found = (await session.scalars(sa.select(Follower).where(Follower.subscribed))).one()
        await leaving.leave(session, {found.id: found.version}, ends.house.clock.now() + timedelta(days=1))
    assert await remaining(ends) == []


async def test_a_notice_takes_templates_of_its_own_sort_only(ends: Ends) -> None:
    messages = await ends.house.wechat.templates.list()
    other = next(each.template_id for each in messages if each.title == CARRIER)

    with pytest.raises(DomainError, match="这种通知要用「订阅通知」的模板，「活动开始提醒」是模板消息"):
        await templates.used(ends.house, REMINDER, other, FIELDS, "张伟")
    with pytest.raises(DomainError, match="这种通知要用「模板消息」的模板"):
        await templates.used(ends.house, notices.ALERT, await template_id(ends), FIELDS, "张伟")
    async with ends.house.database.transaction() as session:
        with pytest.raises(DomainError, match="不能试发"):
            await notice_work.send_test(
                session, ends.house.settings.wechat_app_id, REMINDER, 1, ends.house.clock.now()
            )
