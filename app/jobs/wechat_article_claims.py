"""A row of an article on its way at WeChat, as it was when a process took it."""

import secrets
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.errors import DomainError
from app.services import wechat_articles, wechat_markup
from app.services.wechat_markup import Converted
from models import Article, WeChatArticle, WeChatArticleState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A row in our hands, as it was when it was taken."""

    id: int
    token: str
    account_id: int
    mark: str
    state: WeChatArticleState
    begun_at: datetime | None  # a call before us went out then, and nobody knows its end
    media_id: str | None
    publish_id: str | None
    published_id: str | None
    tries: int
    now: datetime
    content: Converted | None
    source: str
    over_title: str  # on a cover that is drawn
    cover: str  # a file of ours, to be brought there
    cover_id: str | None
    article: str  # its public id


def claim_of(row: WeChatArticle, article: Article, now: datetime, account: str) -> Claim:
    content = None
    try:
        content = wechat_markup.converted(article)
    except DomainError:  # looked at before it is laid
        log.info("wechat_article_does_not_fit", article=article.public_id)
    return Claim(
        *(row.id, secrets.token_hex(8), row.account_id, row.public_id, row.state, row.begun_at),
        *(row.media_id, row.publish_id, row.published_id, row.tries, now, content),
        wechat_articles.source_url(article, row.public_id),
        f"{account} · {article.category.label}",
        row.cover,
        row.cover_id,
        article.public_id,
    )
