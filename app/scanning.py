"""Asking a virus scanner about bytes: a command of the operator's that tells by its exit code.

0 is clean, 1 is infected; anything else, and silence, is no answer. What it prints is why. Never asked inside
a transaction. Not here: what becomes of a file that is fetched (`app.jobs.media`).
"""

import asyncio
import os
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.errors import OperatorError

PLACE = "{}"  # in the command: the path of a file that holds the bytes; without it they come on stdin
PATIENCE_SECONDS = 60.0
UPLOAD_SECONDS = 10.0  # while somebody waits for his page; then the file is held
MOST_WORDS = 120  # characters of what it printed


class Verdict(StrEnum):
    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    verdict: Verdict
    words: str = ""


class Scanner:
    """One command, as an operator wrote it; no shell reads it. Where none is set, all is clean.

    Raises:
        OperatorError: it is no command.
    """

    def __init__(self, command: str = "", patience: float = PATIENCE_SECONDS) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError:
            self._words = []
        if command and not self._words:
            raise OperatorError("GONGHUI_SCAN_COMMAND 不是一条命令：引号要成对，不能只有空格")
        self._patience = patience

    async def ask(self, data: bytes) -> Answer:
        """Whatever goes wrong is no answer."""
        if not self._words:
            return Answer(Verdict.CLEAN)
        try:
            with _laid_down(self._words, data) as (words, given):
                return await self._run(words, given)
        except OSError as error:
            return Answer(Verdict.UNKNOWN, type(error).__name__)

    async def _run(self, words: Sequence[str], given: bytes | None) -> Answer:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            printed, _ = await asyncio.wait_for(process.communicate(given), self._patience)
        except TimeoutError:
            return Answer(Verdict.UNKNOWN, f"no answer in {self._patience:g} s")
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        verdict = {0: Verdict.CLEAN, 1: Verdict.INFECTED}.get(process.returncode or 0, Verdict.UNKNOWN)
        return Answer(verdict, _spoken(printed, words))


NOBODY_ASKED: Final = Scanner()


@contextmanager
def _laid_down(words: Sequence[str], data: bytes) -> Iterator[tuple[Sequence[str], bytes | None]]:
    """The command with the bytes where it wants them: in a file that goes again, or to be fed to it."""
    if not any(PLACE in word for word in words):
        yield words, data
        return
    handle, path = tempfile.mkstemp(prefix="gonghui-scan-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        yield [word.replace(PLACE, path) for word in words], None
    finally:
        Path(path).unlink(missing_ok=True)


def _spoken(printed: bytes, words: Sequence[str]) -> str:
    """Its first line of words, without paths of ours."""
    lines = printed.decode(errors="replace").splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    for word in words:
        if word.startswith(tempfile.gettempdir()):
            first = first.replace(word, "").lstrip(": ")
    return "".join(char for char in first if char.isprintable())[:MOST_WORDS]
