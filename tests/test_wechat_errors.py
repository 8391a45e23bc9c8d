"""Every error code of the platform reference leads to the class that says what to do."""

import pickle
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.wechat import errors as e
from app.wechat.error_codes import CODES, error_for

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI).timestamp()

# Section 15, row by row, left column then right; written out by hand, not made from the table.
SECTION_15: list[tuple[int, type[e.WeChatError]]] = [
    (-1, e.TryLater),
    (268487001, e.TryLater),
    (268487002, e.TryLater),
    (268488001, e.TryLater),
    (886001, e.TryLater),
    (40001, e.TokenRejected),
    (40014, e.TokenRejected),
    (42001, e.TokenRejected),
    (41001, e.OurMistake),
    (40002, e.OurMistake),
    (40013, e.NotAllowed),
    (40125, e.NotAllowed),
    (40243, e.NotAllowed),
    (41002, e.NotAllowed),
    (41004, e.NotAllowed),
    (40164, e.NotAllowed),
    (89503, e.NotAllowed),
    (89506, e.NotAllowed),
    (89507, e.NotAllowed),
    (40003, e.PersonGone),
    (49003, e.PersonGone),
    (43004, e.PersonGone),
    (50005, e.PersonGone),
    (46004, e.PersonGone),
    (65315, e.PersonGone),
    (43019, e.PersonGone),
    (48002, e.PersonGone),
    (43101, e.NotSubscribed),
    (43107, e.NotAllowed),
    (43116, e.NotAllowed),
    (45087, e.NotAllowed),
    (48004, e.NotAllowed),
    (50002, e.NotAllowed),
    (40029, e.SignInAgain),
    (40163, e.SignInAgain),
    (42003, e.SignInAgain),
    (41008, e.SignInAgain),
    (42002, e.SignInAgain),
    (40030, e.SignInAgain),
    (42007, e.SignInAgain),
    (40226, e.PersonGone),
    (44002, e.OurMistake),
    (43002, e.OurMistake),
    (43001, e.OurMistake),
    (45001, e.OurMistake),
    (45002, e.OurMistake),
    (45003, e.OurMistake),
    (45004, e.OurMistake),
    (45005, e.OurMistake),
    (45006, e.OurMistake),
    (45007, e.OurMistake),
    (45008, e.OurMistake),
    (61010, e.WindowClosed),
    (45011, e.TryLater),
    (45015, e.WindowClosed),
    (45047, e.AllowanceUsed),
    (45028, e.QuotaUsedUp),
    (45065, e.AlreadyDone),
    (45066, e.TryLater),
    (45056, e.OurMistake),
    (45057, e.OurMistake),
    (45058, e.OurMistake),
    (45059, e.OurMistake),
    (45157, e.OurMistake),
    (45158, e.OurMistake),
    (45159, e.OurMistake),
    (45169, e.TryLater),
    (43108, e.TryLater),
    (45171, e.PartlyDone),
    (46003, e.NoMenu),
    (46001, e.MediaGone),
    (40007, e.MediaGone),
    (47001, e.OurMistake),
    (47002, e.OurMistake),
    (40033, e.OurMistake),
    (47003, e.OurMistake),
    (48001, e.NotAllowed),
    (48006, e.QuotaUsedUp),
    (61503, e.TryLater),
    (45009, e.QuotaUsedUp),
    (45168, e.ContentRefused),
    (87014, e.ContentRefused),
    (40249, e.ContentRefused),
    (70000, e.ContentRefused),
    (44990, e.TryLater),
    (44991, e.TryLater),
    (44993, e.QuotaUsedUp),
]


# Sections 1.3, 8.4, 10, 11.1 and 12, by hand like the above.
OTHER_SECTIONS: list[tuple[int, type[e.WeChatError]]] = [
    (40201, e.OurMistake),
    (40202, e.OurMistake),
    (40203, e.OurMistake),
    (200011, e.NotAllowed),
    (200012, e.OurMistake),
    (200013, e.NotAllowed),
    (200014, e.OurMistake),
    (200016, e.OurMistake),
    (200017, e.OurMistake),
    (200018, e.OurMistake),
    (200019, e.OurMistake),
    (200020, e.OurMistake),
    (200021, e.OurMistake),
    (200022, e.AlreadyDone),
    (200100, e.NotAllowed),
    (50001, e.SignInAgain),
    (9410010, e.OurMistake),
    (9410011, e.OurMistake),
    (9410012, e.OurMistake),
    (87009, e.SignInAgain),
    (1400001, e.NotAllowed),
    (40129, e.OurMistake),
    (40169, e.OurMistake),
    (41030, e.OurMistake),
    (40097, e.OurMistake),
    (85096, e.OurMistake),
    (85401, e.OurMistake),
    (85402, e.OurMistake),
    (85406, e.QuotaUsedUp),
    (85407, e.NotAllowed),
    (85408, e.NotAllowed),
    (40165, e.OurMistake),
    (40212, e.OurMistake),
    (85079, e.NotAllowed),
    (43104, e.OurMistake),
    (87020, e.TryLater),
]
# Sections 7.3, 11.3 to 11.5.
PUBLISHING: list[tuple[int, type[e.WeChatError]]] = [
    *((code, e.OurMistake) for code in (40059, 40060, 40065, 40152, 40204, 40215, 41040, 45062, 45067)),
    *((code, e.OurMistake) for code in (45083, 45084, 45113, 45162, 48022, 40114, 41039, 45110, 45166)),
    *((code, e.OurMistake) for code in (53404, 53405, 53406, 61500, 61501)),
    *((code, e.OurMistake) for code in (88001, 88003, 88004, 88007, 88008, 88010)),
    *((code, e.NotAllowed) for code in (48003, 48008, 48021, 53504, 53505, 88000)),
    *((code, e.ContentRefused) for code in (53503, 88002)),
    *((code, e.AwaitsAdmin) for code in (89504, 89505)),
    (42010, e.TryLater),
    (88005, e.AlreadyDone),
]


