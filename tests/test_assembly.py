"""The house put together: what starts, what closes, and the service against the sandbox's own windows."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app.assembly import assemble
from app.errors import OperatorError
from app.preparing import prepare
from app.settings import WeChatAccount
from models import Account, AccountKind, CrisisAlert, DeliveryState, MenuRevision, Outbox, Tip
from models.sealing import keyring
from sandbox.driver import Phone
from tests import servers
from tests.both_ends import Ends, both_ends, settings_for
from tests.rooms import ROOT


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    async with both_ends(settings_for(database_url, tmp_path), monkeypatch) as joined:
        yield joined


async def asks_for_somebody(ends: Ends, name: str) -> tuple[Phone, str]:
    """A follower who asked for a person; returns the phone and the number of the case."""
    phone = await ends.platform.follower(name)
    seen = await phone.says("人工")
    found = re.search(r"[A-Z]+-\d{4}-\d+", seen.text)
    assert found, seen.text
    return phone, found[0]


async def received(phone: Phone) -> list[str]:
    """Customer messages on the phone, oldest first."""
    return [
        one["text"] for one in await phone.reads() if one["direction"] == "in" and one["exchange_id"] is None
    ]


async def states(ends: Ends) -> list[DeliveryState]:
    async with ends.house.database.reading() as session:
        return list(await session.scalars(sa.select(Outbox.state).order_by(Outbox.id)))


# --- starting and closing -----------------------------------------------------------------------------------


async def test_preparing_twice_changes_nothing(database_url: str, tmp_path: Path) -> None:
    settings = settings_for(database_url, tmp_path, content=ROOT / "content")
    found: list[tuple[int, int]] = []
    for _ in range(2):
        await prepare(settings)
        async with assemble(settings) as house, house.database.reading() as session:
            counts = [await session.scalar(sa.select(sa.func.count(each.id))) for each in (MenuRevision, Tip)]
            found.append((counts[0] or 0, counts[1] or 0))

    assert found[0] == found[1]
    assert found[0][0] == 1
    assert found[0][1] >= 30


async def test_an_sqlite_database_is_made_at_the_first_start(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite+aiosqlite:///{tmp_path / 'deep' / 'new.db'}", tmp_path)

    await prepare(settings)

    async with assemble(settings) as house:
        await house.refresh()
        assert house.menus.number == 1


async def test_a_postgresql_database_must_be_migrated_first(
    postgres_databases: servers.Databases, tmp_path: Path
) -> None:
    with pytest.raises(OperatorError, match="gonghui migrate"):
        await prepare(settings_for(postgres_databases.make(), tmp_path))


async def test_both_accounts_have_their_rows(database_url: str, tmp_path: Path) -> None:
    mini = {
        "miniprogram_app_id": "wx00000000000000ff",
        "miniprogram_app_secret": "s",
        "miniprogram_token": "t",
        "miniprogram_aes_key": "a" * 43,
    }
    async with assemble(settings_for(database_url, tmp_path, **mini)) as house:
        async with house.database.reading() as session:
            kinds = (await session.scalars(sa.select(Account.kind).order_by(Account.id))).all()
        assert kinds == [AccountKind.OFFICIAL, AccountKind.MINIPROGRAM]
        assert set(house.accounts) == set(kinds)


async def test_the_keys_of_the_settings_seal(database_url: str, tmp_path: Path) -> None:
    async with assemble(settings_for(database_url, tmp_path)):
        assert keyring().writes_with == "dev"


async def test_a_closed_house_leaves_no_task_behind(
    database_url: str, tmp_path: Path, redis_url: str
) -> None:
    before = asyncio.all_tasks()
    async with assemble(settings_for(database_url, tmp_path, redis_url=redis_url)) as house:
        await prepare(house.settings)
        await house.refresh()
        await house.waker.start()
        house.rounds.start()
        house.waker.wake()
        await asyncio.sleep(0)
        await house.rounds.stop()

    assert asyncio.all_tasks() == before


async def test_no_call_leaves_inside_a_writing_transaction(ends: Ends) -> None:
    async with ends.house.database.transaction():
        with pytest.raises(RuntimeError, match="inside a writing transaction"):
            await ends.house.wechat.base.callback_ips()


async def test_an_unverified_account_has_no_round_for_tags(database_url: str, tmp_path: Path) -> None:
    for kind, tags in ((WeChatAccount.UNVERIFIED, False), (WeChatAccount.SERVICE_VERIFIED, True)):
        async with assemble(settings_for(database_url, tmp_path, wechat_account=kind)) as house:
            assert any(each.name == "tags" for each in house.rounds._rounds) is tags


# --- against WeChat's own windows ---------------------------------------------------------------------------


async def test_every_round_runs_against_the_sandbox(ends: Ends) -> None:
    await ends.platform.follower("李娜")

    for _ in range(3):
        await ends.house.rounds.once()

    assert await (await ends.platform.person("李娜")).menu()


async def test_an_answer_of_staff_arrives_on_the_phone(ends: Ends) -> None:
    li, number = await asks_for_somebody(ends, "李娜")
    await ends.answer(number, "明天上午来办公室即可。")

    await ends.house.rounds.once()

    assert "明天上午来办公室即可。" in (await received(li))[0]
    assert await ends.sends() == [0]


async def answers_singly(ends: Ends, number: str, count: int) -> None:
    """Each as it is written; the last message of a window waits half a minute for more to say."""
    for n in range(count):
        await ends.answer(number, f"补充 {n}")
        await ends.house.rounds.once()
    await ends.moves_time(seconds=31)
    await ends.house.rounds.once()


async def test_our_count_is_wechats_count(ends: Ends) -> None:
    li, number = await asks_for_somebody(ends, "李娜")
    await ends.moves_time(seconds=90)  # the minute after following is over
    await answers_singly(ends, number, 6)

    assert len(await received(li)) == 5
    assert "补充 4" in str((await received(li))[-1]) and "补充 5" in str((await received(li))[-1])
    await ends.answer(number, "补充 6")
    await ends.house.rounds.once()
    assert await ends.sends() == [0] * 5  # one more is not even tried
    assert (await states(ends))[-1] is DeliveryState.OWED


async def test_following_and_writing_allow_eight_as_wechat_has_it(ends: Ends) -> None:
    li, number = await asks_for_somebody(ends, "李娜")
    await answers_singly(ends, number, 9)

    assert len(await received(li)) == 8
    assert await ends.sends() == [0] * 8


async def test_after_49_hours_the_answer_opens_the_next_reply(ends: Ends) -> None:
    li, number = await asks_for_somebody(ends, "李娜")
    await ends.moves_time(hours=49)
    await ends.answer(number, "来晚了的答复")

    await ends.house.rounds.once()

    assert await received(li) == []
    assert await ends.sends() == []
    assert await states(ends) == [DeliveryState.OWED]

    assert "来晚了的答复" in (await li.says("帮助")).text
    await ends.answer(number, "再答一次")
    await ends.house.rounds.once()
    assert len(await received(li)) == 1


async def test_an_answer_lost_by_wechat_is_not_sent_twice(ends: Ends) -> None:
    li, number = await asks_for_somebody(ends, "李娜")
    await ends.platform.misbehaves(drop_next="/cgi-bin/message/custom/send")
    await ends.answer(number, "只此一次")

    for _ in range(3):
        await ends.house.rounds.once()

    assert len(await received(li)) == 1
    assert await states(ends) == [DeliveryState.UNKNOWN]


async def test_words_of_despair_reach_the_one_on_duty_and_end_when_taken(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.config import derived_keys
    from tests.both_ends import SECRET

    duty = _openid_of(derived_keys(SECRET)["app_id"], "值班员")
    settings = settings_for(database_url, tmp_path, crisis_openids=(duty,))
    async with both_ends(settings, monkeypatch) as ends:
        on_duty = await ends.platform.follower("值班员")
        assert on_duty.openid == duty
        li = await ends.platform.follower("李娜")
        assert "12356" in (await li.says("我不想活了")).text

        await ends.house.rounds.once()
        assert "【紧急】" in (await received(on_duty))[0]
        seen = await on_duty.chooses("我来处理")

        assert "由您接手" in seen.text
        async with ends.house.database.reading() as session:
            (alert,) = await session.scalars(sa.select(CrisisAlert))
        assert alert.taken_at is not None


def _openid_of(app_id: str, name: str) -> str:
    import hashlib

    return "o" + hashlib.sha256(f"{app_id}:{name}".encode()).hexdigest()[:27]


def test_the_house_waits_no_longer_for_wechat_than_a_lease_lasts() -> None:
    from app.assembly import API_TIMEOUT
    from app.services.deliveries import LEASE

    assert isinstance(API_TIMEOUT, httpx.Timeout)
    assert API_TIMEOUT.read is not None
    assert API_TIMEOUT.read * 3 < LEASE.total_seconds()
