"""Two real service processes on one database: pushes in parallel, and processes killed under load."""

import asyncio
import random
import re
from contextlib import suppress

import pytest
import sqlalchemy as sa

from app.database import Database
from app.services import case_work
from models import Case, CaseKind, Follower, StoredFile
from tests import pairs
from tests.pairs import Pair, desk_cases_of, kept
from tests.running import Person, Push, WeChat, openids, post, until

pair, wechat, database = pairs.pair, pairs.wechat, pairs.database

DESK, KEYWORD, LEAVE = "人工", "12398", "留言"


# --- the same message, three times at once


@pytest.mark.parametrize("words", [DESK, KEYWORD, LEAVE])
async def test_one_message_pushed_three_times_at_once_is_handled_once(
    pair: Pair, wechat: WeChat, database: Database, words: str
) -> None:
    people = openids(20, {DESK: "Desk", KEYWORD: "Word", LEAVE: "Flow"}[words])
    pushes = [wechat.text(openid, words) for openid in people]
    first, second = pair.services

    async def thrice(push: Push) -> list[str | None]:
        return list(await asyncio.gather(*(wechat.push(push, service) for service in (first, second, first))))

    answers = await asyncio.gather(*map(thrice, pushes))

    for three in answers:
        assert three[0], three
        assert len(set(three)) == 1, three
    assert await kept(database, pushes) == 20
    if words == DESK:
        assert await desk_cases_of(database, people) == [(1, 0)] * 20
        assert (
            len({re.findall(r"RG-\d+-\d+", three[0])[0] for three in answers if three[0]}) == 20
        )  # a number each


async def test_the_last_yes_three_times_at_once_leaves_one_message(
    pair: Pair, wechat: WeChat, database: Database
) -> None:
    (openid,) = openids(1, "Yes")
    li = Person(wechat, pair.services, openid)
    for words in ("留言", "4", "三号库的灯坏了", "完成", "实名", "13812345678"):
        await li.says(words)
    yes = wechat.text(openid, "确认")

    answers = await asyncio.gather(*(wechat.push(yes, pair.services[n % 2]) for n in range(3)))

    assert len(set(answers)) == 1
    assert "编号 LY-" in (answers[0] or "")
    async with database.reading() as session:
        said = sa.select(sa.func.count(Case.id)).where(Case.kind == CaseKind.FEEDBACK)
        assert await session.scalar(said) == 1


async def test_people_who_write_to_both_processes_at_once_are_all_answered(
    pair: Pair, wechat: WeChat, database: Database
) -> None:
    """Writers of one process share transactions: two such, with the same people in them, must not lock up."""
    people = openids(24, "Both")
    await asyncio.gather(*(wechat.push(wechat.text(each, KEYWORD), pair.services[0]) for each in people))
    asks = [
        (wechat.text(openid, DESK), pair.services[(n + place) % 2])
        for n, openid in enumerate(people)
        for place in range(2)
    ]
    random.Random(5).shuffle(asks)

    answers = await asyncio.gather(*(wechat.push(push, service) for push, service in asks))

    assert all(answers), answers
    assert await desk_cases_of(database, people) == [(1, 1)] * 24  # a case each, and once noted again


async def test_two_taps_on_confirm_at_once_leave_one_message(
    pair: Pair, wechat: WeChat, database: Database
) -> None:
    """Two messages, not one repeated: an impatient thumb, and a balancer between."""
    people = openids(8, "Thumb")
    for openid in people:
        li = Person(wechat, pair.services, openid)
        for words in ("留言", "4", "三号库的灯坏了", "完成", "实名", "13812345678"):
            await li.says(words)
    async with database.reading() as session:
        before = await session.scalar(sa.select(sa.func.count(Case.id)))
    taps = [(wechat.text(openid, "确认"), service) for openid in people for service in pair.services]

    answers = await asyncio.gather(*(wechat.push(push, service) for push, service in taps))

    assert all(answers), answers
    assert sum("已收到您的留言" in (answer or "") for answer in answers) == 8
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(Case.id))) == (before or 0) + 8


# --- 留言 told to two processes


async def test_nine_pictures_at_once_to_two_processes_are_all_kept(
    pair: Pair, wechat: WeChat, database: Database
) -> None:
    (openid,) = openids(1, "Nine")
    li = Person(wechat, pair.services, openid)
    await li.says("留言")
    await li.taps("安全生产")
    pictures = [wechat.picture(openid) for _ in range(9)]

    answers = await asyncio.gather(*(wechat.insist(each, pair.services) for each in pictures))

    assert None not in answers
    assert (await li.says("完成")).startswith("共收到 9 张图片。\n要实名还是匿名？")
    await li.taps("实名")
    assert "9 张图片" in await li.says("跳过")
    number = (await li.taps("确认")).partition("编号 ")[2].partition("。")[0]
    async with database.reading() as session:
        (entry,) = await case_work.list_entries(session, await case_work.get_case(session, number))
        files = (await session.scalars(sa.select(StoredFile.public_id))).all()
    blocks: list[dict[str, str]] = entry.blocks  # type: ignore[assignment]
    assert len({block["file"] for block in blocks} & set(files)) == 9


