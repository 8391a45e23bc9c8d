"""Looking at what came with a case: pictures, voices, videos; in some rooms a look is an act that is kept.

What is shown is a copy. Of a matter of law the original can be opened too, with a reason.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import downloads, forms
from app.console.case_room import AnyRoom
from app.console.entrance import Desk
from app.console.shell import Shell
from app.errors import DomainError, NotFound
from app.files import ENDINGS
from app.services import case_files, evidence
from app.services.case_files import CaseFile
from models import Case

Find = Callable[[AsyncSession], Awaitable[Case]]

log = structlog.get_logger(__name__)

SHOWN: Final = ("image/jpeg", "image/png", "image/gif", "image/webp", "audio/mpeg", "audio/wav", "video/mp4")


async def look(room: AnyRoom, number: str, position: int, desk: Desk) -> Response:
    """A picture, voice or video of a thread in which looking is no act of its own."""
    async with desk.reading() as session:
        case = await room.find(session, desk.standing, number)
        file = await case_files.get_file(session, case, position)
    return await answer_with(file, case.number, desk)


async def open_file(room: AnyRoom, number: str, position: int, desk: Desk) -> Response:
    """As `look`; that somebody looked is kept before the bytes are read."""
    return await opened(desk, position, lambda session: room.locked(session, desk, number, room.reads))


async def opened(desk: Desk, position: int, find: Find) -> Response:
    """The file of the case that `find` locks, in whichever room it lies; the look is kept first."""
    async with desk.acting() as session:
        case = await find(session)
        file = await case_files.get_file(session, case, position)
        await case_files.open_files(session, case, [file], desk.by, desk.shared.clock.now())
    return await answer_with(file, case.number, desk)


async def open_original(
    room: AnyRoom, number: str, position: int, request: Request, desk: Desk, shell: Shell
) -> Response:
    """The bytes as they were received, to be taken away; that and why is kept before they are read."""
    why, now = forms.words(await forms.read(request), "why"), desk.shared.clock.now()
    try:
        async with desk.acting() as session:
            case = await room.locked(session, desk, number, room.answers)
            opening = await evidence.open_original(session, case, position, why, desk.by, now)
        try:
            stored = await desk.shared.files.get(opening.kept.name)
        except FileNotFoundError:
            raise DomainError(f"附件 {position} 的原件不见了，请马上告诉运维人员。") from None
        data = evidence.opened(opening.kept, stored, position)
    except DomainError as error:
        return await room.again(desk, shell, number, error, now, original=str(position), why_original=why)
    ending = ENDINGS.get(opening.content_type, "")
    return downloads.answer(data, f"{number}-{position}-原件{ending}", "application/octet-stream")


async def answer_with(file: CaseFile, number: str, desk: Desk, *, shown: bool = True) -> Response:
    """The bytes; what is not to be shown, or what browsers cannot show, is taken away as a file."""
    try:
        data = await desk.shared.files.get(file.public_id)
    except FileNotFoundError:
        raise NotFound("这个附件不见了，请联系运维人员。") from None
    if file.sha256 and hashlib.sha256(data).hexdigest() != file.sha256:
        log.error("file_changed", file=file.public_id)
        raise NotFound("这个附件和存下时的不一样，可能被改动或损坏，没有打开。请联系运维人员。")
    ending = ENDINGS.get(file.content_type)
    return downloads.answer(
        data,
        f"{number}-{file.position}{ending or ''}",
        file.content_type if ending is not None else "application/octet-stream",
        way="inline" if shown and file.content_type in SHOWN else "attachment",
    )
