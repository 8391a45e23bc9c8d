"""对方正在输入: shown to whose answer is being typed, if he was just here; a courtesy that costs nothing."""

from typing import Any

import httpx
import pytest
import structlog

from app.jobs.typing_hints import MOST, TypingHints
from app.wechat.api import messages as wire
from app.wechat.client import WeChatClient
from models import CaseKind, Role
from sandbox.driver import Phone
from tests import mailing
from tests.both_ends import Ends
from tests.conftest import FakeClock
from tests.console_kit import Worker, admin, at_work, ends
from tests.mailing import Mailbox
from tests.test_case_sent import phone_of
from tests.test_console_cases import acts, consults, leaves

__all__ = ["admin", "ends"]
PATH = "/cgi-bin/message/custom/typing"
mailbox, client = mailing.mailbox, mailing.client


async def asked(ends: Ends) -> list[int]:
    """What WeChat answered, oldest first."""
    return [call["errcode"] for call in reversed(await ends.platform.calls()) if call["path"] == PATH]


async def types(worker: Worker, path: str) -> int:
    return (await worker.sends(f"{path}/typing")).status_code


async def li_leaves(ends: Ends, **given: Any) -> tuple[Phone, str]:
    li = await phone_of(ends)
    return li, f"/cases/{await leaves(ends, phone=li, **given)}"


# --- in the console


async def test_who_was_just_here_sees_that_an_answer_is_typed(ends: Ends, admin: Worker) -> None:
    _, at = await li_leaves(ends)
    assert f'data-typing="/console{at}/typing"' in await admin.reads(at)

    assert [await types(admin, at) for _ in range(3)] == [204, 204, 204]

    assert await asked(ends) == [0]  # it lasts 15 seconds
    assert await ends.sends() == []


async def test_it_uses_up_no_message_and_writes_nothing(
    ends: Ends, admin: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, at = await li_leaves(ends)
    token = await admin.token()
    # The access token is fetched and kept, and one of five is used up.
    await ends.house.wechat.messages.send(wire.CustomerMessage(li.openid, wire.Text("好")))

    def refused() -> Any:
        raise AssertionError("a writing transaction was opened")

    with monkeypatch.context() as patched:
        patched.setattr(ends.house.database, "transaction", refused)
        answer = await admin.browser.post(f"/console{at}/typing", data={"token": token})
    assert (answer.status_code, await asked(ends)) == (204, [0])

    for n in range(4):
        await ends.answer(at.rpartition("/")[2], f"进展 {n}")
        await ends.moves_time(seconds=60)
        await ends.house.rounds.once()
        await ends.house.rounds.once()
    assert await ends.sends() == [0] * 5


@pytest.mark.parametrize("seconds", [31, 49 * 3600])
async def test_who_was_not_just_here_is_not_asked_for(ends: Ends, admin: Worker, seconds: int) -> None:
    _, at = await li_leaves(ends)
    await ends.moves_time(seconds=seconds)
    await admin.signs_in()

    assert await types(admin, at) == 204

    assert await asked(ends) == []


async def test_of_what_is_secret_nothing_is_shown(ends: Ends, admin: Worker) -> None:
    li, at = await li_leaves(ends, anonymous=True)
    doctor = await at_work(ends, "赵医生", Role.DOCTOR)
    health = await leaves(ends, kind=CaseKind.HEALTH, topic="other", phone=li)

    assert "data-typing" not in await admin.reads(at)
    assert await types(admin, at) == 204
    assert await types(doctor, f"/health/{health}") == 204
    assert await asked(ends) == []


async def test_what_is_closed_or_anothers_room_shows_nothing(ends: Ends, admin: Worker) -> None:
    li, at = await li_leaves(ends)
    law = f"/consultations/{await consults(ends, phone=li)}"
    lawyer = await at_work(ends, "张律师", Role.LAWYER)
    assert await types(lawyer, law) == 204
    assert await asked(ends) == [0]
    await ends.moves_time(seconds=15)
    await ends.answer(at.rpartition("/")[2], "换好了")
    assert (await acts(admin, at, do="close")).status_code == 303

    assert [await types(admin, law), await types(lawyer, at), await types(admin, at)] == [403, 403, 204]
    strangers = await ends.browser().post(f"/console{at}/typing", data={"token": ""})
    assert strangers.status_code == 403
    assert await asked(ends) == [0]


async def test_no_message_left_no_hint(ends: Ends, admin: Worker) -> None:
    li, at = await li_leaves(ends)
    for _ in range(5):
        await ends.house.wechat.messages.send(wire.CustomerMessage(li.openid, wire.Text("好")))

    assert await types(admin, at) == 204  # ours believes that five are left: WeChat says otherwise

    assert await asked(ends) == [45047]


# --- asking WeChat


@pytest.mark.parametrize(
    "answer", [45015, 45047, 45080, 45081, 45072, 40200, 48001, -1, 45009, httpx.ReadTimeout("late")]
)
async def test_whatever_fails_is_silent_and_logged_without_a_name(
    clock: FakeClock, mailbox: Mailbox, client: WeChatClient, answer: Any
) -> None:
    mailbox.answers = [answer] * 9
    with structlog.testing.capture_logs() as logs:
        await TypingHints(client, lambda: 0.0).show("oLi")

    assert any(line["event"].startswith("typing_hint_") for line in logs)
    assert "oLi" not in str(logs)


async def test_each_person_once_in_fifteen_seconds(mailbox: Mailbox, client: WeChatClient) -> None:
    now = [100.0]
    hints = TypingHints(client, lambda: now[0])
    for who in ("oLi", "oLi", "oWang"):
        await hints.show(who)
    now[0] += 15
    await hints.show("oLi")

    assert [sent["touser"] for sent in mailbox.sent] == ["oLi", "oWang", "oLi"]


async def test_it_remembers_no_more_people_than_it_must(mailbox: Mailbox, client: WeChatClient) -> None:
    now = [0.0]
    hints = TypingHints(client, lambda: now[0])
    for n in range(MOST):
        hints._shown[f"o{n}"] = 0.0
    now[0] = 20.0
    await hints.show("oLi")

    assert list(hints._shown) == ["oLi"]
