"""Our programs, each a process of its own, that need not read their code anew: they are forked.

To import the service costs 4 s of a processor, and the tests start some hundred of them. Here one process
for each test process has imported all that programs import, has opened nothing, and waits (`main`, below);
it makes a copy of itself for each `start`, which then runs the module as `python -m` does: with its own
arguments, environment and folder, its output where it is wanted. What it is at that moment is what a new one
is after its imports, so nothing of one program reaches another.

That the code loads as an operator has it loaded is shown where processes are started in full: by
`tests/test_demo.py`, `tests/test_loading.py`, `tests/test_cli_words.py` and others.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, NoReturn

from tests.rooms import ROOT
from tests.servers import PATIENCE

SIZES = 1 << 18  # bytes; an environment is some ten thousand
PR_SET_PDEATHSIG = 1
IMPORTED = (
    *(
        "app.cli.running",
        "app.cli.root",
        "app.whole_answers",
        "app.main",
        "sandbox.__main__",
        "alembic.command",
        "pwdlib",
    ),
    *("uvloop", "uvicorn.protocols.websockets.auto", "uvicorn.loops.auto", "uvicorn.lifespan.on"),
)


class Forked:
    """A program that runs, or has ended; of `subprocess.Popen` what tests ask for."""

    def __init__(self, line: socket.socket, command: Sequence[str]) -> None:
        self._line, self.args = line, command
        self.pid = int(line.recv(64))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            return self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises: subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            # Nothing comes where its keeper was killed, and it with that.
            self.returncode = int(self._line.recv(64) or -signal.SIGKILL)
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    module: str,
    *words: str | Path,
    environment: Mapping[str, str],
    output: IO[bytes],
    errors: IO[bytes] | None = None,
) -> Forked:
    """As `python -m module words…` in the project's folder; it ends with this test process at the latest."""
    command = [module, *map(str, words)]
    said = json.dumps([command, dict(environment)]).encode()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        given = [theirs.fileno(), output.fileno(), (errors or output).fileno()]
        socket.send_fds(_parent(os.getpid()), [said], given)
    return Forked(ours, command)


def run(
    module: str, *words: str | Path, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """As `start`, until it ends.

    Raises: subprocess.TimeoutExpired.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = start(module, *words, environment=environment, output=output, errors=errors)
        code = process.wait(PATIENCE)
        printed = []
        for file in (output, errors):
            file.seek(0)
            printed.append(file.read().decode())
        return subprocess.CompletedProcess(process.args, code, *printed)


@cache
def _parent(of: int) -> socket.socket:
    """The line to the process that is copied, started when it is first needed.

    It ends with the line, however this process (number `of`) ends, and its copies with it.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GONGHUI_")}
    with theirs:
        theirs.set_inheritable(True)
        command = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, env=clean, pass_fds=[theirs.fileno()])

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


# --- the process that is copied


def main() -> None:
    """Import, and fork for every request; in a copy this returns when the program does."""
    gc.disable()
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as line:
        while True:
            said, (*given,), *_ = socket.recv_fds(line, SIZES, 3)
            _bury()
            if not said:
                return
            if os.fork() == 0:
                line.close()
                break
            for number in given:
                os.close(number)
    command, environment = json.loads(said)
    _keep(*given)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["", *command[1:]]
    gc.enable()
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def _keep(line: int, output: int, errors: int) -> None:
    """Returns in the program; the process that came here stays its parent and tells how it ended."""
    _end_with_parent()
    if (child := os.fork()) == 0:
        _end_with_parent()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        os.closerange(3, 256)
        _open_streams()
        return
    os.close(output)
    os.close(errors)
    _tell(line, child)


def _open_streams() -> None:
    """What ours know of the files they were made for is not true of these."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115


def _tell(line: int, child: int) -> NoReturn:
    with socket.socket(fileno=line) as told:
        told.send(str(child).encode())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told.send(str(code).encode())
    os._exit(0)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _bury() -> None:
    """Those whose program has ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    main()
