"""The account as it ships, around a real engine: its handlers and answers; one activity, member, 户号."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import handlers
from app.database import Database
from app.services import members
from app.services.library import Library
from app.services.questions import Unanswered
from tests import booking, making
from tests.conftest import NOON, FakeClock
from tests.shipped import answers
from tests.talking import Talk, talking

ROOT = Path(__file__).parent.parent
ON_DUTY = "oTest00001xxxxxxxxxxxxxxxxxx"  # the first person of the town

ASKED = [
    {"key": "size", "prompt": "球服尺码？", "kind": "choice", "options": ["M", "L", "XL"]},
    {"key": "phone", "prompt": "联系电话？", "kind": "phone", "required": False},
]

_shipped = Library(answers())


@asynccontextmanager
async def our_town(
    database: Database,
    clock: FakeClock,
    library: Library = _shipped,
    *,
    activities: bool = True,
    advisers: bool = False,
    keywords: str = "",
) -> AsyncIterator[Talk]:
    """`keywords`: rules that come before those of the shipped file. `advisers`: one has offered slots."""
    menus = (ROOT / "menus.yaml").read_text(encoding="utf-8")
    menus = menus.replace("\nkeywords:\n", f"\nkeywords:\n{keywords}")
    async with database.transaction() as session:
        if not await members.any_at_all(session):  # another process of the same town has put her there
            await making.member(session)
            await making.account(session)
        if advisers:
            await booking.offered(session, await booking.adviser(session))
        if activities:
            await making.activity(
                session,
                "羽毛球赛",
                capacity=2,
                guests=1,
                questions=ASKED,
                changes_until=NOON + timedelta(days=3),
            )
    unanswered = Unanswered()
    routers = handlers.routers(library, [ON_DUTY], unanswered=unanswered)
    async with talking(database, clock, routers, menus) as talk:
        talk.unanswered = unanswered
        yield talk


def shipped_library() -> Library:
    return _shipped
