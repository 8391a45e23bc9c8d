"""The message log in the console: looking through it, reading words, running failed ones again."""

import pytest
import sqlalchemy as sa

from app.clock import civil_date
from app.jobs import staff_jobs, staff_work
from app.services.confidential import CONFIDENTIAL
from app.services.staff import Wanted
from models import Dialogue, DialogueState, Follower, JobState, Message, MessageState, Person, Role, StaffJob
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends

__all__ = ["admin", "ends"]
HOSTILE = "<script>alert(1)</script>"


async def said(ends: Ends, words: str = "值班电话", rule: str = "keyword:值班电话", **given: object) -> int:
    """A message of its own person, as the journal keeps it; its id."""
    async with ends.house.database.transaction() as session:
        now = ends.house.clock.now()
        count = await session.scalar(sa.select(sa.func.count(Message.id))) or 0
        account_id = ends.house.accounts["official"][0]  # type: ignore[index]
        person = Person(created_at=now)
        session.add(person)
        await session.flush()
        follower = Follower(account_id=account_id, openid=f"oLog{count}", person_id=person.id)
        session.add(follower)
        await session.flush()
        row = Message(
            account_id=account_id,
            key=f"log-{count}",
            **{
                "follower_id": follower.id,
                "kind": "text",
                "state": MessageState.ANSWERED,
                "rule": rule,
                "request_id": f"r{count}",
                "received_at": now,
                "answered_at": now,
                "body": f"<xml><Content><![CDATA[{words}]]></Content></xml>",
                "reply": {"type": "text", "content": f"您说的是{words}"},
                **given,
            },
        )
        session.add(row)
        await session.flush()
        return row.id


async def person_of(ends: Ends, message_id: int) -> str:
    async with ends.house.database.reading() as session:
        found = sa.select(Person.public_id).join(Follower).join(Message, Message.follower_id == Follower.id)
        return str(await session.scalar(found.where(Message.id == message_id)))


async def state_of(ends: Ends, message_id: int) -> MessageState:
    async with ends.house.database.reading() as session:
        return (await session.get_one(Message, message_id)).state


@pytest.fixture
async def operator(ends: Ends) -> Worker:
    return await at_work(ends, "张伟", Role.OPERATOR)


async def test_the_list_tells_what_came_and_no_word_of_it(ends: Ends, operator: Worker) -> None:
    await said(ends, "我家停电了")

    page = await operator.reads("/messages")

    assert "文字" in page and "已答复" in page and "keyword:值班电话" in page and "毫秒" in page
    assert "停电" not in page


async def test_every_filter_finds_its_own(ends: Ends, operator: Worker) -> None:
    text = await said(ends)
    failed = await said(ends, rule="fallback", state=MessageState.FAILED, kind="event.click")
    late = await said(ends, rule="fallback", state=MessageState.DELIVERED, answered_at=None)
    day = civil_date(ends.house.clock.now()).isoformat()
    ids = {text: "text", failed: "failed", late: "late"}

    async def found(query: str) -> set[str]:
        page = await operator.reads(f"/messages?{query}")
        return {name for number, name in ids.items() if f'href="/console/messages/{number}"' in page}

    assert await found("") == {"text", "failed", "late"}
    assert await found("state=answered") == {"text"}
    assert await found("trouble=late") == {"late"}
    assert await found("trouble=failed") == {"failed"}
    assert await found("trouble=any") == {"failed", "late"}
    assert await found("kind=event.click") == {"failed"}
    assert await found("rule=fallback") == {"failed", "late"}
    assert await found(f"person={await person_of(ends, late)}") == {"late"}
    assert await found(f"day={day}&state=failed") == {"failed"}
    assert await found("day=2020-01-01") == set()
    assert await found("day=yesterday") == set()
    assert await found("day=0001-01-01") == set()
    assert await found("person=nobody") == set()
    assert await found("state=nonsense&kind=%00") == {"text", "failed", "late"}  # as if not asked


async def test_pages_go_on_where_the_last_one_ended(ends: Ends, operator: Worker) -> None:
    ids = [await said(ends) for _ in range(53)]

    first = await operator.reads("/messages?state=answered")
    rest = await operator.reads(f"/messages?state=answered&before={ids[3]}")

    assert f'href="/console/messages/{ids[3]}"' in first and f'href="/console/messages/{ids[2]}"' not in first
    assert f"before={ids[3]}" in first
    assert f'href="/console/messages/{ids[2]}"' in rest and 'data-test="older"' not in rest


