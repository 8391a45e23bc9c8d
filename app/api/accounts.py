"""The caller's electricity accounts: bound, proven, named, placed, unbound. Numbers are never told whole."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import problems
from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.routes import Route
from app.api.shapes import ConsentVersion, PublicId, Strict
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import DomainError
from app.services import customer_accounts
from app.services.customer_accounts import NICKNAME, Fact
from app.services.guesses import NotFitting
from app.services.purposes import ACCOUNTS
from models import AccountBinding, BindingState

router = APIRouter(prefix="/me/accounts", tags=["户号"], route_class=Route)


class AccountOut(Strict):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    number: str = Field(examples=["****4567"], description="只有尾号")
    nickname: str | None = Field(examples=["老家"])
    state: BindingState = Field(examples=["verified"], description="unverified 未核实，verified 已核实")
    area: str | None = Field(examples=["黄陵 北区"], description="未核实时只是本人选的")
    owner: str | None = Field(examples=["李*国"], description="核实后才有，不全显示")
    address: str | None = Field(examples=["桥山街道轩辕路**号楼"], description="核实后才有，不全显示")
    bound_at: datetime = Field(examples=["2026-11-23T04:00:00Z"])
    verified_at: datetime | None = Field(examples=["2026-11-23T04:00:00Z"])


class AccountsOut(Strict):
    accounts: list[AccountOut] = Field(examples=[[]])
    areas: list[str] = Field(examples=[["黄陵 北区", "黄陵 南区"]], description="可以选的片区")


class BindIn(Strict):
    """户号，名称和片区可以不写。"""

    number: str = Field(min_length=1, max_length=40, examples=["6101234567"], description="10 位或 13 位")
    nickname: str | None = Field(None, max_length=NICKNAME, examples=["老家"])
    area: str | None = Field(None, max_length=40, examples=["黄陵 北区"], description="从 areas 里选")
    consent_version: ConsentVersion


class ChangeIn(Strict):
    """写了哪一项就改哪一项；null 是去掉。"""

    nickname: str | None = Field(None, max_length=NICKNAME, examples=["店里"])
    area: str | None = Field(None, max_length=40, examples=["黄陵 北区"], description="核实后不能改")


class FactIn(Strict):
    """户名或登记手机号的后四位，正好写一样。"""

    name: str | None = Field(None, min_length=1, max_length=100, examples=["李建国"])
    phone_end: str | None = Field(None, pattern=r"^[0-9]{4}$", examples=["5678"])


@router.get("", response_model=AccountsOut, responses=documented(401), operation_id="listAccounts")
async def list_own(caller: Caller, session: ReadSession) -> AccountsOut:
    """我绑定的户号，先绑定的在前；和可以选的片区。"""
    rows = await customer_accounts.list_own(session, caller.known.person_id)
    areas = await customer_accounts.list_areas(session)
    return AccountsOut(accounts=[await _out(session, row) for row in rows], areas=list(areas))


@router.post(
    "",
    status_code=201,
    response_model=AccountOut,
    responses=documented(401, 409, 422),
    operation_id="bindAccount",
)
async def bind(caller: Caller, given: BindIn, session: WriteOnce, now: Now) -> AccountOut | Response:
    """绑定户号。绑定过的原样返回；登记里有没有这个户号不会说。号码不对是 422（code: no_such_number）。"""
    if (refused := problems.without_consent(ACCOUNTS, given.consent_version)) is not None:
        return refused
    try:
        number = customer_accounts.written(given.number)
    except DomainError as refusal:
        return problems.answer(422, "no_such_number", "户号不对", refusal.message)
    row = await customer_accounts.bind(
        session,
        caller.known.person_id,
        number,
        nickname=given.nickname or "",
        area=given.area,
        channel="api",
        now=now,
    )
    return await _out(session, row)


@router.patch(
    "/{account_id}",
    response_model=AccountOut,
    responses=documented(401, 404, 409, 422),
    operation_id="changeAccount",
)
async def change(
    caller: Caller, account_id: PublicId, given: ChangeIn, session: WriteSession, now: Now
) -> AccountOut:
    """改名称，或选片区。"""
    who = caller.known.person_id
    row = await customer_accounts.get_own(session, who, account_id)
    if "nickname" in given.model_fields_set:
        row = await customer_accounts.rename(session, who, account_id, given.nickname or "")
    if "area" in given.model_fields_set:
        row = await customer_accounts.choose_area(session, who, account_id, given.area, now=now)
    return await _out(session, row)


@router.post(
    "/{account_id}/verification",
    response_model=AccountOut,
    responses=documented(401, 404, 409, 422),
    operation_id="verifyAccount",
)
async def verify(
    caller: Caller, account_id: PublicId, given: FactIn, session: WriteOnce, now: Now
) -> AccountOut | Response:
    """核实。对不上是 422（code: does_not_fit），一天最多 5 次；不会说登记的是什么。"""
    if (given.name is None) == (given.phone_end is None):
        return problems.answer(422, "one_fact", "再填一样", "户名和手机号后四位，正好填一样。")
    fact = Fact(given.name or "", given.phone_end or "")
    found = await customer_accounts.verify(session, caller.known.person_id, account_id, fact, now=now)
    if isinstance(found, NotFitting):
        return problems.does_not_fit(found, "登记的")
    return await _out(session, found.binding)


@router.delete(
    "/{account_id}", status_code=204, responses=documented(401, 404, 422), operation_id="unbindAccount"
)
async def unbind(caller: Caller, account_id: PublicId, session: WriteSession, now: Now) -> None:
    """解绑。"""
    await customer_accounts.unbind(session, caller.known.person_id, account_id, now=now)


async def _out(session: AsyncSession, row: AccountBinding) -> AccountOut:
    (seen,) = await customer_accounts.shown(session, [row])
    return AccountOut(
        id=row.public_id,
        number=customer_accounts.mask(row.number),
        nickname=row.nickname,
        state=row.state,
        area=row.shown_area,
        owner=seen.owner or None,
        address=seen.address or None,
        bound_at=row.bound_at,
        verified_at=row.verified_at,
    )
