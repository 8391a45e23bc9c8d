"""Talking to the real dialogue engine in a test: people who say things, and read what they are answered.

Everything is real but the callback's HTTP and WeChat's side: a message is built as WeChat sends it, parsed,
journalled in a database, routed, handled, and its answer is read from the rendered reply.
"""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import unquote
from xml.etree import ElementTree

from app.chatting import HEARD, WORDS, CaseTalks, ChatGuard
from app.database import Database
from app.dialogue.engine import Engine
from app.dialogue.groups import Groups, GroupStore
from app.dialogue.performing import Performer
from app.dialogue.postgres_groups import PostgresGroups
from app.dialogue.router import Registry, Router
from app.dialogue.routing import Routing
from app.dialogue.sqlite_groups import SQLiteGroups
from app.dialogue.sweeping import Sweep
from app.dialogue.turns import Turns
from app.menus import Known
from app.menus.live import LiveMenus
from app.menus.revisions import apply
from app.services import coordination
from app.services.questions import Unanswered
from app.wechat.crypto import Account, Mode
from app.wechat.incoming import Incoming, parse
from models import AccountKind, Message, MessageState
from tests.conftest import FakeClock

GH_ID = "gh_4a1b2c3d4e5f"
ANCHOR = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=([^&"]*)&msgmenuid=([^"]*)">([^<]*)</a>')


@dataclass
class Talk:
    """A little town of followers around one engine."""

    engine: Engine
    database: Database
    clock: FakeClock
    account: Account
    account_id: int
    menus: LiveMenus
    groups: Groups
    sweep: Sweep
    unanswered: Unanswered = field(default_factory=Unanswered)
    _ids: "count[int]" = field(default_factory=lambda: count(24590000000000001))
    _people: "count[int]" = field(default_factory=lambda: count(1))

    async def person(self, name: str) -> "Speaker":
        return Speaker(self, name, f"oTest{next(self._people):05d}{'x' * 18}"[:28])

    def next_id(self) -> int:
        return next(self._ids)


@dataclass
class Speaker:
    """One person with a phone."""

    talk: Talk
    name: str
    openid: str
    last: str = ""  # the last answer, as sent
    last_body: bytes = b""  # what was pushed last, for pushing it again

    async def says(self, text: str, *, choice: str = "") -> str:
        tap = f"<bizmsgmenuid>{choice}</bizmsgmenuid>" if choice else ""
        return await self._sends("text", f"<Content><![CDATA[{text}]]></Content>{tap}")

    async def taps(self, label: str) -> str:
        """Tap the line of the last answer that shows `label`."""
        for content, menu_id, shown in ANCHOR.findall(self.last):
            if label in shown:
                return await self.says(unquote(content), choice=unquote(menu_id))
        raise AssertionError(f"no line to tap shows {label!r} in {self.last!r}")

    async def sends_picture(self, media_id: str = "") -> str:
        media = media_id or f"img_{self.talk.next_id()}"
        return await self._sends("image", f"<PicUrl>http://p</PicUrl><MediaId>{media}</MediaId>")

    async def sends_voice(self, recognition: str = "") -> str:
        fields = f"<MediaId>voi_{self.talk.next_id()}</MediaId><Format>amr</Format>"
        return await self._sends("voice", f"{fields}<Recognition><![CDATA[{recognition}]]></Recognition>")

    async def clicks(self, key: str) -> str:
        return await self._event("CLICK", f"<EventKey><![CDATA[{key}]]></EventKey>")

    async def opens_camera(self, key: str) -> str:
        """Tap a `photo` button; the picture is sent apart, as WeChat does."""
        pictures = "<SendPicsInfo><Count>1</Count></SendPicsInfo>"
        return await self._event("pic_photo_or_album", f"<EventKey><![CDATA[{key}]]></EventKey>{pictures}")

    async def opens_map(self, key: str) -> str:
        """Tap a `location` button; the place is sent apart."""
        return await self._event("location_select", f"<EventKey><![CDATA[{key}]]></EventKey>")

    async def sends_place(self, label: str) -> str:
        place = "<Location_X>35.58</Location_X><Location_Y>109.26</Location_Y><Scale>15</Scale>"
        return await self._sends("location", f"{place}<Label><![CDATA[{label}]]></Label>")

    async def follows(self, scene: str = "") -> str:
        key = f"qrscene_{scene}" if scene else ""
        return await self._event("subscribe", f"<EventKey><![CDATA[{key}]]></EventKey>")

    async def leaves(self) -> str:
        return await self._event("unsubscribe", "<EventKey></EventKey>")

    async def scans(self, scene: str) -> str:
        return await self._event("SCAN", f"<EventKey>{scene}</EventKey><Ticket>t</Ticket>")

    def incoming(self, kind: str, fields: str, *, event: bool = False) -> Incoming:
        """A message as WeChat pushes it, not sent yet."""
        created = int(self.talk.clock.now().timestamp())
        number = "" if event else f"<MsgId>{self.talk.next_id()}</MsgId>"
        self.last_body = (
            f"<xml><ToUserName>{GH_ID}</ToUserName><FromUserName>{self.openid}</FromUserName>"
            f"<CreateTime>{created}</CreateTime><MsgType>{kind}</MsgType>{fields}{number}</xml>"
        ).encode()
        return parse(self.talk.account, self.last_body)

    async def pushes(self, incoming: Incoming) -> str:
        """Push it, for the first time or again; "" when WeChat was told `success`."""
        answer = await self.talk.engine.answer(incoming, self.talk.account_id)
        if answer == b"success":
            self.last = ""
            return ""
        root = ElementTree.fromstring(answer)
        if root.findtext("ToUserName") != self.openid:
            raise AssertionError("the answer goes to somebody else")
        self.last = root.findtext("Content") or "\n".join(e.text or "" for e in root.iter("Title"))
        return ANCHOR.sub(lambda match: match[3], self.last)

    async def _sends(self, kind: str, fields: str) -> str:
        return await self.pushes(self.incoming(kind, fields))

    async def _event(self, event: str, fields: str) -> str:
        self.talk.clock.advance(1)  # two events of one second are one to WeChat
        return await self.pushes(self.incoming("event", f"<Event>{event}</Event>{fields}", event=True))


