"""How often each call may be made in a day; counted in Shanghai days (section 5)."""

from typing import Any

from sandbox.errors import ApiError
from sandbox.world import World

DAILY = {
    "/cgi-bin/token": 2000,
    "/cgi-bin/stable_token": 500_000,
    "/cgi-bin/menu/create": 1000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/menu/delete": 1000,
    "/cgi-bin/menu/addconditional": 2000,
    "/cgi-bin/menu/delconditional": 2000,
    "/cgi-bin/menu/trymatch": 20_000,
    "/cgi-bin/media/upload": 100_000,
    "/cgi-bin/media/get": 200_000,
    "/cgi-bin/message/custom/send": 500_000,
    "/cgi-bin/message/template/send": 100_000,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/user/get": 500,
    "/cgi-bin/user/info": 5_000_000,
    "/cgi-bin/user/info/updateremark": 10_000,
    "/cgi-bin/tags/members/batchtagging": 10_000,
}
OTHERWISE = 100_000
UNCOUNTED = ("/cgi-bin/clear_quota", "/cgi-bin/openapi/quota/get", "/connect/", "/mp/", "/sns/")
CLEARS_PER_MONTH = 10


def limit(world: World, path: str) -> int:
    changed: dict[str, int] = world.db.setting("quota_limits", {})
    return changed.get(path, DAILY.get(path, OTHERWISE))


def set_limit(world: World, path: str, most: int) -> None:
    world.db.set("quota_limits", {**world.db.setting("quota_limits", {}), path: most})


def used(world: World, path: str) -> int:
    day = world.clock.today().isoformat()
    return world.db.count("select max(used) from quota where path = ? and day = ?", path, day)


def count(world: World, path: str) -> None:
    """Count one call.

    Raises:
        ApiError: 45009 when today's are used up.
    """
    if path.startswith(UNCOUNTED):
        return
    most = limit(world, path)
    counted = most > 0 and world.db.changed(
        "insert into quota (path, day, used) values (?1, ?2, 1) "
        "on conflict (path, day) do update set used = used + 1 where used < ?3",
        path,
        world.clock.today().isoformat(),
        most,
    )
    if not counted:
        raise ApiError(45009, "reach max api daily quota limit", f"今天的 {most} 次调用已用完")


def use_up(world: World, path: str) -> None:
    """As if the day's calls had all been made; it ends as in life, at midnight or by clearing."""
    day = world.clock.today().isoformat()
    world.db.run("insert or replace into quota (path, day, used) values (?, ?, ?)", path, day,
                 limit(world, path))  # fmt: skip


def state(world: World, path: str) -> dict[str, Any]:
    most, spent = limit(world, path), used(world, path)
    return {"daily_limit": most, "used": spent, "remain": max(most - spent, 0)}


def clear(world: World) -> None:
    """`clear_quota`, ten times a month.

    Raises:
        ApiError: 48006 the ten are used up.
    """
    month = world.clock.today().strftime("%Y-%m")
    done = world.db.setting("clears", {}).get(month, 0)
    if done >= CLEARS_PER_MONTH:
        raise ApiError(
            48006,
            "forbid to clear quota because of reaching the limit",
            f"每月只能清零 {CLEARS_PER_MONTH} 次",
        )
    world.db.set("clears", {month: done + 1})
    world.db.run("delete from quota")
