"""The control API of articles: what people, the account's console and the platform do with them; rights."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import people, publications, rights
from sandbox.articles import comments, jobs, markup, readings
from sandbox.control.acts import Act, Body, number
from sandbox.errors import NotPossible
from sandbox.world import World

MOST_LISTED = 50
# What may be told of an article that the console published; the rest of it is the platform's own.
FIELDS = (
    *("title", "author", "digest", "content_source_url", "thumb_url"),
    *("need_open_comment", "only_fans_can_comment"),
)


async def _publish(world: World, body: Body) -> Any:
    """As if the account had published these articles together in WeChat's console."""
    given = body.get("articles")
    articles = [
        {
            **{name: one[name] for name in FIELDS if name in one},
            "content": markup.cleaned(world, str(one.get("content") or "")),
        }
        for one in (given if isinstance(given, list) else [])
        if isinstance(one, dict)
    ]
    published = publications.publish(world, articles)
    told = {"msg_data_id": published.msg_data_id, "urls": published.urls}
    return {"article_id": published.article_id, **told}


async def _delete(world: World, body: Body) -> Any:
    """The account takes a publication down, in its console; the service is told with status 5."""
    article_id = str(body.get("article_id", ""))
    if not publications.delete(world, article_id, 0):
        raise NotPossible("没有这篇文章。", 404)
    world.spawn(jobs.taken_down(world, article_id))
    return {"ok": True}


async def _ban(world: World, body: Body) -> Any:
    """The platform takes a publication down; the service is told with status 6."""
    article_id = str(body.get("article_id", ""))
    if not publications.ban(world, article_id):
        raise NotPossible("没有这篇文章。", 404)
    world.spawn(jobs.taken_down(world, article_id))
    return {"ok": True}


async def _change_rights(world: World, body: Body) -> Any:
    """`publishing`, `comments`, `statistics`, each true or false."""
    rights.change(world, body)
    return rights.held(world)


async def _read(world: World, who: str, body: Body, wait: bool) -> Any:
    """As opening the page does; `way` is from where."""
    way = str(body.get("way") or readings.MESSAGE)
    if way not in readings.WAYS:
        raise NotPossible(f"way 应为 {'、'.join(readings.WAYS)}。", 400)
    article = readings.at(world, str(body.get("url", "")))
    readings.note(world, article["key"], people.get(world, who)["openid"], readings.READ, way)
    item = article["item"]
    return {name: item[name] for name in ("title", "author", "digest", "content", "content_source_url")}


async def _like(world: World, who: str, body: Body, wait: bool) -> Any:
    return {"liked": _switched(world, who, body, readings.LIKE)}


async def _keep(world: World, who: str, body: Body, wait: bool) -> Any:
    return {"kept": _switched(world, who, body, readings.KEEP)}


def _switched(world: World, who: str, body: Body, act: str) -> bool:
    article = readings.at(world, str(body.get("url", "")))
    return readings.switch(world, article["key"], people.get(world, who)["openid"], act)


async def _comment(world: World, who: str, body: Body, wait: bool) -> Any:
    article = readings.at(world, str(body.get("url", "")))
    text = str(body.get("text", ""))
    return {"user_comment_id": comments.write(world, article, people.get(world, who), text)}


async def _take_comment_back(world: World, who: str, body: Body, wait: bool) -> Any:
    article = readings.at(world, str(body.get("url", "")))
    comment_id = int(number(body, "user_comment_id")) if "user_comment_id" in body else 0
    comments.take_back(world, article, people.get(world, who), comment_id)
    return {"ok": True}


async def _share_to_timeline(world: World, who: str, body: Body, wait: bool) -> Any:
    """Nobody else sees it here; of an article it is counted."""
    readings.shared(world, who, str(body.get("url", "")), readings.TIMELINE)
    return {"ok": True}


ACTS: dict[str, Act] = {
    "read-article": _read,
    "like-article": _like,
    "keep-article": _keep,
    "comment-article": _comment,
    "take-comment-back": _take_comment_back,
    "share-to-timeline": _share_to_timeline,
}
DEEDS = {
    "publications": _publish,
    "publications/ban": _ban,
    "publications/delete": _delete,
    "rights": _change_rights,
}


async def list_published(request: Request) -> Response:
    """What can be found on the account's home, and how it is doing; the newest first."""
    world: World = request.app.state.world
    return JSONResponse(
        [
            {
                "article_id": row["id"],
                "at": row["at"],
                "articles": [_standing(world, item) for item in row["items"]],
            }
            for row in publications.listed(world, sent=True)[:MOST_LISTED]
        ]
    )


def _standing(world: World, item: dict[str, Any]) -> dict[str, Any]:
    key = publications.key_of(world, item["url"]) or ""
    article = publications.page(world, key)
    return {
        "title": item["title"],
        "url": item["url"],
        "picture": item["thumb_url"],
        "gone": readings.why_gone(article) if article else "",
        "reads": readings.count(world, key, readings.READ),
        "likes": readings.count(world, key, readings.LIKE),
        "comments": comments.count(world, key),
    }


ROUTES = [Route("/sandbox/api/publications", list_published, methods=["GET"])]
