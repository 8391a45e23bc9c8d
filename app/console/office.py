"""What the console works with beside what all pages do, as the service hands it in."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final

from fastapi import Depends, Request

from app.console.open_pages import OpenPages
from app.dependencies import handed
from app.menus import Known
from app.menus.live import LiveMenus
from app.services.workings import Fact, Program
from app.settings import Settings, derive
from app.web.limits import Limit

OFFICE: Final = "office"  # in the ASGI scope's state


@dataclass(frozen=True, slots=True)
class Office:
    """`menus_at_wechat` tells what WeChat shows otherwise than a menu file says; it asks WeChat, so it is
    awaited outside of transactions. Raises DomainError where WeChat does not tell.
    """

    settings: Settings
    menus: LiveMenus
    known: Mapping[str, Known]
    menus_at_wechat: Callable[[str], Awaitable[list[str]]]
    wake: Callable[[], None]  # somebody left due rows behind
    sign_ins: Limit  # of one address, whatever the login
    words_in: Callable[[str], str]  # what was said, in the body of a push
    program: Program
    open_pages: OpenPages
    shows_typing: (
        Callable[[str], Awaitable[None]] | None
    )  # to an openid; asks WeChat, outside of transactions
    check: Callable[[], Awaitable[list[Fact]]]  # all that `gonghui doctor` looks at; asks the network

    @property
    def is_secure(self) -> bool:
        return self.settings.public_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """A `__Host-` cookie cannot be planted by a neighbouring domain."""
        return f"__Host-gonghui_staff_{name}" if self.is_secure else f"gonghui_staff_{name}"

    def signed(self, purpose: str, words: str) -> str:
        """A digest that only this service makes, hence the mark of what it has said itself."""
        key = derive(self.settings.secret_key.get_secret_value(), f"console-{purpose}")
        return hmac.digest(key, words.encode(), sha256).hex()


def office_of(request: Request) -> Office:
    """Raises: HTTPException 503: the service is starting or stopping."""
    return handed(request, OFFICE, Office)


async def _office(request: Request) -> Office:
    return office_of(request)


OfficeInUse = Annotated[Office, Depends(_office)]
