"""The one place that imports everything and puts it together; web, worker and commands start from here."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog
from pydantic import SecretStr

import handlers
from app import metrics, migrations
from app.addressees import Addressees
from app.chatting import WORDS, ChatGuard
from app.clock import Clock, SystemClock, civil_date
from app.database import Database, refuse_in_transaction
from app.dialogue.engine import Engine
from app.dialogue.groups import Groups
from app.dialogue.journal import GroupStore
from app.dialogue.performing import Performer
from app.dialogue.postgres_groups import PostgresGroups
from app.dialogue.router import Registry
from app.dialogue.routing import Routing
from app.dialogue.sqlite_groups import SQLiteGroups
from app.dialogue.sweeping import Sweep
from app.dialogue.turns import Turns
from app.errors import OperatorError
from app.files import Files
from app.jobs import (
    activities,
    alerts,
    applications,
    consultations,
    media,
    menu_tags,
    menus,
    miniprogram,
    people,
    people_tags,
    privacy_events,
    retention,
    stored_files,
)
from app.jobs.deliveries import Sender
from app.jobs.rounds import Round, Rounds
from app.jobs.waking import Waker
from app.menus import Known
from app.menus.live import LiveMenus
from app.menus.pushes import plan_push
from app.menus.revisions import apply, digests, live
from app.menus.watch import Watcher
from app.services import coordination, privacy_files
from app.services.interests import Noticed
from app.services.library import Library
from app.services.privacy_files import Controller
from app.settings import Settings, WeChatAccount, load_settings
from app.tallies import Tally
from app.wechat.client import WeChatClient
from app.wechat.crypto import Account, Format, Mode
from app.wechat.oauth import OPEN, WebOAuth
from app.wechat.tokens import TokenSource
from models import AccountKind, ArticleReads
from models.sealing import Keyring, use_keyring

log = structlog.get_logger(__name__)

CALLBACKS = {AccountKind.OFFICIAL: "/wechat/callback", AccountKind.MINIPROGRAM: "/wechat/miniprogram"}
API_TIMEOUT = httpx.Timeout(10.0, connect=3.0)


@dataclass(slots=True)
class House:
    """Everything one process works with."""

    settings: Settings
    clock: Clock
    database: Database
    files: Files
    registry: Registry
    known: dict[str, Known]
    menus: LiveMenus
    library: Library
    article_reads: Tally[int]
    interests: Noticed
    wechat: WeChatClient
    miniprogram: WeChatClient | None
    web_oauth: WebOAuth | None  # None: the account has no right to it
    engine: Engine
    rounds: Rounds
    waker: Waker
    accounts: dict[AccountKind, tuple[int, Account]]
    addressees: Addressees
    controller: Controller

    async def refresh(self) -> None:
        """Read anew what another process changed."""
        await self.menus.refresh()
        await self.library.refresh(self.database.reading)

    async def apply_menus(self, text: str, *, by: str, note: str = "") -> int:
        """Make `text` live and plan its way to WeChat; returns the revision's number."""
        now = self.clock.now()
        async with self.database.transaction() as session:
            before = await live(session)
            revision = await apply(session, text, self.known, by, note, now)
            if before is not None and before.number == revision.number:
                return revision.number  # the same text: nothing to push
            await plan_push(session, revision, self.known, self.settings.public_url, now)
        await self.menus.refresh()
        self.waker.wake()
        return revision.number

    async def show_menus(self, follower_ids: Sequence[int]) -> menu_tags.Tagged | None:
        """Have these followers see the menus their tags ask for; None where the account has only one menu."""
        if not self.settings.wechat_account.is_certified:
            return None
        official_id = self.accounts[AccountKind.OFFICIAL][0]
        return await people_tags.tag_now(self.database, self.wechat, self.clock, official_id, follower_ids)


