"""Going on in a list where the last page ended: by what its last row was ordered by, not by counting rows.

So nobody who reads on meets a row twice or misses one because another came or went in between.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

Keys = Sequence[Any]


def beyond(columns: Keys, last: Keys, *, descending: bool = False) -> sa.ColumnElement[bool]:
    """Rows that come after `last` in the order of `columns`."""
    ways = []
    for place, column in enumerate(columns):
        same = [one == value for one, value in zip(columns[:place], last[:place], strict=True)]
        further = column < last[place] if descending else column > last[place]
        ways.append(sa.and_(*same, further))
    return sa.or_(*ways)
