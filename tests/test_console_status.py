"""How the service does, as the console shows it; the check over the network; changing keys."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from app import metrics
from app.jobs import staff_jobs, staff_work, upkeep_work
from app.services import workings
from app.services.staff import Wanted
from app.services.staff_jobs import claim
from models import AccessToken, Backup, JobState, MessageState, Role, StaffAct, StaffJob
from models.sealing import Keyring, keyring, parse_keys, use_keyring
from tests import making
from tests.both_ends import Ends
from tests.console_kit import Worker, acts_of, admin, at_work, ends
from tests.test_console_messages import said

__all__ = ["admin", "ends"]


@pytest.fixture
async def operator(ends: Ends) -> Worker:
    return await at_work(ends, "张伟", Role.OPERATOR)


@pytest.fixture
def two_keys(ends: Ends) -> Iterator[None]:
    """A new key in front of the one that everything was sealed with."""
    before = keyring()
    old, lookup = ends.house.settings.encryption_keys, ends.house.settings.lookup_key
    assert old is not None and lookup is not None
    keys = {"k9": bytes(32), **parse_keys(old.get_secret_value())}
    use_keyring(Keyring(keys, lookup.get_secret_value().encode()))
    yield
    use_keyring(before)


async def test_a_sound_service_has_nothing_to_complain_of(ends: Ends, operator: Worker) -> None:
    await said(ends)
    for _ in range(3):
        await ends.house.rounds.once()  # pushes the menu, takes a token

    page = await operator.reads("/status")

    for words in (
        "已是最新",
        "1 条：及时答复 1",
        "有效，还有",
        "等待发送",
        "没人接手",
        "也推给了微信",
        "还没有备份过",
    ):
        assert words in page, words
    assert "要处理" not in page
    assert 'hx-trigger="every 10s"' in page


async def test_what_is_wrong_says_what_to_do(ends: Ends, operator: Worker) -> None:
    await said(ends, state=MessageState.FAILED, answered_at=None)
    await said(ends, state=MessageState.DEFERRED, answered_at=None, lease_until=None)
    async with ends.house.database.transaction() as session:
        await session.execute(sa.delete(AccessToken))

    page = await operator.reads("/status")

    assert "失败 1，" in page and "迟答 1" in page and "请看失败的消息" in page
    assert "还没有取过" in page and "要处理" in page


async def test_looking_asks_nobody_outside(
    ends: Ends, operator: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = len(await ends.platform.calls())

    await operator.reads("/status")

    assert len(await ends.platform.calls()) == calls


async def test_what_came_again_and_what_was_no_push_of_wechat_is_counted(
    ends: Ends, operator: Worker
) -> None:
    assert "没有重发，也没有漏下" in await operator.reads("/status")
    phone = await ends.platform.follower("王强")
    await ends.platform.misbehaves(duplicate=3)
    await phone.says("值班电话")
    for _ in range(2):
        stranger = await ends.web.post("/wechat/callback?signature=0&timestamp=0&nonce=0", content=b"<xml/>")
        assert 400 <= stranger.status_code < 500

    await ends.house.write_counts()
    page = await operator.reads("/status")

    assert "微信重发 2 次，不是微信发来的，已拒绝 2 次" in page and "要处理" not in page
    ended = metrics.render().decode()
    assert 'gonghui_message_seconds_count{outcome="repeated"}' in ended
    await ends.moves_time(hours=24)
    await operator.signs_in()
    assert "没有重发，也没有漏下" in await operator.reads("/status")


@pytest.mark.parametrize("trouble", ["silent", "crowded"])
async def test_pushes_that_left_no_message_behind_are_told(
    ends: Ends, operator: Worker, trouble: str
) -> None:
    ends.house.callbacks.ended(trouble, 4.8)
    await ends.house.write_counts()
    ends.house.callbacks.ended(trouble, 4.8)
    await ends.house.write_counts()

    page = await operator.reads("/status")

    assert " 2 次" in page and "没来得及存下：请看那时服务器忙不忙" in page


async def test_the_check_says_what_doctor_says_and_is_put_down(ends: Ends, operator: Worker) -> None:
    for _ in range(3):
        await ends.house.rounds.once()

    answer = await operator.sends("/status/check")

    assert answer.status_code == 200
    for words in ("公众号回调地址", "回答正确", "今天还剩", "与微信上一致", "GONGHUI_CRISIS_OPENIDS"):
        assert words in answer.text, words
    (act,) = await acts_of(ends, "status.check")
    assert act.by == "张伟"


async def test_newest_backups_are_listed(ends: Ends, operator: Worker) -> None:
    now = ends.house.clock.now()
    async with ends.house.database.transaction() as session:
        for number in range(7):
            made_at = now - timedelta(days=number)
            named = {"name": f"<b>{number}.backup", "size": 5_000_000, "files": 12, "sealed_with": "b1"}
            session.add(Backup(made_at=made_at, **named))

    page = await operator.reads("/status")

    assert "&lt;b&gt;0.backup" in page and "4.backup" in page and "5.backup" not in page and "4.8 MiB" in page


async def test_a_full_disk_and_an_old_database_are_told(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(total=100 * workings.GIGABYTE, free=workings.GIGABYTE)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    program = workings.Program(ends.house.settings, "9999")
    now = ends.house.clock.now()

    async with ends.house.database.reading() as session:
        facts = await workings.look(session, program, now=now, real_now=now)

    told = {fact.topic: fact for fact in facts}
    assert told["文件所在磁盘"].level is workings.Level.BAD and "还剩 1.0 GB" in told["文件所在磁盘"].value
    assert told["数据库升级"].level is workings.Level.BAD and "gonghui migrate" in told["数据库升级"].todo
    assert workings.worst(facts) is workings.Level.BAD


async def test_one_key_cannot_be_changed(ends: Ends, operator: Worker) -> None:
    answer = await operator.sends("/status/keys/rotate")

    assert answer.status_code == 422 and "只有一把钥匙" in answer.text
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(StaffJob)) is None


async def test_keys_are_counted_and_changed_by_a_job(ends: Ends, operator: Worker, two_keys: None) -> None:
    old = next(name for name in keyring().names if name != "k9")
    counted = await operator.reads("/status/keys?counted=1")
    assert f"{old}：" in counted and "没有这把钥匙" not in counted

    assert "正在更换" in await operator.does("/status/keys/rotate")
    await operator.does("/status/keys/rotate")  # twice is once
    house = ends.house
    await staff_jobs.run(house.database, house.clock, house.files, staff_work.KINDS)

    page = await operator.reads("/jobs")
    assert "已用钥匙 k9 重新加密" in page and "其他钥匙都不再使用" in page
    assert f"{old}：" not in await operator.reads("/status/keys?counted=1")
    async with house.database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(StaffJob.id))) == 1


async def test_who_dies_midway_leaves_it_to_the_next(ends: Ends, operator: Worker, two_keys: None) -> None:
    await operator.does("/status/keys/rotate")
    house = ends.house
    async with house.database.transaction() as session:
        job = await session.scalar(sa.select(StaffJob))
        assert job is not None
        job.state, job.lease = JobState.RUNNING, "gone"
        job.lease_until = house.clock.real_now() - timedelta(seconds=1)

    await staff_jobs.run(house.database, house.clock, house.files, staff_work.KINDS)

    async with house.database.reading() as session:
        job = await session.scalar(sa.select(StaffJob))
    assert job is not None
    assert job.state is JobState.DONE, job.said


async def test_whoever_lost_the_lease_stops(ends: Ends, operator: Worker, two_keys: None) -> None:
    await operator.does("/status/keys/rotate")
    house = ends.house
    async with house.database.transaction() as session:
        job = await claim(session, house.clock.real_now())
        assert job is not None
    bench = staff_jobs.Bench(house.database, house.clock, house.files, job)
    bench._told_at = float("-inf")
    async with house.database.transaction() as session:
        await session.execute(sa.update(StaffJob).values(lease="another"))

    with pytest.raises(staff_jobs.LostLease):
        await upkeep_work.rotate_keys(bench)


async def test_who_may_do_what(ends: Ends, admin: Worker) -> None:
    lawyer = await at_work(ends, "李娜", Role.LAWYER)
    auditor = await at_work(ends, "钱敏", Role.AUDITOR)
    async with ends.house.database.transaction() as session:
        branch = await making.branch(session)
    there = await at_work(ends, "赵敏", Wanted(Role.UNION_ADMIN, branch.id))

    for worker in (lawyer, there):
        for path in ("/status", "/status/keys", "/status/keys?counted=1"):
            assert (await worker.gets(path)).status_code == 403
        assert (await worker.sends("/status/check")).status_code == 403
    for worker in (admin, auditor):
        assert 'data-test="rotate"' not in await worker.reads("/status/keys")
        assert (await worker.sends("/status/keys/rotate")).status_code == 403
    async with ends.house.database.reading() as session:
        assert await session.scalar(sa.select(StaffAct.id).where(StaffAct.act == "job.start")) is None
