"""How often each app may make a call in a day; counted in Shanghai days (section 5).

Limits of a minute or a second are in `rates`.
"""

from typing import Any

from sandbox.errors import ApiError
from sandbox.world import World

LINKS = "/wxa/generate_urllink"
SHARED = {"/wxa/generatescheme": LINKS}  # these are counted together with another call
USED_UP = {LINKS: 44993}  # elsewhere 45009
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
    "/cgi-bin/message/mass/send": 100,
    "/cgi-bin/message/mass/sendall": 100,
    "/cgi-bin/message/template/send": 100_000,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/ticket/getticket": 1_000_000,
    "/cgi-bin/user/get": 500,
    "/cgi-bin/user/info": 5_000_000,
    "/cgi-bin/user/info/updateremark": 10_000,
    "/cgi-bin/tags/members/batchtagging": 10_000,
    LINKS: 500_000,
}
OTHERWISE = 100_000
UNCOUNTED = ("/cgi-bin/clear_quota", "/cgi-bin/openapi/quota/", "/wxa/getwxacodeunlimit")
CLEARS_PER_MONTH, CLEARS_OF_ONE_PER_MONTH = 10, 50


def limit(world: World, path: str) -> int:
    path = counted_as(path)
    changed: dict[str, int] = world.db.setting("quota_limits", {})
    return changed.get(path, DAILY.get(path, OTHERWISE))


def counted_as(path: str) -> str:
    return SHARED.get(path, path)


def set_limit(world: World, path: str, most: int) -> None:
    world.db.set("quota_limits", {**world.db.setting("quota_limits", {}), counted_as(path): most})


def used(world: World, app: str, path: str) -> int:
    return world.db.count(
        "select max(used) from quota where app = ? and path = ? and day = ?",
        app,
        counted_as(path),
        world.clock.today().isoformat(),
    )


def count(world: World, app: str, path: str) -> None:
    """Count one call.

    Raises:
        ApiError: 45009 when today's are used up; some calls have a code of their own.
    """
    if path.startswith(UNCOUNTED):
        return
    most = limit(world, path)
    counted = most > 0 and world.db.changed(
        "insert into quota (app, path, day, used) values (?1, ?2, ?3, 1) "
        "on conflict (app, path, day) do update set used = used + 1 where used < ?4",
        app,
        counted_as(path),
        world.clock.today().isoformat(),
        most,
    )
    if not counted:
        code = USED_UP.get(counted_as(path), 45009)
        raise ApiError(code, "reach max api daily quota limit", f"今天的 {most} 次调用已用完")


def use_up(world: World, app: str, path: str) -> None:
    """As if the day's calls had all been made; it ends as in life, at midnight or by clearing."""
    world.db.run(
        "insert or replace into quota (app, path, day, used) values (?, ?, ?, ?)",
        app,
        counted_as(path),
        world.clock.today().isoformat(),
        limit(world, path),
    )


def state(world: World, app: str, path: str) -> dict[str, Any]:
    most, spent = limit(world, path), used(world, app, path)
    return {"daily_limit": most, "used": spent, "remain": max(most - spent, 0)}


def clear(world: World, app: str) -> None:
    """`clear_quota`, ten times a month.

    Raises:
        ApiError: 48006 the ten are used up.
    """
    _count_clear(world, f"clears {app}", CLEARS_PER_MONTH)
    world.db.run("delete from quota where app = ?", app)


def clear_one(world: World, app: str, path: str) -> None:
    """`openapi/quota/clear`, fifty times a month, whatever the calls.

    Raises:
        ApiError: 48006 the fifty are used up.
    """
    _count_clear(world, f"clears of one {app}", CLEARS_OF_ONE_PER_MONTH)
    world.db.run("delete from quota where app = ? and path = ?", app, counted_as(path))


def _count_clear(world: World, name: str, most: int) -> None:
    month = world.clock.today().strftime("%Y-%m")
    done = world.db.setting(name, {}).get(month, 0)
    if done >= most:
        raise ApiError(
            48006, "forbid to clear quota because of reaching the limit", f"每月只能清零 {most} 次"
        )
    world.db.set(name, {month: done + 1})