async def test_words_are_read_with_a_reason_and_put_down(ends: Ends, operator: Worker) -> None:
    number = await said(ends, HOSTILE)

    assert "<pre" not in await operator.reads(f"/messages/{number}")
    without = await operator.sends(f"/messages/{number}/words", reason="  ")
    answer = await operator.sends(f"/messages/{number}/words", reason="查没有答复的原因")

    assert without.status_code == 422 and "为什么要看" in without.text and "<pre" not in without.text
    assert "&lt;script&gt;" in answer.text and HOSTILE not in answer.text
    assert "您说的是" in answer.text
    (act,) = await acts_of(ends, "messages.reveal")
    assert (act.subject, act.reason, act.by) == (str(number), "查没有答复的原因", "张伟")


async def test_words_that_are_forgotten_or_that_no_key_opens(ends: Ends, operator: Worker) -> None:
    gone = await said(ends, body=None, reply=None)
    broken = await said(ends)
    async with ends.house.database.transaction() as session:
        spoilt = sa.update(sa.table("message", sa.column("id"), sa.column("body"))).values(
            body=b"\x01\x02kXspoilt"
        )
        await session.execute(spoilt.where(sa.column("id") == broken))

    assert "已按保存期限清除" in await operator.reads(f"/messages/{gone}")
    assert f"/messages/{broken}" in await operator.reads("/messages")
    answer = await operator.sends(f"/messages/{broken}/words", reason="查一查")
    assert answer.status_code == 422 and "打不开" in answer.text


@pytest.mark.parametrize("over", [False, True])
async def test_of_what_was_told_in_confidence_nobody_learns_who_or_when(
    ends: Ends, operator: Worker, over: bool
) -> None:
    number = await said(
        ends, "心里难受", rule=CONFIDENTIAL if over else "consultations.intake", dialogue_ref="d1"
    )
    if not over:  # its dialogue says so
        async with ends.house.database.transaction() as session:
            now = ends.house.clock.now()
            row = await session.get_one(Message, number)
            session.add(
                Dialogue(
                    ref="d1",
                    follower_id=row.follower_id,
                    flow="x",
                    version=1,
                    state=DialogueState.OPEN,
                    confidential=True,
                    serial=1,
                    started_at=now,
                    updated_at=now,
                    expires_at=now,
                )
            )
    person = await person_of(ends, number)

    before, after = await said(ends), await said(ends)
    page = await operator.reads("/messages")
    assert f"/messages/{before}" in page and f"/messages/{after}" in page
    for path in (
        "/messages",
        f"/messages?rule={CONFIDENTIAL}",
        "/messages?kind=text",
        f"/messages?person={person}",
    ):
        page = await operator.reads(path)
        assert f'/messages/{number}"' not in page and f"{person}<" not in page, path
    assert (await operator.gets(f"/messages/{number}")).status_code == 404
    for act in ("words", "retry"):
        answer = await operator.sends(f"/messages/{number}/{act}", reason="想看看")
        assert answer.status_code == 404 and "难受" not in answer.text
    assert [*await acts_of(ends, "messages.reveal"), *await acts_of(ends, "messages.retry")] == []

    kept = await operator.reads("/messages/confidential")
    assert "1 条" in kept
    assert f"{ends.house.clock.now():%M:%S}" not in kept.partition("<main")[2]


async def test_what_failed_in_confidence_is_counted_and_run_again_without_a_number(
    ends: Ends, operator: Worker
) -> None:
    failed = MessageState.FAILED
    first = await said(ends, rule=CONFIDENTIAL, state=failed)
    gone = await said(ends, rule=CONFIDENTIAL, state=failed, body=None)
    other = await said(ends, state=failed)
    home = await operator.reads("")
    assert "处理失败的消息（保密）" in home
    assert "重新处理 1 条失败的" in await operator.reads("/messages"), "the others are not counted with them"
    assert "有 2 条处理失败" in await operator.reads("/messages/confidential")

    page = await operator.does("/messages/confidential/retry")

    assert "已排队重新处理 1 条。1 条没有排：原文已按保存期限清除" in page
    assert await state_of(ends, first) is MessageState.RECEIVED
    assert await state_of(ends, gone) is await state_of(ends, other) is failed
    done = await acts_of(ends, "messages.retry")
    assert [each.changes for each in done] == [[{"table": "message", "at_once": "update", "count": 1}]]
    assert [act.subject for act in done] == [""]
    stranger = await at_work(ends, "张律师", Role.LAWYER)
    assert (await stranger.gets("/messages/confidential")).status_code == 403
    assert (await stranger.sends("/messages/confidential/retry")).status_code == 403


