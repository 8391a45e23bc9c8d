"""`gonghui staff` and `gonghui audit`, as an operator types them."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.root import app
from app.errors import DomainError, NotFound, OperatorError
from tests.rooms import ROOT
from tests.terminal import settle


@pytest.fixture(autouse=True)
def _settled(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, database_url, tmp_path)


def say(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_the_first_account_is_invited_by_a_link() -> None:
    assert "还没有账号" in say("staff", "list").output

    made = say("staff", "add", "li.na", "--name", "李娜")

    assert made.exit_code == 0, made.output
    assert re.search(r"http\S+/console/invited/[\w-]{32}\n", made.output)
    assert "li.na  李娜  已邀请  工会管理员" in say("staff", "list").output


def test_roles_are_given_by_name_and_branch() -> None:
    say("staff", "add", "li.na", "--name", "李娜")

    assert say("staff", "roles", "li.na", "--role", "union_admin", "--role", "operator").exit_code == 0

    assert "工会管理员、运维" in say("staff", "list").output


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("add", "li.na", "--name", "李娜", "--role", "king"), OperatorError, "没有「king」这个角色"),
        (("add", "li.na", "--name", "李娜", "--role", "editor@月球"), NotFound, "月球"),
        (("add", "李娜", "--name", "李娜"), DomainError, "小写字母开头"),
        (("reset", "nobody"), NotFound, "没有叫 nobody 的账号"),
        (("disable", "boss"), DomainError, "最后一位"),
        (("roles", "boss", "--role", "editor"), DomainError, "最后一位"),
        (("roles", "boss"), DomainError, "至少选一个角色"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    words: tuple[str, ...], kind: type[Exception], said: str
) -> None:
    say("staff", "add", "boss", "--name", "王强")
    before = say("staff", "list").output

    result = say("staff", *words)

    assert isinstance(result.exception, kind) and said in result.exception.message  # type: ignore[attr-defined]
    assert say("staff", "list").output == before


def test_a_lost_phone_is_helped_by_a_reset() -> None:
    say("staff", "add", "boss", "--name", "王强")

    again = say("staff", "reset", "boss")

    assert "/console/invited/" in again.output


def test_what_was_typed_is_in_the_record_and_the_record_is_whole() -> None:
    say("staff", "add", "boss", "--name", "王强", "--by", "运维老赵")

    found = say("audit", "verify")

    assert found.exit_code == 0
    assert "记录完整：已封存 0 条，等着封存 1 条。" in found.output


def test_what_staff_change_by_other_commands_is_in_the_record_too() -> None:
    planned = ROOT / "content" / "demo" / "activities.yaml"
    roster = ROOT / "content" / "demo" / "accounts.csv"

    for words in (("activities", "add", str(planned), "--by", "王芳"), ("accounts", "import", str(roster))):
        assert say(*words).exit_code == 0

    assert "等着封存 2 条" in say("audit", "verify").output
