"""The command line speaks Chinese, down to the words that are typer's own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import logs
from app.cli import running
from tests.rooms import ROOT


@dataclass
class Typed:
    """What an operator types, run here: a process for each would take seconds."""

    monkeypatch: pytest.MonkeyPatch
    told: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["gonghui", *words])
        with pytest.raises(SystemExit) as ended:
            running.run()
        printed, complaint = self.told.readouterr()
        return int(ended.value.code or 0), printed, complaint


@pytest.fixture
def gonghui(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    monkeypatch.setattr(running, "_speak_utf8", lambda: None)  # there is no stream to be told
    monkeypatch.setattr(logs, "configure", lambda *given: None)
    return Typed(monkeypatch, capsys)


def in_a_pipe(*words: str, cwd: Path = ROOT, **environment: str) -> tuple[int, str, str]:
    """As an operator types it, into a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


@pytest.mark.parametrize("words", [("--help",), ("menus", "--help"), ("menus", "apply", "--help")])
def test_help_has_no_english_titles(gonghui: Typed, words: tuple[str, ...]) -> None:
    code, printed, _ = gonghui(*words)

    assert code == 0
    assert {"用法：gonghui", "选项", "显示这份说明"} <= {
        word for word in ("用法：gonghui", "选项", "显示这份说明") if word in printed
    }
    for english in ("Usage", "Options", "Commands", "Arguments", "OPTIONS", "Show this message"):
        assert english not in printed


def test_without_a_command_the_help_is_shown(gonghui: Typed) -> None:
    code, printed, complaint = gonghui("menus")

    assert code == 2
    assert "重新发布到微信" in printed + complaint


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nosuch",), "没有命令「nosuch」。\n用法见 gonghui --help\n"),
        (("menus", "try"), "缺少 text。\n用法见 gonghui menus try --help\n"),
        (("menus", "try", "a", "b"), "多写了：b。\n用法见 gonghui menus try --help\n"),
        (("serve", "--prt", "1"), "没有选项 --prt。\n用法见 gonghui serve --help\n"),
        (("serve", "--port", "x"), "--port 要写整数。\n用法见 gonghui serve --help\n"),
        (("serve", "--workers", "0"), "--workers 最小是 1。\n用法见 gonghui serve --help\n"),
    ],
)
def test_what_is_typed_wrong_is_refused_in_chinese(gonghui: Typed, words: tuple[str, ...], said: str) -> None:
    assert gonghui(*words) == (2, "", said)


def test_what_goes_into_a_file_is_utf_8_in_any_locale() -> None:
    code, printed, _ = in_a_pipe("menus", "--help", PYTHONIOENCODING="ascii")

    assert code == 0
    assert "菜单与关键词" in printed
