"""Attacks on every page of the portal, taken from the table of routes: a new page is attacked too.

Signing in under attack is in `test_portal_signing_in.py`.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import sqlalchemy as sa

from app.main import web
from models.base import Base
from sandbox.driver import Phone
from tests import booking, making
from tests.both_ends import OURS, Ends, both_ends, settings_for
from tests.portal_member import HTML, TOKEN, Visiting, member
from tests.test_portal_me import announce, leaves, link
from tests.test_portal_pages import first_link, publish, write

OUT = "/sign-out"  # for whoever is not signed in it does nothing, and says so
INLINE = re.compile(r"<script(?![^>]* src=\"/static/)|<style|\sstyle=|\son\w+=|javascript:")
OF_ONE = ("cases", "sign-ups", "appointments")
HOLE = re.compile(r"\{(\w+)\}")


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


def routes(listed: Any, method: str) -> Iterator[str]:
    """The path of every route of ours that takes `method`."""
    return (route.path for route in listed if method in (getattr(route, "methods", None) or ()))


def paths(ends: Ends, method: str) -> list[str]:
    return [path for path in routes(web().routes, method) if not path.startswith("/api/")]


def is_own(path: str) -> bool:
    return path == "/me" or path.startswith("/me/")


async def everything(ends: Ends) -> dict[str, list[Any]]:
    """All rows of all tables but those that only say that time passed."""
    passing = {"lease", "access_token", "shared_version"}
    async with ends.house.database.reading() as session:
        return {
            table.name: list((await session.execute(sa.select(table).order_by(table.c.id))).all())
            for table in Base.metadata.sorted_tables
            if table.name not in passing and "id" in table.c
        }


async def owning(ends: Ends, name: str, number: str) -> Visiting:
    """Somebody with something of every kind."""
    who = await member(ends, name)
    async with ends.house.database.transaction() as session:
        await making.member(
            session,
            name,
            staff_number=number,
            person_id=await who.person_id(),
            bound_at=ends.house.clock.now(),
        )
    await leaves(ends, who, f"{name}说灯坏了")
    return who


async def filled(ends: Ends, li: Visiting) -> dict[str, str]:
    """For each hole in a path something real, of 李建国 where it is anybody's."""
    page = (await ends.web.get("/activities", headers=HTML)).text
    activity = first_link(page, "/activities").rpartition("/")[2]
    own = link(await li.reads("/me/sign-ups"), "/me/sign-ups").rpartition("/")[2]
    async with ends.house.database.transaction() as session:
        booked = await booking.own(session, await li.person_id(), ends.house.clock.now())
        helped = await making.helped(session, await li.person_id(), ends.house.clock.now())
        team = await making.team(session, await li.person_id(), ends.house.clock.now())
    return {
        "/me/helped": helped,
        "/teams": team,
        "/me/sign-ups": own,
        "/activities": activity,
        "/check-in": activity,
        "/me/cases": link(await li.reads("/me/cases"), "/me/cases").rpartition("/")[2],
        "/me/appointments": booked,
        "kind": "counselling",
        "act": "cancel",
        "size": "large",
        "service_id": "legal-aid",
    }


def real(path: str, found: dict[str, str]) -> str:
    start = path.partition("/{")[0]
    return HOLE.sub(lambda hole: found.get(hole[1]) or found.get(start) or "nothing", path)


# --- forms -------------------------------------------------------------------------------------------------


async def test_no_form_works_without_the_token_of_its_session(ends: Ends) -> None:
    li, zhang = await owning(ends, "李建国", "10001"), await member(ends, "张伟")
    run = await announce(ends, "健步走")
    await li.taps(f"/activities/{run.public_id}", f"/activities/{run.public_id}/sign-up")
    found = await filled(ends, li)
    token = TOKEN.search(await zhang.reads("/me"))
    assert token
    forms = paths(ends, "POST")
    assert {OUT, "/me/membership/unbind", "/me/devices/sign-out-others"} <= set(forms)
    before = await everything(ends)

    for path in forms:
        address = real(path, found)
        for sent in ({}, {"token": ""}, {"token": "0" * 64}, {"token": token[1]}, {"token": "字"}):
            answer = await li.browser.post(address, data=sent, headers=HTML)
            assert answer.status_code == 403, (path, sent, answer.status_code)
            assert "set-cookie" not in answer.headers
        foreign = await ends.browser().post(address, data={"token": token[1]}, headers=HTML)
        assert (foreign.status_code == 403) or path == OUT, path
        # A token in the address is none: addresses are kept in logs and sent on.
        answer = await li.browser.post(f"{address}?token={token[1]}", headers=HTML)
        assert answer.status_code == 403, path

    assert await everything(ends) == before
    assert (await li.browser.get("/me", headers=HTML)).status_code == 200


async def test_every_form_of_a_page_carries_the_token(ends: Ends) -> None:
    li = await owning(ends, "李建国", "10001")
    run = await announce(ends, "健步走")
    await li.taps(f"/activities/{run.public_id}", f"/activities/{run.public_id}/sign-up")
    found = await filled(ends, li)

    for path in paths(ends, "GET"):
        text = (await li.browser.get(real(path, found), headers=HTML)).text
        for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
            assert TOKEN.search(form), (path, form)


# --- headers -----------------------------------------------------------------------------------------------


