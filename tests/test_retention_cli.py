"""`gonghui retention`: what is due is counted without touching it, and deleted when asked."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import retention as cli
from app.services import guesses, retention
from tests import making
from tests.conftest import NOON
from tests.terminal import Terminal, settle


def test_every_rule_has_words_for_those_who_read_the_list() -> None:
    rules = [*retention.SOON, *retention.DEEP]

    assert {rule.name for rule in rules} == set(cli.WORDS)


@pytest.fixture
def office(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    settle(monkeypatch, database_url, tmp_path)
    return Terminal(database_url, retention=cli.app)


def test_looking_deletes_nothing_and_deleting_leaves_nothing_due(office: Terminal) -> None:
    async def tries(session: AsyncSession) -> None:
        li = (await making.person(session)).person_id
        for day in range(3):
            guesses.note(session, "member", li, "10001", NOON - timedelta(days=day))

    office.within(tries)
    line = "核对不上的记录 24 小时后删除"

    for _ in range(2):
        assert f"       3  {line}" in office.types("retention", "show").splitlines()
    assert office.types("retention", "apply").splitlines() == [f"       3  {line}", "完成，处理了 3 条。"]
    assert f"       0  {line}" in office.types("retention", "show").splitlines()
