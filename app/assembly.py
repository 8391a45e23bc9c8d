"""The one place that imports everything and puts it together; web, worker and commands start from here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import structlog
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

import handlers
from app import later_work, migrations
from app.addressees import Addressees
from app.callback_counts import CallbackCounts
from app.chatting import HEARD, WORDS, CaseTalks, ChatGuard
from app.clock import Clock, SystemClock
from app.database import Database, refuse_in_transaction
from app.dialogue.engine import Engine
from app.dialogue.groups import Groups, GroupStore
from app.dialogue.performing import Performer
from app.dialogue.router import Registry, Router
from app.dialogue.routing import Routing
from app.dialogue.sqlite_groups import SQLiteGroups
from app.dialogue.turns import Turns
from app.errors import OperatorError
from app.files import Files
from app.house import House
from app.jobs.rounds import Rounds
from app.jobs.waking import Waker
from app.menus import Known
from app.menus.live import LiveMenus
from app.services import coordination, privacy_files
from app.services.addresses import use_public_url
from app.services.channel_marks import Clicks
from app.services.digests import Moment
from app.services.interests import Noticed
from app.services.library import Library
from app.services.questions import Unanswered
from app.settings import Settings, WeChatAccount, load_settings
from app.tallies import Tally
from app.wechat.client import WeChatClient
from app.wechat.crypto import Account, Format, Mode
from app.wechat.oauth import OPEN, WebOAuth
from app.wechat.tokens import TokenSource
from models import AccountKind, ArticleReads
from models.sealing import Keyring, use_keyring

__all__ = ["CALLBACKS", "House", "assemble"]

log = structlog.get_logger(__name__)

CALLBACKS = {AccountKind.OFFICIAL: "/wechat/callback", AccountKind.MINIPROGRAM: "/wechat/miniprogram"}
API_TIMEOUT = httpx.Timeout(10.0, connect=3.0)


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
    use_public_url(settings.public_url)
    database = Database(settings.database_url)
    store = _groups(database)
    waker = Waker(settings.redis_url)
    database.on_effects = waker.wake
    http = httpx.AsyncClient(timeout=API_TIMEOUT, event_hooks={"request": [_no_network_while_writing]})
    try:
        house = await _build(settings, clock, database, store, waker, http, watch=watch)
        yield house
        await house.engine.settle()
        await _write_counts(house)
    finally:
        await waker.stop()
        await http.aclose()
        await store.close()
        await database.close()


async def _write_counts(house: House) -> None:
    """The last of them: a process ends all the same where the database is gone."""
    try:
        await house.write_counts()
    except (OSError, SQLAlchemyError) as error:
        log.warning("counts.lost", error=str(error))


def _groups(database: Database) -> GroupStore:
    if database.is_sqlite:
        return SQLiteGroups(database.url.database or "", database.write_turn)
    # Its driver is 4 MB, which the box with SQLite does without.
    from app.dialogue.postgres_groups import PostgresGroups  # noqa: PLC0415

    return PostgresGroups(database.url)


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
    library, noticed, unanswered, callbacks = Library(), Noticed(), Unanswered(), CallbackCounts()
    registry = Registry(_handlers(settings, library, noticed, unanswered))
    known = {h.name: Known(h.name, h.title, h.args, h.takes) for h in registry.values()}
    live_menus = LiveMenus(database.reading, known)
    accounts = await _accounts(settings, database)
    wechat, miniprogram = _clients(settings, clock, database, http)
    house = House(
        settings=settings,
        clock=clock,
        database=database,
        files=Files(settings.files, settings.files_access),
        registry=registry,
        known=known,
        menus=live_menus,
        library=library,
        article_reads=Tally(ArticleReads.__table__, "article_id"),
        article_clicks=Clicks(),
        callbacks=callbacks,
        interests=noticed,
        unanswered=unanswered,
        wechat=wechat,
        miniprogram=miniprogram,
        web_oauth=_web_oauth(settings, clock, http),
        engine=_engine(settings, clock, database, store, registry, live_menus, callbacks),
        rounds=Rounds([], waker),
        waker=waker,
        accounts=accounts,
        addressees=Addressees(database),
        controller=privacy_files.load(settings.content / "privacy.yaml"),
    )
    house.rounds = Rounds(await later_work.rounds(house, watch=watch), waker)
    return house


def _handlers(settings: Settings, library: Library, noticed: Noticed, unanswered: Unanswered) -> list[Router]:
    return handlers.routers(
        library,
        settings.crisis_openids,
        public_url=settings.public_url,
        joining_days=settings.joining_days,
        digest_at=Moment(settings.digest_weekday, settings.digest_hour),
        noticed=noticed,
        unanswered=unanswered,
    )


def _engine(
    settings: Settings,
    clock: Clock,
    database: Database,
    store: GroupStore,
    registry: Registry,
    live_menus: LiveMenus,
    callbacks: CallbackCounts,
) -> Engine:
    guard, groups = ChatGuard(), Groups(store)
    turns = Turns(
        database=database,
        groups=groups,
        routing=Routing(registry, guard, WORDS, HEARD),
        performer=Performer(registry, CaseTalks()),
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
        count=callbacks.ended,
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
