"""What a log line may say: happenings and who is who, never what people wrote or who they are."""

import asyncio
import gc
import json
import logging
import timeit
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from app import logs
from app.database import Database
from app.dialogue.chat import Chat
from app.dialogue.performing import CALM
from app.metrics import Metrics
from app.wechat.callback import CallbackEndpoint
from app.wechat.incoming import Incoming
from app.wechat.replies import Reply
from models import (
    AlertState,
    CrisisAlert,
    DeliveryState,
    MenuPushStep,
    MenuRevision,
    Outbox,
    Person,
    StepState,
)
from tests.both_ends import both_ends, settings_for
from tests.conftest import FakeClock
from tests.wechat_caller import NOW, SAFE, Caller, drive, sealed_request

LI = "oDemoUser0000000000000000001"
WANG = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What was logged since the last look; what the process had set up before comes back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def lines(stderr: Callable[[], str]) -> Lines:
    logs.configure("json")
    return lambda: [json.loads(line) for line in stderr().splitlines()]


def say(event: str, **values: Any) -> None:
    structlog.get_logger("story").warning(event, **values)


def test_a_line_says_when_in_utc_who_and_what(lines: Lines) -> None:
    say("menu-pushed", revision=7)

    (line,) = lines()
    assert line["timestamp"].endswith("Z")
    assert (line["event"], line["revision"]) == ("menu-pushed", 7)
    assert (line["level"], line["logger"]) == ("warning", "story")


def test_lines_of_one_request_carry_its_id_those_of_libraries_too(lines: Lines) -> None:
    with logs.within_request("4f0c"):
        say("ours")
        logging.getLogger("uvicorn.error").warning("theirs %d", 1)
    say("later")

    ours, theirs, later = lines()
    assert ours["request_id"] == theirs["request_id"] == "4f0c"
    assert theirs["event"] == "theirs 1"
    assert "request_id" not in later


def test_a_person_can_be_followed_but_not_addressed(lines: Lines) -> None:
    say("first", openid=LI)
    say(f"second by {LI}")
    say("third", openid=WANG)

    first, second, third = lines()
    assert first["openid"] == logs.person_mark(LI)
    assert first["openid"].startswith("oDem")
    assert LI not in json.dumps([first, second])
    assert first["openid"] in second["event"]
    assert third["openid"] != first["openid"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("请打13812341234找我", "请打138****1234找我"),
        ("138 1234 1234", "138****1234"),
        ("+86-138-1234-1234", "138****1234"),
        ("身份证610632199003078888", "身份证<ID number>"),
        ("11010119900307123X", "<ID number>"),
        (f"Key (key)=({LI}|24500000000000001)", f"Key (key)=({logs.person_mark(LI)}|24500000000000001)"),
        (f"{LI},{WANG}", f"{logs.person_mark(LI)},{logs.person_mark(WANG)}"),
        (
            "GET /cgi-bin/menu/create?access_token=88_abcDEF&x=1",
            "GET /cgi-bin/menu/create?access_token=***&x=1",
        ),
        ('{"access_token": "88_abc", "n": 1}', '{"access_token": "***", "n": 1}'),
        ("appid=wx1&secret=deadbeef", "appid=wx1&secret=***"),
        ("postgresql://app:pass@db/x", "postgresql://app:***@db/x"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("insert failed [parameters: ('张三', 1)]\nmore", "insert failed [parameters: ***]\nmore"),
    ],
)
def test_what_a_text_spells_out_is_masked(written: str, shown: str) -> None:
    assert logs.masked_text(written) == shown
    assert logs.masked_text(shown) == shown


@pytest.mark.parametrize(
    "harmless",
    [
        "24500000000000001",
        "1790000000",
        "FL-2026-0042",
        "rev 12 of 13",
        "wx0123456789abcdef",
        "on_call_at_night_in_the_branch",
    ],
)
def test_numbers_and_names_of_ours_stay_readable(harmless: str) -> None:
    assert logs.masked_text(harmless) == harmless


@pytest.mark.parametrize("key", ["content", "text", "body", "name", "nickname", "story", "address"])
def test_what_people_wrote_is_measured_not_shown(lines: Lines, key: str) -> None:
    say("odd", **{key: "我叫李娜"})

    assert lines()[0][key] == "<4 characters>"


