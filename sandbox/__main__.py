"""`python -m sandbox`: start the sandbox beside a service in development; `… load`: put load on it."""

import argparse
import socket
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import uvicorn

from sandbox.app import create_app
from sandbox.config import Config, Environment, Refused, config_from
from sandbox.live import Bus
from sandbox.load import command
from sandbox.misbehaving.cutting import Line

HOST = "127.0.0.1"  # it holds keys and answers anybody, so nobody from outside may ask


class Server(uvicorn.Server):
    """Ends the pages' open lines first; waiting for them would delay every stop."""

    def __init__(self, settings: uvicorn.Config, bus: Bus) -> None:
        super().__init__(settings)
        self._bus = bus

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._bus.close()
        await super().shutdown(sockets)


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m sandbox", description="A WeChat to develop against.")
    parser.add_argument("--port", type=int, default=8001, help="where phone and API listen (8001)")
    parser.add_argument(
        "--service", help="address of the service (GONGHUI_PUBLIC_URL, else http://127.0.0.1:8000)"
    )
    parser.add_argument(
        "--state", default="data/sandbox.db", help="state file, or :memory: (data/sandbox.db)"
    )
    parser.add_argument(
        "--open-platform",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether the account is bound to an Open Platform, so that people have unionids",
    )
    parser.add_argument(
        "--pushes",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether the account's server settings are switched on, so that messages and events are pushed",
    )
    parser.add_argument(
        "--following", action="append", default=[], metavar="NAME",
        help="at the first start this person follows and has written already; may be given several times",
    )  # fmt: skip
    return parser.parse_args(arguments)


def listen(port: int) -> socket.socket:
    """Take the port before anything else is opened.

    Raises:
        Refused: somebody else has it, or there is no such port.
    """
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        raise Refused(
            f"端口 {port} 用不了，可能沙盒已经开着。请先关掉原来的，或用 --port 换一个。"
        ) from error


def serve(config: Config, listener: socket.socket) -> None:
    app = create_app(config)
    settings = uvicorn.Config(
        app,
        http=Line,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    port = listener.getsockname()[1]
    print(f"手机在 http://{HOST}:{port}/，推送到 {config.callback_url}", flush=True)
    Server(settings, app.state.world.bus).run([listener])


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["load"]:
        return command.main(given[1:])
    options = parsed(given)
    try:
        config = config_from(
            Environment(),
            service_url=options.service,
            state=options.state,
            open_platform=options.open_platform,
            pushes=options.pushes,
            following=tuple(options.following),
        )
        listener = listen(options.port)
    except Refused as refusal:
        print(f"沙盒没有启动：{refusal}", file=sys.stderr)
        return 2
    if urlsplit(config.api_url).port != options.port:
        print(
            f"请注意：服务会去找 {config.api_url}，不是这里的端口 {options.port}。",
            file=sys.stderr,
        )
    serve(config, listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
