"""Panoramas by chat: nothing yet, a card, and what is seen only by staff."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.database import Database
from app.files import Files
from app.services import panoramas
from app.services.addresses import use_public_url
from tests.conftest import FakeClock
from tests.panorama_kit import Darkroom, globe
from tests.talking import Talk
from tests.town import our_town


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def test_a_published_panorama_is_a_card_that_opens_it(
    talk: Talk, clock: FakeClock, tmp_path: Path
) -> None:
    room = Darkroom(talk.database, Files(tmp_path / "files"), clock)
    li = await talk.person("李娜")
    assert "还没有全景" in await li.says("全景")
    tour, (hall,) = await room.tour("大厅")
    await room.takes(hall, globe(2048))
    await room.cuts()
    assert "还没有全景" in await li.says("VR")
    async with talk.database.transaction() as session:
        await panoramas.publish(session, await panoramas.get(session, tour.public_id, drafts=True))

    assert "职工书屋" in await li.says("看全景")  # nobody outside could open a page: its name
    use_public_url("https://union.example")
    assert await li.says("全景") == "职工书屋"  # the card; what it opens is in test_console_panoramas
