"""Access tokens of both kinds: issued, replaced, expired, revoked (section 5)."""

import secrets

from sandbox.errors import ApiError
from sandbox.store import Row
from sandbox.world import World

PATHS = ("/cgi-bin/token", "/cgi-bin/stable_token")
LIFE_SECONDS = 7200
OVERLAP_SECONDS = 300  # old and new both work this long
FORCE_SPACING_SECONDS = 30
FORCE_PER_DAY = 20


def issue_plain(world: World) -> tuple[str, int]:
    """`/cgi-bin/token`: always a new one; the one before lives five more minutes."""
    now = world.now()
    world.db.run(
        "update token set expires_at = ?1 where kind = 'plain' and expires_at > ?1",
        now + OVERLAP_SECONDS,
    )
    return _insert(world, "plain"), LIFE_SECONDS


def issue_stable(world: World, *, force: bool) -> tuple[str, int]:
    """`/cgi-bin/stable_token`: the same while valid, a fresh one in its last five minutes."""
    now = world.now()
    current = world.db.find(
        "select * from token where kind = 'stable' and not revoked and expires_at > ? "
        "order by expires_at desc",
        now,
    )
    if force and _may_force(world, current):
        world.db.run("update token set revoked = 1 where kind = 'stable'")
        return _insert(world, "stable"), LIFE_SECONDS
    if current and current["expires_at"] - now > OVERLAP_SECONDS:
        return str(current["value"]), int(current["expires_at"] - now)
    return _insert(world, "stable"), LIFE_SECONDS


def _may_force(world: World, current: Row | None) -> bool:
    """Within 30 s a forced refresh returns what is there; the 21st of a day is refused."""
    if current and world.now() - current["issued_at"] < FORCE_SPACING_SECONDS:
        return False
    day = world.clock.today().isoformat()
    used = world.db.setting("forced", {}).get(day, 0)
    if used >= FORCE_PER_DAY:
        raise ApiError(45009, "reach max api daily quota limit", f"force_refresh 每天最多 {FORCE_PER_DAY} 次")
    world.db.set("forced", {day: used + 1})
    return True


def _insert(world: World, kind: str) -> str:
    # Real tokens are long and grow; 136 and more characters show columns that are too short.
    value = "9" + str(secrets.randbelow(90) + 10) + "_" + secrets.token_urlsafe(150)
    now = world.now()
    world.db.run("delete from token where expires_at < ?", now - 24 * 3600)
    world.db.run(
        "insert into token (value, kind, issued_at, expires_at) values (?, ?, ?, ?)",
        value,
        kind,
        now,
        now + LIFE_SECONDS,
    )
    return value


def check(world: World, value: str) -> None:
    """Let a call pass.

    Raises:
        ApiError: 41001 none, 40014 never issued, 40001 no longer the newest, 42001 expired.
    """
    if not value:
        raise ApiError(41001, "access_token missing", "查询串里没有 access_token")
    row = world.db.find("select * from token where value = ?", value)
    if row is None:
        raise ApiError(40014, "invalid access_token", "这个 access_token 不是这里发出的")
    if row["revoked"]:
        raise ApiError(
            40001,
            "invalid credential, access_token is invalid or not latest",
            "access_token 已被强制刷新作废",
        )
    if row["expires_at"] <= world.now():
        raise ApiError(42001, "access_token expired", "access_token 已过期")


def revoke_all(world: World) -> int:
    """As if somebody had reset the app secret; for tests of the client's recovery."""
    return world.db.changed("update token set revoked = 1 where not revoked")
