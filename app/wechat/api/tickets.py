"""Tickets that let web pages use WeChat's own functions (section 10).

Not here: keeping one for all processes, and signing a page with it - `app.wechat.jssdk`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.wechat.api.calls import Caller
from app.wechat.api.transport import Call
from app.wechat.errors import TryLater

PATH: Final = "/cgi-bin/ticket/getticket"


class TicketKind(StrEnum):
    JSAPI = "jsapi"
    CARD = "wx_card"


@dataclass(frozen=True, slots=True)
class Ticket:
    value: str = field(repr=False)
    expires_seconds: int  # 7200 at most


class TicketsApi:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def get(self, kind: TicketKind = TicketKind.JSAPI) -> Ticket:
        """A ticket from WeChat; calls are limited, so keep it (`TicketSource` does)."""
        answer = await self._caller.ask(
            Call(PATH, query={"type": kind.value}, safe=True, expects=("ticket",))
        )
        seconds = answer.get("expires_in")
        if not isinstance(seconds, int) or seconds <= 0:
            raise TryLater(None, "a ticket without its end", "", PATH)
        return Ticket(str(answer["ticket"]), seconds)
