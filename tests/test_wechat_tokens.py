"""One token for all: who fetches it, who waits, and what happens when it goes bad."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.wechat.errors import NotAllowed, TryLater
from app.wechat.tokens import MemoryTokenStore, StoredToken, TokenSource
from tests.wechat_token_call import Clock, Platform

SECRET = "s3cret-of-the-account"
APP = "wx0123456789abcdef"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
async def http(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(platform)) as client:
        yield client


@pytest.fixture
def store(clock: Clock) -> MemoryTokenStore:
    return MemoryTokenStore(clock)


@pytest.fixture
def source(store: MemoryTokenStore, http: httpx.AsyncClient, clock: Clock) -> TokenSource:
    return another(store, http, clock)


def another(store: MemoryTokenStore, http: httpx.AsyncClient, clock: Clock) -> TokenSource:
    """A source as a further process would have it."""
    return TokenSource(store, http, APP, SECRET, "https://api.weixin.qq.com", clock, pause=clock.pause)


def refusal(errcode: int) -> httpx.Response:
    return httpx.Response(200, json={"errcode": errcode, "errmsg": f"no, {SECRET} rid: 1-2-3"})


async def test_the_stable_token_is_asked_for_without_force(source: TokenSource, platform: Platform) -> None:
    assert await source.token() == "token-1"
    assert platform.asked == [
        {
            "grant_type": "client_credential",
            "appid": APP,
            "secret": SECRET,
            "force_refresh": False,
        }
    ]


async def test_many_callers_of_one_process_share_one_fetch(source: TokenSource, platform: Platform) -> None:
    got = await asyncio.gather(*(source.token() for _ in range(50)))

    assert set(got) == {"token-1"}
    assert len(platform.asked) == 1


async def test_two_processes_share_one_fetch(
    store: MemoryTokenStore, http: httpx.AsyncClient, clock: Clock, platform: Platform
) -> None:
    platform.gate = asyncio.Event()
    one, two = another(store, http, clock), another(store, http, clock)

    first = asyncio.create_task(one.token())
    await platform.was_asked.wait()
    second = asyncio.create_task(two.token())
    await clock.paused.wait()
    platform.gate.set()

    assert (await first, await second) == ("token-1", "token-1")
    assert len(platform.asked) == 1


async def test_after_the_lease_is_got_the_store_is_looked_at_again(
    source: TokenSource, store: MemoryTokenStore, clock: Clock, platform: Platform
) -> None:
    lease = store.lease

    async def lease_after_somebody_saved(app_id: str, holder: str, seconds: float) -> bool:
        await lease(app_id, "other", seconds)
        await store.save(app_id, StoredToken("theirs", clock() + 7200), "other")
        await store.release(app_id, "other")
        return await lease(app_id, holder, seconds)

    store.lease = lease_after_somebody_saved  # type: ignore[method-assign]

    assert await source.token() == "theirs"
    assert platform.asked == []


async def test_a_late_writer_does_not_replace_the_newer_token(
    source: TokenSource, store: MemoryTokenStore, clock: Clock, platform: Platform
) -> None:
    """Our fetch took longer than our lease; meanwhile another process fetched and saved."""

    def stall() -> None:
        clock.at += 31
        store._leases[APP] = ("other", clock() + 30)
        store._tokens[APP] = StoredToken("newer", clock() + 7200)

    platform.on_ask = stall

    assert await source.token() == "newer"
    assert (await store.load(APP)) == StoredToken("newer", clock() + 7200)
    assert not await store.lease(APP, "third", 1)  # nor is the other's lease given away


async def test_a_token_is_replaced_five_minutes_before_its_end(
    source: TokenSource, clock: Clock, platform: Platform
) -> None:
    await source.token()
    clock.at += 7200 - 301
    assert await source.token() == "token-1"

    clock.at += 2

    assert await source.token() == "token-2"
    assert len(platform.asked) == 2


async def test_another_process_s_token_is_found_in_the_store(
    store: MemoryTokenStore, http: httpx.AsyncClient, clock: Clock, platform: Platform
) -> None:
    await another(store, http, clock).token()

    assert await another(store, http, clock).token() == "token-1"
    assert len(platform.asked) == 1


async def test_a_token_with_a_short_rest_is_used_without_asking_each_time(
    source: TokenSource, clock: Clock, platform: Platform
) -> None:
    platform.lives = 200  # the platform may answer what is left of the present one

    for _ in range(9):
        assert await source.token() == "token-1"
        clock.at += 10
    clock.at += 11

    assert await source.token() == "token-2"
    assert len(platform.asked) == 2


async def test_near_its_end_the_old_token_serves_while_wechat_is_away(
    source: TokenSource, clock: Clock, platform: Platform
) -> None:
    await source.token()
    clock.at += 7000
    platform.answers = [httpx.ConnectError("away"), httpx.ConnectError("away")]

    assert await source.token() == "token-1"

    clock.at += 300
    platform.answers = [httpx.ConnectError("away"), httpx.ConnectError("away")]
    with pytest.raises(TryLater):
        await source.token()


async def test_a_refused_token_is_dropped_for_all(
    source: TokenSource, store: MemoryTokenStore, platform: Platform
) -> None:
    first = await source.token()

    await source.refused(first)

    assert await store.load(APP) is None
    assert await source.token() == "token-2"


async def test_a_refusal_of_an_older_token_does_not_touch_the_newer(
    source: TokenSource, store: MemoryTokenStore, platform: Platform
) -> None:
    first = await source.token()
    await source.refused(first)
    second = await source.token()

    await source.refused(first)  # a slow call comes back with the old one

    assert await source.token() == second
    assert len(platform.asked) == 2


async def test_a_process_holding_the_old_token_takes_the_newer_from_the_store(
    store: MemoryTokenStore, http: httpx.AsyncClient, clock: Clock, platform: Platform
) -> None:
    one, two = another(store, http, clock), another(store, http, clock)
    old = await one.token()
    assert await two.token() == old
    await one.refused(old)
    new = await one.token()

    await two.refused(old)

    assert await two.token() == new
    assert len(platform.asked) == 2


@pytest.mark.parametrize("errcode", [40001, 40125, 40164])
async def test_a_wrong_secret_is_asked_about_once_a_minute_only(
    source: TokenSource, clock: Clock, platform: Platform, errcode: int
) -> None:
    platform.answers = [refusal(errcode)]

    for _ in range(5):
        with pytest.raises(NotAllowed) as caught:
            await source.token()
        assert caught.value.errcode == errcode
        assert SECRET not in str(caught.value) + repr(caught.value)
    assert len(platform.asked) == 1

    clock.at += 61
    assert await source.token() == "token-2"


async def test_a_failed_fetch_gives_the_lease_back(
    source: TokenSource, store: MemoryTokenStore, platform: Platform
) -> None:
    platform.answers = [refusal(-1)]

    with pytest.raises(TryLater):
        await source.token()

    assert await store.lease(APP, "another", 1)


async def test_all_who_wait_for_a_fetch_that_fails_learn_it_at_once(
    source: TokenSource, platform: Platform
) -> None:
    platform.answers = [refusal(-1)]

    outcomes = await asyncio.gather(*(source.token() for _ in range(5)), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {TryLater}
    assert len(platform.asked) == 1


@pytest.mark.parametrize(
    "broken",
    [
        httpx.ConnectError("away"),
        httpx.ReadTimeout("slow"),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"expires_in": 7200}),
        httpx.Response(200, json={"access_token": "t", "expires_in": 0}),
    ],
)
async def test_a_broken_answer_is_asked_for_once_more(
    source: TokenSource, platform: Platform, broken: httpx.Response | Exception
) -> None:
    platform.answers = [broken]
    assert await source.token() == "token-2"


async def test_whoever_waits_too_long_for_another_process_gives_up(
    source: TokenSource, store: MemoryTokenStore, clock: Clock, platform: Platform
) -> None:
    assert await store.lease(APP, "stuck", 3600)
    started = clock()

    with pytest.raises(TryLater):
        await source.token()

    assert clock() - started == pytest.approx(10)
    assert platform.asked == []


async def test_a_process_that_died_while_fetching_is_replaced_when_its_lease_ends(
    source: TokenSource, store: MemoryTokenStore, platform: Platform
) -> None:
    assert await store.lease(APP, "dead", 5)

    assert await source.token() == "token-1"


async def test_one_caller_giving_up_does_not_end_the_fetch_for_the_others(
    source: TokenSource, platform: Platform
) -> None:
    platform.gate = asyncio.Event()
    impatient, patient = asyncio.create_task(source.token()), asyncio.create_task(source.token())
    await platform.was_asked.wait()

    impatient.cancel()
    platform.gate.set()

    assert await patient == "token-1"
    assert len(platform.asked) == 1
    assert impatient.cancelled() or impatient.cancelling()


async def test_two_accounts_in_one_store_keep_apart(
    store: MemoryTokenStore, http: httpx.AsyncClient, clock: Clock, platform: Platform
) -> None:
    mine = another(store, http, clock)
    theirs = TokenSource(store, http, "wxother", "x", "https://api.weixin.qq.com", clock)

    assert await mine.token() == "token-1"
    assert await theirs.token() == "token-2"


async def test_nothing_printed_holds_token_or_secret(source: TokenSource) -> None:
    await source.token()

    assert "token-1" not in repr(StoredToken("token-1", 1.0))
    assert SECRET not in repr(source) and "token-1" not in repr(source)
