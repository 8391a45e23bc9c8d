"""What `gonghui accounts …` prints: of what an import does or would do, of areas and accounts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from app.clock import civil_date, spoken
from app.services.customer_accounts import mask, mask_address, mask_owner
from app.services.customer_registers import AccountEvent, Area, Change, Outcome
from app.services.customer_rows import COLUMNS
from app.services.member_words import NOTHING, mask_phone
from models import BindingState, CustomerAccount

AREAS = 20
_TITLES = {each.field: each.title for each in COLUMNS}


def of_outcome(outcome: Outcome, *, samples: bool) -> Iterator[str]:
    """`samples`: with the first accounts of each kind."""
    for event in AccountEvent:
        if number := outcome.events[event]:
            yield f"{event.label} {number} 户{_fields(outcome) if event is AccountEvent.CHANGED else ''}"
            if samples:
                yield from _samples(outcome.samples[event], number)
    yield f"没有变化 {outcome.unchanged} 户"
    if outcome.new_areas:
        more = f" 等 {len(outcome.new_areas)} 个" if len(outcome.new_areas) > AREAS else ""
        yield f"新的片区：{'、'.join(outcome.new_areas[:AREAS])}{more}"
    if outcome.losing:
        yield f"要重新核实的绑定 {outcome.losing} 个，会告诉本人"


def _fields(outcome: Outcome) -> str:
    named = [f"{_TITLES[name]} {number}" for name, number in outcome.fields.most_common()]
    return f"（{'、'.join(named)}）" if named else ""


def _samples(changes: Sequence[Change], number: int) -> Iterator[str]:
    for each in changes:
        changed = "" if not each.before else f"　{'、'.join(_TITLES[name] for name in each.fields)}"
        yield f"  {mask(each.row.number)}　{mask_owner(each.row.name)}　{each.row.area}{changed}"
    if number > len(changes):
        yield f"  ……还有 {number - len(changes)} 户"


def of_areas(areas: Sequence[Area]) -> Iterator[str]:
    for area in areas:
        yield f"{area.name}　{area.accounts} 户　绑定 {area.bindings} 个"
    yield f"共 {len(areas)} 个片区，{sum(area.accounts for area in areas)} 户"


def of_accounts(accounts: Sequence[CustomerAccount], today: date) -> Iterator[str]:
    for each in accounts:
        closed = f"　{each.closed_on} 销户" if each.is_closed(today) else ""
        yield f"{each.number}　{mask_owner(each.name)}{closed}"
    yield f"列出 {len(accounts)} 户"


def of_one(
    account: CustomerAccount | None, bindings: Mapping[BindingState, int], now: datetime
) -> Iterator[str]:
    """What the register says, masked, and by how many it is bound."""
    if account is None:
        yield "登记里没有这个户号。"
    else:
        yield f"{account.number}　{mask_owner(account.name)}　{account.area}"
        yield f"手机号：{mask_phone(account.phone) if account.phone else NOTHING}"
        yield f"用电地址：{mask_address(account.address) if account.address else NOTHING}"
        if account.is_closed(civil_date(now)):
            yield f"销户：{account.closed_on}"
        yield f"登记更新：{spoken(account.updated_at, now)}"
    told = [f"{state.label} {bindings.get(state, 0)} 人" for state in BindingState]
    yield f"绑定：{'，'.join(told)}"
