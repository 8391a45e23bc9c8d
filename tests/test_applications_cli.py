"""`gonghui applications …` as a branch's staff type it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import applications
from app.cli import members as members_cli
from app.errors import DomainError, OperatorError
from models import MembershipApplication
from tests import test_cases_cli
from tests.joining import applied
from tests.terminal import Terminal

BY = ("--by", "王强")
NOW = datetime.now(UTC)

settings = test_cases_cli.office


@pytest.fixture
def desk(settings: Any, sqlite_url: str, tmp_path: Path) -> Terminal:
    return Terminal(sqlite_url, applications=applications.app, members=members_cli.app)


def apply(desk: Terminal, now: datetime = NOW) -> str:
    async def bring(session: AsyncSession) -> str:
        return (await applied(session, now=now))[1]

    return str(desk.within(bring))


def test_from_the_form_to_a_member(desk: Terminal) -> None:
    assert desk.types("applications", "list") == "没有入会申请。\n"
    number = apply(desk)

    listed = desk.types("applications", "list")
    assert listed.startswith(f"{number}  已提交  赵敏  在职  黄陵供电公司工会/北区分工会/抢修一班  最迟 ")
    assert desk.types("applications", "take", number, *BY) == f"{number} 由王强接办。\n"
    assert "审查中  赵敏" in desk.types("applications", "list", "--branch", "北区分工会")
    asked = desk.types("applications", "ask", number, "请补工作证照片", *BY)
    assert (
        asked == f"{number} 已请本人补正。本人没有关注公众号，收不到，请打电话告诉；以后来说话时就会看到。\n"
    )
    assert "王强接办  等本人补正" in desk.types("applications", "list")

    done = desk.types("applications", "approve", number, "--joined-on", "2026-12-01", *BY)

    assert f"{number} 已通过" in done
    assert "20001　赵敏　在职　黄陵供电公司工会/北区分工会/抢修一班　配电运维　已绑定" in done
    again = desk.types("applications", "approve", number, *BY)
    assert again.startswith(f"{number} 早就是「已通过」了，没有再办一次。\n")
    assert desk.types("applications", "list") == "没有入会申请。\n"
    assert "已通过  赵敏" in desk.types("applications", "list", "--over")
    assert "入会日期：2026-12-01" in desk.types("members", "show", "20001")


def test_private_fields_are_masked_and_a_look_is_noted(desk: Terminal) -> None:
    number = apply(desk)

    masked = desk.types("applications", "show", number, *BY)
    assert "手机号：139****1111" in masked and "出生日期：1995-**-**" in masked
    assert "入会声明：" in masked and "2026-11 版" in masked
    whole = desk.types("applications", "show", number, "--whole", *BY)
    assert "手机号：13900001111" in whole and "出生日期：1995-06-01" in whole
    assert "备注（王强） 查看了手机号和出生日期" in desk.types("applications", "show", number, *BY)


def test_a_refusal_has_its_reason(desk: Terminal) -> None:
    number = apply(desk)

    assert f"{number} 未通过" in desk.types("applications", "refuse", number, "不在本单位工作", *BY)
    assert "没有再办一次" in desk.types("applications", "refuse", number, "不在本单位工作", *BY)
    with pytest.raises(DomainError, match="未通过，不能再改"):
        desk.types("applications", "approve", number, *BY)


def test_what_is_late_or_near_is_said_first(desk: Terminal) -> None:
    late, _ = apply(desk), apply(desk)

    async def runs_late(session: AsyncSession) -> None:
        moved = sa.update(MembershipApplication).where(MembershipApplication.id == 1)
        await session.execute(moved.values(due_at=NOW - timedelta(hours=1), near_at=None))
        near = sa.update(MembershipApplication).where(MembershipApplication.id == 2)
        await session.execute(near.values(near_at=None))

    desk.within(runs_late)

    lines = desk.types("applications", "list").splitlines()
    assert lines[0] == "有 1 份超过了答复时限，请先办。"
    assert lines[1].startswith(late) and "已超时" in lines[1]
    assert "快到期，最迟" in lines[2]


def test_what_cannot_be_is_refused_in_a_sentence(desk: Terminal) -> None:
    number = apply(desk)

    with pytest.raises(DomainError, match="没有编号为 RH-2026-9999 的事项"):
        desk.types("applications", "show", "RH-2026-9999", *BY)
    with pytest.raises(OperatorError, match="入会日期「昨天」不是日期"):
        desk.types("applications", "approve", number, "--joined-on", "昨天", *BY)
    with pytest.raises(DomainError, match="没有找到组织"):
        desk.types("applications", "list", "--branch", "没有的分工会")
    with pytest.raises(DomainError, match="要补正的内容是空的"):
        desk.types("applications", "ask", number, " ", *BY)
