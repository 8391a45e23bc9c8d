"""订阅通知: what people have agreed to be told, what to ask them for, and one yes used up by one notice.

WeChat asks in a popup of its own and tells us what was answered, by an event; a browser may say what it
likes. Who gives another yes gets another notice. The official account and the mini-program ask apart, each
for its own templates. Not here: which template carries which notice (`notices`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import addresses, notices
from app.services.coordination import upsert
from app.services.outbox import NOTICE
from models import (
    Account,
    AccountKind,
    Follower,
    KnownTemplate,
    NoticeConsent,
    NoticeTemplate,
    TemplateKind,
    Way,
)

AT_ONCE: Final = 3  # templates in one popup
MOST: Final = 50  # yeses kept for one template: nobody means more


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answered for one template."""

    template_id: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class Yes:
    """One that a notice uses up; of a lasting one nothing is used up."""

    consent_id: int
    is_lasting: bool
    said_at: datetime  # the last answer, when it was taken


@dataclass(frozen=True, slots=True)
class Told:
    """A notice ready to go. `payload`: `template_id`, `data`, and where it leads: the address of its `page`,
    of the mini-program's notices only the path of it.
    """

    yes: Yes
    payload: dict[str, Any]
    way: Way


@dataclass(frozen=True, slots=True)
class Asked:
    """A template to ask for, or one that has been agreed to: `remaining` notices may still come."""

    template_id: str
    title: str
    remaining: int


# --- what people answer -------------------------------------------------------------------------------------


async def heard(
    session: AsyncSession, follower_id: int, answers: Sequence[Answer], *, withdrawn: bool, at: datetime
) -> None:
    """Keep the answers of a popup; with `withdrawn` they come from WeChat's settings: all is taken back.

    A no in a popup takes nothing back that was agreed to before.
    """
    for each in sorted(answers, key=lambda answer: answer.template_id):
        if withdrawn and not each.agreed:
            await session.execute(_of(follower_id, each.template_id).values(remaining=0, said_at=at))
        elif each.agreed:
            more = sa.case((NoticeConsent.remaining < MOST, NoticeConsent.remaining + 1), else_=MOST)
            await _keep(session, follower_id, each.template_id, more, at)


async def claimed(
    session: AsyncSession,
    person_id: int,
    template_ids: Collection[str],
    at: datetime,
    kind: AccountKind = AccountKind.OFFICIAL,
) -> None:
    """A page of ours, or the mini-program, saw a yes. Where somebody told WeChat to keep his choice, no event
    tells us of it.

    Anybody can say that to a page, so it counts for one at most; WeChat has the last word when it is used.
    """
    own = (
        sa.select(Follower)
        .join(Account, Account.id == Follower.account_id)
        .where(Account.kind == kind, Follower.person_id == person_id, Follower.subscribed)
    )
    for follower in (await session.scalars(own.order_by(Follower.id).with_for_update(of=Follower))).all():
        for template_id in sorted(template_ids):
            one = sa.case((NoticeConsent.remaining > 0, NoticeConsent.remaining), else_=1)
            await _keep(session, follower.id, template_id, one, at)


async def _keep(
    session: AsyncSession, follower_id: int, template_id: str, again: sa.ColumnElement[int], at: datetime
) -> None:
    """A yes: the first one, or `again` of those there were."""
    first = upsert(session, NoticeConsent).values(
        follower_id=follower_id, template_id=template_id, remaining=1, said_at=at
    )
    changes = {"remaining": again, "said_at": at}
    await session.execute(
        first.on_conflict_do_update(index_elements=["follower_id", "template_id"], set_=changes)
    )


async def may_ask(session: AsyncSession) -> bool:
    """Whether there is anything to agree to: a template that carries one of these notices."""
    carrier = sa.select(NoticeTemplate.id).join(Account, Account.id == NoticeTemplate.account_id)
    carrier = carrier.where(Account.kind == AccountKind.OFFICIAL, NoticeTemplate.kind.in_(notices.SUBSCRIBED))
    return await session.scalar(carrier.limit(1)) is not None


async def template_ids(session: AsyncSession, account: AccountKind) -> set[str]:
    """Those of the account that carry one of these notices."""
    mine = _carriers().where(Account.kind == account, NoticeTemplate.kind.in_(notices.SUBSCRIBED))
    return {row.NoticeTemplate.template_id for row in await session.execute(mine)}


async def to_ask(
    session: AsyncSession,
    person_id: int,
    kinds: Collection[str],
    account: AccountKind = AccountKind.OFFICIAL,
) -> Sequence[Asked]:
    """The account's templates for these notices, three at most, each with what is agreed to."""
    mine = Account.kind == account, NoticeTemplate.kind.in_(kinds)
    rows = {
        row.NoticeTemplate.kind: row.KnownTemplate for row in await session.execute(_carriers().where(*mine))
    }
    found = {rows[kind].template_id: rows[kind].title for kind in kinds if kind in rows}
    if not found:
        return ()
    agreed = (
        sa.select(NoticeConsent.template_id, sa.func.sum(NoticeConsent.remaining).label("left"))
        .join(Follower, Follower.id == NoticeConsent.follower_id)
        .join(Account, Account.id == Follower.account_id)
        .where(Account.kind == account, Follower.person_id == person_id)
        .group_by(NoticeConsent.template_id)
    )
    left = {row.template_id: row.left for row in await session.execute(agreed)}
    return [Asked(each, title, int(left.get(each, 0))) for each, title in list(found.items())[:AT_ONCE]]


