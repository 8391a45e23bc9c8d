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
FORMATS = ("json", "xml")
SERVICE, SUBSCRIPTION, UNVERIFIED = "service_verified", "subscription_verified", "unverified"
KINDS = (SERVICE, SUBSCRIPTION, UNVERIFIED)
ACCOUNT, MINIPROGRAM = "account", "miniprogram"  # the names of the two apps
AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


class Refused(Exception):
    """The sandbox must not start like this; the text is the one line the operator reads."""


class Environment(BaseSettings):
    """The service's settings that concern us; an empty value counts as not given."""

    model_config = SettingsConfigDict(
        env_prefix="GONGHUI_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    wechat_app_id: str = ""
    wechat_app_secret: str = ""
    wechat_token: str = ""
    wechat_aes_key: str = ""
    wechat_mode: str = "safe"
    wechat_account: str = "service_verified"
    wechat_api_url: str = ""
    public_url: str = ""
    database_url: str = ""
    secret_key: str = ""
    clock_file: str = ""
    miniprogram_app_id: str = ""
    miniprogram_app_secret: str = ""
    miniprogram_token: str = ""
    miniprogram_aes_key: str = ""
    miniprogram_format: str = "json"


@dataclass(frozen=True)
class App:
    """The official account or the mini-program: who it is, and how it is pushed to."""

    name: str  # ACCOUNT or MINIPROGRAM
    app_id: str
    app_secret: str
    token: str
    aes_key: str
    gh_id: str
    callback_path: str
    format: str = "xml"


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
    kind: str = SERVICE  # of account; so far mass sending alone asks for it
    miniprogram: App | None = None  # bound to the account; None: any well-formed id is
    open_platform: bool = True  # bound to a 微信开放平台 account: people have unionids
    web_domain: str = ""  # 网页授权域名; empty: the service's host
    web_scopes: tuple[str, ...] = ("snsapi_base", "snsapi_userinfo")  # what the account has a right to
    js_domains: tuple[str, ...] = ()  # JS接口安全域名; empty: the service's host
    weibo_domains: tuple[str, ...] = ()  # 安全域名 of the app at Weibo; empty: the service's host
    following: tuple[str, ...] = ()  # names of who follows, and has written, before the first start
    cookie_prefix: str = "gonghui_"  # the service's cookies begin with it; each person's phone has its own
    answer_seconds: float = 5.0
    request_seconds: float = 60.0  # so long the mini-program waits for the service
    retry_pause: float = 1.0  # between tries; WeChat's own pause is not published
    mass_batch: int = 5000  # people who get a mass message at once
    mass_pause: float = 0.0  # seconds between such batches
    publish_seconds: float = 0.5  # so long a draft is being published
    pushes: bool = True  # 服务器配置 is switched on; else nothing is ever pushed
    notice_seconds: float = 0.02  # a subscription notice is under way; another to the same person is refused

    @property
    def account(self) -> App:
        """The official account."""
        keys = (self.app_id, self.app_secret, self.token, self.aes_key, self.gh_id)
        return App(ACCOUNT, *keys, self.callback_path)

    @property
    def apps(self) -> dict[str, App]:
        """By name; without a mini-program there is the official account alone."""
        return {ACCOUNT: self.account} | ({MINIPROGRAM: self.miniprogram} if self.miniprogram else {})

    @property
    def miniprogram_app_id(self) -> str:
        return self.miniprogram.app_id if self.miniprogram else ""

    @property
    def callback_url(self) -> str:
        return self.url_for(self.account)

    def url_for(self, app: App) -> str:
        """Where pushes of `app` go."""
        return self.service_url.rstrip("/") + app.callback_path

    @property
    def service_origin(self) -> str:
        """Scheme, host and port of the service."""
        parts = urlsplit(self.service_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def sign_in_host(self) -> str:
        """The one host to which people may be sent back with a code."""
        return self.web_domain or urlsplit(self.service_url).hostname or ""

    @property
    def weibo_hosts(self) -> tuple[str, ...]:
        """The hosts one of which a shared post must link to."""
        return self.weibo_domains or (urlsplit(self.service_url).hostname or "",)

    @property
    def js_hosts(self) -> tuple[str, ...]:
        """The hosts whose pages may use the JS-SDK."""
        return self.js_domains or (urlsplit(self.service_url).hostname or "",)


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
    open_platform: bool = True,
    pushes: bool = True,
    following: tuple[str, ...] = (),
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
        missing = [f"GONGHUI_WECHAT_{name.upper()}" for name, value in given.items() if not value]
        raise Refused(f"没有写 GONGHUI_SECRET_KEY，推算不出 {'、'.join(missing)}。请写上其中一边。")
    keys = derived_keys(environment.secret_key or environment.wechat_app_secret)
    keys.update({name: value for name, value in given.items() if value})
    if not AES_KEY.fullmatch(keys["aes_key"]):
        raise Refused(_not_a_key("GONGHUI_WECHAT_AES_KEY", keys["aes_key"]))
    if environment.wechat_mode not in MODES:
        raise Refused(_not_one_of("GONGHUI_WECHAT_MODE", MODES, environment.wechat_mode))
    if environment.wechat_account not in KINDS:
        raise Refused(_not_one_of("GONGHUI_WECHAT_ACCOUNT", KINDS, environment.wechat_account))
    return Config(
        app_id=keys["app_id"],
        app_secret=keys["app_secret"],
        token=keys["token"],
        aes_key=keys["aes_key"],
        gh_id=keys["gh_id"],
        mode=environment.wechat_mode,
        kind=environment.wechat_account,
        service_url=service_url or environment.public_url or "http://127.0.0.1:8000",
        api_url=environment.wechat_api_url.rstrip("/"),
        state=state,
        clock_file=Path(environment.clock_file) if environment.clock_file else None,
        miniprogram=_miniprogram(environment, keys["app_id"]),
        open_platform=open_platform,
        pushes=pushes,
        following=following,
    )


def _miniprogram(environment: Environment, account_app_id: str) -> App | None:
    """The mini-program, when its app id is set. The service derives none of its keys, nor do we.

    Raises:
        Refused: a key is missing or malformed.
    """
    app_id = environment.miniprogram_app_id
    if not app_id:
        return None
    if app_id == account_app_id:
        raise Refused("GONGHUI_MINIPROGRAM_APP_ID 写成了公众号的，请写小程序自己的。")
    given = {
        "APP_SECRET": environment.miniprogram_app_secret,
        "TOKEN": environment.miniprogram_token,
    }
    missing = [f"GONGHUI_MINIPROGRAM_{name}" for name, value in given.items() if not value]
    if missing:
        raise Refused(f"写了 GONGHUI_MINIPROGRAM_APP_ID，还要写 {'、'.join(missing)}：小程序的密钥不会推算。")
    aes_key = environment.miniprogram_aes_key
    if not AES_KEY.fullmatch(aes_key) and (aes_key or environment.wechat_mode != "plain"):
        raise Refused(_not_a_key("GONGHUI_MINIPROGRAM_AES_KEY", aes_key))
    if environment.miniprogram_format not in FORMATS:
        raise Refused(_not_one_of("GONGHUI_MINIPROGRAM_FORMAT", FORMATS, environment.miniprogram_format))
    return App(
        MINIPROGRAM,
        app_id,
        given["APP_SECRET"],
        given["TOKEN"],
        aes_key,
        # No setting has it: the service learns it from the first push, as from WeChat.
        gh_id="gh_" + digest(given["APP_SECRET"], "miniprogram-gh-id").hex()[:12],
        callback_path="/wechat/miniprogram",
        format=environment.miniprogram_format,
    )


def _not_a_key(name: str, value: str) -> str:
    return (
        f"{name} 应是 43 个字母或数字，现在有 {len(value)} 个字符。"
        if value
        else f"没有写 {name}，应是 43 个字母或数字。"
    )


def _not_one_of(name: str, known: tuple[str, ...], given: str) -> str:
    return f"{name} 只能是 {'、'.join(known)}，现在写的是「{given}」。"


def _require_development(environment: Environment) -> None:
    if not environment.wechat_api_url:
        raise Refused(
            "没有写 GONGHUI_WECHAT_API_URL，服务会去找真的微信。"
            "请写成沙盒的地址，例如 http://127.0.0.1:8001。"
        )
    if not is_loopback(urlsplit(environment.wechat_api_url).hostname):
        raise Refused(
            f"GONGHUI_WECHAT_API_URL 是 {environment.wechat_api_url}，不是本机的地址，像是正式环境的设置。"
            "沙盒只能用本机的，例如 http://127.0.0.1:8001。"
        )
    if not is_local_database(environment.database_url):
        raise Refused("GONGHUI_DATABASE_URL 里的数据库在别的机器上，像是正式的数据。请换成本机的数据库再试。")
