"""Which templates of WeChat's a campaign by notice may use, and how many agreed to each.

Not here: what staff put into them (`campaign_words`), sending (`campaign_notices`).
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.services import notices
from models import Account, AccountKind, Follower, KnownTemplate, NoticeConsent, NoticeTemplate, TemplateKind


def _usable() -> sa.Select[KnownTemplate]:
    """Subscription templates of the official account. Who said yes once to be told of his own activity meant
    that: a template that carries such a notice, and whose yes is used up, carries no campaign.
    """
    own = sa.exists().where(
        NoticeTemplate.account_id == KnownTemplate.account_id,
        NoticeTemplate.template_id == KnownTemplate.template_id,
        NoticeTemplate.kind != notices.NEWS,
    )
    return (
        sa.select(KnownTemplate)
        .join(Account, Account.id == KnownTemplate.account_id)
        .where(
            Account.kind == AccountKind.OFFICIAL,
            sa.or_(
                KnownTemplate.kind == TemplateKind.LASTING,
                sa.and_(KnownTemplate.kind == TemplateKind.ONCE, ~own),
            ),
        )
    )


async def list_all(session: AsyncSession) -> Sequence[KnownTemplate]:
    """Those that may carry a campaign; what more agreed to comes first."""
    found = (await session.scalars(_usable().order_by(KnownTemplate.title, KnownTemplate.id))).all()
    agreed = await count_agreed(session)
    return sorted(found, key=lambda each: -agreed.get(each.template_id, 0))


async def find(session: AsyncSession, template_id: str) -> KnownTemplate | None:
    return await session.scalar(_usable().where(KnownTemplate.template_id == template_id).limit(1))


async def count_agreed(session: AsyncSession) -> Mapping[str, int]:
    """How many followers could be told now, by template."""
    agreed = (
        sa.select(NoticeConsent.template_id, sa.func.count().label("many"))
        .join(Follower, Follower.id == NoticeConsent.follower_id)
        .where(NoticeConsent.remaining > 0, Follower.subscribed.is_(True))
        .group_by(NoticeConsent.template_id)
    )
    return {row.template_id: row.many for row in await session.execute(agreed)}
