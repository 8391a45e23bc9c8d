"""All that we keep of one person, for himself (PIPL 45): asked for, put together, its files.

Not here: what stands in each chapter (`export_chapters`), how it is packed (`packing`) and handed over (the
edges).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import (  # noqa: F401 - fill SOURCES
    export_albums,
    export_appointments,
    export_articles,
    export_board,
    export_chapters,
    export_clarifications,
    export_colleagues,
    export_feedback,
    export_lives,
    export_posters,
    export_sign_ups,
    export_talks,
    privacy_requests,
)
from app.services.export_sources import SOURCES, Row, Said
from app.services.privacy_requests import Line
from models import RequestKind


@dataclass(frozen=True, slots=True)
class Chapter:
    """One kind of data. `fields` gives each key its Chinese name; values are what JSON holds."""

    key: str
    title: str
    fields: Mapping[str, str]
    rows: Sequence[Row]

    @property
    def count(self) -> int:
        return len(self.rows)


async def gather(session: AsyncSession, person_id: int, said: Said) -> list[Chapter]:
    """All chapters, also those without a row: that there is nothing is an answer too.

    `said` reads the person's words out of a kept push; the edges hand in the platform's own reader.
    """
    return [
        Chapter(source.key, source.title, source.fields, await source.read(session, person_id, said))
        for source in SOURCES
    ]


async def ask(session: AsyncSession, person_id: int, *, channel: str, now: datetime) -> str:
    """Keep that the person asked for all of it; returns the secret of the link that opens it for a while."""
    done = Line(
        "导出我的资料", f"已生成，链接 {int(privacy_requests.LINK_FOR.total_seconds()) // 60} 分钟内有效"
    )
    row = await privacy_requests.done(session, RequestKind.EXPORT, person_id, [done], channel, now)
    secret = privacy_requests.open_link(row, now)
    await session.flush()
    return secret


def columns_shown() -> frozenset[str]:
    return frozenset().union(*(source.columns for source in SOURCES))


# Columns that lead to a person and are in no chapter, each with its reason.
NOT_SHOWN: Mapping[str, str] = {
    "person.merged_into_id": "one person's older row; all that hung on it hangs on the newer",
    "person_merge.stays_id": "the trace of joining two rows; tells nothing more of the person",
    "person_merge.gone_id": "as above",
    "member_change.holder_id": "somebody else's request for a binding he had; the notice he got is shown",
    "tag_change.follower_id": "a tag on its way to WeChat; the tags themselves are shown",
    "menu_look.follower_id": "which menu to show next, gone within a minute",
}
