"""`gonghui members changes …` as staff type it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import member_changes as cli
from app.errors import DomainError
from app.services import binding_claims, member_changes
from app.services.binding import Proof
from app.services.member_changes import Asked
from tests import making, test_cases_cli
from tests.terminal import Terminal

NOW = datetime.now(UTC)
BY = ("--by", "王强")

settings = test_cases_cli.office


@pytest.fixture
def desk(settings: Any, sqlite_url: str) -> Terminal:
    return Terminal(sqlite_url, changes=cli.app)


def ask(desk: Terminal, *, ago: timedelta = timedelta()) -> tuple[str, str]:
    """A phone number and, `ago`, a move are asked for; their numbers."""

    async def work(session: AsyncSession) -> tuple[str, str]:
        who, new = [(await making.person(session)).person_id for _ in range(2)]
        await making.member(session, person_id=who)
        phone = await member_changes.ask_phone(session, who, None, "13900001111", channel="chat", now=NOW)
        proof = Proof("10001", "李娜", phone_end="5678")
        move = await member_changes.ask_move(session, new, None, proof, channel="chat", now=NOW - ago)
        assert isinstance(move, Asked)
        return phone.number, move.number

    found: tuple[str, str] = desk.within(work)
    return found


def test_requests_are_listed_looked_at_and_decided(desk: Terminal) -> None:
    assert desk.types("changes", "list") == "没有要办的变更申请。\n"
    phone, move = ask(desk)

    listed = desk.types("changes", "list")
    assert f"{phone}  换手机号  已提交  10001 李娜  黄陵供电公司工会/北区分工会/抢修一班  最迟 " in listed
    assert f"{move}  换微信号" in listed and "异议期到 " in listed
    shown = desk.types("changes", "show", phone, *BY)
    assert "花名册里：138****5678" in shown and "新手机号：139****1111" in shown
    assert "新手机号：13900001111" in desk.types("changes", "show", phone, "--whole", *BY)
    assert "备注（王强） 查看了新手机号" in desk.types("changes", "show", phone, *BY)
    assert "申请人报对了工号、姓名和手机号后四位" in desk.types("changes", "show", move, *BY)

    assert f"{phone} 已通过" in desk.types("changes", "approve", phone, *BY)
    assert "没有再办一次" in desk.types("changes", "approve", phone, *BY)
    with pytest.raises(DomainError, match="才能通过，在这之前"):
        desk.types("changes", "approve", move, *BY)
    assert f"{move} 未通过" in desk.types("changes", "refuse", move, "没有核对上本人", *BY)
    assert desk.types("changes", "list") == "没有要办的变更申请。\n"


def test_an_objection_is_seen_and_settled_in_words(desk: Terminal) -> None:
    _, move = ask(desk, ago=timedelta(days=4))

    async def objects(session: AsyncSession) -> None:
        assert await binding_claims.object_to(session, 1, channel="chat", now=NOW) == 1

    desk.within(objects)

    assert "有异议，要当面核对" in desk.types("changes", "list")
    assert "提出了异议" in desk.types("changes", "show", move, *BY)
    with pytest.raises(DomainError, match="--despite"):
        desk.types("changes", "approve", move, *BY)
    assert "已通过" in desk.types("changes", "approve", move, "--despite", "当面核对了身份证", *BY)


def test_another_kind_of_case_is_no_change(desk: Terminal) -> None:
    with pytest.raises(DomainError, match="没有编号为 BG-2026-9999 的事项"):
        desk.types("changes", "approve", "BG-2026-9999", *BY)
