"""`gonghui audiences count`: a sentence with a number, or what was written wrongly."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.root import app
from app.database import Database
from app.errors import OperatorError
from models import Account, AccountKind, Follower
from tests import making
from tests.conftest import FakeClock


@pytest.fixture
def types(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    @asynccontextmanager
    async def assemble() -> AsyncIterator[Any]:
        database = Database(database_url)
        yield SimpleNamespace(clock=FakeClock(), database=database)
        await database.close()

    assembly = ModuleType("app.assembly")
    assembly.assemble = assemble  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "app.assembly", assembly)
    asyncio.run(_people(database_url))

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["audiences", "count", *words])
        if isinstance(result.exception, OperatorError):
            return result.exception.message
        assert result.exit_code == 0, result.output
        return result.output

    return run


async def _people(url: str) -> None:
    database = Database(url)
    async with database.transaction() as session:
        account = Account(app_id="wx", kind=AccountKind.OFFICIAL)
        session.add(account)
        await session.flush()
        for number in range(3):
            person = (await making.person(session)).person_id
            session.add(Follower(account_id=account.id, openid=f"o{number}", person_id=person))
            if number:
                await making.member(session, staff_number=f"{number}", person_id=person)
            else:
                await making.bound(session, person, area="黄陵 北区")
    await database.close()


def test_an_audience_is_counted_and_says_who_it_is(types: Any) -> None:
    assert types() == "所有关注的人，共 3 人\n"
    assert types("--member") == "会员，共 2 人\n"
    assert types("--branch", "北区分工会", "--sex", "女") == "北区分工会的女会员，共 2 人\n"
    assert types("--kind", "退休", "--kind", "劳务派遣") == "退休、劳务派遣会员，共 0 人\n"
    assert types("--tag", "职工") == "职工，共 0 人\n"
    either = "{any: [{member: true}, {area: 黄陵 北区}], but: {kind: 退休}}"
    assert types("--when", either) == "会员或黄陵 北区的客户（退休会员除外），共 3 人\n"
    assert types("--activity", "读书会") == "报上「读书会」的人，共 0 人\n"
    assert types("--area", "黄陵 北区") == "黄陵 北区的客户，共 1 人\n"


def test_what_is_written_wrongly_is_said(types: Any) -> None:
    assert types("--when", "{any: [") == "--when 的写法不对，请检查括号、冒号和引号。"
    assert types("--when", "{any: [{kind: 退}]}").startswith("--any.0.kind：「退」不对。")
    assert types("--when", "{tag: 甲}", "--member") == "--when 已经写全了，别的选项请写到它里面。"
    assert types("--when", "职工").startswith("--when：")
    assert types("--kind", "退") == "--kind：「退」不对。请写在职、劳务派遣、退休。"
    assert types("--tag", "长" * 31) == "--tag：写的内容不对。"
