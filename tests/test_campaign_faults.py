"""群发 where something goes wrong: each row comes to its end, and nobody is told twice or forgotten."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.jobs.campaign_drafts import Drafter
from app.jobs.campaigns import Campaigner
from app.services import campaign_forgetting, campaign_rows, campaigns
from app.wechat.api import messages as wire
from models import (
    CampaignDelivery,
    CampaignState,
    CampaignWay,
    DeliveryState,
    Follower,
    Role,
)
from sandbox.driver import Phone
from tests import api_app, test_campaigns
from tests.both_ends import Ends
from tests.test_campaigns import (
    MASS,
    MESSAGE,
    Killed,
    approved,
    campaigner,
    crowd,
    drawer,
    got,
    orders,
    standing,
    stands,
    written,
)

opened, ends = test_campaigns.opened, test_campaigns.ends
D, S = DeliveryState, CampaignState


@pytest.fixture
async def on_postgres(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Ends]:
    """Where two write at the same time."""
    async with api_app.api_ends(postgres_url, tmp_path, monkeypatch) as opened:
        yield await opened.until_noon()


async def people(ends: Ends, *phones: Phone) -> Sequence[int]:
    """Their person ids."""
    async with ends.house.database.reading() as session:
        found = {each.openid: each.person_id for each in await session.scalars(sa.select(Follower))}
    return [found[phone.openid] for phone in phones]


async def goes_on(ends: Ends, number: str) -> None:
    wang = await standing(ends, "王芳", Role.APPROVER)
    async with ends.house.database.transaction() as session:
        await campaigns.resume(session, number, by=wang, now=ends.house.clock.now())
    await campaigner(ends).run()


async def test_what_a_killed_process_had_in_hand_ends_where_it_is_called_off(ends: Ends) -> None:
    await crowd(ends, "李建国", "王强")
    number = await approved(ends, written())
    with pytest.MonkeyPatch.context() as patch:

        async def killed(*_: Any) -> None:
            raise Killed

        patch.setattr(campaign_rows, "settle", killed)
        with suppress(Killed):
            await campaigner(ends).run()
    wang = await standing(ends, "王芳", Role.APPROVER)
    async with ends.house.database.transaction() as session:
        await campaigns.cancel(session, number, "活动改期", by=wang, now=ends.house.clock.now())
    await campaigner(ends).run()
    assert (await stands(ends, number))[1] == {D.SENDING: 2}, "somebody may still be at it"

    with pytest.MonkeyPatch.context() as patch:
        real_now = ends.house.clock.real_now
        patch.setattr(ends.house.clock, "real_now", lambda: real_now() + timedelta(seconds=90))
        await campaigner(ends).run()

    assert (await stands(ends, number))[1] == {D.UNKNOWN: 2}


async def test_an_order_that_was_refused_is_given_days_later_to_whoever_is_there_then(ends: Ends) -> None:
    phones = await crowd(ends)
    number = await approved(ends, written(CampaignWay.MASS))
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": 45028})
    await campaigner(ends).run()
    assert (await stands(ends, number))[0].state is S.PAUSED

    (li,) = await people(ends, phones["李建国"])
    async with ends.house.database.transaction() as session:
        await campaign_forgetting.forget(session, li, [], ends.house.clock.now())
    await ends.moves_time(hours=48)
    await goes_on(ends, number)

    (order,) = await orders(ends)
    assert (order.state, order.people) == (D.ACCEPTED, 4)
    assert (await stands(ends, number))[1] == {D.ACCEPTED: 4, D.SKIPPED: 1}, (
        "who closed the account is not told"
    )
    await ends.moves_time(seconds=600)
    assert await got(phones) == dict.fromkeys(phones, 1) | {"李建国": 0}


async def test_an_order_that_nobody_is_left_in_lets_the_campaign_end(ends: Ends) -> None:
    phones = await crowd(ends, "李建国", "王强")
    number = await approved(ends, written(CampaignWay.MASS))
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": 45028})
    await campaigner(ends).run()
    async with ends.house.database.transaction() as session:
        for person_id in await people(ends, *phones.values()):
            await campaign_forgetting.forget(session, person_id, [], ends.house.clock.now())
    await ends.moves_time(hours=24)
    await goes_on(ends, number)

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.SKIPPED: 2})


async def test_who_refuses_while_wechat_has_the_order_is_told_of_as_it_was(ends: Ends) -> None:
    phones = await crowd(ends)
    number = await approved(ends, written(CampaignWay.MASS))
    await ends.platform.misbehaves(drop_next={"path": MASS})
    await campaigner(ends).run()

    await phones["王强"].says("退订")
    await ends.moves_time(seconds=90)
    await campaigner(ends).run()

    (order,) = await orders(ends)
    assert (order.state, order.people) == (D.ACCEPTED, 5), "the list under a key stays as it was"
    assert (await stands(ends, number))[1] == {D.ACCEPTED: 5}


async def test_whoever_holds_a_person_is_not_waited_for(on_postgres: Ends) -> None:
    ends = on_postgres
    phones = await crowd(ends)
    number = await approved(ends, written())
    (wang,) = await people(ends, phones["王强"])
    house = ends.house
    drafter = Drafter(drawer(ends))
    await Campaigner(
        house.database, house.wechat, house.clock, drafter, messages=False, mass=False, notices=False
    ).run()
    zhou = await standing(ends, "周洁", Role.APPROVER)
    async with house.database.transaction() as session:
        await campaigns.resume(session, number, by=zhou, now=house.clock.now())
    is_held, may_go_on = asyncio.Event(), asyncio.Event()

    async def his_message() -> None:
        async with ends.house.database.transaction() as session:
            theirs = sa.select(Follower).where(Follower.person_id == wang)
            await session.execute(theirs.with_for_update())
            is_held.set()
            await may_go_on.wait()
            await campaign_rows.refuse(session, wang, ends.house.clock.now())

    message = asyncio.create_task(his_message())
    await is_held.wait()
    await asyncio.wait_for(campaigner(ends).run(), 10)
    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.SENDING, {D.DELIVERED: 4, D.QUEUED: 1})

    may_go_on.set()
    await message
    await campaigner(ends).run()
    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: 4, D.SKIPPED: 1})
    assert await got(phones) == dict.fromkeys(phones, 1) | {"王强": 0}


async def test_two_who_turn_out_to_be_one_are_not_told_twice(ends: Ends) -> None:
    phones = await crowd(ends, "李建国", "王强")
    number = await approved(ends, written())
    await ends.platform.misbehaves(fail_next={"path": MESSAGE, "errcode": 45009, "times": 2})
    await campaigner(ends).run()
    li, wang = await people(ends, *phones.values())
    async with ends.house.database.transaction() as session:
        his = sa.update(CampaignDelivery).where(CampaignDelivery.person_id == wang)
        await session.execute(his.values(state=D.DELIVERED))
        await campaign_forgetting.hand_over(session, wang, li, ends.house.clock.now())
    await ends.moves_time(hours=24)
    await goes_on(ends, number)

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: 1, D.SKIPPED: 1})
    assert await got(phones) == {"李建国": 0, "王强": 0}


async def test_who_is_being_sent_to_when_the_service_stops_is_sent_to_and_counted(ends: Ends) -> None:
    phones = await crowd(ends, "李建国", "王强")
    number = await approved(ends, written())
    has_begun = asyncio.Event()
    send = ends.house.wechat.messages.send

    async def slowly(message: wire.CustomerMessage) -> None:
        has_begun.set()
        await asyncio.sleep(0)
        await send(message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ends.house.wechat.messages, "send", slowly)
        process = asyncio.create_task(campaigner(ends).run())
        await has_begun.wait()
        process.cancel()
        with suppress(asyncio.CancelledError):
            await process

    assert (await stands(ends, number))[1] == {D.DELIVERED: 2}
    assert set((await got(phones)).values()) == {1}


async def test_that_somebody_was_in_need_is_not_read_off_a_campaign(ends: Ends) -> None:
    phones = await crowd(ends, "李建国", "王强", "陈静")
    await phones["李建国"].says("不想活了")
    await phones["王强"].says("退订")
    number = await approved(ends, written())
    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: 1, D.SKIPPED: 2})
    async with ends.house.database.reading() as session:
        assert [many for _, _, many in await campaign_rows.reasons(session, row.id)] == [2]


async def test_a_token_revoked_on_the_way_and_a_busy_wechat_cost_nobody_his_message(ends: Ends) -> None:
    phones = await crowd(ends)
    number = await approved(ends, written())
    await ends.platform.misbehaves(revoke_token={"path": MESSAGE})
    await campaigner(ends).run()
    assert (await stands(ends, number))[1] == {D.DELIVERED: 5} and set((await got(phones)).values()) == {1}

    mass = await approved(ends, written(CampaignWay.MASS))
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": -1}, revoke_token={"path": MASS})
    await campaigner(ends).run()
    assert (await stands(ends, mass))[1] == {D.QUEUED: 5}
    await ends.moves_time(seconds=90)
    await campaigner(ends).run()
    assert [each.tries for each in await orders(ends)] == [2]
    assert (await stands(ends, mass))[1] == {D.ACCEPTED: 5}


async def test_a_schedule_outlives_restarts_and_clocks_that_are_set(ends: Ends) -> None:
    phones = await crowd(ends)
    number = await approved(ends, written(send_at=ends.house.clock.now() + timedelta(hours=2)))
    await campaigner(ends).run()  # a process that has gone by then
    await ends.moves_time(hours=3)
    await campaigner(ends).run()
    began = (await stands(ends, number))[0].started_at
    await ends.moves_time(hours=-2.5)  # the clock was wrong, and is before its time again
    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, row.started_at, counts) == (S.FINISHED, began, {D.DELIVERED: 5})
    assert set((await got(phones)).values()) == {1}
