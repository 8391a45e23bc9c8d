"""Starting the sandbox: derived keys, and the settings it refuses."""

from pathlib import Path

import pytest

from sandbox.__main__ import main, parsed
from sandbox.clock import Clock
from sandbox.config import Environment, Refused, config_from, is_local_database

LOOPBACK = "http://127.0.0.1:8001"


@pytest.fixture(autouse=True)
def only_our_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Environment.model_fields:
        monkeypatch.delenv(f"GONGHUI_{name.upper()}", raising=False)


def test_keys_not_given_follow_from_the_secret_key() -> None:
    config = config_from(Environment(wechat_api_url=LOOPBACK, secret_key="dev", wechat_token="mine"))

    # Computed apart from this program, with openssl: the service must derive the same.
    assert config.app_id == "wx5402a1aa86e8c7f6"
    assert config.aes_key == "j3Rx7rRTnumEARfJ0CAZnezYuSYQ5u5Y3gdpozGA3nG"
    assert config.token == "mine"
    assert config.callback_url == "http://127.0.0.1:8000/wechat/callback"


def test_the_account_is_bound_to_an_open_platform_unless_told_otherwise() -> None:
    assert parsed([]).open_platform
    assert not parsed(["--no-open-platform"]).open_platform
    environment = Environment(wechat_api_url=LOOPBACK, secret_key="dev")
    assert config_from(environment).open_platform
    assert not config_from(environment, open_platform=False).open_platform


def test_settings_are_read_from_the_env_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"GONGHUI_WECHAT_API_URL={LOOPBACK}\nGONGHUI_SECRET_KEY=dev\nGONGHUI_WECHAT_MODE=plain\n"
    )

    assert config_from(Environment()).mode == "plain"


@pytest.mark.parametrize(
    "settings",
    [
        {"secret_key": "dev"},
        {"secret_key": "dev", "wechat_api_url": "https://api.weixin.qq.com"},
        {"secret_key": "dev", "wechat_api_url": "http://127.0.0.1.example.com"},
        {"wechat_api_url": LOOPBACK},
        {"secret_key": "dev", "wechat_api_url": LOOPBACK, "wechat_aes_key": "short"},
        {"secret_key": "dev", "wechat_api_url": LOOPBACK, "wechat_mode": "open"},
        {
            "secret_key": "dev",
            "wechat_api_url": LOOPBACK,
            "database_url": "postgresql+asyncpg://app@db.example.com/gonghui",
        },
    ],
)
def test_production_settings_and_missing_keys_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(Refused):
        config_from(Environment(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("", True),
        ("sqlite+aiosqlite:///data/gonghui.db", True),
        ("postgresql+asyncpg://app:pw@127.0.0.1:5432/gonghui", True),
        ("postgresql+asyncpg://app@[::1]/gonghui", True),
        ("postgresql+asyncpg://app@/gonghui?host=/run/postgresql", True),
        ("postgresql+asyncpg://app@/gonghui?host=10.0.0.5", False),
        ("postgresql+asyncpg://app@localhost,10.0.0.5/gonghui", False),
    ],
)
def test_only_a_local_database_counts_as_local(url: str, local: bool) -> None:
    assert is_local_database(url) is local


def test_a_refused_start_says_one_line_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2

    said = capsys.readouterr().err
    assert "GONGHUI_WECHAT_API_URL" in said
    assert said.count("\n") == 1


def test_the_clock_reads_its_file_afresh_and_survives_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    clock = Clock(path)

    assert clock.offset == 0
    path.write_text("90\n")
    assert clock.offset == 90
    path.write_text("not yet")
    assert clock.offset == 90
    clock.set_offset(3600)
    assert path.read_text() == "3600\n"
    assert clock.offset == 3600
