"""WeChat's own statistics of followers and articles (section 11.6); certified accounts.

Rows are passed on as WeChat writes them: its tables grow and change. Yesterday's are ready after eight.
"""

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any

from app.wechat.api.calls import Caller
from app.wechat.api.limits import refuse_unless
from app.wechat.api.transport import Call


class Table(Enum):
    """Name, and how many days may be asked for at once."""

    FOLLOWERS = ("getusersummary", 7)  # new and gone, by source
    FOLLOWERS_IN_ALL = ("getusercumulate", 7)
    READS = ("getarticleread", 1)
    SHARES = ("getarticleshare", 1)
    ARTICLES = ("getarticletotaldetail", 1)  # those of that day, followed for 30
    ACCOUNT = ("getbizsummary", 30)
    MESSAGES = ("getupstreammsg", 7)
    CALLBACK = ("getinterfacesummary", 30)

    @property
    def path(self) -> str:
        return f"/datacube/{self.value[0]}"

    @property
    def most_days(self) -> int:
        return self.value[1]


class StatisticsApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def rows(
        self, table: Table, first: date, last: date | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        """The rows of these days in Shanghai, both included; one day without `last`. No data is no row.

        Raises:
            TryLater: not counted yet (61503). OurMistake: too many days, or one that is not over (61501).
            NotAllowed: the account has no right to them.
        """
        last = last or first
        days = (last - first).days + 1
        refuse_unless(
            1 <= days <= table.most_days, f"{days} days of {table.path}, not 1 to {table.most_days}"
        )
        body = {"begin_date": first.isoformat(), "end_date": last.isoformat()}
        answer = await self._caller.ask(Call(table.path, "POST", body=body, safe=True))
        return tuple(row for row in answer.get("list") or () if isinstance(row, Mapping))
