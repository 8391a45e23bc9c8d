"""Staff at work from their own WeChat: the notice leads to the case, and WeChat opens the console."""

from typing import Any

import pyotp
import sqlalchemy as sa

from app.services import case_owners, case_work, cases, permissions, second_step, staff
from app.services.staff import Wanted
from models import CaseKind, Outbox, Person, Role, StaffLink, StaffState
from tests.both_ends import Ends
from tests.console_kit import CONSOLE, HTML, Worker, acts_of, employ, ends
from tests.portal_member import Visiting, member

__all__ = ["ends"]

ASKS, TICKET = "/me/staff/sign-in", "gonghui_staff_ticket"


async def with_phone(ends: Ends, *roles: Role | Wanted) -> tuple[Worker, Visiting]:
    """Somebody of staff and his own WeChat; the phone's browser is not signed in to the console."""
    worker, li = await employ(ends, "张姐", *roles), await member(ends, "张姐")
    whose = await li.person_id()
    async with ends.house.database.transaction() as session:
        (await staff.get_by_login(session, worker.login)).person_id = whose
    return Worker(ends, worker.login, li.browser), li


async def with_second_step(ends: Ends, worker: Worker) -> str:
    secret = second_step.new_secret()
    async with ends.house.database.transaction() as session:
        (await staff.get_by_login(session, worker.login)).totp_secret = secret
    return secret


async def handed(ends: Ends, worker: Worker) -> str:
    """A case that was given to this person of staff."""
    now, words = ends.house.clock.now(), [{"type": "text", "text": "食堂的灯坏了"}]
    async with ends.house.database.transaction() as session:
        person = Person(created_at=now)
        session.add(person)
        await session.flush()
        told = await cases.open_case(session, CaseKind.FEEDBACK, person.id, None, blocks=words, now=now)
    async with ends.house.database.transaction() as session:
        case = await case_work.get_case(session, told.number, lock=True)
        own = await staff.get_by_login(session, worker.login)
        await case_owners.hand_to(session, case, own, "", permissions.Standing(0, "李主任", ()), now)
    return told.number


async def test_the_notice_leads_to_the_case_and_the_answer_is_given_there(ends: Ends) -> None:
    zhang, phone = await with_phone(ends, Role.UNION_ADMIN)
    secret = await with_second_step(ends, zhang)
    number = await handed(ends, zhang)
    async with ends.house.database.reading() as session:
        told = sa.select(Outbox.payload).where(Outbox.kind == "staff.handed")
        payload: Any = (await session.scalars(told)).one()
    link = payload["content"].splitlines()[-1]
    assert link == f"{ends.house.settings.public_url}/console/number/{number}"

    asked = await phone.browser.get(link.removeprefix(ends.house.settings.public_url), headers=HTML)
    door = await phone.browser.get(asked.headers["location"], headers=HTML)
    to = f"/console/number/{number}"
    assert f'href="{ASKS}?next={to}"' in door.text
    entered = await phone.taps(f"{ASKS}?next={to}", ASKS, next=to)
    step = await phone.browser.get(entered.headers["location"], headers=HTML)
    assert step.headers["location"] == f"{CONSOLE}/sign-in/code"
    code = pyotp.TOTP(secret).at(ends.house.clock.now())
    let_in = await phone.browser.post(f"{CONSOLE}/sign-in/code", data={"code": code}, headers=HTML)
    case = await phone.browser.get(let_in.headers["location"], headers=HTML)

    assert case.headers["location"] == f"{CONSOLE}/cases/{number}"
    page = await zhang.reads(f"/cases/{number}")
    seen = page.split('name="seen" value="')[1].partition('"')[0]
    assert "已答复" in await zhang.does(f"/cases/{number}/answer", text="周五前修好。", seen=seen)
    assert [each.by for each in await acts_of(ends, "case.answer")] == ["张姐"]


