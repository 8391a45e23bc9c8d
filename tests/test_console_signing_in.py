"""Signing in to the console: invitation, password, second step, and everything that is tried against it."""

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pyotp
import pytest

from app.services import second_step, staff_sign_in
from app.web.limits import Limit
from models import Role, StaffState
from tests.both_ends import Ends
from tests.console_kit import (
    CONSOLE,
    HTML,
    PASSWORD,
    Worker,
    acts_of,
    admin,
    at_work,
    employ,
    ends,
    staff_row,
)

__all__ = ["admin", "ends"]
LINK = re.compile(r'value="(http[^"]+/console/invited/[^"]+)"')


async def invited(boss: Worker, login: str = "li.na", **filled: object) -> str:
    """The path of the link that a new account gets."""
    given = {"login": login, "name": "李娜", "role": "editor", "branch": "", **filled}
    answer = await boss.sends("/staff/new", **given)
    found = LINK.search(answer.text)
    assert found, answer.text
    return found[1][found[1].index(CONSOLE) + len(CONSOLE) :]


async def chooses(browser: httpx.AsyncClient, path: str, password: str, again: str = "") -> httpx.Response:
    given = {"password": password, "again": again or password}
    return await browser.post(f"{CONSOLE}{path}", data=given, headers=HTML)


async def test_who_is_invited_chooses_a_password_and_signs_in(ends: Ends, admin: Worker) -> None:
    link = await invited(admin)
    browser = ends.browser()
    assert "李娜，欢迎" in (await browser.get(f"{CONSOLE}{link}", headers=HTML)).text

    assert "密码已设好" in (await chooses(browser, link, PASSWORD)).text

    li = Worker(ends, "li.na", browser)
    assert (await li.signs_in()).headers["location"] == CONSOLE
    assert "李娜" in await li.reads("")
    assert [act.act for act in await acts_of(ends)][-3:] == [
        "staff.invite",
        "staff.password",
        "staff.sign_in",
    ]


async def test_a_link_is_good_once_and_for_three_days(ends: Ends, admin: Worker) -> None:
    link, browser = await invited(admin), ends.browser()
    await chooses(browser, link, PASSWORD)

    again = await chooses(browser, link, "another fine password")

    assert again.status_code == 410 and "链接不能用了" in again.text
    late = await invited(admin, "zhang.wei")
    await ends.moves_time(hours=73)
    assert (await browser.get(f"{CONSOLE}{late}", headers=HTML)).status_code == 410


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "", "至少 10 个字符"),
        ("li.na is my name", "", "不要有登录名或姓名"),
        ("1234567890", "", "太容易猜到"),
        ("aaaaaaaaaaaa", "", "太容易猜到"),
        ("a fine password", "another password", "两次输入的密码不一样"),
        ("x" * 129, "", "最多 128 个字符"),
    ],
)
async def test_a_password_that_will_not_do_is_told_why(
    ends: Ends, admin: Worker, password: str, again: str, said: str
) -> None:
    answer = await chooses(ends.browser(), await invited(admin), password, again)

    assert answer.status_code == 422 and said in answer.text
    assert (await staff_row(ends, "li.na")).state is StaffState.INVITED


async def test_who_knows_no_password_learns_nothing_and_is_soon_locked_out(ends: Ends) -> None:
    wang = await employ(ends, "王强", Role.EDITOR)
    nobody = Worker(ends, "nobody", ends.browser())

    for worker in (wang, nobody):
        for _ in range(5):
            answer = await worker.signs_in("wrong password")
            assert answer.status_code == 422 and "登录名或密码不对" in answer.text
        locked = await worker.signs_in(PASSWORD)
        assert locked.status_code == 429 and "15 分钟后再试" in locked.text

    await ends.moves_time(seconds=960)
    assert (await wang.signs_in()).status_code == 303


async def test_a_right_password_forgets_the_wrong_ones(ends: Ends) -> None:
    wang = await employ(ends, "王强", Role.EDITOR)

    for _ in range(3):
        for _ in range(4):
            await wang.signs_in("wrong password")
        assert (await wang.signs_in()).status_code == 303