async def test_a_failed_message_is_run_again_once(ends: Ends, operator: Worker) -> None:
    number = await said(ends, state=MessageState.FAILED, answered_at=None)
    assert "处理失败的消息" in await operator.reads("")

    assert "已排队重新处理" in await operator.does(f"/messages/{number}/retry")
    again = await operator.sends(f"/messages/{number}/retry")

    assert await state_of(ends, number) is MessageState.RECEIVED
    assert again.status_code == 422 and "没有失败" in again.text
    assert [act.subject for act in await acts_of(ends, "messages.retry")] == [str(number)]


async def test_all_that_are_asked_for_are_run_again_by_a_job(ends: Ends, operator: Worker) -> None:
    ours = [await said(ends, rule="fallback", state=MessageState.FAILED) for _ in range(2)]
    gone = await said(ends, rule="fallback", state=MessageState.FAILED, body=None)
    other = await said(ends, rule="keyword:x", state=MessageState.FAILED)
    assert "重新处理 3 条失败的" in await operator.reads("/messages?rule=fallback")

    assert "重新处理 3 条失败的消息" in await operator.does("/messages/retry?rule=fallback")
    house = ends.house
    await staff_jobs.run(house.database, house.clock, house.files, staff_work.KINDS)

    assert [await state_of(ends, each) for each in ours] == [MessageState.RECEIVED] * 2
    assert await state_of(ends, other) is await state_of(ends, gone) is MessageState.FAILED
    page = await operator.reads("/jobs")
    assert "已排队重新处理 2 条" in page and "1 条没有排：原文已按保存期限清除" in page
    assert "没有失败的消息" in await operator.does("/messages/retry?rule=nothing")


@pytest.mark.parametrize(
    "meanwhile", ["DELETE FROM staff_grant", "UPDATE staff SET state = 'disabled'"], ids=["roles", "disabled"]
)
async def test_a_job_asks_for_the_rights_of_its_own_moment(
    ends: Ends, operator: Worker, meanwhile: str
) -> None:
    await said(ends, state=MessageState.FAILED)
    await operator.does("/messages/retry")
    async with ends.house.database.transaction() as session:
        await session.execute(sa.text(meanwhile))

    house = ends.house
    await staff_jobs.run(house.database, house.clock, house.files, staff_work.KINDS)

    async with house.database.reading() as session:
        job = await session.scalar(sa.select(StaffJob))
    assert job is not None and job.state is JobState.FAILED and "不能" in (job.said or "")


async def test_who_may_do_what(ends: Ends, admin: Worker) -> None:
    failed = await said(ends, state=MessageState.FAILED)
    editor = await at_work(ends, "李娜", Role.EDITOR)
    async with ends.house.database.transaction() as session:
        branch = await making.branch(session)
    there = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, branch.id))

    for worker in (editor, there):  # a message belongs to no branch
        assert (await worker.gets("/messages")).status_code == 403
        assert (await worker.gets(f"/messages/{failed}")).status_code == 403
        assert (await worker.sends("/messages/retry")).status_code == 403
        assert 'href="/console/messages"' not in await worker.reads("")
    assert (await admin.sends(f"/messages/{failed}/words", reason="看看")).status_code == 403
    assert 'data-test="reveal"' not in await admin.reads(f"/messages/{failed}")
    assert await state_of(ends, failed) is MessageState.FAILED


@pytest.mark.parametrize("number", ["999999", "0", "-1", "99999999999999999999", "x", "%00"])
async def test_what_is_not_there(ends: Ends, operator: Worker, number: str) -> None:
    assert (await operator.gets(f"/messages/{number}")).status_code in {404, 422}
    assert (await operator.sends(f"/messages/{number}/retry")).status_code in {404, 422}