async def test_a_tap_on_an_old_question_is_told_so_by_the_other_process(pair: Pair, wechat: WeChat) -> None:
    (openid,) = openids(1, "Old")
    li = Person(wechat, pair.services[:1], openid)
    await li.says("留言")
    old = li.last
    await li.taps("权益保障")

    li.services, li.last = pair.services[1:], old
    answer = await li.taps("安全生产")

    assert "这是之前的选项" in answer
    assert "请说说您的意见" in answer


# --- malformed callbacks


async def test_malformed_callbacks_disturb_nobody(pair: Pair, wechat: WeChat, database: Database) -> None:
    dice = random.Random(2026)
    people = openids(60, "Calm")
    pushes = [wechat.text(openid, KEYWORD) for openid in people]
    refused: list[int] = []
    begun = [len(service.log) for service in pair.services]

    async def vandal(push: Push) -> None:
        service = dice.choice(pair.services)
        for query, body in spoiled(push, dice):
            with suppress(ConnectionError):  # it does not read all of what is too large
                refused.append((await post(service, query, body))[0])

    answered, _ = await asyncio.gather(
        asyncio.gather(*(wechat.push(push, dice.choice(pair.services)) for push in pushes)),
        asyncio.gather(*(vandal(wechat.text(openid, DESK)) for openid in openids(40, "Vandal"))),
    )

    assert len(set(answered)) == 1
    assert "95598" in (answered[0] or "")
    assert set(refused) == {400, 403}
    assert await kept(database, pushes) == 60
    async with database.reading() as session:
        strangers = sa.select(sa.func.count(Follower.id)).where(Follower.openid.contains("Vandal"))
        assert await session.scalar(strangers) == 0
    assert all(service.runs for service in pair.services)
    logs = [service.log[start:] for service, start in zip(pair.services, begun, strict=True)]
    assert not any("Traceback" in log for log in logs), logs


def spoiled(push: Push, dice: random.Random) -> list[tuple[str, bytes]]:
    """The push as it must not be."""
    body = push.body
    place = dice.randrange(len(body))
    at = body.index(b"CDATA[") + 20
    return [
        (push.query, body[:place]),
        (push.query, body[:at] + b"*" + body[at + 1 :]),
        (push.query.replace("msg_signature=", "msg_signature=0"), body),
        (push.query.replace("timestamp=", "timestamp=1"), body),
        (push.query, b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml>&a;</xml>"),
        (push.query, b"<xml>" * 5000),
        (push.query, dice.randbytes(2000)),
        (push.query, b""),
        ("", body),
        (push.query, body * 200),
    ]


# --- killed under load


async def test_what_was_acknowledged_survives_kill_and_nothing_is_handled_twice(
    pair: Pair, wechat: WeChat, database: Database
) -> None:
    dice = random.Random(23)
    pushes: list[Push] = []
    answers: dict[str, str] = {}
    done = asyncio.Event()
    everybody = iter(openids(100_000, "Kill"))

    async def members() -> None:
        while not done.is_set():
            push = wechat.text(next(everybody), (DESK, KEYWORD, LEAVE)[len(pushes) % 3])
            pushes.append(push)
            answer = await wechat.insist(push, pair.services, tries=100)
            assert answer is not None
            answers[push.key] = answer

    async def answered(more: int) -> None:
        enough = len(answers) + more
        await until(lambda: len(answers) >= enough)

    async def fate() -> None:
        for _ in range(2):
            await answered(dice.randrange(20, 200))
            victim = dice.choice(pair.services)
            victim.kill()
            victim.begin()
            await until(victim.is_ready)
        await answered(50)
        done.set()

    await asyncio.gather(fate(), *(members() for _ in range(6)))

    assert all(answers.values()), "somebody was told `success` instead of an answer"
    assert await kept(database, pushes) == len(pushes)
    asked = [push.openid for push in pushes if "RG-" in answers[push.key]]
    assert await desk_cases_of(database, asked) == [(1, 0)] * len(asked)
    again = await asyncio.gather(*(wechat.insist(push, pair.services) for push in pushes))
    assert again == [answers[push.key] for push in pushes]
    assert await desk_cases_of(database, asked) == [(1, 0)] * len(asked)
