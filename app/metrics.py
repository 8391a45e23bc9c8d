"""Figures for Prometheus: what came, how it ended, how long it took, and what waits.

Each process counts for itself. What lies in the database is read when the figures are asked for, and is the
same whichever process answers.
"""

import asyncio
import math
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from app.clock import SystemClock
from app.database import Database
from app.services import figures

log = structlog.get_logger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 4.0, 4.8)  # the last two: deferred, silent
ANSWER_WITHIN = 2.0  # seconds the database may take; Prometheus itself waits ten


class _Tally:
    """Seconds of one outcome, as a histogram counts them."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(SECONDS) + 1)
        self.total = 0.0


class Messages(Collector):
    """Pushes by outcome. Plain lists, since the library's histogram costs more than a message may."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}

    def count(self, outcome: str, seconds: float) -> None:
        """Called on the event loop for every push; no lock, hence from one thread only."""
        tally = self._tallies.get(outcome)
        if tally is None:
            tally = self._tallies[outcome] = _Tally()
        tally.buckets[bisect_left(SECONDS, seconds)] += 1
        tally.total += seconds

    def collect(self) -> Iterable[HistogramMetricFamily]:
        family = HistogramMetricFamily(
            "gonghui_message_seconds",
            "Pushes from WeChat by outcome, and the time they took",
            labels=["outcome"],
        )
        for outcome, tally in sorted(self._tallies.items()):
            seen, rows = 0, []
            for bound, count in zip((*SECONDS, math.inf), tally.buckets, strict=True):
                seen += count
                rows.append(("+Inf" if bound == math.inf else str(bound), seen))
            family.add_metric([outcome], rows, tally.total)
        yield family


class Metrics:
    """All figures of one process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        messages = Messages()
        self._registry.register(messages)
        self.count = messages.count
        self._refused = self._make(Counter, "callbacks_refused", "Callbacks answered 4xx", ["reason"])
        self._outbox = self._make(Gauge, "outbox_waiting", "Outbox rows not settled", ["state"])
        self._late = self._make(Gauge, "outbox_late_seconds", "How long the oldest due row has waited")
        self._unreached = self._make(
            Gauge, "crisis_alerts_unreached", "Alerts whose last round reached nobody within a minute"
        )
        self._untaken = self._make(Gauge, "crisis_alerts_untaken", "Alerts that nobody on duty has taken")
        self._late_consultations = self._make(
            Gauge, "consultations_overdue", "Consultations not answered when an answer was due"
        )
        self._late_applications = self._make(
            Gauge,
            "applications_overdue",
            "Applications to join or for legal aid not decided when they should have been",
        )
        self._applied = self._make(Gauge, "menu_revision_applied", "Number of the live menu revision")
        self._pushed = self._make(
            Gauge, "menu_revision_pushed", "Newest revision WeChat shows, or may show at all"
        )
        self._up = self._make(Gauge, "database_up", "1 when the database answered this time")
        self._pool = self._make(Gauge, "database_connections", "Connections in use", ["engine"])

    def _make(self, kind: type[Any], name: str, words: str, labels: Iterable[str] = ()) -> Any:
        return kind(f"gonghui_{name}", words, labels, registry=self._registry)

    def refused(self, reason: str) -> None:
        """`reason` is one of a fixed list: every new word is a new series."""
        self._refused.labels(reason).inc()

    def alerts_unreached(self, number: int) -> None:
        self._unreached.set(number)

    async def look(self, database: Database, now: datetime | None = None) -> None:
        """Read what waits in the database. While it is away, the figures stay and say so."""
        now = now or SystemClock().now()
        for name, engine in (("read", database.reader), ("write", database.writer)):
            lent = getattr(engine.pool, "checkedout", None)
            if lent is not None:
                self._pool.labels(name).set(lent())
        reading = asyncio.create_task(self._read(database, now))
        # Not awaited beyond its time: a connection to a database that hangs may take long to give up.
        done, _ = await asyncio.wait([reading], timeout=ANSWER_WITHIN)
        if not done:
            reading.cancel()
            reading.add_done_callback(_forget)
        error = reading.exception() if done else TimeoutError()
        if error is not None:
            log.warning("figures_not_read", error=type(error).__name__)
        self._up.set(int(error is None))

    async def _read(self, database: Database, now: datetime) -> None:
        async with database.reading() as session:
            found = await figures.read(session, now)
        for state, number in found.waiting.items():
            self._outbox.labels(state).set(number)
        self._late.set(found.late_seconds)
        self._untaken.set(found.alerts_untaken)
        self.alerts_unreached(found.alerts_unreached)
        self._applied.set(found.menu_applied)
        self._pushed.set(found.menu_pushed)
        self._late_consultations.set(found.consultations_overdue)
        self._late_applications.set(found.applications_overdue)

    def render(self) -> bytes:
        """The page that Prometheus reads, of type `CONTENT_TYPE`."""
        return generate_latest(self._registry)


def _forget(late: "asyncio.Task[None]") -> None:
    """What a look that came too late found is of no interest."""
    if not late.cancelled():
        late.exception()


# The figures of this process.
_process = Metrics()
count = _process.count
refused = _process.refused
alerts_unreached = _process.alerts_unreached
look = _process.look
render = _process.render
