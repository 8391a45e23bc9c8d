"""What was to leave us, in the console: why it is where it is, and sending again what was not sent."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.services import delivery_ends, outbox
from app.services.deliveries import Obstacle
from app.services.staff import Wanted
from models import DeliveryState, Follower, Message, MessageState, Naming, Outbox, Person, Role, Way
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_case_reminders import with_wechat
from tests.test_console_complaints import files, goes, sets_up
from tests.test_console_messages import said

__all__ = ["admin", "ends"]
HOSTILE = "<script>alert(1)</script>"
TEXT = {"type": "text", "content": "您的咨询有了答复。"}


async def effect(
    ends: Ends, state: DeliveryState = DeliveryState.FAILED, kind: str = "cases.answered", **given: object
) -> int:
    """An outbox row of its own person; its id."""
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        count = await session.scalar(sa.select(sa.func.count(Outbox.id))) or 0
        person = Person(created_at=now)
        session.add(person)
        await session.flush()
        row = Outbox(
            key=f"effect-{count}",
            kind=kind,
            state=state,
            **{
                "person_id": person.id,
                "payload": TEXT,
                "way": Way.CUSTOMER_MESSAGE,
                "created_at": now,
                "due_at": now,
                "settled_at": now,
                "tries": 1,
                **given,
            },
        )
        session.add(row)
        await session.flush()
        return row.id


async def row_of(ends: Ends, number: int) -> Outbox:
    async with ends.house.database.reading() as session:
        return await session.get_one(Outbox, number)


async def person_of(ends: Ends, number: int) -> str:
    async with ends.house.database.reading() as session:
        found = sa.select(Person.public_id).join(Outbox, Outbox.person_id == Person.id)
        return str(await session.scalar(found.where(Outbox.id == number)))


@pytest.fixture
async def operator(ends: Ends) -> Worker:
    return await at_work(ends, "张伟", Role.OPERATOR)


async def test_the_list_says_what_became_of_it_and_why(ends: Ends, operator: Worker) -> None:
    number = await effect(ends, DeliveryState.SKIPPED, reason=Obstacle.NO_WINDOW, way=Way.PORTAL)
    await effect(ends, reason=f"/cgi-bin/message/custom/send: 40008 {HOSTILE}")

    page = await operator.reads("/deliveries")

    for words in (
        "没有发",
        "48 小时内没有和公众号说话",
        "只在网页上",
        "发送失败",
        "微信的答复：40008",
        "答复",
    ):
        assert words in page, words
    assert await person_of(ends, number) in page
    assert HOSTILE not in page and "您的咨询有了答复" not in page


async def test_every_filter_finds_its_own(ends: Ends, operator: Worker) -> None:
    failed = await effect(ends)
    skipped = await effect(ends, DeliveryState.SKIPPED, kind="activities.reminder", way=Way.PORTAL)
    ids = {failed: "failed", skipped: "skipped"}

    async def found(query: str) -> set[str]:
        page = await operator.reads(f"/deliveries?{query}")
        return {name for number, name in ids.items() if f'href="/console/deliveries/{number}"' in page}

    assert await found("") == {"failed", "skipped"}
    assert await found("state=failed") == {"failed"}
    assert await found("kind=activities.reminder") == {"skipped"}
    assert await found("way=portal") == {"skipped"}
    assert await found(f"person={await person_of(ends, failed)}") == {"failed"}
    assert await found("person=nobody") == set()
    assert await found("state=nonsense&way=%00") == {"failed", "skipped"}


async def test_what_was_told_in_confidence_has_no_place_in_the_list(ends: Ends, operator: Worker) -> None:
    marked = await effect(ends, confidential=True)
    about = await said(ends, rule="保密对话", state=MessageState.UNDELIVERABLE)
    late = await effect(ends, kind=outbox.LATE_REPLY, message_id=about)

    kept = await operator.reads("/deliveries/confidential")
    for number in (marked, late):
        person = await person_of(ends, number)
        assert (await operator.gets(f"/deliveries/{number}")).status_code == 404
        assert (await operator.sends(f"/deliveries/{number}/retry")).status_code == 404
        for query in ("", "state=failed", "kind=cases.answered", f"person={person}"):
            page = await operator.reads(f"/deliveries?{query}")
            assert f"/deliveries/{number}" not in page and (person not in page or query.endswith(person))
        assert person not in kept and f"/{number}/" not in kept
    assert "发送失败 2 条" in kept and not re.search(r"\d:\d\d", kept.partition("<main")[2])
    assert "7 天内发送失败（保密）" in await operator.reads("")


async def test_an_anonymous_complaint_is_not_found_by_who_of_staff_heard_when(
    ends: Ends, admin: Worker, operator: Worker
) -> None:
    chen = await at_work(ends, "陈晨", Role.HANDLER)
    for worker in (admin, chen):
        await with_wechat(ends, worker)
    number = await files(ends, naming=Naming.ANONYMOUS)
    before = await effect(ends)
    await goes(admin, f"/complaints/{number}", "accept")
    await goes(admin, f"/complaints/{number}", "dispatch", to=await sets_up(ends, "后勤部", chen))
    after = await effect(ends)

    async with ends.house.database.reading() as session:
        between = sa.select(Outbox).where(Outbox.id.between(before + 1, after - 1))
        rows = (await session.scalars(between)).all()
    assert {"staff.dispatched", "cases.moved"} <= {each.kind for each in rows}
    assert all(each.confidential for each in rows)
    page = await operator.reads("/deliveries")
    assert f"/deliveries/{before}" in page and f"/deliveries/{after}" in page
    for each in rows:
        assert f"/deliveries/{each.id}" not in page and await person_of(ends, each.id) not in page
    for path in ("/deliveries?kind=staff.dispatched", "/deliveries/confidential"):
        page = (await operator.reads(path)).partition("<main")[2]
        assert number not in page and not re.search(r"\d:\d\d", page)


async def test_what_was_told_in_confidence_is_sent_again_without_telling_which(
    ends: Ends, operator: Worker
) -> None:
    number = await effect(ends, confidential=True)
    (name,) = re.findall(r"confidential/([0-9a-f]+)/retry", await operator.reads("/deliveries/confidential"))

    assert "已重新排队" in await operator.does(f"/deliveries/confidential/{name}/retry")

    assert (await row_of(ends, number)).state is DeliveryState.QUEUED
    (act,) = await acts_of(ends, "deliveries.retry")
    assert act.subject == ""
    assert (await operator.sends(f"/deliveries/confidential/{name}/retry")).status_code == 404
    stranger = await at_work(ends, "孙编辑", Role.EDITOR)
    assert (await stranger.gets("/deliveries/confidential")).status_code == 403
    assert (await stranger.sends(f"/deliveries/confidential/{name}/retry")).status_code == 403


async def test_what_certainly_was_not_sent_is_sent_again(ends: Ends, operator: Worker) -> None:
    number = await effect(ends, reason="message/custom/send: 40008 invalid")
    async with ends.house.database.transaction() as session:
        row = await session.get_one(Outbox, number)
        account_id = ends.house.accounts["official"][0]  # type: ignore[index]
        session.add(
            Follower(account_id=account_id, openid="oGone", person_id=row.person_id, subscribed=False)
        )
    assert "7 天内发送失败" in await operator.reads("")

    assert "已重新排队" in await operator.does(f"/deliveries/{number}/retry")
    row = await row_of(ends, number)
    assert (row.state, row.tries, row.settled_at) == (DeliveryState.QUEUED, 0, None)
    again = await operator.sends(f"/deliveries/{number}/retry")

    assert again.status_code == 422 and "不用重发" in again.text
    (act,) = await acts_of(ends, "deliveries.retry")
    assert act.subject == str(number)
    await ends.house.rounds.once()
    assert (await row_of(ends, number)).state is DeliveryState.OWED  # by the same rules as ever


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DeliveryState.UNKNOWN, "可能已经送达"),
        (DeliveryState.DELIVERED, "已经送达"),
        (DeliveryState.SKIPPED, "只留在网页上"),
        (DeliveryState.OWED, "会先收到它"),
        (DeliveryState.SENDING, "正在发送"),
        (DeliveryState.QUEUED, "到时间会自己发"),
        (DeliveryState.ACCEPTED, "已经收下"),
    ],
)
async def test_what_may_have_arrived_or_is_over_is_not(
    ends: Ends, operator: Worker, state: DeliveryState, words: str
) -> None:
    # Where a lease holds it nobody else is at it.
    later = ends.house.clock.now() + timedelta(hours=1)
    number = await effect(ends, state, due_at=later, lease_until=later)

    page = await operator.reads(f"/deliveries/{number}")
    answer = await operator.sends(f"/deliveries/{number}/retry")

    assert words in page and 'data-test="retry"' not in page
    assert answer.status_code == 422 and words in answer.text
    assert (await row_of(ends, number)).state is state
    assert await acts_of(ends, "deliveries.retry") == []


async def test_what_is_stale_is_not_sent_again(ends: Ends, operator: Worker) -> None:
    old = ends.house.clock.now() - timedelta(days=8)
    answered = await said(ends)
    refused = {
        (reminder := await effect(ends, kind="activities.reminder")): "可能已经变了",
        await effect(ends, settled_at=old): "过了 7 天",
        await effect(ends, payload=None): "内容已按保存期限清除",
        await effect(ends, person_id=None): "不知道该发给谁",
        await effect(ends, kind=outbox.LATE_REPLY, message_id=answered): "已经另外处理",
    }
    for number, words in refused.items():
        answer = await operator.sends(f"/deliveries/{number}/retry")
        assert answer.status_code == 422 and words in answer.text, words
    assert 'data-test="retry"' not in await operator.reads(f"/deliveries/{reminder}")


async def test_what_waits_for_its_next_try_goes_at_once(ends: Ends, operator: Worker) -> None:
    later = ends.house.clock.now() + timedelta(minutes=30)
    number = await effect(ends, DeliveryState.FAILED_RETRY, due_at=later, settled_at=None, tries=4)
    assert "第 4 次，最多 12 次" in await operator.reads(f"/deliveries/{number}")

    await operator.does(f"/deliveries/{number}/retry")

    row = await row_of(ends, number)
    assert row.state is DeliveryState.QUEUED and row.due_at <= ends.house.clock.now()


async def test_a_late_answer_that_arrives_in_the_end_settles_its_message(
    ends: Ends, operator: Worker
) -> None:
    about = await said(ends, state=MessageState.UNDELIVERABLE, answered_at=None)
    number = await effect(ends, kind=outbox.LATE_REPLY, message_id=about)

    await operator.does(f"/deliveries/{number}/retry")
    async with ends.house.database.transaction() as session:
        row = await session.get_one(Outbox, number)
        assert row.state is DeliveryState.QUEUED
        await delivery_ends.delivered(session, row, ends.house.clock.now())

    async with ends.house.database.reading() as session:
        assert (await session.get_one(Message, about)).state is MessageState.DELIVERED


async def test_only_lately_failed_ones_wait_for_somebody(ends: Ends, operator: Worker) -> None:
    await effect(ends, DeliveryState.UNKNOWN)
    await effect(ends, DeliveryState.UNKNOWN, settled_at=ends.house.clock.now() - timedelta(days=8))

    home = await operator.reads("")

    assert "<b>1</b><span>7 天内发送结果不明</span>" in home and "7 天内发送失败" not in home


async def test_who_may_do_what(ends: Ends, admin: Worker) -> None:
    number = await effect(ends)
    lawyer = await at_work(ends, "李娜", Role.LAWYER)
    async with ends.house.database.transaction() as session:
        branch = await making.branch(session)
    there = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, branch.id))

    for worker in (lawyer, there):
        assert (await worker.gets("/deliveries")).status_code == 403
        assert (await worker.gets(f"/deliveries/{number}")).status_code == 403
        assert (await worker.sends(f"/deliveries/{number}/retry")).status_code == 403
    assert (await row_of(ends, number)).state is DeliveryState.FAILED
    assert 'data-test="retry"' in await admin.reads(f"/deliveries/{number}")
    for missing in ("999999", "0", "99999999999999999999", "x"):
        assert (await admin.gets(f"/deliveries/{missing}")).status_code in {404, 422}
