"""The board and a WeChat that judges: our own client, a writer in the mini-program, what staff are told."""

import pytest
import sqlalchemy as sa

from app.jobs import board_checks as job
from app.services import board, members
from models import BoardCheck, BoardPost
from tests import api_app
from tests.api_app import App
from tests.boarding import words
from tests.both_ends import Ends

ends, li = api_app.ends, api_app.li


async def writes(ends: Ends, person_id: int, text: str) -> None:
    async with ends.house.database.transaction() as session:
        (await members.get(session, "10001")).person_id = person_id
        await board.submit(session, person_id, words(text=text), channel="portal", now=ends.house.clock.now())


async def judged(ends: Ends) -> tuple[BoardCheck, str, list[str]]:
    """What staff read of the post."""
    async with ends.house.database.reading() as session:
        post = (await session.scalars(sa.select(BoardPost))).one()
    return post.verdict, post.check_said, post.marks


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("夜班赶不上", (BoardCheck.PASSED, "")),
        ("一起赌博", (BoardCheck.RISKY, "微信认为可能涉及：违法犯罪")),
        ("加微信聊", (BoardCheck.REVIEW, "微信认为可能涉及：广告")),
    ],
)
async def test_what_wechat_says_is_put_down(
    ends: Ends, li: App, text: str, verdict: tuple[BoardCheck, str]
) -> None:
    await writes(ends, await li.person_id(), text)
    await ends.house.rounds.once()
    assert (await judged(ends))[:2] == verdict


async def test_who_was_not_there_for_two_hours_is_not_judged(ends: Ends, li: App) -> None:
    person_id = await li.person_id()
    await ends.moves_time(hours=3)
    await writes(ends, person_id, "夜班赶不上")
    await ends.house.rounds.once()
    assert (await judged(ends))[:2] == (BoardCheck.UNKNOWN, job.NOT_LATELY)


async def test_a_busy_wechat_is_asked_again(ends: Ends, li: App) -> None:
    await writes(ends, await li.person_id(), "夜班赶不上")
    await ends.platform.misbehaves(fail_next={"path": "/wxa/msg_sec_check", "errcode": 44991, "times": 1})
    await ends.house.rounds.once()
    assert (await judged(ends))[0] is BoardCheck.WAITING
    await ends.moves_time(seconds=120)
    await ends.house.rounds.once()
    assert (await judged(ends))[0] is BoardCheck.PASSED
