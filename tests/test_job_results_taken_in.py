"""Results of mass messages, pushed by the sandbox to the service: kept once, answered at once, nobody's."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.wechat.incoming import fields_of
from app.wechat.job_results import MassEnd, mass_result
from models import Follower, Message
from tests.both_ends import Ends, both_ends, settings_for


async def pushed(ends: Ends) -> dict[str, Any]:
    """The result that was pushed last; another program settles the order."""
    for _ in range(200):
        told = [one for one in await ends.platform.exchanges() if one["kind"] == "MASSSENDJOBFINISH"]
        if told:
            return told[0]
        await ends.house.rounds.once()
    raise TimeoutError


async def test_a_result_is_kept_once_and_makes_no_follower(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as ends:
        await (await ends.platform.follower("李娜")).says("你好")
        await ends.platform.misbehaves(duplicate=3)
        await ends.platform.ask("POST", "mass/console", {"text": "停电通知"})
        told = await pushed(ends)

        async with ends.house.database.reading() as session:
            followers = await session.scalar(sa.select(sa.func.count()).select_from(Follower))
            kinds = list(await session.scalars(sa.select(Message.kind)))

    assert (told["result"], told["tries"], len(told["copies"])) == ("silent", 1, 3)
    assert followers == 1
    assert kinds.count("event.masssendjobfinish") == 1
    result = mass_result(fields_of(told["request_xml"]))
    assert (result.end, result.total, result.sent) == (MassEnd.SENT, 1, 1)
