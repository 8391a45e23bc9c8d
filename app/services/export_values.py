"""How an export writes what it shows: times with their zone, what we answered, names of files."""

import re
from datetime import date, datetime
from typing import Any

from app.clock import shanghai
from models import StoredFile


def name_of(file: StoredFile) -> str:
    """In the pack: `files/abc.jpg`; unknown kinds go without an ending."""
    ending = _ENDINGS.get(file.content_type, "")
    return f"files/{file.public_id}{ending}"


_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/amr": ".amr",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
}


def words_of_reply(reply: Any) -> str | None:
    if not isinstance(reply, dict):
        return None
    if "articles" in reply:
        return "；".join(str(each.get("title", "")) for each in reply["articles"])
    return re.sub(r"<a href=[^>]*>([^<]*)</a>", r"\1", str(reply.get("content", ""))) or None


def time(moment: datetime | None) -> str | None:
    return None if moment is None else shanghai(moment).isoformat(timespec="seconds")


def day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
