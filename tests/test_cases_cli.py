"""`gonghui cases …` and `gonghui alerts …` as staff type them."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from app.cli import alerts, cases
from app.database import Database
from app.errors import DomainError
from app.services import cases as case_service
from app.services import crisis
from models import CaseKind, Outbox, Person

NOW = datetime.now(UTC)
WORDS = [{"type": "text", "text": "食堂的灯坏了"}, {"type": "image", "file": "abc"}]


class Office:
    """Staff at a terminal; each command opens and closes the house."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._app = typer.Typer()
        self._app.add_typer(cases.app, name="cases")
        self._app.add_typer(alerts.app, name="alerts")

    def types(self, *words: str) -> str:
        result = CliRunner().invoke(self._app, list(words), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    def within(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        async def opened() -> Any:
            database = Database(self._url)
            try:
                async with database.transaction() as session:
                    return await work(session)
            finally:
                await database.close()

        return asyncio.run(opened())

    def case(self, **given: Any) -> str:
        """Somebody leaves a message; returns its number."""

        async def leave(session: AsyncSession) -> str:
            opened = await case_service.open_case(
                session,
                CaseKind.FEEDBACK,
                await _person(session),
                None,
                topic="safety",
                blocks=WORDS,
                now=NOW,
                **given,
            )
            return opened.number

        return str(self.within(leave))


async def _person(session: AsyncSession) -> int:
    person = Person(created_at=NOW)
    session.add(person)
    await session.flush()
    return person.id


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    settings = {
        "SECRET_KEY": "x" * 32,
        "WECHAT_API_URL": "http://127.0.0.1:1",
        "DATABASE_URL": sqlite_url,
        "FILES": str(tmp_path / "files"),
        # The keys of the tests, so that what a test wrote opens in the command.
        "ENCRYPTION_KEYS": "t1:" + base64.b64encode(bytes(range(32))).decode(),
        "LOOKUP_KEY": "lookup key of the tests, 32 bytes",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"GONGHUI_{name}", value)
    return Office(sqlite_url)


def test_the_list_says_what_is_waiting_and_until_when(office: Office) -> None:
    assert office.types("cases", "list") == "没有要办的事项。\n"
    number = office.case(anonymous=True)

    listed = office.types("cases", "list")

    assert listed.startswith(f"{number}  留言（安全生产）  已提交  匿名  最迟答复 ")


def test_answered_and_closed_from_the_terminal(office: Office) -> None:
    number = office.case()

    assert "已答复" in office.types("cases", "answer", number, "灯换好了。", "--by", "王强")
    assert "已办结" in office.types("cases", "close", number.lower(), "--by", "王强")

    shown = office.types("cases", "show", number, "--by", "王强").splitlines()
    assert shown[0] == f"{number}  留言（安全生产）  已办结  实名"
    assert shown[1].endswith("来件 食堂的灯坏了")
    assert shown[3].endswith("答复（王强） 已提交 → 已答复 灯换好了。")
    assert shown[4].endswith("过程（王强） 已答复 → 已办结")
    sent = office.within(lambda session: session.scalar(sa.select(sa.func.count()).select_from(Outbox)))
    assert sent == 1


def test_the_thread_of_an_anonymous_case_shows_days_only(office: Office) -> None:
    number = office.case(anonymous=True)

    entry = office.types("cases", "show", number, "--by", "王强").splitlines()[1]

    assert entry == "今天 来件 食堂的灯坏了"


def test_the_telephone_number_is_shown_on_demand_and_noted(office: Office) -> None:
    number = office.case(contact="13812345678")

    assert "13812345678" not in office.types("cases", "show", number, "--by", "王强")
    assert "联系电话：13812345678" in office.types("cases", "show", number, "--contact", "--by", "王强")
    assert "备注（王强） 查看了联系电话" in office.types("cases", "show", number, "--by", "赵敏")


def test_what_cannot_be_is_refused_in_a_sentence(office: Office) -> None:
    number = office.case(anonymous=True)

    with pytest.raises(DomainError, match="请先答复再办结"):
        office.types("cases", "close", number, "--by", "王强")
    with pytest.raises(DomainError, match="是匿名的"):
        office.types("cases", "show", number, "--contact", "--by", "王强")
    with pytest.raises(DomainError, match="没有编号为 LY-2020-0001 的事项"):
        office.types("cases", "answer", "LY-2020-0001", "好", "--by", "王强")


def test_an_alert_is_taken_and_only_then_read(office: Office) -> None:
    async def confess(session: AsyncSession) -> None:
        await crisis.alert(session, await _person(session), "m|1|o", "chat", "我不想活了", NOW)

    office.within(confess)

    listed = office.types("alerts", "list")
    assert listed.startswith("1  ")
    assert "还没有人收到" in listed
    assert "不想活" not in listed
    assert "原话：我不想活了" in office.types("alerts", "take", "1", "--by", "王强")
    assert office.types("alerts", "list") == "没有等待接手的提醒。\n"
    assert "由王强接手" in office.types("alerts", "list", "--all")
