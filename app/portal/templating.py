"""Templates of the portal's pages, and how one is filled."""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from app.clock import civil_date, spoken
from app.portal import assets
from app.portal.icons import TABS


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True, trim_blocks=True
    )
    made.globals |= {"asset": assets.address, "tabs": TABS}
    made.filters["spoken"] = spoken
    made.filters["tone"] = _tone
    made.filters["day"] = lambda moment: f"{moment.month}月{moment.day}日"
    made.filters["date"] = lambda moment: civil_date(moment).isoformat()
    return made


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


SETTLED = frozenset({"confirmed", "checked_in", "answered", "verified", "approved"})
WAITING = frozenset(
    {"pending_approval", "waitlisted", "offered", "submitted", "triaged", "assigned"}
    | {"in_progress", "waiting_user", "reopened", "unverified", "supplement", "reviewing"}
)


def _tone(state: StrEnum) -> str:
    """The colour of a state's tag; one that is not known here has none."""
    return "good" if state.value in SETTLED else "wait" if state.value in WAITING else ""
