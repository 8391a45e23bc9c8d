"""The page at `/`: what is new, what the account is for and whom to call. No sign-in."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.portal import hall
from app.portal.templating import render
from app.services import activities, articles
from app.services.hotlines import HOTLINES, Subject
from models import Activity, Article

URGENT = ("110", "119", "120", "95598", "12356")
LISTED = 3


async def page(session: AsyncSession, now: datetime, *, address: str = "", phone: str | None = None) -> str:
    """The whole page. `address` is its own; `phone` is the sandbox's, in development only."""
    newest = await articles.list_published(session, now, LISTED)
    ahead = await activities.list_ahead(session, now, LISTED)
    return _page(newest, ahead, now, address=address, phone=phone)


def page_without_news(*, phone: str | None = None) -> str:
    """While messages are not answered: it says so, and whom to call."""
    return _page([], [], None, phone=phone)


def _page(
    newest: Sequence[Article],
    ahead: Sequence[Activity],
    now: datetime | None,
    *,
    address: str = "",
    phone: str | None,
) -> str:
    urgent = [
        {
            "number": line.number,
            "name": line.name,
            "note": line.note,
            "danger": line.subject is Subject.DANGER,
        }
        for line in HOTLINES
        if line.number in URGENT
    ]
    return render(
        "home.html",
        urgent=urgent,
        articles=newest,
        activities=ahead,
        now=now,
        phone=phone,
        address=address,
        common=hall.for_whom(member=False)[: hall.COMMON],
        well=now is not None,
    )
