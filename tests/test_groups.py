"""Groups gather whoever comes along, and nobody waits long for those who do not."""

import asyncio
from collections.abc import Sequence

from app.dialogue.groups import Groups, Lane
from app.dialogue.journal import Entry, Question, Snapshot, TalkQuestion, Written
from tests.conftest import NOON


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


async def test_a_crowd_is_shared_out_among_the_groups_that_go_at_once() -> None:
    groups: list[int] = []
    both, let_go = asyncio.Event(), asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        groups.append(len(items))
        if len(groups) == 2:
            both.set()
        await let_go.wait()
        return list(items)

    lane: Lane[int, int] = Lane(work, at_once=2)
    crowd = asyncio.gather(*map(lane.submit, range(100)))
    await both.wait()
    let_go.set()
    await crowd

    assert groups[:2] == [50, 25]  # half of those who wait, each time
    assert sum(groups) == 100

    few = asyncio.gather(*map(lane.submit, range(10)))
    await few
    assert groups[-1] == 10  # too few to be parted


class Store:
    """Keeps how many came together; reading waits for company."""

    at_once, patience = 1, 0.1

    def __init__(self) -> None:
        self.read_together: list[int] = []

    async def read(self, questions: Sequence[Question]) -> list[Snapshot]:
        self.read_together.append(len(questions))
        return [Snapshot()] * len(questions)

    async def are_in_talk(self, asked: Sequence[TalkQuestion]) -> list[bool]:
        return [False] * len(asked)

    async def write(self, entries: Sequence[Entry]) -> list[Written | Exception]:
        return [RuntimeError("nothing is written here") for _ in entries]

    async def close(self) -> None: ...


async def test_reading_waits_for_company_as_long_as_the_database_wants() -> None:
    store = Store()
    groups, question = Groups(store), Question(1, "m|1|o1", "o1", True, NOON)
    for _ in range(2):
        await asyncio.gather(groups.read(question), groups.read(question))

    first = groups.read(question)
    await asyncio.sleep(0.001)
    await asyncio.gather(first, groups.read(question))

    assert store.read_together == [2, 2, 2]
