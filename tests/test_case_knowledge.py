"""An answer to one becomes an answer for all, and nothing of whom it was about goes with it."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import closed_cases, redacting
from app.services.case_work import get_case
from app.services.staff import Wanted
from models import ArticleState, CaseKnowledge, ContentDraft, LawAnswer, Role
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_cases import consults, leaves

__all__ = ["admin", "ends"]
STORY = (
    "我叫李建国，在红星煤矿有限公司上班，张经理说3月5日发工资，"
    "电话13812345678，住轩辕路12号楼3单元501室。公司三个月没发工资<script>怎么办？"
)
ANSWER = "可以向劳动监察投诉。先保留工资条；再申请仲裁。李建国也可以来窗口。"
KEY = re.compile(r'name="key" value="([\w-]+)"')
CLEAN: dict[str, Any] = {
    "kind": "law",
    "title": "单位几个月不发工资",
    "category": "wages",
    "short": "可以向劳动监察投诉，也可以申请仲裁。",
    "steps": "先保留工资条。\n再申请仲裁。",
    "law": "《劳动法》第五十条",
    "ask": "老板拖着不给钱怎么办",
    "source": "《中华人民共和国劳动法》",
    "checked": "yes",
}
WHOLE: dict[str, Any] = {
    name: CLEAN[name] for name in ("title", "category", "short", "law", "ask", "source")
} | {
    "call": ["12333"],
    "reviewer": "县总工会法律部",
    "reviewed_on": "2026-11-01",
    "block_type": ["step", "step"],
    "block_text": ["先保留工资条。", "再申请仲裁。"],
    "do": "submit",
}


@pytest.fixture
async def lawyer(ends: Ends) -> Worker:
    return await at_work(ends, "张律师", Role.LAWYER)


async def answered(ends: Ends, story: str = STORY) -> str:
    number = await consults(ends, parts=[{"type": "text", "text": story}], opponent_name="红星煤矿")
    await ends.answer(number, ANSWER)
    return number


async def drafts(ends: Ends) -> list[ContentDraft]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(ContentDraft).order_by(ContentDraft.id)))


# --- what is taken out --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "personal",
    [
        *(
            "李建国",
            "王小明",
            "13812345678",
            "138 1234 5678",
            "0911-5212345",
            "61063219850305123X",
            "a.b@qq.com",
        ),
        *("2026年3月5日", "3月5号", "2026-03-05", "二〇二五年十月", "黄陵县", "轩辕路12号楼3单元501室"),
        *("西安红光电力有限公司", "FL-2026-0001", "6101234567"),
    ],
)
def test_what_tells_of_somebody_is_taken_out(personal: str) -> None:
    parts = redacting.redacted(f"请问，{personal}，这样行吗？")

    assert personal not in redacting.plain(parts)
    assert any(part.what for part in parts)


@pytest.mark.parametrize(
    "words",
    [
        "劳动合同法第三十六条规定，用人单位与劳动者协商一致，可以解除劳动合同。",
        "向律师咨询，打12333、12348或者95598。",
        "赔偿100000元，30日内申请。",
    ],
)
def test_what_is_of_everybody_stays(words: str) -> None:
    assert redacting.plain(redacting.redacted(words)) == words
    assert redacting.left_over(words) == []


def test_of_an_anonymous_case_not_even_yesterday_is_left() -> None:
    words = "昨天下午3点，上个月、去年、周五都来过"

    left = redacting.plain(redacting.redacted(words, days=True))

    assert not any(each in left for each in ("昨天", "3点", "上个月", "去年", "周五"))


def test_names_that_are_known_are_taken_out_however_odd() -> None:
    assert redacting.plain(redacting.redacted("找老K问灰狼队", ["灰狼队"], ["老K"])) == "找〔姓名〕问〔单位〕"


# --- the way of a draft -------------------------------------------------------------------------------------


async def test_from_a_case_to_an_answer_for_all_by_two_people(ends: Ends, lawyer: Worker) -> None:
    number = await answered(ends)
    page = await lawyer.reads(f"/consultations/{number}/knowledge")
    assert "<mark>〔姓名〕</mark>" in page and "<mark>〔电话〕</mark>" in page
    assert not any(
        each in page for each in ("李建国", "13812345678", "红星煤矿", "轩辕路", "3月5日", "<script>怎")
    )

    found = KEY.search(page)
    assert found
    told = await lawyer.does(f"/consultations/{number}/knowledge", key=found[1], **CLEAN)
    assert "已写成草稿" in told and CLEAN["title"] in told
    (draft,) = await drafts(ends)
    assert (draft.key, draft.state) == (found[1], ArticleState.DRAFT)
    (act,) = await acts_of(ends, "case.knowledge")
    assert act.subject == number

    writer, approver = await at_work(ends, "张伟", Role.EDITOR), await at_work(ends, "李娜", Role.APPROVER)
    at = f"/content/law/{draft.key}"
    assert number not in await writer.reads(at)
    await writer.does(f"{at}/edit", **WHOLE, version=draft.version)
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(LawAnswer).where(LawAnswer.slug == draft.key)) is None
    (draft,) = await drafts(ends)
    await approver.does(f"{at}/approve", version=draft.version)

    public = await ends.browser().get(f"/laws/{draft.key}")
    assert CLEAN["title"] in public.text and number not in public.text
    async with ends.house.database.reading() as session:
        shown = (await session.scalars(sa.select(LawAnswer).where(LawAnswer.slug == draft.key))).one()
    assert number not in str(shown.data)
    assert "已发布" in await lawyer.reads(f"/consultations/{number}")


async def test_who_began_it_does_not_approve_it(ends: Ends) -> None:
    both = await at_work(ends, "张律师", Role.LAWYER, Role.EDITOR, Role.APPROVER)
    number = await answered(ends)
    await both.does(f"/consultations/{number}/knowledge", key="law-0123456789ab", **CLEAN)
    (draft,) = await drafts(ends)
    at = f"/content/law/{draft.key}"
    await both.does(f"{at}/edit", **WHOLE, version=draft.version)
    (draft,) = await drafts(ends)

    refused = await both.sends(f"{at}/approve", version=draft.version)

    assert "请另一位审核人审核" in refused.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"checked": ""}, "已核对没有个人信息"),
        ({"steps": "打13812345678问"}, "13812345678"),
        ({"short": "〔姓名〕可以投诉"}, "〔姓名〕"),
        ({"ask": "FL-2026-0001 那件事"}, "FL-2026-0001"),
        ({"title": ""}, "请先写标题"),
        ({"kind": "article"}, "只能写成"),
        ({"kind": "nonsense"}, "只能写成"),
    ],
)
async def test_what_is_not_clean_is_given_back_with_what_was_typed(
    ends: Ends, lawyer: Worker, changed: dict[str, str], said: str
) -> None:
    number = await answered(ends)

    refused = await lawyer.sends(
        f"/consultations/{number}/knowledge", key="law-0123456789ab", **CLEAN | changed
    )

    assert refused.status_code == 422
    assert said in refused.text
    if "kind" not in changed:
        assert CLEAN["source"] in refused.text
    assert await drafts(ends) == []


async def test_the_same_form_twice_is_one_draft(ends: Ends, lawyer: Worker) -> None:
    number = await answered(ends)

    for _ in range(2):
        page = await lawyer.does(f"/consultations/{number}/knowledge", key="law-0123456789ab", **CLEAN)

    assert "已经保存过" in page
    assert len(await drafts(ends)) == 1
    assert page.count("写成了知识") == 1


async def test_an_anonymous_case_leaves_no_day_behind_and_no_number_in_the_record(
    ends: Ends, admin: Worker
) -> None:
    number = await leaves(ends, "昨天下午3点，班长没发手套", anonymous=True)
    await ends.answer(number, "请到后勤领。")
    page = await admin.reads(f"/cases/{number}/knowledge")
    assert "昨天" not in page and "3点" not in page

    tip = {name: CLEAN[name] for name in ("title", "ask", "source", "checked", "steps")}
    await admin.does(
        f"/cases/{number}/knowledge", kind="tip", first="到后勤领。", key="tip-0123456789ab", **tip
    )

    (act,) = await acts_of(ends, "case.knowledge")
    assert act.subject == ""
    async with ends.house.database.reading() as session:
        begun = (await session.scalars(sa.select(CaseKnowledge))).one()
    assert (begun.created_at.hour, begun.created_at.minute) == (16, 0)  # midnight in China


async def test_unanswered_or_out_of_reach_there_is_nothing_to_write(
    ends: Ends, lawyer: Worker, admin: Worker
) -> None:
    fresh, done = await consults(ends), await answered(ends)
    async with ends.house.database.transaction() as session:
        south = await making.branch(session, "黄陵供电公司工会/南区分工会")
    away = await at_work(ends, "外地律师", Wanted(Role.LAWYER, south.id))

    assert 'data-test="make-known"' not in await lawyer.reads(f"/consultations/{fresh}")
    assert (await lawyer.gets(f"/consultations/{fresh}/knowledge")).status_code == 409
    assert "还没有答复" in (await lawyer.gets(f"/consultations/{fresh}/knowledge")).text
    for worker in (away, admin):
        assert (await worker.gets(f"/consultations/{done}/knowledge")).status_code in (403, 404)
        sent = await worker.sends(f"/consultations/{done}/knowledge", key="law-0123456789ab", **CLEAN)
        assert sent.status_code in (403, 404)
    assert await drafts(ends) == []


async def test_when_a_case_is_forgotten_its_drafts_stand_alone(ends: Ends, lawyer: Worker) -> None:
    number = await answered(ends)
    await lawyer.does(f"/consultations/{number}/knowledge", key="law-0123456789ab", **CLEAN)

    async with ends.house.database.transaction() as session:
        await closed_cases.empty(session, [(await get_case(session, number)).id])

    async with ends.house.database.reading() as session:
        assert (await session.scalars(sa.select(CaseKnowledge))).all() == []
    assert len(await drafts(ends)) == 1
