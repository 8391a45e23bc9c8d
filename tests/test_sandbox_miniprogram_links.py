"""Ways into the sandbox's mini-program: codes to scan and links to tap, with their rules and limits."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from sandbox.api import codes
from tests.miniprogram_sandbox import Both, opened_at

UNLIMITED, LIMITED, QR = "/wxa/getwxacodeunlimit", "/wxa/getwxacode", "/cgi-bin/wxaapp/createwxaqrcode"
URL, SCHEME = "/wxa/generate_urllink", "/wxa/generatescheme"
NOON = 1_790_000_000.0
DAY = 24 * 3600


@pytest.fixture
async def both(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    async with opened_at(NOON, monkeypatch) as found:
        yield found


async def picture(both: Both, call: str, **body: Any) -> tuple[str, Image.Image]:
    answer = await both.mini.raw(call, body)
    return answer.headers["content-type"], Image.open(io.BytesIO(answer.content))


def colours_of(drawn: Image.Image) -> set[Any]:
    return {colour for _, colour in drawn.getcolors() or []}


async def test_a_code_without_end_carries_its_scene(both: Both) -> None:
    kind, drawn = await picture(both, UNLIMITED, scene="a=7&b=1", page="pages/activity/detail", width=280)

    made = (await both.platform.links())[0]
    assert (kind, drawn.format, drawn.size) == ("image/jpeg", "JPEG", (280, 280))
    assert (made["kind"], made["path"], made["query"]) == ("unlimited", "pages/activity/detail", "a=7&b=1")
    _, usual = await picture(both, UNLIMITED, scene="a")
    assert usual.size == (430, 430)


async def test_a_code_is_drawn_in_the_asked_colour_and_without_ground(both: Both) -> None:
    kind, drawn = await picture(
        both, UNLIMITED, scene="a", line_color={"r": "200", "g": 10, "b": 0}, is_hyaline=True
    )
    _, automatic = await picture(both, UNLIMITED, scene="a", auto_color=True, is_hyaline=True)

    colours = colours_of(drawn)
    assert kind == "image/png"
    assert (200, 10, 0, 255) in colours
    assert {colour[3] for colour in colours} == {0, 255}
    assert (0, 0, 0, 255) not in colours_of(automatic)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scene": ""}, 40129),
        ({"scene": None}, 40129),
        ({"scene": "活动"}, 40129),
        ({"scene": "a b"}, 40129),
        ({"scene": "a%20b"}, 40129),
        ({"scene": "a\n"}, 40129),
        ({"scene": "a" * 33}, 40169),
        ({"scene": "scancode_time=1"}, 85096),
        ({"page": "/pages/index/index"}, 41030),
        ({"page": "pages/index/index?id=7"}, 41030),
        ({"page": "pages/no/such"}, 41030),
        ({"env_version": "beta"}, 40097),
        ({"width": 279}, 40097),
        ({"width": 1281}, 40097),
        ({"width": "430"}, 40097),
        ({"line_color": {"r": 256, "g": 0, "b": 0}}, 40097),
        ({"line_color": {"r": 0, "g": 0}}, 40097),
        ({"line_color": "red"}, 40097),
    ],
)
async def test_a_wrong_code_is_refused_with_json(both: Both, changes: dict[str, Any], code: int) -> None:
    await both.platform.miniprogram_is(pages=["pages/index/index"])
    body = {"scene": "a" * 32, "page": "pages/index/index", "width": 1280}

    assert await both.mini.code(UNLIMITED, body | changes) == code
    assert await both.platform.links() == []
    assert await both.mini.code(UNLIMITED, body) == 0


async def test_every_sign_of_the_rule_is_allowed_in_a_scene(both: Both) -> None:
    for scene in ("!#$&'()*+,/:;=?@-._~`", "09azAZ"):
        assert await both.mini.code(UNLIMITED, {"scene": scene}) == 0


async def test_before_the_release_only_unchecked_and_trial_codes_are_made(both: Both) -> None:
    await both.platform.miniprogram_is(released=False)
    body = {"scene": "a", "page": "pages/x"}

    assert await both.mini.code(UNLIMITED, body) == 41030
    assert await both.mini.code(UNLIMITED, body | {"env_version": "trial"}) == 0
    assert await both.mini.code(UNLIMITED, body | {"check_path": False}) == 0


async def test_unchecked_pages_are_limited_in_number(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes.MOST_UNCHECKED_PAGES == 60_000
    monkeypatch.setattr(codes, "MOST_UNCHECKED_PAGES", 2)

    async def code(page: str) -> int:
        return await both.mini.code(UNLIMITED, {"scene": "a", "page": page, "check_path": False})

    assert [await code(page) for page in ("a", "b", "c", "b")] == [0, 0, 45029, 0]
    assert [await code(page) for page in ("/a", "a?b=1")] == [41030, 41030]
    assert await both.mini.code(UNLIMITED, {"scene": "a", "page": "c"}) == 0


async def test_5000_codes_without_end_a_minute(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4999):
        both.world.rates.count(UNLIMITED, NOON)
    made = [await both.mini.code(UNLIMITED, {"scene": "a"}) for _ in range(2)]
    monkeypatch.setattr(both.world.clock, "now", lambda: NOON + 60)

    assert made == [0, 45011]
    assert await both.mini.code(UNLIMITED, {"scene": "a"}) == 0


@pytest.mark.parametrize(("path", "most"), [(LIMITED, 1024), (QR, 128)])
async def test_a_limited_code_has_a_path_of_limited_length(both: Both, path: str, most: int) -> None:
    for wrong in ("", None, "p" * (most + 1), "页" * (most // 3 + 1)):
        assert await both.mini.code(path, {"path": wrong}) == 40159
    assert await both.mini.code(path, {"path": "p" * most, "width": 279}) == 40097
    assert await both.platform.links() == []

    _, drawn = await picture(both, path, path="p" * most, width=300)
    assert drawn.size == (300, 300)


async def test_limited_codes_of_both_kinds_are_counted_together_for_ever(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert codes.MOST_LIMITED == 100_000
    monkeypatch.setattr(codes, "MOST_LIMITED", 2)
    made = [await both.mini.code(path, {"path": "pages/a?id=1"}) for path in (LIMITED, QR, LIMITED, QR)]
    monkeypatch.setattr(both.world.clock, "now", lambda: NOON + 40 * DAY)
    await both.mini.takes_token()

    assert made == [0, 0, 45029, 45029]
    assert await both.mini.code(QR, {"path": "a"}) == 45029
    assert await both.mini.code(UNLIMITED, {"scene": "a"}) == 0


async def test_a_link_and_a_scheme_open_a_page_for_a_while(both: Both) -> None:
    target = {"path": "/pages/activity/detail", "query": "id=7&from=%E7%9F%AD"}
    link = await both.mini.call(URL, {**target, "expire_type": 1, "expire_interval": 3})
    scheme = await both.mini.call(
        SCHEME, {"jump_wxa": {**target, "env_version": "trial"}, "expire_time": int(NOON) + 61}
    )

    assert link["url_link"].startswith("https://wxaurl.cn/")
    assert scheme["openlink"].startswith("weixin://dl/business/?t=")
    second, first = await both.platform.links()
    assert link["url_link"].endswith(f"/{first['id']}")
    assert (first["path"], first["query"], first["expires_at"]) == (
        "pages/activity/detail",
        target["query"],
        NOON + 3 * DAY,
    )
    assert (second["kind"], second["env"], second["expires_at"]) == ("scheme", "trial", NOON + 61)


async def test_a_link_without_anything_opens_the_first_page_for_30_days(both: Both) -> None:
    assert await both.mini.code(URL, {}) == 0
    assert await both.mini.code(SCHEME, {}) == 0

    for made in await both.platform.links():
        assert (made["path"], made["query"], made["expires_at"]) == ("", "", NOON + 30 * DAY)


async def test_every_sign_of_the_rule_is_allowed_in_a_query(both: Both) -> None:
    for query in ("!#$&'()*+,/:;=?@-._~%", "09azAZ"):
        assert await both.mini.code(URL, {"query": query}) == 0


WRONG_TARGETS: list[tuple[dict[str, Any], int]] = [
    ({"env_version": "beta"}, 85402),
    ({"path": "pages/no/such"}, 40165),
    ({"path": "pages/index/index?id=7"}, 40165),
    ({"query": "a" * 1025}, 40212),
    ({"query": "名=李"}, 40212),
    ({"query": "a b"}, 40212),
]
WRONG_LIVES: list[dict[str, Any]] = [
    {"expire_time": int(NOON) + 59},
    {"expire_time": int(NOON) + 30 * DAY + 1},
    {"expire_time": 0},
    {"expire_time": "tomorrow"},
    {"expire_type": 1},
    {"expire_type": 1, "expire_interval": 0},
    {"expire_type": 1, "expire_interval": 31},
    {"expire_type": 2, "expire_interval": 3},
]


@pytest.mark.parametrize(("target", "code"), WRONG_TARGETS)
async def test_a_wrong_target_is_refused(both: Both, target: dict[str, Any], code: int) -> None:
    await both.platform.miniprogram_is(pages=["pages/index/index"])
    good = {"path": "pages/index/index", "query": "a" * 1024}

    assert await both.mini.code(URL, good | target) == code
    assert await both.mini.code(SCHEME, {"jump_wxa": good | target}) == code
    assert await both.platform.links() == []
    assert await both.mini.code(URL, good) == 0


@pytest.mark.parametrize("life", WRONG_LIVES)
async def test_a_link_lives_from_a_minute_to_30_days(both: Both, life: dict[str, Any]) -> None:
    assert await both.mini.code(URL, life) == 85401
    assert await both.mini.code(SCHEME, life) == 85401
    for good in (
        {"expire_time": int(NOON) + 60},
        {"expire_time": int(NOON) + 30 * DAY},
        {"expire_type": 1, "expire_interval": 1},
        {"expire_type": 1, "expire_interval": 30},
    ):
        assert await both.mini.code(URL, good) == 0


async def test_without_a_release_there_are_links_to_the_trial_only(both: Both) -> None:
    await both.platform.miniprogram_is(released=False)

    assert await both.mini.code(URL, {}) == 85079
    assert await both.mini.code(SCHEME, {"jump_wxa": {}}) == 85079
    assert await both.mini.code(URL, {"env_version": "trial"}) == 0


async def test_links_and_schemes_are_counted_together_a_second_and_a_day(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes_of_a_second = [await both.mini.code((URL, SCHEME)[n % 2], {}) for n in range(101)]
    monkeypatch.setattr(both.world.clock, "now", lambda: NOON + 1)
    next_second = await both.mini.code(SCHEME, {})
    asked = [
        (await both.mini.call("/cgi-bin/openapi/quota/get", {"cgi_path": path}))["quota"]
        for path in (URL, SCHEME)
    ]
    await both.platform.ask("POST", "quota", {"path": SCHEME, "limit": 103})

    assert codes_of_a_second == [0] * 100 + [44990]
    assert next_second == 0
    assert asked[0] == asked[1] == {"daily_limit": 500_000, "used": 102, "remain": 499_898}
    assert [await both.mini.code(path, {}) for path in (URL, SCHEME, URL)] == [0, 44993, 44993]
