"""A folder to work in that goes with the process: what a killed one left, the next one clears away."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def workplace(parent: Path, kind: str) -> Iterator[Path]:
    """A folder of our own in `parent`, which nobody else may read, removed at the end."""
    _clear(parent, kind)
    folder = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=parent))
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the kernel, however the process ends
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _clear(parent: Path, kind: str) -> None:
    for left in parent.glob(f".{kind}-*"):
        try:
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # no folder, or not ours
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except OSError:  # somebody is at work there
            continue
        finally:
            os.close(lock)
