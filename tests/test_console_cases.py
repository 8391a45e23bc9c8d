"""留言和人工, 法律咨询 in the console: what waits, answering, who it is, and what stays hidden from whom."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import case_lists, case_work, cases, permissions
from app.services.cases import Opened
from app.services.consultation_facts import Opponent
from app.services.permissions import Grant, Standing
from app.services.staff import Wanted
from app.services.statutory_deadlines import Dates
from models import (
    Case,
    CaseKind,
    CaseState,
    EntryKind,
    FileState,
    Follower,
    Outbox,
    Person,
    Role,
    StaffAct,
    StoredFile,
)
from sandbox.driver import Phone
from tests import consulting, making
from tests.both_ends import Ends
from tests.console_kit import HTML, Worker, acts_of, admin, at_work, ends
from tests.test_files import picture as drawn

__all__ = ["admin", "ends"]
SEEN = re.compile(r'name="seen" value="(\d+)"')
HOSTILE = "<script>alert(1)</script>=1+1\0\"'&"
PHONE = "13812345678"


async def person_of(session: AsyncSession, phone: Phone | None) -> int:
    if phone is None:
        return await consulting.person(session)
    found = await session.scalar(sa.select(Follower.person_id).where(Follower.openid == phone.openid))
    assert found is not None
    return int(found)


async def leaves(ends: Ends, text: str = "食堂的灯坏了", phone: Phone | None = None, **given: Any) -> str:
    """Somebody leaves a 留言; its number."""
    async with ends.house.database.transaction() as session:
        opened = await cases.open_case(
            session,
            given.pop("kind", CaseKind.FEEDBACK),
            await person_of(session, phone),
            None,
            blocks=given.pop("blocks", [{"type": "text", "text": text}]),
            now=ends.house.clock.now(),
            **{"topic": "safety"} | given,
        )
        return opened.number


async def consults(ends: Ends, phone: Phone | None = None, **given: Any) -> str:
    async with ends.house.database.transaction() as session:
        who = await person_of(session, phone)
        opened: Opened = await consulting.consult(session, who, now=ends.house.clock.now(), **given)
        return opened.number


async def case_of(ends: Ends, number: str) -> Case:
    async with ends.house.database.reading() as session:
        return await case_work.get_case(session, number)


async def picture(ends: Ends) -> str:
    """A stored one; its public id."""
    async with ends.house.database.transaction() as session:
        row = StoredFile(
            kind="image", content_type="image/png", state=FileState.READY, created_at=ends.house.clock.now()
        )
        session.add(row)
        await session.flush()
    await ends.house.files.put(row.public_id, drawn("PNG"))
    return row.public_id


async def acts(worker: Worker, path: str, **filled: Any) -> Any:
    """A form of a case, sent by who has seen all there is."""
    found = SEEN.search(await worker.reads(path))
    what = filled.pop("do")
    return await worker.sends(f"{path}/{what}", seen=found[1] if found else "", **filled)


@pytest.fixture
async def lawyer(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


# --- lists


async def test_what_waits_comes_first_and_what_is_late_is_said(ends: Ends, admin: Worker) -> None:
    old = await leaves(ends, "第一条")
    answered = await leaves(ends, "第二条")
    await ends.answer(answered, "好的")
    await ends.moves_time(hours=24 * 8)
    await admin.signs_in()
    new = await leaves(ends, "第三条", kind=CaseKind.DESK, topic="")

    page = await admin.reads("/cases")

    assert page.index(old) < page.index(new) < page.index(answered)
    assert "2 件等答复" in page and "1 件已超时" in page and page.count('data-test="late"') == 1
    home = await admin.reads("")
    assert "等答复的留言和人工" in home and "1 件已超时" in home


async def test_the_list_is_narrowed_in_the_address(ends: Ends, admin: Worker) -> None:
    desk = await leaves(ends, kind=CaseKind.DESK, topic="")
    feedback = await leaves(ends, topic="rights")
    done = await leaves(ends)
    await ends.answer(done, "换好了")

    async def listed(query: str) -> set[str]:
        page = await admin.reads(f"/cases?{query}")
        return {number for number in (desk, feedback, done) if f"/cases/{number}" in page}

    assert await listed("kind=desk") == {desk}
    assert await listed("topic=rights") == {feedback}
    assert await listed("state=answered") == {done}
    assert await listed("state=submitted") == {desk, feedback}
    assert await listed(f"number={feedback.lower()}") == {feedback}
    assert await listed("due=late") == set()
    assert await listed("kind=consultation&state=x&number=%00") == {desk, feedback, done}  # no such filters
    assert 'data-test="chip"' in await admin.reads("/cases?kind=desk")


async def test_a_long_list_has_older_pages(ends: Ends, admin: Worker) -> None:
    numbers = [await leaves(ends, f"第 {count} 条") for count in range(53)]
    for number in numbers:
        await ends.answer(number, "好的")

    page = await admin.reads("/cases")
    older = re.search(r'href="/console(/cases\?before=\d+)"', page)

    assert older and numbers[-1] in page and numbers[0] not in page
    assert numbers[0] in await admin.reads(older[1])


async def test_a_number_is_found_by_who_may_read_it(ends: Ends, admin: Worker, lawyer: Worker) -> None:
    left, asked = await leaves(ends), await consults(ends)

    assert f"/cases/{left}" in await admin.reads(f"/search?q={left.lower()}")
    assert f"/consultations/{asked}" not in await admin.reads(f"/search?q={asked}")
    assert f"/consultations/{asked}" in await lawyer.reads(f"/search?q={asked}")
    assert f"/cases/{left}" not in await lawyer.reads(f"/search?q={left}")


# --- who may look


async def test_lawyers_and_administrators_do_not_look_into_each_others_rooms(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    left, asked = await leaves(ends), await consults(ends)

    for worker, path in ((admin, "/consultations"), (lawyer, "/cases")):
        assert (await worker.gets(path)).status_code == 403
    for worker, path in (
        (admin, f"/consultations/{asked}"),
        (lawyer, f"/cases/{left}"),
    ):
        assert (await worker.gets(path)).status_code == 403
        assert (await worker.sends(f"{path}/answer", text="x")).status_code == 403
    for worker, path in ((admin, f"/cases/{asked}"), (lawyer, f"/consultations/{left}")):  # by another door
        assert (await worker.gets(path)).status_code == 404
        for what in ("answer", "close", "call", "reveal"):
            assert (await worker.sends(f"{path}/{what}", text="x", why="x")).status_code == 404
    assert (await case_of(ends, asked)).state is (await case_of(ends, left)).state is CaseState.SUBMITTED


async def test_who_works_for_a_branch_sees_what_is_of_that_branch(ends: Ends) -> None:
    number = await leaves(ends)
    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
    there = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, north.id))
    elsewhere = await at_work(ends, "孙丽", Wanted(Role.UNION_ADMIN, south.id))
    assert (await there.gets(f"/cases/{number}")).status_code == 404  # of no branch: the whole union's

    async with ends.house.database.transaction() as session:
        (await case_work.get_case(session, number)).branch_id = north.id

    assert number in await there.reads("/cases") and "1 件等答复" in await there.reads("/cases")
    assert number not in await elsewhere.reads("/cases")
    for what in ("answer", "close", "call", "reveal"):
        answer = await elsewhere.sends(f"/cases/{number}/{what}", text="x", why="x")
        assert answer.status_code == 404
    done = await acts(there, f"/cases/{number}", do="answer", text="好的")
    assert done.status_code == 303
    (act,) = await acts_of(ends, "case.answer")
    assert (act.subject, act.branch_id) == (number, north.id)


async def test_who_only_reads_is_shown_no_form(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    rights = dict(permissions.RIGHTS) | {Role.TRAINER: frozenset({permissions.Right.DESK_READ})}
    monkeypatch.setattr(permissions, "RIGHTS", rights)
    reader = await at_work(ends, "周芳", Role.TRAINER)
    number = await leaves(ends)

    page = await reader.reads(f"/cases/{number}")

    assert "食堂的灯坏了" in page and "<textarea" not in page and 'data-test="reveal"' not in page
    for what in ("answer", "close", "call", "reveal"):
        assert (await reader.sends(f"/cases/{number}/{what}", text="x", why="x")).status_code == 403


# --- answering


async def test_an_answer_reaches_the_phone_and_the_desk_is_told_when(ends: Ends, admin: Worker) -> None:
    li = await ends.platform.follower("李娜")
    await li.says("你好")
    number = await leaves(ends, phone=li)

    answer = await acts(admin, f"/cases/{number}", do="answer", text="灯换好了。")

    page = await admin.reads(answer.headers["location"].removeprefix("/console"))
    assert f"{number} 已答复，这就送到本人的微信。" in page and "灯换好了。" in page
    await ends.house.rounds.once()
    assert any("灯换好了。" in str(seen) for seen in await li.reads())
    (act,) = await acts_of(ends, "case.answer")
    assert (act.subject, act.by, act.channel) == (number, "王强", "console")
    assert "灯换好了" not in str(act.changes)


async def test_who_cannot_be_sent_anything_now_hears_it_later_and_the_desk_knows(
    ends: Ends, admin: Worker
) -> None:
    number = await leaves(ends)

    answer = await acts(admin, f"/cases/{number}", do="answer", text="灯换好了。")

    page = await admin.reads(answer.headers["location"].removeprefix("/console"))
    assert f"{number} 已答复。本人没有关注公众号" in page


async def test_of_two_who_answer_at_once_the_second_sees_it_and_loses_no_word(
    ends: Ends, admin: Worker
) -> None:
    zhao = await at_work(ends, "赵敏", Role.UNION_ADMIN)
    number = await leaves(ends)
    path = f"/cases/{number}"
    found = SEEN.search(await zhao.reads(path))
    assert found
    assert (await acts(admin, path, do="answer", text="换好了。")).status_code == 303

    second = await zhao.sends(f"{path}/answer", seen=found[1], text="正在派人去。")

    assert second.status_code == 422
    assert "王强（今天" in second.text and "已经处理过，现在是「已答复」" in second.text
    assert "正在派人去。" in second.text and "换好了。" in second.text
    async with ends.house.database.reading() as session:
        entries = await case_work.list_entries(session, await case_work.get_case(session, number))
        assert [each.kind for each in entries] == [EntryKind.MEMBER, EntryKind.STAFF]
        assert await session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 1
    assert len(await acts_of(ends, "case.answer")) == 1
    assert (await acts(zhao, path, do="answer", text="正在派人去。")).status_code == 303  # having seen it


async def test_of_two_at_the_very_same_moment_one_is_first(ends: Ends, admin: Worker) -> None:
    zhao = await at_work(ends, "赵敏", Role.UNION_ADMIN)
    number = await leaves(ends)
    found = SEEN.search(await admin.reads(f"/cases/{number}"))
    assert found
    given = {"seen": found[1], "text": "换好了。"}

    answers = await asyncio.gather(
        *(worker.sends(f"/cases/{number}/answer", **given) for worker in (admin, zhao))
    )

    assert sorted(answer.status_code for answer in answers) == [303, 422]


async def test_the_same_answer_sent_twice_is_one(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    found = SEEN.search(await admin.reads(f"/cases/{number}"))
    assert found

    answers = [
        (await admin.sends(f"/cases/{number}/answer", seen=found[1], text="换好了。")).status_code
        for _ in range(2)
    ]

    assert answers == [303, 422]
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 1


async def test_what_was_typed_is_kept_when_somebody_has_closed_it(ends: Ends, admin: Worker) -> None:
    zhao = await at_work(ends, "赵敏", Role.UNION_ADMIN)
    number = await leaves(ends, kind=CaseKind.DESK, topic="")
    found = SEEN.search(await zhao.reads(f"/cases/{number}"))
    assert found and (await acts(admin, f"/cases/{number}", do="close")).status_code == 303

    late = await zhao.sends(f"/cases/{number}/answer", seen=found[1], text="长长的一段话")

    assert late.status_code == 422 and "现在是「已办结」" in late.text and "长长的一段话" in late.text


async def test_words_of_the_person_in_the_meantime_are_read_before_an_answer_goes(
    ends: Ends, admin: Worker
) -> None:
    number = await leaves(ends, kind=CaseKind.DESK, topic="")
    found = SEEN.search(await admin.reads(f"/cases/{number}"))
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, number)
        more = [{"type": "text", "text": "已经修好了，不用来"}]
        await cases.add_entry(session, case, EntryKind.MEMBER, more, now=ends.house.clock.now())
    assert found

    answer = await admin.sends(f"/cases/{number}/answer", seen=found[1], text="明天派人来。")

    assert answer.status_code == 422
    assert "本人又有了动静" in answer.text and "已经修好了，不用来" in answer.text


@pytest.mark.parametrize(
    ("text", "said"), [("", "答复是空的"), ("  ", "答复是空的"), ("长" * 601, "现在是 601 个字")]
)
async def test_an_answer_that_will_not_do_is_told_why(
    ends: Ends, admin: Worker, text: str, said: str
) -> None:
    number = await leaves(ends)

    answer = await acts(admin, f"/cases/{number}", do="answer", text=text)

    assert answer.status_code == 422 and said in answer.text
    assert await acts_of(ends, "case.answer") == []


async def test_lines_that_a_browser_ends_in_its_own_way_are_counted_as_they_are_read(
    ends: Ends, admin: Worker
) -> None:
    number = await leaves(ends)
    text = "好\r\n" * 299 + "完成"
    assert len(text.replace("\r", "")) == case_work.ANSWER_LENGTH

    answer = await acts(admin, f"/cases/{number}", do="answer", text=text)

    assert answer.status_code == 303, answer.text
    case = await case_of(ends, number)
    async with ends.house.database.reading() as session:
        told = [cases.text_of(each) for each in await case_work.list_entries(session, case)]
    assert text.replace("\r", "") in told


async def test_closing_asks_for_an_answer_first_and_ends_it(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)
    page = await admin.reads(f"/cases/{number}")
    assert 'data-test="close"' not in page and 'data-key="reply"' in page
    early = await acts(admin, f"/cases/{number}", do="close")
    assert early.status_code == 422 and "请先答复再办结" in early.text
    await acts(admin, f"/cases/{number}", do="answer", text="换好了。")
    assert 'data-key="done"' in await admin.reads(f"/cases/{number}")

    assert (await acts(admin, f"/cases/{number}", do="close")).status_code == 303

    page = await admin.reads(f"/cases/{number}")
    assert "已办结" in page and "<textarea" not in page
    assert [act.act for act in await acts_of(ends)][-2:] == ["case.answer", "case.close"]


async def test_what_hostile_people_write_is_only_words(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends, HOSTILE)

    await acts(admin, f"/cases/{number}", do="answer", text=HOSTILE)

    for path in ("/cases", f"/cases/{number}"):
        page = await admin.reads(path)
        assert "<script>alert" not in page and "&lt;script&gt;" in page


# --- who it is


async def member(ends: Ends, phone: Phone) -> None:
    async with ends.house.database.transaction() as session:
        await making.member(session, person_id=await person_of(session, phone))


async def test_who_brought_it_is_shown_with_a_reason_and_kept(ends: Ends, admin: Worker) -> None:
    li = await ends.platform.follower("李娜")
    await member(ends, li)
    number = await leaves(ends, phone=li, contact=PHONE)
    page = await admin.reads(f"/cases/{number}")
    assert "10001" not in page and PHONE not in page

    refused = await admin.sends(f"/cases/{number}/reveal", why="  ")
    assert refused.status_code == 422 and "请写明为什么要看" in refused.text
    known = await admin.sends(f"/cases/{number}/reveal", why="要上门维修")
    called = await admin.sends(f"/cases/{number}/call")

    assert "10001" in known.text and "抢修一班" in known.text
    assert PHONE in called.text
    shown, phone = (await acts_of(ends))[-2:]
    assert (shown.act, shown.subject, shown.reason) == ("case.reporter", number, "要上门维修")
    assert (phone.act, phone.subject) == ("case.contact", number)
    page = await admin.reads(f"/cases/{number}")
    assert "查看了当事人是谁：要上门维修" in page and "查看了联系电话" in page and "10001" not in page


async def test_a_note_of_having_looked_is_no_news_to_who_is_writing(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends, contact=PHONE)
    found = SEEN.search(await admin.reads(f"/cases/{number}"))
    await admin.sends(f"/cases/{number}/call")
    assert found

    answer = await admin.sends(f"/cases/{number}/answer", seen=found[1], text="换好了。")

    assert answer.status_code == 303


async def test_nobody_learns_who_wrote_without_a_name_nor_when(ends: Ends, admin: Worker) -> None:
    li = await ends.platform.follower("李娜")
    await li.says("你好")
    await member(ends, li)
    number = await leaves(ends, phone=li, anonymous=True)
    page = await admin.reads(f"/cases/{number}")
    assert "匿名" in page and 'data-test="reveal"' not in page and 'data-test="call"' not in page

    for what in ("reveal", "call"):
        answer = await admin.sends(f"/cases/{number}/{what}", why="想知道")
        assert answer.status_code == 422 and "是匿名的，不能查看是谁" in answer.text
        assert "10001" not in answer.text
    answer = await acts(admin, f"/cases/{number}", do="answer", text="好的。")

    page = await admin.reads(answer.headers["location"].removeprefix("/console"))
    assert "能马上送到就马上送" in page  # a better word would hint at who it is
    assert await acts_of(ends, "case.reporter") == []
    (act,) = await acts_of(ends, "case.answer")
    assert act.subject == "" and number in str(act.changes)  # sealed there: the answer has the same time


async def test_who_has_bound_nothing_is_known_as_a_follower_only(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)

    answer = await admin.sends(f"/cases/{number}/reveal", why="要上门维修")

    assert "没有绑定工号，不知道姓名" in answer.text
    async with ends.house.database.reading() as session:
        (person,) = await session.scalars(sa.select(Person.public_id).order_by(Person.id.desc()).limit(1))
    assert person in answer.text


# --- files


async def test_pictures_of_a_message_are_shown_to_who_may_and_kept_by_nobody(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    blocks = [{"type": "text", "text": "灯"}, {"type": "image", "file": await picture(ends)}]
    number = await leaves(ends, blocks=blocks)
    assert f'src="/console/cases/{number}/files/1"' in await admin.reads(f"/cases/{number}")

    shown = await admin.gets(f"/cases/{number}/files/1")

    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert "no-store" in shown.headers["cache-control"] and shown.content == drawn("PNG")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert (await admin.gets(f"/cases/{number}/files/2")).status_code == 404
    assert (await lawyer.gets(f"/cases/{number}/files/1")).status_code == 403
    assert (await ends.browser().get(f"/console/cases/{number}/files/1")).status_code == 303


async def test_looking_at_a_paper_of_a_consultation_leaves_a_trace(
    ends: Ends, admin: Worker, lawyer: Worker
) -> None:
    parts = [{"type": "text", "text": "工资条"}, {"type": "image", "file": await picture(ends)}]
    number = await consults(ends, parts=parts)
    path = f"/consultations/{number}"
    page = await lawyer.reads(path)
    assert "<img" not in page and f'action="/console{path}/files/1"' in page
    assert (await lawyer.gets(f"{path}/files/1")).status_code == 405
    assert (await admin.sends(f"{path}/files/1")).status_code == 403

    shown = await lawyer.sends(f"{path}/files/1")

    assert shown.content == drawn("PNG") and "no-store" in shown.headers["cache-control"]
    (act,) = await acts_of(ends, "case.files")
    assert (act.subject, act.by) == (number, "张律师")
    assert "查看了附件 1" in await lawyer.reads(path)
    assert (await lawyer.sends(f"/cases/{number}/files/1")).status_code in (403, 405)


async def test_what_wechat_has_lost_is_said(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends, blocks=[{"type": "voice", "file": "gone0000"}])

    assert "附件 1（语音）已经删除。" in await admin.reads(f"/cases/{number}")
    assert (await admin.gets(f"/cases/{number}/files/1")).status_code == 404


# --- consultations


async def test_a_lawyer_asks_answers_and_closes(ends: Ends, lawyer: Worker) -> None:
    li = await ends.platform.follower("李娜")
    await li.says("你好")
    number = await consults(ends, phone=li)
    path = f"/consultations/{number}"
    page = await lawyer.reads(path)
    assert "请在" in page and "和单位谈过" in page and "同意（" in page

    asked = await acts(lawyer, path, do="answer", how="ask", text="合同是哪年签的？")
    page = await lawyer.reads(asked.headers["location"].removeprefix("/console"))
    assert "已问本人，这就送到" in page and "在等本人补充" in page
    assert "0 件等答复" in await lawyer.reads("/consultations")

    answered = await acts(lawyer, path, do="answer", how="answer", text="可以申请仲裁。")
    assert answered.status_code == 303 and (await case_of(ends, number)).state is CaseState.ANSWERED
    assert (await acts(lawyer, path, do="close")).status_code == 303
    assert [act.act for act in await acts_of(ends)][-3:] == ["case.ask", "case.answer", "case.close"]


async def test_handing_on_takes_a_consent_and_never_goes_to_the_opponent(ends: Ends, lawyer: Worker) -> None:
    number = await consults(ends, opponent=Opponent.OWN_COMPANY)
    path = f"/consultations/{number}"
    assert "不得交给公司的法务部门" in await lawyer.reads(path)

    silent = await acts(lawyer, path, do="refer", to="县法律援助中心", consent="")
    assert silent.status_code == 422 and "征得本人单独同意" in silent.text
    assert 'value="县法律援助中心"' in silent.text
    theirs = await acts(lawyer, path, do="refer", to="公司法务部", consent="电话里同意")
    assert theirs.status_code == 422 and "不能交给公司的法务部门" in theirs.text

    done = await acts(lawyer, path, do="refer", to="县法律援助中心", consent="今天电话里同意")
    assert done.status_code == 303 and (await case_of(ends, number)).state is CaseState.REFERRED
    assert [act.act for act in await acts_of(ends)][-1] == "case.refer"


async def test_near_a_deadline_of_the_law_comes_before_all(ends: Ends, lawyer: Worker) -> None:
    plain = await consults(ends)
    today = ends.house.clock.now().date()
    near = Dates(award_on=today - timedelta(days=10))
    await ends.moves_time(hours=1)
    urgent = await consults(ends, dates=near)

    page = await lawyer.reads("/consultations")

    assert page.index(urgent) < page.index(plain) and "加急" in page
    assert "请先帮、后补材料" in await lawyer.reads(f"/consultations/{urgent}")


async def test_a_desk_message_is_neither_asked_back_nor_handed_on(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)

    page = await admin.reads(f"/cases/{number}")
    asked = await acts(admin, f"/cases/{number}", do="answer", how="ask", text="哪盏灯？")

    assert 'data-test="ask"' not in page and 'data-test="refer"' not in page
    assert asked.status_code == 422 and "只有咨询能这样办" in asked.text
    assert (await admin.sends(f"/cases/{number}/refer")).status_code == 404


async def test_a_form_without_the_token_changes_nothing(ends: Ends, admin: Worker) -> None:
    number = await leaves(ends)

    for token in ("", "0" * 64):
        given = {"token": token, "text": "x", "seen": "1"}
        answer = await admin.browser.post(f"/console/cases/{number}/answer", data=given, headers=HTML)
        assert answer.status_code == 403

    assert (await case_of(ends, number)).state is CaseState.SUBMITTED


# --- the queries


async def test_counting_reads_what_waits_and_nothing_of_the_rest(ends: Ends) -> None:
    await leaves(ends)
    everybody = Standing(1, "王强", (Grant(Role.UNION_ADMIN),))
    nobody = Standing(2, "李娜")

    async with ends.house.database.reading() as session:
        counts = []
        for standing in (everybody, nobody):
            scope = permissions.scope(standing, permissions.Right.DESK_READ)
            asked = case_lists.Asked(case_lists.DESK, scope, ends.house.clock.now())
            counts.append((await case_lists.count(session, asked)).waiting)
        acts = await session.scalar(sa.select(sa.func.count()).select_from(StaffAct))

    assert counts == [1, 0]
    assert acts == 0
