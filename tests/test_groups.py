"""Groups gather whoever comes along, and nobody waits long for those who do not."""

import asyncio
from collections.abc import Sequence

from app.dialogue.groups import Lane


async def test_whoever_comes_first_again_waits_for_those_who_went_with_him() -> None:
    groups: list[list[int]] = []

    async def work(items: Sequence[int]) -> list[int]:
        groups.append(list(items))
        return list(items)

    lane: Lane[int, int] = Lane(work, patience=0.1)
    for _ in range(2):
        await asyncio.gather(*(lane.submit(n) for n in (1, 2, 3)))
    first = lane.submit(1)
    await asyncio.sleep(0.001)
    await asyncio.gather(first, lane.submit(2), lane.submit(3))
    assert groups[-1] == [1, 2, 3]

    for _ in range(3):
        await lane.submit(1)  # nobody else comes any more: it goes alone
    assert groups[-3:] == [[1]] * 3
