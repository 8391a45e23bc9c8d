"""At the door, in the console: scans are answered at once and once, mistakes taken back, a sheet is made."""

import io
import json
import re
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from app.clock import shanghai
from app.jobs import staff_jobs
from app.jobs.staff_work import KINDS
from app.services import check_in_codes
from app.services.staff import Wanted
from models import Activity, Role, SignUp, SignUpState
from tests import checking_in, making
from tests.both_ends import Ends
from tests.checking_in import ticket
from tests.console_kit import Worker, acts_of, at_work, ends
from tests.test_console_activities import plan, planned, row, version

__all__ = ["ends"]
HOSTILE = "<script>alert(1)</script>{{7*7}}"


@pytest.fixture
async def sun(ends: Ends) -> Worker:
    """Who helps at the door for a day, and may do nothing else."""
    return await at_work(ends, "孙丽", Role.CHECKER)


async def today(ends: Ends, title: str = "健步走", **given: Any) -> tuple[Activity, str]:
    """One that began half an hour ago and still takes sign-ups; its page of check-in."""
    now = ends.house.clock.now()
    times = {"opens_at": now - timedelta(days=2), "starts_at": now + timedelta(days=1)}
    async with ends.house.database.transaction() as session:
        walk = await checking_in.today(session, title, closes_at=now + timedelta(days=1), **times, **given)
        walk.starts_at, walk.ends_at = now - timedelta(minutes=30), now + timedelta(hours=3)
    return walk, f"/activities/{walk.public_id}/check-in"


async def guest(ends: Ends, walk: Activity, name: str = "", **given: Any) -> SignUp:
    async with ends.house.database.transaction() as session:
        return (await checking_in.guest(session, walk, name, now=ends.house.clock.now(), **given))[0]


