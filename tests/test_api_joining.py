"""入会申请 and 资料变更 over the API: what a mini-program sends, reads and is refused."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.services import application_work
from app.services.application_facts import DECLARATION_VERSION
from app.services.application_work import Admission
from models import Case, Guess
from tests import api_app
from tests.api_app import MEMBERSHIP, App, is_problem
from tests.both_ends import Ends

JOINING, CHANGES = "/api/v1/me/joining", "/api/v1/me/changes"
RIGHT = {
    "name": "赵敏",
    "sex": "女",
    "born_on": "1995-06-01",
    "phone": "13900001111",
    "kind": "劳务派遣",
    "staff_number": "20001",
    "declaration": DECLARATION_VERSION,
}

ends = api_app.ends


@pytest.fixture
async def zhao(ends: Ends) -> App:
    app = App(ends, await ends.platform.follower("赵敏"))
    await app.logs_in()
    return app


async def test_from_the_form_to_a_member(ends: Ends, zhao: App) -> None:
    form = (await zhao.calls("GET", f"{JOINING}/form")).json()
    assert form["version"] == DECLARATION_VERSION
    assert [(each["name"], each["depth"]) for each in form["branches"]] == [
        *(("黄陵供电公司工会", 0), ("北区分工会", 1), ("抢修一班", 2)),
    ]
    is_problem(await zhao.calls("GET", JOINING), 404, "not_found")

    made = await zhao.acts_as("POST", JOINING, {**RIGHT, "branch": form["branches"][2]["id"]})

    assert made.status_code == 201, made.text
    number = made.json()["number"]
    assert (made.json()["state"], made.json()["state_label"]) == ("submitted", "已提交")
    again = await zhao.acts_as("POST", JOINING, RIGHT)
    assert (again.status_code, again.json()["number"]) == (201, number)
    is_problem(await zhao.acts_as("POST", f"{JOINING}/supplement", {"text": "补"}), 409, "refused")
    await act(ends, lambda s, now: application_work.ask(s, number, "请补照片", "王强", now))
    asked = (await zhao.calls("GET", JOINING)).json()
    assert (asked["asked"], asked["due_at"], asked["state"]) == ("请补照片", None, "supplement")
    is_problem(await zhao.acts_as("POST", f"{JOINING}/supplement", {"text": " "}), 422, "invalid")
    back = await zhao.acts_as("POST", f"{JOINING}/supplement", {"text": "补好了"})
    assert (back.status_code, back.json()["state"]) == (200, "reviewing")
    assert [step["state"] for step in back.json()["steps"]] == [
        *("submitted", "reviewing", "supplement", "reviewing"),
    ]
    await act(ends, lambda s, now: application_work.approve(s, number, Admission(), "王强", now))

    assert (await zhao.calls("GET", MEMBERSHIP)).json()["kind"] == "劳务派遣"
    is_problem(await zhao.acts_as("POST", JOINING, RIGHT), 409, "refused")


async def act(ends: Ends, work: Any) -> None:
    async with ends.house.database.transaction() as session:
        await work(session, ends.house.clock.now())


@pytest.mark.parametrize(
    ("changed", "code", "fields"),
    [
        ({"declaration": ""}, "not_declared", []),
        ({"declaration": "2020-01"}, "not_declared", []),
        ({"phone": "123", "sex": "x"}, "invalid", ["sex", "phone"]),
        ({"branch": "made-up"}, "invalid", ["branch"]),
        ({"kind": "退休"}, "invalid", ["kind"]),
        ({"admin": True}, "invalid", ["admin"]),
        ({"name": None}, "invalid", ["name"]),
    ],
)
async def test_what_is_wrong_is_told_field_by_field(
    zhao: App, changed: dict[str, Any], code: str, fields: list[str]
) -> None:
    problem = is_problem(await zhao.acts_as("POST", JOINING, {**RIGHT, **changed}), 422, code)

    assert [each["field"] for each in problem["fields"]] == fields


async def test_who_is_in_the_roster_binds_instead(ends: Ends, zhao: App) -> None:
    li = {**RIGHT, "name": "李娜", "staff_number": "10001", "phone": "13812345678"}

    is_problem(await zhao.acts_as("POST", JOINING, li), 409, "bind_instead")
    guessed = await zhao.acts_as("POST", JOINING, {**li, "phone": "13900001111"})

    assert guessed.status_code == 201  # the same as for a number nobody has
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Guess.id))) == 1


async def test_an_application_is_taken_back(zhao: App) -> None:
    await zhao.acts_as("POST", JOINING, RIGHT)

    assert (await zhao.calls("DELETE", JOINING)).status_code == 204
    is_problem(await zhao.calls("DELETE", JOINING), 404, "not_found")
    assert (await zhao.calls("GET", JOINING)).json()["state"] == "cancelled"


async def test_nobody_without_a_token_reads_or_applies(ends: Ends) -> None:
    for method, path in (("GET", JOINING), ("POST", JOINING), ("GET", CHANGES), ("POST", f"{CHANGES}/phone")):
        answer = await ends.web.request(method, path, json=RIGHT)
        is_problem(answer, 401, "sign_in_needed")


# --- changes -----------------------------------------------------------------------------------------------


async def test_a_phone_number_and_a_binding_are_asked_for(ends: Ends, zhao: App) -> None:
    li = App(ends, await ends.platform.follower("李娜"))
    await li.logs_in()
    is_problem(await li.acts_as("POST", f"{CHANGES}/phone", {"phone": "13900001111"}), 409, "refused")
    assert (await li.acts_as("POST", f"{CHANGES}/move", api_app.RIGHT)).status_code == 204  # nobody had it
    is_problem(await li.acts_as("POST", f"{CHANGES}/phone", {"phone": "1"}), 422, "invalid")
    asked = await li.acts_as("POST", f"{CHANGES}/phone", {"phone": "13900001111"})
    assert asked.status_code == 201

    is_problem(await zhao.calls("PUT", MEMBERSHIP, api_app.RIGHT), 409, "bound_elsewhere")
    is_problem(
        await zhao.acts_as("POST", f"{CHANGES}/move", {**api_app.RIGHT, "phone_end": "0000"}),
        *(422, "does_not_fit"),
    )
    moving = await zhao.acts_as("POST", f"{CHANGES}/move", api_app.RIGHT)
    assert moving.status_code == 201
    assert (await li.calls("GET", CHANGES)).json()["claimed"] is True
    assert (await li.acts_as("POST", f"{CHANGES}/objection")).status_code == 204
    mine = (await zhao.calls("GET", CHANGES)).json()
    assert [(each["number"], each["what"]) for each in mine["mine"]] == [(moving.json()["number"], "move")]

    is_problem(await zhao.calls("DELETE", f"{CHANGES}/{asked.json()['number']}"), 404, "not_found")
    assert (await li.calls("DELETE", f"{CHANGES}/{asked.json()['number']}")).status_code == 204
    async with ends.house.database.reading() as session:
        states = await session.scalars(sa.select(Case.state).order_by(Case.id))
        assert [state.value for state in states] == ["cancelled", "submitted"]
