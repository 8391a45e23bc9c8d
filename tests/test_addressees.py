"""Under which original id WeChat writes to us: learned from the first callback; another one is noticed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from app.addressees import MOST_STRANGERS, Addressees
from app.database import Database
from app.services import coordination
from models import Account, AccountKind
from tests.both_ends import both_ends, settings_for


@pytest.fixture
async def account_id(database: Database) -> int:
    async with database.transaction() as session:
        return await coordination.account_id(session, "wx0123456789abcdef", AccountKind.OFFICIAL)


@pytest.fixture
def warnings() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


async def kept(database: Database) -> list[str | None]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Account.gh_id)))


async def test_the_first_callback_tells_the_accounts_original_id(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as ends:
        assert await kept(ends.house.database) == [None]
        await (await ends.platform.follower("李娜")).says("你好")
        await ends.house.rounds.once()

        (name,) = await kept(ends.house.database)
        assert name is not None
        assert name.startswith("gh_")


async def test_another_one_later_is_warned_of_once_and_does_not_take_its_place(
    database: Database, account_id: int, warnings: list[Any]
) -> None:
    first = Addressees(database)
    first.note(account_id, "gh_ours")
    await first.learn()
    restarted = Addressees(database)
    for told in ("gh_theirs", "gh_ours", "gh_theirs"):
        restarted.note(account_id, told)
        await restarted.learn()

    assert await kept(database) == ["gh_ours"]
    (line,) = warnings
    assert (line["event"], line["ours"], line["theirs"]) == (
        "callback_for_another_account",
        "gh_ours",
        "gh_theirs",
    )


async def test_a_database_away_is_no_loss_it_is_learned_later(
    database: Database, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    addressees = Addressees(database)
    addressees.note(account_id, "gh_ours")
    with monkeypatch.context() as away:
        away.setattr(database, "reading", None)
        with pytest.raises(TypeError):
            await addressees.learn()

    await addressees.learn()

    assert await kept(database) == ["gh_ours"]


async def test_made_up_names_fill_neither_memory_nor_log(
    database: Database, account_id: int, warnings: list[Any]
) -> None:
    addressees = Addressees(database)
    for told in ("toUser", "gh_" + "x" * 40, *(f"gh_{n}" for n in range(1000))):
        addressees.note(account_id, told)
    await addressees.learn()

    assert len(warnings) == MOST_STRANGERS - 1
