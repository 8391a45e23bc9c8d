"""Reading forms whose fields come in any number: roles, branches, blocks."""

from collections.abc import Sequence

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

LONGEST = 20_000  # characters of one field


async def read(request: Request) -> FormData:
    return await request.form(max_files=1, max_fields=400, max_part_size=2 * 1024 * 1024)


def words(form: FormData, name: str) -> str:
    """One field, without what no text has."""
    value = form.get(name, "")
    return "" if isinstance(value, UploadFile) else value.replace("\0", "").strip()[:LONGEST]


def several(form: FormData, name: str) -> Sequence[str]:
    return [value for value in form.getlist(name) if not isinstance(value, UploadFile)]