async def with_second_step(ends: Ends) -> tuple[Worker, str, list[str]]:
    """Somebody whose phone has the secret, the secret, and the recovery codes."""
    wang = await at_work(ends, "王强", Role.EDITOR)
    secret = second_step.new_secret()
    code = pyotp.TOTP(secret).at(ends.house.clock.now())
    answer = await wang.sends("/me/second-step", secret=secret, code=code, present=PASSWORD)
    codes = re.findall(r'data-test="recovery-code">([^<]+)<', answer.text)
    assert len(codes) == 10, answer.text
    return wang, secret, codes


async def code(worker: Worker, words: str) -> httpx.Response:
    return await worker.browser.post(f"{CONSOLE}/sign-in/code", data={"code": words}, headers=HTML)


async def test_with_a_second_step_the_password_alone_opens_nothing(ends: Ends) -> None:
    wang, secret, _ = await with_second_step(ends)
    there = Worker(ends, wang.login, ends.browser())
    await ends.moves_time(seconds=60)

    answer = await there.signs_in(to="/console/me")

    assert answer.headers["location"] == f"{CONSOLE}/sign-in/code"
    assert (await there.gets("")).status_code == 303
    assert (await code(there, "000000")).status_code == 422
    right = await code(there, pyotp.TOTP(secret).at(ends.house.clock.now()))
    assert right.headers["location"] == "/console/me"
    assert "王强" in await there.reads("/me")


async def test_a_code_is_good_once(ends: Ends) -> None:
    wang, secret, _ = await with_second_step(ends)
    await ends.moves_time(seconds=60)
    present = pyotp.TOTP(secret).at(ends.house.clock.now())
    one, other = Worker(ends, wang.login, ends.browser()), Worker(ends, wang.login, ends.browser())
    await one.signs_in()

    assert (await code(one, present)).status_code == 303

    await other.signs_in()
    assert (await code(other, present)).status_code == 422


async def test_a_recovery_code_is_good_once(ends: Ends) -> None:
    wang, _, codes = await with_second_step(ends)
    one, other = Worker(ends, wang.login, ends.browser()), Worker(ends, wang.login, ends.browser())
    await one.signs_in()

    assert (await code(one, codes[0].upper())).status_code == 303

    await other.signs_in()
    assert (await code(other, codes[0])).status_code == 422


async def test_codes_are_not_to_be_guessed(ends: Ends) -> None:
    wang, secret, _ = await with_second_step(ends)
    there = Worker(ends, wang.login, ends.browser())
    await ends.moves_time(seconds=60)
    await there.signs_in()

    answers = [(await code(there, f"{number:06}")).status_code for number in range(6)]

    assert answers == [422] * 4 + [429] * 2  # the password was a try too
    assert (await code(there, pyotp.TOTP(secret).at(ends.house.clock.now()))).status_code == 429


async def test_a_reset_voids_a_first_step_under_way(ends: Ends, admin: Worker) -> None:
    wang, _, _ = await with_second_step(ends)
    thief = Worker(ends, wang.login, ends.browser())
    await thief.signs_in()
    answer = await admin.sends(f"/staff/{(await staff_row(ends, wang.login)).public_id}/reset")
    found = LINK.search(answer.text)
    assert found
    await chooses(ends.browser(), found[1][found[1].index(CONSOLE) + len(CONSOLE) :], "a new fine password")

    assert (await code(thief, "")).status_code == 422
    assert (await thief.gets("")).status_code == 303


async def test_a_session_planted_beforehand_is_not_the_one_that_is_signed_in(ends: Ends) -> None:
    wang = await employ(ends, "王强", Role.EDITOR)
    wang.browser.cookies.set("gonghui_staff_session", "planted")

    answer = await wang.signs_in()

    assert "planted" not in answer.headers["set-cookie"]
    thief = ends.browser()
    thief.cookies.set("gonghui_staff_session", "planted")
    assert (await thief.get(CONSOLE, headers=HTML)).status_code == 303


async def test_signing_in_again_ends_the_session_before(ends: Ends) -> None:
    wang = await at_work(ends, "王强", Role.EDITOR)
    before = dict(wang.browser.cookies)

    await wang.signs_in()

    old = ends.browser()
    old.cookies.update(before)
    assert (await old.get(CONSOLE, headers=HTML)).status_code == 303
    assert (await wang.gets("")).status_code == 200


