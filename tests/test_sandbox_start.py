"""Starting the sandbox: derived keys, and the settings it refuses."""

import re
import socket
from pathlib import Path

import pytest

from sandbox import people, windows
from sandbox.__main__ import main, parsed
from sandbox.app import create_app
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


def test_who_has_written_before_follows_from_the_start_and_can_be_answered() -> None:
    options = parsed(["--following", "张伟", "--following=赵敏"])
    config = config_from(
        Environment(wechat_api_url=LOOPBACK, secret_key="dev"), following=tuple(options.following)
    )

    world = create_app(config).state.world

    assert people.follower(world, "赵敏")["following"]
    assert windows.check(world, people.get(world, "张伟")["openid"]) == "message"
    assert not people.get(world, "王秀兰")["following"]


def test_settings_are_read_from_the_env_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"GONGHUI_WECHAT_API_URL={LOOPBACK}\nGONGHUI_SECRET_KEY=dev\nGONGHUI_WECHAT_MODE=plain\n"
    )

    assert config_from(Environment()).mode == "plain"


def test_an_empty_setting_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WECHAT_MODE", "WECHAT_TOKEN", "MINIPROGRAM_FORMAT"):
        monkeypatch.setenv(f"GONGHUI_{name}", "")

    config = config_from(Environment(**MINIPROGRAM))  # type: ignore[arg-type]

    assert (config.mode, config.apps["miniprogram"].format) == ("safe", "json")


MINIPROGRAM = {
    "secret_key": "dev",
    "wechat_api_url": LOOPBACK,
    "miniprogram_app_id": "wx1234567890abcdef",
    "miniprogram_app_secret": "secret",
    "miniprogram_token": "token",
    "miniprogram_aes_key": "k" * 43,
}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"secret_key": "dev"}, "没有写 GONGHUI_WECHAT_API_URL，服务会去找真的微信"),
        ({"secret_key": "dev", "wechat_api_url": "https://api.weixin.qq.com"}, "不是本机的地址"),
        ({"secret_key": "dev", "wechat_api_url": "http://127.0.0.1.example.com"}, "不是本机的地址"),
        ({"wechat_api_url": LOOPBACK, "wechat_token": "t", "wechat_app_id": "a"},
         "推算不出 GONGHUI_WECHAT_APP_SECRET、GONGHUI_WECHAT_AES_KEY"),
        ({"secret_key": "dev", "wechat_api_url": LOOPBACK, "wechat_aes_key": "short"},
         "GONGHUI_WECHAT_AES_KEY 应是 43 个字母或数字，现在有 5 个字符"),
        ({"secret_key": "dev", "wechat_api_url": LOOPBACK, "wechat_mode": "open"},
         "GONGHUI_WECHAT_MODE 只能是 plain、compatible、safe，现在写的是「open」"),
        ({"secret_key": "dev", "wechat_api_url": LOOPBACK, "wechat_account": "service"},
         "GONGHUI_WECHAT_ACCOUNT 只能是 service_verified、subscription_verified、unverified"),
        ({"secret_key": "dev", "wechat_api_url": LOOPBACK,
          "database_url": "postgresql+asyncpg://app:pw@db.example.com/gonghui"},
         "数据库在别的机器上"),
        (MINIPROGRAM | {"miniprogram_token": ""}, "还要写 GONGHUI_MINIPROGRAM_TOKEN"),
        (MINIPROGRAM | {"miniprogram_aes_key": ""}, "没有写 GONGHUI_MINIPROGRAM_AES_KEY"),
        (MINIPROGRAM | {"wechat_app_id": "wx1234567890abcdef"}, "写成了公众号的"),
        (MINIPROGRAM | {"miniprogram_format": "yaml"}, "只能是 json、xml"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_in_words_an_operator_reads(settings: dict[str, str], said: str) -> None:
    with pytest.raises(Refused, match=re.escape(said)) as refused:
        config_from(Environment(**settings))  # type: ignore[arg-type]

    assert str(refused.value).endswith("。")
    assert "pw" not in str(refused.value)


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
    assert said.startswith("沙盒没有启动：没有写 GONGHUI_WECHAT_API_URL")
    assert said.count("\n") == 1


def test_a_port_in_use_is_said_before_anything_is_opened(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GONGHUI_WECHAT_API_URL", LOOPBACK)
    monkeypatch.setenv("GONGHUI_SECRET_KEY", "dev")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2

    assert capsys.readouterr().err.startswith(f"沙盒没有启动：端口 {port} 用不了")
    assert list(tmp_path.iterdir()) == []


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
