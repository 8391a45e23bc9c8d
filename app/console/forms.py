"""Reading forms whose fields come in any number: roles, branches, blocks."""

from collections.abc import Sequence

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

LONGEST = 20_000  # characters of one field
FILES = 20  # of one form; who sends it is signed in


async def read(request: Request) -> FormData:
    return await request.form(max_files=FILES, max_fields=3000, max_part_size=2 * 1024 * 1024)


def plain(words: str) -> str:
    """Without what no text has; browsers end lines in their own way."""
    return words.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()


def number(words: str, digits: int = 18) -> int | None:
    """Of up to so many digits; None for anything else."""
    return int(words) if words.isascii() and words.isdecimal() and len(words) <= digits else None


def words(form: FormData, name: str) -> str:
    """One field, without what no text has."""
    value = form.get(name, "")
    return "" if isinstance(value, UploadFile) else plain(value)[:LONGEST]


def several(form: FormData, name: str) -> Sequence[str]:
    return [value for value in form.getlist(name) if not isinstance(value, UploadFile)]
