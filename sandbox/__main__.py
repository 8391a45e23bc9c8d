"""`python -m sandbox`: start the sandbox beside a service in development."""

import argparse
import sys
from collections.abc import Sequence

import uvicorn

from sandbox.app import create_app
from sandbox.config import Config, Environment, Refused, config_from

HOST = "127.0.0.1"  # it holds keys and answers anybody, so nobody from outside may ask


class Server(uvicorn.Server):
    """Ends the pages' open lines first; waiting for them would delay every stop."""

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        app = self.config.app
        app.state.world.bus.close()  # type: ignore[union-attr]
        await super().shutdown(sockets)  # type: ignore[arg-type]


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m sandbox", description="A WeChat to develop against.")
    parser.add_argument("--port", type=int, default=8001, help="where phone and API listen (8001)")
    parser.add_argument(
        "--service", help="address of the service (GONGHUI_PUBLIC_URL, else http://127.0.0.1:8000)"
    )
    parser.add_argument(
        "--state", default="data/sandbox.db", help="state file, or :memory: (data/sandbox.db)"
    )
    return parser.parse_args(arguments)


def serve(config: Config, port: int) -> None:
    settings = uvicorn.Config(
        create_app(config),
        host=HOST,
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    print(f"phone: http://{HOST}:{port}/  callback: {config.callback_url}", flush=True)
    Server(settings).run()


def main(arguments: Sequence[str] | None = None) -> int:
    options = parsed(arguments)
    try:
        config = config_from(
            Environment(), service_url=options.service, port=options.port, state=options.state
        )
    except Refused as refusal:
        print(f"sandbox: {refusal}", file=sys.stderr)
        return 2
    serve(config, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