async def test_every_answer_tells_browsers_what_they_may_do(ends: Ends, tmp_path: Path) -> None:
    li = await owning(ends, "李建国", "10001")
    run = await announce(ends, "健步走")
    await li.taps(f"/activities/{run.public_id}", f"/activities/{run.public_id}/sign-up")
    write(tmp_path / "news", "winter")
    await publish(ends, tmp_path / "news")
    found = await filled(ends, li)

    for path in [*paths(ends, "GET"), "/nothing", "/static/portal.css", "/static/nothing", "/api/v1/nothing"]:
        for browser in (ends.browser(), li.browser):
            answer = await browser.get(real(path, found), headers=HTML)
            parts = map(str.split, answer.headers["content-security-policy"].split(";"))
            policy = {name: values for name, *values in parts}
            assert policy["default-src"] == ["'self'"], path
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert policy["object-src"] == policy["base-uri"] == ["'none'"]
            assert policy["form-action"] == ["'self'"]
            assert "*" not in " ".join(policy["frame-ancestors"])
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            if "text/html" in answer.headers.get("content-type", ""):
                assert not INLINE.search(answer.text), path


async def test_what_is_somebodys_is_kept_by_nobody(ends: Ends) -> None:
    li = await owning(ends, "李建国", "10001")
    for path in paths(ends, "GET"):
        answer = await li.browser.get(HOLE.sub("nothing", path), headers=HTML)
        if is_own(path) or "李建国" in answer.text or TOKEN.search(answer.text):
            assert answer.headers["cache-control"] == "no-store", path
            assert "content-encoding" not in answer.headers


# --- what is another's -------------------------------------------------------------------------------------


async def test_nobody_is_shown_or_moves_what_is_another_persons(ends: Ends) -> None:
    li, zhang = await owning(ends, "李建国", "10001"), await owning(ends, "张伟", "10002")
    run = await announce(ends, "健步走")
    await li.taps(f"/activities/{run.public_id}", f"/activities/{run.public_id}/sign-up")
    found = await filled(ends, li)
    token = TOKEN.search(await zhang.reads("/me"))
    assert token
    with_holes = [path for path in paths(ends, "GET") if "{" in path and is_own(path)]
    assert with_holes

    for path in with_holes:
        answer = await zhang.browser.get(real(path, found), headers=HTML)
        assert answer.status_code == 404, path
        assert "李建国" not in answer.text
    for path in [path for path in paths(ends, "GET") if is_own(path)]:
        text = (await zhang.browser.get(real(path, found), headers=HTML)).text
        assert not any(
            word in text for word in ("李建国", "10001", *(found[f"/me/{of}"] for of in OF_ONE))
        ), path
    for path in [path for path in paths(ends, "POST") if "{" in path and is_own(path)]:
        answer = await zhang.browser.post(real(path, found), data={"token": token[1]}, headers=HTML)
        assert answer.status_code in (404, 422), path

    assert "报名成功" in await li.reads(f"/me/sign-ups/{found['/me/sign-ups']}")


async def test_whoever_is_not_signed_in_is_shown_nothing_of_anybody(ends: Ends) -> None:
    li = await owning(ends, "李建国", "10001")
    for path in [path for path in paths(ends, "GET") if is_own(path)]:
        answer = await ends.web.get(HOLE.sub("nothing", path), headers=HTML)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/signing-in"), (
            path
        )
    assert li.browser.cookies


# --- where one is sent -------------------------------------------------------------------------------------

ELSEWHERE = (
    "//evil.cn",
    "https://evil.cn",
    "/\\evil.cn",
    "javascript:alert(1)",
    "/%2fevil.cn",
    "\t//evil.cn",
)


async def test_no_address_sends_anybody_to_another_site(ends: Ends) -> None:
    wang: Phone = await ends.platform.follower("王秀兰")
    browser = ends.browser()
    await wang.opens(f"{OURS}/me", browser)
    for path in paths(ends, "GET"):
        for name in ("next", "to", "url", "redirect", "return", "redirect_uri", "q", "category"):
            for wanted in ELSEWHERE:
                answer = await browser.get(real(path, {"size": "large"}), params={name: wanted}, headers=HTML)
                host = urlsplit(urljoin(OURS, answer.headers.get("location", "/"))).netloc
                assert host == urlsplit(OURS).netloc, (path, name, wanted)


# --- share signatures --------------------------------------------------------------------------------------


async def test_only_pages_of_ours_are_signed(ends: Ends) -> None:
    signed = await ends.web.get("/share/signature", params={"url": f"{OURS}/news?page=2"})
    assert signed.status_code == 200
    assert set(signed.json()["config"]) == {"appId", "timestamp", "nonceStr", "signature"}
    assert signed.headers["cache-control"] == "no-store"

    for url in ("", "https://evil.cn/", f"{OURS}.evil.cn/", f"{OURS}@evil.cn/", OURS, "x" * 2000):
        assert (await ends.web.get("/share/signature", params={"url": url})).status_code == 404, url


async def test_without_a_ticket_pages_work_and_nothing_is_signed(ends: Ends) -> None:
    await ends.platform.misbehaves(
        fail_next={"path": "/cgi-bin/ticket/getticket", "errcode": 48001, "times": 5}
    )

    assert (await ends.web.get("/share/signature", params={"url": f"{OURS}/"})).status_code == 404
    assert 'property="og:title"' in (await ends.web.get("/")).text
