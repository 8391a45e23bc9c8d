"""The page of an article as a phone shows it, and what a person taps there. No script runs in it."""

from datetime import UTC, datetime
from html import escape
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox import drafts, media, publications
from sandbox.articles import comments, readings
from sandbox.articles.rules import PICTURES, Article
from sandbox.clock import SHANGHAI
from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.web import strangers, views
from sandbox.world import World

WAYS = {
    views.CHAT: readings.MESSAGE,
    views.ELSEWHERE: readings.FRIEND,
    views.TIMELINE: readings.TIMELINE,
    views.HOME: readings.HOME,
}
COMMENT, TAKE_BACK = "comment", "take-back"
ACTED = "acted"  # in the address after a tap: the page comes again, and is not read again

POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' {sandbox}; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="/sandbox/static/article.css"></head>
<body>{body}</body></html>"""
ARTICLE = """<h1 data-test="article-title">{title}</h1>
<p class="by">{author}<b>{account}</b><span>{time}</span></p>
{pictures}<div class="body" data-test="article-body">{content}</div>
<div class="foot">{source}<span data-test="article-reads">阅读 {reads}</span>{taps}</div>{below}"""
TAPS = """<form method="post" action="{action}"><button name="act" value="like" data-test="article-like"
{like_on}>{like} {likes}</button><button name="act" value="keep" data-test="article-keep"
{keep_on}>{keep}</button></form>"""

COMMENTS = """<section class="comments" id="comments"><h2>留言 {number}</h2>{write}{shown}</section>"""
WRITE = """<form method="post" action="/s/{key}"><textarea name="text" required maxlength="{most}"
aria-label="写留言" placeholder="写留言" data-test="article-comment"></textarea>
<button name="act" value="comment" data-test="article-comment-send">留言</button></form>"""
SHOWN = """<article data-test="comment"><div class="face" aria-hidden="true">{letter}</div>
<span class="name">{name}{note}</span><p>{content}</p>{reply}{own}</article>"""
REPLY = """<div class="reply"><span class="name">作者</span><p>{text}</p></div>"""
OWN = """<form class="own" method="post" action="/s/{key}"><input type="hidden" name="comment" value="{id}">
<button name="act" value="take-back" data-test="comment-take-back">删除</button></form>"""


async def show(request: Request) -> Response:
    """A published article. Who opens it on a phone has read it."""
    world: World = request.app.state.world
    article = publications.page(world, request.path_params["key"])
    if article is None:
        return views.told("链接已失效", "沙盒里没有这篇文章。")
    gone = readings.why_gone(article)
    if gone:
        return views.told(gone)
    person = views.holder(world, request)
    if person and ACTED not in request.query_params:
        way = WAYS.get(request.cookies.get(views.MANNER, ""), readings.OTHER)
        readings.note(world, article["key"], person["openid"], readings.READ, way)
    return _page(world, article["item"], article, person)


async def show_draft(request: Request) -> Response:
    """An article of a draft at its temporary address; nothing is counted."""
    world: World = request.app.state.world
    asked = request.query_params
    articles = drafts.find(world, asked.get("tempkey")) or []
    number, until = (_number(asked.get(name)) for name in ("idx", "until"))
    if not 1 <= number <= len(articles) or world.now() > until:
        return views.told("链接已过期", "草稿的预览地址只能看一段时间，草稿发布或删除以后也打不开。")
    return _page(world, articles[number - 1], None, None)


async def act(request: Request) -> Response:
    """A tap on the page, which comes again with what has changed."""
    world: World = request.app.state.world
    article = publications.page(world, request.path_params["key"])
    person = views.holder(world, request)
    strangers.refuse(request)
    if article is None or person is None:
        return views.told("请在微信客户端打开链接")
    form = await request.form()
    what = str(form.get("act", ""))
    try:
        if what == COMMENT:
            comments.write(world, article, person, str(form.get("text", "")))
        elif what == TAKE_BACK:
            comments.take_back(world, article, person, _number(form.get("comment")))
        else:
            _switch(world, article, person, what)
    except NotPossible as error:
        return views.told(error.message)
    part = "#comments" if what in (COMMENT, TAKE_BACK) else ""
    return RedirectResponse(f"/s/{article['key']}?{ACTED}={what}{part}", 303)


def _switch(world: World, article: Row, person: Row, what: str) -> None:
    gone = readings.why_gone(article)
    if gone or what not in (readings.LIKE, readings.KEEP):
        raise NotPossible(gone or "没有这个操作。")
    readings.switch(world, article["key"], person["openid"], what)


async def follow_source(request: Request) -> Response:
    """阅读原文: by way of the phone, so that the service can ask who it is; counted when a phone asks."""
    world: World = request.app.state.world
    article = publications.page(world, request.path_params["key"])
    url = article["item"]["content_source_url"] if article else ""
    if article is None or not url or readings.why_gone(article):
        return views.told("链接已失效")
    person = views.holder(world, request)
    if person is None:
        return RedirectResponse(url, 302)
    readings.note(world, article["key"], person["openid"], readings.SOURCE)
    query = {"who": person["openid"], "url": url, "manner": views.ELSEWHERE}
    return RedirectResponse(f"/sandbox/open?{urlencode(query, quote_via=quote)}", 302)


def _number(text: object) -> int:
    """0 for what is none."""
    good = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 12
    return int(str(text)) if good else 0


def _page(world: World, item: Article, article: Row | None, person: Row | None) -> Response:
    key = article["key"] if article else ""
    moment = article["at"] if article else world.now()
    body = ARTICLE.format(
        title=escape(item["title"]),
        author=f"<span>{escape(item['author'])}</span>" if item["author"] else "",
        account=escape(world.config.account_name),
        time=_time(moment),
        pictures=_pictures(world, item),
        content=_content(item),
        source=_source(item, key),
        reads=readings.count(world, key, readings.READ),
        taps=_taps(world, key, person["openid"]) if person else "",
        below=_comments(world, article, person) if article else "",
    )
    page = PAGE.format(title=escape(item["title"]), body=body)
    policy = POLICY.format(sandbox=world.config.api_url)
    return HTMLResponse(page, headers={**views.HEADERS, "Content-Security-Policy": policy})


def _time(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI)
    return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"


def _content(item: Article) -> str:
    if item.get("article_type") != PICTURES:
        return str(item["content"])
    return f'<p class="plain">{escape(item["content"])}</p>'


def _pictures(world: World, item: Article) -> str:
    listed = item.get("image_info", {}).get("image_list", [])
    addresses = [media.picture_url(world, one["image_media_id"]) for one in listed]
    shown = "".join(f'<img src="{escape(one)}" alt="">' for one in addresses)
    return f'<div class="pictures">{shown}</div>' if shown else ""


def _source(item: Article, key: str) -> str:
    url = item["content_source_url"]
    address = f"/s/{key}/source" if key else url
    return f'<a href="{escape(address)}" data-test="article-source">阅读原文</a>' if url else ""


def _taps(world: World, key: str, openid: str) -> str:
    liked = readings.has(world, key, openid, readings.LIKE)
    kept = readings.has(world, key, openid, readings.KEEP)
    return TAPS.format(
        action=f"/s/{escape(key)}",
        like="已赞" if liked else "赞",
        like_on='class="on"' if liked else "",
        likes=readings.count(world, key, readings.LIKE),
        keep="已收藏" if kept else "收藏",
        keep_on='class="on"' if kept else "",
    )


def _comments(world: World, article: Row, person: Row | None) -> str:
    """What everybody sees, and one's own; a place to write where that is allowed."""
    openid = person["openid"] if person else ""
    rows = comments.shown_to(world, article["key"], openid)
    if not rows and not article["comments"]:
        return ""
    closed = comments.why_closed(article, person) if person else "请在微信里留言"
    write = (
        f'<p class="note">{closed}</p>'
        if closed
        else WRITE.format(key=escape(article["key"]), most=comments.LONGEST)
    )
    shown = "".join(_comment(row, openid) for row in rows) or '<p class="note">还没有精选留言</p>'
    elected = sum(1 for row in rows if row["elected"])
    return COMMENTS.format(number=elected or "", write=write, shown=shown)


def _comment(row: Row, openid: str) -> str:
    own = row["openid"] == openid
    return SHOWN.format(
        letter=escape(row["name"][-1]),
        name=escape(row["name"]),
        note="" if row["elected"] else "　仅自己可见",
        content=escape(row["content"]),
        reply=REPLY.format(text=escape(row["reply"])) if row["reply"] else "",
        own=OWN.format(key=escape(row["key"]), id=row["id"]) if own else "",
    )
