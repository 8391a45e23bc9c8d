"""Certificates of participation for the mini-program: one's own, and whether one that is shown is genuine."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from app.api import paging
from app.api.description import documented
from app.api.gate import Caller
from app.api.paging import Cursor, Size
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import InUse, Now, ReadSession
from app.errors import NotFound
from app.services import certificates

router = APIRouter(tags=["参加证明"], route_class=Route)


class CertificateOut(Strict):
    sign_up_id: str = Field(examples=["m3n8p2q7r4s9t5vw"])
    activity_id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    title: str = Field(examples=["春季健步走"])
    name: str = Field(examples=["李娜"])
    when: str = Field(examples=["2026年4月12日"])
    hours: str = Field(examples=["3 小时"], description="过夜的没有，是空的")
    share: str = Field(examples=[""], description="分几次办的：来了几次，例如 2/3；别的是空的")
    place: str = Field(examples=["沮河公园"])
    organiser: str = Field(examples=["工会办公室"])
    number: str = Field(examples=["4F7K-2M9Q"])
    code: str = Field(
        examples=["m3n8p2q7r4s9t5vwabcdefgh234567ab"], description="核对真伪用，见 /certificates/{code}"
    )
    verify: str = Field(
        examples=["https://gh.example.cn/c/m3n8p2q7r4s9t5vwabcdefgh234567ab"],
        description="核对真伪的网页，可以发给别人",
    )
    pdf: str = Field(
        examples=["https://gh.example.cn/me/sign-ups/m3n8p2q7r4s9t5vw/certificate.pdf?open=1"],
        description="PDF 的地址，一两个小时里有效，不用令牌：wx.downloadFile 下来，wx.openDocument 打开",
    )


class CertificatePage(Strict):
    items: list[CertificateOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


class VerifiedOut(Strict):
    number: str = Field(examples=["4F7K-2M9Q"])
    given_to: str = Field(examples=["李*"], description="只有姓")
    share: str = Field(examples=[""], description="分几次办的：来了几次，例如 2/3；别的是空的")
    title: str = Field(examples=["春季健步走"])
    organiser: str = Field(examples=["工会办公室"])
    starts_at: datetime = Field(examples=["2026-04-12T01:00:00Z"])
    ends_at: datetime = Field(examples=["2026-04-12T04:00:00Z"])


@router.get(
    "/me/certificates",
    response_model=CertificatePage,
    responses=documented(409),
    operation_id="listCertificates",
)
async def mine(
    caller: Caller, session: ReadSession, now: Now, shared: InUse, limit: Size = 20, cursor: Cursor = None
) -> CertificatePage:
    """我的参加证明：签到过、结束了的活动，新的在前。没有绑定工号的是 409：证明上要写姓名。"""
    person_id = caller.known.person_id
    of = f"certificates:{person_id}"
    last = paging.place(of, cursor)
    after = None if last is None else (datetime.fromisoformat(last[0]), int(last[1]))
    found = await certificates.list_own(session, person_id, now, limit + 1, after=after)
    page = found[:limit]
    return CertificatePage(
        items=[
            CertificateOut(
                sign_up_id=entry.public_id,
                activity_id=entry.activity.public_id,
                title=made.title,
                name=made.name,
                when=made.when,
                hours=made.hours,
                share=made.share,
                place=made.place,
                organiser=made.organiser,
                number=made.number,
                code=certificates.code(entry),
                verify=f"{shared.public_url}/c/{certificates.code(entry)}",
                pdf=f"{shared.public_url}{certificates.paper(entry, now)}",
            )
            for entry, made in page
        ],
        next=paging.cursor(of, page[-1][0].activity.starts_at, page[-1][0].id)
        if len(found) > limit
        else None,
    )


@router.get("/certificates/{code}", response_model=VerifiedOut, operation_id="verifyCertificate")
async def verify(code: PublicId, session: ReadSession) -> VerifiedOut:
    """核对一张参加证明。不是真的、签到撤销了的是 404。"""
    found = await certificates.verify(session, code)
    if found is None:
        raise NotFound("不是有效的证明：请核对编号，或者签到已经撤销。")
    return VerifiedOut(
        number=found.number,
        given_to=found.given_to,
        share=found.share,
        title=found.activity.title,
        organiser=found.activity.organiser,
        starts_at=found.activity.starts_at,
        ends_at=found.activity.ends_at,
    )
