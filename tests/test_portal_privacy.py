"""隐私 on the portal: read, agreed, taken back, exported, corrected, deleted, closed."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app.errors import OperatorError
from app.services.privacy_files import NOT_NAMED, load
from app.services.purposes import MEMBERSHIP, PURPOSES
from models import Case, Consent, Person, PrivacyRequest
from tests import making
from tests.both_ends import Ends, both_ends, settings_for
from tests.portal_member import HTML, TOKEN, Visiting, member

PAGE = "/me/privacy"


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        async with joined.house.database.transaction() as session:
            await making.member(session)
        yield joined


async def bound(ends: Ends) -> Visiting:
    li = await member(ends, "李娜")
    right = {"number": "10001", "name": "李娜", "phone_end": "5678", "agreed": MEMBERSHIP.version}
    await li.taps("/me/membership", "/me/membership/bind", **right)
    return li


async def test_anybody_reads_what_data_are_used_for(ends: Ends) -> None:
    page = (await ends.browser().get("/privacy", headers=HTML)).text

    assert all(each.title in page and each.kept in page for each in PURPOSES)
    assert ends.house.controller.name in page


async def test_nobody_is_bound_without_agreeing(ends: Ends) -> None:
    li = await member(ends, "李娜")

    answer = await li.taps(
        "/me/membership", "/me/membership/bind", number="10001", name="李娜", phone_end="5678"
    )

    assert answer.status_code == 422
    assert "请勾选" in answer.text
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(Consent.id)) is None


async def test_consent_is_seen_and_taken_back(ends: Ends) -> None:
    li = await bound(ends)
    assert "会员绑定" in await li.reads(PAGE)

    answer = await li.taps(PAGE, f"{PAGE}/consents/membership/withdraw")

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "现在没有需要您同意的事" in await li.reads(PAGE)
    assert 'action="/me/membership/bind"' in await li.reads("/me/membership")


async def outdate(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        await session.execute(sa.update(Consent).values(version="2020-01"))


async def renews_late(li: Visiting, key: str) -> httpx.Response:
    """From a page that no longer is what it was."""
    token = TOKEN.search(await li.reads("/me"))
    assert token
    given = {"token": token[1], "agreed": MEMBERSHIP.version}
    return await li.browser.post(f"{PAGE}/consents/{key}/renew", data=given, headers=HTML)


async def test_a_notice_that_changed_is_shown_and_agreed_to_anew(ends: Ends) -> None:
    li = await bound(ends)
    assert "说明有更新" not in await li.reads(PAGE)
    await outdate(ends)

    page = await li.reads(PAGE)
    assert "说明有更新" in page and "2020-01 版" in page and MEMBERSHIP.why in page
    assert "现在没有需要您同意的事" not in page
    for read in ("2020-01", ""):  # not what the page says now: shown again
        await li.taps(PAGE, f"{PAGE}/consents/membership/renew", agreed=read)
        assert "说明有更新" in await li.reads(PAGE)
    answer = await li.taps(PAGE, f"{PAGE}/consents/membership/renew", agreed=MEMBERSHIP.version)

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    page = await li.reads(PAGE)
    assert "说明有更新" not in page and f"同意（{MEMBERSHIP.version} 版）" in page
    assert (await renews_late(li, "chat")).status_code == 404


async def test_who_does_not_want_the_new_one_takes_it_back(ends: Ends) -> None:
    li = await bound(ends)
    await outdate(ends)

    await li.taps(PAGE, f"{PAGE}/consents/membership/withdraw")

    assert "现在没有需要您同意的事" in await li.reads(PAGE)
    assert 'action="/me/membership/bind"' in await li.reads("/me/membership")
    late = await renews_late(li, "membership")
    assert (late.status_code, "要用到的时候会再问您" in late.text) == (409, True)


async def test_an_export_is_read_and_opened_in_another_browser_for_half_an_hour(ends: Ends) -> None:
    li = await bound(ends)
    assert "13812345678" in await li.reads(f"{PAGE}/data")
    answer = await li.taps(f"{PAGE}/data", f"{PAGE}/export")
    link = answer.headers["location"]

    other = ends.browser()
    assert "在浏览器打开" in (await other.get(link, headers=HTML)).text
    got = await other.get(f"{link}/data.zip")
    assert got.headers["content-disposition"] == 'attachment; filename="QX-2026-0001.zip"'
    assert got.headers["cache-control"] == "no-store"
    packed = zipfile.ZipFile(io.BytesIO(got.content))
    assert "13812345678" in packed.read("index.html").decode()
    assert json.loads(packed.read("data.json"))["membership"]["rows"][0]["staff_number"] == "10001"

    await ends.moves_time(seconds=30 * 60 + 1)
    for path in (link, f"{link}/data.zip"):
        assert (await other.get(path, headers=HTML)).status_code == 404


@pytest.mark.parametrize("secret", ["x", "a" * 43, "%00", "长" * 50])
async def test_a_made_up_link_opens_nothing(ends: Ends, secret: str) -> None:
    await bound(ends)

    assert (await ends.browser().get(f"/exports/{secret}", headers=HTML)).status_code == 404
    assert (await ends.browser().get(f"/receipts/{secret}", headers=HTML)).status_code == 404


async def test_a_character_no_text_can_have_is_no_fault_of_ours(ends: Ends) -> None:
    li = await member(ends, "李娜")
    given = {"number": "10001\x00", "name": "李娜", "phone_end": "5678", "agreed": MEMBERSHIP.version}

    answer = await li.taps("/me/membership", "/me/membership/bind", **given)

    assert answer.status_code == 422
    assert "绑定" in await li.reads("/me/membership")


async def test_a_correction_goes_to_the_desk(ends: Ends) -> None:
    li = await bound(ends)

    empty = await li.taps(f"{PAGE}/correct", f"{PAGE}/correct", what="  ")
    assert (empty.status_code, "请写下哪一项不对" in empty.text) == (422, True)
    answer = await li.taps(f"{PAGE}/correct", f"{PAGE}/correct", what="手机号应为 139 开头")

    receipt = await li.reads(answer.headers["location"])
    assert "更正资料" in receipt and "RG-2026-0001" in receipt
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(Case.number))).all() == ["RG-2026-0001"]


async def test_parts_are_deleted_with_a_receipt(ends: Ends) -> None:
    li = await bound(ends)
    await li.phone.says("插座冒火花怎么办")
    assert (await li.taps(f"{PAGE}/delete", f"{PAGE}/delete")).status_code == 422
    assert (await li.taps(f"{PAGE}/delete", f"{PAGE}/delete", part="everything")).status_code == 422

    answer = await li.taps(f"{PAGE}/delete", f"{PAGE}/delete", part="messages")

    assert "条的文字已删除" in await li.reads(answer.headers["location"])
    assert "插座冒火花" not in await li.reads(f"{PAGE}/data")
    assert "工号" in await li.reads("/me/membership")


async def test_closing_needs_a_tick_and_ends_the_session(ends: Ends) -> None:
    li = await bound(ends)
    assert (await li.taps(f"{PAGE}/close", f"{PAGE}/close")).status_code == 422

    answer = await li.taps(f"{PAGE}/close", f"{PAGE}/close", sure="yes")

    receipt = (await ends.browser().get(answer.headers["location"], headers=HTML)).text
    assert "注销" in receipt and "会员绑定" in receipt and "李娜" not in receipt
    assert (await li.browser.get("/me", headers=HTML)).status_code == 303  # to sign in again
    async with ends.house.database.reading() as session:
        closed = sa.select(sa.func.count()).where(Person.closed_at.is_not(None))
        assert await session.scalar(closed) == 1
        assert (await session.scalars(sa.select(PrivacyRequest.person_id))).all() == [None]


async def test_nobody_acts_from_a_foreign_form(ends: Ends) -> None:
    li = await bound(ends)
    for path in (
        "consents/membership/withdraw",
        "consents/membership/renew",
        "export",
        "correct",
        "delete",
        "close",
    ):
        forged = {"token": "0" * 64, "what": "x", "part": "messages", "sure": "yes"}
        assert (await li.browser.post(f"{PAGE}/{path}", data=forged, headers=HTML)).status_code == 403

    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(PrivacyRequest.id)) is None
    assert "会员绑定" in await li.reads(PAGE)


# --- the operator's file -----------------------------------------------------------------------------------


def test_without_a_file_nobody_is_named(tmp_path: Path) -> None:
    assert load(tmp_path / "privacy.yaml") == NOT_NAMED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "YAML 写法不对"),
        ("name: 工会\naddress: 某地\n", "contact：缺少这一项"),
        ("name: 工会\naddress: 某地\ncontact: 人工\nphone: 1\n", "phone：没有这一项"),
        ("- 工会", "privacy.yaml：内容"),
    ],
)
def test_a_wrong_file_is_told_with_its_field(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "privacy.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(OperatorError, match=said):
        load(path)
