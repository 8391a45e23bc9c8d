"""Work that operators start in the console: running failed messages again, sealing everything anew."""

import asyncio
from dataclasses import dataclass
from typing import Final

from app.jobs.staff_jobs import Bench, Ended, standing_of
from app.services import key_rotation, message_log, messages, permissions
from app.services.key_rotation import Count, Pace, Standing
from app.services.message_log import Wanted
from app.services.permissions import Right
from models.sealing import keyring

BATCH: Final = 50  # messages queued in one transaction: those who write to us wait for no more
BEAT: Final = 5.0  # seconds; well within the lease


async def retry_messages(bench: Bench) -> Ended:
    """`given`: what `Wanted` takes. Done twice it finds nothing that still has failed."""
    permissions.demand(await standing_of(bench), Right.MESSAGES_RETRY)
    wanted = Wanted(**bench.given)
    async with bench.database.reading() as session:
        total = await message_log.count_failed(session, wanted)
    after, queued, reasons = 0, 0, dict[str, int]()
    while True:
        async with bench.database.transaction() as session:
            ids = await message_log.failed_ids(session, wanted, after, BATCH)
            for each in ids:
                (verdict,) = await messages.queue_again(session, each, bench.clock.real_now())
                queued += verdict.queued
                if not verdict.queued:
                    reasons[verdict.reason] = reasons.get(verdict.reason, 0) + 1
        if not ids:
            break
        after = ids[-1]
        await bench.went_on(min(total, queued + sum(reasons.values())), total)
    said = f"已排队重新处理 {queued} 条。"
    left = "".join(f"{number} 条没有排：{reason}" for reason, number in reasons.items())
    return Ended(said + left)


@dataclass(slots=True)
class _Way:
    """How far sealing anew is, over all tables."""

    done: int = 0
    total: int = 0


async def rotate_keys(bench: Bench) -> Ended:
    """How far it is lies in the values, so whoever begins again passes over what is done."""
    permissions.demand(await standing_of(bench), Right.KEYS_ROTATE, None)
    way = _Way()
    work = asyncio.create_task(_rotate(bench, way))
    try:
        while not work.done():
            # Counting takes long where there is much, and tells nobody: the lease is held from here.
            await bench.went_on(min(way.done, way.total), way.total + 1)
            await asyncio.wait({work}, timeout=BEAT)
    finally:
        work.cancel()
    return Ended(_said(work.result()))


async def _rotate(bench: Bench, way: _Way) -> list[Count]:
    before = await key_rotation.standings(bench.database)
    way.total = sum(sum(each.left.values()) for each in before)
    done = {each.table: 0 for each in before}
    start = {each.table: sum(each.left.values()) for each in before}

    def told(standing: Standing) -> None:
        done[standing.table] = start[standing.table] - sum(standing.left.values())
        way.done = sum(done.values())

    return await key_rotation.rotate(bench.database, Pace(told=told))


def _said(counts: list[Count]) -> str:
    sealed = sum(count.sealed_anew for count in counts)
    said = f"已用钥匙 {keyring().writes_with} 重新加密 {sealed} 处。"
    left: dict[str, int] = {}
    for count in counts:
        for name, number in count.left.items():
            left[name] = left.get(name, 0) + number
    if not left:
        return said + "其他钥匙都不再使用，可以从设置里移除（旧备份仍要用到，请另存）。"
    names = "，".join(f"{name} 锁着 {number} 处" for name, number in sorted(left.items()))
    return f"{said}还有：{names}。若有进程用着旧设置，请重启后再换一次；打不开的请找回旧钥匙。"