@pytest.mark.parametrize(
    "key",
    ["secret", "app_secret", "access_token", "token", "wechat_aes_key", "encryption_keys", "Authorization"],
)
def test_secrets_are_never_shown(lines: Lines, key: str) -> None:
    say("odd", **{key: "hunter2"})

    assert lines()[0][key] == "***"


def test_masking_reaches_into_nested_data_and_numbers(lines: Lines) -> None:
    say(
        "odd",
        call={"to": [{"openid": LI, "phone": "13812341234", "size": 3}], LI: 13812341234, "raw": b"abc"},
    )

    call = lines()[0]["call"]
    assert call["to"] == [{"openid": logs.person_mark(LI), "phone": "138****1234", "size": 3}]
    assert call[logs.person_mark(LI)] == "138****1234"
    assert call["raw"] == "<3 bytes>"


def test_very_deep_data_is_cut_off(lines: Lines) -> None:
    deep: Any = LI
    for _ in range(30):
        deep = [deep]
    say("odd", deep=deep)

    assert "…" in json.dumps(lines()[0]["deep"], ensure_ascii=False)


# --- Exceptions: where and what kind, never their words

WORDS = "我叫李娜，想咨询工伤"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_trace_tells_the_place_and_the_kind_but_no_word(stderr: Callable[[], str], log_format: Any) -> None:
    logs.configure(log_format)
    try:
        try:
            raise KeyError(WORDS)
        except KeyError as error:
            raise ValueError(f"cannot read {WORDS}") from error
    except ValueError:
        structlog.get_logger("story").exception("failed", story=WORDS)
        logging.getLogger("library").exception("failed too")

    written = stderr()
    assert written.count("test_logs.py") >= 4
    assert written.index("KeyError") < written.index("ValueError")
    assert "raise ValueError(f" in written  # the line of the program, not what came of it
    assert WORDS not in written


def test_what_several_tasks_raised_is_told_of_each(lines: Lines) -> None:
    try:
        raise ExceptionGroup(WORDS, [ValueError(WORDS), OSError(28, WORDS)])
    except ExceptionGroup:
        structlog.get_logger("story").exception("failed")

    (line,) = lines()
    assert line["exception"].endswith("ExceptionGroup\nValueError\nOSError (errno 28)")


def test_exceptions_handed_to_a_line_are_named(lines: Lines) -> None:
    say("failed", error=ValueError(WORDS), nested=[{"why": KeyError(WORDS)}])
    logging.getLogger("library").error("gave up: %s", UnicodeError(WORDS))

    ours, theirs = lines()
    assert (ours["error"], ours["nested"]) == ("ValueError", [{"why": "KeyError"}])
    assert theirs["event"] == "gave up: UnicodeError"


async def test_a_task_nobody_waited_for_is_told_without_its_words(lines: Lines) -> None:
    async def breaks() -> None:
        raise ValueError(WORDS)

    task = asyncio.ensure_future(breaks())
    await asyncio.wait([task])
    del task
    gc.collect()

    (line,) = lines()
    assert line["event"] == "Task exception was never retrieved"
    assert line["exception"].endswith("ValueError")
    assert WORDS not in json.dumps(line, ensure_ascii=False)


def test_a_line_that_cannot_be_written_does_not_show_what_it_held(stderr: Callable[[], str]) -> None:
    class Odd:
        def __str__(self) -> str:
            raise ValueError(WORDS)

    logs.configure("json")
    say("odd", value=Odd(), said=WORDS)

    assert stderr() == "a line of story could not be logged: ValueError\n"


@pytest.mark.parametrize("said", ["插座冒火花怎么办", "我要留言"], ids=["open", "confidential"])
async def test_what_a_member_wrote_is_in_no_line_when_a_handler_breaks_over_it(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: Lines, said: str
) -> None:
    async def breaks(chat: Chat) -> Reply:
        raise ValueError(f"what is {WORDS}?")

    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as ends:
        for name, handler in ends.house.registry.items():
            monkeypatch.setitem(vars(ends.house.registry)["_handlers"], name, replace(handler, call=breaks))
        li = await ends.platform.follower("李娜")
        lines()
        assert (await li.says(WORDS)).text == CALM
        assert (await li.says(said)).text == CALM

    told = lines()
    assert [line["event"] for line in told] == ["handler_failed"] * 2
    assert all(line["request_id"] and "ValueError" in line["exception"] for line in told)
    assert WORDS not in json.dumps(told, ensure_ascii=False)


