"""Codes, places and calendar files of check-in: what stands in them, and what does not pass."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, OperatorError
from app.services import activity_files, calendar_files, check_in_codes, check_in_places
from app.services.check_in_places import NotThere, Place
from models import ActivityState
from tests.checking_in import guest, ticket, today
from tests.conftest import NOON

HALL = Place(35.5847, 109.2655, 300)
PLAN = """
title: 健步走
opens: 2026-11-20 08:00
closes: 2026-11-23 12:50
starts: 2026-11-23 13:00
ends: 2026-11-23 17:00
"""
ADDRESS = "https://gh.example.cn/activities/abc"


async def test_a_ticket_fits_the_address_that_wechat_opens_and_is_short_enough_to_read(
    session: AsyncSession,
) -> None:
    entry, _ = await guest(session, await today(session))

    read = check_in_codes.read_ticket(f" {ticket(entry)}\n")

    assert read is not None and read.is_of(entry)
    assert len(ticket(entry)) < 85  # a code of version 5
    assert check_in_codes.read_number(check_in_codes.number(entry)) == entry.public_id[:8]


async def test_the_code_of_the_venue_turns_and_an_old_one_does_not_work(session: AsyncSession) -> None:
    walk, chess = await today(session), await today(session, "棋赛")
    code, stays = check_in_codes.venue(walk, NOON + timedelta(seconds=7))

    assert stays == timedelta(seconds=23)
    assert check_in_codes.venue(walk, NOON + timedelta(seconds=29))[0] == code
    assert check_in_codes.venue(walk, NOON + timedelta(seconds=30))[0] != code
    for seconds, fits in ((-31, False), (-1, True), (0, True), (89.9, True), (90, False), (3600, False)):
        assert check_in_codes.is_at_venue(walk, code, NOON + timedelta(seconds=seconds)) is fits, seconds
    assert check_in_codes.is_at_venue(chess, code, NOON) is None
    for forged in ("", "x", code[:-1], "0" * 25, "字" * 25, code + "a"):
        assert check_in_codes.is_at_venue(walk, forged, NOON) is None


async def test_a_page_that_was_opened_there_may_take_its_time_and_serves_nobody_else(
    session: AsyncSession,
) -> None:
    walk, chess = await today(session), await today(session, "棋赛")
    given = check_in_codes.admit(walk, 7, NOON)

    assert check_in_codes.is_admitted(walk, 7, given, NOON + timedelta(minutes=5))
    assert not check_in_codes.is_admitted(walk, 7, given, NOON + timedelta(minutes=5, seconds=1))
    assert not check_in_codes.is_admitted(walk, 8, given, NOON)
    assert not check_in_codes.is_admitted(chess, 7, given, NOON)
    assert not check_in_codes.is_admitted(walk, 7, "z" * 9 + given[9:], NOON)
    assert not check_in_codes.is_admitted(walk, 7, check_in_codes.venue(walk, NOON)[0], NOON)


# --- places ------------------------------------------------------------------------------------------------


def test_who_is_near_is_there_and_the_telephone_may_be_a_little_wrong() -> None:
    check_in_places.check(HALL, "35.5847", "109.2655", "10")
    check_in_places.check(HALL, "35.5869", "109.2655", "")  # 245 m to the north
    check_in_places.check(HALL, "35.5886", "109.2655", "150")  # 434 m
    check_in_places.check(None, "", "", "")


@pytest.mark.parametrize(
    ("latitude", "longitude", "accuracy", "said"),
    [
        ("35.5886", "109.2655", "10", "大约 430 米"),
        ("35.5886", "109.2655", "-900", "大约 430 米"),
        ("34.2655", "108.9542", "9999999", "公里"),  # a telephone that says it knows nothing
        ("", "", "", "请允许获取位置"),
        ("nan", "109", "", "请允许获取位置"),
        ("inf", "109", "", "请允许获取位置"),
        ("91", "109", "", "请允许获取位置"),
        ("一", "二", "三", "请允许获取位置"),
    ],
)
def test_who_is_elsewhere_or_does_not_say_is_told_what_to_do(
    latitude: str, longitude: str, accuracy: str, said: str
) -> None:
    with pytest.raises(NotThere, match=said) as refused:
        check_in_places.check(HALL, latitude, longitude, accuracy)
    assert "签到处" in refused.value.message


def test_an_organiser_writes_a_place_as_maps_show_it() -> None:
    assert check_in_places.parse("35.5847, 109.2655", "") == HALL
    assert check_in_places.parse("35.5847，109.2655", "50") == Place(35.5847, 109.2655, 50)
    assert check_in_places.parse("", "300") is None
    assert check_in_places.load(HALL.dump()) == HALL and check_in_places.load(None) is None
    for point, metres in (
        ("桥山", ""),
        ("91, 1", ""),
        ("1, 181", ""),
        ("1", ""),
        ("1, 2", "49"),
        ("1, 2", "很多"),
    ):
        with pytest.raises(DomainError):
            check_in_places.parse(point, metres)


# --- calendar ----------------------------------------------------------------------------------------------


async def test_a_calendar_file_says_when_and_where(session: AsyncSession) -> None:
    walk = await today(session, "健步走", place="沮河公园", summary="慢慢走")

    lines = calendar_files.made(walk, ADDRESS, NOON).decode().split("\r\n")

    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
    assert {"DTSTART:20261123T050000Z", "DTEND:20261123T080000Z", "DTSTAMP:20261123T040000Z"} <= set(lines)
    assert {
        "SUMMARY:健步走",
        "LOCATION:沮河公园",
        f"URL:{ADDRESS}",
        "STATUS:CONFIRMED",
        "TRIGGER:-PT2H",
    } <= set(lines)
    assert f"UID:{walk.public_id}@gh.example.cn" in lines


async def test_nothing_that_is_written_into_it_makes_a_line_of_its_own(session: AsyncSession) -> None:
    walk = await today(session, "会；a,b;c\\n", summary="一\r\nEND:VEVENT\x01\u2028二", place="楼" * 80)
    walk.state = ActivityState.CANCELLED

    made = calendar_files.made(walk, ADDRESS, NOON)

    assert all(len(line) <= 75 for line in made.split(b"\r\n"))
    lines = made.decode().replace("\r\n ", "").split("\r\n")
    assert lines.count("END:VEVENT") == 1 and "STATUS:CANCELLED" in lines and "BEGIN:VALARM" not in lines
    assert "SUMMARY:会；a\\,b\\;c\\\\n" in lines
    assert "DESCRIPTION:一\\nEND:VEVENT\\n二" in lines
    assert f"LOCATION:{'楼' * 80}" in lines


def test_a_file_says_from_when_and_where(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(f'{PLAN}check_in_minutes: 30\ncheck_in_at: "35.5847, 109.2655"\n', encoding="utf-8")
    values = activity_files.load(path)[0].values(NOON.date())
    assert (values["check_in_minutes"], values["check_in_place"]) == (30, HALL.dump())

    for wrong in ("check_in_at: 桥山", "check_in_minutes: -1", "check_in_within: 9", "check_in_at: [1, 2]"):
        path.write_text(f"{PLAN}{wrong}\n", encoding="utf-8")
        with pytest.raises(OperatorError, match="check_in"):
            activity_files.load(path)
