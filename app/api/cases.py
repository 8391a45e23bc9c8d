"""One's own cases of every kind: the list without words, one with its thread; telling more, withdrawing."""

from datetime import date, datetime

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import paging, problems, tags
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.paging import Cursor, Size
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.api.tags import IfMatch
from app.clock import civil_date
from app.dependencies import Now, ReadSession
from app.errors import DomainError
from app.services import case_ratings, cases, crisis, own_cases, rating_invitations
from app.services.rating_notices import SCORES
from models import Case, CaseEntry, CaseKind, CaseState

router = APIRouter(prefix="/me/cases", tags=["我的事项"], route_class=Route)


class CaseOut(Strict):
    id: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015"], description="只在本人这里有用")
    number: str = Field(examples=["FL-2026-0042"], description="可以念给工作人员听")
    kind: CaseKind = Field(examples=["consultation"])
    kind_label: str = Field(examples=["法律咨询"])
    topic: str = Field(examples=["工资"], description="没有问过的是空的")
    state: CaseState = Field(examples=["in_progress"])
    state_label: str = Field(examples=["处理中"])
    anonymous: bool = Field(examples=[False])
    opened_on: date = Field(examples=["2026-03-20"])


class CasePage(Strict):
    items: list[CaseOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


class WordsOut(Strict):
    said: str = Field(examples=["律师答复"], description="谁说的，或发生了什么")
    text: str = Field(examples=["请先收好工资条。"], description="没有话的是空的；图片写成 [图片]")
    on: date = Field(examples=["2026-03-21"])
    at: datetime | None = Field(examples=["2026-03-21T02:00:00Z"], description="匿名的只记日期，这里是 null")


class RatingOut(Strict):
    may_rate: bool = Field(examples=[True], description="现在可以评价，或改评价")
    score: int | None = Field(examples=[5], description="还没有评是 null")
    score_label: str = Field(examples=["很满意"])
    words: str = Field(examples=["答复得很快。"])


class RatingIn(Strict):
    score: int = Field(ge=min(SCORES), le=max(SCORES), examples=[5])
    words: str = Field(
        default="",
        max_length=case_ratings.LONGEST,
        examples=["答复得很快。"],
        description="想说的话；空的不改以前写的",
    )


class WholeCaseOut(CaseOut):
    answer_due_at: datetime | None = Field(
        examples=["2026-03-23T10:00:00Z"], description="最晚什么时候答复；已经答复是 null"
    )
    may_add: bool = Field(examples=[True], description="可以在这里补充")
    may_withdraw: bool = Field(examples=[True])
    how_to_add: str = Field(
        examples=["还要补充，请在公众号里回复「补充咨询」。"], description="在公众号里怎样补充"
    )
    rating: RatingOut | None = Field(description="没有请您评价过是 null")
    thread: list[WordsOut] = Field(description="早的在前")


class MoreIn(Strict):
    text: str = Field(
        min_length=1,
        max_length=own_cases.LONGEST,
        pattern=r"\S",
        examples=["公司今天又发了一份通知。"],
    )


class AddedOut(Strict):
    danger: str = Field(examples=[""], description="不是空的就先显示它：该打哪个电话、先做什么")
    case: WholeCaseOut


@router.get("", response_model=CasePage, operation_id="listCases")
async def mine(caller: Caller, session: ReadSession, limit: Size = 20, cursor: Cursor = None) -> CasePage:
    """我的留言、咨询和人工服务。新的在前，列表里没有内容。"""
    person_id = caller.known.person_id
    of = f"cases:{person_id}"
    last = paging.place(of, cursor)
    after = None if last is None else int(last[0])
    found = [each.case for each in await cases.list_mine(session, person_id, limit + 1, after=after)]
    page = found[:limit]
    return CasePage(
        items=[CaseOut(**_facts(each, person_id)) for each in page],
        next=paging.cursor(of, page[-1].id) if len(found) > limit else None,
    )


@router.get("/{case_id}", response_model=WholeCaseOut, operation_id="getCase")
async def one(case_id: PublicId, caller: Caller, session: ReadSession, now: Now) -> WholeCaseOut:
    """一件事项，从第一句话到答复。别人的是 404。"""
    case = await cases.get_mine_at(session, caller.known.person_id, case_id)
    return await _whole(session, case, caller.known.person_id, now)


@router.post(
    "/{case_id}/entries",
    status_code=201,
    response_model=AddedOut,
    responses=documented(409),
    operation_id="addToCase",
)
async def add(
    case_id: PublicId, given: MoreIn, caller: Caller, session: WriteOnce, now: Now, seen: IfMatch = None
) -> AddedOut | Response:
    """补充情况。咨询（法律、心理疏导、健康）、投诉建议和法律援助申请能在这里补充，别的按 how_to_add。"""
    person_id = caller.known.person_id
    case = await _locked(session, person_id, case_id, seen, now)
    danger = await crisis.heed(session, person_id, given.text, "api", now, case)
    try:
        words = [{"type": "text", "text": given.text}]
        await own_cases.add(session, person_id, case, words, channel="api", now=now)
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    return AddedOut(danger=danger, case=await _whole(session, case, person_id, now))


@router.post(
    "/{case_id}/withdrawal",
    response_model=WholeCaseOut,
    responses=documented(409),
    operation_id="withdrawCase",
)
async def withdraw(
    case_id: PublicId, caller: Caller, session: WriteOnce, now: Now, seen: IfMatch = None
) -> WholeCaseOut:
    """撤销咨询或投诉建议，撤回法律援助申请。撤销后不再办理，不能恢复；再做一次不算错。"""
    person_id = caller.known.person_id
    case = await _locked(session, person_id, case_id, seen, now)
    await own_cases.withdraw(session, person_id, case, channel="api", now=now)
    return await _whole(session, case, person_id, now)


@router.post(
    "/{case_id}/rating",
    response_model=AddedOut,
    responses=documented(409),
    operation_id="rateCase",
)
async def rate(
    case_id: PublicId, given: RatingIn, caller: Caller, session: WriteOnce, now: Now
) -> AddedOut | Response:
    """评价办结的事项：办结一小时后的 7 天内，可以改。"""
    person_id = caller.known.person_id
    case = await cases.get_mine_at(session, person_id, case_id)
    danger = await crisis.heed(session, person_id, given.words, "api", now, case)
    try:
        await case_ratings.give(session, person_id, case.number, given.score, given.words, now)
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    return AddedOut(danger=danger, case=await _whole(session, case, person_id, now))


async def _locked(session: AsyncSession, person_id: int, case_id: str, seen: str | None, now: Now) -> Case:
    case = await cases.get_mine_at(session, person_id, case_id, lock=True)
    if seen is not None:
        tags.check(seen, await _whole(session, case, person_id, now))
    return case


async def _whole(session: AsyncSession, case: Case, person_id: int, now: datetime) -> WholeCaseOut:
    thread = await cases.list_thread(session, case)
    doors = own_cases.doors_of(case, now)
    return WholeCaseOut(
        **_facts(case, person_id),
        answer_due_at=own_cases.next_word_due(case, thread),
        may_add=doors.may_add,
        may_withdraw=doors.may_withdraw,
        how_to_add=own_cases.how_to_add(case),
        rating=await _rating(session, case, now),
        thread=[_entry(case, each) for each in thread],
    )


async def _rating(session: AsyncSession, case: Case, now: datetime) -> RatingOut | None:
    rating = await rating_invitations.find(session, case)
    if rating is None:
        return None
    return RatingOut(
        may_rate=await case_ratings.find_open(session, case, now) is not None,
        score=rating.score,
        score_label=SCORES[rating.score] if rating.score else "",
        words=rating.words or "",
    )


def _entry(case: Case, entry: CaseEntry) -> WordsOut:
    said, text = own_cases.told(case, entry)
    at = None if case.anonymous else entry.created_at
    return WordsOut(said=said, text=text, on=civil_date(entry.created_at), at=at)


def _facts(case: Case, person_id: int) -> dict[str, object]:
    return {
        "id": cases.address_of(case, person_id),
        "number": case.number,
        "kind": case.kind,
        "kind_label": case.kind.label,
        "topic": cases.topic_of(case),
        "state": case.state,
        "state_label": case.state_said,
        "anonymous": case.anonymous,
        "opened_on": civil_date(case.opened_at),
    }
