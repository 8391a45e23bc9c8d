"""The control API's part about Weibo: leave to post, how much of it, and what was posted."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.control.acts import Body, number
from sandbox.errors import NotPossible
from sandbox.weibo import posts
from sandbox.world import World

MOST_DAYS = 3650


async def give_token(world: World, body: Body) -> Any:
    """The union allows the app to post: a token for so many `days` (1)."""
    days = number(body, "days") if "days" in body else posts.LIFE_DAYS
    if not 0 <= days <= MOST_DAYS:
        raise NotPossible(f"days 应是 0 至 {MOST_DAYS}。", 400)
    row = posts.give_token(world, days=days)
    return {
        "access_token": row["value"],
        "expires_in": round(row["expires_at"] - world.now()),
        "uid": row["uid"],
    }


async def revoke(world: World, body: Body) -> Any:
    """The union takes its leave back."""
    return {"revoked": posts.revoke(world)}


async def limit(world: World, body: Body) -> Any:
    """How many posts an hour: `user`, `app`."""
    posts.set_limits(world, **{name: int(number(body, name)) for name in ("user", "app") if name in body})
    return {name: posts.limit(world, name) for name in ("user", "app")}


async def read(request: Request) -> Response:
    """What was posted, newest first."""
    world: World = request.app.state.world
    return JSONResponse({"hosts": list(world.config.weibo_hosts), "posts": posts.listed(world)})


DEEDS = {"weibo/token": give_token, "weibo/revoke": revoke, "weibo/limits": limit}
