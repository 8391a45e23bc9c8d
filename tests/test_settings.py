"""Settings: everything missing is named at once, nothing secret is shown, development needs one key only."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.errors import OperatorError
from app.settings import Settings, WeChatAccount, WeChatMode, derive, load_settings
from models.sealing import Keyring

ROOT = Path(__file__).parent.parent
SECRET = "s" * 32
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
LOOPBACK = "http://127.0.0.1:8001"

PRODUCTION: dict[str, Any] = {
    "secret_key": SECRET,
    "encryption_keys": "k1:" + base64.b64encode(bytes(32)).decode(),
    "lookup_key": "l" * 32,
    "wechat_app_id": "wx0123456789abcdef",
    "wechat_app_secret": "the-app-secret",
    "wechat_token": "the-token",
    "wechat_aes_key": AES_KEY,
}


def production(**changes: Any) -> Settings:
    return load_settings(**(PRODUCTION | changes))


def development(**changes: Any) -> Settings:
    return load_settings(**({"secret_key": SECRET, "wechat_api_url": LOOPBACK} | changes))


def refusal(**given: Any) -> str:
    with pytest.raises(OperatorError) as refused:
        load_settings(**given)
    return refused.value.message


def test_production_starts_with_the_seven_values_it_needs() -> None:
    settings = production()

    assert not settings.development
    assert settings.wechat_mode is WeChatMode.SAFE
    assert settings.database_url.startswith("sqlite")


def test_every_missing_value_is_named_at_once() -> None:
    message = refusal(secret_key=SECRET)

    for name in PRODUCTION.keys() - {"secret_key"}:
        assert f"GONGHUI_{name.upper()}" in message


@pytest.mark.parametrize("name", PRODUCTION)
def test_each_missing_value_stops_the_start(name: str) -> None:
    assert f"GONGHUI_{name.upper()}" in refusal(**{k: v for k, v in PRODUCTION.items() if k != name})
    assert f"GONGHUI_{name.upper()}" in refusal(**(PRODUCTION | {name: ""}))


def test_nothing_secret_is_shown_in_a_refusal() -> None:
    message = refusal(
        **(PRODUCTION | {"secret_key": "too-short", "wechat_aes_key": "not-43", "reply_seconds": 9})
    )

    assert "GONGHUI_SECRET_KEY" in message
    assert "GONGHUI_REPLY_SECONDS" in message
    for value in (
        "too-short",
        "not-43",
        "the-app-secret",
        "the-token",
        "l" * 32,
        PRODUCTION["encryption_keys"],
    ):
        assert value not in message


def test_nothing_secret_is_shown_when_settings_are_printed() -> None:
    for settings in (production(), development()):
        printed = f"{settings!r} {settings}"
        for name in Settings.model_fields:
            value = getattr(settings, name)
            if isinstance(value, SecretStr) and value.get_secret_value():
                assert value.get_secret_value() not in printed


def test_development_derives_every_key_from_one() -> None:
    settings = development()

    assert settings.development
    assert re.fullmatch(r"wx[0-9a-f]{16}", settings.wechat_app_id)
    assert re.fullmatch(r"[A-Za-z0-9]{43}", settings.wechat_aes_key.get_secret_value())
    assert 3 <= len(settings.wechat_token.get_secret_value()) <= 32
    assert settings.encryption_keys is not None
    assert settings.lookup_key is not None
    ring = Keyring.parse(settings.encryption_keys.get_secret_value(), settings.lookup_key.get_secret_value())
    assert ring.writes_with == "dev"


def test_derived_keys_are_the_same_in_every_process_and_differ_by_secret() -> None:
    assert development() == development()
    assert development().wechat_token != development(secret_key="t" * 32).wechat_token
    assert derive(SECRET, "a") != derive(SECRET, "b")


def test_what_is_given_is_not_derived() -> None:
    settings = development(wechat_token="mine", wechat_app_id="wxmine")

    assert settings.wechat_token.get_secret_value() == "mine"
    assert settings.wechat_app_id == "wxmine"


@pytest.mark.parametrize(
    ("url", "is_development"),
    [
        ("http://127.0.0.1:8001", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8001", True),
        ("http://localhost:8001", True),
        ("https://api.weixin.qq.com", False),
        ("https://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("https://127.0.0.1.example.com", False),
    ],
)
def test_only_a_loopback_address_means_development(url: str, is_development: bool) -> None:
    assert production(wechat_api_url=url).development is is_development


def test_production_derives_nothing() -> None:
    assert "GONGHUI_ENCRYPTION_KEYS" in refusal(secret_key=SECRET, wechat_api_url="http://10.0.0.1")


def test_the_clock_can_be_moved_in_development_only() -> None:
    assert development(clock_file="data/clock").clock_file == Path("data/clock")
    assert "GONGHUI_CLOCK_FILE" in refusal(**(PRODUCTION | {"clock_file": "data/clock"}))


def test_plain_mode_needs_no_aes_key() -> None:
    assert production(wechat_mode="plain", wechat_aes_key="").wechat_mode is WeChatMode.PLAIN


@pytest.mark.parametrize("name", ["public_url", "wechat_api_url"])
@pytest.mark.parametrize("url", ["example.com", "ftp://example.com", "https://", "//example.com"])
def test_addresses_are_whole(name: str, url: str) -> None:
    message = refusal(**(PRODUCTION | {name: url}))

    assert f"GONGHUI_{name.upper()}" in message
    assert "完整地址" in message


def test_a_slash_at_the_end_of_an_address_does_not_matter() -> None:
    assert production(public_url="https://example.com/").public_url == "https://example.com"


@pytest.mark.parametrize("url", ["s3://", "s3://B", "http://b/c", "s3://bucket/预", "file:///srv"])
def test_files_lie_in_a_folder_or_a_bucket(url: str) -> None:
    keys = {"files_s3_key": "key", "files_s3_secret": "secret"}

    assert production(files="data/files").files == Path("data/files")
    assert production(files="s3://gonghui/files", **keys).files == "s3://gonghui/files"
    assert "GONGHUI_FILES" in refusal(**(PRODUCTION | {"files": url}))


def test_a_bucket_needs_its_keys() -> None:
    message = refusal(**(PRODUCTION | {"files": "s3://gonghui", "files_s3_key": "key"}))

    assert "GONGHUI_FILES_S3_SECRET" in message
    assert "GONGHUI_FILES_S3_ENDPOINT" in refusal(**(PRODUCTION | {"files_s3_endpoint": "s3.example.cn"}))


def test_people_on_duty_are_a_list() -> None:
    assert production(crisis_openids="oA, oB,,").crisis_openids == ("oA", "oB")
    assert production(crisis_openids="").crisis_openids == ()


def test_settings_come_from_the_environment_and_the_file_which_yields(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "operators"
    file.write_text(
        f"GONGHUI_SECRET_KEY={SECRET}\nGONGHUI_WECHAT_API_URL={LOOPBACK}\n"
        "GONGHUI_WECHAT_ACCOUNT=unverified\nGONGHUI_CALLBACK_MAX_SKEW=60\nGONGHUI_REDIS_URL=\n"
    )
    monkeypatch.setenv("GONGHUI_CALLBACK_MAX_SKEW", "90")

    settings = load_settings(_env_file=file)

    assert settings.wechat_account is WeChatAccount.UNVERIFIED
    assert settings.callback_max_skew == 90
    assert settings.redis_url is None


def test_nobody_changes_settings_while_running() -> None:
    with pytest.raises(ValueError, match="frozen"):
        production().callback_max_skew = 1  # type: ignore[misc]


# --- .env.example


def _example() -> dict[str, tuple[str, bool, list[str]]]:
    """Name → value, whether it is commented out, and the explaining lines above."""
    found: dict[str, tuple[str, bool, list[str]]] = {}
    above: list[str] = []
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if entry := re.fullmatch(r"(#?)GONGHUI_([A-Z0-9_]+)=(.*)", line):
            found[entry[2].lower()] = (entry[3], bool(entry[1]), above)
            above = []
        elif line.startswith("# "):
            above.append(line)
        else:
            above = []
    return found


def test_the_example_names_every_setting_and_no_other() -> None:
    assert sorted(_example()) == sorted(Settings.model_fields)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_explained_in_both_languages(name: str) -> None:
    _, _, above = _example()[name]

    assert any(re.search(r"[\u4e00-\u9fff]", line) for line in above)
    assert any(re.fullmatch(r"[\x20-\x7e’…]+", line) for line in above)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_what_the_example_shows_is_the_default(name: str) -> None:
    shown, commented, _ = _example()[name]
    default = Settings.model_fields[name].default

    assert commented == (name not in PRODUCTION.keys() | {"public_url", "crisis_openids"})
    if (
        name in {"redis_url", "clock_file", "files_s3_endpoint"}
        or isinstance(default, SecretStr)
        or not commented
    ):
        return
    assert shown == str(default)


def test_the_example_filled_in_starts(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name, value in PRODUCTION.items():
        text = text.replace(f"\nGONGHUI_{name.upper()}=\n", f"\nGONGHUI_{name.upper()}={value}\n")
    file = tmp_path / "filled"
    file.write_text(text, encoding="utf-8")

    assert load_settings(_env_file=file) == production()
