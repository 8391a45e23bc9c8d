"""In a thread staff see by which message each of their answers went, and whether it arrived."""

import re

from sandbox.driver import Phone
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, ends
from tests.test_console_cases import acts, leaves

__all__ = ["admin", "ends"]
SENT = re.compile(r'data-test="sent">([^<]*)<')


async def phone_of(ends: Ends) -> Phone:
    li = await ends.platform.person("李娜")
    await li.follows()
    await ends.moves_time(seconds=61)  # what following allows is over
    await li.says("谢谢")
    return li


async def answers(worker: Worker, number: str, text: str) -> str:
    sent = await acts(worker, f"/cases/{number}", do="answer", text=text, how="answer")
    assert sent.status_code == 303
    return (await worker.browser.get(sent.headers["location"])).text


async def test_answers_that_went_together_say_so(ends: Ends, admin: Worker) -> None:
    li = await phone_of(ends)
    number = await leaves(ends, phone=li)
    await answers(admin, number, "灯换好了。")
    await answers(admin, number, "门也修好了。")
    assert SENT.findall(await admin.reads(f"/cases/{number}")) == ["等待发送", "等待发送"]

    await ends.house.rounds.once()

    told = SENT.findall(await admin.reads(f"/cases/{number}"))
    assert len(told) == 2
    assert all(
        each.startswith("已送达") and each.endswith("（客服消息），和另外 1 条合成一条") for each in told
    )
    assert await ends.sends() == [0]
    assert len(await acts_of(ends, "case.answer")) == 2


async def test_what_waits_for_the_person_says_so_and_then_how_it_came(ends: Ends, admin: Worker) -> None:
    li = await phone_of(ends)
    number = await leaves(ends, phone=li)
    await ends.moves_time(hours=49)
    await admin.signs_in()
    await answers(admin, number, "灯换好了。")
    await ends.house.rounds.once()
    assert SENT.findall(await admin.reads(f"/cases/{number}")) == ["等对方来时说"]

    await li.says("谢谢")

    (told,) = SENT.findall(await admin.reads(f"/cases/{number}"))
    assert told.startswith("已送达") and told.endswith("（随答复带到）")


async def test_the_last_message_waits_for_what_is_added_and_staff_are_told(ends: Ends, admin: Worker) -> None:
    li = await phone_of(ends)
    number = await leaves(ends, phone=li)
    for n in range(4):
        await answers(admin, number, f"进展 {n}")
        await ends.house.rounds.once()

    said = await answers(admin, number, "灯换好了。")

    assert "这一轮只剩最后一条能发，等您半分钟" in said
    await ends.house.rounds.once()
    assert len(await ends.sends()) == 4


async def test_of_an_anonymous_case_nothing_tells_whether_somebody_was_here(
    ends: Ends, admin: Worker
) -> None:
    li = await phone_of(ends)
    number = await leaves(ends, phone=li, anonymous=True)
    await answers(admin, number, "灯换好了。")
    await ends.house.rounds.once()

    assert SENT.findall(await admin.reads(f"/cases/{number}")) == []
