"""`gonghui departments …`, as an operator types them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.root import app
from app.errors import DomainError, NotFound
from tests.terminal import settle


@pytest.fixture(autouse=True)
def _settled(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, database_url, tmp_path)


def say(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_departments_are_added_and_manned() -> None:
    assert "还没有部门" in say("departments", "list").output
    assert "「后勤部」已添加" in say("departments", "add", "后勤部").output
    say("staff", "add", "chen.chen", "--name", "陈晨", "--role", "handler")
    assert "后勤部  整个工会  使用中  还没有人" in say("departments", "list").output

    assert "陈晨已加进「后勤部」" in say("departments", "staff", "后勤部", "chen.chen").output
    assert "陈晨（chen.chen）" in say("departments", "list").output
    assert "陈晨已移出" in say("departments", "staff", "后勤部", "chen.chen", "--remove").output
    assert "还没有人" in say("departments", "list").output


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("add", "后勤部"), DomainError, "已经有「后勤部」"),
        (("add", " "), DomainError, "请写部门名称"),
        (("add", "长" * 41), DomainError, "请写部门名称"),
        (("add", "人资部", "--branch", "月球"), NotFound, "月球"),
        (("staff", "人资部", "chen.chen"), NotFound, "没有叫「人资部」的部门"),
        (("staff", "后勤部", "nobody"), NotFound, "没有叫 nobody 的账号"),
        (("staff", "后勤部", "zhou.bian"), DomainError, "部门承办"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], kind: type[Exception], said: str) -> None:
    say("departments", "add", "后勤部")
    say("staff", "add", "zhou.bian", "--name", "周编", "--role", "editor")
    before = say("departments", "list").output

    result = say("departments", *words)

    assert isinstance(result.exception, kind) and said in str(result.exception)
    assert say("departments", "list").output == before
