"""The answers that are shipped, read once for all tests of a process: they are frozen."""

from functools import cache

from app.knowledge import load
from app.knowledge.files import Shipped
from tests.rooms import ROOT


@cache
def answers() -> Shipped:
    return load(ROOT / "content")
