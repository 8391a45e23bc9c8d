"""The control API of articles: what the account's console and the platform do with them, and its rights."""

from typing import Any

from sandbox import publications, rights
from sandbox.articles import jobs, markup
from sandbox.control.acts import Body
from sandbox.errors import NotPossible
from sandbox.world import World

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


DEEDS = {"publications": _publish, "publications/ban": _ban, "rights": _change_rights}
