"""What staff do with notices in the console: map a template, take it back, send themselves an example."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import shanghai
from app.errors import DomainError, NotFound
from app.services import notices, outbox
from app.services.audit import does
from models import Account, KnownTemplate, NoticeTemplate, Outbox, Staff


class MovedOn(DomainError):
    """Somebody else has mapped the notice while this form was filled in."""

    def __init__(self, present: NoticeTemplate | None) -> None:
        if present is None:
            super().__init__("这期间有人把它改成了不用模板，所以没有保存。请看过再存一次。")
            return
        when = f"{shanghai(present.mapped_at):%m月%d日 %H:%M}"
        super().__init__(f"{present.mapped_by}在 {when} 改过了，所以没有保存。您填的都还在，请看过再存一次。")


async def map_over(
    session: AsyncSession,
    app_id: str,
    kind: str,
    template_id: str,
    fields: Mapping[str, str],
    *,
    base: int,
    by: str,
    now: datetime,
) -> None:
    """The template carries the notice from here on. `base` is the mapping the form was made on; 0: none.

    Raises:
        NotFound: no such notice, or WeChat has not told of such a template.
        MovedOn: the mapping is another one now.
        DomainError: fields or values do not fit.
    """
    account_id = await _lock(session, app_id)
    template = await _template(session, app_id, template_id)
    present = await notices.find_template(session, app_id, kind)
    if (present.id if present else 0) != base:
        raise MovedOn(present)
    notices.check_carrier(kind, template.title, template.kind)
    notices.check_fields(template.title, template.content, fields)
    await notices.map_template(session, account_id, kind, template_id, fields, by, now)
    notices.check_values(kind, fields)
    does(session, "notices.map", kind, template=template.title, fields=dict(fields))


async def drop(session: AsyncSession, app_id: str, kind: str) -> bool:
    """The notice goes without a template; whether it had one."""
    account_id = await _lock(session, app_id)
    if await notices.find_template(session, app_id, kind) is None:
        return False
    await notices.drop_template(session, account_id, kind)
    does(session, "notices.drop", kind)
    return True


async def send_test(session: AsyncSession, app_id: str, kind: str, staff_id: int, now: datetime) -> None:
    """An example of the notice for the WeChat of this person of staff; once a minute.

    Raises:
        NotFound: no template carries the notice.
        DomainError: no WeChat is bound to the account of staff.
    """
    chosen = await notices.find_template(session, app_id, kind)
    if kind in notices.SUBSCRIBED:
        raise DomainError("订阅通知要本人先同意才能发，不能试发。请用手机报一个活动，点「提醒我」试。")
    if chosen is None or kind not in notices.NOTICES:
        raise NotFound("这种通知还没有对应的模板，请先保存对应，再试发。")
    person_id = await session.scalar(sa.select(Staff.person_id).where(Staff.id == staff_id))
    if person_id is None:
        raise DomainError("您的账号还没有关联微信。请到「我的账号 → 微信提醒」扫码关联，再试发。")
    key = f"{notices.TEST}:{chosen.id}:{staff_id}:{now:%Y%m%d%H%M}"
    if await session.scalar(sa.select(Outbox.id).where(Outbox.key == key)) is not None:
        return  # the button was pressed twice
    data = notices.filled(chosen.fields, notices.NOTICES[kind])
    payload = {"template_id": chosen.template_id, "data": data}
    outbox.add(session, notices.TEST, key=key, to=person_id, payload=payload, now=now)
    does(session, "notices.test", kind)


async def list_tests(session: AsyncSession, staff_id: int, limit: int = 3) -> Sequence[Outbox]:
    """What became of somebody's last tests, newest first."""
    mine = sa.select(Staff.person_id).where(Staff.id == staff_id, Staff.person_id.is_not(None))
    chosen = sa.select(Outbox).where(Outbox.person_id.in_(mine), Outbox.kind == notices.TEST)
    return (await session.scalars(chosen.order_by(Outbox.id.desc()).limit(limit))).all()


async def _lock(session: AsyncSession, app_id: str) -> int:
    """One at a time; the account's id."""
    mine = sa.select(Account.id).where(Account.app_id == app_id).with_for_update()
    return (await session.scalars(mine)).one()


async def _template(session: AsyncSession, app_id: str, template_id: str) -> KnownTemplate:
    for each in await notices.list_templates(session, app_id):
        if each.template_id == template_id:
            return each
    raise NotFound("没有这个模板。微信上刚添加的，请先「从微信取模板」。")
