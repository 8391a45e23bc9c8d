"""Consents and rights over one's data in the API: seen, taken back, deleted, closed."""

from typing import Any

import sqlalchemy as sa

from models import Consent
from tests import api_app
from tests.api_app import MEMBERSHIP, RIGHT, App, is_problem
from tests.both_ends import Ends

PRIVACY = "/api/v1/me/privacy"

ends, li = api_app.ends, api_app.li


async def test_consent_is_given_with_the_version_that_was_read_and_taken_back(li: App) -> None:
    asked = {each["key"]: each for each in (await li.gets(f"{PRIVACY}/consents"))["items"]}
    assert not asked["membership"]["agreed"] and asked["legal_aid"]["sensitive"]
    right = {**RIGHT, "consent_version": asked["membership"]["version"]}
    assert (await li.calls("PUT", MEMBERSHIP, right)).status_code == 200

    given = (await li.gets(f"{PRIVACY}/consents"))["items"][0]
    assert given["agreed"] and given["agreed_at"]
    for _ in range(2):
        assert (await li.calls("DELETE", f"{PRIVACY}/consents/membership")).status_code == 204

    assert (await li.calls("GET", MEMBERSHIP)).status_code == 404
    is_problem(await li.calls("DELETE", f"{PRIVACY}/consents/chat"), 404, "not_found")


async def test_a_notice_that_changed_is_agreed_to_anew(ends: Ends, li: App) -> None:
    path, present = f"{PRIVACY}/consents/membership", {"consent_version": RIGHT["consent_version"]}
    is_problem(await li.calls("PUT", path, present), 409, "refused")
    await li.calls("PUT", MEMBERSHIP, RIGHT)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(Consent).values(version="2020-01"))
    given = (await li.gets(f"{PRIVACY}/consents"))["items"][0]
    assert (given["agreed"], given["agreed_at"], given["outdated"]) == (False, None, True)

    is_problem(await li.calls("PUT", path, {"consent_version": "2020-01"}), 422, "consent_needed")
    for _ in range(2):
        assert (await li.calls("PUT", path, present)).status_code == 204

    given = (await li.gets(f"{PRIVACY}/consents"))["items"][0]
    assert (given["agreed"], given["outdated"]) == (True, False)
    is_problem(await li.calls("PUT", f"{PRIVACY}/consents/chat", present), 404, "not_found")


async def test_all_that_is_kept_is_read_by_its_owner(li: App) -> None:
    await li.calls("PUT", MEMBERSHIP, RIGHT)

    own = (await li.calls("GET", f"{PRIVACY}/data")).json()

    assert own["membership"]["rows"][0]["born_on"] == "1985-03-05"
    assert own["logins"]["rows"] and own["logins"]["fields"]["started_at"] == "登录时间"


async def test_a_part_is_deleted_and_something_corrected_with_receipts(li: App) -> None:
    done = await li.acts_as("POST", f"{PRIVACY}/deletions", {"parts": ["messages", "cases"]})
    asked = await li.acts_as("POST", f"{PRIVACY}/corrections", {"what": "手机号应为 139 开头"})

    assert (done.status_code, asked.status_code) == (201, 201)
    receipts = (await li.gets(f"{PRIVACY}/requests"))["items"]
    assert [each["number"] for each in receipts] == ["QX-2026-0002", "QX-2026-0001"]
    wrong: list[dict[str, Any]] = [{"parts": []}, {"parts": ["everything"]}, {}]
    for parts in wrong:
        is_problem(await li.acts_as("POST", f"{PRIVACY}/deletions", parts), 422, "invalid")
    for words in ("  ", "长" * 501):
        is_problem(await li.acts_as("POST", f"{PRIVACY}/corrections", {"what": words}), 422, "invalid")


async def test_closing_needs_a_yes_and_ends_every_login(li: App) -> None:
    is_problem(await li.acts_as("POST", f"{PRIVACY}/closing", {"sure": False}), 422, "not_sure")

    done = await li.acts_as("POST", f"{PRIVACY}/closing", {"sure": True})

    assert done.status_code == 201
    assert "登录" in done.json()["lines"][-1]["what"]
    is_problem(await li.calls("GET", "/api/v1/me"), 401, "sign_in_needed")
    is_problem(await li.refreshes(), 401, "sign_in_needed")
