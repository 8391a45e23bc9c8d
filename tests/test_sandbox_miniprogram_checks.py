"""The sandbox's content checks: texts at once, media by a later push, and how risky a person is."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.driver import Phone, Refusal
from tests.miniprogram_sandbox import MINI, Both, opened

TEXT, MEDIA, RANK = "/wxa/msg_sec_check", "/wxa/media_check_async", "/wxa/getuserriskrank"
SERVICE = "http://127.0.0.1:8000"


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with opened() as found:
        yield found


@pytest.fixture
async def li(both: Both) -> Phone:
    phone = await both.platform.follower("李建国")
    await phone.logs_in()
    return phone


async def asked(li: Phone, **changes: Any) -> dict[str, Any]:
    openid = (await li.in_miniprogram())["openid"]
    return {"version": 2, "scene": 2, "openid": openid, "content": "周末一起去健步走"} | changes


async def judged(both: Both, li: Phone, **changes: Any) -> tuple[str, int]:
    answer = await both.mini.call(TEXT, await asked(li, **changes))
    assert answer["errcode"] == 0  # whatever is found
    return answer["result"]["suggest"], answer["result"]["label"]


async def test_a_text_passes_unless_it_has_a_word_of_the_list(both: Both, li: Phone) -> None:
    assert await judged(both, li) == ("pass", 100)
    assert await judged(both, li, content="一起赌博吗") == ("risky", 20006)
    assert await judged(both, li, content="代开发票，价格优惠") == ("risky", 20006)
    assert await judged(both, li, content="刷单返利日结") == ("risky", 20008)
    assert await judged(both, li, content="裸聊") == ("risky", 20002)
    assert await judged(both, li, content="加微信细聊") == ("review", 10001)
    assert await judged(both, li, content="加微信，一起赌博") == ("risky", 20006)


async def test_an_answer_says_what_was_found_and_has_its_own_number(both: Both, li: Phone) -> None:
    risky = await both.mini.call(TEXT, await asked(li, content="赌博"))
    other = await both.mini.call(TEXT, await asked(li))

    assert risky["trace_id"] != other["trace_id"]
    assert [one["strategy"] for one in risky["detail"]] == ["content_model", "keyword"]
    assert risky["detail"][1]["keyword"] == "赌博"
    assert [(one["strategy"], one["suggest"]) for one in other["detail"]] == [("content_model", "pass")]


async def test_title_and_nickname_are_looked_at_too_and_the_signature_of_a_profile(
    both: Both, li: Phone
) -> None:
    assert await judged(both, li, title="赌博") == ("risky", 20006)
    assert await judged(both, li, nickname="赌博") == ("risky", 20006)
    assert await judged(both, li, scene=1, signature="赌博") == ("risky", 20006)
    assert await judged(both, li, scene=2, signature="赌博") == ("pass", 100)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"content": ""}, 44004),
        ({"content": None}, 44004),
        ({"content": "字" * 2501}, 45002),
        ({"scene": 0}, 40129),
        ({"scene": 5}, 40129),
        ({"scene": "2"}, 40129),
        ({"scene": None}, 40129),
        ({"openid": "oNobody"}, 40003),
        ({"openid": None}, 40003),
    ],
)
async def test_a_wrong_question_is_refused(both: Both, li: Phone, changes: dict[str, Any], code: int) -> None:
    assert await both.mini.code(TEXT, await asked(li, **changes)) == code
    assert await both.mini.code(TEXT, await asked(li, content="字" * 2500)) == 0


@pytest.mark.parametrize("path", [TEXT, MEDIA, RANK])
async def test_the_openid_of_the_official_account_does_not_match(both: Both, li: Phone, path: str) -> None:
    body = await asked(li, openid=li.openid, media_type=2, media_url="https://a.cn/1.jpg", scene=1)

    assert await both.mini.code(path, body) == 43104


@pytest.mark.parametrize("path", [TEXT, MEDIA, RANK])
async def test_who_was_not_there_for_two_hours_cannot_be_checked(both: Both, li: Phone, path: str) -> None:
    body = await asked(li, media_type=2, media_url="https://a.cn/1.jpg", scene=1)
    await both.platform.moves_time(hours=2, seconds=-30)
    await both.mini.takes_token()
    within = await both.mini.code(path, body)
    await both.platform.moves_time(seconds=60)
    await both.mini.takes_token()
    late = await both.mini.code(path, body)
    await li.logs_in()

    assert (within, late) == (0, 61010)
    assert await both.mini.code(path, body) == 0


async def test_looking_at_a_person_is_no_use_of_the_mini_program(both: Both) -> None:
    zhang = await both.platform.person("张伟")

    assert (await zhang.in_miniprogram())["active"] is False
    assert await both.mini.code(TEXT, await asked(zhang)) == 61010


async def test_the_first_version_knows_87014_only(both: Both) -> None:
    assert await both.mini.code(TEXT, {"content": "赌博"}) == 87014
    assert await both.mini.code(TEXT, {"content": "加微信"}) == 0
    assert await both.mini.call(TEXT, {"content": "健步走"}) == {"errcode": 0, "errmsg": "ok"}


@pytest.mark.parametrize("path", [TEXT, MEDIA])
async def test_checks_are_limited_in_a_minute_and_in_a_day(
    both: Both, li: Phone, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    await both.platform.ask("POST", "quota", {"path": path, "in_span": 1, "limit": 4})
    now = both.world.now()
    monkeypatch.setattr(both.world.clock, "now", lambda: now)
    body = await asked(li, media_type=2, media_url="https://a.cn/1.jpg")
    in_a_minute = [await both.mini.code(path, body) for _ in range(2)]
    monkeypatch.setattr(both.world.clock, "now", lambda: now + 60)

    assert in_a_minute == [0, 44991]
    assert [await both.mini.code(path, body) for _ in range(3)] == [0, 44991, 45009]


def media(li_body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return li_body | {"media_type": 2, "media_url": f"{SERVICE}/pictures/a.jpg"} | changes


async def pushed(both: Both, body: dict[str, Any]) -> dict[str, Any]:
    """What the push says after one check."""
    answer = await both.mini.call(MEDIA, body)
    await both.world.settle()
    newest = both.service.newest
    assert newest["trace_id"] == answer["trace_id"]
    return newest


async def test_the_judgement_of_a_picture_is_pushed_later(both: Both, li: Phone) -> None:
    both.service.pictures["a.jpg"] = b"jpeg"

    event = await pushed(both, media(await asked(li)))

    assert (event["MsgType"], event["Event"], event["appid"]) == ("event", "wxa_media_check", MINI.app_id)
    assert event["ToUserName"] == MINI.gh_id
    assert event["version"] == 2
    assert event["errcode"] == 0
    assert event["result"] == {"suggest": "pass", "label": 100}
    assert event["detail"] == [
        {"strategy": "content_model", "errcode": 0, "suggest": "pass", "label": 100, "prob": 90}
    ]


async def test_the_next_judgements_can_be_chosen(both: Both, li: Phone) -> None:
    both.service.pictures["a.jpg"] = b"jpeg"
    risky, review = {"suggest": "risky", "label": 20002}, {"suggest": "review", "label": 10001}
    await both.platform.miniprogram_is(media_verdicts=[risky, review])
    body = media(await asked(li))

    found = [(await pushed(both, body))["result"] for _ in range(3)]

    assert found == [risky, review, {"suggest": "pass", "label": 100}]
    with pytest.raises(Refusal):
        await both.platform.miniprogram_is(media_verdicts=[{"suggest": "fine", "label": 1}])


@pytest.mark.parametrize(
    "url",
    [
        f"{SERVICE}/pictures/missing.jpg",
        f"{SERVICE}/pictures/empty.jpg",
        f"{SERVICE}/pictures/huge.jpg",
        "https://elsewhere.example/a.jpg",
        "http://127.0.0.1:8001/mmbiz/unknown",
    ],
)
async def test_a_file_that_cannot_be_fetched_ends_in_1008(url: str) -> None:
    async with opened(api_url="http://127.0.0.1:8001") as both:
        both.service.pictures |= {"empty.jpg": b"", "huge.jpg": b"x" * (10 * 1024 * 1024 + 1)}
        li = await both.platform.person("李建国")
        await li.logs_in()

        event = await pushed(both, media(await asked(li), media_url=url))

    assert event["errcode"] == -1008
    assert "result" not in event


async def test_a_picture_sent_in_the_chat_can_be_checked(both: Both, li: Phone) -> None:
    await li.sends_in_miniprogram("picture")
    url = both.service.newest["PicUrl"]

    assert (await pushed(both, media(await asked(li), media_url=url)))["errcode"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 1}, 40097),
        ({"scene": 9}, 40129),
        ({"media_type": 3}, 40004),
        ({"media_type": None}, 40004),
        ({"media_url": "a.jpg"}, 40097),
        ({"media_url": None}, 40097),
        ({"openid": "oNobody"}, 40003),
    ],
)
async def test_a_wrong_media_check_is_refused_and_pushes_nothing(
    both: Both, li: Phone, changes: dict[str, Any], code: int
) -> None:
    assert await both.mini.code(MEDIA, media(await asked(li), **changes)) == code
    await both.world.settle()
    assert both.service.pushes == []


async def test_every_scene_and_both_kinds_of_media_are_taken(both: Both, li: Phone) -> None:
    for scene in (1, 2, 3, 4):
        assert await both.mini.code(TEXT, await asked(li, scene=scene)) == 0
    for kind in (1, 2):
        assert await both.mini.code(MEDIA, media(await asked(li), media_type=kind)) == 0


async def test_a_person_is_as_risky_as_was_set(both: Both, li: Phone) -> None:
    body = {"appid": MINI.app_id, "openid": (await li.in_miniprogram())["openid"], "scene": 0}
    usual = await both.mini.call(RANK, body)
    await both.platform.ask("POST", "people/李建国/risk", {"rank": 4})

    assert usual["risk_rank"] == 0
    assert (await both.mini.call(RANK, body))["risk_rank"] == 4
    assert await both.mini.code(RANK, body | {"scene": 2}) == 40129
    assert await both.mini.code(RANK, body | {"appid": "wx0000000000000000"}) == 40013
    assert await both.mini.code(RANK, body | {"openid": "oNobody"}) == 40003
