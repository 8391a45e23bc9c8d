"""What the platform has taken against templates, as a developer asks for it.

`banned`: a template, a public title, or with `*` the whole capability may no longer be used.
`blocked`: a template message is accepted, held back, and listed by queryblocktmplmsg.
"""

from sandbox.errors import NotPossible
from sandbox.world import World

EVERYTHING = "*"
BANNED, BLOCKED = "banned", "blocked"


def put(world: World, app_id: str, template_id: str, how: str) -> None:
    """`how` empty lifts what was there."""
    if how not in ("", BANNED, BLOCKED):
        raise NotPossible("how 应为 banned、blocked 或空。", 400)
    world.db.run("delete from restriction where app_id = ? and template_id = ?", app_id, template_id)
    if how:
        world.db.run("insert into restriction values (?, ?, ?)", app_id, template_id, how)


def holds(world: World, app_id: str, template_id: str, how: str) -> bool:
    return (
        world.db.count(
            "select count(*) from restriction where app_id = ? and template_id = ? and how = ?",
            app_id,
            template_id,
            how,
        )
        > 0
    )


def is_banned(world: World, app_id: str, template_id: str) -> bool:
    """By itself or with everything."""
    return any(holds(world, app_id, one, BANNED) for one in (template_id, EVERYTHING))
