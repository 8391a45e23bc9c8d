"""The web service: callbacks first and without ceremony, everything else through FastAPI."""

import asyncio
import gc
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app import logs, metrics, migrations
from app.api import app as api
from app.api.gate import GATE, Gate
from app.api.limits import Limits
from app.assembly import CALLBACKS, House, assemble
from app.checkup.ours import facts
from app.console import app as console
from app.console.entrance import CONSOLE
from app.console.office import OFFICE, Office
from app.console.open_pages import OpenPages
from app.dependencies import SHARED, Shared
from app.dialogue.routing import TAP_DO
from app.errors import DomainError
from app.jobs.menus import drifted
from app.jobs.typing_hints import TypingHints
from app.menus.file import read_applied
from app.portal import home, pages
from app.portal.tickets import Tickets
from app.portal.visitor import DOOR, PRIVATE, SESSIONS, Door, look_up
from app.scanning import UPLOAD_SECONDS, Scanner
from app.services import case_threads, coordination, staff_sign_in
from app.services.board_wording import WordFile
from app.services.digests import Moment
from app.services.staff_sign_in import SignedIn
from app.services.workings import Program
from app.settings import Settings, load_settings
from app.stopping import told_to_stop
from app.web import assets
from app.web.kept_pages import KeptPages
from app.web.limits import Limit
from app.web.packing import Packing
from app.web.policy import JS_SDK, JS_SDK_PATH, Policy
from app.wechat.advice import advice
from app.wechat.callback import CallbackEndpoint
from app.wechat.errors import WeChatError
from app.wechat.incoming import Incoming, words_in
from app.wechat.jssdk import TicketSource
from app.wechat.replies import choice_line
from models import AccountKind

READ = ["GET", "HEAD"]
SERVICE = "service"  # in the ASGI scope's state
SIGN_INS_A_MINUTE = 20  # to the console, from one address
STRANGERS_A_MINUTE = 3  # forms of people nobody knows, from one address
READY_WITHIN = 1.5  # seconds; whoever asks whether we are ready gives up after two or more
READY_STEPS = 15


