"""What the API says beside the answer: tags, what may be kept, how often one may ask; and pages of lists."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request

from app.services import articles
from app.web.limits import MOST, Limit, address_of
from models import Article, ArticleCategory, ArticleState
from tests import api_app
from tests.api_app import API, RIGHT, App, announce, api_ends, app_of, is_problem, leaves
from tests.both_ends import Ends
from tests.conftest import FakeClock

ends, li = api_app.ends, api_app.li


async def publish(ends: Ends, count: int) -> None:
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        for number in range(count):
            session.add(
                Article(
                    category=ArticleCategory.UNION if number % 2 else ArticleCategory.NOTICE,
                    title=f"第 {number} 篇",
                    blocks=[{"type": "paragraph", "spans": [{"text": "正文"}]}],
                    state=ArticleState.PUBLISHED,
                    published_at=now - timedelta(hours=number // 2),  # two at the same moment
                    created_at=now,
                    updated_at=now,
                )
            )


async def pages(ask: App, path: str, limit: int) -> list[Any]:
    """Every entry of a list, page by page."""
    found: list[Any] = []
    joint = "&" if "?" in path else "?"
    address = f"{path}{joint}limit={limit}"
    cursor = ""
    while True:
        page = await ask.gets(f"{address}{cursor}")
        found += page["items"]
        assert len(page["items"]) <= limit
        if page["next"] is None:
            return found
        assert len(page["items"]) == limit
        cursor = f"&cursor={page['next']}"


# --- tags --------------------------------------------------------------------------------------------------


async def test_who_has_an_answer_is_told_that_it_is_the_same(ends: Ends, li: App) -> None:
    first = await li.calls("GET", f"{API}/me")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-store"  # about a person: no cache keeps it, an app may

    for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await li.calls("GET", f"{API}/me", If_None_Match=asked)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await li.calls("GET", f"{API}/me", If_None_Match='"other"')).status_code == 200

    await li.calls("PUT", f"{API}/me/membership", RIGHT)
    assert (await li.calls("GET", f"{API}/me", If_None_Match=tag)).status_code == 200


async def test_what_is_everybodys_may_be_kept_and_is_asked_after(ends: Ends, li: App) -> None:
    await publish(ends, 1)
    article = (await li.gets(f"{API}/news"))["items"][0]["id"]
    for path in ("/news", f"/news/{article}", "/tips", "/activities", "/hotlines", "/services"):
        answer = await ends.web.get(f"{API}{path}")
        assert answer.headers["cache-control"] == "public, no-cache", path
        again = await ends.web.get(f"{API}{path}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304, path
        assert again.headers["cache-control"] == "public, no-cache"
    missing = await ends.web.get(f"{API}/news/none")
    assert missing.headers["cache-control"] == "no-store"


async def test_reading_an_article_counts_and_does_not_change_its_tag(ends: Ends) -> None:
    await publish(ends, 1)
    article = (await ends.web.get(f"{API}/news")).json()["items"][0]["id"]
    first = await ends.web.get(f"{API}/news/{article}")
    assert first.json()["blocks"][0]["spans"][0]["text"] == "正文"
    await ends.house.rounds.once()

    second = await ends.web.get(f"{API}/news/{article}")

    assert (second.json()["reads"], second.headers["etag"]) == (1, first.headers["etag"])


async def test_a_change_may_say_what_it_saw(ends: Ends, li: App) -> None:
    run = await announce(ends)
    made = await li.acts(f"{API}/activities/{run.public_id}/sign-ups", {})
    own = f"{API}/me/sign-ups/{made.json()['id']}"
    seen = (await li.calls("GET", own)).headers["etag"]
    assert seen == made.headers["etag"]

    is_problem(await li.acts(f"{own}/cancel", If_Match='"other"'), 412, "changed_meanwhile")
    is_problem(await li.acts(f"{own}/cancel", If_Match=f"W/{seen}"), 412, "changed_meanwhile")
    cancelled = await li.acts(f"{own}/cancel", If_Match=seen)
    assert cancelled.json()["state"] == "cancelled"
    is_problem(await li.acts(f"{own}/cancel", If_Match=seen), 412, "changed_meanwhile")
    assert (await li.acts(f"{own}/cancel", If_Match="*")).status_code == 200

    bound = await li.calls("PUT", f"{API}/me/membership", RIGHT)
    unbind = await li.calls("DELETE", f"{API}/me/membership", If_Match='"other"')
    is_problem(unbind, 412, "changed_meanwhile")
    unbind = await li.calls("DELETE", f"{API}/me/membership", If_Match=bound.headers["etag"])
    assert unbind.status_code == 204


# --- pages -------------------------------------------------------------------------------------------------


async def test_lists_are_read_whole_and_nothing_twice(ends: Ends, li: App) -> None:
    await publish(ends, 7)
    for number in range(5):
        run = await announce(ends, f"活动 {number}")
        await li.acts(f"{API}/activities/{run.public_id}/sign-ups", {})
        await leaves(ends, li, "更衣室的灯坏了")

    for path, count in (
        ("/news", 7),
        ("/news?category=union", 3),
        ("/activities", 5),
        ("/me/sign-ups", 5),
        ("/me/cases", 5),
    ):
        whole = (await li.gets(f"{API}{path}"))["items"]
        assert len(whole) == count
        for limit in (1, 2, 5):
            assert await pages(li, f"{API}{path}", limit) == whole, path


async def test_what_comes_and_goes_in_between_moves_nothing(ends: Ends, li: App) -> None:
    await publish(ends, 4)
    first = await li.gets(f"{API}/news?limit=2")
    async with ends.house.database.transaction() as session:
        newest = (await articles.list_published(session, ends.house.clock.now(), 1))[0]
        newest.state = ArticleState.WITHDRAWN

    rest = await li.gets(f"{API}/news?limit=2&cursor={first['next']}")

    assert [each["title"] for each in rest["items"]] == ["第 3 篇", "第 2 篇"]


async def test_a_list_of_activities_keeps_the_order_it_began_with(ends: Ends, li: App) -> None:
    now = ends.house.clock.now()
    for number, opens in enumerate((1, -24, -24)):  # the first opens only later, in an hour
        await announce(ends, f"活动 {number}", opens_at=now + timedelta(hours=opens))
    first = await li.gets(f"{API}/activities?limit=2")
    await ends.moves_time(hours=2)
    await li.logs_in()

    rest = await li.gets(f"{API}/activities?limit=2&cursor={first['next']}")

    assert [each["title"] for each in first["items"] + rest["items"]] == ["活动 1", "活动 2", "活动 0"]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "字", "a" * 601, "null", "%00", "e30="])
async def test_a_forged_cursor_is_refused(ends: Ends, cursor: str) -> None:
    for path in ("/news", "/tips", "/activities"):
        answer = await ends.web.get(f"{API}{path}", params={"cursor": cursor})
        assert answer.status_code == 422, path
        assert answer.json()["code"] in ("bad_cursor", "invalid")


async def test_a_cursor_is_good_for_its_list_only(ends: Ends, li: App) -> None:
    await publish(ends, 4)
    cursor = (await li.gets(f"{API}/news?limit=1"))["next"]

    answer = await ends.web.get(f"{API}/news?category=union&cursor={cursor}")
    is_problem(answer, 422, "bad_cursor")
    broken = cursor[:-4] + ("AAAA" if not cursor.endswith("AAAA") else "BBBB")
    is_problem(await ends.web.get(f"{API}/news?cursor={broken}"), 422, "bad_cursor")


@pytest.mark.parametrize("limit", ["0", "51", "-1", "x", "1e9", ""])
async def test_a_page_has_one_to_fifty(ends: Ends, limit: str) -> None:
    is_problem(await ends.web.get(f"{API}/news?limit={limit}"), 422, "invalid")


# --- limits ------------------------------------------------------------------------------------------------


async def test_who_asks_too_often_waits(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"api_per_person": 3, "api_per_address": 20, "api_log_ins": 5}
    async with api_ends(database_url, tmp_path, monkeypatch, **few) as ends:
        clock = FakeClock()
        gate = ends.service._gate
        assert gate is not None
        for limit in vars(gate.limits).values():
            limit._stopwatch = clock.monotonic
        li, zhang = await app_of(ends, "李娜"), await app_of(ends, "张伟")

        for _ in range(3):
            assert (await li.calls("GET", f"{API}/me")).status_code == 200
        refused = await li.calls("GET", f"{API}/me")
        is_problem(refused, 429, "too_many")
        assert refused.headers["retry-after"] == "20"
        assert (await zhang.calls("GET", f"{API}/me")).status_code == 200  # from the same address
        clock.advance(20)
        assert (await li.calls("GET", f"{API}/me")).status_code == 200

        for _ in range(4):
            await li.posts(f"{API}/auth/refresh", {"refresh_token": "guessed"})
        is_problem(await li.posts(f"{API}/auth/refresh", {"refresh_token": "guessed"}), 429, "too_many")

        answers = [await ends.web.get(f"{API}/hotlines") for _ in range(20)]
        assert {each.status_code for each in answers} == {200, 429}
        is_problem(await ends.web.get(f"{API}/me"), 429, "too_many")  # guessing tokens counts too
        assert (await zhang.calls("GET", f"{API}/me")).status_code == 200


def test_a_pause_saves_up_one_minute_and_no_more() -> None:
    clock = FakeClock()
    limit = Limit(2, clock.monotonic)
    for pause in (0, 0, 60 * 60, 0):
        clock.advance(pause)
        assert limit.spend("li") == 0
    assert limit.spend("li") > 0


def test_memory_has_an_end() -> None:
    clock = FakeClock()
    limit = Limit(60, clock.monotonic)
    for number in range(MOST):
        limit.spend(str(number))
    clock.advance(2)
    limit.spend("one more")
    assert len(limit._buckets) == 1


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("made up", "made up"),
    ],
)
def test_an_address_is_that_of_a_house(host: str, counted: str) -> None:
    assert address_of(Request({"type": "http", "client": (host, 1)})) == counted
    assert address_of(Request({"type": "http", "client": None})) == ""