async def left_behind(talk: Talk, who: Speaker, text: str, ref: str, serial: int) -> int:
    """A process kept it as deferred while that question stood open, and died."""
    incoming = who.incoming("text", f"<Content>{text}</Content>")
    now = talk.clock.now()
    async with talk.database.transaction() as session:
        message = Message(
            account_id=talk.account_id,
            key=incoming.key,
            kind="text",
            state=MessageState.DEFERRED,
            rule="",
            request_id="feedfacefeedface",
            received_at=now,
            body=incoming.raw.decode(),
            dialogue_ref=ref,
            dialogue_serial=serial,
            lease_token="feedfacefeedface",
            lease_until=talk.clock.real_now(),
            tries=0,
        )
        session.add(message)
        await session.flush()
        return message.id


def open_store(database: Database) -> GroupStore:
    if database.is_sqlite:
        return SQLiteGroups(database.url.database or "", database.write_turn)
    return PostgresGroups(database.url)


@asynccontextmanager
async def talking(
    database: Database,
    clock: FakeClock,
    routers: Iterable[Router],
    menus_text: str,
    *,
    reply_seconds: float = 4.0,
    store: GroupStore | None = None,
) -> AsyncIterator[Talk]:
    """An engine over `database` with these handlers and this menu file."""
    registry = Registry(routers)
    known = {h.name: Known(h.name, h.title, h.args, h.takes) for h in registry.values()}
    menus = LiveMenus(database.reading, known)
    account = Account(app_id="wx0123456789abcdef", token="demotoken", aes_key="", mode=Mode.PLAIN)
    async with database.transaction() as session:
        account_id = await coordination.account_id(session, account.app_id, AccountKind.OFFICIAL)
        await apply(session, menus_text, known, "test", "", clock.now())
    await menus.refresh()
    store = store or open_store(database)
    groups, guard = Groups(store), ChatGuard()
    turns = Turns(
        database=database,
        groups=groups,
        routing=Routing(
            registry,
            guard,
            *({said: name for said, name in known.items() if name in registry} for known in (WORDS, HEARD)),
        ),
        performer=Performer(registry, CaseTalks()),
        menus=menus,
        guard=guard,
        clock=clock,
    )
    engine = Engine(groups=groups, turns=turns, guard=guard, clock=clock, reply_seconds=reply_seconds)
    sweep = Sweep(database, engine, {account_id: account}, clock)
    try:
        yield Talk(engine, database, clock, account, account_id, menus, groups, sweep)
        await engine.settle()
    finally:
        await store.close()
