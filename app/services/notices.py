"""Notices that may also go out by a template of WeChat's: what each can say, and which template says it.

Only one's own matter and alerts to people on duty go as template messages, never marketing; what people have
agreed to be told of activities or news goes as a subscription notice (`SUBSCRIBED`, `notice_consents`). Which
templates an account has is WeChat's to tell; whether a value fits a field is checked by who maps it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import in_full
from app.errors import DomainError, NotFound
from app.services import digest_notices, sign_up_notices
from app.wechat.api.template_data import check_data
from app.wechat.errors import OurMistake
from models import Account, AccountKind, CrisisAlert, KnownTemplate, NoticeTemplate, TemplateKind

ALERT = "crisis.alert"
APPOINTMENT = "appointments.card"  # the reminder of an appointment, where a template carries it
NEWS = "campaigns.news"  # what people agree to be told who want to hear from the union; each writes its own
OF_NEWS = (NEWS, digest_notices.WEEKLY)  # asked for together
TEST = "notices.test"  # the kind of a notice that staff send to themselves
KINDS: Mapping[str, str] = MappingProxyType(
    {ALERT: "紧急提醒", APPOINTMENT: "预约提醒（模板）", TEST: "试发通知"}
)
THING = 20  # characters that a `thing` field holds
_LABEL = re.compile(r"([^\n{}]*?)[:：]?\s*\{\{(\w+)\.DATA\}\}")
_FIELD = re.compile(r"\{\{(\w+)\.DATA\}\}")
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
        ),
        # Whoever looks at the phone reads it too: not with whom, nor what about.
        APPOINTMENT: MappingProxyType(
            {
                "事由": "您约好的面谈",
                "时间": "2026年11月24日 09:00",
                "地点": "工会二楼谈心室",
                "来不了": "进公众号回复「我的预约」",
            }
        ),
        **sign_up_notices.SAID,
        **digest_notices.SAID,
        NEWS: MappingProxyType({"事由": "健康讲座", "时间": "2026年12月4日 14:00", "地点": "职工活动中心"}),
    }
)
# They need a person's yes, and a template of such notices.
SUBSCRIBED = frozenset({*sign_up_notices.SAID, *digest_notices.SAID, NEWS})

# What each is called, and when it goes out as a template message.
TITLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        NEWS: ("工会消息", "「群发」选「订阅通知」时，发给同意订阅过的人；字段在写群发时填"),
        ALERT: ("紧急提醒", "有人流露轻生念头，而值班人员 48 小时没有和公众号说过话，收不到普通消息时"),
        **sign_up_notices.TITLES,
        **digest_notices.TITLES,
        APPOINTMENT: ("预约提醒", "约好的时间前一天 18:00 和开始前两小时；没有模板时，只发给最近说过话的人"),
    }
)


@dataclass(frozen=True, slots=True)
class Told:
    """A template as WeChat tells of it; `content` shows the fields as {{thing1.DATA}}."""

    template_id: str
    title: str
    content: str
    example: str = ""
    kind: TemplateKind = TemplateKind.MESSAGE


def alert_values(alert: CrisisAlert) -> dict[str, str]:
    """What an alert says in a template: no word of what was written, and nobody's name."""
    told = {"时间": in_full(alert.created_at), "编号": str(alert.id)}
    return dict(NOTICES[ALERT]) | told


def filled(fields: Mapping[str, str], values: Values) -> dict[str, str]:
    """The template's fields with the values that were mapped to them."""
    return {field: values[name] for field, name in fields.items()}


def shortened(fields: Mapping[str, str], values: Values) -> Values:
    """The same values, those that go into a field of 20 characters cut to them."""
    short = {name for field, name in fields.items() if field.startswith("thing")}
    return {
        name: f"{value[: THING - 1]}…" if name in short and len(value) > THING else value
        for name, value in values.items()
    }


def fitting(fields: Mapping[str, str], values: Values) -> dict[str, str] | None:
    """As `filled`; None where WeChat would refuse a value."""
    data = filled(fields, values)
    try:
        check_data(data)
    except OurMistake:
        return None
    return data


def fits(field: str, value: str) -> bool:
    """Whether WeChat would take it."""
    try:
        check_data({field: value})
    except OurMistake:
        return False
    return True


