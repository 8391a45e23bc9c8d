"""What an operator sets, read once at start from the environment or `.env`. A missing value stops the start.

*Development* means that `GONGHUI_WECHAT_API_URL` is a loopback address. Only then are keys that are not
given derived from `SECRET_KEY`, by the rule that the sandbox follows too (`derive`).
"""

import base64
import hashlib
import hmac
import re
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import OperatorError

BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?")
HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:\d{2,5})?")
AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
WECHAT = "https://api.weixin.qq.com"


class WeChatMode(StrEnum):
    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


class WeChatAccount(StrEnum):
    SERVICE_VERIFIED = "service_verified"  # 认证服务号: everything
    SUBSCRIPTION_VERIFIED = "subscription_verified"  # 认证订阅号: no templates, QR codes, OAuth
    UNVERIFIED = "unverified"  # passive replies only

    @property
    def is_certified(self) -> bool:
        return self is not WeChatAccount.UNVERIFIED


def derive(secret: str, label: str) -> bytes:
    """32 bytes that belong to `label`, the same in every process that knows `secret`."""
    return hmac.digest(secret.encode(), label.encode(), hashlib.sha256)


def derive_aes_key(secret: str, label: str) -> str:
    """43 letters and digits, as WeChat's EncodingAESKey must be."""
    raw = derive(secret, label) + derive(secret, f"{label}-2")
    return base64.b64encode(raw).decode().replace("+", "A").replace("/", "B")[:43]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="GONGHUI_",
        env_file=".env",
        env_file_encoding="utf-8",
        frozen=True,
        extra="ignore",
    )

    secret_key: SecretStr = Field(min_length=32)
    """Signs sessions and links; in development the other keys derive from it."""
    database_url: str = "sqlite+aiosqlite:///data/gonghui.db"
    """`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`."""
    redis_url: str | None = None
    """Wakes other processes sooner; may vanish at any time."""
    public_url: str = "http://127.0.0.1:8000"
    """Where phones reach us; makes the menu file's pages absolute."""
    files: Path | str = Path("data/files")
    """Where stored files lie (pictures, voices): a folder, or `s3://bucket/prefix`."""
    files_s3_endpoint: str | None = None
    files_s3_region: str = ""
    files_s3_key: str = ""
    files_s3_secret: SecretStr = SecretStr("")
    menus: Path = Path("menus.yaml")
    content: Path = Path("content")
    encryption_keys: SecretStr | None = None
    """`k2:BASE64,k1:BASE64`, 32 bytes each; the first writes, all read."""
    lookup_key: SecretStr | None = Field(None, min_length=32)
    """Turns encrypted values into look-up digests; at least 32 characters."""
    backup_keys: SecretStr = SecretStr("")
    """Written as `encryption_keys`: the first seals backups, all open them. Without it those do."""

    wechat_app_id: str = ""
    wechat_app_secret: SecretStr = SecretStr("")
    wechat_token: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = SecretStr("")
    wechat_mode: WeChatMode = WeChatMode.SAFE
    """Never weaker than the account's own setting: a plain signature does not cover the body."""
    wechat_account: WeChatAccount = WeChatAccount.SERVICE_VERIFIED
    wechat_api_url: str = WECHAT
    callback_max_skew: int = Field(600, gt=0)
    """Seconds a callback's timestamp may differ from our clock."""
    reply_seconds: float = Field(4.0, gt=0, lt=4.5)
    """Time a handler may take before its answer becomes a later one; WeChat hangs up at 5 s."""

    miniprogram_app_id: str = ""
    miniprogram_app_secret: SecretStr = SecretStr("")
    miniprogram_token: SecretStr = SecretStr("")
    miniprogram_aes_key: SecretStr = SecretStr("")
    miniprogram_format: Literal["xml", "json"] = "json"
    miniprogram_notice_page: str = ""
    """The page of the mini-program that a notice opens, e.g. `pages/index/index`; it gets our path as `to`.
    Without it a notice opens nothing."""

    joining_days: int = Field(10, gt=0, le=60)
    """Working days in which a 入会申请 is decided; the time we wait for the applicant does not count."""
    activity_review: Literal["auto", "always", "never"] = "auto"
    """Whether another approves an activity and later changes of it; auto: where somebody else may."""
    no_show_hours: float = Field(12, ge=0, le=240)
    """Hours after its end until those who did not check in to an activity are noted as absent."""
    digest_weekday: int = Field(5, ge=1, le=7)
    """On which day 每周精选 goes to who asked for it: 1 is Monday, 7 Sunday, in China."""
    digest_hour: int = Field(17, ge=8, le=20)
    """At what hour of that day; never between 21:00 and 8:00."""
    portal_keep_seconds: float = Field(10, ge=0, le=60)
    """Seconds for which an article's page is the same for all who are not signed in; 0: never."""
    live_hosts: str = ""
    """Hosts of the union's own streams, which our pages may play; comma separated, without https://."""
    typing_hints: bool = True
    """Whether a chat shows 对方正在输入 while staff type an answer."""
    api_per_person: int = Field(120, gt=0)
    """Calls of the API that one person may make in a minute; each process counts for itself."""
    api_per_address: int = Field(1200, gt=0)
    """Calls in a minute from one address by who is not signed in; a whole office may share one address."""
    api_log_ins: int = Field(120, gt=0)
    """Tries to log in, in a minute from one address."""

    scan_command: str = ""
    """Asked about each received file, on stdin or where it says `{}`: exit code 0 clean, 1 infected."""
    crisis_openids: Annotated[tuple[str, ...], NoDecode] = ()
    """Told, beside staff on duty, when somebody writes of harming himself; comma separated."""
    log_format: Literal["json", "text"] = "json"
    clock_file: Path | None = None
    """Development only: an offset in seconds that moves our clock and the sandbox's."""

    @field_validator("crisis_openids", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(x.strip() for x in value.split(",") if x.strip()) if isinstance(value, str) else value

    @field_validator("live_hosts")
    @classmethod
    def _hosts(cls, value: str) -> str:
        hosts = [each.strip().lower() for each in value.split(",") if each.strip()]
        if not all(HOST.fullmatch(each) for each in hosts):
            raise ValueError("应是主机名，用逗号分开，例如 live.example.cn，不带 https:// 和路径")
        return ",".join(hosts)

    @property
    def stream_hosts(self) -> tuple[str, ...]:
        """Those of `live_hosts`, each by itself."""
        return tuple(each for each in self.live_hosts.split(",") if each)

    @field_validator("files", mode="before")
    @classmethod
    def _folder_or_bucket(cls, value: Any) -> Any:
        if not isinstance(value, str) or "://" not in value:
            return Path(value)
        if not BUCKET.fullmatch(value):
            raise ValueError("应是一个文件夹，或 s3://桶名/前缀")
        return value

    @property
    def files_access(self) -> dict[str, str]:
        """How the bucket of `files` is opened, as far as it is said."""
        told = {
            "endpoint": self.files_s3_endpoint or "",
            "region": self.files_s3_region,
            "access_key_id": self.files_s3_key,
            "secret_access_key": _plain(self.files_s3_secret),
        }
        return {name: value for name, value in told.items() if value}

    @field_validator("public_url", "wechat_api_url", "files_s3_endpoint")
    @classmethod
    def _no_slash(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname:
            raise ValueError("应是 http:// 或 https:// 开头的完整地址")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
            raise ValueError("应以 sqlite+aiosqlite:// 或 postgresql+asyncpg:// 开头")
        return value

    @property
    def development(self) -> bool:
        host = urlsplit(self.wechat_api_url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, values: Any) -> Any:
        return {k: v for k, v in values.items() if v != ""} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if self.development:
            self._derive_missing()
        missing = [
            f"GONGHUI_{name.upper()}"
            for name in (
                "encryption_keys",
                "lookup_key",
                "wechat_app_id",
                "wechat_app_secret",
                "wechat_token",
            )
            if not _plain(getattr(self, name))
        ]
        keys = ["wechat_aes_key", *(["miniprogram_aes_key"] if self.miniprogram_app_id else [])]
        if self.wechat_mode is not WeChatMode.PLAIN:
            bad = [name for name in keys if not AES_KEY.fullmatch(_plain(getattr(self, name)))]
            missing += [f"GONGHUI_{name.upper()}（43 位字母和数字）" for name in bad]
        if self.miniprogram_app_id:
            needed = ("miniprogram_app_secret", "miniprogram_token")
            missing += [f"GONGHUI_{name.upper()}" for name in needed if not _plain(getattr(self, name))]
        if missing:
            raise ValueError("缺少设置：" + "、".join(missing))
        if isinstance(self.files, str) and not (self.files_s3_key and _plain(self.files_s3_secret)):
            raise ValueError(
                "GONGHUI_FILES 用 s3:// 时，请填写 GONGHUI_FILES_S3_KEY 和 GONGHUI_FILES_S3_SECRET"
            )
        if self.clock_file and not self.development:
            raise ValueError("GONGHUI_CLOCK_FILE 只能在开发环境使用")
        return self

    def _derive_missing(self) -> None:
        secret = self.secret_key.get_secret_value()
        key = base64.b64encode(derive(secret, "encryption")).decode()
        derived: dict[str, str | SecretStr] = {
            "encryption_keys": SecretStr(f"dev:{key}"),
            "lookup_key": SecretStr(derive(secret, "lookup").hex()),
            "wechat_app_id": "wx" + derive(secret, "wechat-app-id").hex()[:16],
            "wechat_app_secret": SecretStr(derive(secret, "wechat-app-secret").hex()[:32]),
            "wechat_token": SecretStr(derive(secret, "wechat-token").hex()[:32]),
            "wechat_aes_key": SecretStr(derive_aes_key(secret, "wechat-aes-key")),
        }
        for name, value in derived.items():
            if not _plain(getattr(self, name)):
                object.__setattr__(self, name, value)  # frozen for everybody else


def _plain(value: SecretStr | str | None) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""


def load_settings(**given: Any) -> Settings:
    """The settings of this process.

    Raises:
        OperatorError: something is missing or malformed; every mistake is named, values are not shown.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = []
        for item in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in item["loc"]).upper()
            reason = "没有设置" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
            lines.append(f"GONGHUI_{name}：{reason}" if name else reason)
        raise OperatorError("设置有误：\n" + "\n".join(lines)) from None
