"""资料变更 for the mini-program: another phone number, the binding to come here, taking back, objecting."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from app.api import problems
from app.api.description import documented
from app.api.gate import Caller
from app.api.me import ProofIn
from app.api.once import WriteOnce
from app.api.routes import Route
from app.api.shapes import Strict
from app.dependencies import Now, ReadSession, WriteSession
from app.services import binding_claims, member_changes
from app.services.application_facts import Incomplete
from app.services.binding import Bound
from app.services.guesses import NotFitting
from app.services.member_changes import Asked
from app.services.purposes import MEMBERSHIP
from models import CaseState, ChangeKind

router = APIRouter(prefix="/me/changes", tags=["资料变更"], route_class=Route)


class ChangeOut(Strict):
    number: str = Field(examples=["BG-2026-0001"])
    what: ChangeKind = Field(examples=["phone"], description="phone 换手机号，move 换微信号")
    state: CaseState = Field(examples=["submitted"])
    state_label: str = Field(examples=["已提交"])
    answer: str = Field(examples=["没有核对上本人。"], description="工作人员的答复；还没有就是空的")


class ChangesOut(Strict):
    mine: list[ChangeOut]
    claimed: bool = Field(examples=[False], description="有人申请换走我的绑定，可以提出异议")


class AskedOut(Strict):
    number: str = Field(examples=["BG-2026-0001"])
    due_at: datetime | None = Field(examples=["2026-11-26T10:00:00Z"], description="最迟什么时候答复")


Number = Annotated[str, Path(max_length=24, examples=["BG-2026-0001"])]


class PhoneIn(Strict):
    phone: str = Field(max_length=20, examples=["13900001111"])


@router.get("", response_model=ChangesOut, responses=documented(401), operation_id="listChanges")
async def mine(caller: Caller, session: ReadSession) -> ChangesOut:
    """我的变更申请，新的在前；有没有人申请换走我的绑定。"""
    person_id = caller.known.person_id
    found = [
        ChangeOut(
            number=own.case.number,
            what=own.change.what,
            state=own.case.state,
            state_label=own.case.state.said_to_member,
            answer=own.mine.answer,
        )
        for own in await member_changes.list_own(session, person_id)
    ]
    return ChangesOut(mine=found, claimed=bool(await binding_claims.list_claims(session, person_id)))


@router.post(
    "/phone",
    status_code=201,
    response_model=AskedOut,
    responses=documented(401, 409, 422),
    operation_id="askForPhone",
)
async def change_phone(caller: Caller, given: PhoneIn, session: WriteOnce, now: Now) -> AskedOut | Response:
    """申请改花名册里的手机号，工作人员核对后生效。"""
    try:
        asked = await member_changes.ask_phone(
            session, caller.known.person_id, None, given.phone, channel="api", now=now
        )
    except Incomplete as refused:
        fields = [{"field": field, "reason": reason} for field, reason in refused.wrong.items()]
        return problems.answer(422, "invalid", "手机号要改", refused.message, fields=fields)
    return _asked(asked)


@router.post(
    "/move",
    status_code=201,
    response_model=AskedOut,
    responses=documented(401, 409, 422),
    operation_id="askForMove",
)
async def move_here(caller: Caller, given: ProofIn, session: WriteOnce, now: Now) -> AskedOut | Response:
    """工号绑定着别的微信号时，申请换到这里。对不上是 422（code: does_not_fit），和绑定一起计次。

    没有绑定着别的微信号时，直接绑定好，返回 204。
    """
    proof = given.proof()
    if (refused := problems.without_consent(MEMBERSHIP, given.consent_version)) is not None:
        return refused
    found = await member_changes.ask_move(
        session, caller.known.person_id, None, proof, channel="api", now=now
    )
    match found:
        case NotFitting():
            return problems.does_not_fit(found, "花名册")
        case Bound():
            return Response(status_code=204)
    return _asked(found)


@router.delete(
    "/{number}", status_code=204, responses=documented(401, 404, 409, 422), operation_id="withdrawChange"
)
async def withdraw(caller: Caller, number: Number, session: WriteSession, now: Now) -> None:
    """撤销我的一件变更申请。"""
    await member_changes.cancel(session, caller.known.person_id, number, channel="api", now=now)


@router.post("/objection", status_code=204, responses=documented(401), operation_id="objectToMove")
async def object_to(caller: Caller, session: WriteOnce, now: Now) -> None:
    """不是我：对换走我的绑定提出异议。没有人申请也不算错。"""
    await binding_claims.object_to(session, caller.known.person_id, channel="api", now=now)


def _asked(asked: Asked) -> AskedOut:
    return AskedOut(number=asked.number, due_at=asked.due_at)
