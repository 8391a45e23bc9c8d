"""What we ship to be looked up: power-safety tips and labour-law answers, from the memory of the process."""

from datetime import date
from typing import TypeVar

from fastapi import APIRouter
from pydantic import Field

from app.api import paging
from app.api.paging import Cursor, Size
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.clock import civil_date
from app.dependencies import InUse, Now
from app.errors import NotFound
from app.knowledge import Entry, LawAnswer, LawTopic, Tip, Topic
from app.knowledge.entries import CALLS
from app.knowledge.laws import CAUTION
from app.knowledge.markdown import steps
from app.services.library import Library

router = APIRouter(tags=["用电安全与劳动权益"], route_class=Route)

Kind = TypeVar("Kind", bound=Entry)
GONE = "没有找到这一条，可能已经调整。"


class CallOut(Strict):
    number: str = Field(examples=["95598"])
    name: str = Field(examples=["供电抢修，24 小时"])


class EntryOut(Strict):
    id: str = Field(examples=["socket-sparks"])
    topic: str = Field(examples=["household"])
    topic_label: str = Field(examples=["居家用电"])
    title: str = Field(examples=["插座冒火花怎么办"])
    urgent: bool = Field(examples=[True], description="可能有生命危险：先显示电话")


class EntryPage(Strict):
    items: list[EntryOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


class TipOut(EntryOut):
    first: str = Field(examples=["不要碰插座，先拉总闸。"], description="第一步做什么")
    never: list[str] = Field(examples=[["不要用湿手拔插头"]], description="千万不要")
    steps: list[str] = Field(examples=[["关掉总闸", "请电工检查"]])
    calls: list[CallOut] = Field(description="电话，最要紧的在前")
    source: str = Field(examples=["《安全用电常识》"])
    reviewed_on: date = Field(examples=["2026-03-01"])
    address: str = Field(examples=["https://gh.example.cn/tips/socket-sparks"], description="网页，可以分享")


class LawOut(EntryOut):
    short: str = Field(examples=["单位应当支付。"], description="一两句话的答案")
    steps: list[str] = Field(examples=[["收好工资条", "向劳动监察投诉"]])
    do_not: list[str] = Field(examples=[["不要签空白文件"]])
    law: list[str] = Field(examples=[["《劳动合同法》第三十条"]], description="依据")
    calls: list[CallOut] = Field(description="可以问谁")
    caution: str = Field(examples=[CAUTION])
    source: str = Field(examples=["《劳动合同法》"])
    reviewed_on: date = Field(examples=["2026-03-01"])
    address: str = Field(examples=["https://gh.example.cn/laws/wages-late"], description="网页，可以分享")


@router.get("/tips", response_model=EntryPage, operation_id="listTips")
async def tips(
    shared: InUse, topic: Topic | None = None, limit: Size = 20, cursor: Cursor = None
) -> EntryPage:
    """用电安全知识列表。按类别排，同一类里危险的在前。"""
    return _page(shared.library, Tip, topic, limit, cursor)


@router.get("/tips/today", response_model=TipOut, operation_id="getTipOfTheDay")
async def today(shared: InUse, now: Now) -> TipOut:
    """每日一条。今天大家看到的是同一条。"""
    tip = shared.library.of_the_day(civil_date(now))
    if tip is None:
        raise NotFound("今天还没有提示。")
    return _tip(tip, shared.public_url)


@router.get("/tips/{tip_id}", response_model=TipOut, operation_id="getTip")
async def tip(tip_id: PublicId, shared: InUse) -> TipOut:
    """一条用电安全知识。urgent 时先显示电话。"""
    return _tip(_find(shared.library, Tip, tip_id), shared.public_url)


@router.get("/laws", response_model=EntryPage, operation_id="listLaws")
async def laws(
    shared: InUse, topic: LawTopic | None = None, limit: Size = 20, cursor: Cursor = None
) -> EntryPage:
    """劳动权益问答列表。按类别排。"""
    return _page(shared.library, LawAnswer, topic, limit, cursor)


@router.get("/laws/{law_id}", response_model=LawOut, operation_id="getLaw")
async def law(law_id: PublicId, shared: InUse) -> LawOut:
    """一条劳动权益问答。caution 要和答案一起显示。"""
    found = _find(shared.library, LawAnswer, law_id)
    return LawOut(
        **_facts(found),
        short=found.short,
        steps=steps(found.body),
        do_not=list(found.do_not),
        law=list(found.law),
        calls=_calls(found.call),
        caution=CAUTION,
        source=found.source,
        reviewed_on=found.reviewed_on,
        address=f"{shared.public_url}/laws/{found.id}",
    )


def _page(
    library: Library, kind: type[Kind], topic: Topic | LawTopic | None, limit: int, cursor: str | None
) -> EntryPage:
    of = f"{kind.__name__}:{topic.value if topic else ''}"
    last = paging.place(of, cursor)
    topics = list(kind.topics)
    chosen = [topic] if topic else library.list_topics(kind)
    found = [
        (f"{topics.index(each.topic):02}{'a' if each.is_urgent else 'b'}{each.id}", each)
        for one in chosen
        for each in library.list_of(kind, one)
    ]
    found.sort(key=lambda pair: pair[0])
    left = found if last is None else [pair for pair in found if pair[0] > last[0]]
    page = left[:limit]
    return EntryPage(
        items=[EntryOut(**_facts(each)) for _, each in page],
        next=paging.cursor(of, page[-1][0]) if len(left) > limit else None,
    )


def _find(library: Library, kind: type[Kind], slug: str) -> Kind:
    found = library.find(kind, slug)
    if found is None:
        raise NotFound(GONE)
    return found


def _facts(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "topic": entry.topic.value,
        "topic_label": entry.topic.label,
        "title": entry.title,
        "urgent": entry.is_urgent,
    }


def _tip(tip: Tip, public_url: str) -> TipOut:
    return TipOut(
        **_facts(tip),
        first=tip.first,
        never=list(tip.never),
        steps=steps(tip.body),
        calls=_calls(tip.call),
        source=tip.source,
        reviewed_on=tip.reviewed_on,
        address=f"{public_url}/tips/{tip.id}",
    )


def _calls(numbers: tuple[str, ...]) -> list[CallOut]:
    return [CallOut(number=number, name=CALLS[number]) for number in numbers]
