"""A test that hangs is ended and says where it hung."""

import asyncio

import pytest

from tests.ending import ended_after, tasks_at_work


async def waits_for_nobody() -> None:
    await asyncio.Event().wait()


def test_what_hangs_is_ended_and_says_where() -> None:
    with (
        pytest.raises(pytest.fail.Exception, match="waits_for_nobody"),
        ended_after(0.05, tasks_at_work),
        asyncio.Runner() as runner,
    ):
        runner.run(waits_for_nobody())


def test_one_inside_another_leaves_the_outer_its_time() -> None:
    with (
        pytest.raises(pytest.fail.Exception, match=r"after 0\.1 s\nno loop runs"),
        ended_after(0.1, tasks_at_work),
    ):
        with ended_after(60):
            pass
        while True:
            pass
