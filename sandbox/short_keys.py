"""Short keys that stand for longer data (section 11.1): made, and looked up until they end."""

import secrets

from sandbox.store import Row
from sandbox.world import World


def keep(world: World, data: str, seconds: int) -> str:
    """A new key for `data`, good for so long."""
    key = secrets.token_urlsafe(12)[:15]
    now = world.now()
    world.db.run("insert into short_key values (?, ?, ?, ?)", key, data, now, now + seconds)
    return key


def find(world: World, key: str) -> Row | None:
    """None when never made, or at its end."""
    return world.db.find("select * from short_key where key = ? and expires_at > ?", key, world.now())
