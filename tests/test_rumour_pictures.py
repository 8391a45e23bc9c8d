"""Screenshots with a claim that somebody brings: taken, seen by who verifies, told of nobody, forgotten."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app import sent_pictures
from app.api import rumour_pictures
from app.clock import start_of_day
from app.jobs import retention, stored_files
from app.portal import uploads
from app.services import clarification_forgetting, clarification_merging, clarifications
from models import Clarification, FileState, Role, StoredFile
from tests import test_api_albums
from tests.api_app import API, App, api_ends, app_of, is_problem
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, Worker, admin, at_work, ends
from tests.media_files import photo, photo_with_place
from tests.portal_member import HTML, TOKEN, Visiting, member
from tests.rumouring import seen, staff
from tests.test_clarification_evidence import bytes_kept
from tests.test_console_clarifications import does
from tests.test_evidence import script
from tests.test_portal_clarifications import brought

__all__ = ["admin", "ends"]
AT = "/clarifications/report"
CLAIM = {"words": "听说下周停电三天", "heard": "wechat"}
HOSTILE = '"><script>alert(1)</script>.jpg'


async def sends(who: Visiting, *pictures: bytes, **given: str) -> httpx.Response:
    token = TOKEN.search(await who.reads(AT))
    assert token
    files = [("pictures", (f"{n}{HOSTILE}", each, "image/jpeg")) for n, each in enumerate(pictures)]
    data = {"token": token[1], **CLAIM, **given}
    return await who.browser.post(AT, data=data, files=files or None, headers=HTML)


async def gives(who: App, picture: bytes | None, **given: str) -> httpx.Response:
    """As `wx.uploadFile` sends it."""
    files = None if picture is None else {"picture": ("tmp_1.jpg", picture, "image/jpeg")}
    headers = {"Authorization": f"Bearer {who.tokens.get('access_token', '')}"}
    path = f"{API}/clarifications/pictures"
    return await who.ends.web.post(path, data=CLAIM | given, files=files, headers=headers)


async def test_who_verifies_sees_them_and_nobody_learns_whose_they_are(ends: Ends, admin: Worker) -> None:
    li = await member(ends, "李建国")
    assert "最多 3 张，每张 10 MB 以内" in await li.reads(AT)
    answer = await sends(li, photo_with_place(), photo(300, 200, "PNG"), photo_with_place())
    assert answer.status_code == 200 and "PY-" in answer.text
    assert (await sends(li, photo(300, 200, "PNG"))).status_code == 200, "the same again is no error"

    (report,) = await brought(ends)
    assert len(report.files) == 2 and await bytes_kept(ends) == set(report.files), "each once"
    async with ends.house.database.reading() as session:
        files = (await session.scalars(sa.select(StoredFile))).all()
        name = await session.scalar(sa.select(Clarification.public_id))
    day = start_of_day(ends.house.clock.now())
    assert {(each.owner_id, each.kept, each.state, each.created_at) for each in files} == {
        (None, True, FileState.READY, day)
    }
    page = await does(admin, ends, str(name), "take")
    at = f"/clarifications/{name}/reports/{report.id}/pictures"
    assert f'src="{CONSOLE}{at}/1"' in page and "李建国" not in page and "<script>alert" not in page
    first, second = [await admin.gets(f"{at}/{number}") for number in (1, 2)]
    assert (first.headers["content-type"], second.headers["content-type"]) == ("image/jpeg", "image/png")
    assert b"PhoneMaker" not in first.content
    assert (await admin.gets(f"{at}/3")).status_code == 404
    other = await at_work(ends, "周杰", Role.COMPLAINTS)
    assert (await other.gets(f"{at}/1")).status_code == 403
    assert (await li.browser.get(f"{CONSOLE}{at}/1", headers=HTML)).status_code == 303

    assert (await sends(li, photo(400, 300))).status_code == 200
    refused = await sends(li, photo(500, 300))
    assert refused.status_code == 409 and "最多附 3 张截图" in refused.text
    (report,) = await brought(ends)
    assert await bytes_kept(ends) == set(report.files) and len(report.files) == 3


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"MZ\x90\0 a program", "不支持这种文件"),
        (b"<svg onload=alert(1)>", "不支持这种文件"),
        (b"\xff\xd8\xff broken", "已损坏"),
        (b"%PDF-1.7 nothing", "不是图片"),
        (b"", "空的"),
    ],
)
async def test_what_lies_about_its_kind_is_not_taken_and_the_words_stay(
    ends: Ends, sent: bytes, said: str
) -> None:
    li = await member(ends, "李建国")
    answer = await sends(li, photo(300, 200), sent)
    assert answer.status_code == 422 and "第 2 张" in answer.text and said in answer.text
    assert CLAIM["words"] in answer.text and "图片请重新选" in answer.text
    assert await brought(ends) == [] and await bytes_kept(ends) == set()


async def test_too_many_too_large_or_of_nobody_are_not_taken_and_a_crash_leaves_nothing(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, guest = await member(ends, "李建国"), ends.browser()
    assert "最多 3 张图片" in (await sends(li, *[photo(300, 200)] * 4)).text
    long = {"Content-Length": str(uploads.MOST + 1)}
    answer = await li.browser.post(AT, content=b"", headers=HTML | long)
    assert answer.status_code == 413 and "没有收下" in answer.text
    assert 'type="file"' not in (await guest.get(AT, headers=HTML)).text
    files = {"pictures": ("a.jpg", photo(300, 200), "image/jpeg")}
    answer = await guest.post(AT, data=CLAIM, files=files, headers=HTML)
    assert answer.status_code == 422 and "登录以后才能附图片" in answer.text

    async def dies(*_: object, **__: object) -> None:
        raise RuntimeError("killed between upload and row")

    with monkeypatch.context() as patched:
        patched.setattr(clarifications, "report", dies)
        with pytest.raises(RuntimeError):
            await sends(li, photo(300, 200))
    monkeypatch.setattr(sent_pictures, "LARGEST", 100)
    assert "超过" in (await sends(li, photo(300, 200))).text
    assert await brought(ends) == [] and await bytes_kept(ends) == set()


async def test_the_mini_program_sends_one_at_a_time_and_the_scanner_is_asked(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scanner that knows a virus by its first bytes, and gives up on another."""
    command = script(
        tmp_path,
        'case "$(head -c 300 | tr -d "\\0")" in *EICAR*) echo Eicar; exit 1;; *CRASH*) exit 2;; esac; exit 0',
    )
    async with api_ends(database_url, tmp_path, monkeypatch, scan_command=command) as ends:
        li = await app_of(ends, "李娜")
        _, album = await test_api_albums.begun(ends, li)
        first = (await gives(li, photo_with_place())).json()
        for more in (photo(300, 200), photo(300, 200), photo(400, 200)):
            again = await gives(li, more)
            assert again.status_code == 201 and again.json() == first
        assert "最多附 3 张" in is_problem(await gives(li, photo(500, 200)), 409, "refused")["detail"]
        (report,) = await brought(ends)
        assert len(report.files) == 3 and await bytes_kept(ends) == set(report.files)

        for text, said in (("EICAR", "查出病毒"), ("CRASH", "现在没法检查有没有病毒")):
            bad = photo(320, 200, comment=text.encode())
            refused = await gives(li, bad, words=f"另一个说法{text}")
            assert said in is_problem(refused, 415, "refused")["detail"]
            refused = await test_api_albums.gives(li, album, bad)
            assert said in is_problem(refused, 415, "refused")["detail"]
        for given in ({"words": "短"}, {"heard": "moon"}):
            is_problem(await gives(li, photo(300, 200), **given), 422, "invalid")
        is_problem(await gives(li, b"no picture at all"), 415, "refused")
        assert "先选截图" in is_problem(await gives(li, None), 422, "invalid")["detail"]
        li.tokens = {}
        is_problem(await gives(li, photo(300, 200)), 401, "sign_in_needed")
        long = {"Content-Length": str(rumour_pictures.MOST_BYTES + 1)}
        answer = await ends.web.post(f"{API}/clarifications/pictures", content=b"", headers=long)
        assert "最大 10 MB" in is_problem(answer, 413, "too_large")["detail"]
        assert len(await brought(ends)) == 1 and len(await bytes_kept(ends)) == 3


