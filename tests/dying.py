"""`python -m tests.dying MODULE:FUNCTION CALL COMMAND…`: our command, killed at a call of a function.

At call number CALL the process kills itself, with no word to anybody, before the function is entered.
"""

import functools
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable
from typing import Any


def _deadly(function: Callable[..., Any], last: int) -> Callable[..., Any]:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*given: Any, **named: Any) -> Any:
            count()
            return await function(*given, **named)

        return awaited

    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        count()
        return function(*given, **named)

    return called


def main() -> None:
    place, call, *command = sys.argv[1:]
    module, _, name = place.partition(":")
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, _deadly(getattr(owner, last), int(call)))
    sys.argv = ["gonghui", *command]
    importlib.import_module("app.cli.running").run()


if __name__ == "__main__":
    main()
