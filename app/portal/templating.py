"""Templates of the portal's pages, and how one is filled."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from app.portal import assets


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True, trim_blocks=True
    )
    made.globals["asset"] = assets.address
    return made


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)
