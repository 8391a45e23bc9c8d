"""Electricity accounts (户号) that people bind: their own word first, and proven by one fact more.

Nobody is told whether a number is in the register, nor which area it lies in, before he has proven something:
else numbers could be tried out. So the area of an unverified binding is shown only where the person chose it,
while the one of the register selects his notices. Several may bind the same account, as a family does; each
proves it for himself. Not here: what happens to bindings without their persons (`customer_moves`), how the
register comes in (`customer_registers`).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import civil_date
from app.errors import DomainError, NotFound
from app.services import consents, guesses, person_names, tags
from app.services.guesses import NotFitting
from app.services.purposes import ACCOUNTS
from models import AccountBinding, BindingState, CustomerAccount
from models.sealing import keyring

PURPOSE = "account"
LENGTHS: Final = (10, 13)  # digits: the older numbers and those of the present marketing system
MOST = 10  # accounts of one person
NICKNAME = 12  # characters

_BETWEEN = re.compile(r"[\s\-—－·]")


@dataclass(frozen=True, slots=True)
class Fact:
    """What somebody knows of an account: one of the two."""

    name: str = ""
    phone_end: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    binding: AccountBinding


@dataclass(frozen=True, slots=True)
class Shown:
    """A binding as its person may see it; of the register only what a verified one shows, masked."""

    binding: AccountBinding
    owner: str = ""
    address: str = ""


def written(said: str) -> str:
    """The number as we keep it.

    Raises:
        DomainError: no account has such a number.
    """
    number = _BETWEEN.sub("", unicodedata.normalize("NFKC", said))
    if not (number.isascii() and number.isdecimal()):
        raise DomainError("户号只有数字，在电费单、缴费短信或电能表旁的标签上，请再发一次。")
    if len(number) not in LENGTHS:
        usual = "或 ".join(f"{length} 位" for length in LENGTHS)
        raise DomainError(f"户号应为 {usual}数字，您发的是 {len(number)} 位，请再发一次。")
    return number


def digest(number: str) -> bytes:
    """By which an account is found."""
    return keyring().digest(number, "account.number")


def mask(number: str) -> str:
    """****5678"""
    return f"****{number[-4:]}"


def called(binding: AccountBinding) -> str:
    """How its person calls it: 老家（****5678）"""
    masked = mask(binding.number)
    return f"{binding.nickname}（{masked}）" if binding.nickname else f"户号 {masked}"


# --- what a person does ------------------------------------------------------------------------------------


async def check_may_bind(session: AsyncSession, person_id: int) -> None:
    """Raises: DomainError: he has bound as many as one may."""
    if await _count(session, person_id) >= MOST:
        raise DomainError(f"一个人最多绑定 {MOST} 个户号。请先解绑不用的。")


async def bind(
    session: AsyncSession,
    person_id: int,
    number: str,
    *,
    nickname: str = "",
    area: str | None = None,
    channel: str,
    now: datetime,
) -> AccountBinding:
    """Keep that the person looks after this account, unverified. Twice is no error and changes nothing.

    Who calls has asked for consent (`purposes.ACCOUNTS`); it is kept here.

    Raises:
        DomainError: no such number can be, no such area, or too many accounts.
    """
    number = written(number)
    await guesses.lock_person(session, person_id)
    own = await find_by_number(session, person_id, number)
    if own is not None:
        return own
    await check_may_bind(session, person_id)
    await _check_area(session, area)
    await consents.give(session, person_id, ACCOUNTS, channel=channel, now=now)
    account = await _find_account(session, number)
    made = AccountBinding(
        person_id=person_id,
        number=number,
        number_digest=digest(number),
        nickname=_nickname(nickname),
        chosen_area=area,
        area=area or _area_of(account, civil_date(now)),
        state=BindingState.UNVERIFIED,
        bound_at=now,
    )
    session.add(made)
    await session.flush()
    await tags.look_again(session, person_id, now)
    return made


async def may_verify(session: AsyncSession, person_id: int, now: datetime) -> bool:
    """Whether the person has a try left today."""
    return await guesses.left(session, PURPOSE, person_id, now) > 0


async def check_may_verify(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Raises: DomainError: too many failed tries."""
    await guesses.check_person(session, PURPOSE, person_id, now)


async def verify(
    session: AsyncSession, person_id: int, public_id: str, fact: Fact, *, now: datetime
) -> Verified | NotFitting:
    """Prove that the account is this person's matter. Twice is no error.

    Raises:
        NotFound: he has bound no such account.
        DomainError: nothing to compare was given, or too many failed tries, of his or at this account.
    """
    if not fact.name.strip() and not fact.phone_end:
        raise DomainError("请填户名，或者登记手机号的后四位，填一样就行。")
    await guesses.lock_person(session, person_id)
    own = await get_own(session, person_id, public_id, lock=True)
    if own.is_verified:
        return Verified(own)
    await guesses.check(session, PURPOSE, person_id, own.number, now)
    account = await _find_account(session, own.number, lock=True)
    if account is None or account.is_closed(civil_date(now)) or not _fits(account, fact):
        return await guesses.fail(session, PURPOSE, person_id, own.number, now)
    own.state, own.verified_at, own.area = BindingState.VERIFIED, now, account.area
    await session.flush()
    await tags.look_again(session, person_id, now)
    return Verified(own)


