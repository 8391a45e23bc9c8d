"""Every call against its record: what is sent, understood and refused, and what a timeout leaves behind."""

import inspect
from typing import Any

import httpx
import pytest

from app.wechat.client import WeChatClient
from app.wechat.errors import NotAllowed, OutcomeUnknown, QuotaUsedUp, TryLater, WeChatError
from tests import (
    wechat_api,
    wechat_shapes_account,
    wechat_shapes_miniprogram,
    wechat_shapes_notices,
    wechat_shapes_publishing,
)
from tests.wechat_api import SECRET, FakeApi
from tests.wechat_shape import Shape

SHAPES: dict[str, Shape] = (
    wechat_shapes_account.SHAPES
    | wechat_shapes_notices.SHAPES
    | wechat_shapes_miniprogram.SHAPES
    | wechat_shapes_publishing.SHAPES
)
ALL = [pytest.param(shape, id=name) for name, shape in SHAPES.items()]
CALLS = [pytest.param(shape, id=name) for name, shape in SHAPES.items() if shape.asked]
REFUSALS = [
    pytest.param(shape, errcode, kind, id=f"{name}-{errcode}")
    for name, shape in SHAPES.items()
    for errcode, kind in shape.errors.items()
]
ANY_CALL: list[tuple[int, type[WeChatError]]] = [(-1, TryLater), (45009, QuotaUsedUp), (48001, NotAllowed)]


api, http, client = wechat_api.api, wechat_api.http, wechat_api.client


async def made(shape: Shape, client: WeChatClient) -> Any:
    outcome = shape.call(client)
    return await outcome if inspect.isawaitable(outcome) else outcome


def test_every_call_has_a_record(client: WeChatClient) -> None:
    """One that is missing here was never compared with the reference."""
    methods = {
        f"{namespace}.{method}"
        for namespace, api in vars(client).items()
        if type(api).__module__.startswith("app.wechat.api.")
        for method, _ in inspect.getmembers(type(api), inspect.isfunction)
        if not method.startswith("_")
    }

    assert methods == set(SHAPES)


@pytest.mark.parametrize("shape", ALL)
async def test_it_is_sent_and_understood_as_recorded(
    api: FakeApi, client: WeChatClient, shape: Shape
) -> None:
    api.answers = [shape.answer] if shape.asked else []

    assert await made(shape, client) == shape.result

    if not shape.asked:
        assert api.requests == []
        return
    assert api.asked == shape.asked
    assert api.tokens_used() == ["" if shape.by_secret else "token-1"]
    if shape.part:
        assert shape.part in api.last.content
    elif shape.body is None:
        assert api.last.content == b""
    else:
        assert api.body == shape.body
        assert b"\\u" not in api.last.content


@pytest.mark.parametrize("shape", CALLS)
async def test_a_lost_answer_is_asked_for_again_only_where_that_is_harmless(
    api: FakeApi, client: WeChatClient, shape: Shape
) -> None:
    api.answers = [httpx.ReadTimeout("slow"), shape.answer]

    if shape.again:
        assert await made(shape, client) == shape.result
        assert [request.content for request in api.requests] == [api.last.content] * 2 or shape.part
        assert api.asked == shape.asked
    else:
        with pytest.raises(OutcomeUnknown):
            await made(shape, client)
        assert len(api.requests) == 1


@pytest.mark.parametrize(("shape", "errcode", "kind"), REFUSALS)
async def test_a_documented_refusal_says_what_can_be_done(
    api: FakeApi, client: WeChatClient, shape: Shape, errcode: int, kind: type[WeChatError]
) -> None:
    api.answers = [{"errcode": errcode, "errmsg": f"no, {SECRET} rid: 1-2-3"}]

    with pytest.raises(WeChatError) as caught:
        await made(shape, client)

    assert type(caught.value) is kind
    assert (caught.value.errcode, caught.value.rid) == (errcode, "1-2-3")
    assert SECRET not in str(caught.value)
    assert len(api.requests) == 1


@pytest.mark.parametrize("shape", CALLS)
@pytest.mark.parametrize(("errcode", "kind"), ANY_CALL)
async def test_what_any_call_may_meet_is_told_alike(
    api: FakeApi, client: WeChatClient, shape: Shape, errcode: int, kind: type[WeChatError]
) -> None:
    api.answers = [{"errcode": errcode, "errmsg": "no"}]

    with pytest.raises(kind):
        await made(shape, client)

    assert len(api.requests) == 1


@pytest.mark.parametrize("shape", CALLS)
async def test_a_stale_token_is_renewed_and_a_wrong_secret_is_for_the_operator(
    api: FakeApi, client: WeChatClient, shape: Shape
) -> None:
    api.answers = [{"errcode": 40001, "errmsg": "invalid credential"}, shape.answer]

    if shape.by_secret:
        with pytest.raises(NotAllowed):
            await made(shape, client)
    else:
        assert await made(shape, client) == shape.result
        assert api.tokens_used() == ["token-1", "token-2"]