# --- sending ------------------------------------------------------------------------------------------------


async def in_miniprogram(session: AsyncSession, person_id: int, kind: str) -> int | None:
    """The person's follower of the mini-program that has a yes for this notice."""
    same = sa.and_(
        NoticeConsent.template_id == NoticeTemplate.template_id, NoticeConsent.follower_id == Follower.id
    )
    chosen = (
        sa.select(Follower.id)
        .join(Account, Account.id == Follower.account_id)
        .join(NoticeTemplate, NoticeTemplate.account_id == Account.id)
        .join(NoticeConsent, same)
        .where(Account.kind == AccountKind.MINIPROGRAM, NoticeTemplate.kind == kind)
        .where(Follower.person_id == person_id, Follower.subscribed, NoticeConsent.remaining > 0)
    )
    return await session.scalar(chosen.order_by(Follower.id.desc()).limit(1))


async def use(
    session: AsyncSession, follower: Follower, kind: str, payload: Any, *, again: bool = False
) -> Told | None:
    """Take one yes for a notice of `kind`, and fill it in. None: no template, no yes, or it does not fit.

    `follower` is locked. With `again` the yes was taken before, and the same notice goes out once more.
    """
    said_of_it = payload.get(NOTICE) if isinstance(payload, dict) else None
    if said_of_it is None or kind not in notices.SUBSCRIBED:
        return None
    chosen = await _carrier(session, follower.account_id, kind)
    if chosen is None:
        return None
    carrier, is_lasting, account = chosen
    data = notices.fitting(carrier.fields, notices.shortened(carrier.fields, said_of_it["values"]))
    if data is None:
        return None
    consent = await session.scalar(
        sa.select(NoticeConsent)
        .where(NoticeConsent.follower_id == follower.id, NoticeConsent.template_id == carrier.template_id)
        .with_for_update()
    )
    if consent is None or (consent.remaining <= 0 and not again):
        return None
    if not is_lasting and not again:
        consent.remaining -= 1
    is_mini = account is AccountKind.MINIPROGRAM
    page = said_of_it["page"] if is_mini else addresses.page(said_of_it["page"])
    told = {"template_id": carrier.template_id, "data": data, "page": page}
    way = Way.MINIPROGRAM if is_mini else Way.SUBSCRIPTION
    return Told(Yes(consent.id, is_lasting, consent.said_at), told, way)


async def give_back(session: AsyncSession, yes: Yes) -> None:
    """Nothing was sent: it may be used again, unless all was taken back since."""
    if not yes.is_lasting:
        holds = sa.or_(NoticeConsent.said_at == yes.said_at, NoticeConsent.remaining > 0)
        kept = sa.update(NoticeConsent).where(NoticeConsent.id == yes.consent_id, holds)
        await session.execute(kept.values(remaining=NoticeConsent.remaining + 1))


async def spent(session: AsyncSession, yes: Yes) -> None:
    """WeChat says that nothing is left of it: believe it until the person agrees again."""
    same = NoticeConsent.id == yes.consent_id, NoticeConsent.said_at == yes.said_at
    await session.execute(sa.update(NoticeConsent).where(*same).values(remaining=0))


async def _carrier(
    session: AsyncSession, account_id: int, kind: str
) -> tuple[NoticeTemplate, bool, AccountKind] | None:
    """Which template carries it, whether a yes to that one lasts, and of what sort the account is."""
    mine = _carriers().where(NoticeTemplate.account_id == account_id, NoticeTemplate.kind == kind)
    row = (await session.execute(mine)).one_or_none()
    if row is None:
        return None
    return row.NoticeTemplate, row.KnownTemplate.kind is TemplateKind.LASTING, row.kind


def _carriers() -> sa.Select[NoticeTemplate, KnownTemplate, AccountKind]:
    """Which subscription template carries which notice, as staff chose and WeChat told; and whose."""
    same = sa.and_(
        KnownTemplate.account_id == NoticeTemplate.account_id,
        KnownTemplate.template_id == NoticeTemplate.template_id,
    )
    chosen = sa.select(NoticeTemplate, KnownTemplate, Account.kind).join(KnownTemplate, same)
    chosen = chosen.join(Account, Account.id == NoticeTemplate.account_id)
    return chosen.where(KnownTemplate.kind != TemplateKind.MESSAGE)


def _of(follower_id: int, template_id: str) -> sa.Update:
    return sa.update(NoticeConsent).where(
        NoticeConsent.follower_id == follower_id, NoticeConsent.template_id == template_id
    )
