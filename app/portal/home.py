"""The page at `/`: what is new, what may be of interest, what the account is for and whom to call.

No script, and no sign-in needed.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.portal.templating import render
from app.portal.visitor import Visitor
from app.services import activities, articles, hall, interests, recommendations, suggestions
from app.services.columns import COLUMNS
from app.services.hotlines import HOTLINES, Subject
from app.services.library import Library
from app.services.recommendations import Recommended
from app.services.suggestions import Suggestion
from models import Activity, Article

URGENT = ("110", "119", "120", "95598", "12356")
LISTED = 3


async def page(
    session: AsyncSession,
    library: Library,
    now: datetime,
    visitor: Visitor | None = None,
    *,
    address: str = "",
    phone: str | None = None,
) -> str:
    """The whole page. `address` is its own; `phone` is the sandbox's, in development only."""
    newest = await articles.list_published(session, now, LISTED)
    ahead = await activities.list_ahead(session, now, LISTED, once=True)
    weights = {} if visitor is None else await interests.weights(session, visitor.person_id)
    shown = {f"/news/{each.public_id}" for each in newest}
    shown |= {f"/activities/{each.public_id}" for each in ahead}
    picked: Sequence[Recommended] = ()
    if visitor is not None:
        picked = await recommendations.list_for(session, visitor.person_id, now, shown=shown)
        shown |= {each.address for each in picked}
    perhaps = await suggestions.list_for(session, library, weights, now, shown=shown, news=not picked)
    return _page(
        newest,
        ahead,
        now,
        perhaps,
        picked,
        own_order=bool(weights),
        visitor=visitor,
        address=address,
        phone=phone,
    )


def page_without_news(*, phone: str | None = None) -> str:
    """While messages are not answered: it says so, and whom to call."""
    return _page([], [], None, phone=phone)


def _page(
    newest: Sequence[Article],
    ahead: Sequence[Activity],
    now: datetime | None,
    perhaps: Sequence[Suggestion] = (),
    picked: Sequence[Recommended] = (),
    *,
    own_order: bool = False,
    visitor: Visitor | None = None,
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
    is_member = visitor is not None and visitor.facts.membership is not None
    return render(
        "home.html",
        urgent=urgent,
        articles=newest,
        activities=ahead,
        perhaps=perhaps,
        picked=picked,
        own_order=own_order,
        known=visitor is not None,
        now=now,
        phone=phone,
        address=address,
        columns=COLUMNS,
        common=hall.for_whom(member=is_member)[: hall.COMMON],
        well=now is not None,
    )
