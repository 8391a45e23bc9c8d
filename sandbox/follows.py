"""Who came and who left, day by day: what the statistics of users are counted from (section 11.6)."""

from collections import Counter
from datetime import date

from sandbox.clock import span_of
from sandbox.world import World

SOURCES = {"ADD_SCENE_SEARCH": 1, "ADD_SCENE_QR_CODE": 30}  # user_source; every other way is 0
OTHER = 0


def note(world: World, openid: str, scene: str, *, came: bool) -> None:
    world.db.run(
        "insert into follow_log (openid, scene, came, at) values (?, ?, ?, ?)",
        openid,
        scene,
        int(came),
        world.now(),
    )


def by_source(world: World, day: date) -> dict[int, tuple[int, int]]:
    """How many followed and how many left on a day, by user_source; who leaves stands under 0."""
    rows = world.db.all("select scene, came from follow_log where at >= ? and at < ?", *span_of(day))
    came = Counter(SOURCES.get(row["scene"], OTHER) for row in rows if row["came"])
    left = Counter(OTHER for row in rows if not row["came"])
    return {source: (came[source], left[source]) for source in sorted({*came, *left})}


def at_end_of(world: World, day: date) -> int:
    """How many followed at the end of a day: those of now, less what has happened since."""
    now = world.db.count("select count(*) from person where following")
    since = span_of(day)[1]
    return now - world.db.count("select sum(2 * came - 1) from follow_log where at >= ?", since)
