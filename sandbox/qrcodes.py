"""Parametric QR codes: tickets with a scene, and who is sent where when scanning one."""

import secrets

from sandbox.errors import NotPossible
from sandbox.store import Row
from sandbox.world import World

FOREVER = 10.0**12


def create(world: World, scene: str, seconds: float | None) -> Row:
    """A code for `scene`; without seconds a permanent one, which is always the same."""
    if seconds is None:
        known = world.db.find("select * from qr_ticket where scene = ? and permanent = 1", scene)
        if known:
            return known
    ticket = "gQ" + secrets.token_urlsafe(66)[:88]
    ends = FOREVER if seconds is None else world.now() + seconds
    world.db.run(
        "insert into qr_ticket (ticket, scene, url, permanent, expires_at) values (?, ?, ?, ?, ?)",
        ticket,
        scene,
        f"http://weixin.qq.com/q/{secrets.token_urlsafe(16)}",
        int(seconds is None),
        ends,
    )
    return world.db.find("select * from qr_ticket where ticket = ?", ticket) or {}


def scanned(world: World, *, scene: str = "", ticket: str = "") -> Row:
    """The code a person holds the camera at: a pushed one, or any scene typed in.

    Raises:
        NotPossible: no such ticket, or it has expired.
    """
    if ticket:
        row = world.db.find("select * from qr_ticket where ticket = ?1 or url = ?1", ticket)
        if row is None:
            raise NotPossible("没有这个二维码。", 404)
        if row["expires_at"] <= world.now():
            raise NotPossible("二维码已过期。")
        return row
    if not scene:
        raise NotPossible("请填写二维码的场景值。", 400)
    row = world.db.find(
        "select * from qr_ticket where scene = ? and expires_at > ? order by expires_at desc",
        scene,
        world.now(),
    )
    return row or create(world, scene, 3600)


def list_current(world: World) -> list[dict[str, object]]:
    rows = world.db.all(
        "select scene, ticket, url, permanent from qr_ticket where expires_at > ? order by rowid desc",
        world.now(),
    )
    seen: dict[str, dict[str, object]] = {}
    for row in rows:
        seen.setdefault(row["scene"], row)
    return list(seen.values())
