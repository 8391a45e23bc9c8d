"""Pages signed for WeChat's own functions, by one ticket for all processes."""

import asyncio

import httpx
import pytest

from app.wechat.errors import NotAllowed, OurMistake, TryLater
from app.wechat.jssdk import PageSignature, TicketSource, sign_page
from app.wechat.tokens import MemoryTokenStore, StoredToken
from tests import wechat_api
from tests.wechat_api import APP, FakeApi, client_of
from tests.wechat_token_call import Clock

TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
NONCE, AT = "Wm3WZYTPz0wzccnW", 1_414_587_457
SIGNED = "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
PAGE = "http://mp.weixin.qq.com?params=value"
GIVEN = {"errcode": 0, "errmsg": "ok", "ticket": TICKET, "expires_in": 7200}


@pytest.fixture
def clock() -> Clock:
    return Clock()


api, http = wechat_api.api, wechat_api.http


@pytest.fixture
def store(clock: Clock) -> MemoryTokenStore:
    return MemoryTokenStore(clock)


@pytest.fixture
def source(store: MemoryTokenStore, api: FakeApi, http: httpx.AsyncClient, clock: Clock) -> TicketSource:
    return another(store, api, http, clock)


def another(store: MemoryTokenStore, api: FakeApi, http: httpx.AsyncClient, clock: Clock) -> TicketSource:
    """A source as a further process would have it."""
    return TicketSource(store, client_of(api, http).tickets, APP, clock, pause=clock.pause)


def test_the_official_example_is_signed_as_wechat_signs_it() -> None:
    assert sign_page(TICKET, PAGE, nonce=NONCE, timestamp=AT) == SIGNED


@pytest.mark.parametrize("fragment", ["", "#", "#wechat_redirect", "#/a?b#c"])
def test_what_follows_the_number_sign_is_no_part_of_the_page(fragment: str) -> None:
    assert sign_page(TICKET, PAGE + fragment, nonce=NONCE, timestamp=AT) == SIGNED


async def test_a_page_gets_what_its_configuration_needs(
    api: FakeApi, source: TicketSource, clock: Clock
) -> None:
    api.answers = [GIVEN]
    clock.at = AT + 0.9

    page = await source.sign(PAGE, nonce=NONCE)

    assert page == PageSignature(APP, AT, NONCE, SIGNED)
    assert page.to_config() == {"appId": APP, "timestamp": AT, "nonceStr": NONCE, "signature": SIGNED}
    assert TICKET not in repr(page) + repr(source)


async def test_each_signature_has_a_nonce_of_its_own(api: FakeApi, source: TicketSource) -> None:
    api.answers = [GIVEN]

    first, second = await source.sign(PAGE), await source.sign(PAGE)

    assert first.nonce != second.nonce
    assert first.signature != second.signature
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("url", "nonce"), [("gonghui.example.com/", "n"), (PAGE, "a&b"), (PAGE, "n" * 33), (PAGE, "字")]
)
async def test_what_would_sign_another_text_is_our_mistake(
    api: FakeApi, source: TicketSource, url: str, nonce: str
) -> None:
    with pytest.raises(OurMistake):
        await source.sign(url, nonce=nonce)

    assert api.requests == []


async def test_two_processes_and_many_pages_share_one_ticket(
    store: MemoryTokenStore, api: FakeApi, http: httpx.AsyncClient, clock: Clock
) -> None:
    api.answers = [GIVEN]
    one, two = (another(store, api, http, clock) for _ in range(2))

    got = await asyncio.gather(*(source.ticket() for source in (one, two) for _ in range(20)))

    assert set(got) == {TICKET}
    assert len(api.requests) == 1


async def test_a_ticket_is_replaced_before_its_end(api: FakeApi, source: TicketSource, clock: Clock) -> None:
    api.answers = [GIVEN, {**GIVEN, "ticket": "next"}]
    assert await source.ticket() == TICKET

    clock.at += 7200 - 299

    assert await source.ticket() == "next"


async def test_near_its_end_the_old_ticket_serves_while_wechat_is_away(
    api: FakeApi, source: TicketSource, clock: Clock
) -> None:
    api.answers = [GIVEN, {"errcode": -1}, {"errcode": -1}]
    await source.ticket()
    clock.at += 7000

    assert await source.ticket() == TICKET
    clock.at += 201
    with pytest.raises(TryLater):
        await source.ticket()


async def test_ticket_and_token_lie_side_by_side(
    store: MemoryTokenStore, api: FakeApi, source: TicketSource, clock: Clock
) -> None:
    token = StoredToken("token", clock() + 7200)
    assert await store.lease(APP, "tokens", 30)
    assert await store.save(APP, token, "tokens")
    api.answers = [GIVEN]

    assert await source.ticket() == TICKET

    assert await store.load(APP) == token


async def test_an_account_without_the_right_is_not_asked_for_again_and_again(
    api: FakeApi, source: TicketSource, clock: Clock
) -> None:
    api.answers = [{"errcode": 48001, "errmsg": "api unauthorized"}, GIVEN]

    for _ in range(5):
        with pytest.raises(NotAllowed):
            await source.sign(PAGE)
    assert len(api.requests) == 1

    clock.at += 61
    assert await source.ticket() == TICKET
