"""法律援助申请 on the portal: filled in, put right, seen with its clock, papers, withdrawn, objected to."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.services import legal_aid_work
from app.services.purposes import AID
from models import Case, CaseKind, CaseState, CrisisAlert, LegalAid
from tests.both_ends import Ends, both_ends, settings_for
from tests.consulting import consult
from tests.portal_member import HTML, TOKEN, Visiting, member
from tests.test_legal_aid import House

FORM = "/me/cases/legal-aid"
RIGHT = {
    "matter": "pension",
    "opponent": "other",
    "opponent_name": "红星煤矿",
    "tried": "talked",
    "ground": "promise",
    "promised": "yes",
    "wants": "representation",
    "words": "抚恤金没有发",
    "contact": "13812345678",
    "agreed": AID.version,
}


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def fills(who: Visiting, **changed: str) -> httpx.Response:
    return await who.taps(FORM, FORM, **{**RIGHT, **changed})


async def applies(who: Visiting, **changed: str) -> str:
    """The address of the new one."""
    answer = await fills(who, **changed)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def forges(who: Visiting, address: str, **filled: str) -> httpx.Response:
    """A form that no page of ours shows any more, or to this person."""
    found = TOKEN.search(await who.reads(FORM))
    assert found
    return await who.browser.post(address, data={"token": found[1], **filled}, headers=HTML)


async def staff(ends: Ends, act: Any) -> None:
    async with ends.house.database.transaction() as session:
        await act(session, await House(session).hire(), ends.house.clock.now())


async def aid(ends: Ends) -> list[tuple[Case, LegalAid]]:
    async with ends.house.database.reading() as session:
        chosen = sa.select(Case, LegalAid).join(LegalAid, LegalAid.case_id == Case.id).order_by(Case.id)
        return [(case, row) for case, row in await session.execute(chosen)]


def number_in(page: str) -> str:
    found = re.search(r"YZ-\d{4}-\d{4}", page)
    assert found
    return found[0]


async def test_from_the_form_to_a_refusal_and_an_objection(ends: Ends) -> None:
    li = await member(ends, "李娜")
    assert FORM in await li.reads("/me/cases")

    address = await applies(li)
    page = await li.reads(address)
    number = number_in(page)
    assert "已申请" in page and "答复（还剩" in page and "抚恤金没有发" in page
    assert number in await li.reads("/me/cases")
    day = (ends.house.clock.now() + timedelta(days=15)).date()
    await staff(ends, lambda s, house, now: legal_aid_work.ask(s, number, "户口本", day, house.wang, now))
    page = await li.reads(address)
    assert "请您补正" in page and "户口本" in page and "以前补材料（还剩" in page
    empty = await li.taps(address, f"{address}/papers", text=" ")
    assert empty.status_code == 422 and "请写上要补的内容" in empty.text
    await li.taps(address, f"{address}/papers", text="户口本编号 123")
    page = await li.reads(address)
    assert "审查中" in page and "户口本编号 123" in page

    await staff(
        ends, lambda s, house, now: legal_aid_work.reject(s, number, "<b>不在</b>范围", house.wang, now)
    )
    page = await li.reads(address)
    assert "&lt;b&gt;不在&lt;/b&gt;范围" in page and "可以提出异议（还剩" in page
    await li.taps(address, f"{address}/objection", why="不是这样的")
    page = await li.reads(address)
    assert "异议中" in page and "复核您的异议" in page and "不是这样的" in page


async def test_every_mistake_is_told_and_what_was_right_stays(ends: Ends) -> None:
    li = await member(ends, "李娜")

    answer = await fills(
        li,
        matter="",
        ground="promise",
        promised="",
        contact="123",
        words=" ",
        told_on="2020-01-01",
        known_on="2999-01-01",
        award_on="昨天",
        agreed="",
    )

    assert answer.status_code == 422 and "有 8 处要改" in answer.text
    for said in ("请选申请的事", "请看清楚承诺", "请写上事情的经过", "已经过了", "请核对年份", "应写成"):
        assert said in answer.text
    assert 'value="红星煤矿"' in answer.text
    assert await aid(ends) == []


async def test_hostile_values_are_mistakes(ends: Ends) -> None:
    li = await member(ends, "李娜")

    answer = await fills(
        li, matter="<script>", ground="x", wants="y", opponent="z", tried="'--", words="=1+1\0"
    )
    assert answer.status_code == 422 and "<script>" not in answer.text.split("<form")[1].split("</form>")[0]
    unknown = await li.taps(FORM, FORM, **RIGHT, consultation="FL-2026-9999")
    assert unknown.status_code == 404
    long = await fills(li, words="长" * 2001)
    assert "最多 2000 个字" in long.text


async def test_the_form_sent_twice_is_one_application(ends: Ends) -> None:
    li = await member(ends, "李娜")

    assert await applies(li) == await applies(li)
    assert len(await aid(ends)) == 1


async def test_what_a_consultation_told_is_taken_over(ends: Ends) -> None:
    li, now = await member(ends, "李娜"), ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        opened = await consult(session, await li.person_id(), now=now)
    assert opened.number in await li.reads(FORM)
    short = await li.reads(f"{FORM}?consultation={opened.number}")
    assert "说过" in short or "一起交给审查的人" in short
    assert 'name="opponent"' not in short

    given = {name: RIGHT[name] for name in ("ground", "promised", "wants", "agreed")}
    answer = await li.taps(FORM, FORM, **given, consultation=opened.number)
    assert answer.status_code == 303, answer.text

    ((case, row),) = await aid(ends)
    assert case.topic == "wages" and row.consultation_id is not None
    page = await li.reads(answer.headers["location"])
    assert "公司三个月没发工资" in page and opened.number in page


async def test_a_near_deadline_shows_whom_to_call(ends: Ends) -> None:
    li = await member(ends, "李娜")
    day = (ends.house.clock.now() + timedelta(days=3)).date().isoformat()

    page = await li.reads(await applies(li, told_on=day))

    assert "12348" in page and "12351" in page and "指派律师" in page


async def test_withdrawing_and_what_comes_too_late(ends: Ends) -> None:
    li = await member(ends, "李娜")
    address = await applies(li)
    assert (await li.taps(address, f"{address}/withdrawal")).status_code == 303
    assert "已撤回" in await li.reads(address)
    other = await applies(li, words="另一件")
    number = number_in(await li.reads(other))
    await staff(ends, lambda s, house, now: legal_aid_work.grant(s, number, house.wang, now))
    late = await forges(li, f"{other}/withdrawal")
    assert late.status_code == 422 and "同意援助，不能撤回" in late.text
    none = await forges(li, f"{other}/objection", why="")
    assert none.status_code == 422 and "没有可以提出异议的决定" in none.text


async def test_danger_in_the_words_is_answered_first(ends: Ends) -> None:
    li = await member(ends, "李娜")

    answer = await fills(li, words="我不想活了，抚恤金没有发")

    assert answer.status_code == 200 and "12356" in answer.text
    assert len(await aid(ends)) == 1
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(CrisisAlert.id))) == 1


async def test_nobody_reads_anothers_nor_without_a_token(ends: Ends) -> None:
    li, wang = await member(ends, "李娜"), await member(ends, "王强")
    address = await applies(li)

    assert (await wang.browser.get(address, headers=HTML)).status_code == 404
    for path in ("papers", "withdrawal", "objection"):
        assert (await forges(wang, f"{address}/{path}", text="x", why="x")).status_code == 404
    bare = await li.browser.post(FORM, data=RIGHT, headers=HTML)
    assert bare.status_code in (403, 422)
    ((case, _),) = await aid(ends)
    assert case.state is CaseState.SUBMITTED and case.kind is CaseKind.LEGAL_AID
