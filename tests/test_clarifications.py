"""辟谣, its rules: who brings a claim stays unknown and is told; nobody approves his own."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.errors import DomainError, NotFound
from app.knowledge.rumours import Rumours, is_asking
from app.services import (
    clarification_forgetting,
    clarification_merging,
    clarification_rows,
    clarification_work,
    clarifications,
    coordination,
)
from app.services.board_wording import Wrong
from app.services.clarification_evidence import Given
from app.services.clarification_rows import MOVES, MovedOn, NotNow
from app.services.clarifications import TooMany
from app.services.library import VERSION
from models import Clarification, ClarificationReport, ClarificationState, Outbox, Verdict
from tests.conftest import NOON
from tests.rumouring import brought, in_review, person, published, seen, staff, written

S = ClarificationState


async def told(session: AsyncSession) -> list[tuple[int | None, str]]:
    rows = (await session.scalars(sa.select(Outbox).order_by(Outbox.id))).all()
    return [(row.person_id, str(row.payload["content"])) for row in rows if isinstance(row.payload, dict)]


async def reports(session: AsyncSession) -> list[ClarificationReport]:
    fresh = sa.select(ClarificationReport).order_by(ClarificationReport.id)
    return list(await session.scalars(fresh.execution_options(populate_existing=True)))


async def test_a_claim_is_brought_looked_into_approved_and_its_reporters_hear_of_it(
    session: AsyncSession,
) -> None:
    li, zhou = await person(session), await person(session)
    wang, zhao = await staff(session, "王强"), await staff(session, "赵敏")

    row = await brought(session, li)
    again = await brought(session, li)
    other = await brought(session, zhou, "下个月电费要涨一倍！", "people")
    nobody = await brought(session, None, "下个月电费要涨一倍是真的吗")

    assert row is again is other is nobody  # in the same words, but for 听说 and signs
    assert (row.number, row.state, row.reports) == ("PY-2026-0001", S.REPORTED, 3)
    assert {each.at for each in await reports(session)} == {start_of_day(NOON)}

    row = await in_review(session, row, wang)
    with pytest.raises(DomainError, match="要由别的同事审批"):
        await clarification_work.approve(session, seen(row, wang), NOON)
    assert await clarifications.rumours(session) == [] and await told(session) == []
    row = await clarification_work.send_back(session, seen(row, zhao), "请写上文号", NOON)
    row = await clarification_work.submit(session, seen(row, wang), NOON)
    before = await coordination.version(session, VERSION)
    row = await clarification_work.approve(session, seen(row, zhao), NOON)

    assert row.state is S.PUBLISHED and await coordination.version(session, VERSION) > before
    heard = await told(session)
    assert [who for who, _ in heard] == [li, zhou]
    assert all("PY-2026-0001" in words and "不实" in words for _, words in heard)
    moves = [each.to_state for each in await clarification_rows.moves_of(session, row)]
    assert moves == [S.REPORTED, S.VERIFYING, S.IN_REVIEW, S.VERIFYING, S.IN_REVIEW, S.PUBLISHED]


async def test_what_was_found_out_later_waits_for_somebody_else_and_the_page_stays_till_then(
    session: AsyncSession,
) -> None:
    li, wang, zhao = await person(session), await staff(session, "王强"), await staff(session, "赵敏")
    row = await published(session, li)
    later = NOON + timedelta(days=3)

    with pytest.raises(DomainError, match="请写更新的内容"):
        await clarification_work.propose_update(session, seen(row, wang), " ", "", later)
    update = await clarification_work.propose_update(
        session, seen(row, wang), "省里已公布新电价。", "partly", later
    )
    assert await clarification_rows.updates_of(session, row, shown=True) == []
    assert row.verdict is Verdict.FALSE
    with pytest.raises(NotNow):
        await clarification_work.propose_update(session, seen(row, wang), "又一条", "", later)
    with pytest.raises(DomainError, match="要由别的同事审批"):
        await clarification_work.approve_update(session, seen(row, wang), update.id, later)
    row = await clarification_work.approve_update(session, seen(row, zhao), update.id, later)

    assert (row.state, row.verdict) == (S.UPDATED, Verdict.PARTLY)
    assert [each.text for each in await clarification_rows.updates_of(session, row, shown=True)] == [
        "省里已公布新电价。"
    ]
    (rumour,) = await clarifications.rumours(session)
    assert (rumour.verdict, rumour.updated_on) == ("部分不实", date(2026, 11, 26))
    assert "结论改为「部分不实」" in (await told(session))[-1][1]
    with pytest.raises(MovedOn):
        await clarification_work.approve_update(session, seen(row, zhao), update.id, later)

    row = await clarification_work.close(session, seen(row, zhao), "已过时", later)
    assert await clarifications.rumours(session) == []
    with pytest.raises(NotFound):
        await clarifications.get_public(session, row.public_id)


async def test_nothing_without_evidence_and_organ_and_no_title_that_repeats_the_rumour(
    session: AsyncSession,
) -> None:
    wang = await staff(session, "王强")
    row = await brought(session)
    row = await clarification_work.take(session, seen(row, wang), NOON)
    bad = {
        "evidence": ([Given("文件", "http://example.com")], "https://"),
        "told": ([], "至少留一种说法"),
        "short": ("长" * 161, "最多 160 个字"),
        "verdict": ("maybe", "没有这个结论"),
        "answer": ("**半边", "加粗"),
    }
    for name, (value, said) in bad.items():
        with pytest.raises(Wrong, match=said):
            await clarification_work.save(session, seen(row, wang), written(**{name: value}), NOON)
        await session.refresh(row)
    missing = {
        "title": "下个月电费要涨一倍",
        "verdict": "",
        "short": "",
        "organ": "",
        "evidence": [],
        "next_review_on": NOON.date(),
    }
    await clarification_work.save(session, seen(row, wang), written(**missing), NOON)
    with pytest.raises(Wrong) as refused:
        await clarification_work.submit(session, seen(row, wang), NOON)
    assert refused.value.fields.keys() == missing.keys()
    assert "不要照抄传言" in refused.value.fields["title"] and row.state is S.VERIFYING


async def test_no_other_moves_than_those_there_are_and_who_saw_an_old_one_looks_again(
    session: AsyncSession,
) -> None:
    wang = await staff(session, "王强")
    row = await brought(session)
    old = seen(row, wang)
    for act in (clarification_work.submit, clarification_work.approve):
        with pytest.raises(DomainError):
            await act(session, old, NOON)
    await clarification_work.take(session, old, NOON)
    with pytest.raises(MovedOn, match="核实中"):
        await clarification_work.take(session, old, NOON)
    for state in S:
        assert state in MOVES
    assert MOVES[S.MERGED] == frozenset()


async def test_what_is_refused_is_told_why_and_can_be_taken_up_again(session: AsyncSession) -> None:
    li, wang = await person(session), await staff(session, "王强")
    row = await brought(session, li, "食堂的菜太咸了")
    with pytest.raises(DomainError, match="请选为什么"):
        await clarification_work.refuse(session, seen(row, wang), "", "请找食堂", NOON)
    row = await clarification_work.refuse(
        session, seen(row, wang), "no_rumour", "这是建议，请用我要留言。", NOON
    )
    assert (await told(session))[-1] == (li, "您反映的说法（PY-2026-0001）没有受理：这是建议，请用我要留言。")
    row = await clarification_work.take(session, seen(row, wang), NOON)
    assert (row.state, row.refused_for) == (S.VERIFYING, None)


async def test_staff_make_one_of_two_that_are_alike(session: AsyncSession) -> None:
    li, zhou = await person(session), await person(session)
    wang = await staff(session, "王强")
    first = await brought(session, li, "下个月电费要涨一倍")
    second = await brought(session, zhou, "电费下个月涨一倍")
    await brought(session, li, "电费下个月涨一倍")
    far = await brought(session, zhou, "单位要裁员一半")

    assert await clarification_merging.list_alike(session, second) == [first]
    assert await clarification_merging.list_alike(session, far) == []
    for wrong, said in (("PY-2026-0099", "没有编号"), (second.number, "自己")):
        with pytest.raises(DomainError, match=said):
            await clarification_merging.merge(session, seen(second, wang), wrong, NOON)
    kept = await clarification_merging.merge(session, seen(second, wang), first.number.lower(), NOON)

    assert kept is first and kept.told == ["下个月电费要涨一倍", "电费下个月涨一倍"]
    assert (kept.reports, second.reports, second.state) == (2, 0, S.MERGED)  # who brought both counts once
    assert second.merged_into_id == first.id

    known = await published(session, None, told=["停电要停三天"], title="关于检修的说明")
    late = await clarification_merging.merge(session, seen(far, wang), known.number, NOON)
    assert late.told == ["停电要停三天"]  # readers see them
    assert [who for who, _ in await told(session)] == [zhou]


async def test_a_person_brings_a_few_a_day_and_is_forgotten_in_time(session: AsyncSession) -> None:
    li = await person(session)
    for count in range(clarifications.A_DAY):
        await brought(session, li, f"听说{count + 3}号小区要停电{count + 1}天")
    with pytest.raises(TooMany):
        await brought(session, li, "还有一条传言")
    for words, heard in (("短", "wechat"), ("长" * 201, "wechat"), ("够长的话", "moon")):
        with pytest.raises(Wrong):
            clarifications.checked(words, heard)

    zhou, wang = await person(session), await staff(session, "王强")
    row = (await session.scalars(sa.select(Clarification).order_by(Clarification.id))).first()
    assert row is not None
    await brought(session, zhou, "听说3号小区要停电1天")
    await clarification_forgetting.hand_over(session, zhou, li)
    await session.refresh(row)
    assert row.reports == 1 and len(await clarifications.list_own(session, li, 10)) == clarifications.A_DAY

    await clarification_work.refuse(session, seen(row, wang), "other", "没有这回事", NOON)
    rule, later = clarification_forgetting.forget_reports, NOON + timedelta(days=181)
    ids = (await session.scalars(rule.find(later, 10))).all()
    assert await rule.act(session, ids, later) == 1
    gone, *others = await reports(session)
    assert (gone.words, gone.person, gone.person_digest) == (None, None, None)
    assert all(each.words for each in others)
    lines = await clarification_forgetting.close(session, li, "portal", NOON)
    assert "4 条里您写的话和图片已删除" in lines[0][1]
    assert {(each.words, each.person) for each in await reports(session)} == {(None, None)}


async def test_a_text_finds_the_claim_it_asks_about_and_no_other(session: AsyncSession) -> None:
    price = await published(session)
    meter = await published(
        session, told=["智能电表走得快", "换了智能电表电费变贵"], title="关于智能电表的说明"
    )
    book = Rumours(await clarifications.rumours(session))
    found = {
        "听说要涨电费": price,
        "网上说下个月电费要涨一倍": price,
        "电费是不是要涨价": price,
        "下个月电费要涨一倍": price,
        "智能电表走得快是真的吗": meter,
        "听说换智能电表电费会变多": meter,
        "电费怎么交": None,
        "电费多少钱一度": None,
        "听说单位要涨工资": None,
        "群里都在传下个月停电三天": None,
        "": None,
        "听说": None,
    }
    # Named in a few words; another one is another claim.
    found |= {"听说电费要涨了": price, "听说要降电费": None, "听说电费要降了": None, "听说要涨水费": None}
    for text, row in found.items():
        hit = book.find(text)
        assert (hit.id if hit else None) == (row.public_id if row else None), text
    assert is_asking("网上都在传的") and not is_asking("电费怎么交")
    assert [each.id for each in book.list_fitting("电费")] == [price.public_id, meter.public_id]
