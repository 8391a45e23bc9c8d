"""The sandbox's time: real time plus an offset that a test may move."""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991


def day_of(at: float) -> date:
    """The day of a moment, as Shanghai counts it."""
    return datetime.fromtimestamp(at, SHANGHAI).date()


def span_of(day: date) -> tuple[float, float]:
    """From when to (before) when a day of Shanghai lasts, in Unix seconds."""
    begins = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp()
    return begins, begins + 24 * 3600


class Clock:
    """Real time plus the offset in the clock file, which the service reads too.

    Without a file the offset lives here only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._offset = 0.0
        self._stamp: tuple[int, int] | None = None

    @property
    def offset(self) -> float:
        if self._path is None:
            return self._offset
        try:
            status = self._path.stat()
        except OSError:
            self._offset, self._stamp = 0.0, None
            return self._offset
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            try:
                self._offset = float(self._path.read_text().strip() or 0)
                self._stamp = stamp
            except (OSError, ValueError):
                pass  # half-written: keep the last good offset and look again
        return self._offset

    def set_offset(self, seconds: float) -> None:
        """Move time. With a clock file the service moves along."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            fresh.write_text(f"{seconds}\n")
            fresh.replace(self._path)
            self._stamp = None
        self._offset = seconds

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self.offset

    def today(self) -> date:
        """The day in Shanghai, where quotas end at midnight."""
        return datetime.fromtimestamp(self.now(), UTC).astimezone(SHANGHAI).date()
