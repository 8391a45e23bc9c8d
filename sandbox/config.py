"""What the sandbox is told at start, how keys not given are derived, and when it refuses.

It reads the service's own environment (prefix `GONGHUI_`, or `.env`), so both sides hold the same
app id, secret, token and key without anybody copying them.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK_NAMES = {"localhost", "::1", "0:0:0:0:0:0:0:1"}
MODES = ("plain", "compatible", "safe")


class Refused(Exception):
    """The sandbox must not start like this; the text is the one line the developer reads."""


class Environment(BaseSettings):
    """The service's settings that concern us; an empty value counts as not given."""

    model_config = SettingsConfigDict(env_prefix="GONGHUI_", env_file=".env", extra="ignore", frozen=True)

    wechat_app_id: str = ""
    wechat_app_secret: str = ""
    wechat_token: str = ""
    wechat_aes_key: str = ""
    wechat_mode: str = "safe"
    wechat_api_url: str = ""
    public_url: str = ""
    database_url: str = ""
    secret_key: str = ""
    clock_file: str = ""
    miniprogram_app_id: str = ""


@dataclass(frozen=True)
class Config:
    """Everything one running sandbox needs to know."""

    app_id: str
    app_secret: str
    token: str
    aes_key: str
    gh_id: str
    mode: str = "safe"
    service_url: str = "http://127.0.0.1:8000"
    callback_path: str = "/wechat/callback"
    api_url: str = "http://127.0.0.1:8001"  # our own address as the service knows it, for picture links
    state: str = ":memory:"
    clock_file: Path | None = None
    account_name: str = "黄陵供电工会"
    miniprogram_app_id: str = ""  # bound to the account; empty: any well-formed id is
    web_domain: str = ""  # 网页授权域名; empty: the service's host
    cookie_prefix: str = "gonghui_"  # the service's cookies begin with it; each person's phone has its own
    answer_seconds: float = 5.0
    retry_pause: float = 1.0  # between tries; WeChat's own pause is not published
    notice_seconds: float = 0.02  # a subscription notice is under way; another to the same person is refused

    @property
    def callback_url(self) -> str:
        return self.service_url.rstrip("/") + self.callback_path

    @property
    def sign_in_host(self) -> str:
        """The one host to which people may be sent back with a code."""
        return self.web_domain or urlsplit(self.service_url).hostname or ""


def digest(secret_key: str, label: str) -> bytes:
    return hmac.new(secret_key.encode(), label.encode(), hashlib.sha256).digest()


def derived_keys(secret_key: str) -> dict[str, str]:
    """The development keys. The service derives the same ones from the same `SECRET_KEY`."""

    def named(label: str) -> str:
        return digest(secret_key, label).hex()

    raw = digest(secret_key, "wechat-aes-key") + digest(secret_key, "wechat-aes-key-2")
    aes_key = base64.b64encode(raw).decode()[:43].replace("+", "A").replace("/", "B")
    return {
        "app_id": "wx" + named("wechat-app-id")[:16],
        "app_secret": named("wechat-app-secret")[:32],
        "token": named("wechat-token")[:32],
        "aes_key": aes_key,
        "gh_id": "gh_" + named("wechat-gh-id")[:12],
    }


def is_loopback(host: str | None) -> bool:
    return host is not None and (
        host.lower() in LOOPBACK_NAMES or re.fullmatch(r"127\.\d+\.\d+\.\d+", host) is not None
    )


def is_local_database(url: str) -> bool:
    """True for SQLite, a Unix socket, or a server on this machine."""
    if not url or url.startswith("sqlite"):
        return True
    parts = urlsplit(url)
    named = [host for value in parse_qs(parts.query).get("host", []) for host in value.split(",")]
    in_address = parts.netloc.rpartition("@")[2]
    if in_address:
        named += [urlsplit(f"//{one}").hostname or "" for one in in_address.split(",")]
    return all(host == "" or host.startswith("/") or is_loopback(host) for host in named)


def config_from(
    environment: Environment,
    *,
    service_url: str | None = None,
    state: str = ":memory:",
) -> Config:
    """Build the configuration, or refuse.

    Raises:
        Refused: this is not a development set-up, or a key can neither be read nor derived.
    """
    _require_development(environment)
    given = {
        "app_id": environment.wechat_app_id,
        "app_secret": environment.wechat_app_secret,
        "token": environment.wechat_token,
        "aes_key": environment.wechat_aes_key,
    }
    if not environment.secret_key and not all(given.values()):
        raise Refused(
            "GONGHUI_SECRET_KEY is not set, so the missing GONGHUI_WECHAT_* keys cannot be derived."
        )
    keys = derived_keys(environment.secret_key or environment.wechat_app_secret)
    keys.update({name: value for name, value in given.items() if value})
    if not re.fullmatch(r"[A-Za-z0-9]{43}", keys["aes_key"]):
        raise Refused("GONGHUI_WECHAT_AES_KEY must be exactly 43 letters and digits.")
    if environment.wechat_mode not in MODES:
        raise Refused(f"GONGHUI_WECHAT_MODE must be one of {', '.join(MODES)}.")
    return Config(
        app_id=keys["app_id"],
        app_secret=keys["app_secret"],
        token=keys["token"],
        aes_key=keys["aes_key"],
        gh_id=keys["gh_id"],
        mode=environment.wechat_mode,
        service_url=service_url or environment.public_url or "http://127.0.0.1:8000",
        api_url=environment.wechat_api_url.rstrip("/"),
        state=state,
        clock_file=Path(environment.clock_file) if environment.clock_file else None,
        miniprogram_app_id=environment.miniprogram_app_id,
    )


def _require_development(environment: Environment) -> None:
    if not environment.wechat_api_url:
        raise Refused(
            "GONGHUI_WECHAT_API_URL is not set: the service would talk to the real WeChat. "
            "Set it to this sandbox, for example http://127.0.0.1:8001."
        )
    if not is_loopback(urlsplit(environment.wechat_api_url).hostname):
        raise Refused(
            f"GONGHUI_WECHAT_API_URL is {environment.wechat_api_url}, which is not a loopback "
            "address: these are production settings."
        )
    if not is_local_database(environment.database_url):
        raise Refused(
            "GONGHUI_DATABASE_URL names a database on another machine: "
            "the sandbox only runs beside a local one."
        )
