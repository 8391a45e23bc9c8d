"""People are asked how a finished case went, reminded once, and after a week not asked any more."""

from functools import partial

from app.clock import Clock
from app.database import Database
from app.jobs import case_timers as timers
from app.services import rating_invitations
from app.wechat.replies import choice_line


async def run(database: Database, clock: Clock) -> int:
    """Returns how many cases were looked at."""
    return await timers.run(
        database,
        clock,
        kind="case_rating",
        list_due=rating_invitations.list_due,
        advance=partial(rating_invitations.advance, tap=_tap),
        levels={},
    )


def _tap(label: str, number: str, score: int) -> str:
    return choice_line(label, f"do:rating.give?vote={score}-{number}")
