"""News for the mini-program: by category, and one article as typed blocks."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app import rich_text
from app.api import paging
from app.api.paging import Cursor, Size
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import InUse, Now, ReadSession
from app.services import article_pictures, articles
from models import Article, ArticleCategory

router = APIRouter(prefix="/news", tags=["资讯"], route_class=Route)


class ArticleOut(Strict):
    id: str = Field(examples=["k7m2p9q4r8s3t6vw"])
    category: ArticleCategory = Field(examples=["union"])
    category_label: str = Field(examples=["工会动态"])
    title: str = Field(examples=["春季健步走开始报名"])
    summary: str = Field(examples=["4 月 12 日，沮河公园。"])
    author: str = Field(examples=["工会办公室"])
    published_at: datetime = Field(examples=["2026-03-20T00:00:00Z"])


class ArticlePage(Strict):
    items: list[ArticleOut]
    next: str | None = Field(examples=[None], description=paging.NEXT)


class WholeArticleOut(ArticleOut):
    blocks: list[rich_text.Block] = Field(
        description="正文：段落、标题、列表、引用，图片、图集、附件、视频、音频，活动、全景、用电安全的卡片",
        examples=[[{"type": "paragraph", "spans": [{"text": "欢迎参加。", "bold": False, "href": ""}]}]],
    )
    media: str = Field(
        examples=["https://gh.example.cn/news/k7m2p9q4r8s3t6vw/media"],
        description="正文里文件的网址从它开始：附件、视频、音频加 /file；"
        "图片加 /file/cut/宽，宽是 480、960（比 width 小的）或 width",
    )
    source_name: str = Field(examples=["全国总工会"], description="转载自哪里；自己写的是空的")
    source_link: str = Field(examples=[""], description="原文网址，可能没有")
    tags: list[str] = Field(examples=[["书屋", "阅读"]], description="标签")
    reads: int = Field(examples=[128], description="大约多少人次读过")
    address: str = Field(
        examples=["https://gh.example.cn/news/k7m2p9q4r8s3t6vw"], description="网页，可以分享"
    )


@router.get("", response_model=ArticlePage, operation_id="listNews")
async def newest(
    session: ReadSession,
    now: Now,
    category: ArticleCategory | None = None,
    limit: Size = 20,
    cursor: Cursor = None,
) -> ArticlePage:
    """资讯列表。新的在前，可以按栏目。"""
    of = f"news:{category or ''}"
    last = paging.place(of, cursor)
    after = None if last is None else (datetime.fromisoformat(last[0]), int(last[1]))
    found = await articles.list_published(session, now, limit + 1, category=category, after=after)
    page = found[:limit]
    more = len(found) > limit and page[-1].published_at
    return ArticlePage(
        items=[ArticleOut(**_facts(each, now)) for each in page],
        next=paging.cursor(of, more, page[-1].id) if more else None,
    )


@router.get("/{article_id}", response_model=WholeArticleOut, operation_id="getArticle")
async def one(
    request: Request,
    response: Response,
    article_id: PublicId,
    session: ReadSession,
    now: Now,
    shared: InUse,
) -> WholeArticleOut:
    """一篇资讯。正文是一块一块的，按 type 显示。"""
    article = await articles.get_published(session, article_id, now)
    reads = await articles.reads(session, article)
    if "if-none-match" not in request.headers:  # who asks whether it changed has read it
        shared.article_reads.hit(article.id)
    # Of the article, not of how often it was read: else it would be another at every asking.
    response.headers["ETag"] = f'W/"{article.public_id}-{article.version}"'
    return WholeArticleOut(
        **_facts(article, now),
        blocks=list(rich_text.load(article.blocks)),
        media=f"{shared.public_url}{article_pictures.at(article)}",
        source_name=article.source_name,
        source_link=article.source_link,
        tags=article.tags,
        reads=reads,
        address=f"{shared.public_url}/news/{article.public_id}",
    )


def _facts(article: Article, now: datetime) -> dict[str, object]:
    return {
        "id": article.public_id,
        "category": article.category,
        "category_label": article.category.label,
        "title": article.title,
        "summary": article.summary,
        "author": article.author,
        "published_at": article.published_at or now,
    }