async def rename(session: AsyncSession, person_id: int, public_id: str, nickname: str) -> AccountBinding:
    """Raises: NotFound; DomainError: too long."""
    own = await get_own(session, person_id, public_id, lock=True)
    own.nickname = _nickname(nickname)
    await session.flush()
    return own


async def choose_area(
    session: AsyncSession, person_id: int, public_id: str, area: str | None, *, now: datetime
) -> AccountBinding:
    """Which area's notices the person wants; None leaves it to the register.

    Raises:
        NotFound: he has bound no such account.
        DomainError: no such area, or the account is verified: then the register says it.
    """
    await guesses.lock_person(session, person_id)
    own = await get_own(session, person_id, public_id, lock=True)
    if own.is_verified:
        raise DomainError("已核实的户号，片区以登记的为准。不对请回复「人工」。")
    await _check_area(session, area)
    own.chosen_area = area
    own.area = area or _area_of(await _find_account(session, own.number), civil_date(now))
    await session.flush()
    await tags.look_again(session, person_id, now)
    return own


async def unbind(session: AsyncSession, person_id: int, public_id: str, *, now: datetime) -> AccountBinding:
    """Raises: NotFound: he has bound no such account."""
    await guesses.lock_person(session, person_id)
    own = await get_own(session, person_id, public_id, lock=True)
    await session.delete(own)
    await session.flush()
    await tags.look_again(session, person_id, now)
    return own


# --- what is known -----------------------------------------------------------------------------------------


async def list_own(session: AsyncSession, person_id: int) -> Sequence[AccountBinding]:
    """The person's accounts, the first bound first."""
    chosen = sa.select(AccountBinding).where(AccountBinding.person_id == person_id)
    return (await session.scalars(chosen.order_by(AccountBinding.id))).all()


async def get_own(
    session: AsyncSession, person_id: int, public_id: str, *, lock: bool = False
) -> AccountBinding:
    """Raises: NotFound: there is none, or it is somebody else's."""
    chosen = sa.select(AccountBinding).where(
        AccountBinding.public_id == public_id, AccountBinding.person_id == person_id
    )
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    found: AccountBinding | None = await session.scalar(chosen)
    if found is None:
        raise NotFound("没有找到这个户号，可能已经解绑了。")
    return found


async def find_by_number(session: AsyncSession, person_id: int, number: str) -> AccountBinding | None:
    return await session.scalar(
        sa.select(AccountBinding).where(
            AccountBinding.person_id == person_id, AccountBinding.number_digest == digest(number)
        )
    )


async def shown(session: AsyncSession, bindings: Sequence[AccountBinding]) -> list[Shown]:
    """What their person may read of each."""
    verified = [each.number_digest for each in bindings if each.is_verified]
    chosen = sa.select(CustomerAccount).where(CustomerAccount.number_digest.in_(verified))
    known = {each.number_digest: each for each in await session.scalars(chosen)}
    return [_shown(each, known.get(each.number_digest)) for each in bindings]


async def list_areas(session: AsyncSession) -> Sequence[str]:
    """The areas the register has, by name."""
    chosen = sa.select(CustomerAccount.area).distinct().order_by(CustomerAccount.area)
    return (await session.scalars(chosen)).all()


async def areas_of(session: AsyncSession, person_id: int) -> frozenset[str]:
    """What rules ask of this person: the areas of all his accounts, verified or not."""
    chosen = sa.select(AccountBinding.area).where(
        AccountBinding.person_id == person_id, AccountBinding.area.is_not(None)
    )
    return frozenset(str(each) for each in await session.scalars(chosen))


def mask_owner(name: str) -> str:
    """李*国, 黄*********司"""
    if len(name) < 3:
        return f"{name[:1]}*"
    return f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


def mask_address(address: str) -> str:
    """The owner knows it again, nobody else finds the door: 桥山街道**号楼*单元."""
    return re.sub(r"\d", "*", address)


# --- parts -------------------------------------------------------------------------------------------------


def _fits(account: CustomerAccount, fact: Fact) -> bool:
    if fact.phone_end:
        return account.phone is not None and account.phone[-4:] == fact.phone_end
    return person_names.is_same(account.name, fact.name)


def _area_of(account: CustomerAccount | None, today: date) -> str | None:
    return None if account is None or account.is_closed(today) else account.area


def _shown(binding: AccountBinding, account: CustomerAccount | None) -> Shown:
    if account is None or not binding.is_verified:
        return Shown(binding)
    return Shown(binding, mask_owner(account.name), mask_address(account.address or ""))


def _nickname(said: str) -> str | None:
    plain = " ".join(said.split())
    if len(plain) > NICKNAME:
        raise DomainError(f"名称最多 {NICKNAME} 个字，您写的是 {len(plain)} 个字。")
    return plain or None


async def _check_area(session: AsyncSession, area: str | None) -> None:
    if area is not None and area not in await list_areas(session):
        raise DomainError("没有这个片区，请从列表里选。")


async def _count(session: AsyncSession, person_id: int) -> int:
    chosen = sa.select(sa.func.count()).where(AccountBinding.person_id == person_id)
    return int(await session.scalar(chosen.select_from(AccountBinding)) or 0)


async def _find_account(session: AsyncSession, number: str, *, lock: bool = False) -> CustomerAccount | None:
    chosen = sa.select(CustomerAccount).where(CustomerAccount.number_digest == digest(number))
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    found: CustomerAccount | None = await session.scalar(chosen)
    return found
