"""The account as it ships: its handlers, its menu file and its tips, around a real engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import handlers
from app.database import Database
from app.knowledge import load
from app.services.tips import LiveTips
from tests.conftest import FakeClock
from tests.talking import Talk, talking

ROOT = Path(__file__).parent.parent
ON_DUTY = "oTest00001xxxxxxxxxxxxxxxxxx"  # the first person of the town

_shipped = LiveTips([file.tip for file in load(ROOT / "content" / "power_safety")])


@asynccontextmanager
async def our_town(database: Database, clock: FakeClock, live: LiveTips = _shipped) -> AsyncIterator[Talk]:
    menus = (ROOT / "menus.yaml").read_text(encoding="utf-8")
    async with talking(database, clock, handlers.routers(live, [ON_DUTY]), menus) as talk:
        yield talk


def shipped_tips() -> LiveTips:
    return _shipped
