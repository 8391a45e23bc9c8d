"""What a campaign says, way by way: checked as it is written, and as people read it.

Functions flush and never commit. Not here: who decides on it (`campaigns`), which notices people agreed to
(`campaign_templates`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import addresses, articles, campaign_templates, notices
from app.services.audiences import Audience
from app.services.parcels import TEXT_BYTES
from models import Article, Campaign, CampaignWay

TITLE: Final = 64
ARTICLE_TITLE: Final = 64  # characters, at most
# A mass message takes 300 characters (rule of the platform), a customer message 2,048 bytes.
TEXT: Final = {CampaignWay.MASS: 300, CampaignWay.MESSAGE: 600}
WAY_OUT: Final = "不想再收到这类消息，回复「退订」。"
# What a field of a notice takes, said where it takes no more.
FIELD_RULES: Final = {
    "thing": "最多 20 个字",
    "number": "只能是数字",
    "letter": "只能是 32 个以内的字母",
    "symbol": "最多 5 个符号",
    "character_string": "最多 32 个字母、数字或符号，不能有汉字",
    "time": "写成 2026年12月5日 14:00",
    "date": "写成 2026年12月5日",
    "amount": "写成 12.50元",
    "phone_number": "写成电话号码",
    "car_number": "最多 8 个字",
    "name": "最多 10 个汉字",
    "phrase": "最多 5 个汉字",
    "const": "最多 20 个字",
}


class NotWhole(DomainError):
    status = 422


@dataclass(frozen=True, slots=True)
class Written:
    """What a form says. `article` is a public id, "" for none; `fields` are a notice's, by their names."""

    title: str
    way: CampaignWay
    audience: Audience | None
    text: str
    article: str
    send_at: datetime | None
    template: str = ""  # WeChat's id of it
    fields: Mapping[str, str] = field(default_factory=dict)
    articles: Sequence[str] = ()  # public ids, of a campaign of articles; the big one first


async def write(session: AsyncSession, row: Campaign, written: Written, now: datetime) -> None:
    """Raises: NotWhole: something is missing, or WeChat would refuse it; NotFound: no such article shown."""
    title = " ".join(written.title.split())
    if not title or len(title) > TITLE:
        raise NotWhole(f"请写名称，最多 {TITLE} 个字，只有工作人员看得到。")
    article = None
    if written.article and written.way is not CampaignWay.ARTICLE:
        article = await articles.get_published(session, written.article, now)
    row.title, row.way, row.send_at, row.updated_at = title, written.way, written.send_at, now
    row.audience = written.audience.model_dump(mode="json") if written.audience is not None else None
    row.article_id = article.id if article is not None else None
    if written.way is CampaignWay.NOTICE:
        await _write_notice(session, row, written)
    elif written.way is CampaignWay.ARTICLE:
        row.template_id = row.fields = None
        row.text = ""  # its articles are written with it (`campaign_articles`)
    else:
        row.template_id = row.fields = None
        _write_text(row, written, article)


def _write_text(row: Campaign, written: Written, article: Article | None) -> None:
    row.text = written.text.strip()
    said, most = words_of(row, article), TEXT[row.way]
    longest = len(said) + (ARTICLE_TITLE - len(article.title) if article is not None else 0)  # it may change
    if not row.text:
        raise NotWhole("请写正文。")
    if longest > most:
        raise NotWhole(f"连同链接和最后一行一共 {longest} 个字，{row.way.label}最多 {most} 个。")
    if len(said.encode()) > TEXT_BYTES:  # signs such as 😀 count for more
        raise NotWhole("太长了：表情符号占的位置多，请少用几个，或把正文写短一些。")


async def _write_notice(session: AsyncSession, row: Campaign, written: Written) -> None:
    template = await campaign_templates.find(session, written.template)
    if template is None:
        raise NotWhole("请选用哪个通知模板。没有可选的，请先到「通知模板」从微信取一次。")
    data: dict[str, str] = {}
    for name, label in labelled(template.content).items():
        data[name] = written.fields.get(name, "").strip()
        if not data[name]:
            raise NotWhole(f"请填「{label}」。")
        if not notices.fits(name, data[name]):
            rule = FIELD_RULES.get(name.rstrip("0123456789"), "请写短一些")
            raise NotWhole(f"「{label}」填的微信不收：这一项{rule}，不能换行。")
    if not data:
        raise NotWhole(f"模板「{template.title}」没有要填的字段，不能用。")
    row.template_id, row.fields = template.template_id, data
    row.text = f"{template.title}\n{notices.preview(template.content, data)}"[:600]


def labelled(content: str) -> dict[str, str]:
    """The fields of a template, each with what stands before it."""
    labels = notices.labels_of(content)
    return {name: labels.get(name) or name for name in notices.fields_of(content)}


def words_of(row: Campaign, article: Article | None) -> str:
    """What people read: the text, where to read more, and the way out. Notices have WeChat's own, of articles
    it is their titles.
    """
    if row.way in (CampaignWay.NOTICE, CampaignWay.ARTICLE):
        return row.text
    more = [] if article is None else [f"《{article.title}》", link_of(article)]
    return "\n".join(filter(None, [row.text, *more, WAY_OUT]))


def link_of(article: Article) -> str:
    return article.address or addresses.page(f"/news/{article.public_id}")


async def article_of(session: AsyncSession, row: Campaign, now: datetime) -> Article | None:
    """The one that is linked, as long as it is shown."""
    chosen = sa.select(Article).where(Article.id == row.article_id, articles.is_public(now))
    return await session.scalar(chosen) if row.article_id is not None else None
