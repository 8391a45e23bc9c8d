"""户号: the register by area, one account masked. It has no branch, so it is for the whole union's staff."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.console import forms, listing
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.listing import Filter, View
from app.console.navigation import Found, Section
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import customer_lists, customer_moves, customer_registers
from app.services.audit import does
from app.services.customer_accounts import mask_address, mask_owner
from app.services.member_words import NOTHING, mask_phone
from app.services.permissions import Right, Standing
from models import BindingState, CustomerAccount

PAGE: Final = "/console/customers"


router = APIRouter(prefix="/customers", dependencies=[needs(Right.CUSTOMERS_READ)])


async def _search(session: AsyncSession, standing: Standing, words: str) -> list[Found]:
    """By the whole number: all else of an account is sealed."""
    try:
        found = await customer_registers.find(session, words)
    except DomainError:
        return []
    return [] if found is None else [Found(f"户号 {words}", f"{PAGE}/{found.public_id}", found.area)]


SECTION: Final = Section(
    "customers", "会员和客户", "户号", PAGE, "meter", Right.CUSTOMERS_READ, search=_search
)


@router.get("")
async def everything(request: Request, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    today = civil_date(now)
    async with desk.reading() as session:
        areas = await customer_registers.list_areas(session)
        view = _view(request, [each.name for each in areas])
        chosen = customer_lists.chosen(
            today, number=view.get("q"), area=view.get("area"), state=view.get("state")
        )
        page = await listing.page(session, chosen, CustomerAccount.id, view)
    return shell.page("customers.html", page=page, view=view, areas=areas, today=today, mask_owner=mask_owner)


def _view(request: Request, areas: list[str]) -> View:
    return listing.view_of(
        request,
        Filter("q", "户号", kind="search"),
        Filter("area", "片区", {each: each for each in areas}),
        Filter("state", "状态", customer_lists.STATES),
    )


@router.get("/{public_id}")
async def one(public_id: str, desk: AtDesk, shell: InShell, now: Now) -> HTMLResponse:
    async with desk.reading() as session:
        return shell.page("customer_one.html", **await _one(session, public_id, now))


@router.post("/{public_id}/unbind", dependencies=[needs(Right.CUSTOMERS_EDIT)])
async def unbind(public_id: str, request: Request, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    why = forms.words(await forms.read(request), "reason")[:200]
    async with desk.acting() as session:
        account = await customer_lists.get(session, public_id)
        does(session, "customers.unbind", public_id, reason=why or None)
        count = await customer_moves.unbind_by_staff(session, account.number, by=desk.by, now=now)
    said = f"已解除 {count} 人的绑定，会告诉他们。" if count else "没有人绑定这个户号。"
    return shell.done(f"{PAGE}/{public_id}", said)


async def _one(session: AsyncSession, public_id: str, now: datetime) -> dict[str, Any]:
    account = await customer_lists.get(session, public_id)
    bindings = await customer_registers.count_bindings(session, account.number)
    facts = [
        ("户名", mask_owner(account.name)),
        ("片区", account.area),
        ("手机号", mask_phone(account.phone) if account.phone else NOTHING),
        ("用电地址", mask_address(account.address) if account.address else NOTHING),
    ]
    told = [(state.label, bindings.get(state, 0)) for state in BindingState]
    return {
        "account": account,
        "facts": facts,
        "bindings": told,
        "bound": sum(number for _, number in told),
        "today": civil_date(now),
    }
