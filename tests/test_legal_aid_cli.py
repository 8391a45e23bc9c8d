"""Lawyers at a terminal: `gonghui cases` for consultations."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError
from app.services import cases
from app.services.consultation_facts import Opponent
from app.services.legal_topics import LegalTopic
from app.services.statutory_deadlines import Dates
from models import CaseKind, DeliveryState, Outbox
from tests import aiding, consulting, test_cases_cli
from tests.test_cases_cli import Office

office = test_cases_cli.office

NOW = datetime.now(UTC)
BY = ("--by", "张律师")


def consult(office: Office, facts: dict[str, Any] | None = None, **changed: Any) -> str:
    async def bring(session: AsyncSession) -> str:
        person = await test_cases_cli._person(session, facts)
        return (await consulting.consult(session, person, now=NOW, **changed)).number

    return str(office.within(bring))


def sent(office: Office) -> list[tuple[str, DeliveryState, str]]:
    async def look(session: AsyncSession) -> list[tuple[str, DeliveryState, str]]:
        rows: Any = await session.scalars(sa.select(Outbox).order_by(Outbox.id))
        return [(row.kind, row.state, row.payload["content"]) for row in rows]

    found: list[tuple[str, DeliveryState, str]] = office.within(look)
    return found


def test_the_list_says_what_is_urgent_and_whom_it_must_not_reach(office: Office) -> None:
    plain = consult(office)
    award = Dates(award_on=civil_date(NOW) - timedelta(days=10))
    urgent = consult(office, dates=award, opponent=Opponent.OWN_COMPANY)
    office.case()

    listed = office.types("cases", "list").splitlines()

    head = f"{urgent}  法律咨询（工资、加班费）  已提交  实名  加急  对方是本公司  最迟答复 "
    assert listed[0].startswith(head)
    assert any(
        line.startswith(f"{plain}  法律咨询（工资、加班费）  已提交  实名  最迟答复 ") for line in listed
    )
    assert len(office.types("cases", "list", "--kind", "consultation").splitlines()) == 2
    assert office.types("cases", "list", "--kind", "desk") == "没有要办的事项。\n"


def test_a_lawyer_reads_what_was_answered_and_what_follows(office: Office) -> None:
    day = civil_date(NOW) - timedelta(days=3)
    number = consult(
        office,
        topic=LegalTopic.CONTRACT,
        dates=Dates(known_on=day, award_on=civil_date(NOW) - timedelta(days=12)),
        opponent=Opponent.OWN_COMPANY,
    )

    shown = office.types("cases", "show", number, *BY).splitlines()

    assert shown[1] == "对方是本公司：不得交给公司的法务部门，请由县总工会安排的律师办理。"
    assert shown[2].startswith("期限：不服裁决去法院起诉最晚 ")
    assert shown[2].endswith("还有 3 天。（按本人说的日期算，请核对）")
    assert shown[3] == "离期限不足 7 天：请先帮、后补材料（《法律援助法》第四十四条）。"
    assert f"知道的日期：{day}" in shown
    assert "对方：就是我们供电公司" in shown
    assert "做过什么：和单位谈过" in shown
    assert any(line.startswith("告知：") and line.endswith("同意（2026-12 版）") for line in shown)
    assert shown[-1].endswith("来件 公司三个月没发工资")


def test_answered_asked_and_closed_from_the_terminal(office: Office) -> None:
    number = consult(office)

    asked = office.types("cases", "ask", number.lower(), "合同是哪年签的？", *BY)
    assert asked == f"{number} 已问本人。本人没有关注公众号，收不到，请打电话告诉；以后来说话时就会看到。\n"
    assert "待用户补充" in office.types("cases", "list")
    answered = office.types("cases", "answer", number, "可以申请仲裁。", *BY)
    assert answered.startswith(f"{number} 已答复。")
    assert office.types("cases", "close", number, *BY) == f"{number} 已办结。\n"

    thread = [line.partition(" ")[2] for line in office.types("cases", "show", number, *BY).splitlines()]
    assert [line.partition(" ")[2] for line in thread][-6:] == [
        "过程（张律师） 已提交 → 已分诊",
        "过程（张律师） 已分诊 → 已派单",
        "过程（张律师） 已派单 → 处理中",
        "追问（张律师） 处理中 → 待用户补充 合同是哪年签的？",
        "答复（张律师） 待用户补充 → 已答复 可以申请仲裁。",
        "过程（张律师） 已答复 → 已办结",
    ]
    assert sent(office) == [
        (
            "cases.asked",
            DeliveryState.SKIPPED,  # it was answered before anybody read the question
            f"您的法律咨询 {number}，律师想再问您：\n合同是哪年签的？\n"
            "请回复「补充咨询」告诉律师，可以发文字、图片或语音。",
        ),
        (
            "cases.answered",
            DeliveryState.QUEUED,
            f"您的法律咨询 {number} 有答复了：\n可以申请仲裁。\n以承办律师、仲裁机构的意见为准。",
        ),
    ]


def test_who_is_here_reads_it_at_once(office: Office) -> None:
    number = consult(office, facts={"spoke_at": datetime.now(UTC)})

    assert "这就送到本人的微信" in office.types("cases", "ask", number, "合同是哪年签的？", *BY)


def test_handing_on_says_where_and_with_which_consent(office: Office) -> None:
    number = consult(office)

    with pytest.raises(DomainError, match="要征得本人单独同意"):
        office.types("cases", "refer", number, "--to", "县法律援助中心", "--consent", "", *BY)
    told = office.types(
        "cases", "refer", number, "--to", "县法律援助中心", "--consent", "今天电话里同意", *BY
    )

    assert told.startswith(f"{number} 已转介。")
    shown = office.types("cases", "show", number, *BY)
    assert "转介到：县法律援助中心" in shown
    assert "转到县法律援助中心；本人同意：今天电话里同意" in shown
    assert office.types("cases", "list") == "没有要办的事项。\n"


def test_what_cannot_be_is_refused_in_a_sentence(office: Office) -> None:
    number, left = consult(office, opponent=Opponent.OWN_COMPANY), office.case()

    with pytest.raises(DomainError, match="请先答复再办结"):
        office.types("cases", "close", number, *BY)
    with pytest.raises(DomainError, match="不能交给公司的法务部门"):
        office.types("cases", "refer", number, "--to", "公司法务部", "--consent", "同意", *BY)
    with pytest.raises(DomainError, match="只有咨询能这样办"):
        office.types("cases", "ask", left, "哪天？", *BY)
    with pytest.raises(DomainError, match="要问的话是空的"):
        office.types("cases", "ask", number, " ", *BY)


def test_the_telephone_number_is_shown_on_demand_and_noted(office: Office) -> None:
    number = consult(office, contact="13812345678")

    assert "13812345678" not in office.types("cases", "show", number, *BY)
    assert "联系电话：13812345678" in office.types("cases", "show", number, "--contact", *BY)
    assert "备注（张律师） 查看了联系电话" in office.types("cases", "show", number, *BY)


def test_an_answer_cut_off_in_the_middle_leaves_the_case_as_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = consult(office)
    from app.services import case_notices

    async def breaks(*given: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(case_notices, "reporter", breaks)
        with pytest.raises(ConnectionError):
            office.types("cases", "answer", number, "可以申请仲裁。", *BY)

    assert office.types("cases", "show", number, *BY).count(" → ") == 0
    assert sent(office) == []
    assert "已答复" in office.types("cases", "answer", number, "可以申请仲裁。", *BY)

    async def mine(session: AsyncSession) -> str:
        return (await cases.list_mine(session, 1, 8, CaseKind.CONSULTATION))[0].answer

    assert office.within(mine) == "可以申请仲裁。"


def test_applications_for_aid_are_listed_and_shown_with_their_clock(office: Office) -> None:
    async def bring(session: AsyncSession) -> str:
        person = await test_cases_cli._person(session, None)
        return (await aiding.apply(session, person, now=NOW, opponent=Opponent.OWN_COMPANY)).number

    number = str(office.within(bring))

    (listed,) = office.types("cases", "list", "--kind", "legal_aid").splitlines()
    head = f"{number}  法律援助申请（确认劳动关系、追讨工资）  已申请  实名  对方是本公司  最迟答复 "
    assert listed.startswith(head)
    shown = office.types("cases", "show", number, *BY)
    assert "不得交给公司的法务部门" in shown and "理由：都不是，家庭经济困难" in shown
