"""Recorded chats, replayed: questions that changed without a new version would strand whoever is half-way."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ruamel.yaml import YAML

import handlers
from app.database import Database
from app.dialogue import answers, dates
from app.dialogue.chat import Chat
from app.dialogue.router import Registry, Router
from app.jobs import case_ratings as case_ratings_job
from app.services import (
    activity_feedback,
    albums,
    case_ratings,
    case_work,
    cases,
    consents,
    feedback_questions,
    purposes,
    sign_ups,
)
from app.services.audiences import Facts
from app.services.library import Library
from app.services.sign_ups import Applicant
from app.wechat.replies import Reply, Text
from models import CaseKind, Dialogue, DialogueState
from tests import checking_in
from tests.conftest import FakeClock
from tests.talking import Speaker, Talk, talking
from tests.town import our_town
from tests.whole_life import person_of

CHATS = sorted((Path(__file__).parent / "data" / "chats").glob("*.yaml"))
SENDS = ("says", "taps", "clicks", "voice", "picture")


def recording(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return loaded


async def replay(talk: Talk, recorded: dict[str, Any], version: int) -> int:
    """Send what was sent then; compare what is asked and read now. Returns how many answers were compared."""
    flow = recorded["flow"]
    assert version == recorded["version"], f"{flow} has a new version: record its chats anew"
    li, compared = await talk.person("李娜"), 0
    for number, step in enumerate(recorded["chat"], 1):
        if "agreed" in step:
            await _agreed_before(talk, li, step["agreed"])
            continue
        if "finished" in step:
            await _finished(talk, li, step["finished"])
            continue
        if "came_to" in step:
            await _came_to(talk, li, step["came_to"])
            continue
        read = await _send(li, step)
        where = f"{flow}, step {number}"
        asked = await _open_question(talk, flow)
        assert asked == step.get("asks"), f"{where}: the questions changed; raise the version and record anew"
        assert step.get("reads", "") in read, f"{where}: read {read!r}"
        talk.clock.advance(20)
        compared += 1
    return compared


async def _agreed_before(talk: Talk, li: Speaker, versions: dict[str, str]) -> None:
    """To older versions of these purposes."""
    person_id = await person_of(talk, li.openid)
    async with talk.database.transaction() as session:
        for key, version in versions.items():
            older = replace(purposes.get(key), version=version)
            await consents.give(session, person_id, older, channel="chat", now=talk.clock.now())


async def _finished(talk: Talk, li: Speaker, score: int) -> None:
    """A 留言 of hers was answered and closed, she was asked how it went, and gave this score."""
    person_id, now = await person_of(talk, li.openid), talk.clock.now()
    async with talk.database.transaction() as session:
        opened = await cases.open_case(session, CaseKind.FEEDBACK, person_id, None, blocks=[], now=now)
    async with talk.database.transaction() as session:
        await case_work.answer(session, opened.number, "修好了。", "赵敏", now)
        await case_work.close(session, opened.number, "赵敏", now)
    talk.clock.advance(3600)
    await case_ratings_job.run(talk.database, talk.clock)
    async with talk.database.transaction() as session:
        await case_ratings.rate(session, person_id, opened.number, score, talk.clock.now())


async def _came_to(talk: Talk, li: Speaker, title: str) -> None:
    """She took part in an activity that has an album, and is asked how it was."""
    async with talk.database.transaction() as session:
        walk = await checking_in.today(session, title)
        who = Applicant(await person_of(talk, li.openid), Facts(), "chat")
        entry = await sign_ups.sign_up(session, walk.id, who, now=talk.clock.now())
        await checking_in.reads(session, walk, checking_in.ticket(entry))
        await albums.begin(session, walk, talk.clock.now())
        await activity_feedback.settle(session, walk, feedback_questions.USUAL)
        await activity_feedback.ask(session, walk, lambda label, *_: label, talk.clock.now())
    talk.clock.advance(2 * 3600)


async def _send(li: Speaker, step: dict[str, Any]) -> str:
    (how,) = step.keys() & set(SENDS)
    match how:
        case "says":
            return await li.says(step[how])
        case "taps":
            return await li.taps(step[how])
        case "clicks":
            return await li.clicks(step[how])
        case "voice":
            return await li.sends_voice(step[how])
        case _:
            return await li.sends_picture()


async def _open_question(talk: Talk, flow: str) -> str | None:
    async with talk.database.reading() as session:
        pending: Any = await session.scalar(
            sa.select(Dialogue.pending).where(Dialogue.state == DialogueState.OPEN, Dialogue.flow == flow)
        )
    return pending["key"] if pending else None


@pytest.mark.parametrize("path", CHATS, ids=lambda path: path.stem)
async def test_a_recorded_chat_goes_as_it_went(path: Path, database: Database, clock: FakeClock) -> None:
    recorded = recording(path)

    async with our_town(database, clock, advisers=True) as talk:
        version = Registry(handlers.routers(Library()))[recorded["flow"]].version
        assert await replay(talk, recorded, version) > 0


def test_every_flow_has_a_recorded_chat() -> None:
    flows = {name for name, handler in Registry(handlers.routers(Library())).items() if handler.is_flow}

    assert {recording(path)["flow"] for path in CHATS} == flows


TAKING = sorted(
    (handler.name, what)
    for handler in Registry(handlers.routers(Library())).values()
    for what in handler.takes
)


@pytest.mark.parametrize(("name", "what"), TAKING)
async def test_a_flow_that_says_so_takes_what_a_button_asked_for(
    name: str, what: str, database: Database, clock: FakeClock
) -> None:
    async with our_town(database, clock, advisers=True) as talk:
        li = await talk.person("李娜")
        await (li.opens_camera(name) if what == "photo" else li.opens_map(name))
        await (li.sends_picture() if what == "photo" else li.sends_place("黄陵"))

        async with talk.database.reading() as session:
            (row,) = (await session.scalars(sa.select(Dialogue).where(Dialogue.flow == name))).all()
    pending: Any = row.pending
    assert row.answers or pending["partial"]


# --- what such a chat is there to notice -------------------------------------------------------------------

RECORDED: dict[str, Any] = {
    "flow": "trip.ask",
    "version": 1,
    "chat": [
        {"says": "疗养", "asks": "place"},
        {"says": "桥山", "asks": "day"},
        {"says": "昨天", "reads": "记下了"},
    ],
}
MENUS = """
version: 1
account: 测试
menu:
  - {name: 疗养, do: trip.ask}