@asynccontextmanager
async def assemble(
    settings: Settings | None = None, *, clock: Clock | None = None, watch: bool = False
) -> AsyncIterator[House]:
    """Open everything, hand out the house, close everything.

    Raises:
        OperatorError: the settings are wrong.
    """
    settings = settings or load_settings()
    clock = clock or SystemClock(settings.clock_file)
    use_keyring(_keyring(settings))
    database = Database(settings.database_url)
    store: GroupStore = (
        SQLiteGroups(database.url.database or "", database.write_turn)
        if database.is_sqlite
        else PostgresGroups(database.url)
    )
    waker = Waker(settings.redis_url)
    database.on_effects = waker.wake
    http = httpx.AsyncClient(timeout=API_TIMEOUT, event_hooks={"request": [_no_network_while_writing]})
    try:
        house = await _build(settings, clock, database, store, waker, http, watch=watch)
        yield house
        await house.engine.settle()
    finally:
        await waker.stop()
        await http.aclose()
        await store.close()
        await database.close()


async def _build(
    settings: Settings,
    clock: Clock,
    database: Database,
    store: GroupStore,
    waker: Waker,
    http: httpx.AsyncClient,
    *,
    watch: bool,
) -> House:
    library, noticed = Library(), Noticed()
    routers = handlers.routers(
        library,
        settings.crisis_openids,
        public_url=settings.public_url,
        joining_days=settings.joining_days,
        noticed=noticed,
    )
    registry = Registry(routers)
    known = {h.name: Known(h.name, h.title, h.args, h.takes) for h in registry.values()}
    live_menus = LiveMenus(database.reading, known)
    accounts = await _accounts(settings, database)
    wechat, miniprogram = _clients(settings, clock, database, http)
    files = Files(settings.files, settings.files_access)
    house = House(
        settings=settings,
        clock=clock,
        database=database,
        files=files,
        registry=registry,
        known=known,
        menus=live_menus,
        library=library,
        article_reads=Tally(ArticleReads.__table__, "article_id"),
        interests=noticed,
        wechat=wechat,
        miniprogram=miniprogram,
        web_oauth=_web_oauth(settings, clock, http),
        engine=_engine(settings, clock, database, store, registry, live_menus),
        rounds=Rounds([], waker),
        waker=waker,
        accounts=accounts,
        addressees=Addressees(database),
        controller=privacy_files.load(settings.content / "privacy.yaml"),
    )
    house.rounds = Rounds(await _rounds(house, watch=watch), waker)
    return house


def _engine(
    settings: Settings,
    clock: Clock,
    database: Database,
    store: GroupStore,
    registry: Registry,
    live_menus: LiveMenus,
) -> Engine:
    guard, groups = ChatGuard(), Groups(store)
    turns = Turns(
        database=database,
        groups=groups,
        routing=Routing(registry, guard, WORDS),
        performer=Performer(registry),
        menus=live_menus,
        guard=guard,
        clock=clock,
    )
    return Engine(
        groups=groups,
        turns=turns,
        guard=guard,
        clock=clock,
        reply_seconds=settings.reply_seconds,
        count=metrics.count,
    )


def _keyring(settings: Settings) -> Keyring:
    keys, lookup = settings.encryption_keys, settings.lookup_key
    if keys is None or lookup is None:
        raise OperatorError("缺少设置：GONGHUI_ENCRYPTION_KEYS、GONGHUI_LOOKUP_KEY")
    try:
        return Keyring.parse(keys.get_secret_value(), lookup.get_secret_value())
    except ValueError as error:
        raise OperatorError(
            "GONGHUI_ENCRYPTION_KEYS 应写成 名字:BASE64（32 字节），多个用逗号隔开，"
            "可用 gonghui keys new 生成"
        ) from error


def _clients(
    settings: Settings, clock: Clock, database: Database, http: httpx.AsyncClient
) -> tuple[WeChatClient, WeChatClient | None]:
    """The official account's API, and the mini-program's where there is one."""

    def client(app_id: str, secret: SecretStr) -> WeChatClient:
        store, url = coordination.DatabaseTokenStore(database, clock), settings.wechat_api_url
        plain = secret.get_secret_value()
        tokens = TokenSource(store, http, app_id, plain, url, lambda: clock.real_now().timestamp())
        return WeChatClient(app_id, plain, http=http, tokens=tokens, base_url=url)

    official = client(settings.wechat_app_id, settings.wechat_app_secret)
    if not settings.miniprogram_app_id:
        return official, None
    return official, client(settings.miniprogram_app_id, settings.miniprogram_app_secret)


