"""An activity as a calendar file (RFC 5545), which telephones and computers put among one's own dates."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from app.services import map_places, sittings
from app.services.sittings import Sitting
from models import Activity, ActivityState

CONTENT_TYPE: Final = "text/calendar; charset=utf-8"
_LINE: Final = 75  # bytes of a line; more is folded
_ALARM: Final = "-PT2H"
_HEAD: Final = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//gonghui//activities//ZH", "METHOD:PUBLISH")


def made(activity: Activity, address: str, now: datetime) -> bytes:
    """`address` is the activity's own page. A file that is opened again replaces what it said before; of
    several sittings each is an event of its own.
    """
    events = [line for each in sittings.of(activity) for line in _event(activity, each, address, now)]
    return b"".join(_folded(line) for line in (*_HEAD, *events, "END:VCALENDAR"))


def _event(activity: Activity, sitting: Sitting, address: str, now: datetime) -> list[str]:
    is_off = activity.state is ActivityState.CANCELLED
    on_map = map_places.load(activity.map_place) if sitting.place == activity.place else None
    which = f"-{sitting.key}" if sitting.key else ""
    title = f"{activity.title} {sitting.name}" if sitting.key else activity.title
    return [
        "BEGIN:VEVENT",
        f"UID:{activity.public_id}{which}@{urlsplit(address).hostname or 'gonghui'}",
        f"DTSTAMP:{_moment(now)}",
        f"SEQUENCE:{activity.version}",
        f"DTSTART:{_moment(sitting.starts_at)}",
        f"DTEND:{_moment(sitting.ends_at)}",
        f"SUMMARY:{_text(title)}",
        *([f"LOCATION:{_text(sitting.place)}"] if sitting.place else []),
        *([f"GEO:{on_map.latitude};{on_map.longitude}"] if on_map else []),
        *([f"DESCRIPTION:{_text(activity.summary)}"] if activity.summary else []),
        f"URL:{address}",
        f"STATUS:{'CANCELLED' if is_off else 'CONFIRMED'}",
        *([] if is_off else _alarm(activity)),
        "END:VEVENT",
    ]


def _alarm(activity: Activity) -> list[str]:
    return [
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"TRIGGER:{_ALARM}",
        f"DESCRIPTION:{_text(activity.title)}",
        "END:VALARM",
    ]


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    """What would end a value, or begin a line of its own, is written out; other controls are left away."""
    words = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    words = "\\n".join(words.splitlines())
    return "".join(each for each in words if each.isprintable())


def _folded(line: str) -> bytes:
    """With the end of a line; no piece is longer than allowed, and none ends inside of a character."""
    pieces, rest = [b""], line
    for each in rest:
        coded = each.encode()
        most = _LINE if len(pieces) == 1 else _LINE - 1  # the blank before it counts
        if len(pieces[-1]) + len(coded) > most:
            pieces.append(b"")
        pieces[-1] += coded
    return b"\r\n ".join(pieces) + b"\r\n"
