"""What tells open pages that something happened: at once, to all, and without keeping anybody signed in."""

import asyncio

import pytest

from app.console.entrance import BY_ITSELF
from app.console.pulse import Pulse
from models import Role
from tests.both_ends import Ends
from tests.console_kit import Worker, admin, at_work, ends
from tests.test_console_cases import leaves

__all__ = ["admin", "ends"]


async def newest(worker: Worker, after: int = -1) -> int:
    answer = await worker.gets(f"/live?after={after}", **{BY_ITSELF: "1"})
    assert answer.status_code == 200, answer.text
    return int(answer.json())


async def test_all_who_wait_hear_of_it_at_once_whatever_their_roles(ends: Ends, admin: Worker) -> None:
    editor = await at_work(ends, "王编辑", Role.EDITOR)
    await leaves(ends)
    before = await newest(admin)

    waiting = [asyncio.create_task(newest(each, before)) for each in (admin, admin, editor)]
    number = await leaves(ends, "北门的灯坏了")
    after = await asyncio.gather(*waiting)

    assert after == [before + 1] * 3
    page = await admin.reads("/cases")
    assert number in page and f'data-live="{before + 1}"' in page
    assert f'data-live="{before + 1}"' in await admin.reads(f"/cases/{number}")


async def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(ends: Ends, admin: Worker) -> None:
    for _ in range(5):
        await ends.moves_time(seconds=1790)
        answer = await admin.gets("/live", **{BY_ITSELF: "1"})
    assert answer.status_code == 303, "two hours after the last thing he did himself"


async def test_numbers_that_are_none_are_refused(ends: Ends, admin: Worker) -> None:
    for wrong in ("x", "-2", str(2**63), ""):
        assert 400 <= (await admin.gets(f"/live?after={wrong}")).status_code < 500


async def test_one_look_serves_all_and_there_is_none_while_nobody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []
    slept: list[float] = []
    real = asyncio.sleep

    async def look() -> int:
        looks.append(1)
        if len(looks) == 3:
            raise ConnectionError("the database is away")
        return 8 if len(looks) > 4 else 7

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    pulse = Pulse(look)

    assert await asyncio.gather(*(pulse.after(7) for _ in range(20))) == [8] * 20
    assert len(looks) < 12, "not one for each"
    await real(0)
    await real(0)
    quiet = len(looks)
    for _ in range(5):
        await real(0)
    assert len(looks) == quiet

    assert await pulse.after(8, patience=0.0) == 8, "who has waited long enough asks again"
    pulse.stop()
