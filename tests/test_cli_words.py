"""The command line speaks Chinese, down to the words that are typer's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rooms import ROOT


def gonghui(*words: str, cwd: Path = ROOT, **environment: str) -> tuple[int, str, str]:
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
def test_help_has_no_english_titles(words: tuple[str, ...]) -> None:
    code, printed, _ = gonghui(*words)

    assert code == 0
    assert {"用法：gonghui", "选项", "显示这份说明"} <= {
        word for word in ("用法：gonghui", "选项", "显示这份说明") if word in printed
    }
    for english in ("Usage", "Options", "Commands", "Arguments", "OPTIONS", "Show this message"):
        assert english not in printed


def test_without_a_command_the_help_is_shown() -> None:
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
def test_what_is_typed_wrong_is_refused_in_chinese(words: tuple[str, ...], said: str) -> None:
    assert gonghui(*words) == (2, "", said)


def test_what_goes_into_a_file_is_utf_8_in_any_locale() -> None:
    code, printed, _ = gonghui("menus", "--help", PYTHONIOENCODING="ascii")

    assert code == 0
    assert "菜单与关键词" in printed
