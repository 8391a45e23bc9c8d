"""Whose a case is, in the console: taking it, handing it on, giving it back, and finding one's own."""

import re

import pytest

from app.services import case_work, cases
from app.services.consultation_facts import Opponent
from models import CaseState, EntryKind, Role
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import HOSTILE, acts, case_of, consults, leaves

__all__ = ["admin", "ends"]
ADMIN = "王强"


@pytest.fixture
async def zhang(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


@pytest.fixture
async def li(ends: Ends) -> Worker:
    return await at_work(ends, "李律师", Role.LAWYER)


def choice(page: str, name: str) -> str:
    """The value of the radio button beside a name."""
    found = re.search(rf'name="to" value="(\w+)" required[^>]*> {name}<', page)
    assert found, page
    return found[1]


async def test_from_the_queue_to_ones_own_and_back(ends: Ends, zhang: Worker, li: Worker) -> None:
    number, other = await consults(ends), await consults(ends)
    at = f"/consultations/{number}"
    assert "待接" in await zhang.reads("/consultations")

    assert f"{number} 由您接手了" in await zhang.does(f"{at}/take")

    page = await zhang.reads(at)
    assert "由您在办" in page and "还没有答复就退回待接" in page and 'data-test="take"' not in page
    assert "由张律师在办" in await li.reads(at)
    told = await li.sends(f"{at}/take")
    assert told.status_code == 422 and "已由张律师接手" in told.text
    mine, free = await zhang.reads("/consultations?owner=mine"), await li.reads("/consultations?owner=free")
    assert number in mine and other not in mine and other in free and number not in free
    assert "其中我接手的法律咨询" in await zhang.reads("")
    assert "其中我接手的法律咨询" not in await li.reads("")

    assert "已退回待接" in await zhang.does(f"{at}/return")
    case = await case_of(ends, number)
    assert (case.owner_id, case.state) == (None, CaseState.TRIAGED)
    assert [act.subject for act in await acts_of(ends, "case.take")] == [number]
    assert [act.subject for act in await acts_of(ends, "case.return")] == [number]


async def test_handed_on_with_a_word_that_only_staff_read(ends: Ends, zhang: Worker, li: Worker) -> None:
    number = await consults(ends)
    await at_work(ends, "王编辑", Role.EDITOR)
    at = f"/consultations/{number}"

    page = await zhang.reads(f"{at}/hand")
    assert "现在没有人接手" in page and "李律师" in page and "王编辑" not in page
    assert f"{number} 已交给李律师" in await zhang.does(f"{at}/hand", to=choice(page, "李律师"), why=HOSTILE)

    page = await li.reads(at)
    assert "由您在办" in page and "<script>alert" not in page and "张律师转给李律师" in page
    again = await zhang.sends(f"{at}/hand", to=choice(await zhang.reads(f"{at}/hand"), "张律师"), why="")
    assert again.status_code == 303, "back to oneself is taking it over"
    for nobody in ("", "nobody", "1"):
        refused = await zhang.sends(f"{at}/hand", to=nobody, why="写好的说明")
        assert refused.status_code in (404, 422) and "写好的说明" in refused.text
    hand = await acts_of(ends, "case.hand")
    assert [act.reason is None for act in hand] == [False, True]


async def test_whoever_answers_what_nobody_took_has_it(ends: Ends, zhang: Worker, li: Worker) -> None:
    number = await consults(ends)
    path = f"/consultations/{number}"

    assert (await acts(zhang, path, do="answer", text="可以申请仲裁。", how="answer")).status_code == 303
    assert "由您在办" in await zhang.reads(path)
    told = await li.sends(f"{path}/take")
    assert told.status_code == 422 and "已答复，不用接手" in told.text


async def test_words_of_others_are_told_by_name_in_the_list(ends: Ends, admin: Worker, zhang: Worker) -> None:
    number = await leaves(ends, anonymous=True)
    await admin.does(f"/cases/{number}/take")

    assert ADMIN in await admin.reads("/cases")
    for path in ("take", "return", "hand"):
        assert (await zhang.sends(f"/cases/{number}/{path}")).status_code == 403
    async with ends.house.database.reading() as session:
        case = await case_work.get_case(session, number)
        entries = await case_work.list_entries(session, case)
    assert any("接手" in cases.text_of(each) for each in entries if each.kind is EntryKind.EVENT)
    (act,) = await acts_of(ends, "case.take")
    assert act.subject == "", "nothing outside of what is sealed names an anonymous case"


async def test_the_companys_lawyer_does_not_see_what_is_against_the_company(
    ends: Ends, zhang: Worker
) -> None:
    qian = await at_work(ends, "钱法务", Role.COMPANY_LAWYER, Role.LAWYER)
    number, other = await consults(ends, opponent=Opponent.OWN_COMPANY), await consults(ends)
    at = f"/consultations/{number}"

    assert number in await zhang.reads("/consultations")
    page = await qian.reads("/consultations")
    assert other in page and number not in page
    assert f'{at}"' not in await qian.reads(f"/search?q={number}")
    assert (await qian.gets(at)).status_code == 404
    for act in ("take", "answer", "note", "reveal", "files/1", "files/1/original", "print", "draft"):
        assert (await qian.sends(f"{at}/{act}", why="看看", text="看看")).status_code == 404, act
    assert "钱法务" not in await zhang.reads(at)