async def test_a_callback_that_breaks_is_told_without_words_and_with_an_id(lines: Lines) -> None:
    async def breaks(incoming: Incoming) -> bytes:
        raise ValueError(f"cannot answer {incoming.text}")

    caller = Caller(SAFE)
    caller.endpoint = CallbackEndpoint(SAFE, breaks, now=lambda: NOW, silent_seconds=0.01)
    query, body = sealed_request(caller)
    await drive(caller.endpoint, query, [{"type": "http.request", "body": body}])
    await drive(caller.endpoint, "signature=1", [{"type": "http.request", "body": body}])
    await drive(caller.endpoint, query, [])

    unanswered, refused, aborted = lines()
    assert unanswered["exception"].endswith("ValueError")
    assert "你好" not in json.dumps([unanswered, refused, aborted], ensure_ascii=False)
    assert (refused["event"], aborted["event"]) == ("callback_refused", "callback_aborted")
    assert len({line["request_id"] for line in (unanswered, refused, aborted)}) == 3


async def test_a_failed_statement_is_logged_without_its_values(database: Database, lines: Lines) -> None:
    try:
        async with database.transaction() as session:
            for _ in range(2):
                await session.execute(
                    sa.text("INSERT INTO counter (series, year, value) VALUES (:name, 2026, 1)"),
                    {"name": "李娜"},
                )
    except sa.exc.IntegrityError:
        structlog.get_logger("story").exception("failed")

    trace = lines()[0]["exception"]
    code = "SQLITE_CONSTRAINT_UNIQUE" if database.is_sqlite else "sqlstate 23505, constraint_name uq_counter"
    assert "sqlalchemy.exc.IntegrityError" in trace
    assert code in trace
    assert "李娜" not in trace


def test_addresses_that_carry_tokens_are_not_logged_by_the_http_client(lines: Lines) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://api.weixin.qq.com/?access_token=x")
    logging.getLogger("uvicorn.access").info("GET /")

    assert lines() == []


def test_readable_logs_are_for_people(stderr: Callable[[], str]) -> None:
    logs.configure("text")
    say("menu-pushed", revision=7)

    written = stderr()
    assert "menu-pushed" in written
    assert "revision=7" in written
    assert not written.startswith("{")


# --- Metrics


def test_pushes_are_counted_by_outcome_and_time() -> None:
    metrics = Metrics()
    for seconds in (0.004, 0.004, 0.3):
        metrics.count("answered", seconds)
    metrics.count("silent", 4.81)

    page = metrics.render().decode()
    assert 'gonghui_message_seconds_bucket{le="0.005",outcome="answered"} 2.0' in page
    assert 'gonghui_message_seconds_bucket{le="0.5",outcome="answered"} 3.0' in page
    assert 'gonghui_message_seconds_count{outcome="answered"} 3.0' in page
    assert 'gonghui_message_seconds_bucket{le="4.8",outcome="silent"} 0.0' in page
    assert 'gonghui_message_seconds_count{outcome="silent"} 1.0' in page


def test_two_processes_in_one_test_do_not_share_figures() -> None:
    first, second = Metrics(), Metrics()
    first.refused("stale-timestamp")

    assert b'gonghui_callbacks_refused_total{reason="stale-timestamp"} 1.0' in first.render()
    assert b"stale-timestamp" not in second.render()


def test_counting_a_message_is_free() -> None:
    count = Metrics().count
    count("answered", 0.01)

    seconds = min(timeit.repeat(lambda: count("answered", 0.01), number=2000, repeat=20)) / 2000
    assert seconds < 3e-6


