"""The counsellors' and the doctors' rooms: whose they are, answering, the warning, who it is, files."""

from typing import Any

import pytest

from app.services import case_work, crisis
from app.services.care_facts import Intake, Wanted
from app.services.care_wording import ADVICE_TO_GO
from app.services.staff import Wanted as Given
from models import CannedReply, Case, CaseKind, CaseState, Role
from tests import caring, making
from tests.both_ends import Ends
from tests.caring import bring, look
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.consulting import consult, person
from tests.test_console_cases import acts, picture

__all__ = ["admin", "ends"]
COUNSEL_ROOM, HEALTH_ROOM, LEGAL_ROOM = "/counselling", "/health", "/consultations"
DARK = [{"type": "text", "text": "我不想活了"}]


async def brings(ends: Ends, intake: Intake = caring.COUNSEL, **changed: Any) -> str:
    async with ends.house.database.transaction() as session:
        li = await person(session)
        now = ends.house.clock.now()
        return (await bring(session, li, intake, now=now, **changed)).opened.number


async def case_of(ends: Ends, number: str) -> Case:
    async with ends.house.database.reading() as session:
        return await case_work.get_case(session, number)


@pytest.fixture
async def counsellor(ends: Ends) -> Worker:
    return await at_work(ends, "周咨询师", Role.COUNSELLOR)


@pytest.fixture
async def doctor(ends: Ends) -> Worker:
    return await at_work(ends, "孙医生", Role.DOCTOR)


# --- whose room it is ------------------------------------------------------------------------------------


async def test_each_profession_reads_its_own_and_nothing_else(
    ends: Ends,
    admin: Worker,
    counsellor: Worker,
    doctor: Worker,
) -> None:
    lawyer = await at_work(ends, "张律师", Role.LAWYER)
    async with ends.house.database.transaction() as session:
        legal = (await consult(session, await person(session), now=ends.house.clock.now())).number
    numbers = {
        COUNSEL_ROOM: await brings(ends),
        HEALTH_ROOM: await brings(ends, caring.HEALTH),
        LEGAL_ROOM: legal,
    }
    owns = ((counsellor, COUNSEL_ROOM), (doctor, HEALTH_ROOM), (lawyer, LEGAL_ROOM), (admin, ""))

    for worker, own in owns:
        for room, number in numbers.items():
            if room == own:
                assert number in await worker.reads(room)
                assert number in await worker.reads(f"{room}/{number}")
                continue
            assert (await worker.gets(room)).status_code == 403, (worker.login, room)
            assert (await worker.gets(f"{room}/{number}")).status_code == 403
            for act in ("take", "answer", "close", "call", "reveal", "refer", "hand", "return", "files/1"):
                refused = await worker.sends(
                    f"{room}/{number}/{act}", text="x", seen="1", why="x", danger="yes"
                )
                assert refused.status_code == 403, (worker.login, room, act)
            if own:  # by one's own door
                assert (await worker.gets(f"{own}/{number}")).status_code == 404
                assert (await worker.sends(f"{own}/{number}/answer", text="x", seen="1")).status_code == 404
            assert f"{room}/{number}" not in await worker.reads(f"/search?q={number}")
    assert await acts_of(ends, "case.answer") == [] == await acts_of(ends, "case.reporter")


async def test_a_counsellor_of_one_branch_reads_none(ends: Ends) -> None:
    """What belongs to no branch is the whole union's."""
    async with ends.house.database.transaction() as session:
        branch = (await making.branch(session, "黄陵供电公司工会/北区分工会")).id
    number = await brings(ends)
    wu = await at_work(ends, "吴咨询师", Given(Role.COUNSELLOR, branch))

    assert number not in await wu.reads(COUNSEL_ROOM)
    assert (await wu.gets(f"{COUNSEL_ROOM}/{number}")).status_code == 404


# --- answering -------------------------------------------------------------------------------------------


