"""Pages of a list: so many entries, and a cursor that says where the next page begins.

A cursor is sealed together with the list it belongs to: nobody reads or makes one, and that of another list,
filter or person does not open. It stays good while the list does, however many entries come and go.
"""

import base64
import json
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Query

from app.api.problems import ApiRefusal
from models.sealing import SealBroken, keyring

MOST: Final = 50
_LONGEST: Final = 600  # characters

Size = Annotated[int, Query(alias="limit", ge=1, le=MOST, examples=[20], description="一页几条")]
Cursor = Annotated[
    str | None,
    Query(max_length=_LONGEST, examples=[None], description="上一页给的 next；第一页不填"),
]
NEXT: Final = "放进 cursor 就是下一页；没有更多时是 null"


def cursor(of: str, *place: int | str | datetime) -> str:
    """Of the list `of` from `place` on."""
    plain = json.dumps([each.isoformat() if isinstance(each, datetime) else each for each in place])
    return base64.urlsafe_b64encode(keyring().seal(plain.encode(), _seal(of))).decode().rstrip("=")


def place(of: str, given: str | None) -> list[Any] | None:
    """What `cursor` was made from, times as texts; None for the first page. Raises: ApiRefusal 422."""
    if given is None:
        return None
    try:
        sealed = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        found: list[Any] = json.loads(keyring().unseal(sealed, _seal(of)))
    except (ValueError, SealBroken):
        raise ApiRefusal(
            422, "bad_cursor", "翻页标记不对", "cursor 应是这个列表上一页给的 next，原样放进来。"
        ) from None
    return found


def _seal(of: str) -> str:
    return f"api-cursor.{of}"
