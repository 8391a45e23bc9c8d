"""A picture, voice or video of a case, as the answer to a browser."""

from typing import Final

from fastapi.responses import Response

from app.console import downloads
from app.console.entrance import Desk
from app.errors import NotFound
from app.files import ENDINGS
from app.services.case_files import CaseFile

SHOWN: Final = ("image/jpeg", "image/png", "image/gif", "image/webp", "audio/mpeg", "audio/wav", "video/mp4")


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
