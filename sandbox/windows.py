"""How many customer messages a person's last actions allow, and for how long (section 6)."""

from sandbox.errors import ApiError
from sandbox.world import World

HOUR = 3600.0
MINUTE = 60.0
ALLOWANCES = {  # action: (messages, seconds)
    "message": (5, 48 * HOUR),
    "menu": (3, MINUTE),
    "follow": (3, MINUTE),
    "scan": (3, MINUTE),
    "session": (2, MINUTE),  # enters the chat of the mini-program
}
TYPING_NEEDS_SECONDS = 30.0


def grant(world: World, openid: str, action: str) -> None:
    """A new action renews its own allowance; different ones stand side by side."""
    count, seconds = ALLOWANCES[action]
    now = world.now()
    world.db.run(
        "insert or replace into allowance (openid, action, until, left, at) values (?,?,?,?,?)",
        openid,
        action,
        now + seconds,
        count,
        now,
    )


def check(world: World, openid: str) -> str:
    """The action that pays for a message now: the one that ends first.

    Raises:
        ApiError: 45015 no window is open, 45047 all that are open are used up.
    """
    open_now = world.db.all(
        "select * from allowance where openid = ? and until > ? order by until",
        openid,
        world.now(),
    )
    if not open_now:
        raise ApiError(
            45015,
            "response out of time limit or subscription is canceled",
            "48 小时内（菜单、关注、扫码、进入会话后 1 分钟内）没有互动，不能发客服消息",
        )
    for row in open_now:
        if row["left"] > 0:
            return str(row["action"])
    raise ApiError(45047, "out of response count limit", "这次互动允许的客服消息条数已用完")


def spend(world: World, openid: str, action: str) -> None:
    world.db.run("update allowance set left = left - 1 where openid = ? and action = ?", openid, action)


def last_action_at(world: World, openid: str) -> float:
    row = world.db.find("select max(at) as at from allowance where openid = ?", openid)
    return float(row["at"] or 0) if row else 0.0