keywords:
  - {say: [疗养], do: trip.ask}
fallback: trip.otherwise
"""


def trip(keys: tuple[str, ...], version: int = 1) -> Router:
    router = Router("trip")

    @router.flow("trip.ask", title="疗养", version=version)
    async def ask(chat: Chat) -> Reply:
        for key in keys:
            if key == "day":
                await chat.ask(key, "哪一天？", dates.past_date)
            else:
                await chat.ask(key, "去哪里？", answers.words)
        return Text("记下了。")

    @router.on("trip.otherwise", title="其他")
    async def otherwise(chat: Chat) -> Reply:
        return Text("没有听懂。")

    return router


async def _replayed(database: Database, clock: FakeClock, router: Router, version: int) -> int:
    async with talking(database, clock, [router], MENUS) as talk:
        return await replay(talk, RECORDED, version)


async def test_unchanged_questions_pass(database: Database, clock: FakeClock) -> None:
    assert await _replayed(database, clock, trip(("place", "day")), 1) == len(RECORDED["chat"])


@pytest.mark.parametrize(
    "keys",
    [("where", "day"), ("place", "purpose", "day"), ("place",), ("day", "place")],
    ids=["renamed", "one more", "one less", "another order"],
)
async def test_changed_questions_without_a_new_version_are_noticed(
    keys: tuple[str, ...], database: Database, clock: FakeClock
) -> None:
    with pytest.raises(AssertionError, match="raise the version and record anew"):
        await _replayed(database, clock, trip(keys), 1)


async def test_a_new_version_asks_for_new_recordings(database: Database, clock: FakeClock) -> None:
    with pytest.raises(AssertionError, match="record its chats anew"):
        await _replayed(database, clock, trip(("where", "day"), version=2), 2)


async def test_whoever_was_half_way_in_an_old_version_is_told(database: Database, clock: FakeClock) -> None:
    async with talking(database, clock, [trip(("place", "day"))], MENUS) as talk:
        li = await talk.person("李娜")
        await li.says("疗养")
        await li.says("桥山")
    async with talking(database, clock, [trip(("where", "day"), version=2)], MENUS) as talk:
        again = Speaker(talk, "李娜", li.openid)
        talk._ids = li.talk._ids  # WeChat's message ids go on

        told = await again.says("昨天")

        assert told.startswith("「疗养」的问题有更新，请您从头再答一遍。\n去哪里？")