def met(errcode: int, **more: object) -> e.WeChatError:
    return error_for({"errcode": errcode, "errmsg": "no", **more}, "/cgi-bin/x", now=NOON)


@pytest.mark.parametrize(("errcode", "kind"), SECTION_15)
def test_each_code_of_section_15_says_what_to_do(errcode: int, kind: type[e.WeChatError]) -> None:
    assert type(met(errcode)) is kind


@pytest.mark.parametrize(("errcode", "kind"), OTHER_SECTIONS + PUBLISHING)
def test_each_code_of_the_other_sections_says_what_to_do(errcode: int, kind: type[e.WeChatError]) -> None:
    assert type(met(errcode)) is kind


@pytest.mark.parametrize(
    ("errcode", "seconds"),
    [(45011, 60), (45066, 60), (44990, 1), (44991, 60), (61503, 3600), (89506, 86400), (89507, 3600)],
)
def test_a_stated_wait_is_passed_on(errcode: int, seconds: float) -> None:
    error = met(errcode)

    assert isinstance(error, e.TryLater | e.NotAllowed)
    assert error.retry_after_seconds == seconds


def test_an_operator_s_matter_has_no_time_at_which_it_cures_itself() -> None:
    error = met(48001)

    assert isinstance(error, e.NotAllowed)
    assert error.retry_after_seconds is None


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ((2026, 11, 23, 0, 0), (2026, 11, 24)),
        ((2026, 11, 23, 23, 59), (2026, 11, 24)),
        ((2026, 12, 31, 12, 0), (2027, 1, 1)),
    ],
)
def test_the_daily_quota_comes_back_at_midnight_in_shanghai(
    at: tuple[int, int, int, int, int], until: tuple[int, int, int]
) -> None:
    now = datetime(*at, tzinfo=SHANGHAI).timestamp()

    error = error_for({"errcode": 45009}, "/cgi-bin/x", now=now)

    assert isinstance(error, e.QuotaUsedUp)
    assert error.until == datetime(*until, tzinfo=SHANGHAI)


@pytest.mark.parametrize(("on", "until"), [((2026, 11, 30), (2026, 12, 1)), ((2026, 12, 5), (2027, 1, 1))])
def test_clearing_quotas_is_counted_by_the_month(
    on: tuple[int, int, int], until: tuple[int, int, int]
) -> None:
    now = datetime(*on, 9, 30, tzinfo=SHANGHAI).timestamp()

    error = error_for({"errcode": 48006}, "/cgi-bin/clear_quota", now=now)

    assert isinstance(error, e.QuotaUsedUp)
    assert error.until == datetime(*until, tzinfo=SHANGHAI)


@pytest.mark.parametrize("errcode", [40001, 40125])
def test_at_the_token_call_a_bad_credential_is_for_the_operator(errcode: int) -> None:
    error = error_for({"errcode": errcode}, "/cgi-bin/stable_token", now=NOON, at_token_call=True)

    assert type(error) is e.NotAllowed


def test_a_partly_done_tagging_names_whom_it_failed_for() -> None:
    error = met(45171, fail_openid_list=["oA", "oB"])

    assert isinstance(error, e.PartlyDone)
    assert error.fail_openids == ("oA", "oB")


def test_what_was_done_before_keeps_what_wechat_says_of_it() -> None:
    error = met(45065, msg_id=34182)

    assert isinstance(error, e.AlreadyDone)
    assert error.answer["msg_id"] == 34182


def test_the_request_number_is_kept_apart_from_the_text() -> None:
    answer = {"errcode": 40003, "errmsg": "invalid openid rid: 65a1-0c2d-77"}

    error = error_for(answer, "/cgi-bin/user/info", now=NOON)

    assert (error.errmsg, error.rid) == ("invalid openid", "65a1-0c2d-77")
    assert str(error) == "/cgi-bin/user/info: 40003 invalid openid (rid 65a1-0c2d-77)"


def test_an_unheard_of_code_is_neither_repeated_nor_blamed_on_anyone() -> None:
    assert type(met(99999)) is e.WeChatError


def test_no_code_is_in_the_table_twice() -> None:
    from app.wechat.error_codes import _ROWS

    listed = [code for _, codes in _ROWS for code in codes]

    assert len(listed) == len(set(listed)) == len(CODES)


def test_an_error_survives_the_way_to_another_process() -> None:
    there = pickle.loads(pickle.dumps(met(45009)))

    assert type(there) is e.QuotaUsedUp
    assert (there.errcode, there.until) == (45009, met(45009).until)  # type: ignore[attr-defined]


def test_the_person_is_the_reason_for_exactly_these() -> None:
    kinds = {e.PersonGone, e.WindowClosed, e.AllowanceUsed, e.NotSubscribed}

    assert {m.kind for m in CODES.values() if issubclass(m.kind, e.PersonUnreachable)} == kinds
