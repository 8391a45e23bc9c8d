"""`gonghui doctor`: every trouble of a deployment in the operator's words, and none stops the next look."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.assembly import assemble
from app.cli import doctor
from app.cli.doctor import BAD, DOUBTFUL, GOOD, examine
from app.settings import Settings
from models import MenuRevision
from tests.both_ends import SECRET, WECHAT, Ends, both_ends, settings_for

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def given() -> dict[str, Any]:
    return {}


@pytest.fixture
async def ends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path, **given), monkeypatch) as joined:
        yield joined


async def findings(ends: Ends) -> dict[str, list[str]]:
    """What doctor says, by its mark."""
    told: dict[str, list[str]] = {GOOD: [], DOUBTFUL: [], BAD: []}
    async for finding in examine(ends.house):
        told[finding.mark].append(finding.what)
    return told


def says(lines: list[str], *words: str) -> bool:
    return any(all(word in line for word in words) for line in lines)


async def test_a_sound_deployment_has_nothing_to_complain_of(ends: Ends) -> None:
    for _ in range(3):
        await ends.house.rounds.once()  # pushes the menu

    told = await findings(ends)

    assert told[BAD] == []
    for words in (
        "数据库可用",
        "没有设置 Redis",
        "可写",
        "回调地址",
        "微信接口可用",
        "与微信上一致",
        "今天还剩",
    ):
        assert says(told[GOOD], words), words


async def test_nobody_on_duty_is_doubtful(ends: Ends) -> None:
    assert says((await findings(ends))[DOUBTFUL], "GONGHUI_CRISIS_OPENIDS")


async def test_a_menu_that_was_never_pushed_is_named(ends: Ends) -> None:
    assert says((await findings(ends))[BAD], "菜单第 1 版")


async def test_a_menu_changed_behind_our_back_is_named(ends: Ends) -> None:
    for _ in range(3):
        await ends.house.rounds.once()
    await ends.house.wechat.menus.delete()

    assert says((await findings(ends))[BAD], "菜单第 1 版")


async def test_without_a_menu_the_way_to_one_is_said(ends: Ends) -> None:
    async with ends.house.database.transaction() as session:
        await session.execute(sa.text("DELETE FROM menu_push_step"))
        await session.execute(sa.delete(MenuRevision))

    assert says((await findings(ends))[BAD], "gonghui menus apply")


async def test_a_wrong_secret_is_bad_and_the_rest_is_looked_at(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(database_url, tmp_path, wechat_app_secret="0" * 32)
    async with both_ends(settings, monkeypatch) as ends:
        told = await findings(ends)

    assert says(told[BAD], "微信接口", "NotAllowed")
    assert says(told[BAD], "接口额度")
    assert says(told[GOOD], "回调地址")
    assert not says([*told[BAD], *told[GOOD]], "0" * 32)


@pytest.mark.parametrize("given", [{"public_url": NOWHERE}])
async def test_a_callback_address_nobody_answers_is_bad(ends: Ends) -> None:
    assert says((await findings(ends))[BAD], "回调地址", "ConnectError")


@pytest.mark.parametrize("given", [{"redis_url": "redis://127.0.0.1:1/0"}])
async def test_a_redis_out_of_reach_is_doubtful_only(ends: Ends) -> None:
    assert says((await findings(ends))[DOUBTFUL], "连不上 Redis")


async def test_a_redis_that_answers_is_good(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    settings = settings_for(database_url, tmp_path, redis_url=redis_url)
    async with both_ends(settings, monkeypatch) as ends:
        assert says((await findings(ends))[GOOD], "Redis 可用")


async def test_a_folder_that_takes_no_files_is_bad(ends: Ends, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "files")
    (tmp_path / "files").write_text("a file where the folder should be")

    assert says((await findings(ends))[BAD], "文件目录", "不能写入")


async def test_a_quota_that_runs_out_is_doubtful(ends: Ends) -> None:
    path = "/cgi-bin/message/custom/send"
    seen = await (await ends.platform.follower("李娜")).says("人工")
    await ends.answer(re.findall(r"[A-Z]+-\d{4}-\d+", seen.text)[0], "好的")
    await ends.house.rounds.once()
    await ends.platform.ask("POST", "quota", {"path": path, "limit": 1})

    assert says((await findings(ends))[DOUBTFUL], path)


async def test_a_check_with_a_bug_does_not_stop_the_next(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(house: object) -> list[doctor.Finding]:
        """数据库."""
        raise KeyError("a bug\nwith a second line")

    monkeypatch.setattr(doctor, "_database", broken)

    told = await findings(ends)

    assert says(told[BAD], "数据库：KeyError")
    assert says(told[GOOD], "没有设置 Redis")


# --- the command --------------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("GONGHUI_SECRET_KEY", SECRET)
    monkeypatch.setenv("GONGHUI_WECHAT_API_URL", WECHAT)
    monkeypatch.setenv("GONGHUI_FILES", str(tmp_path / "files"))
    return monkeypatch


async def test_missing_settings_are_the_first_thing_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(Settings.model_config, "env_file", None)

    assert await doctor._report() == 1
    assert "GONGHUI_SECRET_KEY" in capsys.readouterr().out


async def test_a_database_away_is_said_without_its_password(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("GONGHUI_DATABASE_URL", "postgresql+asyncpg://app:top-secret@127.0.0.1:1/gonghui")

    assert await doctor._report() == 1

    told = capsys.readouterr().out
    assert "连不上数据库" in told
    assert "top-secret" not in told


async def test_an_empty_database_is_told_to_be_migrated(
    environment: pytest.MonkeyPatch, empty_url: str, tmp_path: Path
) -> None:
    settings = settings_for(empty_url, tmp_path)
    async with assemble(settings) as house:
        (first, *_) = [finding async for finding in examine_database(house)]

    assert first.mark == BAD
    assert "gonghui migrate" in first.what


async def examine_database(house: Any) -> AsyncIterator[doctor.Finding]:
    for finding in await doctor._database(house):
        yield finding
