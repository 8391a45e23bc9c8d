"""HEAD: every page that can be read can be asked about without its body, and asking leaves no trace."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.main import web
from app.services import article_files, articles, board_work
from app.web.assets import address
from tests import booking
from tests.boarding import moderator, pending, seen, writer
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.portal_member import Visiting, member
from tests.test_portal_me import announce, leaves, link
from tests.test_portal_pages import HTML, first_link, write
from tests.test_portal_signing_in import back_from_wechat, half_way

PLAIN = HTML | {"Accept-Encoding": "identity"}  # what is packed on the way has another length


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


def readable(routes: Any) -> Iterator[str]:
    """The path of every route of ours that answers GET."""
    return (route.path for route in routes if "GET" in (getattr(route, "methods", None) or ()))


async def published(ends: Ends, folder: Path) -> str:
    write(folder / "news", "winter")
    async with ends.house.database.transaction() as session:
        await articles.load(session, article_files.load(folder / "news"), ends.house.clock.now())
    return first_link((await ends.web.get("/news", headers=HTML)).text, "/news")


NOWHERE: Final = {  # what is not there answers HEAD as it does GET
    "/news/{public_id}/comments": "/news/nothing/comments",
    "/news/{public_id}/media/{name}": "/news/nothing/media/nothing",
    "/news/{public_id}/media/{name}/{cut}/{width}": "/news/nothing/media/nothing/whole/480",
    "/t/{code}": "/t/nothing",
    "/c/{code}": "/c/nothing",
    "/me/sign-ups/{public_id}/certificate.pdf": "/me/sign-ups/nothing/certificate.pdf",
    "/lives/{public_id}": "/lives/nothing",
    "/lives/{public_id}/cover": "/lives/nothing/cover",
    "/panoramas/{public_id}": "/panoramas/nothing",
    "/panoramas/{public_id}/pictures/{picture}/{piece}": "/panoramas/nothing/pictures/nothing/preview",
    "/panoramas/{public_id}/hotspots/{hotspot}": "/panoramas/nothing/hotspots/nothing",
    "/appointments/{kind}": "/appointments/counselling",
    "/me/accounts/{public_id}": "/me/accounts/nothing",
    "/laws/{slug}": "/laws/nothing",
    "/{stem}.txt": "/MP_verify_nothing1.txt",
    "/services/{service_id}": "/services/legal-aid",
    "/exports/{secret}": "/exports/nothing",
    "/exports/{secret}/data.zip": "/exports/nothing/data.zip",
    "/me/staff/{secret}": "/me/staff/nothing",
    "/receipts/{public_id}": "/receipts/nothing",
    "/board/mine/{address}": "/board/mine/nothing",
    "/board/mine/{address}/edit": "/board/mine/nothing/edit",
    "/board/mine/{address}/pictures/{position}": "/board/mine/nothing/pictures/1",
    "/type/{size}": "/type/large?next=/services",
}


async def everything(ends: Ends, li: Visiting, folder: Path) -> dict[str, str]:
    """One real page for each path with a hole in it."""
    await announce(ends, "羽毛球赛")
    await leaves(ends, li, "灯坏了")
    async with ends.house.database.transaction() as session:
        booked = await booking.own(session, await li.person_id(), ends.house.clock.now())
        wang, post = await moderator(session), await pending(session, await writer(session))
        post = await board_work.publish(session, seen(post, wang), ends.house.clock.now())
    activity = first_link((await ends.web.get("/activities", headers=HTML)).text, "/activities")
    tip = (await ends.web.get("/tips", headers=HTML)).text.split('href="/tips/', 1)[1].partition('"')[0]
    return NOWHERE | {
        "/news/{public_id}": await published(ends, folder),
        "/activities/{public_id}": activity,
        "/activities/{public_id}/sign-up": f"{activity}/sign-up",
        "/me/sign-ups/{public_id}/change": activity.replace("/activities", "/me/sign-ups") + "/change",
        "/activities/{public_id}/calendar.ics": f"{activity}/calendar.ics",
        "/activities/{public_id}/colleague": f"{activity}/colleague",
        "/activities/{public_id}/team": f"{activity}/team",  # no teams there: says so
        "/teams/{public_id}": activity.replace("/activities", "/teams"),
        "/me/helped/{public_id}": activity.replace("/activities", "/me/helped"),
        "/check-in/{public_id}": activity.replace("/activities", "/check-in"),  # without a code: 403
        "/me/sign-ups/{public_id}/ticket": activity.replace("/activities", "/me/sign-ups") + "/ticket",
        "/activities/{public_id}/cover": f"{activity}/cover",  # without one: 404
        "/activities/{public_id}/feedback": f"{activity}/feedback",  # was not there: 404
        "/activities/{public_id}/photos": f"{activity}/photos",  # without an album: 404
        "/activities/{public_id}/photos/add": f"{activity}/photos/add",
        "/activities/{public_id}/photos/{code}": f"{activity}/photos/nothing",
        "/activities/{public_id}/photos/{code}/{size}": f"{activity}/photos/nothing/small",
        "/me/sign-ups/{public_id}": activity.replace("/activities", "/me/sign-ups"),  # never signed up: 404
        "/me/cases/{address}": link(await li.reads("/me/cases"), "/me/cases"),
        "/me/appointments/{public_id}": f"/me/appointments/{booked}",
        "/tips/{slug}": f"/tips/{tip}",
        "/clarifications/{public_id}": "/clarifications/nothing",  # none is published: 404
        "/clarifications/{public_id}/evidence/{name}": "/clarifications/nothing/evidence/none",
        "/clarifications/{public_id}/evidence/{name}/{cut}/{width}": (
            "/clarifications/nothing/evidence/none/whole/480"
        ),
        "/board/{public_id}": f"/board/{post.public_id}",
        "/board/{public_id}/pictures/{position}": f"/board/{post.public_id}/pictures/1",
    }


async def test_every_page_answers_head_as_it_answers_get(ends: Ends, tmp_path: Path) -> None:
    li = await member(ends, "李建国")
    real = await everything(ends, li, tmp_path)
    paths = [path for path in readable(web().routes) if path != "/metrics"]  # never twice alike
    assert {"/", "/news", "/me", "/services", "/signed-in", "/healthz"} <= set(paths)
    assert {path for path in paths if "{" in path} == set(real)

    for path in [*(real.get(path, path) for path in paths), address("portal.css"), "/signing-in?next=/me"]:
        for browser in (ends.web, li.browser):
            head, get = await browser.head(path, headers=PLAIN), await browser.get(path, headers=PLAIN)
            if path != "/signed-in":  # what it answers a browser is for that browser alone
                assert (path, described(head)) == (path, described(get))
            assert head.status_code < 405, path
    assert (await ends.web.head("/metrics")).status_code == 200


def described(answer: httpx.Response) -> dict[str, object]:
    names = ("content-type", "content-length", "cache-control", "location", "content-security-policy")
    headers = {name: answer.headers.get(name) for name in names}
    if (headers["location"] or "").startswith("http"):  # to WeChat, with a state that is new each time
        headers["location"] = httpx.URL(headers["location"] or "").path
    return headers | {"status": answer.status_code}


async def test_a_form_is_no_page(ends: Ends) -> None:
    assert (await ends.web.head("/sign-out")).status_code == 405


async def test_who_is_not_signed_in_is_sent_to_sign_in(ends: Ends) -> None:
    answer = await ends.web.head("/me/cases")

    assert (answer.status_code, answer.headers["location"]) == (303, "/signing-in?next=%2Fme%2Fcases")


async def test_asking_about_an_article_is_no_reading(ends: Ends, tmp_path: Path) -> None:
    article = await published(ends, tmp_path)

    await ends.web.head(article)
    await ends.house.rounds.once()

    assert "阅读 1" in (await ends.web.get(article, headers=HTML)).text


async def test_looking_at_the_way_back_from_wechat_does_not_spend_the_code(ends: Ends) -> None:
    wang, browser = await ends.platform.follower("王秀兰"), ends.browser()
    await wang.opens(f"{OURS}/services", browser)
    back = await back_from_wechat(browser, await half_way(browser))

    assert (await browser.head(back)).status_code == 303
    assert (await browser.get(back)).headers["location"] == "/me"

    assert (await browser.get("/me", headers=HTML)).status_code == 200