def _web_oauth(settings: Settings, clock: Clock, http: httpx.AsyncClient) -> WebOAuth | None:
    """Sign-in for the portal; only certified service accounts have it."""
    if settings.wechat_account is not WeChatAccount.SERVICE_VERIFIED:
        return None
    return WebOAuth(
        settings.wechat_app_id,
        settings.wechat_app_secret.get_secret_value(),
        http=http,
        now=lambda: clock.real_now().timestamp(),
        open_url=settings.wechat_api_url if settings.development else OPEN,
        base_url=settings.wechat_api_url,
    )


async def _accounts(settings: Settings, database: Database) -> dict[AccountKind, tuple[int, Account]]:
    """The accounts we answer on, with their rows; the rows exist only in a migrated database."""
    official = Account(
        app_id=settings.wechat_app_id,
        token=settings.wechat_token.get_secret_value(),
        aes_key=settings.wechat_aes_key.get_secret_value(),
        mode=Mode(settings.wechat_mode.value),
        max_skew_seconds=settings.callback_max_skew,
    )
    found = {AccountKind.OFFICIAL: official}
    if settings.miniprogram_app_id:
        found[AccountKind.MINIPROGRAM] = Account(
            app_id=settings.miniprogram_app_id,
            token=settings.miniprogram_token.get_secret_value(),
            aes_key=settings.miniprogram_aes_key.get_secret_value(),
            mode=Mode(settings.wechat_mode.value),
            format=Format(settings.miniprogram_format),
            max_skew_seconds=settings.callback_max_skew,
        )
    if await migrations.current(database.reader) is None:
        return {kind: (0, account) for kind, account in found.items()}
    async with database.transaction() as session:
        return {
            kind: (await coordination.account_id(session, account.app_id, kind), account)
            for kind, account in found.items()
        }


async def _no_network_while_writing(request: httpx.Request) -> None:
    refuse_in_transaction(f"{request.method} {request.url.path}")


# --- later work ---------------------------------------------------------------------------------------------


async def _rounds(house: House, *, watch: bool) -> list[Round]:
    """What every process does besides answering; leases keep two from doing the same."""
    settings, database, clock, wechat = house.settings, house.database, house.clock, house.wechat
    certified = settings.wechat_account.is_certified
    sender = Sender(database, wechat, clock, customer_messages=certified)
    sweep = Sweep(database, house.engine, dict(house.accounts.values()), clock)
    templates = settings.wechat_account is WeChatAccount.SERVICE_VERIFIED
    bell = alerts.Bell(
        database, wechat, clock, settings.crisis_openids, customer_messages=certified, templates=templates
    )
    official_id = house.accounts[AccountKind.OFFICIAL][0]

    async def flush_hits() -> None:
        for tally in (house.menus.hits, house.article_reads):
            await tally.flush(database.transaction, civil_date(clock.now()))
        await house.interests.flush(database.transaction)

    rounds = [
        Round("refresh", house.refresh, 2),
        Round("hits", flush_hits, 5),
        Round("addressees", house.addressees.learn, 5),
        Round("messages", sweep.run, 3, wakes=True),
        Round("deliveries", sender.send_due, 3, wakes=True),
        Round("alerts", bell.ring, 5, wakes=True),
        Round("media", lambda: media.fetch_due(database, wechat, house.files, clock), 5, wakes=True),
        Round("menus", lambda: menus.push_steps(database, wechat, clock, certified=certified), 5, wakes=True),
        Round("activities", lambda: activities.run(database, clock), 5),
        Round("applications", lambda: applications.run(database, clock), 30),
        Round("consultations", lambda: consultations.run(database, clock), 30),
        Round("privacy events", lambda: privacy_events.run(database, clock), 30),
        Round("retention", lambda: retention.run(database, clock), 60),
        Round("files", lambda: stored_files.tidy(database, house.files, clock), 300),
    ]
    if certified:
        rounds += people.rounds(database, wechat, clock, official_id)
    if house.miniprogram is not None:
        rounds += miniprogram.rounds(
            *(database, house.miniprogram, wechat.users, house.files, clock), official_id=official_id
        )
    if watch:
        async with database.reading() as session:
            tried = await digests(session)

        async def applied(text: str) -> int:
            return await house.apply_menus(text, by="文件", note="保存后自动应用")

        rounds.append(Round("menu file", Watcher(settings.menus, applied, tried).poll, 1))
    return rounds