async def test_what_waits_in_the_database_is_shown(database: Database, clock: FakeClock) -> None:
    now = clock.now()
    states = [*(DeliveryState.QUEUED,) * 2, DeliveryState.SENDING, DeliveryState.DELIVERED]
    async with database.transaction() as session:
        person = Person(public_id="a" * 16, created_at=now)
        session.add(person)
        await session.flush()
        for number, state in enumerate(states):
            due = now - timedelta(seconds=30 * number)
            session.add(Outbox(key=f"{number}", kind="x", state=state, created_at=now, due_at=due))
        for key, reached, alert_state in (
            ("reached", now, AlertState.WAITING),
            ("unreached", None, AlertState.WAITING),
            ("just-now", None, AlertState.WAITING),
            ("taken", now, AlertState.TAKEN),
        ):
            raised = now if key == "just-now" else now - timedelta(minutes=2)
            alert = {"person_id": person.id, "channel": "chat", "created_at": raised, "due_at": now}
            session.add(CrisisAlert(key=key, state=alert_state, reached_at=reached, **alert))
        for number, step in ((1, StepState.DONE), (2, StepState.FAILED)):
            revision = MenuRevision(
                number=number, text="", digest=f"{number}", applied_by="test", created_at=now
            )
            session.add(revision)
            await session.flush()
            pushing = {"revision_id": revision.id, "action": "default", "due_at": now}
            session.add(MenuPushStep(position=1, state=StepState.DONE, **pushing))
            session.add(MenuPushStep(position=2, state=step, **pushing))
    metrics = Metrics()

    await metrics.look(database, now)

    page = metrics.render().decode()
    for line in (
        'gonghui_outbox_waiting{state="queued"} 2.0',
        'gonghui_outbox_waiting{state="sending"} 1.0',
        'gonghui_outbox_waiting{state="failed_retry"} 0.0',
        "gonghui_outbox_late_seconds 60.0",
        "gonghui_database_up 1.0",
        "gonghui_crisis_alerts_unreached 1.0",
        "gonghui_crisis_alerts_untaken 3.0",
        "gonghui_menu_revision_applied 2.0",
        "gonghui_menu_revision_pushed 1.0",
    ):
        assert line in page


@pytest.mark.parametrize(
    ("steps", "pushed"),
    [
        ([StepState.DROPPED, StepState.DROPPED], 2.0),  # no menu calls: there is nothing to wait for
        ([StepState.DONE, StepState.DROPPED, StepState.DONE, StepState.DONE], 2.0),  # pushed again
        ([StepState.DROPPED, StepState.WAITING], 1.0),
        ([], 1.0),
    ],
)
async def test_a_newest_menu_with_nothing_left_to_do_counts_as_pushed(
    database: Database, clock: FakeClock, steps: list[StepState], pushed: float
) -> None:
    now = clock.now()
    async with database.transaction() as session:
        for number, states in ((1, [StepState.DONE]), (2, steps)):
            applied = {"text": "", "digest": f"{number}", "applied_by": "test", "created_at": now}
            revision = MenuRevision(number=number, **applied)
            session.add(revision)
            await session.flush()
            for position, state in enumerate(states):
                step = {"revision_id": revision.id, "action": "default", "due_at": now, "state": state}
                session.add(MenuPushStep(position=position, **step))
    metrics = Metrics()

    await metrics.look(database, now)

    page = metrics.render().decode()
    assert "gonghui_menu_revision_applied 2.0" in page
    assert f"gonghui_menu_revision_pushed {pushed}" in page


async def test_an_empty_database_shows_zeros(database: Database, clock: FakeClock) -> None:
    metrics = Metrics()
    await metrics.look(database, clock.now())

    page = metrics.render().decode()
    assert "gonghui_outbox_late_seconds 0.0" in page
    assert "gonghui_menu_revision_applied 0.0" in page


async def test_connections_in_use_are_shown(database: Database) -> None:
    metrics = Metrics()
    async with database.transaction() as session:
        await session.execute(sa.text("SELECT 1"))
        await metrics.look(database)

    assert 'gonghui_database_connections{engine="write"} 1.0' in metrics.render().decode()
    await metrics.look(database)
    assert 'gonghui_database_connections{engine="write"} 0.0' in metrics.render().decode()


async def test_figures_are_shown_while_the_database_is_away(empty_url: str) -> None:
    metrics = Metrics()
    metrics.count("silent", 4.8)
    database = Database(empty_url)
    try:
        await metrics.look(database)
    finally:
        await database.close()

    page = metrics.render().decode()
    assert "gonghui_database_up 0.0" in page
    assert 'outcome="silent"' in page
