"""Templates of the portal's pages, and how one is filled."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from app.clock import civil_date, spoken
from app.portal import assets


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True, trim_blocks=True
    )
    made.globals["asset"] = assets.address
    made.filters["spoken"] = spoken
    made.filters["day"] = lambda moment: f"{moment.month}月{moment.day}日"
    made.filters["date"] = lambda moment: civil_date(moment).isoformat()
    return made


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)
