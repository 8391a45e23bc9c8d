"""Looking at what came with a case: pictures, voices, videos; in some rooms a look is an act that is kept."""

from typing import Final

from fastapi.responses import Response

from app.console import downloads
from app.console.case_pages import CaseRoom
from app.console.entrance import Desk
from app.errors import NotFound
from app.files import ENDINGS
from app.services import case_files, case_lists
from app.services.case_files import CaseFile

SHOWN: Final = ("image/jpeg", "image/png", "image/gif", "image/webp", "audio/mpeg", "audio/wav", "video/mp4")


async def look(room: CaseRoom, number: str, position: int, desk: Desk) -> Response:
    """A picture, voice or video of a thread in which looking is no act of its own."""
    async with desk.reading() as session:
        case = await case_lists.get(session, room.room, desk.scope(room.reads), number)
        file = await case_files.get_file(session, case, position)
    return await answer_with(file, case.number, desk)


async def open_file(room: CaseRoom, number: str, position: int, desk: Desk) -> Response:
    """As `look`; that somebody looked is kept before the bytes are read."""
    async with desk.acting() as session:
        case = await room.locked(session, desk, number, room.reads)
        file = await case_files.get_file(session, case, position)
        await case_files.open_files(session, case, [file], desk.by, desk.shared.clock.now())
    return await answer_with(file, case.number, desk)


async def answer_with(file: CaseFile, number: str, desk: Desk, *, shown: bool = True) -> Response:
    """The bytes; what is not to be shown, or what browsers cannot show, is taken away as a file."""
    try:
        data = await desk.shared.files.get(file.public_id)
    except FileNotFoundError:
        raise NotFound("这个附件不见了，请联系运维人员。") from None
    ending = ENDINGS.get(file.content_type)
    return downloads.answer(
        data,
        f"{number}-{file.position}{ending or ''}",
        file.content_type if ending is not None else "application/octet-stream",
        way="inline" if shown and file.content_type in SHOWN else "attachment",
    )
