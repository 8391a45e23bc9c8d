"""辟谣 for the mini-program: what was found out about claims that go round, and bringing one.

Not here: bringing one with a picture, which comes as a form (`rumour_pictures`).
"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app import rich_text
from app.api import paging, problems
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.paging import Cursor, Size
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import InUse, Now, ReadSession
from app.errors import DomainError
from app.services import clarification_evidence, clarification_rows, clarifications, crisis
from app.services.board_wording import plain
from app.services.clarification_evidence import Piece
from app.services.clarifications import LEAST, LONGEST, MOST
from models import Clarification, HeardFrom, Verdict

router = APIRouter(prefix="/clarifications", tags=["辟谣"], route_class=Route)


class ClarificationOut(Strict):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    number: str = Field(examples=["PY-2026-0001"])
    title: str = Field(examples=["关于居民电价的说明"])
    verdict: Verdict = Field(examples=["false"])
    verdict_label: str = Field(examples=["不实"])
    short: str = Field(examples=["居民电价没有调整。"], description="一句话的结论")
    organ: str = Field(examples=["县供电公司营销部"], description="哪个单位说的")
    published_at: datetime = Field(examples=["2026-11-30T06:38:00Z"])
    address: str = Field(
        examples=["https://gh.example.cn/clarifications/k7m2p9q4r8s3t6vw"], description="网页，可以分享"
    )


class ClarificationPage(Strict):
    items: list[ClarificationOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


class EvidenceFileOut(Strict):
    sort: Literal["picture", "document"] = Field(examples=["document"], description="图片，或者附件")
    name: str = Field(examples=["电价文件"], description="附件叫什么；图片是图上有什么，给看不到图的人")
    address: str = Field(
        examples=["https://gh.example.cn/clarifications/k7m2p9q4r8s3t6vw/evidence/h8c3n6d2f5j7x9za"],
        description="文件的网址，不用登录",
    )
    about: str = Field(examples=["PDF，4.2 MB"], description="附件的格式和大小；图片是空的")
    width: int = Field(examples=[0], description="图片的宽和高，像素；附件是 0")
    height: int = Field(examples=[0])


class EvidenceOut(Strict):
    text: str = Field(examples=["省发改委电价文件"])
    url: str = Field(examples=["https://example.gov.cn/price"], description="可能是空的")
    file: EvidenceFileOut | None = Field(description="带的图片或附件；没有是 null")


class UpdateOut(Strict):
    at: datetime = Field(examples=["2026-12-01T02:00:00Z"])
    text: str = Field(examples=["省里又发了一次说明。"])
    verdict_label: str = Field(examples=[""], description="结论改成了什么；没有改是空的")


class WholeClarificationOut(ClarificationOut):
    blocks: list[rich_text.Block] = Field(
        description="详细说明",
        examples=[
            [{"type": "paragraph", "spans": [{"text": "电价按文件执行。", "bold": False, "href": ""}]}]
        ],
    )
    evidence: list[EvidenceOut]
    told: list[str] = Field(examples=[["下个月电费要涨一倍"]], description="核实的说法")
    updates: list[UpdateOut] = Field(description="后来的更新，按时间")


class ReportIn(Strict):
    words: str = Field(
        examples=["听说下个月电费要涨一倍"], min_length=LEAST, max_length=MOST, description="听到的说法"
    )
    heard: HeardFrom = Field(examples=["wechat"], description="从哪里听到的")


class ReportedOut(Strict):
    number: str = Field(examples=["PY-2026-0001"])
    known: ClarificationOut | None = Field(
        examples=[None], description="已经核实过的，结论就是这个；没有是 null，有结果在公众号里告诉本人"
    )
    danger: str = Field(examples=[""], description="不是空的就先显示它：该打哪个电话、先做什么")


@router.get("", response_model=ClarificationPage, operation_id="listClarifications")
async def listed(
    session: ReadSession,
    shared: InUse,
    verdict: Verdict | None = None,
    q: Annotated[
        str, Query(max_length=LONGEST, examples=["电费"], description="标题、说法和结论里的字")
    ] = "",
    limit: Size = clarifications.PAGE,
    cursor: Cursor = None,
) -> ClarificationPage:
    """核实过的说法，新的在前。"""
    words = " ".join(plain(q).split())
    of = f"clarifications/{verdict or ''}/{words}"
    last = paging.place(of, cursor)
    page = await clarifications.list_public(
        session, verdict=verdict, words=words, after=last[0] if last else "", limit=limit
    )
    return ClarificationPage(
        items=[ClarificationOut(**_facts(each, shared.public_url)) for each in page.rows],
        next=paging.cursor(of, page.more) if page.more else None,
    )


@router.get(
    "/{clarification_id}",
    response_model=WholeClarificationOut,
    responses=documented(404),
    operation_id="getClarification",
)
async def one(clarification_id: PublicId, session: ReadSession, shared: InUse) -> WholeClarificationOut:
    """一条澄清：结论、依据、核实的说法、后来的更新。"""
    row = await clarifications.get_public(session, clarification_id)
    updates = await clarification_rows.updates_of(session, row, shown=True)
    at = clarification_evidence.address(row)
    return WholeClarificationOut(
        **_facts(row, shared.public_url),
        blocks=list(rich_text.load(row.answer)),
        evidence=[
            EvidenceOut(
                text=each.given.text, url=each.given.url, file=_file(each, f"{shared.public_url}{at}")
            )
            for each in await clarification_evidence.pieces(session, row)
        ],
        told=row.told,
        updates=[
            UpdateOut(
                at=each.approved_at,
                text=each.text,
                verdict_label=each.verdict.label if each.verdict is not None else "",
            )
            for each in updates
            if each.approved_at is not None
        ],
    )


@router.post(
    "",
    status_code=201,
    response_model=ReportedOut,
    responses=documented(401, 409, 422),
    operation_id="reportRumour",
)
async def report(
    caller: Caller, given: ReportIn, session: WriteOnce, now: Now, shared: InUse
) -> ReportedOut | Response:
    """举报谣言，请工会核实。谁反映的，工作人员看不到；同样的话再发一次不算错。"""
    person_id = caller.known.person_id
    danger = await crisis.heed(session, person_id, given.words, "api", now)
    try:
        told = clarifications.checked(given.words, given.heard)
        row = await clarifications.report(session, person_id, told, channel="api", now=now)
    except DomainError as refusal:
        return problems.refused(refusal, danger)
    return reported(row, danger, shared.public_url)


def reported(row: Clarification, danger: str, site: str) -> ReportedOut:
    """What who brought it hears at once."""
    known = ClarificationOut(**_facts(row, site)) if row.is_public else None
    return ReportedOut(number=row.number, known=known, danger=danger)


def _file(piece: Piece, at: str) -> EvidenceFileOut | None:
    """`at`: below this address its clarification has its files."""
    if (shot := piece.shot) is not None:
        address = f"{at}/{shot.file}/{shot.cut}/{shot.width}"
        return EvidenceFileOut(
            sort="picture", name=shot.alt, address=address, about="", width=shot.width, height=shot.height
        )
    if (file := piece.document) is not None:
        address = f"{at}/{file.file}"
        return EvidenceFileOut(
            sort="document", name=file.name, address=address, about=file.described, width=0, height=0
        )
    return None


def _facts(row: Clarification, site: str) -> dict[str, object]:
    assert row.verdict is not None  # it is public
    return {
        "id": row.public_id,
        "number": row.number,
        "title": row.title,
        "verdict": row.verdict,
        "verdict_label": row.verdict.label,
        "short": row.short,
        "organ": row.organ,
        "published_at": row.published_at,
        "address": f"{site}/clarifications/{row.public_id}",
    }
