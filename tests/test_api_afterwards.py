"""After an activity, in the mini-program: what was asked and answered without a name, and certificates.

Also what people look at: panoramas, and broadcasts with their reminder and replay.
"""

from datetime import timedelta

import sqlalchemy as sa

from app.services import activity_feedback, lives, panorama_hotspots, panoramas, sign_ups
from app.services.audiences import Facts
from app.services.panorama_hotspots import Wanted
from app.services.sign_ups import Applicant
from models import (
    Activity,
    CrisisAlert,
    FeedbackAnswer,
    HotspotKind,
    KeptAnswer,
    LiveSession,
    LiveVisit,
    Outbox,
    SignUp,
)
from tests import api_app, making, pdf_words
from tests.api_app import API, RIGHT, App, app_of, is_problem
from tests.both_ends import Ends
from tests.checking_in import reads, ticket
from tests.conftest import FakeClock
from tests.panorama_kit import Darkroom, globe
from tests.test_activity_feedback import AGAIN, STARS, WORDS, tap
from tests.test_console_check_in import today
from tests.test_lives import HOSTS, written

ends, li = api_app.ends, api_app.li


async def came(ends: Ends, *who: App) -> tuple[Activity, list[SignUp]]:
    """An activity to which these came."""
    walk, _ = await today(ends, "健步走")
    found = []
    async with ends.house.database.transaction() as session:
        for each in who:
            applicant = Applicant(await each.person_id(), Facts(), "api")
            at = walk.starts_at - timedelta(hours=1)
            entry = await sign_ups.sign_up(session, walk.id, applicant, now=at)
            await reads(session, walk, ticket(entry), at=ends.house.clock.now())
            found.append(entry)
    return walk, found


async def asked(ends: Ends, walk: Activity) -> None:
    async with ends.house.database.transaction() as session:
        there = await session.get_one(Activity, walk.id)
        await activity_feedback.settle(session, there, [STARS, AGAIN, WORDS])
        await activity_feedback.ask(session, there, tap, ends.house.clock.now())


async def test_what_is_asked_is_answered_and_changed_for_a_week_without_a_name(ends: Ends, li: App) -> None:
    zhang = await app_of(ends, "张伟")
    walk, _ = await came(ends, li)
    path = f"{API}/activities/{walk.public_id}/feedback"
    is_problem(await li.calls("GET", path), 409, "refused")
    await asked(ends, walk)
    assert [each["title"] for each in (await li.gets(f"{API}/me/feedback"))["items"]] == ["健步走"]
    shown = await li.gets(path)
    assert [(each["key"], each["kind"]) for each in shown["questions"]] == [
        ("f1", "stars"),
        ("f2", "choice"),
        ("f3", "text"),
    ]
    assert shown["answers"] == {} and shown["scores"][0] == {"value": "5", "label": "很满意"}
    assert "不记名" in shown["promise"]

    for given, said in (
        ({"f2": "想"}, "还没有答"),
        ({"f1": "6", "f2": "想"}, "1 到 5 分"),
        ({"f1": "5", "f2": "也许"}, "请从这几项里选"),
        ({"f1": "5", "f2": "想", "f3": "好" * 301}, "最多 300 个字"),
        ({"f1": "5", "f2": "想", "f9": "x"}, "没有问 f9"),
    ):
        problem = is_problem(await li.calls("PUT", path, {"answers": given}), 422, "invalid")
        assert said in problem["detail"]
    first = {"answers": {"f1": "5", "f2": "想"}}
    for _ in range(2):  # the same twice is one
        assert (await li.calls("PUT", path, first)).json()["answers"] == first["answers"]
    dark = (await li.calls("PUT", path, {"answers": {"f1": "1", "f2": "不想", "f3": "我不想活了"}})).json()
    assert "12356" in dark["danger"] and dark["answers"]["f1"] == "1"
    lost = is_problem(await li.calls("PUT", path, {"answers": {"f3": "我不想活了"}}), 422, "invalid")
    assert "12356" in lost["detail"]

    async with ends.house.database.reading() as session:
        (row,) = await session.scalars(sa.select(FeedbackAnswer))
        assert row.answers == {"f1": "1", "f2": "不想", "f3": "我不想活了"}
        assert await session.scalar(sa.select(sa.func.count(CrisisAlert.id))) == 2  # by the words
        assert not await session.scalar(sa.select(sa.func.count(KeptAnswer.id)))  # nobody's key beside it
    assert (await zhang.gets(f"{API}/me/feedback"))["items"] == []
    is_problem(await zhang.calls("GET", path), 404, "not_found")
    is_problem(await zhang.calls("PUT", path, first), 404, "not_found")
    await ends.moves_time(hours=24 * 7)
    await li.logs_in()
    assert "收完了" in is_problem(await li.calls("PUT", path, first), 409, "refused")["detail"]
    assert (await li.gets(f"{API}/me/feedback"))["items"] == []


