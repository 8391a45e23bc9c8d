"""What the portal has, the mini-program has: answers, search, activities, sign-ups, cases; the same rules."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.services import arrivals, case_work, consultation_work, sittings
from models import CaseEntry, CaseKind, CrisisAlert, EntryKind, KeptAnswer, SignUp, SignUpMove
from tests import api_app
from tests.api_app import API, App, announce, app_of, is_problem, leaves
from tests.both_ends import Ends
from tests.complaining import complain
from tests.consulting import consult

TIP = "socket-sparks"


ends, li = api_app.ends, api_app.li


async def public(ends: Ends, path: str) -> Any:
    answer = await ends.web.get(f"{API}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- answers -----------------------------------------------------------------------------------------------


async def test_a_tip_opens_with_the_number_to_call(ends: Ends) -> None:
    listed = await public(ends, "/tips?topic=household")
    assert [each["id"] for each in listed["items"]] == [TIP]
    assert (await public(ends, "/tips?topic=storms"))["items"] == []

    tip = await public(ends, f"/tips/{TIP}")
    assert (tip["urgent"], tip["calls"][0]["number"]) == (True, "119")
    assert tip["first"] and tip["never"] and tip["steps"]
    assert await public(ends, "/tips/today") == tip
    is_problem(await ends.web.get(f"{API}/tips/none"), 404, "not_found")
    is_problem(await ends.web.get(f"{API}/laws/none"), 404, "not_found")
    is_problem(await ends.web.get(f"{API}/tips?topic=none"), 422, "invalid")
    assert (await public(ends, "/laws"))["items"] == []


async def test_the_hall_and_the_lines_are_those_of_the_portal(ends: Ends) -> None:
    page = (await ends.web.get("/services")).text
    for door in (await public(ends, "/services"))["items"]:
        assert door["name"] in page and door["to"] in page
    lines = (await public(ends, "/hotlines"))["items"]
    assert lines[0]["subject"] == "danger" and "95598" in {each["number"] for each in lines}


async def test_a_question_finds_its_answer_or_is_kept_for_the_next(ends: Ends, li: App) -> None:
    path = f"{API}/search"
    found = (await li.calls("POST", path, {"text": "插座冒火花怎么办"})).json()
    assert (found["outcome"], found["found"][0]["id"], found["found"][0]["kind"]) == ("hit", TIP, "tip")

    missed = (await li.calls("POST", path, {"text": "量子纠缠的哲学意义是什么呢"})).json()
    assert (missed["outcome"], missed["found"]) == ("miss", [])
    assert await ends.house.unanswered.flush(ends.house.database.transaction) == 1
    is_problem(await ends.web.post(path, json={"text": "插座"}), 401, "sign_in_needed")
    for text in ("", "长" * 501):
        is_problem(await li.calls("POST", path, {"text": text}), 422, "invalid")


async def test_danger_comes_before_any_answer(ends: Ends, li: App) -> None:
    path = f"{API}/search"
    fire = (await li.calls("POST", path, {"text": "插座着火了怎么办"})).json()
    assert fire["danger"].startswith("着火先打 119")

    for _ in range(2):
        dark = (await li.calls("POST", path, {"text": "我不想活了"})).json()
        assert "12356" in dark["danger"] and dark["found"] == []
    async with ends.house.database.reading() as session:
        alerts = list(await session.scalars(sa.select(CrisisAlert)))
    assert [(each.channel, each.excerpt, each.person_id) for each in alerts] == [
        ("api", "我不想活了", await li.person_id())
    ]


# --- activities --------------------------------------------------------------------------------------------


async def test_signing_up_with_guests_and_answers(ends: Ends, li: App) -> None:
    asked = [
        {"key": "size", "prompt": "尺码？", "kind": "choice", "options": ["S", "M"]},
        {"key": "phone", "prompt": "电话", "kind": "phone", "required": False},
        {"key": "note", "prompt": "备注", "required": False},
    ]
    run = await announce(ends, questions=asked, guests=2, capacity=5)
    path = f"{API}/activities/{run.public_id}"
    shown = await public(ends, f"/activities/{run.public_id}")
    assert [each["key"] for each in shown["questions"]] == ["size", "phone", "note"]
    assert (shown["left"], shown["guests"], shown["takes_sign_ups"]) == (5, 2, True)
    nothing = {"sign_up": None, "may_sign_up": True, "obstacle": "", "left": 5, "whose": "", "caution": ""}
    nothing |= {"may_make_team": False, "team_obstacle": "", "may_help": False, "help_obstacle": ""}
    assert await li.gets(f"{path}/mine") == nothing

    for answers, words in (
        ({}, "「尺码」要填写。"),
        ({"size": "XL"}, "「尺码」请从这几项里选：S、M。"),
        ({"size": "M", "phone": "123"}, "「电话」应为 11 位手机号，或带区号的座机，只写数字。"),
        ({"size": "M", "note": "长" * 201}, "「备注」最多 200 个字。"),
        ({"size": "M", "colour": "红"}, "「健步走」没有问 colour。"),
    ):
        problem = is_problem(await li.acts(f"{path}/sign-ups", {"answers": answers}), 422, "invalid")
        assert problem["detail"] == words
    problem = is_problem(
        await li.acts(f"{path}/sign-ups", {"seats": 4, "answers": {"size": "M"}}), 409, "refused"
    )
    assert "每人最多带 2 位同伴" in problem["detail"]

    given = {"seats": 3, "answers": {"size": "M", "phone": "13812345678", "note": "  "}}
    made = await li.acts(f"{path}/sign-ups", given)
    own = made.json()
    assert made.headers["location"] == f"{API}/me/sign-ups/{own['id']}"
    assert (own["state"], own["seats"]) == ("confirmed", 3)
    assert own["answers"] == {"size": "M", "phone": "13812345678"}
    assert f"/t/{own['id']}" in own["ticket"]
    shown = await li.gets(f"{API}/me/sign-ups/{own['id']}/ticket")
    assert (shown["code"], shown["seats"], shown["number"][:4].lower()) == (own["ticket"], 3, own["id"][:4])
    assert shown["picture"].startswith("data:image/png;base64,iVBOR")
    assert (await public(ends, f"/activities/{run.public_id}"))["left"] == 2
    assert (await li.gets(f"{path}/mine"))["sign_up"] == own
    async with ends.house.database.reading() as session:
        moves = (await session.execute(sa.select(SignUpMove.by, SignUpMove.channel))).all()
    assert [tuple(move) for move in moves] == [("member", "api")]


async def test_a_ticket_says_for_each_sitting_whether_one_came(ends: Ends, li: App) -> None:
    now = ends.house.clock.now()
    begins = [now + timedelta(days=days) for days in (1, 8)]
    rows = [
        sittings.raw(each, each + timedelta(hours=2), "" if each > begins[0] else "开课") for each in begins
    ]
    course = await announce(ends, sittings=rows, closes_at=begins[0])
    made = (await li.acts(f"{API}/activities/{course.public_id}/sign-ups", {"answers": {}})).json()
    async with ends.house.database.transaction() as session:
        entry = (await session.scalars(sa.select(SignUp))).one()
        first, _ = sittings.of(course)
        await arrivals.add(session, entry, first, begins[0], by="赵敏", channel="scan", now=now)

    shown = await li.gets(f"{API}/me/sign-ups/{made['id']}/ticket")

    assert [(each["number"], each["title"], bool(each["checked_in_at"])) for each in shown["sessions"]] == [
        (1, "开课", True),
        (2, "", False),
    ]
    assert shown["checked_in_at"] == shown["sessions"][0]["checked_in_at"]
    listed = (await public(ends, f"/activities/{course.public_id}"))["sessions"]
    assert [each["starts_at"] for each in listed] == [each["starts_at"] for each in shown["sessions"]]


async def test_a_freed_seat_is_offered_and_taken(ends: Ends, li: App) -> None:
    run = await announce(ends, capacity=1)
    zhang, chen = await app_of(ends, "张伟"), await app_of(ends, "陈静")
    path = f"{API}/activities/{run.public_id}/sign-ups"
    first, second, third = [(await each.acts(path, {})).json() for each in (li, zhang, chen)]
    assert (second["state"], second["ticket"]) == ("waitlisted", None)

    gone = (await li.acts(f"{API}/me/sign-ups/{first['id']}/cancel")).json()
    assert gone["ticket"] is None
    is_problem(await li.calls("GET", f"{API}/me/sign-ups/{first['id']}/ticket"), 409, "refused")
    offered = await zhang.gets(f"{API}/me/sign-ups/{second['id']}")
    assert offered["may_choose"] and offered["standing"].startswith("有空位了，给您留到")
    assert (await zhang.acts(f"{API}/me/sign-ups/{second['id']}/decline")).json()["state"] == "declined"
    assert (await chen.acts(f"{API}/me/sign-ups/{third['id']}/accept")).json()["state"] == "confirmed"
    is_problem(await zhang.acts(f"{API}/me/sign-ups/{second['id']}/accept"), 409, "refused")
    is_problem(await chen.acts(f"{API}/me/sign-ups/{third['id']}/steal"), 422, "invalid")

    past = (await li.gets(f"{API}/me/sign-ups?when=past"))["items"]
    assert [each["id"] for each in past] == [first["id"]]
    assert (await li.gets(f"{API}/me/sign-ups"))["items"] == []


async def test_why_one_may_not_sign_up_is_said(ends: Ends, li: App) -> None:
    others = await announce(ends, "母亲课堂", audience={"tag": ["女职工"]})
    now = ends.house.clock.now()
    early = await announce(ends, "登山", opens_at=now + timedelta(days=1))

    for run, words in ((others, "您不在范围内"), (early, "开始报名")):
        standing = await li.gets(f"{API}/activities/{run.public_id}/mine")
        assert (standing["may_sign_up"], words in standing["obstacle"]) == (False, True)
        problem = is_problem(await li.acts(f"{API}/activities/{run.public_id}/sign-ups", {}), 409, "refused")
        assert problem["detail"] == standing["obstacle"]
    assert (await public(ends, f"/activities/{others.public_id}"))["audience"]
    is_problem(await li.acts(f"{API}/activities/none/sign-ups", {}), 404, "not_found")


# --- cases -------------------------------------------------------------------------------------------------


async def consults(ends: Ends, who: App) -> tuple[str, str]:
    """The number and the address of a new consultation."""
    person_id = await who.person_id()
    async with ends.house.database.transaction() as session:
        opened = await consult(session, person_id, now=ends.house.clock.now())
    return opened.number, (await who.gets(f"{API}/me/cases"))["items"][0]["id"]


async def test_a_consultation_is_told_more_and_read_to_the_end(ends: Ends, li: App) -> None:
    number, address = await consults(ends, li)
    path = f"{API}/me/cases/{address}"
    async with ends.house.database.transaction() as session:
        await consultation_work.ask(session, number, "有工资条吗？", "张律师", ends.house.clock.now())
    asked = await li.gets(path)
    assert (asked["state_label"], asked["may_add"], asked["topic"]) == ("待您补充", True, "工资、加班费")
    assert asked["thread"][-1]["said"] == "律师问您"

    added = await li.acts(f"{path}/entries", {"text": "有三个月的"})
    assert added.status_code == 201
    assert (added.json()["danger"], added.json()["case"]["state"]) == ("", "in_progress")
    await ends.answer(number, "可以先协商。")

    told = await li.gets(path)
    assert [each["said"] for each in told["thread"]][-2:] == ["您说", "律师答复"]
    assert told["answer_due_at"] is None
    assert "张律师" not in str(told) and "张伟" not in str(told)
    async with ends.house.database.reading() as session:
        mine = CaseEntry.kind == EntryKind.MEMBER
        newest = sa.select(CaseEntry.channel).where(mine).order_by(CaseEntry.id.desc())
        assert await session.scalar(newest.limit(1)) == "api"


async def test_a_complaint_is_told_more_and_withdrawn(ends: Ends, li: App) -> None:
    person_id = await li.person_id()
    async with ends.house.database.transaction() as session:
        await complain(session, person_id, now=ends.house.clock.now())
    path = f"{API}/me/cases/{(await li.gets(f'{API}/me/cases'))['items'][0]['id']}"
    shown = await li.gets(path)
    assert (shown["kind"], shown["may_add"], shown["may_withdraw"]) == ("complaint", True, True)

    assert (await li.acts(f"{path}/entries", {"text": "今天又有"})).status_code == 201
    assert (await li.acts(f"{path}/withdrawal")).json()["state"] == "cancelled"
    is_problem(await li.acts(f"{path}/entries", {"text": "还有"}), 409, "refused")


async def test_danger_in_what_is_added_is_heeded_once(ends: Ends, li: App) -> None:
    _, address = await consults(ends, li)
    key = "k" * 16
    for _ in range(2):
        added = await li.acts(f"{API}/me/cases/{address}/entries", {"text": "我不想活了"}, key)
        assert "12356" in added.json()["danger"]
    assert [each["text"] for each in added.json()["case"]["thread"]].count("我不想活了") == 1
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(CrisisAlert.id))) == 1


async def test_danger_is_heeded_even_where_nothing_more_is_taken(ends: Ends, li: App) -> None:
    await leaves(ends, li, "更衣室的灯坏了")
    address = (await li.gets(f"{API}/me/cases"))["items"][0]["id"]

    for _ in range(2):
        refused = await li.acts(f"{API}/me/cases/{address}/entries", {"text": "我不想活了"}, "k" * 16)
        assert "12356" in is_problem(refused, 409, "refused")["detail"]
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(CrisisAlert.id))) == 1
        assert await session.scalar(sa.select(sa.func.count(KeptAnswer.id))) == 0


async def test_a_consultation_is_withdrawn_until_it_is_answered(ends: Ends, li: App) -> None:
    _, address = await consults(ends, li)
    path = f"{API}/me/cases/{address}"
    seen = (await li.calls("GET", path)).headers["etag"]
    await li.acts(f"{path}/entries", {"text": "还有一件事"})
    is_problem(await li.acts(f"{path}/withdrawal", If_Match=seen), 412, "changed_meanwhile")

    for _ in range(2):
        gone = await li.acts(f"{path}/withdrawal")
        assert (gone.json()["state"], gone.json()["may_withdraw"]) == ("cancelled", False)
    is_problem(await li.acts(f"{path}/entries", {"text": "还有"}), 409, "refused")

    number, address = await consults(ends, li)
    await ends.answer(number, "可以先协商。")
    is_problem(await li.acts(f"{API}/me/cases/{address}/withdrawal"), 409, "refused")


async def test_other_kinds_take_more_in_the_chat_and_say_so(ends: Ends, li: App) -> None:
    for kind in (CaseKind.FEEDBACK, CaseKind.DESK):
        await leaves(ends, li, "更衣室的灯坏了", kind=kind)
        address = (await li.gets(f"{API}/me/cases"))["items"][0]["id"]
        shown = await li.gets(f"{API}/me/cases/{address}")
        assert (shown["may_add"], shown["may_withdraw"]) == (False, False)
        problem = is_problem(
            await li.acts(f"{API}/me/cases/{address}/entries", {"text": "还有"}), 409, "refused"
        )
        assert problem["detail"] == shown["how_to_add"]
        is_problem(await li.acts(f"{API}/me/cases/{address}/withdrawal"), 409, "refused")
    for text in ("", "  \n", "长" * 2001):
        is_problem(await li.acts(f"{API}/me/cases/{address}/entries", {"text": text}), 422, "invalid")


async def test_of_an_anonymous_case_the_hour_is_not_told(ends: Ends, li: App) -> None:
    opened = await leaves(ends, li, "班长骂人", anonymous=True)
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, opened.number)
        await case_work.note(session, case, "这人以前也提过", "张伟", ends.house.clock.now())

    listed = await li.gets(f"{API}/me/cases")
    shown = await li.gets(f"{API}/me/cases/{listed['items'][0]['id']}")

    assert "班长骂人" not in str(listed)
    assert [(each["text"], each["at"]) for each in shown["thread"]] == [("班长骂人", None)]
    assert "以前也提过" not in str(shown)
