"""「我的」: one's own sign-ups and cases on the portal, and that nobody sees or moves those of others."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import activities, case_work, cases, consultation_work
from models import Activity, Case, CaseEntry, CaseKind, EntryKind, Follower, FollowerTag, SignUpMove
from tests import making
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.consulting import consult
from tests.portal_member import HTML, TOKEN, Visiting, member


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    settings = settings_for(database_url, tmp_path)
    async with both_ends(settings, monkeypatch) as joined:
        yield joined


async def announce(ends: Ends, title: str, **given: Any) -> Activity:
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        times = {"opens_at": now - timedelta(days=1), "starts_at": now + timedelta(days=7)}
        return await making.activity(session, title, **times | given)


async def leaves(ends: Ends, who: Visiting, words: str, **given: Any) -> cases.Opened:
    person_id = await who.person_id()
    blocks = [{"type": "text", "text": words}]
    async with ends.house.database.transaction() as session:
        kind = given.pop("kind", CaseKind.FEEDBACK)
        now = ends.house.clock.now()
        return await cases.open_case(session, kind, person_id, None, blocks=blocks, now=now, **given)


def link(page: str, prefix: str) -> str:
    found = re.search(rf'href="({prefix}/[a-z0-9]{{16,32}})"', page)
    assert found, page
    return found[1]


# --- sign-ups ----------------------------------------------------------------------------------------------


async def test_who_has_nothing_yet_reads_what_to_do(ends: Ends) -> None:
    li = await member(ends, "李建国")

    page = await li.reads("/me")
    assert "近期没有报名。" in page
    assert "看看近期活动" in page
    assert "还没有留言。" in page
    assert "近期没有报名。" in await li.reads("/me/sign-ups")
    assert "还没有留言。" in await li.reads("/me/cases")


async def test_a_member_signs_up_on_the_page_cancels_there_and_comes_back(ends: Ends) -> None:
    li, run = await member(ends, "李建国"), await announce(ends, "健步走", capacity=1)
    address = f"/activities/{run.public_id}"

    done = await li.taps(address, f"{address}/sign-up")
    own = done.headers["location"]
    assert (done.status_code, own.startswith("/me/sign-ups/")) == (303, True)
    assert "报名成功，前一天会提醒您" in await li.reads(own)
    assert "您的报名 " in await li.reads(address)
    assert own in await li.reads("/me")

    done = await li.taps(own, f"{own}/cancel")
    assert (done.status_code, done.headers["location"]) == (303, own)
    page = await li.reads(own)
    assert "这次报名已取消。" in page
    assert "重新报名" in page
    assert "以前的" in await li.reads("/me/sign-ups")
    assert "近期没有报名。" in await li.reads("/me")

    assert (await li.taps(address, f"{address}/sign-up")).headers["location"] == own
    async with ends.house.database.reading() as session:
        moves = (await session.execute(sa.select(SignUpMove.by, SignUpMove.channel))).all()
    assert [tuple(move) for move in moves] == [("member", "portal")] * 3


async def test_a_freed_seat_is_taken_or_left_on_the_page(ends: Ends) -> None:
    run = await announce(ends, "健步走", capacity=1)
    address = f"/activities/{run.public_id}"
    first, second, third = [await member(ends, name) for name in ("李建国", "张伟", "陈静")]
    own = [
        (await each.taps(address, f"{address}/sign-up")).headers["location"]
        for each in (first, second, third)
    ]
    assert "候补中" in await second.reads(own[1])

    await first.taps(own[0], f"{own[0]}/cancel")
    assert "有空位了，给您留到" in await second.reads(own[1])
    await second.taps(own[1], f"{own[1]}/decline")
    assert "名额已经让给下一位了" in await second.reads(own[1])
    await third.taps(own[2], f"{own[2]}/accept")
    assert "报名成功" in await third.reads(own[2])


async def test_an_offer_that_ran_out_is_refused_in_words(ends: Ends) -> None:
    run = await announce(ends, "健步走", capacity=1)
    address = f"/activities/{run.public_id}"
    first, second = [await member(ends, name) for name in ("李建国", "张伟")]
    own = [(await each.taps(address, f"{address}/sign-up")).headers["location"] for each in (first, second)]
    await first.taps(own[0], f"{own[0]}/cancel")

    await ends.moves_time(hours=30)
    await second.phone.opens(f"{OURS}/me", second.browser)
    token = TOKEN.search(await second.reads("/me"))
    assert token
    answer = await second.browser.post(f"{own[1]}/accept", data={"token": token[1]}, headers=HTML)

    assert (answer.status_code, answer.headers["cache-control"]) == (409, "no-store")
    assert "已经到时间，让给下一位了" in answer.text
    assert 'href="/me"' in answer.text


async def test_an_activity_for_others_says_so(ends: Ends) -> None:
    li, run = await member(ends, "李建国"), await announce(ends, "母亲课堂", audience={"tag": ["女职工"]})
    address = f"/activities/{run.public_id}"
    assert "您不在范围内" in await li.reads(address)

    async with ends.house.database.transaction() as session:
        follower_id = await session.scalar(sa.select(Follower.id))
        now = ends.house.clock.now()
        session.add(FollowerTag(follower_id=follower_id, name="女职工", given_at=now))
    assert (await li.taps(address, f"{address}/sign-up")).status_code == 303


async def test_somebody_whom_we_do_not_know_is_led_by_way_of_signing_in(ends: Ends) -> None:
    run = await announce(ends, "健步走")

    answer = await ends.web.get(f"/activities/{run.public_id}", headers=HTML)

    assert f'href="/signing-in?next=/activities/{run.public_id}"' in answer.text
    assert "cache-control" not in answer.headers


async def test_after_the_start_nothing_can_be_cancelled(ends: Ends) -> None:
    li, run = await member(ends, "李建国"), await announce(ends, "健步走")
    address = f"/activities/{run.public_id}"
    own = (await li.taps(address, f"{address}/sign-up")).headers["location"]

    await ends.moves_time(hours=7 * 24, seconds=60)
    await li.phone.opens(f"{OURS}/me", li.browser)
    page = await li.reads(own)
    assert "取消报名" not in page
    token = TOKEN.search(await li.reads("/me"))
    assert token
    answer = await li.browser.post(f"{own}/cancel", data={"token": token[1]}, headers=HTML)
    assert (answer.status_code, "已经开始，不能取消了" in answer.text) == (409, True)


async def test_nobody_touches_the_sign_ups_of_others(ends: Ends) -> None:
    li, zhang, run = await member(ends, "李建国"), await member(ends, "张伟"), await announce(ends, "健步走")
    address = f"/activities/{run.public_id}"
    own = (await li.taps(address, f"{address}/sign-up")).headers["location"]
    token = TOKEN.search(await zhang.reads("/me"))
    assert token

    nothing = await zhang.browser.get("/me/sign-ups/nothing", headers=HTML)
    theirs = await zhang.browser.get(own, headers=HTML)
    cancelled = await zhang.browser.post(f"{own}/cancel", data={"token": token[1]}, headers=HTML)

    assert [each.status_code for each in (nothing, theirs, cancelled)] == [404] * 3
    assert nothing.text == theirs.text
    assert theirs.headers["cache-control"] == "no-store"
    assert "报名成功" in await li.reads(own)


async def test_a_form_of_another_site_or_session_does_nothing(ends: Ends) -> None:
    li, zhang, run = await member(ends, "李建国"), await member(ends, "张伟"), await announce(ends, "健步走")
    address = f"/activities/{run.public_id}"
    own = (await li.taps(address, f"{address}/sign-up")).headers["location"]
    theirs = TOKEN.search(await zhang.reads("/me"))
    assert theirs

    for form in ({}, {"token": ""}, {"token": "0" * 64}, {"token": theirs[1]}, {"token": "字"}):
        answer = await li.browser.post(f"{own}/cancel", data=form, headers=HTML)
        assert (answer.status_code, "刚才的操作没有办" in answer.text) == (403, True)
    nobody = await ends.browser().post(f"{own}/cancel", data={"token": theirs[1]}, headers=HTML)
    assert (nobody.status_code, "登录已经过期" in nobody.text) == (403, True)
    assert (await li.browser.get(f"{own}/cancel", headers=HTML)).status_code == 405
    assert (await li.browser.post(f"{own}/steal", data=form, headers=HTML)).status_code in (403, 404)
    assert "报名成功" in await li.reads(own)


# --- cases -------------------------------------------------------------------------------------------------


async def test_a_case_is_told_from_the_first_word_to_the_answer(ends: Ends) -> None:
    li = await member(ends, "李建国")
    opened = await leaves(ends, li, "更衣室的灯坏了 <b>", topic="safety")
    page = await li.reads(link(await li.reads("/me/cases"), "/me/cases"))
    assert "已提交" in page
    assert "答复，会发到公众号里" in page

    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, opened.number)
        await case_work.note(session, case, "这人以前也提过", "张伟", ends.house.clock.now())
        await cases.add_entry(session, case, EntryKind.EVENT, [], by="张伟", now=ends.house.clock.now())
    await ends.answer(opened.number, "灯已经换好了。\n还有问题请说。")
    async with ends.house.database.transaction() as session:
        await case_work.close(session, opened.number, "张伟", ends.house.clock.now())

    listed = await li.reads("/me/cases")
    assert opened.number in listed
    assert "更衣室" not in listed
    page = await li.reads(link(listed, "/me/cases"))
    assert page.index("更衣室的灯坏了 &lt;b&gt;") < page.index("灯已经换好了。") < page.rindex("已办结")
    assert "安全生产" in page
    assert "这人以前也提过" not in page
    assert "张伟" not in page
    assert "有新的进展" not in page


async def test_an_anonymous_case_is_shown_to_its_person_and_no_address_tells_whose_is_anonymous(
    ends: Ends,
) -> None:
    li, zhang = await member(ends, "李建国"), await member(ends, "张伟")
    await leaves(ends, li, "更衣室的灯坏了")
    opened = await leaves(ends, li, "班长骂人", anonymous=True)
    async with ends.house.database.reading() as session:
        public_ids = (await session.scalars(sa.select(Case.public_id))).all()

    listed = await li.reads("/me")
    address = link(listed, "/me/cases")
    assert opened.number in listed
    addresses = re.findall(r'href="/me/cases/([^"]+)"', listed)
    assert [re.fullmatch(r"[0-9a-f]{32}", each) is not None for each in addresses] == [True, True]
    page = await li.reads(address)
    assert "班长骂人" in page
    assert re.search(r"您说　\d+月\d+日<", page)  # the day, not the hour

    assert "班长骂人" not in await zhang.reads("/me/cases")
    for path in (address, *(f"/me/cases/{each}" for each in public_ids)):
        assert (await zhang.browser.get(path, headers=HTML)).status_code == 404
    for each in public_ids:
        assert (await li.browser.get(f"/me/cases/{each}", headers=HTML)).status_code == 404


async def test_reading_ones_cases_leaves_no_trace(ends: Ends) -> None:
    li = await member(ends, "李建国")
    await leaves(ends, li, "班长骂人", anonymous=True)

    async def everything() -> list[Any]:
        async with ends.house.database.reading() as session:
            follower = (await session.execute(sa.select(Follower.__table__))).all()
            return [*follower, await session.scalar(sa.select(sa.func.count()).select_from(CaseEntry))]

    before = await everything()
    await li.reads(link(await li.reads("/me/cases"), "/me/cases"))
    await ends.browser().get("/me")
    await li.phone.opens(f"{OURS}/me", ends.browser())

    assert await everything() == before


async def test_the_case_of_somebody_else_is_as_if_it_did_not_exist(ends: Ends) -> None:
    li, zhang = await member(ends, "李建国"), await member(ends, "张伟")
    await leaves(ends, li, "更衣室的灯坏了")
    address = link(await li.reads("/me/cases"), "/me/cases")

    theirs = await zhang.browser.get(address, headers=HTML)
    nothing = await zhang.browser.get("/me/cases/nothing", headers=HTML)

    assert (theirs.status_code, theirs.text) == (404, nothing.text)
    assert "更衣室" not in theirs.text


async def test_wanting_a_person_is_a_case_too_and_so_is_asking_again(ends: Ends) -> None:
    li = await member(ends, "李建国")
    await li.phone.says("人工")
    await li.phone.says("人工")

    listed = await li.reads("/me/cases")
    page = await li.reads(link(listed, "/me/cases"))

    assert "人工服务" in listed
    assert "您又来找过工作人员" in page


async def test_every_kind_of_case_has_a_label_and_a_page(ends: Ends) -> None:
    li = await member(ends, "李建国")
    kinds = [kind for kind in CaseKind if kind is not CaseKind.LEGAL_AID]  # tests.test_portal_legal_aid
    for kind in kinds:
        await leaves(ends, li, "一件事", kind=kind, topic="whatever")

    listed = await li.reads("/me/cases")
    for kind in kinds:
        assert kind.label in listed
    for address in re.findall(r'href="(/me/cases/[a-z0-9]+)"', listed):
        assert "一件事" in await li.reads(address)


async def test_a_consultation_tells_what_the_lawyer_asks_and_how_to_answer(ends: Ends) -> None:
    li, now = await member(ends, "李建国"), ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        opened = await consult(session, await li.person_id(), now=now)
        await consultation_work.ask(session, opened.number, "合同是哪天签的？", "王律师", now)

    listed = await li.reads("/me/cases")
    page = await li.reads(link(listed, "/me/cases"))

    assert "法律咨询" in listed
    assert "待您补充" in listed
    assert "工资、加班费" in page
    assert page.index("公司三个月没发工资") < page.index("律师问您") < page.index("合同是哪天签的？")
    assert "请在公众号里回复「补充咨询」" in page
    assert "待用户补充" not in page


async def test_a_called_off_activity_is_told_in_the_list(ends: Ends) -> None:
    li, run = await member(ends, "李建国"), await announce(ends, "健步走")
    address = f"/activities/{run.public_id}"
    await li.taps(address, f"{address}/sign-up")
    async with ends.house.database.transaction() as session:
        await activities.call_off(session, run.public_id, by="王强", now=ends.house.clock.now())

    page = await li.reads("/me/sign-ups")
    assert "以前的" in page
    assert "已取消" in page