class Service:
    """The ASGI application. Callbacks skip routing and middleware: they come thousands a second."""

    def __init__(self, settings: Settings, *, watch: bool = False) -> None:
        self._settings, self._watch = settings, watch
        self._callbacks: dict[str, CallbackEndpoint] = {}
        self.house: House | None = None
        self._look: asyncio.Task[None] | None = None
        self._sandbox = settings.wechat_api_url if settings.development else None
        self._shared: Shared | None = None
        self._door: Door | None = None
        self._gate: Gate | None = None
        self._office: Office | None = None
        private = (*PRIVATE, CONSOLE)
        packing = Packing(web(), private=private, cookies=SESSIONS)
        self._pages: ASGIApp = Policy(packing, self._sandbox, private, settings.stream_hosts)
        self._lifespan = Router(lifespan=lambda _: self.life()).lifespan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            callback = self._callbacks.get(scope["path"])
            if callback is not None:
                await callback(scope, receive, send)
                return
        elif scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        if scope.get("path") == CONSOLE:
            scope["path"] = f"{CONSOLE}/"  # a mounted application begins after the slash
        scope.setdefault("state", {}).update(
            {
                SERVICE: self,
                SHARED: self._shared,
                DOOR: self._door,
                GATE: self._gate,
                OFFICE: self._office,
            }
        )
        with logs.within_request(secrets.token_hex(8)):
            await self._pages(scope, receive, send)

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """From the start to the end; within it pushes and pages are answered."""
        async with assemble(self._settings, watch=self._watch) as house:
            self.house = house
            self._shared = Shared(
                *(house.database, house.clock, house.library, house.article_reads, house.article_clicks),
                interests=house.interests,
                unanswered=house.unanswered,
                public_url=self._settings.public_url,
                controller=house.controller,
                files=house.files,
                scanner=Scanner(self._settings.scan_command, UPLOAD_SECONDS),
                joining_days=self._settings.joining_days,
                digest_at=Moment(self._settings.digest_weekday, self._settings.digest_hour),
                live_hosts=frozenset(self._settings.stream_hosts),
                activity_review=self._settings.activity_review,
                words=WordFile(self._settings.content / "board_words.yaml"),
                article_pages=KeptPages(self._settings.portal_keep_seconds),
                strangers=Limit(STRANGERS_A_MINUTE, house.clock.monotonic),
                tap=lambda label, handler: choice_line(label, f"{TAP_DO}{handler}"),
            )
            self._door, self._gate, self._office = _door(house), _gate(house), _office(house)
            await house.refresh()
            for kind, (account_id, account) in house.accounts.items():
                self._callbacks[CALLBACKS[kind]] = CallbackEndpoint(
                    account,
                    _answer(house, kind, account_id),
                    now=lambda: house.clock.now().timestamp(),
                    on_bad=lambda bad: house.callbacks.refused(bad.reason),
                )
            _settle_memory()
            await house.waker.start()
            house.rounds.start()
            try:
                with told_to_stop(self._office.open_pages.stop):
                    yield
            finally:
                self._callbacks.clear()
                self._office.open_pages.stop()
                self.house = self._shared = self._door = self._gate = self._office = None
                await house.rounds.stop()
                if self._look is not None:
                    self._look.cancel()

    async def home(self, request: Request) -> HTMLResponse:
        house, door = self.house, self._door
        if house is None or door is None or await self.unready() is not None:
            return HTMLResponse(home.page_without_news(phone=self._sandbox))
        now = house.clock.now()
        async with house.database.reading() as session:
            visitor = await look_up(request, door, session, now)
            address = f"{self._settings.public_url}/"
            words = await home.page(
                session, house.library, now, visitor, address=address, phone=self._sandbox
            )
        # In somebody's own order the page is that person's.
        return HTMLResponse(words, headers={"Cache-Control": "no-store"} if visitor is not None else None)

    async def unready(self) -> dict[str, str] | None:
        """Why messages cannot be handled just now."""
        house = self.house
        if house is None:
            return {"status": "starting"}
        if (trouble := await self._trouble(house)) is not None:
            return {"status": "database away", "error": trouble}
        if house.menus.number == 0:
            return {"status": "no menu is live"}
        return None

    async def _trouble(self, house: House) -> str | None:
        """What keeps the database from answering. One look at a time: while it hangs, probes go on coming."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(_look(house))
        look = self._look  # by the time it is over somebody else may have begun the next
        # In steps: when it is our own loop that is busy, an answer that has come gets its turns to be read.
        for _ in range(READY_STEPS):
            # Waited for, not cancelled: giving up a connection that hangs may itself take long.
            await asyncio.wait([look], timeout=READY_WITHIN / READY_STEPS)
            if look.done():
                break
        else:
            return "no answer"
        error = look.exception()
        return None if error is None else type(error).__name__


# --- routes ------------------------------------------------------------------------------------------------


@cache
def web() -> FastAPI:
    """Everything but the callbacks; made once, since making its routes ready takes a third of a second.

    What a request works with stands in the request's scope.
    """
    made = FastAPI(
        title="工会",
        openapi_url=None,  # the API describes itself
        docs_url=None,
        redoc_url=None,
    )
    made.add_api_route("/", _home, methods=READ, include_in_schema=False)
    made.add_api_route("/healthz", _alive, methods=READ, include_in_schema=False)
    made.add_api_route("/readyz", _ready, methods=READ, include_in_schema=False)
    made.add_api_route("/metrics", _figures, methods=READ, include_in_schema=False)
    pages.install(made)
    made.mount("/api/v1", api.make())
    made.mount(CONSOLE, console.make())
    made.mount("/static", assets.Assets(), name="static")
    return made


def _service(request: Request) -> Service:
    found: Service = request.scope["state"][SERVICE]
    return found


async def _home(request: Request) -> HTMLResponse:
    return await _service(request).home(request)


async def _alive() -> dict[str, str]:
    """The process runs and its loop turns."""
    return {"status": "ok"}


async def _ready(request: Request, response: Response) -> dict[str, str]:
    """The database answers and a menu is live: messages can be handled."""
    service = _service(request)
    if (unready := await service.unready()) is not None:
        response.status_code = 503
        return unready
    return {"status": "ok", "menu_revision": str(service.house.menus.number if service.house else 0)}


async def _figures(request: Request) -> Response:
    if (house := _service(request).house) is not None:
        await metrics.look(house.database, house.clock.now())
    return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)


# --- what a service is made of -----------------------------------------------------------------------------


async def _look(house: House) -> None:
    await house.database.answer()


def _door(house: House) -> Door:
    settings = house.settings
    return Door(
        tickets=Tickets(settings.secret_key.get_secret_value()),
        oauth=house.web_oauth,
        users=house.wechat.users,
        account_id=house.accounts[AccountKind.OFFICIAL][0],
        public_url=settings.public_url,
        any_browser=settings.development,
        pages=_page_tickets(house) if house.web_oauth is not None else None,
        js_sdk=(settings.wechat_api_url if settings.development else JS_SDK) + JS_SDK_PATH,
    )


def _page_tickets(house: House) -> TicketSource:
    """Signatures for the JS-SDK, by one ticket for all processes."""
    store = coordination.DatabaseTokenStore(house.database, house.clock)
    app_id, clock = house.settings.wechat_app_id, house.clock
    return TicketSource(store, house.wechat.tickets, app_id, lambda: clock.real_now().timestamp())


def _gate(house: House) -> Gate:
    mini = house.miniprogram
    account_id = house.accounts[AccountKind.MINIPROGRAM][0] if mini is not None else 0
    settings = house.settings
    limits = Limits(
        per_person=settings.api_per_person,
        per_address=settings.api_per_address,
        log_ins=settings.api_log_ins,
        stopwatch=house.clock.monotonic,
    )
    return Gate(mini.logins if mini is not None else None, account_id, limits)


def _office(house: House) -> Office:
    async def at_wechat(text: str) -> list[str]:
        file = read_applied(text, house.known)
        try:
            return await drifted(house.wechat, file, house.settings.public_url)
        except WeChatError as error:
            raise DomainError(f"没能向微信核对：{advice(error)}。") from error

    async def newest() -> int:
        async with house.database.reading() as session:
            return await case_threads.newest(session)

    async def who(marks: Collection[str]) -> Mapping[str, SignedIn]:
        async with house.database.reading() as session:
            return await staff_sign_in.look_up_all(session, marks, house.clock.now())

    sign_ins = Limit(SIGN_INS_A_MINUTE, house.clock.monotonic)
    hints = house.settings.typing_hints and house.settings.wechat_account.is_certified
    return Office(
        *(house.settings, house.menus, house.known, at_wechat, house.waker.wake, sign_ins),
        words_in=words_in,
        open_pages=OpenPages(newest, who),
        shows_typing=TypingHints(house.wechat, house.clock.monotonic).show if hints else None,
        program=Program(house.settings, migrations.newest()),
        check=lambda: facts(house),
    )


def _settle_memory() -> None:
    """What is in memory now stays: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 50)


def _answer(house: House, kind: AccountKind, account_id: int) -> Callable[..., Awaitable[bytes]]:
    passive = kind is AccountKind.OFFICIAL

    def answer(incoming: Incoming) -> Awaitable[bytes]:
        house.addressees.note(account_id, incoming.to)
        return house.engine.answer(incoming, account_id, passive=passive)

    return answer


def create() -> Service:
    """For the server's worker processes: settings come from the environment."""
    settings = load_settings()
    logs.configure(settings.log_format)
    return Service(settings)


def create_watching() -> Service:
    """As `create`, and a saved menu file is applied."""
    settings = load_settings()
    logs.configure(settings.log_format)
    return Service(settings, watch=True)
