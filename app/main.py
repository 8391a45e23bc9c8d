"""The web service: callbacks first and without ceremony, everything else through FastAPI."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import sqlalchemy as sa
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app import logs, metrics
from app.assembly import CALLBACKS, House, assemble
from app.settings import Settings, load_settings
from app.wechat.callback import CallbackEndpoint


class Service:
    """The ASGI application. Callbacks skip routing and middleware: they come thousands a second."""

    def __init__(self, settings: Settings, *, watch: bool = False) -> None:
        self._settings, self._watch = settings, watch
        self._callbacks: dict[str, CallbackEndpoint] = {}
        self.house: House | None = None
        self._pages: ASGIApp = self._web()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            callback = self._callbacks.get(scope["path"])
            if callback is not None:
                await callback(scope, receive, send)
                return
        await self._pages(scope, receive, send)

    def _web(self) -> FastAPI:
        web = FastAPI(
            title="工会",
            openapi_url="/api/v1/openapi.json",
            docs_url=None,
            redoc_url=None,
            lifespan=self._life,
        )
        web.add_api_route("/", self._home, include_in_schema=False)
        web.add_api_route("/healthz", self._alive, include_in_schema=False)
        web.add_api_route("/readyz", self._ready, include_in_schema=False)
        web.add_api_route("/metrics", self._figures, include_in_schema=False)
        return web

    @asynccontextmanager
    async def _life(self, web: FastAPI) -> AsyncIterator[None]:
        async with assemble(self._settings, watch=self._watch) as house:
            self.house = house
            await house.refresh()
            for kind, (account_id, account) in house.accounts.items():
                self._callbacks[CALLBACKS[kind]] = CallbackEndpoint(
                    account,
                    _answer(house, account_id),
                    now=lambda: house.clock.now().timestamp(),
                    on_bad=lambda bad: metrics.refused(bad.reason),
                )
            _settle_memory()
            await house.waker.start()
            house.rounds.start()
            yield
            await house.rounds.stop()
            self._callbacks.clear()

    async def _home(self) -> HTMLResponse:
        return HTMLResponse(HOME)

    async def _alive(self) -> dict[str, str]:
        """The process runs and its loop turns."""
        return {"status": "ok"}

    async def _ready(self, response: Response) -> dict[str, str]:
        """The database answers and a menu is live: messages can be handled."""
        house = self.house
        if house is None:
            response.status_code = 503
            return {"status": "starting"}
        try:
            async with house.database.reading() as session:
                await session.execute(sa.text("SELECT 1"))
        except Exception as error:
            response.status_code = 503
            return {"status": "database away", "error": type(error).__name__}
        if house.menus.number == 0:
            response.status_code = 503
            return {"status": "no menu is live"}
        return {"status": "ok", "menu_revision": str(house.menus.number)}

    async def _figures(self) -> Response:
        if self.house is not None:
            await metrics.look(self.house.database)
        return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _settle_memory() -> None:
    """What is in memory now stays: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _answer(house: House, account_id: int) -> Callable[..., Awaitable[bytes]]:
    return lambda incoming: house.engine.answer(incoming, account_id)


HOME = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>工会服务</title>
<style>
body{font:17px/1.6 system-ui,sans-serif;margin:0;background:#f4f5f5;color:#1b1f1e}
main{max-width:480px;margin:0 auto;padding:32px 16px}
h1{font-size:22px;color:#00695C;margin:0 0 12px}
section{background:#fff;border-radius:12px;padding:16px}
p{margin:0 0 8px}
@media (prefers-color-scheme:dark){body{background:#111;color:#e6e6e6}section{background:#1d1d1d}
h1{color:#4db6ac}}
</style><main><h1>工会公众号服务</h1><section>
<p>服务运行正常。</p><p>请在微信中关注本单位工会公众号，直接发消息即可：问用电安全、留言、找工作人员。</p>
<p>供电服务热线 <b>95598</b>，24 小时。</p></section></main></html>"""


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
