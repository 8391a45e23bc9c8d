"""Sharing on Weibo: what goes over the wire, each refusal, and the sandbox's Weibo over a real connection."""

import json
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from app.weibo import errors as e
from app.weibo.client import Post, WeiboClient, length, share_page
from sandbox.driver import Platform
from tests.running import Sandbox

SITE = "https://gonghui.example.com/a/7"
TEXT = f"冬季用电安全提示：100% 拔插头。{SITE}"
TOKEN = "2.00token"
PNG = b"\x89PNG\r\n\x1a\n picture"
POSTED = {
    "id": 5098,
    "idstr": "5098",
    "mid": "5098",
    "created_at": "Mon Nov 30 10:00:00 +0800 2026",
    "text": TEXT,
}


class FakeWeibo:
    """Answers in turn, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> WeiboClient:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return WeiboClient(http=http, domains=["Gonghui.example.com"])


def refusal(code: int, status: int = 400, text: str = "no") -> httpx.Response:
    return httpx.Response(
        status, json={"error": text, "error_code": code, "request": "/2/statuses/share.json"}
    )


async def test_a_text_goes_as_a_form_and_a_picture_beside_it_as_multipart() -> None:
    weibo = FakeWeibo(httpx.Response(200, json=POSTED), httpx.Response(200, json=POSTED))
    post = await weibo.client().share(TOKEN, TEXT, ip="211.156.0.1")
    await weibo.client().share(TOKEN, TEXT, picture=PNG)
    plain, pictured = weibo.requests

    assert post == Post("5098", "Mon Nov 30 10:00:00 +0800 2026")
    assert (plain.method, str(plain.url)) == ("POST", "https://api.weibo.com/2/statuses/share.json")
    assert plain.headers["content-type"] == "application/x-www-form-urlencoded"
    # Encoded once: read once it is what was written.
    assert parse_qs(plain.content.decode()) == {
        "access_token": [TOKEN],
        "status": [TEXT],
        "rip": ["211.156.0.1"],
    }
    assert pictured.headers["content-type"].startswith("multipart/form-data")
    assert b'name="pic"; filename="pic.png"' in pictured.content and PNG in pictured.content
    assert TOKEN not in repr(post) + str(plain.url)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, e.TokenSpent) for code in (21314, 21315, 21327, 21332)),
        *((code, e.RateLimited) for code in (10023, 10024, 20016)),
        *((code, e.Repeated) for code in (20017, 20019)),
        *((code, e.ContentRefused) for code in (20018, 20021)),
        *((code, e.OurMistake) for code in (10006, 20012)),
        (10017, e.LinkMissing),
        (21321, e.NotAllowed),
        (99999, e.WeiboError),
    ],
)
async def test_each_code_says_what_to_do(code: int, kind: type[e.WeiboError]) -> None:
    with pytest.raises(e.WeiboError) as caught:
        await FakeWeibo(refusal(code, text=f"bad {TOKEN}")).client().share(TOKEN, TEXT)

    assert (type(caught.value), caught.value.code) == (kind, code)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, text="[1]"),
        httpx.Response(200, json={}),
        httpx.Response(200, text=json.dumps({"text": "x" * 1_100_000})),
    ],
)
async def test_without_a_readable_answer_it_may_have_been_posted_and_is_not_posted_again(
    answer: httpx.Response | Exception,
) -> None:
    weibo = FakeWeibo(answer)

    with pytest.raises(e.OutcomeUnknown):
        await weibo.client().share(TOKEN, TEXT)
    assert len(weibo.requests) == 1


async def test_after_a_doubt_the_refusal_of_the_same_text_says_that_it_is_there() -> None:
    assert await FakeWeibo(refusal(20019)).client().share(TOKEN, TEXT, in_doubt=True) == Post("", before=True)
    with pytest.raises(e.TokenSpent):
        await FakeWeibo(refusal(21327, 401)).client().share(TOKEN, TEXT, in_doubt=True)
    assert await FakeWeibo(refusal(20032)).client().share(TOKEN, TEXT) == Post("", delayed=True)
    with pytest.raises(e.TryLater) as unsent:
        await FakeWeibo(httpx.ConnectError("away")).client().share(TOKEN, TEXT)
    assert unsent.value.code is None


@pytest.mark.parametrize(
    ("text", "picture", "kind"),
    [
        ("没有链接", None, e.LinkMissing),
        ("https://gonghui.example.com.evil.cn/", None, e.LinkMissing),
        ("http://[坏", None, e.LinkMissing),
        ("字" * 125 + SITE, None, e.OurMistake),
        ("", None, e.OurMistake),
        (TEXT, b"%PDF", e.OurMistake),
        (TEXT, PNG + b"x" * 5 * 1024 * 1024, e.OurMistake),
    ],
)
async def test_what_can_never_be_posted_is_not_sent(
    text: str, picture: bytes | None, kind: type[e.WeiboError]
) -> None:
    weibo = FakeWeibo()

    with pytest.raises(kind):
        await weibo.client().share(TOKEN, text, picture=picture)
    assert weibo.requests == []


def test_lengths_and_the_page_for_those_who_post_by_hand() -> None:
    assert [length(text) for text in ("", "a", "字a", "字" * 140)] == [0, 1, 2, 140]
    assert share_page(SITE, "提示 & 提醒", app_key="7") == (
        "https://service.weibo.com/share/share.php?url=https%3A%2F%2Fgonghui.example.com%2Fa%2F7"
        "&title=%E6%8F%90%E7%A4%BA+%26+%E6%8F%90%E9%86%92&appkey=7"
    )


async def test_the_sandbox_s_weibo_takes_it_over_a_real_connection(tmp_path: Path) -> None:
    with Sandbox(tmp_path) as sandbox:
        async with httpx.AsyncClient() as http, httpx.AsyncClient(base_url=sandbox.url) as browser:
            platform, text = Platform(browser), "冬季用电：拔插头。http://127.0.0.1:9/a/7"
            weibo = WeiboClient(http=http, domains=["127.0.0.1"], base_url=sandbox.url)
            token = (await platform.ask("POST", "weibo/token"))["access_token"]
            post = await weibo.share(token, text, picture=PNG)
            await platform.misbehaves(drop_next={"path": "/2/statuses/share.json"})
            with pytest.raises(e.OutcomeUnknown):
                await weibo.share(token, text.replace("拔插头", "关总闸"))
            again = await weibo.share(token, text.replace("拔插头", "关总闸"), in_doubt=True)
            with pytest.raises(e.Repeated):
                await weibo.share(token, text)
            await platform.ask("POST", "weibo/revoke")
            with pytest.raises(e.TokenSpent):
                await weibo.share(token, f"别的话 {text}")
            elsewhere = WeiboClient(http=http, domains=["example.org"], base_url=sandbox.url)
            token = (await platform.ask("POST", "weibo/token"))["access_token"]
            with pytest.raises(e.LinkMissing) as unbound:
                await elsewhere.share(token, "别处 https://example.org/")
            posts = (await platform.ask("GET", "weibo"))["posts"]

    assert (post.id, again.before, unbound.value.code) == (str(posts[1]["id"]), True, 10017)
    assert [("关总闸" in one["text"], bool(one["picture"])) for one in posts] == [
        (True, False),
        (False, True),
    ]