async def test_a_counsellor_asks_answers_and_closes(ends: Ends, counsellor: Worker) -> None:
    number = await brings(ends)
    path = f"{COUNSEL_ROOM}/{number}"
    page = await counsellor.reads(path)
    assert "小雨" in page and "保密" in page and "实名" not in page and "工作压力" in page
    assert "等答复的心理疏导" in await counsellor.reads("")

    assert (await acts(counsellor, path, do="answer", how="ask", text="睡得好吗？")).status_code == 303
    assert "在等本人补充" in await counsellor.reads(path)
    assert (await acts(counsellor, path, do="answer", how="answer", text="先歇一歇。")).status_code == 303
    assert (await acts(counsellor, path, do="close")).status_code == 303

    assert (await case_of(ends, number)).state is CaseState.CLOSED
    assert [act.act for act in await acts_of(ends)][-3:] == ["case.ask", "case.answer", "case.close"]


@pytest.mark.parametrize("how", ["answer", "ask"])
async def test_words_of_a_surgery_are_warned_of_and_sent_when_pressed_again(
    ends: Ends,
    doctor: Worker,
    how: str,
) -> None:
    number = await brings(ends, caring.HEALTH)
    path = f"{HEALTH_ROOM}/{number}"
    text = "缬沙坦 80 mg 每日一次"

    warned = await acts(doctor, path, do="answer", how=how, text=text)
    assert warned.status_code == 422 and "像诊断、处方的话：80 mg、每日一次" in warned.text
    assert text in warned.text and 'name="warned_of" value="80 mg、每日一次"' in warned.text
    assert (await case_of(ends, number)).state is CaseState.SUBMITTED

    more = await acts(doctor, path, do="answer", how=how, text=f"{text}，确诊了", warned_of="80 mg、每日一次")
    assert more.status_code == 422 and "确诊" in more.text  # other words, another warning
    sent = await acts(doctor, path, do="answer", how=how, text=text, warned_of="80 mg、每日一次")
    assert sent.status_code == 303


async def test_a_button_writes_the_way_to_a_hospital(ends: Ends, doctor: Worker) -> None:
    number = await brings(ends, caring.HEALTH)
    path = f"{HEALTH_ROOM}/{number}"
    assert 'data-test="hospital"' in await doctor.reads(path)

    page = await acts(doctor, path, do="answer", how="hospital", text="血压偏高<b>")

    assert page.status_code == 200 and f"血压偏高&lt;b&gt;\n{ADVICE_TO_GO[CaseKind.HEALTH]}" in page.text
    assert (await case_of(ends, number)).state is CaseState.SUBMITTED and await acts_of(
        ends, "case.answer"
    ) == []


async def test_each_profession_has_words_of_its_own(ends: Ends, counsellor: Worker, doctor: Worker) -> None:
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        session.add(
            CannedReply(title="先听着", text="我在听。", rooms=["counsel"], changed_by="周", changed_at=now)
        )
    mind, health = await brings(ends), await brings(ends, caring.HEALTH)

    assert "先听着" in await counsellor.reads(f"{COUNSEL_ROOM}/{mind}")
    assert "先听着" not in await doctor.reads(f"{HEALTH_ROOM}/{health}")


async def test_lawyers_are_neither_warned_nor_sent_to_a_hospital(ends: Ends) -> None:
    lawyer = await at_work(ends, "张律师", Role.LAWYER)
    async with ends.house.database.transaction() as session:
        legal = (await consult(session, await person(session), now=ends.house.clock.now())).number
    path = f"{LEGAL_ROOM}/{legal}"
    assert 'data-test="hospital"' not in await lawyer.reads(path)

    same = await acts(lawyer, path, do="answer", how="hospital", text="带上诊断证明")
    assert same.status_code == 200 and "医院" not in same.text
    assert (await acts(lawyer, path, do="answer", how="answer", text="带上诊断证明")).status_code == 303


async def test_somebody_elses_answer_meanwhile_is_said(ends: Ends, counsellor: Worker) -> None:
    number = await brings(ends)
    wu = await at_work(ends, "吴咨询师", Role.COUNSELLOR)
    path = f"{COUNSEL_ROOM}/{number}"
    await acts(wu, path, do="answer", how="answer", text="我在。")

    late = await counsellor.sends(f"{path}/answer", seen="1", how="answer", text="我也在。")

    assert late.status_code == 422 and "吴咨询师" in late.text and "我也在。" in late.text


