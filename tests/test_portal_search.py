"""One search over everything, and the service hall it knows: grouped, escaped, danger first."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.portal.templating import marked
from app.services import activities, finding, hall, library
from app.web.icons import ICONS
from models import CrisisAlert
from tests import making
from tests.both_ends import Ends, both_ends, settings_for
from tests.portal_member import HTML, member
from tests.rooms import ROOT
from tests.shipped import answers
from tests.test_portal_pages import page, publish, write


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


@pytest.fixture
async def stocked(ends: Ends, tmp_path: Path) -> Ends:
    """Everything we ship, two articles and an activity."""
    async with ends.house.database.transaction() as session:
        await library.load(session, answers(), ends.house.clock.now())
        await making.activity(session, "羽毛球赛 100%", place="职工活动中心")
        call = await making.activity(session, "羽毛球赛·取消的")
        await activities.call_off(session, call.public_id, by="王强", now=ends.house.clock.now())
    await ends.house.refresh()
    write(tmp_path / "news", "winter", title="立冬特巡")
    write(tmp_path / "news", "safety", title="插座检查月 <i>", day="2026-11-21")
    await publish(ends, tmp_path / "news")
    return ends


def groups(text: str) -> dict[str, int]:
    """Headings of the results, and how many each says it has."""
    found = re.findall(r'<h2 class="weui-cells__title" id="\w+">(.+?)<span class="count"> (\d+)</span>', text)
    return {label: int(count) for label, count in found}


async def test_everything_that_fits_is_found_by_kind(stocked: Ends) -> None:
    found = await page(stocked, "/search?q=插座")

    assert groups(found)["新闻"] == 1
    assert groups(found)["用电安全"] >= 1
    assert 'href="/tips/socket-sparks"' in found
    assert f"找到 {sum(groups(found).values())} 条" in found
    assert '<input type="search" name="q" value="插座"' in found
    assert groups(await page(stocked, "/search?q=年假"))["劳动权益"] >= 1
    assert groups(await page(stocked, "/search?q=律师"))["服务"] >= 1
    assert 'href="tel:12348"' in await page(stocked, "/search?q=法律 热线")
    assert 'href="tel:029-12351"' in await page(stocked, "/search?q=12351")


async def test_news_are_found_by_their_text_and_all_words_must_fit(stocked: Ends) -> None:
    for words in ("公里", "立冬", "公司工会 立冬", "塬上"):
        assert "立冬特巡" in re.sub("</?mark>", "", await page(stocked, f"/search?q={words}")), words
    assert "新闻" not in groups(await page(stocked, "/search?q=立冬 羽毛球"))


async def test_activities_are_found_but_those_called_off_are_not(stocked: Ends) -> None:
    found = await page(stocked, "/search?q=羽毛球")

    assert groups(found)["活动"] == 1
    assert "取消的" not in found


@pytest.mark.parametrize("words", ["%", "_", "100_", "\\", "0%25 x", "%25%25"])
async def test_signs_of_the_database_are_ordinary_signs(stocked: Ends, words: str) -> None:
    found = groups(await page(stocked, f"/search?q={words.replace('%', '%25') if len(words) < 3 else words}"))

    assert found.get("活动", 0) == (1 if words == "%" else 0)


async def test_what_was_typed_and_what_was_found_are_escaped(stocked: Ends) -> None:
    found = await page(stocked, "/search?q=<script>alert(1)</script>\"'")
    assert "<script>alert" not in found
    assert "&lt;script&gt;" in found

    found = await page(stocked, "/search?q=<i>")
    assert "插座检查月 <mark>&lt;i&gt;</mark>" in found


def test_marks_stand_around_words_and_nothing_else() -> None:
    assert marked("a<b>&", ["<b"]) == "a<mark>&lt;b</mark>&gt;&amp;"
    assert marked("插座 Ab", ["插", "插座", "aB"]) == "<mark>插座</mark> <mark>Ab</mark>"
    assert marked("<", []) == "&lt;"


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("", ()),
        (" \t\n", ()),
        ("插座　火花", ("插座", "火花")),
        ("A a A", ("a",)),
        ("a\0b\u202ec\ud800", ("a", "b", "c")),
        ("x" * 5000, ("x" * 60,)),
        (" ".join("一二三四五六七"), tuple("一二三四五")),
        ("👷‍♂️", ("👷", "♂️")),
    ],
)
def test_any_text_is_one_to_look_for(typed: str, terms: tuple[str, ...]) -> None:
    assert finding.Sought.parse(typed).terms == terms


@pytest.mark.parametrize(
    "typed", ["%00", "%ff%fe", "%F0%9F%98%82", "x" * 3000, "'; drop table person; --", "[", "("]
)
async def test_odd_searches_are_pages_too(stocked: Ends, typed: str) -> None:
    answer = await stocked.web.get(f"/search?q={typed}", headers=HTML)

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "试试搜这些" in answer.text


async def test_without_words_and_without_results_one_reads_what_to_try(ends: Ends) -> None:
    assert "试试搜这些" in await page(ends, "/search")
    nothing = await page(ends, "/search?q=量子纠缠")
    assert "没有找到「量子纠缠」" in nothing
    assert 'href="/search?q=%E5%81%9C%E7%94%B5"' in nothing
    assert await ends.house.unanswered.flush(ends.house.database.transaction) == 0


@pytest.mark.parametrize(
    ("words", "number"),
    [("有人触电了", "120"), ("家里着火了", "119"), ("电线掉地上了", "95598"), ("我不想活了", "12356")],
)
async def test_danger_is_answered_before_anything_else(stocked: Ends, words: str, number: str) -> None:
    found = await page(stocked, f"/search?q={words}")

    warning = found[found.index('class="urgent"') :]
    assert f'href="tel:{number}"' in warning.partition("</div>")[0]
    assert found.index('class="urgent"') < found.index('<h2 class="weui-cells__title"')


async def test_a_search_alerts_nobody_and_promises_nobody_to(ends: Ends) -> None:
    li = await member(ends, "李建国")

    found = await li.reads("/search?q=我不想活了")

    assert "您不是一个人" in found
    assert "值班同事" not in found
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(CrisisAlert)) == 0


# --- the hall ----------------------------------------------------------------------------------------------


def test_every_service_has_a_short_name_a_picture_and_one_way_to_it() -> None:
    for each in hall.SERVICES:
        assert 2 <= len(each.name) <= 4, each.name
        assert each.picture in ICONS
        assert bool(each.page) != bool(each.say)
        assert re.fullmatch(r"[a-z-]+", each.id)
    assert len({each.id for each in hall.SERVICES}) == len(hall.SERVICES)


async def test_every_service_leads_to_a_page_that_is_there(ends: Ends) -> None:
    li = await member(ends, "李建国")

    for each in hall.SERVICES:
        if not each.address.startswith("tel:"):
            answer = await li.browser.get(each.address, headers=HTML)
            assert answer.status_code == 200, each.address
            assert each.say in answer.text
    assert (await ends.web.get("/services/nothing", headers=HTML)).status_code == 404
    assert (await ends.web.get("/services/news", headers=HTML)).status_code == 404


def test_every_word_to_send_leads_somewhere_in_the_chat() -> None:
    menus = (ROOT / "menus.yaml").read_text(encoding="utf-8")
    for each in hall.SERVICES:
        assert not each.say or each.say in menus or each.id == "ask" or each.say == "人工", each.say


async def test_what_is_for_members_is_shown_to_members_and_others_read_how(ends: Ends) -> None:
    li = await member(ends, "李建国")
    outside = await page(ends, "/services")
    assert "绑定工号" in outside
    assert "成为认证会员以后还有：会员信息" in outside

    async with ends.house.database.transaction() as session:
        await making.member(session, person_id=await li.person_id())
    inside = await li.reads("/services")

    assert "会员信息" in inside
    assert "绑定工号" not in inside
    assert groups(await li.reads("/search?q=会员"))["服务"] == 1


async def test_home_and_hall_show_the_most_used_first_and_how_to_look(ends: Ends) -> None:
    first = [each.address for each in hall.for_whom(member=False)[: hall.COMMON]]
    for path in ("/", "/services"):
        shown = await page(ends, path)
        grid = shown[shown.index('aria-label="常用服务"') :].partition("</nav>")[0]
        assert re.findall(r'href="([^"]+)"', grid) == first
        assert 'action="/search"' in shown


async def test_larger_type_is_kept_by_the_browser_alone(ends: Ends) -> None:
    browser = ends.browser()
    assert '<html lang="zh-CN">' in (await browser.get("/")).text

    answer = await browser.get("/type/large?next=/services")
    assert (answer.status_code, answer.headers["location"]) == (303, "/services")
    assert '<html lang="zh-CN" class="large">' in (await browser.get("/")).text
    assert "标准字" in (await browser.get("/")).text
    assert (await browser.head("/type/usual")).status_code == 303
    assert 'class="large"' in (await browser.get("/")).text

    await browser.get("/type/usual?next=//evil.cn")
    assert '<html lang="zh-CN">' in (await browser.get("/")).text
    for kept in ('gonghui_type="', "gonghui_type=huge", "gonghui_type", "a\x01b; gonghui_type=large"):
        assert (await ends.web.get("/", headers={"Cookie": kept})).status_code == 200


def test_json_spells_as_the_search_of_articles_expects() -> None:
    assert json.dumps("插") == '"\\u63d2"'