async def test_they_go_with_the_report_when_it_is_forgotten_merged_or_handed_over(ends: Ends) -> None:
    li, zhou = await member(ends, "李建国"), await member(ends, "周燕")
    other = {"words": "下周要停三天电"}
    for who, given in ((li, {}), (zhou, {}), (zhou, other)):
        size = 300 + 10 * len(await bytes_kept(ends))
        assert (await sends(who, photo(size, 200), **given)).status_code == 200
    house, now = ends.house, ends.house.clock.now()
    files = [set(each.files) for each in await brought(ends)]
    async with house.database.transaction() as session:
        wang = await staff(session, "王强")
        first, second = await session.scalars(sa.select(Clarification).order_by(Clarification.id))
        await clarification_merging.merge(session, seen(second, wang), first.number, now)
    assert await stored_files.tidy(house.database, house.files, house.clock) == 1, "who brought both, once"
    assert await bytes_kept(ends) == files[0] | files[1]
    async with house.database.transaction() as session:
        await clarification_forgetting.hand_over(session, await zhou.person_id(), await li.person_id())
    assert await stored_files.tidy(house.database, house.files, house.clock) == 1
    assert await bytes_kept(ends) == files[0]

    async with house.database.transaction() as session:
        row = await session.get_one(Clarification, first.id)
        row.state, row.decided_at = row.state.REFUSED, now
    rule, late = clarification_forgetting.forget_reports, now + clarification_forgetting.KEPT_FOR
    assert await retention.apply(house.database, rule, late - timedelta(days=1)) == 0
    assert await retention.apply(house.database, rule, late + timedelta(hours=1)) == 1
    await stored_files.tidy(house.database, house.files, house.clock)
    assert await bytes_kept(ends) == set()
