"""入会申请 for the mini-program: apply, see how it stands, bring what is missing, take it back."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from app.api import problems
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.routes import Route
from app.api.shapes import Strict
from app.clock import civil_date
from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.errors import NotFound
from app.services import application_facts, applications, branches, cases, joining
from app.services.application_facts import DECLARATION, DECLARATION_VERSION, Incomplete
from app.services.applications import Own
from app.services.joining import Listed
from models import CaseState, EntryKind

router = APIRouter(prefix="/me/joining", tags=["入会申请"], route_class=Route)


class ApplicationIn(Strict):
    """入会申请表。declaration 填 GET /me/joining/form 给出的版本，表示本人看过并确认了声明。"""

    name: str = Field(max_length=60, examples=["赵敏"])
    sex: str = Field(max_length=4, examples=["女"], description="男、女")
    born_on: str = Field(max_length=20, examples=["1995-06-01"])
    phone: str = Field(max_length=20, examples=["13900001111"])
    kind: str = Field(max_length=10, examples=["在职"], description="在职、劳务派遣")
    staff_number: str = Field("", max_length=40, examples=["20001"])
    post: str = Field("", max_length=60, examples=["配电运维"])
    branch: str = Field(
        "", max_length=16, examples=["k7m2p9q4r8s3t6vw"], description="组织的 id；说不清就不填"
    )
    declaration: str = Field("", max_length=16, examples=[DECLARATION_VERSION])


class BranchOut(Strict):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    name: str = Field(examples=["北区分工会"])
    depth: int = Field(examples=[1], description="第几级，最上面是 0；紧跟在上级后面")


class FormOut(Strict):
    """填申请表要用的：入会声明和可以选的组织。"""

    declaration: str = Field(examples=[DECLARATION])
    version: str = Field(examples=[DECLARATION_VERSION])
    branches: list[BranchOut]


class StepOut(Strict):
    at: datetime = Field(examples=["2026-11-23T04:00:00Z"])
    state: CaseState | None = Field(examples=["submitted"], description="这一步到了哪个状态")
    words: str = Field(examples=["请补一张工作证照片。"])


class ApplicationOut(Strict):
    number: str = Field(examples=["RH-2026-0001"])
    state: CaseState = Field(examples=["supplement"])
    state_label: str = Field(examples=["待您补正"])
    due_at: datetime | None = Field(
        examples=["2026-12-07T10:00:00Z"], description="最迟什么时候答复；等本人补正时没有"
    )
    asked: str = Field(examples=["请补一张工作证照片。"], description="要补正什么，或为什么没有通过")
    steps: list[StepOut]


class SupplementIn(Strict):
    text: str = Field(max_length=2000, examples=["工作证编号 20001，已交给班长。"])


@router.get("/form", response_model=FormOut, responses=documented(401), operation_id="getJoiningForm")
async def form(caller: Caller, session: ReadSession, now: Now) -> FormOut:
    """入会声明和组织的树。"""
    tree = await branches.list_tree(session, civil_date(now))
    shown = [BranchOut(id=node.branch.public_id, name=node.branch.name, depth=node.depth) for node in tree]
    return FormOut(declaration=DECLARATION, version=DECLARATION_VERSION, branches=shown)


@router.get("", response_model=ApplicationOut, responses=documented(401, 404), operation_id="getApplication")
async def mine(caller: Caller, session: ReadSession) -> ApplicationOut:
    """我最近一份入会申请。没有申请过是 404。"""
    return await _newest(session, caller.known.person_id)


@router.post(
    "",
    status_code=201,
    response_model=ApplicationOut,
    responses=documented(401, 409, 422),
    operation_id="applyToJoin",
)
async def apply(
    caller: Caller, given: ApplicationIn, session: WriteOnce, shared: InUse, now: Now
) -> ApplicationOut | Response:
    """提交入会申请。已有一份在办的，返回那一份。

    花名册里已经有本人的资料时是 409（code: bind_instead），请改用绑定工号。
    """
    if given.declaration != DECLARATION_VERSION:
        said = "请先看入会声明，确认后再提交。"
        return problems.answer(422, "not_declared", "还没有确认声明", said)
    try:
        facts = application_facts.check(given.model_dump(), civil_date(now))
    except Incomplete as refused:
        return _incomplete(refused)
    branch = await branches.find_public(session, given.branch) if given.branch else None
    if given.branch and branch is None:
        return _incomplete(Incomplete({"branch": "没有找到这个组织，请重新选。"}))
    done = await joining.apply(
        session,
        caller.known.person_id,
        None,
        facts,
        branch,
        working_days=shared.joining_days,
        channel="api",
        now=now,
    )
    if isinstance(done, Listed):
        said = "花名册里已经有您的资料，不用申请，直接绑定工号就是会员。"
        return problems.answer(409, "bind_instead", "直接绑定就行", said)
    return await _newest(session, caller.known.person_id)


@router.post(
    "/supplement",
    response_model=ApplicationOut,
    responses=documented(401, 404, 409, 422),
    operation_id="supplementApplication",
)
async def supplement(
    caller: Caller, given: SupplementIn, session: WriteOnce, now: Now
) -> ApplicationOut | Response:
    """补正：把要补的写上。"""
    try:
        blocks = joining.written(given.text)
    except Incomplete as refused:
        return _incomplete(refused)
    await joining.supplement(session, caller.known.person_id, blocks, channel="api", now=now)
    return await _newest(session, caller.known.person_id)


@router.delete("", status_code=204, responses=documented(401, 404), operation_id="withdrawApplication")
async def cancel(caller: Caller, session: WriteSession, now: Now) -> None:
    """撤销在办的申请。没有在办的是 404。"""
    await joining.cancel(session, caller.known.person_id, channel="api", now=now)


def _incomplete(refused: Incomplete) -> Response:
    fields = [{"field": field, "reason": reason} for field, reason in refused.wrong.items()]
    return problems.answer(422, "invalid", "有几项要改", refused.message, fields=fields)


async def _newest(session: ReadSession, person_id: int) -> ApplicationOut:
    found = await applications.list_own(session, person_id)
    if not found:
        raise NotFound("您还没有提交过入会申请。")
    own: Own = found[0]
    thread = await cases.list_thread(session, own.case)
    is_asked = own.case.state in (CaseState.SUPPLEMENT, CaseState.REFUSED)
    return ApplicationOut(
        number=own.case.number,
        state=own.case.state,
        state_label=own.case.state.said_to_member,
        due_at=own.application.due_at,
        asked=own.mine.answer if is_asked else "",
        steps=[
            StepOut(
                at=entry.created_at,
                state=entry.to_state,
                words=cases.text_of(entry) if entry.kind is not EntryKind.EVENT else "",
            )
            for entry in thread
        ],
    )
