"""Who may post, and what was posted: tokens, posts, and how many in an hour."""

import secrets
from typing import Any

from sandbox import media
from sandbox.store import Row
from sandbox.weibo import rules
from sandbox.weibo.refusals import Refused
from sandbox.world import World, next_number

HOUR, DAY = 3600, 24 * 3600
USER_AN_HOUR, APP_AN_HOUR = 30, 1000  # of an app under test; the second is our own number
ALIKE_SECONDS = 600  # our own number: so long a repeated text is refused
LIFE_DAYS = 1.0  # of a token; an app under test
USER = "黄陵供电工会"


def give_token(world: World, *, days: float = LIFE_DAYS) -> Row:
    """As if the union had allowed the app to post in its name."""
    value = "2.00" + secrets.token_urlsafe(24)
    world.db.run(
        "insert into weibo_token values (?, ?, ?, ?)", value, "5600000001", USER, world.now() + days * DAY
    )
    return token(world, value)


def token(world: World, value: str) -> Row:
    """
    Raises:
        Refused: 10006 none was given, 21332 nobody's, 21327 its time is over.
    """
    if not value:
        raise Refused(10006, "source paramter(appkey) is missing", "缺少 access_token")
    row = world.db.find("select * from weibo_token where value = ?", value)
    if row is None:
        raise Refused(21332, "invalid_access_token", "这个 access_token 不是这里发出的")
    if row["expires_at"] <= world.now():
        raise Refused(21327, "expired_token", "access_token 已过期，要重新授权")
    return row


def tokens(world: World) -> list[Row]:
    """Those that are good now, the newest first."""
    return world.db.all("select * from weibo_token where expires_at > ? order by rowid desc", world.now())


def revoke(world: World) -> int:
    return world.db.changed("delete from weibo_token")


def check_rate(world: World, uid: str) -> None:
    """
    Raises:
        Refused: 10023 too many of this user in an hour, 10024 of the app.
    """
    since = world.now() - HOUR
    own = world.db.count("select count(*) from weibo_post where uid = ? and at > ?", uid, since)
    if own >= limit(world, "user"):
        raise Refused(10023, "User requests out of rate limit!", f"每人每小时最多 {limit(world, 'user')} 条")
    if world.db.count("select count(*) from weibo_post where at > ?", since) >= limit(world, "app"):
        raise Refused(
            10024, "Application requests out of rate limit!", f"每小时最多 {limit(world, 'app')} 条"
        )


def limit(world: World, whose: str) -> int:
    usual = {"user": USER_AN_HOUR, "app": APP_AN_HOUR}
    return int(world.db.setting("weibo_limits", usual).get(whose, usual[whose]))


def set_limits(world: World, **limits: int) -> None:
    world.db.set("weibo_limits", {**world.db.setting("weibo_limits", {}), **limits})


def check_new(world: World, uid: str, text: str) -> None:
    """
    Raises:
        Refused: 20019 the same text a moment ago, 20017 one that differs in links, digits and signs only.
    """
    for row in world.db.all(
        "select * from weibo_post where uid = ? and at > ?", uid, world.now() - ALIKE_SECONDS
    ):
        if row["text"].split() == text.split():
            raise Refused(20019, "repeat content!", "刚刚发过一样的内容")
        if row["plain"] == rules.plain(text):
            raise Refused(20017, "repeated content", "刚刚发过差不多的内容")


def keep(world: World, user: Row, text: str, picture: bytes | None, ip: str, *, seen: bool) -> Row:
    """Post it; `seen` false: it waits for somebody at Weibo to look at it."""
    picture_id = ""
    if picture is not None:
        kind = rules.check_picture(picture)
        picture_id = media.put(world, "weibo", "pic", kind, picture, permanent=True)
    number = next_number()
    world.db.run(
        "insert into weibo_post values (?, ?, ?, ?, ?, ?, ?, ?)",
        number,
        user["uid"],
        text,
        rules.plain(text),
        picture_id,
        ip,
        world.now(),
        int(seen),
    )
    world.bus.publish("weibo")
    row = world.db.find("select * from weibo_post where id = ?", number)
    assert row is not None
    return row


def listed(world: World) -> list[dict[str, Any]]:
    """The newest first."""
    rows = world.db.all("select * from weibo_post order by id desc limit 200")
    return [
        {"id": row["id"], "text": row["text"], "picture": picture_url(row), "ip": row["ip"], "at": row["at"]}
        | {"seen": bool(row["seen"])}
        for row in rows
    ]


def picture_url(row: Row) -> str:
    return f"/sandbox/media/{row['picture']}" if row["picture"] else ""
