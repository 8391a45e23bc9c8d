"""A question in people's own words: what the knowledge we ship says about it; danger comes first.

It is for who is signed in, since a text that tells of self-harm is for people on duty; and it is a POST,
since addresses are written into the logs of proxies.
"""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from app.api.gate import Caller
from app.api.routes import Route
from app.api.shapes import Strict
from app.dependencies import InUse, Now
from app.knowledge import Choices, Entry, Hit, LawAnswer, Tip
from app.services import crisis

router = APIRouter(prefix="/search", tags=["用电安全与劳动权益"], route_class=Route)

LONGEST = 500  # characters; a longer text is a story


class QuestionIn(Strict):
    text: str = Field(min_length=1, max_length=LONGEST, examples=["插座冒火花怎么办"])


class FoundOut(Strict):
    kind: Literal["tip", "law", "signpost"] = Field(examples=["tip"])
    id: str = Field(examples=["socket-sparks"], description="tip 和 law 可以再取全文")
    title: str = Field(examples=["插座冒火花怎么办"])
    text: str = Field(examples=["先做：拉总闸。"], description="完整答案，可以直接显示")


class SearchOut(Strict):
    danger: str = Field(examples=[""], description="不是空的就先显示它：该打哪个电话、先做什么")
    outcome: Literal["hit", "choices", "miss"] = Field(
        examples=["hit"], description="hit：第一条就是答案；choices：问问是哪一条；miss：没有，已经记下"
    )
    found: list[FoundOut]


@router.post("", response_model=SearchOut, operation_id="search")
async def search(given: QuestionIn, caller: Caller, shared: InUse, now: Now) -> SearchOut:
    """用一句话问。不保存是谁问的；有轻生念头的话会提醒值班人员，这时只显示 danger。"""
    danger = crisis.watch(given.text)
    if danger is not None and danger.alert:
        async with shared.database.transaction() as session:
            await crisis.heed(session, caller.known.person_id, given.text, "api", now)
        return SearchOut(danger=danger.lines, outcome="hit", found=[])
    lines = "" if danger is None else danger.lines
    match shared.library.index.search(given.text):
        case Hit(entry, also):
            return SearchOut(danger=lines, outcome="hit", found=_found([entry, *also], lines))
        case Choices(entries):
            return SearchOut(danger=lines, outcome="choices", found=_found(entries, lines))
    shared.unanswered.note(given.text, now)
    return SearchOut(danger=lines, outcome="miss", found=[])


def _found(entries: list[Entry] | tuple[Entry, ...], opened: str) -> list[FoundOut]:
    return [
        FoundOut(kind=_kind(each), id=each.id, title=each.title, text=each.in_chat(opened=opened))
        for each in entries
    ]


def _kind(entry: Entry) -> Literal["tip", "law", "signpost"]:
    match entry:
        case Tip():
            return "tip"
        case LawAnswer():
            return "law"
    return "signpost"
