"""The cover of a broadcast: sent, made small, shown to staff. Not here: whose it is (services)."""

import asyncio
from datetime import datetime

from fastapi import Response
from starlette.datastructures import FormData, UploadFile

from app.console import cover_pictures, downloads
from app.console.entrance import Desk
from app.errors import DomainError, NotFound
from app.services import stored_files
from models import LiveSession, StoredFile


async def sent(form: FormData, desk: Desk, now: datetime, alt: str) -> StoredFile:
    """Raises: DomainError: no picture."""
    upload = form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise DomainError("请先选一张图片。")
    data = await asyncio.to_thread(cover_pictures.made, await upload.read())
    file = stored_files.made(data, "image/jpeg", now, kind="image")
    if alt:  # else it is refused, and nobody needs the bytes
        await desk.shared.files.put(file.public_id, data)
    return file


async def answer(live: LiveSession, desk: Desk) -> Response:
    """Raises: NotFound."""
    try:
        data = await desk.shared.files.get(live.cover) if live.cover else b""
    except FileNotFoundError:
        data = b""
    if not data:
        raise NotFound("这场直播没有封面。")
    return downloads.answer(data, "cover.jpg", "image/jpeg", way="inline")
