"""群发: written by one, approved by another, sent to each person once, whatever happens on the way."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.errors import DomainError
from app.jobs import deliveries
from app.jobs.campaign_drafts import Drafter
from app.jobs.campaigns import AT_ONCE, Campaigner
from app.jobs.wechat_drafts import Drawer
from app.services import campaign_course, campaign_rows, campaign_words, campaigns
from app.services.audiences import Audience
from app.services.campaign_words import Written
from app.services.permissions import Standing
from models import (
    AccountKind,
    Article,
    ArticleCategory,
    ArticleState,
    Campaign,
    CampaignDelivery,
    CampaignState,
    CampaignWay,
    DeliveryState,
    Follower,
    MassOrder,
    Outbox,
    Role,
    Staff,
)
from sandbox.driver import Phone
from tests import api_app
from tests.both_ends import Ends
from tests.console_kit import employ

opened = api_app.ends
D, S = DeliveryState, CampaignState
NEWS = "本周五下午两点，职工活动中心有健康讲座，欢迎来听。"
NAMES = ("李建国", "王强", "陈静", "张伟", "刘洋")
MESSAGE, MASS = "/cgi-bin/message/custom/send", "/cgi-bin/message/mass/send"


class Killed(BaseException):
    """A process ends between sending and settling; nothing of ours catches it."""


@pytest.fixture
async def ends(opened: Ends) -> Ends:
    return await opened.until_noon()


async def standing(ends: Ends, name: str, role: Role) -> Standing:
    worker = await employ(ends, name, role)
    async with ends.house.database.reading() as session:
        staff = (await session.scalars(sa.select(Staff).where(Staff.login == worker.login))).one()
    return Standing(staff.id, staff.name)


async def crowd(ends: Ends, *names: str, speaks: bool = True) -> dict[str, Phone]:
    phones = {name: await ends.platform.follower(name) for name in names or NAMES}
    for phone in phones.values():
        if speaks:
            await phone.says("帮助")
    return phones


def written(way: CampaignWay = CampaignWay.MESSAGE, **given: Any) -> Written:
    values: dict[str, Any] = {"title": "周五讲座", "way": way, "audience": None, "text": NEWS, "article": ""}
    return Written(**{**values, "send_at": None, **given})


async def approved(ends: Ends, said: Written) -> str:
    """Its public id."""
    zhao, wang = await standing(ends, "赵敏", Role.EDITOR), await standing(ends, "王芳", Role.APPROVER)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        row = await campaigns.create(session, said, by=zhao, now=now)
        await campaigns.submit(session, row.public_id, version=row.version, by=zhao, now=now)
        await session.flush()
        await campaigns.approve(session, row.public_id, version=row.version, by=wang, now=now)
    return row.public_id


def campaigner(ends: Ends) -> Campaigner:
    """A process of its own."""
    house = ends.house
    drafter = Drafter(drawer(ends))
    return Campaigner(
        house.database, house.wechat, house.clock, drafter, messages=True, mass=True, notices=True
    )


def drawer(ends: Ends) -> Drawer:
    house = ends.house
    account_id = house.accounts[AccountKind.OFFICIAL][0]
    return Drawer(house.database, house.wechat, house.clock, house.files, account_id)


async def stands(ends: Ends, public_id: str) -> tuple[Campaign, dict[DeliveryState, int]]:
    async with ends.house.database.reading() as session:
        row = await campaigns.get(session, public_id)
        return row, dict(await campaign_rows.counts(session, row.id))


async def orders(ends: Ends) -> Sequence[MassOrder]:
    async with ends.house.database.reading() as session:
        return (await session.scalars(sa.select(MassOrder).order_by(MassOrder.id))).all()


async def got(phones: dict[str, Phone]) -> dict[str, int]:
    """How often each reads it on the phone."""
    return {
        name: sum(NEWS in each["text"] for each in await phone.reads() if each["direction"] == "in")
        for name, phone in phones.items()
    }


# --- who decides -------------------------------------------------------------------------------------------


async def test_nobody_approves_what_he_wrote_and_what_was_approved_goes_out_by_itself(ends: Ends) -> None:
    phones = await crowd(ends)
    zhao, wang = await standing(ends, "赵敏", Role.UNION_ADMIN), await standing(ends, "王芳", Role.APPROVER)
    later = ends.house.clock.now() + timedelta(hours=2)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        row = await campaigns.create(session, written(send_at=later), by=zhao, now=now)
        number = row.public_id
        await campaigns.submit(session, number, version=row.version, by=zhao, now=now)
        await session.flush()
        version = row.version
        with pytest.raises(DomainError, match="有您写的内容"):
            await campaigns.approve(session, number, version=version, by=zhao, now=now)
        with pytest.raises(campaigns.MovedOn):
            await campaigns.approve(session, number, version=version - 1, by=wang, now=now)
        await campaigns.send_back(session, number, "写明地点", version=version, by=wang, now=now)
        await session.flush()
        again = written(send_at=later, text=f"{NEWS}在二楼。")
        await campaigns.save(session, number, again, version=row.version, by=zhao, now=now)
        await campaigns.submit(session, number, version=row.version, by=zhao, now=now)
        await session.flush()
        await campaigns.approve(session, number, version=row.version, by=wang, now=now)

    await campaigner(ends).run()
    assert (await stands(ends, number))[0].state is S.SCHEDULED and set((await got(phones)).values()) == {0}
    await ends.moves_time(hours=2.1)
    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: 5})
    assert set((await got(phones)).values()) == {1}
    async with ends.house.database.reading() as session:
        moves = [each.to_state for each in await campaigns.list_moves(session, row)]
    pending, back = [S.PENDING_APPROVAL, S.DRAFT], [S.PENDING_APPROVAL, S.SCHEDULED, S.SENDING, S.FINISHED]
    assert moves == [S.DRAFT, *pending, *back]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title": " "}, "请写名称"),
        ({"text": " "}, "请写正文"),
        ({"text": "长" * 600}, "客服消息最多 600 个"),
        ({"text": "😀" * 500}, "表情符号占的位置多"),
        ({"way": CampaignWay.MASS, "text": "长" * 290}, "群发消息最多 300 个"),
    ],
)
async def test_what_cannot_be_sent_is_not_written_down(ends: Ends, given: dict[str, Any], said: str) -> None:
    zhao = await standing(ends, "赵敏", Role.EDITOR)
    async with ends.house.database.transaction() as session:
        with pytest.raises(campaign_words.NotWhole, match=said):
            await campaigns.create(session, written(**given), by=zhao, now=ends.house.clock.now())


async def test_approval_can_be_withdrawn_at_the_last_second_and_somebody_must_be_meant(
    ends: Ends,
) -> None:
    phones = await crowd(ends, "李建国")
    number = await approved(ends, written(send_at=ends.house.clock.now() + timedelta(minutes=5)))
    zhao, wang = await standing(ends, "赵敏", Role.EDITOR), await standing(ends, "王芳", Role.APPROVER)
    async with ends.house.database.transaction() as session:
        row = await campaigns.get(session, number)
        await campaigns.send_back(
            session, number, "先不发", version=row.version, by=wang, now=ends.house.clock.now()
        )
    await ends.moves_time(hours=1)
    await campaigner(ends).run()
    assert (await stands(ends, number))[0].state is S.DRAFT and await got(phones) == {"李建国": 0}

    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        nobody = written(audience=Audience(tag=("没有的标签",)))
        row = await campaigns.create(session, nobody, by=zhao, now=now)
        with pytest.raises(DomainError, match="没有符合的人"):
            await campaigns.submit(session, row.public_id, version=row.version, by=zhao, now=now)


# --- one message each --------------------------------------------------------------------------------------


async def test_who_cannot_be_reached_is_skipped_with_the_reason(ends: Ends) -> None:
    phones = await crowd(ends)
    async with ends.house.database.transaction() as session:
        wang = sa.select(Follower.person_id).where(Follower.openid == phones["王强"].openid)
        assert await campaign_rows.refuse(
            session, (await session.scalars(wang)).one(), ends.house.clock.now()
        )
    await ends.moves_time(hours=72)
    await phones["李建国"].says("帮助")
    await phones["陈静"].leaves()

    number = await approved(ends, written())
    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: 1, D.SKIPPED: 3})  # who left is not meant at all
    async with ends.house.database.reading() as session:
        why = {reason: many for _, reason, many in await campaign_rows.reasons(session, row.id)}
    assert why == {campaign_rows.LEFT_OUT: 1, "no open window": 2}
    assert await got(phones) == {"李建国": 1, "王强": 0, "陈静": 0, "张伟": 0, "刘洋": 0}


async def test_two_processes_and_one_that_is_killed_send_to_each_once(ends: Ends) -> None:
    names = [f"职工{number}" for number in range(1, AT_ONCE + 6)]
    phones = await crowd(ends, *names)
    number = await approved(ends, written())
    await ends.platform.misbehaves(slow={"path": MESSAGE, "seconds": 0})

    first, second = campaigner(ends), campaigner(ends)
    settle = campaign_rows.settle
    with pytest.MonkeyPatch.context() as patch:

        async def killed(*_: Any) -> None:
            raise Killed

        patch.setattr(campaign_rows, "settle", killed)
        with suppress(Killed):
            await first.run()
    assert campaign_rows.settle is settle
    await second.run()
    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.SENDING, {D.SENDING: AT_ONCE, D.DELIVERED: 5})

    await ends.moves_time(seconds=90)
    with pytest.MonkeyPatch.context() as patch:
        real_now = ends.house.clock.real_now
        patch.setattr(ends.house.clock, "real_now", lambda: real_now() + timedelta(seconds=90))
        await second.run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.UNKNOWN: AT_ONCE, D.DELIVERED: 5})
    assert set((await got(phones)).values()) == {1}, "nobody twice, nobody missed"


async def test_it_pauses_by_itself_when_too_much_fails_and_goes_on_where_it_was(ends: Ends) -> None:
    names = [f"职工{number}" for number in range(1, 2 * AT_ONCE + 1)]
    phones = await crowd(ends, *names)
    number = await approved(ends, written())
    await ends.platform.misbehaves(fail_next={"path": MESSAGE, "errcode": 40007, "times": AT_ONCE})

    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, row.reason) == (S.PAUSED, "失败太多，自动暂停。请看原因，处理好再继续。")
    assert counts == {D.FAILED: AT_ONCE, D.QUEUED: AT_ONCE}
    wang = await standing(ends, "王芳", Role.APPROVER)
    await ends.platform.behaves()
    async with ends.house.database.transaction() as session:
        await campaigns.resume(session, number, by=wang, now=ends.house.clock.now())
    await campaigner(ends).run()
    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.FAILED: AT_ONCE, D.DELIVERED: AT_ONCE})
    assert sum((await got(phones)).values()) == AT_ONCE


async def test_one_that_goes_wrong_does_not_hold_up_the_others(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = await crowd(ends, "李建国")
    broken, whole = await approved(ends, written()), await approved(ends, written(text=f"{NEWS}再说一遍。"))
    lease = campaign_rows.lease

    async def breaks(session: Any, row: Campaign, *given: Any) -> Any:
        if row.public_id == broken:
            raise RuntimeError("a fault of ours")
        return await lease(session, row, *given)

    monkeypatch.setattr(campaign_rows, "lease", breaks)
    await campaigner(ends).run()

    assert (await stands(ends, broken))[0].state is S.SENDING
    assert (await stands(ends, whole))[0].state is S.FINISHED and await got(phones) == {"李建国": 1}


async def test_a_database_that_is_away_for_seconds_makes_nothing_unknown(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = await crowd(ends)
    number = await approved(ends, written())
    settle, tries = campaign_rows.settle, iter(range(9))

    async def away(*given: Any) -> None:
        if next(tries) < 2:
            raise OSError("the database is away")
        await settle(*given)

    monkeypatch.setattr(campaign_rows, "settle", away)
    monkeypatch.setattr(deliveries, "SETTLE_PAUSE", 0)
    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.DELIVERED: 5}) and set((await got(phones)).values()) == {1}


async def test_an_article_that_was_taken_down_is_not_led_to(ends: Ends) -> None:
    zhao = await standing(ends, "赵敏", Role.EDITOR)
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        article = Article(
            category=ArticleCategory.UNION,
            title="讲座预告",
            blocks=[],
            state=ArticleState.PUBLISHED,
            published_at=now,
            created_at=now,
            updated_at=now,
        )
        session.add(article)
        await session.flush()
        row = await campaigns.create(session, written(article=article.public_id), by=zhao, now=now)
        shown = campaign_words.words_of(row, await campaign_words.article_of(session, row, now))
        article.state = ArticleState.WITHDRAWN
        await session.flush()
        taken_down = campaign_words.words_of(row, await campaign_words.article_of(session, row, now))
    assert "《讲座预告》" in shown and f"/news/{article.public_id}" in shown
    assert taken_down == f"{NEWS}\n{campaign_words.WAY_OUT}"


async def test_who_is_called_off_gets_nothing_and_who_has_it_keeps_it(ends: Ends) -> None:
    phones = await crowd(ends)
    number = await approved(ends, written())
    await ends.platform.misbehaves(fail_next={"path": MESSAGE, "errcode": 45009, "times": 5})
    await campaigner(ends).run()
    row, counts = await stands(ends, number)
    assert row.state is S.PAUSED and "次数用完" in row.reason and counts == {D.QUEUED: 5}
    async with ends.house.database.reading() as session:
        used = list(await session.scalars(sa.select(Follower.spoke_used)))
    assert used == [0] * 5, "the places in their windows were given back"

    wang = await standing(ends, "王芳", Role.APPROVER)
    async with ends.house.database.transaction() as session:
        await campaigns.cancel(session, number, "活动改期", by=wang, now=ends.house.clock.now())
        await campaigns.cancel(session, number, "活动改期", by=wang, now=ends.house.clock.now())
    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.CANCELLED, {D.SKIPPED: 5}) and set((await got(phones)).values()) == {0}
    async with ends.house.database.transaction() as session:
        with pytest.raises(DomainError, match="不能改为"):
            await campaigns.resume(session, number, by=wang, now=ends.house.clock.now())


async def test_nothing_goes_out_at_night(ends: Ends) -> None:
    phones = await crowd(ends)
    await ends.moves_time(hours=10)
    number = await approved(ends, written())
    await campaigner(ends).run()
    assert (await stands(ends, number))[0].state is S.SCHEDULED

    await ends.moves_time(hours=11)
    await campaigner(ends).run()
    assert (await stands(ends, number))[0].state is S.FINISHED and set((await got(phones)).values()) == {1}


# --- by order ----------------------------------------------------------------------------------------------


async def test_a_mass_message_reaches_who_has_not_spoken_and_its_result_is_kept(ends: Ends) -> None:
    phones = await crowd(ends, speaks=False)
    for phone in phones.values():
        await phone.says("你好")
    await ends.moves_time(hours=24 * 30)
    number = await approved(ends, written(CampaignWay.MASS))

    await campaigner(ends).run()
    row, counts = await stands(ends, number)
    assert counts == {D.ACCEPTED: 5}
    await ends.moves_time(seconds=600)
    await ends.platform.ask("POST", "settle")
    await campaigner(ends).run()
    await campaigner(ends).run()

    row, _ = await stands(ends, number)
    (order,) = await orders(ends)
    assert (order.people, order.total, order.sent, order.failed) == (5, 5, 5, 0)
    assert row.state is S.FINISHED and set((await got(phones)).values()) == {1}


async def test_an_order_of_unknown_outcome_is_given_again_under_its_key(ends: Ends) -> None:
    phones = await crowd(ends)
    number = await approved(ends, written(CampaignWay.MASS))
    await ends.platform.misbehaves(drop_next={"path": MASS})
    await campaigner(ends).run()
    (order,) = await orders(ends)
    assert order.state is D.FAILED_RETRY

    await ends.moves_time(seconds=90)
    await campaigner(ends).run()

    (order,) = await orders(ends)
    assert order.state is D.ACCEPTED and order.tries == 2
    await ends.moves_time(seconds=600)
    assert set((await got(phones)).values()) == {1}
    assert (await stands(ends, number))[1] == {D.ACCEPTED: 5}


async def test_a_month_without_mass_messages_left_stops_it_and_tells_its_owner(ends: Ends) -> None:
    phones = await crowd(ends)
    number = await approved(ends, written(CampaignWay.MASS))
    async with ends.house.database.transaction() as session:
        person = sa.select(Follower.person_id).where(Follower.openid == phones["李建国"].openid)
        owner = sa.select(Campaign.owner_id).where(Campaign.public_id == number)
        await session.execute(
            sa.update(Staff).where(Staff.id.in_(owner)).values(person_id=person.scalar_subquery())
        )
    await ends.platform.misbehaves(fail_next={"path": MASS, "errcode": 45028})

    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert row.state is S.PAUSED and "次数用完" in row.reason and counts == {D.QUEUED: 5}
    async with ends.house.database.reading() as session:
        told = (await session.scalars(sa.select(Outbox).where(Outbox.kind == campaign_course.OVER))).one()
    assert "停在中途" in str(told.payload)
    assert await crowd_left(ends) == 3


async def crowd_left(ends: Ends) -> int:
    async with ends.house.database.reading() as session:
        return await campaigns.left_this_month(session, ends.house.clock.now())


async def test_one_person_alone_gets_no_mass_message(ends: Ends) -> None:
    phones = await crowd(ends, "李建国")
    number = await approved(ends, written(CampaignWay.MASS))
    await campaigner(ends).run()

    row, counts = await stands(ends, number)
    assert (row.state, counts) == (S.FINISHED, {D.SKIPPED: 1}) and await got(phones) == {"李建国": 0}


async def test_rows_are_made_once_however_often_it_begins(ends: Ends) -> None:
    await crowd(ends)
    number = await approved(ends, written())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(campaign_rows, "PAGE", 2)
        await campaigner(ends).run()
    async with ends.house.database.reading() as session:
        people = list(await session.scalars(sa.select(CampaignDelivery.person_id)))
    assert len(people) == len(set(people)) == 5
    assert (await stands(ends, number))[0].state is S.FINISHED