async def test_danger_comes_first_and_says_what_to_do(ends: Ends, counsellor: Worker) -> None:
    plain = await brings(ends)
    await ends.moves_time(hours=1)
    dark = await brings(ends, parts=DARK)

    page = await counsellor.reads(COUNSEL_ROOM)

    assert page.index(dark) < page.index(plain) and "加急" in page
    assert "先确认本人安全" in await counsellor.reads(f"{COUNSEL_ROOM}/{dark}")
    assert "先确认本人安全" not in await counsellor.reads(f"{COUNSEL_ROOM}/{plain}")


# --- who it is -------------------------------------------------------------------------------------------


async def test_who_it_is_takes_a_reason_and_a_danger(ends: Ends, counsellor: Worker) -> None:
    number = await brings(ends)
    path = f"{COUNSEL_ROOM}/{number}"
    assert "只有本人或别人有生命危险时才能看" in await counsellor.reads(path)

    refused = await acts(counsellor, path, do="reveal", why="想当面谈谈")
    assert (
        refused.status_code == 422 and "答应过本人不查是谁" in refused.text and "想当面谈谈" in refused.text
    )
    assert (await acts(counsellor, path, do="reveal", why="", danger="yes")).status_code == 422
    assert await acts_of(ends, "case.reporter") == []

    shown = await acts(counsellor, path, do="reveal", why="说要跳楼", danger="yes")
    assert shown.status_code == 200 and 'data-test="known"' in shown.text
    (act,) = await acts_of(ends, "case.reporter")
    assert (act.subject, act.by, act.reason) == (number, "周咨询师", "说要跳楼")


async def test_an_open_alert_is_danger_enough(ends: Ends, doctor: Worker) -> None:
    async with ends.house.database.transaction() as session:
        li = await person(session)
        now = ends.house.clock.now()
        number = (await bring(session, li, caring.HEALTH, now=now)).opened.number
        await crisis.alert(session, li, "m|1", "chat", "不想活了", now)

    shown = await acts(doctor, f"{HEALTH_ROOM}/{number}", do="reveal", why="马上联系家里")

    assert shown.status_code == 200 and 'data-test="known"' in shown.text


async def test_the_number_to_call_is_shown_by_an_act(ends: Ends, counsellor: Worker) -> None:
    number = await brings(ends, wanted=Wanted.CALL, contact="13812345678")
    path = f"{COUNSEL_ROOM}/{number}"
    page = await counsellor.reads(path)
    assert "13812345678" not in page and "想通电话" in page

    assert "13812345678" in (await acts(counsellor, path, do="call")).text
    assert len(await acts_of(ends, "case.contact")) == 1


async def test_looking_at_a_picture_is_an_act(ends: Ends, doctor: Worker) -> None:
    parts = [{"type": "text", "text": "报告"}, {"type": "image", "file": await picture(ends)}]
    number = await brings(ends, caring.HEALTH, parts=parts)
    path = f"{HEALTH_ROOM}/{number}"
    assert "<img" not in await doctor.reads(path)
    assert (await doctor.gets(f"{path}/files/1")).status_code == 405

    assert (await doctor.sends(f"{path}/files/1")).status_code == 200

    (act,) = await acts_of(ends, "case.files")
    assert (act.subject, act.by) == (number, "孙医生")


async def test_referring_keeps_the_consent(ends: Ends, counsellor: Worker) -> None:
    number = await brings(ends)
    path = f"{COUNSEL_ROOM}/{number}"
    silent = await acts(counsellor, path, do="refer", to="市中心医院", consent="")
    assert silent.status_code == 422 and "征得本人单独同意" in silent.text

    done = await acts(counsellor, path, do="refer", to="市中心医院", consent="今天本人同意")

    assert done.status_code == 303
    async with ends.house.database.reading() as session:
        case, facts = await look(session, number)
    assert case.state is CaseState.REFERRED and facts.referral_consent_at is not None


async def test_a_case_is_handed_to_those_of_the_profession_alone(
    ends: Ends,
    counsellor: Worker,
    doctor: Worker,
) -> None:
    number = await brings(ends)
    await at_work(ends, "吴咨询师", Role.COUNSELLOR)
    path = f"{COUNSEL_ROOM}/{number}"
    assert (await acts(counsellor, path, do="take")).status_code == 303

    able = await counsellor.reads(f"{path}/hand")

    assert "吴咨询师" in able and "孙医生" not in able and "王强" not in able
