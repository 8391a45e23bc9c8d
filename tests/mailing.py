"""Sending in tests: rows that are due, followers with open windows, and WeChat's end of customer messages."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.database import Database, refuse_in_transaction
from app.jobs.deliveries import Sender
from app.services import coordination, outbox
from app.wechat.client import WeChatClient
from app.wechat.tokens import MemoryTokenStore, TokenSource
from models import Account, AccountKind, Follower, Outbox, Person
from tests.conftest import FakeClock

APP_ID = "wx0123456789abcdef"
LOST = httpx.ReadTimeout("no answer")  # it may have arrived
UNSENT = httpx.ConnectError("out of reach")  # it cannot have


class Mailbox:
    """WeChat's end: keeps what was sent; `answers` are errcodes or what is raised, 0 when there are none."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []  # accepted or lost on the way back
        self.tried = 0
        self.answers: list[int | Exception | BaseException] = []

    @property
    def texts(self) -> list[str]:
        return [message["text"]["content"] for message in self.sent if message.get("msgtype") == "text"]

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cgi-bin/stable_token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 7200})
        self.tried += 1
        answer = self.answers.pop(0) if self.answers else 0
        if answer == 0 or answer is LOST:
            self.sent.append(json.loads(request.content))
        if isinstance(answer, BaseException):
            raise answer
        return httpx.Response(200, json={"errcode": answer, "errmsg": "told so"})


async def _refuse_while_writing(request: httpx.Request) -> None:
    refuse_in_transaction(str(request.url.path))


@asynccontextmanager
async def client_of(mailbox: Mailbox, clock: FakeClock) -> AsyncIterator[WeChatClient]:
    """A client that, like the house's, refuses to call inside a writing transaction."""

    def now() -> float:
        return clock.real_now().timestamp()

    hooks: Any = {"request": [_refuse_while_writing]}
    async with httpx.AsyncClient(transport=httpx.MockTransport(mailbox), event_hooks=hooks) as http:
        url = "https://api.weixin.qq.com"
        tokens = TokenSource(MemoryTokenStore(now), http, APP_ID, "secret", url, now)
        yield WeChatClient(APP_ID, "secret", http=http, tokens=tokens, base_url=url, now=now)


async def no_pause(seconds: float) -> None:
    """Tests do not wait."""


def sender_of(
    database: Database, client: WeChatClient, clock: FakeClock, *, customer_messages: bool = True
) -> Sender:
    return Sender(database, client, clock, customer_messages=customer_messages, pause=no_pause)


async def follower(database: Database, openid: str, at: datetime, **facts: Any) -> Follower:
    """A follower of the account who has just written, unless `facts` say otherwise."""
    async with database.transaction() as session:
        account_id = facts.pop("account_id", None) or await coordination.account_id(
            session, APP_ID, AccountKind.OFFICIAL
        )
        person = Person(created_at=at)
        session.add(person)
        await session.flush()
        row = Follower(account_id=account_id, openid=openid, person_id=person.id, **{"spoke_at": at} | facts)
        session.add(row)
    return row


async def another_account(database: Database) -> int:
    async with database.transaction() as session:
        row = Account(app_id="wxffffffffffffffff", kind=AccountKind.MINIPROGRAM)
        session.add(row)
        await session.flush()
        return row.id


async def post(database: Database, to: Follower | None, clock: FakeClock, **given: Any) -> int:
    """Leave a row in the outbox; returns its id."""
    words = given.pop("text", "您的留言有了答复。")
    given = {"kind": "cases.answered", "key": f"k:{words}", "payload": text(words)} | given
    async with database.transaction() as session:
        kind = given.pop("kind")
        row = outbox.add(session, kind, to=to.person_id if to else None, now=clock.now(), **given)
        await session.flush()
        return row.id


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "content": words}


async def row_of(database: Database, row_id: int) -> Outbox:
    async with database.reading() as session:
        return await session.get_one(Outbox, row_id)


async def facts_of(database: Database, row: Follower) -> Follower:
    async with database.reading() as session:
        return (await session.scalars(sa.select(Follower).where(Follower.id == row.id))).one()


# --- fixtures; a test file binds those it wants -------------------------------------------------------------


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def client(mailbox: Mailbox, clock: FakeClock) -> AsyncIterator[WeChatClient]:
    async with client_of(mailbox, clock) as opened:
        yield opened


@pytest.fixture
def sender(database: Database, client: WeChatClient, clock: FakeClock) -> Sender:
    return sender_of(database, client, clock)


@pytest.fixture
async def li(database: Database, clock: FakeClock) -> Follower:
    return await follower(database, "oLi", clock.now())
