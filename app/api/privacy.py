"""What the caller agreed to and his rights over his data: see, export, correct, delete parts, close."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.api import problems
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.routes import Route
from app.api.shapes import ConsentVersion, PublicId, Strict
from app.dependencies import Now, ReadSession, WriteSession
from app.services import (
    closing,
    consents,
    correcting,
    deleting,
    exports,
    privacy_requests,
    purposes,
    withdrawing,
)
from app.services.consents import Standing
from app.services.deleting import Part
from app.services.exports import Chapter
from app.wechat.incoming import words_in
from models import PrivacyRequest

router = APIRouter(prefix="/me/privacy", tags=["隐私"], route_class=Route)


class PurposeOut(BaseModel):
    key: str = Field(examples=["membership"])
    title: str = Field(examples=["会员绑定"])
    version: str = Field(examples=["2026-12"], description="同意时原样带回")
    question: str = Field(examples=["绑定后就能看到会员的菜单。…"], description="同意之前给本人看的话")
    sensitive: bool = Field(examples=[False], description="含敏感信息，要单独同意")
    withdrawing: str = Field(examples=["解除工号绑定"], description="撤回以后会怎样")
    agreed: bool = Field(examples=[True], description="现在的版本，本人同意着")
    agreed_at: datetime | None = Field(examples=["2026-11-28T04:00:00Z"])
    outdated: bool = Field(
        examples=[False],
        description="同意的是以前的说明：给本人看现在的，再 PUT 或 DELETE",
    )


class PurposesOut(BaseModel):
    items: list[PurposeOut]


class LineOut(BaseModel):
    what: str = Field(examples=["公众号里的对话"])
    done: str = Field(examples=["31 条的文字已删除"])


class ReceiptOut(BaseModel):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"], description="回执的页面是 /receipts/ 加这个编号")
    number: str = Field(examples=["QX-2026-0042"])
    kind: str = Field(examples=["删除资料"])
    asked_at: datetime = Field(examples=["2026-11-28T04:00:00Z"])
    lines: list[LineOut]


class ReceiptsOut(BaseModel):
    items: list[ReceiptOut]


class ChapterOut(BaseModel):
    title: str = Field(examples=["会员资料"])
    fields: dict[str, str] = Field(examples=[{"staff_number": "工号"}], description="各项的中文名")
    rows: list[dict[str, Any]] = Field(examples=[[{"staff_number": "10001"}]])


class CorrectionIn(Strict):
    what: str = Field(
        min_length=1, max_length=correcting.LONGEST, examples=["手机号应为 139 开头"], pattern=r"\S"
    )


class DeletionIn(Strict):
    parts: list[Part] = Field(min_length=1, max_length=len(deleting.PARTS), examples=[["messages"]])


class RenewalIn(Strict):
    consent_version: ConsentVersion


class ClosingIn(Strict):
    sure: bool = Field(examples=[True], description="本人知道注销以后不能恢复")


@router.get("/consents", response_model=PurposesOut, responses=documented(401), operation_id="listConsents")
async def list_consents(caller: Caller, session: ReadSession) -> PurposesOut:
    """要同意的各个用途，和本人的同意。"""
    own = await consents.list_own(session, caller.known.person_id)
    return PurposesOut(items=[_purpose(each) for each in own])


@router.put(
    "/consents/{key}",
    status_code=204,
    response_model=None,
    responses=documented(401, 404, 409, 422),
    operation_id="renewConsent",
)
async def renew(
    caller: Caller, key: PublicId, given: RenewalIn, session: WriteSession, now: Now
) -> Response | None:
    """说明改过以后，同意现在的版本。没有同意过或撤回了是 409：要用到的接口会再问（consent_version）。"""
    purpose = purposes.get(key)
    if (refused := problems.without_consent(purpose, given.consent_version)) is not None:
        return refused
    await consents.renew(session, caller.known.person_id, purpose, channel="api", now=now)
    return None


@router.delete(
    "/consents/{key}", status_code=204, responses=documented(401, 404, 422), operation_id="withdrawConsent"
)
async def withdraw(caller: Caller, key: PublicId, session: WriteSession, now: Now) -> None:
    """撤回一项同意，现在就生效。没有同意过也不算错。"""
    purpose = purposes.get(key)
    await withdrawing.withdraw(session, caller.known.person_id, purpose, channel="api", now=now)


@router.get(
    "/data", response_model=dict[str, ChapterOut], responses=documented(401), operation_id="getMyData"
)
async def data(caller: Caller, session: ReadSession) -> dict[str, ChapterOut]:
    """和本人有关的全部资料，按章节。"""
    found = await exports.gather(session, caller.known.person_id, words_in)
    return {each.key: _chapter(each) for each in found}


@router.get(
    "/requests",
    response_model=ReceiptsOut,
    responses=documented(401),
    operation_id="listPrivacyRequests",
)
async def list_requests(caller: Caller, session: ReadSession) -> ReceiptsOut:
    """本人提过的要求和回执，新的在前。"""
    own = await privacy_requests.list_own(session, caller.known.person_id)
    return ReceiptsOut(items=[_receipt(each) for each in own])


@router.post(
    "/corrections",
    status_code=201,
    response_model=ReceiptOut,
    responses=documented(401, 422),
    operation_id="askForCorrection",
)
async def correct(caller: Caller, given: CorrectionIn, session: WriteOnce, now: Now) -> ReceiptOut:
    """请工作人员更正一项资料。"""
    return _receipt(await correcting.ask(session, caller.known.person_id, given.what, channel="api", now=now))


@router.post(
    "/deletions",
    status_code=201,
    response_model=ReceiptOut,
    responses=documented(401, 422),
    operation_id="deleteMyData",
)
async def delete(caller: Caller, given: DeletionIn, session: WriteOnce, now: Now) -> ReceiptOut:
    """删除一部分资料：messages 对话，drafts 没办完的对话，cases 办完的事，answers 过去报名填的内容。"""
    return _receipt(
        await deleting.delete(session, caller.known.person_id, set(given.parts), channel="api", now=now)
    )


@router.post(
    "/closing",
    status_code=201,
    response_model=ReceiptOut,
    responses=documented(401, 409, 422),
    operation_id="closeAccount",
)
async def close(caller: Caller, given: ClosingIn, session: WriteOnce, now: Now) -> ReceiptOut | Response:
    """注销：和本人有关的资料删除或脱离，登录随即失效，不能恢复。"""
    if not given.sure:
        return problems.answer(422, "not_sure", "要先确认", "注销以后不能恢复，请先让本人确认。")
    return _receipt(await closing.close(session, caller.known.person_id, channel="api", now=now))


def _chapter(chapter: Chapter) -> ChapterOut:
    rows = [dict(row) for row in chapter.rows]
    return ChapterOut(title=chapter.title, fields=dict(chapter.fields), rows=rows)


def _purpose(standing: Standing) -> PurposeOut:
    purpose = standing.purpose
    agreed_at = standing.given.given_at if standing.given and standing.stands else None
    return PurposeOut(
        key=purpose.key,
        title=purpose.title,
        version=purpose.version,
        question=purpose.question,
        sensitive=purpose.is_sensitive,
        withdrawing=purpose.withdrawing,
        agreed=agreed_at is not None,
        agreed_at=agreed_at,
        outdated=standing.is_outdated,
    )


def _receipt(row: PrivacyRequest) -> ReceiptOut:
    return ReceiptOut(
        id=row.public_id,
        number=row.number,
        kind=row.kind.label,
        asked_at=row.asked_at,
        lines=[LineOut(what=line.what, done=line.done) for line in privacy_requests.lines_of(row)],
    )