async def test_the_ticket_is_good_once_and_for_two_minutes(ends: Ends) -> None:
    zhang, phone = await with_phone(ends, Role.LAWYER)
    entered = await phone.taps(ASKS, ASKS)
    kept = phone.browser.cookies[TICKET]
    assert (await phone.browser.get(entered.headers["location"], headers=HTML)).headers["location"] == CONSOLE
    assert "张姐" in await zhang.reads("")
    assert TICKET not in phone.browser.cookies

    other = ends.browser()
    other.cookies.set(TICKET, kept)
    again = await other.get(f"{CONSOLE}/sign-in/wechat", headers=HTML)
    assert again.status_code == 410 and "微信登录已过期" in again.text

    entered = await phone.taps(ASKS, ASKS)
    await ends.moves_time(seconds=121)
    assert (await phone.browser.get(entered.headers["location"], headers=HTML)).status_code == 410


async def test_asking_for_the_head_of_the_page_signs_nobody_in(ends: Ends) -> None:
    zhang, phone = await with_phone(ends, Role.LAWYER)
    entered = await phone.taps(ASKS, ASKS)

    assert (await phone.browser.head(entered.headers["location"], headers=HTML)).status_code == 200
    assert (await zhang.gets("")).status_code == 303
    assert (await phone.browser.get(entered.headers["location"], headers=HTML)).status_code == 303


async def test_without_a_ticket_nobody_is_signed_in(ends: Ends) -> None:
    browser = ends.browser()

    for kept in ("", "x" * 32, "%22%00"):
        browser.cookies.set(TICKET, kept)
        answer = await browser.get(f"{CONSOLE}/sign-in/wechat?next=//evil.example/", headers=HTML)
        assert answer.status_code == 410 and "evil" not in answer.text


async def test_a_phone_alone_does_not_open_accounts_and_keys(ends: Ends) -> None:
    _, phone = await with_phone(ends, Role.UNION_ADMIN)

    answer = await phone.taps(ASKS, ASKS)

    assert answer.status_code == 403 and "先在电脑上「我的账号」里开两步验证" in answer.text
    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(StaffLink).where(StaffLink.purpose == "sign_in"))).all() == []


async def test_who_does_not_work_here_finds_no_door(ends: Ends) -> None:
    li = await member(ends, "李娜")
    assert "工作台" not in await li.reads("/me")

    answer = await li.browser.get(ASKS, headers=HTML)

    assert answer.status_code == 404 and "没有关联工作账号" in answer.text


async def test_who_was_disabled_meanwhile_is_not_let_in(ends: Ends) -> None:
    zhang, phone = await with_phone(ends, Role.LAWYER)
    assert "工作台" in await phone.reads("/me")
    entered = await phone.taps(ASKS, ASKS)
    async with ends.house.database.transaction() as session:
        (await staff.get_by_login(session, zhang.login)).state = StaffState.DISABLED

    assert (await phone.browser.get(entered.headers["location"], headers=HTML)).status_code == 410
    assert "工作台" not in await phone.reads("/me")
    assert (await phone.browser.post(ASKS, headers=HTML)).status_code == 403  # no token


async def test_where_it_leads_is_a_page_of_the_console(ends: Ends) -> None:
    _, phone = await with_phone(ends, Role.LAWYER)
    entered = await phone.taps(f"{ASKS}?next=https://evil.example/", ASKS, next="https://evil.example/")

    let_in = await phone.browser.get(entered.headers["location"], headers=HTML)

    assert let_in.headers["location"] == CONSOLE


async def test_a_number_leads_nowhere_for_who_may_not_read_the_case(ends: Ends) -> None:
    zhang, phone = await with_phone(ends, Role.LAWYER)
    boss = await employ(ends, "王主任", Role.UNION_ADMIN)
    number = await handed(ends, boss)
    await phone.browser.get((await phone.taps(ASKS, ASKS)).headers["location"], headers=HTML)

    for path in (number, "LY-2099-0001", "nothing", "%3Cscript%3E"):
        answer = await zhang.gets(f"/number/{path}")
        assert answer.status_code == 404, path
        assert "<script>" not in answer.text