async def sends(worker: Worker, at: str, *scans: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await worker.sends(f"{at}/scans", scans=json.dumps(scans), **more)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def read(entry: SignUp, name: str = "scan-0001", **more: Any) -> dict[str, Any]:
    return {"id": name, "words": ticket(entry), **more}


async def test_a_ticket_is_answered_with_name_and_seats_and_is_counted(ends: Ends, sun: Worker) -> None:
    walk, at = await today(ends)
    entry = await guest(ends, walk, "李娜", seats=2)
    await guest(ends, walk, "张伟")

    told = await sends(sun, at, read(entry))

    (answer,) = told["answers"]
    assert (answer["answer"], answer["tone"], answer["label"]) == ("ok", "good", "签到成功")
    assert (answer["name"], answer["seats"], answer["arrived"]) == ("李娜", 2, 2)
    assert told["counts"] == {"expected": 2, "expected_seats": 3, "here": 1, "here_seats": 2, "late": 1}
    again = await sends(sun, at, read(entry, "scan-0002"))
    assert again["answers"][0]["answer"] == "already_checked_in"
    assert "已签到（孙丽）" in again["answers"][0]["words"]
    acts = await acts_of(ends, "activity.check_in")
    assert [act.subject for act in acts] == [entry.public_id] * 2


async def test_what_waited_in_the_phone_comes_as_a_batch_and_counts_once(ends: Ends, sun: Worker) -> None:
    walk, at = await today(ends)
    entries = [await guest(ends, walk) for _ in range(3)]
    sent = 1_800_000_000_000  # whatever the phone's clock believes
    batch = [read(each, f"scan-000{place}", at=sent - 1_200_000) for place, each in enumerate(entries)]

    first = await sends(sun, at, *batch, sent_at=sent)
    again = await sends(sun, at, *batch, sent_at=sent + 60_000)

    for told in (first, again):
        assert [each["answer"] for each in told["answers"]] == ["ok"] * 3
        assert (told["counts"]["here"], told["counts"]["late"]) == (3, 3)
    assert len(await acts_of(ends, "activity.check_in")) == 3
    page = await sun.reads(f"{at}/people/{entries[0].public_id}")
    minutes = ends.house.clock.now() - timedelta(minutes=20)
    assert f"{shanghai(minutes):%-H:%M}" in page


@pytest.mark.parametrize(
    "scans",
    [
        "",
        "[]",
        "{}",
        "null",
        "[1]",
        '[{"id": "short", "words": "x"}]',
        '[{"id": "<script>12345"}]',
        "[" * 9000,
    ],
)
async def test_what_no_phone_of_ours_sends_is_refused_whole(ends: Ends, sun: Worker, scans: str) -> None:
    _, at = await today(ends)

    assert (await sun.sends(f"{at}/scans", scans=scans)).status_code == 422


async def test_hostile_codes_are_no_tickets_and_hold_up_nobody(ends: Ends, sun: Worker) -> None:
    walk, at = await today(ends, HOSTILE)
    entry = await guest(ends, walk, "李娜")
    bad = ["", "\0", HOSTILE, "x" * 100_000, "字" * 300, "' OR 1=1 --", entry.public_id]

    told = await sends(
        sun,
        at,
        *({"id": f"scan-{place:04}", "words": each, "at": -1e300} for place, each in enumerate(bad)),
        read(entry, "scan-good"),
        sent_at=1e300,
    )

    assert [each["answer"] for each in told["answers"]] == ["not_found"] * len(bad) + ["ok"]
    for page in (at, f"{at}/list", f"{at}/screen", f"{at}/people/{entry.public_id}", f"{at}?q={HOSTILE}"):
        assert "<script>" not in re.sub(r"<script src=[^>]+>", "", await sun.reads(page)), page


async def test_somebody_is_found_by_name_and_checked_in_without_any_script(ends: Ends, sun: Worker) -> None:
    walk, at = await today(ends)
    entry = await guest(ends, walk, "李娜", seats=2)
    assert "没有报上名的人叫「王五」" in await sun.reads(f"{at}?q=王五")
    page = await sun.reads(f"{at}?q=李")
    assert check_in_codes.number(entry) in page
    found = re.search(r'name="request_id" value="(\w{16})"', page)
    assert found

    for _ in range(2):  # tapped twice
        said = await sun.does(f"{at}/people/{entry.public_id}", request_id=found[1])
        assert "李娜：签到成功" in said

    late = await sun.sends(f"{at}/people/{entry.public_id}", request_id="other00000000000")
    assert late.status_code == 422 and "已经签过到" in late.text
    typed = {"id": "scan-typed", "words": check_in_codes.number(entry), "by_hand": True}
    assert (await sends(sun, at, typed))["answers"][0]["answer"] == "already_checked_in"


async def test_a_mistake_is_taken_back_and_a_party_counted(ends: Ends, sun: Worker) -> None:
    walk, at = await today(ends)
    entry = await guest(ends, walk, "李娜", seats=3)
    one = f"{at}/people/{entry.public_id}"
    early = await sun.sends(f"{one}/undo", reason="弄错了")
    assert early.status_code == 422 and "没有签到" in early.text
    await sends(sun, at, read(entry))

    assert "实到 2 人" in await sun.does(f"{one}/arrived", seats="2")
    for seats in ("0", "4", "", "二"):
        assert (await sun.sends(f"{one}/arrived", seats=seats)).status_code == 422
    assert (await sun.sends(f"{one}/undo", reason=" ")).status_code == 422
    assert "已撤销李娜的签到" in await sun.does(f"{one}/undo", reason="扫错了人")

    page = await sun.reads(one)
    assert "扫错了人" in page and "实到 2 人（原来 3 人）" in page
    assert [act.reason for act in await acts_of(ends, "activity.check_in_undo")] == ["扫错了人"]
    assert (await acts_of(ends, "activity.arrived"))[0].subject == entry.public_id


async def test_who_is_missing_and_late_is_listed_and_taken_away_without_formulas(ends: Ends) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    walk, at = await today(ends)
    li, _ = await guest(ends, walk, "李娜"), await guest(ends, walk, "=1+1")
    await sends(zhao, at, read(li))

    missing, late = await zhao.reads(f"{at}/list?which=missing"), await zhao.reads(f"{at}/list?which=late")
    assert "=1+1" in missing and "李娜" not in missing and "李娜" in late
    await zhao.does(f"{at}/export")
    await staff_jobs.run(ends.house.database, ends.house.clock, ends.house.files, KINDS)
    found = re.search(r"/console(/jobs/\w+/file)", await zhao.reads("/jobs"))
    assert found
    sheet = openpyxl.load_workbook(io.BytesIO((await zhao.sends(found[1])).content)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:5] == ("姓名", "组织", "状态", "人数", "实到")
    assert rows[1][0] == "李娜" and rows[1][6:] == ("迟到", "扫票", "赵敏")
    assert rows[2][0] == "=1+1"
    assert all(cell.data_type in {"s", "n"} for each in sheet.iter_rows() for cell in each)


async def test_the_screen_shows_a_code_that_turns(ends: Ends, sun: Worker) -> None:
    _, at = await today(ends)
    first = (await sun.gets(f"{at}/screen/code")).json()
    assert '<svg class="qr"' in first["code"] and first["counts"]["here"] == 0
    assert first["code"] in (await sun.gets(f"{at}/screen")).text

    await ends.moves_time(seconds=31)

    assert (await sun.gets(f"{at}/screen/code")).json()["code"] != first["code"]


async def test_who_checks_in_for_a_branch_or_not_at_all(ends: Ends, sun: Worker) -> None:
    async with ends.house.database.transaction() as session:
        north = await making.branch(session)
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
    wu = await at_work(ends, "吴刚", Wanted(Role.CHECKER, north.id))
    editor = await at_work(ends, "张伟", Role.EDITOR)
    walk, at = await today(ends, branch_id=south.id)
    entry = await guest(ends, walk, "李娜")
    scans, one = json.dumps([read(entry)]), f"/people/{entry.public_id}"

    for worker, status in ((wu, 404), (editor, 403)):
        for path in (
            "",
            "/found",
            "/counts",
            "/list",
            "/screen",
            "/screen/code",
            f"/people/{entry.public_id}",
        ):
            assert (await worker.gets(f"{at}{path}")).status_code == status, path
        for path in ("/scans", one, f"{one}/undo"):
            answer = await worker.sends(f"{at}{path}", scans=scans, reason="x", seats="1")
            assert answer.status_code == status, path
    assert (await sun.sends(f"{at}/export")).status_code == 403
    assert "现场签到" in await sun.reads(f"/activities/{walk.public_id}")
    for path in ("edit", "people"):
        assert (await sun.gets(f"/activities/{walk.public_id}/{path}")).status_code == 403
    async with ends.house.database.reading() as session:
        assert (await session.get_one(SignUp, entry.id)).state is SignUpState.CONFIRMED


async def test_an_organiser_says_from_when_and_where(ends: Ends) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    path = await planned(
        zhao, check_in_minutes="45", check_in_point="35.5847，109.2655", check_in_metres="500"
    )
    kept = await row(ends, path)
    assert kept.check_in_minutes == 45
    assert kept.check_in_place == {"latitude": 35.5847, "longitude": 109.2655, "metres": 500}
    assert 'value="35.5847, 109.2655"' in await zhao.reads(f"{path}/edit")
    for filled, said in (
        ({"check_in_point": "桥山"}, "签到地点应写成"),
        ({"check_in_point": "35, 109", "check_in_metres": "9"}, "签到范围应是"),
        ({"check_in_minutes": "1441"}, "提前开始签到的分钟应是"),
    ):
        refused = await zhao.sends("/activities/new", **plan(ends, **filled))
        assert refused.status_code == 422 and said in refused.text

    await zhao.does(f"{path}/edit", **plan(ends, version=await version(zhao, path)))

    assert (await row(ends, path)).check_in_place is None


async def yesterday(ends: Ends) -> tuple[str, list[SignUp]]:
    """Of one that is over the page of check-in; three who had seats and one who waited."""
    now = ends.house.clock.now()
    times: Any = {"opens_at": now - timedelta(days=2), "starts_at": now + timedelta(days=1)}
    async with ends.house.database.transaction() as session:
        walk = await checking_in.today(session, closes_at=now + timedelta(days=1), capacity=3, **times)
        people = [
            (await checking_in.guest(session, walk, name, now=now))[0] for name in ("李娜", "王强", "张伟")
        ]
        people.append((await checking_in.guest(session, walk, "陈静", now=now))[0])  # waits
        walk.starts_at, walk.ends_at = now - timedelta(hours=20), now - timedelta(hours=17)
    return f"/activities/{walk.public_id}/check-in", people


async def test_an_organiser_ticks_who_signed_on_paper(ends: Ends, sun: Worker) -> None:
    zhao = await at_work(ends, "赵敏", Role.ORGANISER)
    at, (li, wang, zhang, chen) = await yesterday(ends)
    ticked = {"code": [li.public_id, wang.public_id], "reason": "纸质签到表"}
    assert 'data-test="tick"' not in await sun.reads(f"{at}/list")
    assert (await sun.sends(f"{at}/list", **ticked)).status_code == 403
    assert (await sun.sends(f"{at}/people/{li.public_id}/later", reason="纸质签到表")).status_code == 403

    assert f'href="/console{at}/list?which=missing"' in await zhao.reads(at)
    assert 'data-test="adds"' not in await sun.reads(at)
    page = await zhao.reads(f"{at}/list?which=missing")
    assert (
        page.count('data-test="tick"') == 3 and 'action="/console' in page.partition('id="later"')[0][-200:]
    )
    for given, words in (
        ({"code": []}, "请先勾选要补签的人"),
        ({"reason": ""}, "请写明为什么补签"),
        ({"code": [li.public_id, chen.public_id]}, "陈静的报名是「候补中」"),
        ({"sitting": "x"}, None),
    ):
        refused = await zhao.sends(f"{at}/list?which=missing", **ticked | given)
        assert refused.status_code == (422 if words else 404), words
        assert words is None or words in refused.text
    assert (
        f'value="{li.public_id}" aria-label="补签 李娜" checked'
        in (await zhao.sends(f"{at}/list", **ticked | {"reason": ""})).text
    )
    assert await acts_of(ends, "activity.check_in_later") == []

    listed = await zhao.does(f"{at}/list?which=missing", **ticked)
    assert "补签</span>" in await zhao.reads(f"{at}?q=李娜")
    assert "已补签 2 人" in listed and listed.count('data-test="tick"') == 1 and "补签</td>" in listed
    one = await zhao.reads(f"{at}/people/{zhang.public_id}")
    assert 'data-test="later"' in one and 'data-test="by-hand"' not in one
    wrong = await zhao.sends(f"{at}/people/{zhang.public_id}/later", reason=" ")
    assert wrong.status_code == 422 and "请写明为什么补签" in wrong.text
    for said in ("已补签。", "他签到过了"):
        one = await zhao.does(f"{at}/people/{zhang.public_id}/later", reason="<b>漏了</b>")
        assert said in one and "&lt;b&gt;漏了" in one and "补签" in one
    acts = await acts_of(ends, "activity.check_in_later")
    assert [act.reason for act in acts] == ["纸质签到表", "<b>漏了</b>"]
    assert 'data-test="tick"' not in await zhao.reads(f"{at}/list")
