"""Templates of the portal's pages, and how one is filled."""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from app.clock import civil_date, shanghai, spoken
from app.portal.tabs import TABS
from app.services import sittings
from app.web import assets, display, reading
from app.web.icons import icon


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader([Path(__file__).with_name("templates"), reading.TEMPLATES]),
        autoescape=True,
        trim_blocks=True,
    )
    made.globals |= {
        "asset": assets.address,
        "tabs": TABS,
        "icon": icon,
        "is_large": display.is_large,
    }
    made.filters["spoken"] = spoken
    made.filters["when"] = sittings.when
    made.filters["tone"] = _tone
    made.filters["readable"] = _readable
    made.filters["origin"] = _origin
    made.filters["marked"] = marked
    made.filters["clock"] = lambda moment: f"{shanghai(moment).hour}:{shanghai(moment):%M}"
    made.filters["day"] = lambda moment: f"{moment.month}月{moment.day}日"
    made.filters["date"] = lambda moment: civil_date(moment).isoformat()
    return made


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\+08:00")


def _readable(value: object) -> str:
    """A moment of an export as people read it; anything else as it is."""
    found = _MOMENT.fullmatch(str(value))
    return f"{found[1]} {found[2]}" if found else str(value)


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


SETTLED = frozenset(
    {"confirmed", "checked_in", "answered", "verified", "approved", "published"}
    | {"granted", "concluded", "booked", "came"}
)
WAITING = frozenset(
    {"pending_approval", "waitlisted", "offered", "submitted", "triaged", "assigned"}
    | {"pending", "objection"}
    | {"in_progress", "waiting_user", "reopened", "unverified", "supplement", "reviewing"}
)


def _tone(state: StrEnum) -> str:
    """The colour of a state's tag; one that is not known here has none."""
    return "good" if state.value in SETTLED else "wait" if state.value in WAITING else ""


def _origin(address: str) -> str:
    """Scheme and host of a web address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def marked(text: str, terms: Sequence[str]) -> Markup:
    """`text`, escaped, with every one of `terms` in it made to stand out."""
    if not terms:
        return escape(text)
    wanted = re.compile("|".join(map(re.escape, sorted(terms, key=len, reverse=True))), re.IGNORECASE)
    made, end = Markup(), 0
    for found in wanted.finditer(text):
        made += escape(text[end : found.start()]) + Markup("<mark>{}</mark>").format(found[0])
        end = found.end()
    return made + escape(text[end:])
