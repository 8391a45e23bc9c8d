"""Lists of rows: filters that stand in the address, and pages by the last row seen rather than by number.

A list of a million rows is as fast on its last page as on its first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Path, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.console import forms

PAGE: Final = 50  # rows
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""An id in an address; under one that no database can hold there is no page."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing a list can be narrowed by. Without options it is a field to type into."""

    name: str
    label: str
    options: Mapping[str, str] = field(default_factory=dict)  # value → words
    kind: str = "text"  # text, date, search

    def words(self, value: str) -> str:
        return self.options.get(value, value)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use, and the address without it."""

    label: str
    words: str
    without: str


@dataclass(frozen=True, slots=True)
class View:
    """What the address asks of a list: known filters with values they have, and where its page begins."""

    path: str
    filters: tuple[Filter, ...]
    chosen: Mapping[str, str]
    before: int | None = None

    def get(self, name: str) -> str:
        return self.chosen.get(name, "")

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(each.label, each.words(self.chosen[each.name]), self.address(**{each.name: ""}))
            for each in self.filters
            if each.name in self.chosen
        ]

    def address(self, **changes: object) -> str:
        """Of this list with other filters; an empty one is left out, and the page is the first."""
        values = {**self.chosen, **{name: str(value) for name, value in changes.items()}}
        kept = {name: value for name, value in values.items() if value}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, and the address of those that follow."""

    rows: Sequence[Any]
    view: View
    older: str | None


def view_of(request: Request, *filters: Filter) -> View:
    """Unknown filters, and values that a filter does not have, are as if they were not there."""
    chosen = {}
    for each in filters:
        value = request.query_params.get(each.name, "").strip()[:100]
        if value and "\0" not in value and (not each.options or value in each.options):
            chosen[each.name] = value
    before = forms.number(request.query_params.get("before", ""))
    return View(request.url.path, filters, chosen, before)


async def page(session: AsyncSession, chosen: sa.Select[Any], key: Any, view: View) -> Page:
    """The page that `view` asks for, newest first. `key` is the id column; rows have it as `id`."""
    if view.before is not None:
        chosen = chosen.where(key < view.before)
    found = (await session.execute(chosen.order_by(key.desc()).limit(PAGE + 1))).all()
    return page_of([row[0] if len(row) == 1 else row for row in found], view)


def page_of(found: Sequence[Any], view: View) -> Page:
    """`found` are the rows of the page, and one more where there are any."""
    if len(found) <= PAGE:
        return Page(found, view, None)
    rows = found[:PAGE]
    last = rows[-1]
    last_id = last.id if hasattr(last, "id") else last[0].id
    return Page(rows, view, view.address(before=last_id))