async def test_a_certificate_is_loaded_without_a_token_and_verified_by_anybody(ends: Ends, li: App) -> None:
    zhang = await app_of(ends, "张伟")
    walk, _ = await came(ends, li, zhang)
    path = f"{API}/me/certificates"
    assert "先绑定工号" in is_problem(await li.calls("GET", path), 409, "refused")["detail"]
    await li.calls("PUT", f"{API}/me/membership", RIGHT)
    assert (await li.gets(path))["items"] == []  # it is not over yet
    await ends.moves_time(hours=4)
    await li.logs_in()

    (own,) = (await li.gets(path))["items"]

    assert (own["title"], own["name"], own["hours"]) == ("健步走", "李娜", "3.5 小时")
    assert own == (await li.gets(path))["items"][0]  # the same address for an hour: phones keep what it gave
    browser = ends.browser()
    pdf = await browser.get(own["pdf"])
    assert pdf.headers["content-type"] == "application/pdf" and pdf.headers["cache-control"] == "no-store"
    (words,) = pdf_words.pages(pdf.content)
    assert "李娜" in words and own["number"] in words
    bare, _, mark = own["pdf"].partition("?open=")
    async with ends.house.database.reading() as session:
        other = [each for each in await making.entries(session, walk) if each.public_id != own["sign_up_id"]]
    for wrong in (
        bare,
        f"{bare}?open={mark[:-1]}{'0' if mark[-1] != '0' else '1'}",
        f"{bare}?open={int(mark.partition('.')[0]) + 9}.{mark.partition('.')[2]}",
        f"{bare}?open=字.字",
        f"{bare.replace(own['sign_up_id'], other[0].public_id)}?open={mark}",
    ):
        answer = await browser.get(wrong)
        assert answer.status_code == 303, wrong  # to where one signs in

    told = (await ends.web.get(f"{API}/certificates/{own['code']}")).json()
    assert (told["given_to"], told["number"], told["title"]) == ("李*", own["number"], "健步走")
    is_problem(await ends.web.get(f"{API}/certificates/{'x' * 32}"), 404, "not_found")
    await ends.moves_time(hours=3)
    assert (await browser.get(own["pdf"])).status_code == 303


