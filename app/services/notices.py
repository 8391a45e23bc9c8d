"""Notices that may also go out as template messages: what each can say, and which template says it.

Only one's own matter and alerts to people on duty go this way, never marketing. Which templates an account
has is WeChat's to tell; whether a value fits a template's field is checked by who maps it.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.errors import DomainError, NotFound
from models import Account, CrisisAlert, NoticeTemplate

ALERT = "crisis.alert"
Values = Mapping[str, str]  # by the name staff map them with

# Notice → an example of each value it offers.
NOTICES: Mapping[str, Values] = MappingProxyType(
    {
        ALERT: MappingProxyType(
            {
                "事由": "有职工流露轻生念头",
                "时间": "2026年11月23日 12:00",
                "编号": "1024",
                "状态": "待接手",
                "怎么接手": "进公众号回复「接手」",
            }
        )
    }
)


def alert_values(alert: CrisisAlert) -> dict[str, str]:
    """What an alert says in a template: no word of what was written, and nobody's name."""
    at = shanghai(alert.created_at)
    told = {"时间": f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}", "编号": str(alert.id)}
    return dict(NOTICES[ALERT]) | told


def filled(fields: Mapping[str, str], values: Values) -> dict[str, str]:
    """The template's fields with the values that were mapped to them."""
    return {field: values[name] for field, name in fields.items()}


async def find_template(session: AsyncSession, app_id: str, kind: str) -> NoticeTemplate | None:
    return await session.scalar(
        sa.select(NoticeTemplate)
        .join(Account, Account.id == NoticeTemplate.account_id)
        .where(Account.app_id == app_id, NoticeTemplate.kind == kind)
    )


async def map_template(
    session: AsyncSession,
    account_id: int,
    kind: str,
    template_id: str,
    fields: Mapping[str, str],
    by: str,
    now: datetime,
) -> None:
    """From here on `template_id` carries the notice; what carried it before does no more.

    Raises:
        NotFound: no such notice.
        DomainError: it has no value of that name.
    """
    if kind not in NOTICES:
        raise NotFound(f"没有「{kind}」这种通知，可以用模板的有：{'、'.join(NOTICES)}。")
    if strange := [name for name in fields.values() if name not in NOTICES[kind]]:
        known = "、".join(NOTICES[kind])
        raise DomainError(f"「{kind}」里没有「{strange[0]}」，可以填：{known}。")
    await drop_template(session, account_id, kind)
    chosen = {"template_id": template_id, "fields": dict(fields), "mapped_by": by, "mapped_at": now}
    session.add(NoticeTemplate(account_id=account_id, kind=kind, **chosen))
    await session.flush()


async def drop_template(session: AsyncSession, account_id: int, kind: str) -> bool:
    """The notice goes without a template from here on; whether it had one."""
    dropped = sa.delete(NoticeTemplate).where(
        NoticeTemplate.account_id == account_id, NoticeTemplate.kind == kind
    )
    return await session.scalar(dropped.returning(NoticeTemplate.id)) is not None
