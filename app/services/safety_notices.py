"""The safety notice of an activity: what is read and accepted before anybody is signed up.

A sign-up keeps when it was accepted, and the digest of the text as it was. A text that changes is accepted
anew by who signs up afterwards; who is signed up is told where the organiser chose so (`activities.change`).
"""

import hashlib
import re
from datetime import datetime
from typing import Any, Final

from app.clock import shanghai
from app.errors import DomainError
from models import Activity, SignUp

_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class NotAccepted(DomainError):
    status = 422


class NoticeChanged(DomainError):
    """Somebody accepted another text than there is now."""


def plain(notice: str) -> str:
    """As it is stored: without what no text has, so that a digest tells of words alone."""
    return _CONTROL.sub("", notice.replace("\r\n", "\n").replace("\r", "\n")).strip()


def version(activity: Activity) -> str:
    """Which text it is; empty where there is none."""
    notice = activity.safety_notice
    return hashlib.sha256(notice.encode()).hexdigest()[:16] if notice else ""


def words(activity: Activity) -> str:
    """What a chat asks."""
    return f"安全须知，请先看完：\n{activity.safety_notice}\n看完了、能做到，请确认。"


def accepted(activity: Activity, read: str, now: datetime) -> dict[str, Any]:
    """What a sign-up keeps of it; `read` is the version that was accepted.

    Raises:
        NotAccepted: none was.
        NoticeChanged: it was another text.
    """
    present = version(activity)
    if present and not read:
        raise NotAccepted(f"「{activity.title}」有安全须知，请看完并同意，再报名。")
    if present and read != present:
        raise NoticeChanged(f"「{activity.title}」的安全须知刚刚改过，请再看一遍，同意后再报名。")
    return {"notice_digest": present or None, "notice_at": now if present else None}


def said_of(activity: Activity, entry: SignUp) -> str:
    """For staff: when it was accepted, and whether it reads so still."""
    if entry.notice_at is None:
        return "没有同意过（报名以后才写的）"
    still = "" if entry.notice_digest == version(activity) else "，是改动以前的"
    return f"{shanghai(entry.notice_at):%Y-%m-%d %H:%M} 同意{still}"