async def find_template(session: AsyncSession, app_id: str, kind: str) -> NoticeTemplate | None:
    return await session.scalar(
        sa.select(NoticeTemplate)
        .join(Account, Account.id == NoticeTemplate.account_id)
        .where(Account.app_id == app_id, NoticeTemplate.kind == kind)
    )


async def find_official_template(session: AsyncSession, kind: str) -> NoticeTemplate | None:
    """Of the official account, for who knows no account."""
    return await session.scalar(
        sa.select(NoticeTemplate)
        .join(Account, Account.id == NoticeTemplate.account_id)
        .where(Account.kind == AccountKind.OFFICIAL, NoticeTemplate.kind == kind)
        .order_by(NoticeTemplate.id)
        .limit(1)
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


# --- templates ---------------------------------------------------------------------------------------------


def fields_of(content: str) -> list[str]:
    """The fields of a template, in its order."""
    return list(dict.fromkeys(_FIELD.findall(content)))


def labels_of(content: str) -> dict[str, str]:
    """What stands before each field."""
    return {field: before.strip() for before, field in _LABEL.findall(content)}


def preview(content: str, data: Mapping[str, str]) -> str:
    """What a phone shows; a field without a value is shown as it is."""
    return _FIELD.sub(lambda found: data.get(found[1], found[0]), content)


def check_fields(title: str, content: str, fields: Mapping[str, str]) -> None:
    """Raises: DomainError: they are not exactly those of the template."""
    if set(fields) != set(fields_of(content)):
        raise DomainError(f"「{title}」要填的字段正好是：{'、'.join(fields_of(content))}。")


def check_values(kind: str, fields: Mapping[str, str]) -> None:
    """Whether the example of each value fits where it is to go.

    Raises: DomainError: WeChat would refuse it.
    """
    for field, name in fields.items():
        example = NOTICES[kind][name]
        if not fits(field, example):
            raise DomainError(
                f"{field} 填不下「{name}」（如 {example}）：微信规定了每种字段能写什么，请换一个。"
            )


async def keep_templates(
    session: AsyncSession, account_id: int, found: Sequence[Told], now: datetime
) -> None:
    """What WeChat has told now, in place of what it told before."""
    await session.execute(sa.delete(KnownTemplate).where(KnownTemplate.account_id == account_id))
    for each in {each.template_id: each for each in found}.values():
        row = KnownTemplate(account_id=account_id, template_id=each.template_id, title=each.title[:64])
        row.content, row.example, row.kind, row.fetched_at = each.content, each.example, each.kind, now
        session.add(row)
    await session.flush()


def of_account(account: AccountKind) -> list[str]:
    """What its templates may carry. In the mini-program it is what people agree to; no campaigns go there."""
    if account is AccountKind.OFFICIAL:
        return list(NOTICES)
    return [kind for kind in NOTICES if kind in SUBSCRIBED and kind != NEWS]


def carries(notice: str, kind: TemplateKind) -> bool:
    """Whether a template of this sort may carry the notice."""
    return kind.is_subscribed is (notice in SUBSCRIBED)


def check_carrier(notice: str, title: str, kind: TemplateKind) -> None:
    """Raises: DomainError: `notice` takes templates of the other sort."""
    if not carries(notice, kind):
        wanted = "订阅通知" if notice in SUBSCRIBED else "模板消息"
        raise DomainError(f"这种通知要用「{wanted}」的模板，「{title}」是{kind.label}。")


async def list_templates(session: AsyncSession, app_id: str) -> Sequence[KnownTemplate]:
    """As WeChat told them last."""
    mine = sa.select(KnownTemplate).join(Account, Account.id == KnownTemplate.account_id)
    mine = mine.where(Account.app_id == app_id).order_by(KnownTemplate.title, KnownTemplate.id)
    return (await session.scalars(mine)).all()


async def count_unmapped(session: AsyncSession) -> int:
    """How many notices no template of an official account carries."""
    mapped = sa.select(sa.func.count(NoticeTemplate.kind.distinct())).join(
        Account, Account.id == NoticeTemplate.account_id
    )
    mapped = mapped.where(Account.kind == AccountKind.OFFICIAL, NoticeTemplate.kind.in_(list(NOTICES)))
    return len(NOTICES) - (await session.scalar(mapped) or 0)
