"""辟谣 on the portal: read by all, found first by search, brought by who is signed in and by who is not."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from models import ClarificationReport, CrisisAlert
from tests.api_app import API, api_ends, app_of, is_problem
from tests.both_ends import Ends
from tests.console_kit import ends
from tests.portal_member import HTML, member
from tests.rumouring import published

__all__ = ["ends"]
HOSTILE = "<script>alert(1)</script>{{7*7}}"


async def brought(ends: Ends) -> list[ClarificationReport]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(ClarificationReport).order_by(ClarificationReport.id)))


async def test_what_was_found_out_is_read_by_all_and_comes_first_in_search(ends: Ends) -> None:
    guest = ends.browser()
    assert "还没有发布过澄清" in (await guest.get("/clarifications", headers=HTML)).text
    async with ends.house.database.transaction() as session:
        row = await published(session, told=["下个月电费要涨一倍", HOSTILE])
        at = f"/clarifications/{row.public_id}"
    await ends.house.library.refresh(ends.house.database.reading)

    listed = (await guest.get("/clarifications?verdict=false&q=电价", headers=HTML)).text
    assert at in listed and "✕ 不实" in listed
    assert at not in (await guest.get("/clarifications?verdict=true", headers=HTML)).text
    assert at not in (await guest.get("/clarifications?q=<b>没有的词&after=nothing", headers=HTML)).text
    page = (await guest.get(at, headers=HTML)).text
    for said in (
        "✕ 不实",
        "黄陵县供电公司营销部",
        "https://example.gov.cn/price",
        "网传「下个月电费要涨一倍」：不实",
    ):
        assert said in page
    assert "&lt;p&gt;" not in page  # its paragraphs are such
    assert "<script>alert" not in page and 'property="og:title"' in page
    found = (await guest.get("/search?q=听说要涨电费", headers=HTML)).text
    first = re.search(r'aria-labelledby="(\w+)"', found)
    assert at in found and first and first[1] == "rumours"
    assert at in (await guest.get("/sitemap.xml")).text
    assert (await guest.get("/clarifications/nothing", headers=HTML)).status_code == 404


async def test_anybody_brings_a_claim_a_few_in_a_minute(ends: Ends) -> None:
    guest, filled = ends.browser(), {"words": "听说下周停电三天", "heard": "video"}
    answer = await guest.post(
        "/clarifications/report", data={"words": HOSTILE[:3], "heard": "moon"}, headers=HTML
    )
    assert answer.status_code == 422 and "请选从哪里听到的" in answer.text
    answer = await guest.post("/clarifications/report", data=filled, headers=HTML)
    assert answer.status_code == 200 and "PY-2026-0001" in answer.text
    await guest.post("/clarifications/report", data=filled, headers=HTML)
    answer = await guest.post("/clarifications/report", data=filled, headers=HTML)
    assert answer.status_code == 429 and "发得太快" in answer.text

    li = await member(ends, "李建国")
    assert "工作人员看不到" in await li.reads("/clarifications/report")
    answer = await li.browser.post("/clarifications/report", data=filled, headers=HTML)
    assert answer.status_code == 403
    answer = await li.taps("/clarifications/report", "/clarifications/report", **filled)
    assert "有结果会在公众号里告诉您" in answer.text
    assert [each.person is not None for each in await brought(ends)] == [False, False, True]
    await li.taps(
        "/clarifications/report", "/clarifications/report", words="他们说我不想活了", heard="people"
    )
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(CrisisAlert)) == 1


async def test_the_mini_program_reads_what_was_found_out_and_brings_what_is_heard(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with api_ends(database_url, tmp_path, monkeypatch) as ends:
        async with ends.house.database.transaction() as session:
            row = await published(session, told=["下个月电费要涨一倍", HOSTILE])
        li = await app_of(ends, "李娜")

        (item,) = (await li.gets(f"{API}/clarifications?verdict=false&q=电价"))["items"]
        assert (item["id"], item["verdict_label"]) == (row.public_id, "不实")
        assert not (await li.gets(f"{API}/clarifications?verdict=true"))["items"]
        whole = await li.gets(f"{API}/clarifications/{row.public_id}")
        assert whole["told"] == ["下个月电费要涨一倍", HOSTILE] and whole["evidence"][0]["text"]
        is_problem(await li.calls("GET", f"{API}/clarifications/{'x' * 16}"), 404, "not_found")

        async with ends.house.database.transaction() as session:
            await published(session, told=["以后欠一天费就停电"])
        newest = await li.gets(f"{API}/clarifications?limit=1")
        older = await li.gets(f"{API}/clarifications?limit=1&cursor={newest['next']}")
        assert (len(newest["items"]), older["next"]) == (1, None)
        assert {newest["items"][0]["id"], older["items"][0]["id"]} > {row.public_id}
        elsewhere = f"{API}/clarifications?q=电价&cursor={newest['next']}"  # a page of another list
        is_problem(await li.calls("GET", elsewhere), 422, "bad_cursor")

        given = {"words": "听说下周全县停电三天", "heard": "wechat"}
        first = (await li.acts(f"{API}/clarifications", given)).json()
        assert first == (await li.acts(f"{API}/clarifications", given)).json()  # brought already
        assert (first["known"], first["danger"]) == (None, "")
        same = (await li.acts(f"{API}/clarifications", given | {"words": "下个月电费要涨一倍"})).json()
        assert same["known"]["id"] == row.public_id
        is_problem(await li.acts(f"{API}/clarifications", given | {"heard": "moon"}), 422, "invalid")