async def test_a_session_ends_when_idle_and_after_a_day_of_work(ends: Ends) -> None:
    wang = await at_work(ends, "王强", Role.EDITOR)

    for _ in range(11):
        await ends.moves_time(hours=1)
        assert (await wang.gets("")).status_code == 200
    await ends.moves_time(hours=1, seconds=60)
    assert (await wang.gets("")).status_code == 303

    await wang.signs_in()
    await ends.moves_time(hours=2, seconds=360)
    assert (await wang.gets("")).status_code == 303


async def test_signing_out_ends_it_everywhere_the_cookie_went(ends: Ends) -> None:
    wang = await at_work(ends, "王强", Role.EDITOR)
    stolen = ends.browser()
    stolen.cookies.update(dict(wang.browser.cookies))

    assert (await wang.sends("/sign-out")).headers["location"] == f"{CONSOLE}/sign-in"

    assert (await stolen.get(CONSOLE, headers=HTML)).status_code == 303


async def test_other_browsers_are_listed_and_signed_out(ends: Ends) -> None:
    wang = await at_work(ends, "王强", Role.EDITOR)
    phone = Worker(ends, wang.login, ends.browser())
    await phone.signs_in()
    page = await wang.reads("/me")
    assert page.count("10.") + page.count("127.0.0.1") >= 2 and page.count('data-test="end-session"') == 1

    await wang.does("/me/sessions/end-others")

    assert (await phone.gets("")).status_code == 303
    assert (await wang.gets("")).status_code == 200


async def test_a_changed_password_signs_other_browsers_out(ends: Ends) -> None:
    wang = await at_work(ends, "王强", Role.EDITOR)
    phone = Worker(ends, wang.login, ends.browser())
    await phone.signs_in()
    wrong = await wang.sends(
        "/me/password", present="wrong", password="a new password", again="a new password"
    )
    assert wrong.status_code == 422 and "现在的密码不对" in wrong.text

    done = await wang.does(
        "/me/password", present=PASSWORD, password="a new password", again="a new password"
    )

    assert "密码已更改" in done
    assert (await phone.gets("")).status_code == 303
    assert (await wang.signs_in("a new password")).status_code == 303


@pytest.mark.parametrize(
    "wanted", ["https://evil.cn/", "//evil.cn", "/console//evil.cn", "/console\\evil", "/me", "/console.evil"]
)
async def test_signing_in_leads_nowhere_else(ends: Ends, wanted: str) -> None:
    wang = await employ(ends, "王强", Role.EDITOR)

    assert (await wang.signs_in(to=wanted)).headers["location"] == CONSOLE


async def test_a_form_from_another_site_is_refused(ends: Ends) -> None:
    wang = await employ(ends, "王强", Role.EDITOR)
    given = {"login": wang.login, "password": PASSWORD}

    for header in ({"Origin": "https://evil.cn"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await wang.browser.post(f"{CONSOLE}/sign-in", data=given, headers=HTML | header)
        assert answer.status_code == 403


async def test_who_is_sent_to_sign_in_comes_back(ends: Ends) -> None:
    wang = await employ(ends, "王强", Role.EDITOR)

    answer = await wang.gets("/me?tab=1")

    assert answer.headers["location"] == f"{CONSOLE}/sign-in?next=%2Fconsole%2Fme%3Ftab%3D1"
    assert (await wang.signs_in(to="/console/me?tab=1")).headers["location"] == "/console/me?tab=1"


async def test_what_is_over_is_forgotten(ends: Ends) -> None:
    wang = await at_work(ends, "王强", Role.EDITOR)
    await wang.signs_in("wrong password")
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        for rule, after in (
            (staff_sign_in.forget_sessions, timedelta(hours=13)),
            (staff_sign_in.forget_tries, timedelta(minutes=16)),
        ):
            assert await rule.count(session, now) == 0
            assert await rule.count(session, now + after) == 1


async def test_an_address_that_tries_many_logins_is_slowed_down(ends: Ends) -> None:
    office = ends.service._office
    assert office is not None
    ends.service._office = replace(office, sign_ins=Limit(3, lambda: 0.0))  # a minute that stands still
    wang = await employ(ends, "王强", Role.EDITOR)
    for number in range(3):
        assert (await Worker(ends, f"nobody{number}", wang.browser).signs_in()).status_code == 422

    answer = await wang.signs_in()

    assert answer.status_code == 429 and "登录得太频繁" in answer.text
