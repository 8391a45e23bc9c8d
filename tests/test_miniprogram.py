"""A mini-program's customer messages: acknowledged at once, answered by a message of its own account."""

import json
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from app.database import Database
from app.dialogue.chat import Chat
from app.dialogue.router import Router
from app.services import coordination, deliveries
from app.wechat.crypto import Account, Format, Mode
from app.wechat.incoming import Incoming, parse
from app.wechat.replies import Reply, Text
from models import AccountKind, Message, MessageState
from tests.conftest import FakeClock
from tests.talking import Talk, talking

MENUS = """
version: 1
account: 测试工会
menu:
  - {name: 电话, do: test.hotline}
fallback: test.hotline
"""
MINI = Account(app_id="wxmini0123456789", token="demotoken", aes_key="", mode=Mode.PLAIN, format=Format.JSON)


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    router = Router("test")

    @router.on("test.hotline", title="电话")
    async def hotline(chat: Chat) -> Reply:
        return Text("请拨打 95598。")

    async with talking(database, clock, [router], MENUS) as town:
        yield town


def says(talk: Talk, text: str) -> Incoming:
    fields = {
        "ToUserName": "gh_mini0000001",
        "FromUserName": "oMini0000000000000000000001x",
        "CreateTime": int(talk.clock.now().timestamp()),
        "MsgType": "text",
        "Content": text,
        "MsgId": talk.next_id(),
    }
    return parse(MINI, json.dumps(fields, ensure_ascii=False).encode())


async def mini_account(database: Database) -> int:
    async with database.transaction() as session:
        return await coordination.account_id(session, MINI.app_id, AccountKind.MINIPROGRAM)


async def test_the_answer_leaves_as_a_message_of_the_mini_program(talk: Talk, database: Database) -> None:
    account_id = await mini_account(database)
    push = says(talk, "电话")

    assert await talk.engine.answer(push, account_id, passive=False) == b"success"
    await talk.engine.settle()

    async with database.transaction() as session:
        for_others = await _next(session, talk, talk.account.app_id)
        ours = await _next(session, talk, MINI.app_id)
        states = (await session.scalars(sa.select(Message.state))).all()
    assert for_others is None
    assert ours is not None and ours.parcel is not None
    assert ours.parcel.openid == push.openid
    assert ours.parcel.payload == {"type": "text", "content": "请拨打 95598。"}
    assert states == [MessageState.DEFERRED]


async def test_the_same_push_again_is_answered_once(talk: Talk, database: Database) -> None:
    account_id = await mini_account(database)
    push = says(talk, "电话")

    for _ in range(2):
        assert await talk.engine.answer(push, account_id, passive=False) == b"success"
        await talk.engine.settle()

    async with database.transaction() as session:
        assert await _next(session, talk, MINI.app_id) is not None
        assert await _next(session, talk, MINI.app_id) is None


async def _next(session, talk: Talk, app_id: str) -> deliveries.Leased | None:  # type: ignore[no-untyped-def]
    return await deliveries.next_due(
        session,
        token="t",
        now=talk.clock.now(),
        real_now=talk.clock.real_now(),
        app_id=app_id,
        customer_messages=True,
    )
