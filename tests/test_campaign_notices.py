"""群发 by subscription notice: to whoever agreed, one yes for one notice, whatever happens on the way."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.jobs.campaign_notices import AT_ONCE, SILENT
from app.jobs.notice_templates import told_by
from app.services import (
    campaign_notices,
    campaign_rows,
    campaign_templates,
    campaign_words,
    campaigns,
    notices,
)
from app.services.campaign_words import Written
from app.services.deliveries import Obstacle
from app.services.sign_up_notices import REMINDER
from models import (
    Account,
    AccountKind,
    CampaignDelivery,
    CampaignState,
    CampaignWay,
    DeliveryState,
    NoticeConsent,
    Role,
)
from sandbox.driver import Phone
from tests import test_campaign_faults, test_campaigns
from tests.both_ends import Ends
from tests.test_campaigns import Killed, approved, campaigner, crowd, standing, stands

opened, ends = test_campaigns.opened, test_campaigns.ends
on_postgres = test_campaign_faults.on_postgres
D, S = DeliveryState, CampaignState
SEND = "/cgi-bin/message/subscribe/bizsend"
CARRIER = "活动开始提醒"
FIELDS = {"thing1": "健康讲座", "time2": "2026年12月4日 14:00", "thing3": "职工活动中心"}
NAMES = ("李建国", "王强", "陈静")


async def known(ends: Ends) -> str:
    """WeChat was asked for its templates; the id of the one that carries these."""
    found = await told_by(ends.house.wechat)
    async with ends.house.database.transaction() as session:
        official = sa.select(Account.id).where(Account.kind == AccountKind.OFFICIAL)
        account_id = (await session.scalars(official)).one()
        await notices.keep_templates(session, account_id, found, ends.house.clock.now())
    return next(each.template_id for each in found if each.title == CARRIER and each.kind.is_subscribed)


async def written(ends: Ends, **given: Any) -> Written:
    fields = dict(FIELDS)
    async with ends.house.database.reading() as session:
        template = next(each for each in await campaign_templates.list_all(session) if each.title == CARRIER)
    for name in notices.fields_of(template.content):
        fields.setdefault(name, "请准时参加")
    values: dict[str, Any] = {"title": "周五讲座", "way": CampaignWay.NOTICE, "audience": None, "text": ""}
    values |= {"article": "", "send_at": None, "template": template.template_id, "fields": fields}
    return Written(**values | given)


async def agreed(ends: Ends, *names: str) -> dict[str, Phone]:
    phones = await crowd(ends, *names)
    for phone in phones.values():
        await phone.accepts(CARRIER)
    return phones


async def told(phones: dict[str, Phone]) -> dict[str, int]:
    """How many notices of it each has on the phone."""
    return {
        name: sum("健康讲座" in each["text"] for each in await phone.reads() if each["direction"] == "in")
        for name, phone in phones.items()
    }


async def yeses(ends: Ends) -> list[int]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(NoticeConsent.remaining).order_by(NoticeConsent.id)))


async def why(ends: Ends, number: str) -> dict[str, int]:
    async with ends.house.database.reading() as session:
        row = await campaigns.get(session, number)
        return {reason: many for _, reason, many in await campaign_rows.reasons(session, row.id)}


def later(patch: pytest.MonkeyPatch, ends: Ends, by: timedelta) -> None:
    """As if so much real time had passed: leases run out."""
    real_now = ends.house.clock.real_now
    patch.setattr(ends.house.clock, "real_now", lambda: real_now() + by)


async def dies(ends: Ends) -> None:
    """A process that sends, and ends before it can write down what came of it."""
    with pytest.MonkeyPatch.context() as patch:

        async def killed(*_: Any) -> None:
            raise Killed

        patch.setattr(campaign_notices, "settle", killed)
        with suppress(Killed):
            await campaigner(ends).run()


async def test_only_who_agreed_is_told_and_one_yes_is_used_up(ends: Ends) -> None:
    await known(ends)
    phones = await agreed(ends, *NAMES) | await crowd(ends, "张伟", "刘洋")
    await ends.moves_time(hours=72)  # no window is open any more
    await phones["陈静"].leaves()
    number = await approved(ends, await written(ends))

    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: 2, D.SKIPPED: 2})
    assert await why(ends, number) == {campaign_notices.NOT_AGREED: 2}
    assert await told(phones) == {"李建国": 1, "王强": 1, "陈静": 0, "张伟": 0, "刘洋": 0}
    assert await yeses(ends) == [0, 0]

    again = await approved(ends, await written(ends))
    await campaigner(ends).run()
    assert (await stands(ends, again))[1] == {D.SKIPPED: 4}, "the yes is used up"


async def test_what_the_template_would_refuse_is_not_written_down_nor_a_yes_to_something_else_used(
    ends: Ends,
) -> None:
    template_id = await known(ends)
    zhao = await standing(ends, "赵敏", Role.EDITOR)
    good = await written(ends)
    wrong: dict[str, dict[str, Any]] = {
        "请选用哪个通知模板": {"template": "another"},
        "微信不收：这一项最多 20 个字": {"fields": {**good.fields, "thing1": "长" * 21}},
        "微信不收：这一项写成": {"fields": {**good.fields, "time2": "下周五"}},
        "请填「": {"fields": {**good.fields, "thing3": " "}},
    }
    async with ends.house.database.transaction() as session:
        for said, given in wrong.items():
            with pytest.raises(campaign_words.NotWhole, match=said):
                await campaigns.create(
                    session, await written(ends, **given), by=zhao, now=ends.house.clock.now()
                )
        row = await campaigns.create(session, good, by=zhao, now=ends.house.clock.now())
        assert row.text.startswith(f"{CARRIER}\n") and "健康讲座" in row.text
        assert campaign_words.WAY_OUT not in campaign_words.words_of(row, None)

        assert row.template_id == template_id
        account = sa.select(Account.id).where(Account.kind == AccountKind.OFFICIAL)
        account_id, now = (await session.scalars(account)).one(), ends.house.clock.now()
        fields = dict.fromkeys(good.fields, "活动")
        await notices.map_template(session, account_id, REMINDER, template_id, fields, "张伟", now)
        assert template_id not in {each.template_id for each in await campaign_templates.list_all(session)}


async def test_a_process_that_dies_has_told_nobody_twice_and_missed_nobody(ends: Ends) -> None:
    names = [f"职工{number}" for number in range(1, AT_ONCE + 4)]
    await known(ends)
    phones = await agreed(ends, *names)
    number = await approved(ends, await written(ends))

    await dies(ends)
    assert (await stands(ends, number))[1] == {D.SENDING: len(names)}
    await campaigner(ends).run()
    assert (await stands(ends, number))[1] == {D.SENDING: len(names)}, "somebody may still be at it"
    with pytest.MonkeyPatch.context() as patch:
        later(patch, ends, timedelta(seconds=90))
        await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: len(names)})
    assert set((await told(phones)).values()) == {1} and set(await yeses(ends)) == {0}


async def test_once_wechat_has_forgotten_the_key_nobody_knows_who_was_told(ends: Ends) -> None:
    await known(ends)
    phones = await agreed(ends, *NAMES)
    number = await approved(ends, await written(ends))

    await dies(ends)
    with pytest.MonkeyPatch.context() as patch:
        later(patch, ends, timedelta(minutes=9))
        await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.UNKNOWN: 3})
    assert await why(ends, number) == {campaign_rows.CUT_OFF: 3} and set(await yeses(ends)) == {0}
    assert set((await told(phones)).values()) == {1}


async def test_no_answer_is_asked_again_under_the_same_key(ends: Ends) -> None:
    await known(ends)
    phones = await agreed(ends, *NAMES)
    number = await approved(ends, await written(ends))
    await ends.platform.misbehaves(drop_next={"path": SEND, "times": 2, "after": True})

    await campaigner(ends).run()
    assert (await stands(ends, number))[1] == {D.DELIVERED: 1, D.FAILED_RETRY: 2}
    with pytest.MonkeyPatch.context() as patch:
        later(patch, ends, timedelta(seconds=15))
        await campaigner(ends).run()

    assert (await stands(ends, number))[1] == {D.DELIVERED: 3}
    assert set((await told(phones)).values()) == {1} and set(await yeses(ends)) == {0}


@pytest.mark.parametrize(
    ("errcode", "state", "said", "left"),
    [
        (47003, S.PAUSED, "47003", {1}),  # what it says suits nobody
        (45009, S.PAUSED, "次数用完", {1}),
        (43107, S.PAUSED, "43107", {1}),
        (-1, S.SENDING, "稍后自动继续", {1}),
    ],
)
async def test_what_wechat_refuses_for_all_stops_the_whole_and_costs_no_yes(
    ends: Ends, errcode: int, state: CampaignState, said: str, left: set[int]
) -> None:
    await known(ends)
    phones = await agreed(ends, *NAMES)
    number = await approved(ends, await written(ends))
    await ends.platform.misbehaves(fail_next={"path": SEND, "errcode": errcode, "times": 50})

    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (state, {D.QUEUED: 3}) and said in row.reason
    assert set(await yeses(ends)) == left and set((await told(phones)).values()) == {0}

    await ends.platform.behaves()
    await ends.moves_time(seconds=600)
    if state is S.PAUSED:
        wang = await standing(ends, "王芳", Role.APPROVER)
        async with ends.house.database.transaction() as session:
            await campaigns.resume(session, number, by=wang, now=ends.house.clock.now())
    await campaigner(ends).run()
    assert (await stands(ends, number))[1] == {D.DELIVERED: 3}, "it goes on where it was"


async def test_what_concerns_one_person_is_his_alone(ends: Ends) -> None:
    await known(ends)
    phones = await agreed(ends, *NAMES)
    number = await approved(ends, await written(ends))
    await ends.platform.misbehaves(fail_next={"path": SEND, "errcode": 43101, "times": 1})

    await campaigner(ends).run()

    assert (await stands(ends, number))[1] == {D.DELIVERED: 2, D.SKIPPED: 1}
    assert await why(ends, number) == {"wechat knows of no yes to this notice": 1}
    assert sorted((await told(phones)).values()) == [0, 1, 1]


async def test_who_leaves_while_it_is_sent_is_skipped(ends: Ends) -> None:
    await known(ends)
    phones = await agreed(ends, *NAMES)
    number = await approved(ends, await written(ends))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(campaign_notices, "AT_A_TIME", 0)
        await campaigner(ends).run()
    await phones["王强"].leaves()
    await campaigner(ends).run()

    assert (await stands(ends, number))[1] == {D.DELIVERED: 2, D.SKIPPED: 1}
    assert await why(ends, number) == {Obstacle.NOT_FOLLOWING: 1}


async def test_a_silent_wechat_is_not_asked_ten_thousand_times(ends: Ends) -> None:
    names = [f"职工{number}" for number in range(1, AT_ONCE + SILENT + 10)]
    await known(ends)
    await agreed(ends, *names)
    number = await approved(ends, await written(ends))
    await ends.platform.misbehaves(drop_next={"path": SEND, "times": 1000})

    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert row.state is S.PAUSED and counts[D.QUEUED] >= 1 and counts[D.FAILED_RETRY] >= SILENT
    wang = await standing(ends, "王芳", Role.APPROVER)
    async with ends.house.database.transaction() as session:
        await campaigns.cancel(session, number, "算了", by=wang, now=ends.house.clock.now())
    await campaigner(ends).run()
    async with ends.house.database.reading() as session:
        tried = sa.select(sa.func.count()).where(CampaignDelivery.asked_at.is_not(None))
        assert (await stands(ends, number))[1][D.UNKNOWN] == await session.scalar(tried)


async def test_two_processes_at_the_same_time_tell_each_once(
    on_postgres: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends, names = on_postgres, [f"职工{number}" for number in range(1, 20)]
    await known(ends)
    phones = await agreed(ends, *names)
    number = await approved(ends, await written(ends))
    monkeypatch.setattr(campaign_notices, "AT_A_TIME", 4)
    await ends.platform.misbehaves(revoke_token={"path": SEND, "times": 1})

    await asyncio.gather(campaigner(ends).run(), campaigner(ends).run())

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: len(names)})
    assert set((await told(phones)).values()) == {1} and set(await yeses(ends)) == {0}
