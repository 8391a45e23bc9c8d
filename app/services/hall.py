"""The service hall: everything that can be done without the chat, in one table, the most used first."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Door:
    """`key` stays, for programs; `to` is a page of the portal, or a telephone number to call."""

    key: str
    name: str
    to: str
    icon: str


HALL: Final = (
    Door("tips", "用电安全", "/tips", "bolt"),
    Door("laws", "劳动权益", "/laws", "scales"),
    Door("activities", "近期活动", "/activities", "calendar"),
    Door("news", "工会动态", "/news", "paper"),
    Door("repairs", "报修电话", "tel:95598", "phone"),
    Door("sign_ups", "我的报名", "/me/sign-ups", "ticket"),
    Door("cases", "我的留言", "/me/cases", "talk"),
)
