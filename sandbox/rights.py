"""What the account is entitled to: everything, as certified service accounts are, until it is taken away."""

from sandbox.errors import ApiError, NotPossible
from sandbox.world import World

PUBLISHING, COMMENTS, STATISTICS = "publishing", "comments", "statistics"
REFUSALS = {
    PUBLISHING: (48001, "api unauthorized", "账号没有发布的权限"),
    COMMENTS: (88000, "without comment privilege", "账号没有留言的权限"),
    STATISTICS: (48001, "api unauthorized", "账号没有数据统计的权限"),
}


def held(world: World) -> dict[str, bool]:
    lost = world.db.setting("rights_lost", [])
    return {name: name not in lost for name in REFUSALS}


def change(world: World, given: dict[str, bool]) -> None:
    """
    Raises:
        NotPossible: no such right, or not true or false.
    """
    if not all(name in REFUSALS and isinstance(value, bool) for name, value in given.items()):
        raise NotPossible(f"权限有 {'、'.join(REFUSALS)}，各为 true 或 false。", 400)
    kept = {**held(world), **given}
    world.db.set("rights_lost", [name for name, value in kept.items() if not value])


def require(world: World, name: str) -> None:
    """
    Raises:
        ApiError: 48001 the account has not that right; 88000 for comments.
    """
    if not held(world)[name]:
        raise ApiError(*REFUSALS[name])
