"""替同事报名: where the organiser lets him, a member signs up a colleague whom he names by number and name.

The sign-up is the colleague's own, by the rules of `sign_ups` and as if he had made it. He is told who did,
and gives it up with one tap; until he has done anything with it, who made it may take it back
(`sign_up_help`). Nobody finds anything out here: a number that is wrong and a name that is wrong get one
answer, failed tries are counted, and why a colleague may not come is told to nobody but him.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.clock import civil_date
from app.errors import DomainError, NotFound
from app.services import activities, followers, guesses, members, person_names, sign_up_help, sign_ups
from app.services import sign_up_notices as notices
from app.services.audiences import Facts
from app.services.eligibility import NotEligible
from app.services.guesses import NotFitting
from app.services.keysets import beyond
from app.services.sign_up_notices import Helper
from app.services.sign_ups import ORDER, Applicant, Place, SignUpClosed
from models import LIVE, Activity, Member, Person, SignUp, SignUpHelp

PURPOSE: Final = "colleague"
_NOT_MADE: Final = "没有找到您替同事报的这次报名。"
MOST: Final = 10  # colleagues whom one member signs up for an activity; the same again is none more

Tap = Callable[[str, str], str]
"""A line that reads the first and, tapped, runs the second: how the colleague gives it up."""


class NotNamed(DomainError):
    status = 422


@dataclass(frozen=True, slots=True)
class Helped:
    """A sign-up somebody made, its activity loaded with it, and whose it is by name.

    `is_open`: that one has done nothing with it himself; else how it stands is his alone to know.
    """

    entry: SignUp
    name: str
    is_open: bool

    @property
    def title(self) -> str:
        return f"替 {self.name} 报的"

    @property
    def state_label(self) -> str:
        return self.entry.state.label if self.is_open else "本人已办理"

    def may_cancel(self, now: datetime) -> bool:
        return self.is_open and self.entry.state in LIVE and self.entry.activity.is_ahead(now)


async def check(session: AsyncSession, activity: Activity, who: Applicant, now: datetime) -> None:
    """May `who` sign anybody up for this? Before he types whom.

    Raises: SignUpClosed; DomainError: one has to come oneself, he is no member, or has no tries left.
    """
    if not activity.colleagues:
        raise DomainError(f"「{activity.title}」要本人报名，不能替同事报。")
    if not activity.takes_sign_ups(now):
        raise SignUpClosed(activity, now)
    if who.facts.membership is None:
        raise DomainError("职工才能替同事报名。请先在公众号里回复「绑定」绑定工号。")
    await guesses.check_person(session, PURPOSE, who.person_id, now)


async def outlook(session: AsyncSession, activity: Activity, who: Applicant, now: datetime) -> str:
    """Before he types whom: why he may sign nobody up; empty where he may."""
    try:
        await check(session, activity, who, now)
    except DomainError as refusal:
        return refusal.message
    return ""


async def sign_up(
    session: AsyncSession,
    public_id: str,
    who: Applicant,
    staff_number: str,
    name: str,
    *,
    answers: dict[str, Any],
    tap: Tap,
    now: datetime,
) -> SignUp | NotFitting:
    """Sign the colleague of that number and name up; `who` is the one who does it. Twice is no error.

    Raises:
        NotFound: no such activity.
        NotNamed: number or name is missing.
        SignUpClosed, DomainError: as `check`; himself; nothing reaches the colleague; it is for others, he is
            signed up, or gave it up before; too many colleagues, or failed tries.
    """
    activity = await activities.get(session, public_id, lock=True)
    await check(session, activity, who, now)
    member = await _named(session, who, staff_number, name, now)
    if isinstance(member, NotFitting):
        return member
    if (
        member.person_id is None
        or (facts := await followers.facts_of(session, member.person_id, now)) is None
    ):
        raise DomainError(f"{member.name}还没有在公众号里绑定工号，通知不到本人。请他先绑定，再来替他报。")
    entry = await sign_ups.find_own(session, activity.id, member.person_id)
    if entry is not None:
        return await _known(session, activity, entry, who, member)
    made = sa.select(sa.func.count()).select_from(SignUpHelp).join(SignUp, SignUp.id == SignUpHelp.sign_up_id)
    of_mine = SignUpHelp.helper_id == who.person_id, SignUp.activity_id == activity.id
    if (await session.scalar(made.where(*of_mine)) or 0) >= MOST:
        raise DomainError(f"一个活动最多替 {MOST} 位同事报名，您已经报满了。")
    out = tap("不参加，点这里取消", f"activities.cancel?activity={activity.public_id}")
    helper = Helper(who.person_id, await sign_up_help.name_of(session, who.person_id), out)
    colleague = Applicant(member.person_id, facts, who.channel, helper)
    try:
        entry = await sign_ups.sign_up(session, activity.id, colleague, answers=answers, now=now)
    except NotEligible:
        raise DomainError(_not_by_others(activity, member)) from None
    session.add(SignUpHelp(sign_up_id=entry.id, helper_id=who.person_id, made_at=now))
    await session.flush()
    return entry


async def cancel(session: AsyncSession, public_id: str, who: Applicant, *, now: datetime) -> SignUp:
    """Take back what `who` made, as long as the colleague has done nothing with it. Twice is no error.

    Raises:
        NotFound: no such sign-up, or somebody else made it.
        DomainError: it is the colleague's own by now; the activity has begun.
    """
    activity_id = await get_activity_id(session, public_id, who.person_id)
    activity = await sign_ups.lock(session, activity_id)
    chosen = sa.select(SignUp).where(SignUp.public_id == public_id)
    entry = (await session.scalars(chosen.execution_options(populate_existing=True))).one()
    if not await sign_up_help.is_open(session, entry):
        name = await sign_up_help.name_of(session, entry.person_id)
        raise DomainError(f"{name}自己已经办过这次报名，不能再替他取消。")
    if entry.state not in LIVE:
        return entry
    mine = await sign_up_help.name_of(session, who.person_id)
    whose = Applicant(entry.person_id, Facts(), who.channel, Helper(who.person_id, mine, ""))
    entry = await sign_ups.cancel(session, activity_id, whose, now=now)
    await session.flush()
    await notices.taken_back(session, activity, entry, mine, now)
    await session.flush()
    return entry


async def keep(session: AsyncSession, activity_id: int, who: Applicant, *, now: datetime) -> SignUp:
    """Who was signed up wants it himself. Twice is no error. Raises: NotFound: never signed up."""
    activity = await sign_ups.lock(session, activity_id)
    entry = await sign_ups.find_own(session, activity.id, who.person_id)
    if entry is None:
        raise NotFound(f"您没有报名「{activity.title}」。")
    await sign_up_help.take_over(session, entry, who.channel, now)
    return entry


async def list_made(
    session: AsyncSession, person_id: int, now: datetime, limit: int, *, after: Place | None = None
) -> Sequence[Helped]:
    """What a person made for others of what is not over, the nearest first."""
    chosen = _made_by(person_id).where(Activity.ends_at > now)
    if after is not None:
        chosen = chosen.where(beyond(ORDER, after))
    entries = (await session.scalars(chosen.order_by(*ORDER).limit(limit))).all()
    return [await _helped(session, entry) for entry in entries]


async def get_made(session: AsyncSession, public_id: str, person_id: int) -> Helped:
    """Raises: NotFound: no such sign-up, or somebody else made it."""
    entry = await session.scalar(_made_by(person_id).where(SignUp.public_id == public_id))
    if entry is None:
        raise NotFound(_NOT_MADE)
    return await _helped(session, entry)


async def get_activity_id(session: AsyncSession, public_id: str, person_id: int) -> int:
    """For which activity he made it; loads neither, so that both are read once locked. Raises: NotFound."""
    made = _made_by(person_id).where(SignUp.public_id == public_id)
    found: int | None = await session.scalar(made.with_only_columns(SignUp.activity_id))
    if found is None:
        raise NotFound(_NOT_MADE)
    return found


# --- parts -------------------------------------------------------------------------------------------------


def _made_by(person_id: int) -> sa.Select[SignUp]:
    chosen = sa.select(SignUp).join(SignUp.activity).options(contains_eager(SignUp.activity))
    return chosen.join(SignUpHelp, SignUpHelp.sign_up_id == SignUp.id).where(
        SignUpHelp.helper_id == person_id
    )


async def _helped(session: AsyncSession, entry: SignUp) -> Helped:
    name = await sign_up_help.name_of(session, entry.person_id)
    return Helped(entry, name, await sign_up_help.is_open(session, entry))


async def _named(
    session: AsyncSession, who: Applicant, staff_number: str, name: str, now: datetime
) -> Member | NotFitting:
    """Whom these mean. A failed try is kept, and says only how many are left."""
    number = members.written(staff_number)
    if not number or not name.strip():
        raise NotNamed("请写同事的工号和姓名。")
    member = await members.find(session, number)
    if member is not None and (
        member.has_left(civil_date(now)) or not person_names.is_same(member.name, name)
    ):
        member = None
    # Both in one order: two members may sign each other up at once, and be judged by `eligibility` meanwhile.
    both = {who.person_id} | ({member.person_id} if member and member.person_id is not None else set())
    in_order = sa.select(Person.id).where(Person.id.in_(both)).order_by(Person.id)
    await session.execute(in_order.with_for_update(key_share=True))
    await guesses.check(session, PURPOSE, who.person_id, number, now)
    if member is None:
        return await guesses.fail(session, PURPOSE, who.person_id, number, now)
    if member.person_id == who.person_id:
        raise DomainError("这是您自己，请在活动页面上直接报名。")
    return member


async def _known(
    session: AsyncSession, activity: Activity, entry: SignUp, who: Applicant, member: Member
) -> SignUp:
    """Of a colleague who has a row already: this is the same request again, or there is nothing to do."""
    row = await sign_up_help.find(session, entry)
    if row is not None and row.helper_id == who.person_id and entry.state in LIVE:
        return entry
    if entry.state in LIVE:
        raise DomainError(f"{member.name}已经报过「{activity.title}」了，不用再替他报。")
    raise DomainError(_not_by_others(activity, member))


def _not_by_others(activity: Activity, member: Member) -> str:
    """One sentence for all reasons: each is his own matter."""
    return (
        f"{member.name}现在不能由别人替报「{activity.title}」：可能不符合这个活动的条件，也可能报过又取消了。"
        "请他自己在公众号里打开这个活动。"
    )
