"""Those who make the news, at work in the console."""

import pytest

from models import Role
from tests.both_ends import Ends
from tests.console_kit import Worker, at_work


@pytest.fixture
async def zhang(ends: Ends) -> Worker:
    """Who writes."""
    return await at_work(ends, "张伟", Role.EDITOR)


@pytest.fixture
async def li(ends: Ends) -> Worker:
    """Who approves."""
    return await at_work(ends, "李娜", Role.APPROVER)
