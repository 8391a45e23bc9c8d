"""Templates of the console's pages, and how one is filled."""

import re
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader

from app.clock import civil_date, shanghai, spoken
from app.services import case_threads, rating_notices
from app.web import assets, display, reading
from app.web.icons import icon

GOOD: Final = frozenset(
    {
        "active",
        "registration_open",
        "ongoing",
        "answered",
        "approved",
        "published",
        "confirmed",
        "checked_in",
        "delivered",
        "done",
        "verified",
        "imported",
        "passed",
        "granted",
        "concluded",
        "replied",
        "came",
        "free",
        "live",
        "updated",
    }
)
WAITING: Final = frozenset(
    {"invited", "submitted", "triaged", "assigned", "in_progress", "waiting_user", "reopened", "supplement"}
    | {"accepted", "dispatched", "returned", "extended", "suspended"}
    | {"reviewing", "waiting", "running", "queued", "sending", "failed_retry", "deferred", "received"}
    | {"pending", "review", "risky", "objection", "booked", "taken", "unmarked"}
    | {"looking", "ready", "importing", "paused", "preparing", "publishing", "withdrawing"}
    | {"pending_approval", "waitlisted", "offered", "draft", "in_review", "scheduled", "unverified"}
)
BAD: Final = frozenset({"failed", "unknown", "undeliverable", "refused", "rejected", "overdue", "lost"})


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader([Path(__file__).with_name("templates"), reading.TEMPLATES]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": assets.address, "icon": icon, "is_large": display.is_large}
    made.filters |= {
        "spoken": spoken,
        "tone": tone,
        "score": rating_notices.label,
        "minute": minute,
        "clock": lambda moment: f"{shanghai(moment):%H:%M}",
        "named": case_threads.named,
        "second": lambda moment: f"{shanghai(moment):%Y-%m-%d %H:%M:%S}",
        "day": lambda moment: civil_date(moment).isoformat(),
        "grouped": lambda number: f"{number:,}",
        "key": lambda words: re.sub(r"[^a-z0-9]+", "-", str(words).lower()),
    }
    return made


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


def tone(state: StrEnum | str) -> str:
    """The colour of a state's tag: good, wait, bad, or none."""
    value = str(state)
    return "good" if value in GOOD else "wait" if value in WAITING else "bad" if value in BAD else ""


def minute(moment: datetime) -> str:
    """2026-11-23 19:30, on a clock in China: what is compared line by line."""
    return f"{shanghai(moment):%Y-%m-%d %H:%M}"
