"""Pushes by how they ended: all of them for Prometheus, and what staff should know of for the status page."""

from typing import Final

from app import metrics
from app.tallies import Tally
from models import PushCount, PushTrouble

_TROUBLES: Final = frozenset(PushTrouble)


class CallbackCounts:
    """Of one process; `tally` is written every few seconds, and holds no row for a day without trouble."""

    def __init__(self) -> None:
        self.tally: Tally[str] = Tally(PushCount.__table__, "trouble")

    def ended(self, outcome: str, seconds: float) -> None:
        """Called for every push that was understood."""
        metrics.count(outcome, seconds)
        if outcome in _TROUBLES:
            self.tally.hit(outcome)

    def refused(self, reason: str) -> None:
        """Not a push that WeChat makes for us: a wrong signature, a body that is none."""
        metrics.refused(reason)
        self.tally.hit(PushTrouble.REFUSED)
