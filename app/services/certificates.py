"""Certificates of participation: for who was checked in, with a number and a code that anybody may verify.

Nothing is kept of one: the code says whose sign-up it is, sealed by a digest only this service makes, and the
sign-up says whether it is true today. A check-in that is taken back takes its certificate along. Not here:
the paper (`certificate_pages`).
"""

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.clock import shanghai
from app.errors import DomainError
from app.services import arrivals, attendance, open_addresses, participants, sittings
from app.services.addresses import page
from app.services.arrivals import Arrivals
from app.services.keysets import Keys, beyond
from app.services.participants import UNKNOWN
from models import Activity, Member, SignUp, SignUpState
from models.sealing import keyring
from models.types import PUBLIC_ALPHABET

_CODE: Final = re.compile(rf"([{PUBLIC_ALPHABET}]{{16}})([a-z2-7]{{16}})")
AT_A_STRETCH: Final = timedelta(hours=14)
NAMELESS: Final = "证明上要写姓名，请先绑定工号。"
_NUMBER: Final = 8  # characters of the code's end, which nobody can make up


@dataclass(frozen=True, slots=True)
class Certificate:
    """What one says. `address` opens the page that verifies it; empty where no page can be reached."""

    name: str
    title: str
    when: str
    hours: str
    place: str
    organiser: str
    number: str
    address: str
    share: str = ""  # 2/3, of several sittings


@dataclass(frozen=True, slots=True)
class Verified:
    """What a stranger is told: for what, when, to whom, as far as 李*."""

    activity: Activity
    given_to: str
    number: str
    share: str = ""  # 2/3, of several sittings


class NoCertificate(DomainError):
    pass


def check(activity: Activity, entry: SignUp, name: str, now: datetime) -> None:
    """Raises: NoCertificate: it is not over, or was not come to, or we do not know who that is."""
    if entry.state is not SignUpState.CHECKED_IN:
        raise NoCertificate(f"「{activity.title}」没有签到记录，没有参加证明。")
    if now < activity.ends_at:
        raise NoCertificate(f"「{activity.title}」结束以后才有参加证明。")
    if not name or name == UNKNOWN:
        raise NoCertificate(NAMELESS)


async def own(session: AsyncSession, entry: SignUp, now: datetime) -> Certificate:
    """Of a sign-up that was loaded with its activity. Raises: NoCertificate."""
    name = await name_of(session, entry.person_id)
    check(entry.activity, entry, name, now)
    return of(entry.activity, entry, name, await arrivals.of_entry(session, entry.activity, entry))


async def list_own(
    session: AsyncSession, person_id: int, now: datetime, limit: int, *, after: Keys | None = None
) -> list[tuple[SignUp, Certificate]]:
    """Of all that the person was checked in to, the newest first. Raises: NoCertificate: nobody knows who."""
    name = await name_of(session, person_id)
    if not name:
        raise NoCertificate(NAMELESS)
    chosen = (
        sa.select(SignUp)
        .join(SignUp.activity)
        .options(contains_eager(SignUp.activity))
        .where(SignUp.person_id == person_id, SignUp.state == SignUpState.CHECKED_IN, Activity.ends_at <= now)
    )
    order = (Activity.starts_at, SignUp.id)
    if after is not None:
        chosen = chosen.where(beyond(order, after, descending=True))
    rows = await session.scalars(chosen.order_by(*(each.desc() for each in order)).limit(limit))
    found = []
    for entry in rows.all():
        came = await arrivals.of_entry(session, entry.activity, entry)
        found.append((entry, of(entry.activity, entry, name, came)))
    return found


async def name_of(session: AsyncSession, person_id: int) -> str:
    """As on the roster; empty where nobody knows."""
    return await session.scalar(sa.select(Member.name).where(Member.person_id == person_id)) or ""


def paper(entry: SignUp, now: datetime) -> str:
    """The address of its PDF, good for an hour or two without signing in."""
    return f"{_paper(entry.public_id)}?open={open_addresses.mark(_paper(entry.public_id), now)}"


async def opened(session: AsyncSession, public_id: str, given: str, now: datetime) -> SignUp | None:
    """The sign-up whose PDF was asked for by the address of `paper`; None: it is not a good one."""
    if not open_addresses.opens(_paper(public_id), given, now):
        return None
    chosen = sa.select(SignUp).join(SignUp.activity).options(contains_eager(SignUp.activity))
    return await session.scalar(chosen.where(SignUp.public_id == public_id))


def of(activity: Activity, entry: SignUp, name: str, came: Arrivals) -> Certificate:
    """`came`: to which sittings."""
    said = code(entry)
    return Certificate(
        name=name,
        title=activity.title,
        when=_when(activity),
        hours=_hours(activity, came),
        share=attendance.share(activity, came),
        place=activity.place,
        organiser=activity.organiser,
        number=number(said),
        address=page(f"/c/{said}"),
    )


def code(entry: SignUp) -> str:
    return f"{entry.public_id}{_mark(entry.public_id)}"


def number(said: str) -> str:
    """What is printed and read out: 4F7K-2M9Q."""
    end = said[-_NUMBER:].upper()
    return f"{end[:4]}-{end[4:]}"


async def verify(session: AsyncSession, said: str) -> Verified | None:
    """None: not genuine, or taken back."""
    found = _CODE.fullmatch(said)
    if found is None or not compare_digest(_mark(found[1]), found[2]):
        return None
    chosen = (
        sa.select(Activity, Member.name, SignUp)
        .join(SignUp, SignUp.activity_id == Activity.id)
        .outerjoin(Member, Member.person_id == SignUp.person_id)
        .where(SignUp.public_id == found[1], SignUp.state == SignUpState.CHECKED_IN)
    )
    row = (await session.execute(chosen)).first()
    if row is None:
        return None
    activity, name, entry = row
    share = attendance.share(activity, await arrivals.of_entry(session, activity, entry))
    return Verified(activity, f"{name[:1]}*" if name else "一位参加的人", number(said), share)


async def each(session: AsyncSession, activity: Activity) -> AsyncIterator[Certificate]:
    """Of everybody who was checked in and whose name we know, by name."""
    rows = participants.chosen(activity, SignUpState.CHECKED_IN).where(Member.name.is_not(None))
    found = (await session.execute(rows.order_by(Member.name, SignUp.id))).all()
    came = await arrivals.by_entry(session, activity, [row[0] for row in found])
    for row in found:
        who = participants.participant(row)
        yield of(activity, who.entry, who.name, came.get(who.id, {}))


def _paper(public_id: str) -> str:
    return f"/me/sign-ups/{public_id}/certificate.pdf"


def _mark(public_id: str) -> str:
    """80 bits, in letters that no reader mistakes."""
    return base64.b32encode(keyring().digest(public_id, "certificate")[:10]).decode().lower()


def _when(activity: Activity) -> str:
    """The day in China; of more than one the first and the last."""
    first, last = shanghai(activity.starts_at), shanghai(activity.ends_at)
    if first.date() == last.date():
        return f"{first.year}年{first.month}月{first.day}日"
    return f"{first.year}年{first.month}月{first.day}日至{last.year}年{last.month}月{last.day}日"


def _hours(activity: Activity, came: Arrivals) -> str:
    """To half an hour, of the sittings that were come to; of days together none, since nobody is there at
    night.
    """
    lasted = [each.ends_at - each.starts_at for each in sittings.of(activity) if each.key in came]
    if not lasted or max(lasted) > AT_A_STRETCH:
        return ""
    halves = max(1, round(sum(lasted, timedelta()).total_seconds() / 1800))
    return f"{halves / 2:g} 小时"