async def test_a_broadcast_is_reminded_of_entered_once_and_watched_again(ends: Ends, li: App) -> None:
    now = ends.house.clock.now()
    noon = now.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=2)  # 14:00 in China
    given = written(
        noon,
        replay="https://meeting.example.com/again",
        chapters="0:00 开场\n1:02:30 答疑",
    )
    async with ends.house.database.transaction() as session:
        live = await lives.create(session, given, None, None, hosts=HOSTS, now=now)
        hidden = await lives.create(session, written(noon), None, None, hosts=HOSTS, now=now)
        await lives.announce(session, live, now)
    path = f"{API}/lives/{live.public_id}"
    (listed,) = (await ends.web.get(f"{API}/lives")).json()["items"]
    assert (listed["id"], listed["phase"], listed["cover"]) == (live.public_id, "scheduled", "")
    is_problem(await ends.web.get(f"{API}/lives/{hidden.public_id}"), 404, "not_found")
    assert (await ends.web.get(path)).json()["source"] == ""
    assert await li.gets(f"{path}/mine") == {
        "reminds": False,
        "reminder_at": (noon - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "may_remind": True,
        "watched": False,
    }

    for _ in range(2):
        assert (await li.calls("PUT", f"{path}/reminder")).json()["reminds"] is True
    async with ends.house.database.reading() as session:
        reminders = sa.select(sa.func.count(Outbox.id)).where(Outbox.kind == "lives.reminder")
        assert await session.scalar(reminders) == 1
    for _ in range(2):
        assert (await li.calls("DELETE", f"{path}/reminder")).json()["reminds"] is False
    assert "现在没有可看的" in is_problem(await li.calls("PUT", f"{path}/visit"), 409, "refused")["detail"]

    async with ends.house.database.transaction() as session:
        row = await session.get_one(LiveSession, live.id)
        row.starts_at, row.ends_at = now - timedelta(hours=1), now + timedelta(hours=1)
    assert (await ends.web.get(path)).json()["source"] == "https://meeting.example.com/1"
    is_problem(await li.calls("PUT", f"{path}/reminder"), 409, "refused")
    for _ in range(2):
        assert (await li.calls("PUT", f"{path}/visit")).json()["watched"] is True
    await ends.moves_time(hours=2)
    again = (await ends.web.get(path)).json()
    assert (again["phase_label"], again["source"]) == ("可回看", "https://meeting.example.com/again")
    assert again["chapters"][1] == {"seconds": 3750, "clock": "1:02:30", "title": "答疑"}
    (replayed,) = (await ends.web.get(f"{API}/lives?when=replay")).json()["items"]
    assert replayed["id"] == listed["id"] and (await ends.web.get(f"{API}/lives")).json()["items"] == []
    is_problem(await ends.web.get(f"{API}/lives?when=now"), 422, "invalid")
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(LiveVisit.id))) == 1


async def test_a_panorama_has_scenes_spots_and_pieces_that_anybody_loads(ends: Ends) -> None:
    house = ends.house
    room = Darkroom(house.database, house.files, FakeClock(house.clock.now()))
    tour, (hall, upstairs) = await room.tour("大厅", "二楼")
    path = f"{API}/panoramas/{tour.public_id}"
    is_problem(await ends.web.get(path), 404, "not_found")
    for scene in (hall, upstairs):
        await room.takes(scene, globe())
    await room.cuts()
    walk, _ = await today(ends)
    async with house.database.transaction() as session:
        for wanted in (
            Wanted(HotspotKind.SCENE, 30.5, -5.0, "二楼", to=upstairs),
            Wanted(HotspotKind.TEXT, 0.0, 0.0, "服务台", "周一到周五有人"),
            Wanted(HotspotKind.ACTIVITY, 90.0, 0.0, "健步走", activity=walk),
        ):
            await panorama_hotspots.add(session, hall, wanted, house.clock.now())
        await panoramas.publish(session, await panoramas.get(session, tour.public_id, drafts=True))

    (row,) = (await ends.web.get(f"{API}/panoramas")).json()["items"]
    shown = (await ends.web.get(path)).json()

    first, second = shown["scenes"]
    assert (row["id"], row["preview"]) == (tour.public_id, first["preview"])
    assert [(each["kind"], each["scene_id"], each["activity_id"]) for each in first["spots"]] == [
        ("scene", second["id"], None),
        ("text", None, None),
        ("activity", None, walk.public_id),
    ]
    assert (first["alt"], first["widths"], first["tile"]) == ("大厅的样子", [2048], 1024)
    piece = first["tiles"].format(level=0, across=1, down=0)
    for address in (first["preview"], piece):
        assert (await ends.web.get(address)).headers["content-type"] == "image/jpeg"
    assert "大厅的样子" in (await ends.web.get(shown["address"])).text


async def test_what_somebody_earned_is_told_by_year_and_in_all(ends: Ends, li: App) -> None:
    path = f"{API}/me/points"
    assert await li.gets(path) == {"this_year": 0, "total": 0, "items": []}
    walk, (entry,) = await came(ends, li)
    async with ends.house.database.transaction() as session:
        (await session.get_one(Activity, walk.id)).points = 8

    told = await li.gets(path)

    assert (told["this_year"], told["total"]) == (8, 8)
    assert [(each["sign_up_id"], each["times"], each["points"]) for each in told["items"]] == [
        (entry.public_id, 1, 8)
    ]
    shown = await li.gets(f"{API}/activities/{walk.public_id}")
    assert shown["points"] == 8 and {"heading": "积分", "rule": "签到得 8 分"} in shown["conditions"]
