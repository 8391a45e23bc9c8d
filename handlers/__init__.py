"""What the account says: one module per feature; a reply or a dialogue, no rule."""

from collections.abc import Collection

from app.dialogue.router import Router
from app.services.application_clocks import WORKING_DAYS
from app.services.digests import Moment
from app.services.interests import Noticed
from app.services.library import Library
from app.services.questions import Unanswered
from handlers import (
    about,
    accounts,
    activities,
    activity_feedback,
    aid,
    albums,
    appointments,
    board,
    campaigns,
    care,
    clarifications,
    complaints,
    counselling,
    crisis,
    desk,
    digests,
    feedback,
    health,
    help,  # noqa: A004
    hotlines,
    interests,
    joining,
    labour_law,
    legal_aid,
    lives,
    member_changes,
    membership,
    news,
    notices,
    panoramas,
    points,
    power_safety,
    privacy,
    rating,
    sign_up_changes,
    signposts,
    talk,
    welcome,
)

DIGEST_AT = Moment()
_AS_THEY_ARE = (
    welcome.router,
    help.router,
    about.router,
    desk.router,
    hotlines.router,
    feedback.router,
    complaints.router,
    rating.router,
    activities.router,
    sign_up_changes.router,
    albums.router,
    activity_feedback.router,
    panoramas.router,
    lives.router,
    membership.router,
    accounts.router,
    member_changes.router,
    legal_aid.router,
    aid.router,
    counselling.router,
    health.router,
    care.router,
    appointments.router,
    interests.router,
    points.router,
    notices.router,
    campaigns.router,
)


def routers(
    library: Library,
    on_duty: Collection[str] = (),
    *,
    public_url: str = "",
    joining_days: int = WORKING_DAYS,
    digest_at: Moment = DIGEST_AT,
    noticed: Noticed | None = None,
    unanswered: Unanswered | None = None,
) -> list[Router]:
    """All handlers. `on_duty`: the openids that may take alerts, beside those of staff.

    `joining_days`: in how many working days a 入会申请 is decided. `digest_at`: when 每周精选 goes out.
    `noticed` counts what people open, `unanswered` what they ask in vain.
    """
    noticed, unanswered = noticed or Noticed(), unanswered or Unanswered()
    return [
        *_AS_THEY_ARE,
        activities.make_router(noticed),
        board.make_router(public_url),
        clarifications.make_router(library, public_url),
        joining.make_router(joining_days),
        privacy.make_router(public_url),
        news.make_router(public_url, noticed),
        digests.make_router(public_url, digest_at),
        power_safety.make_router(library, noticed, unanswered, public_url),
        labour_law.make_router(library),
        signposts.make_router(library),
        talk.make_router(library, unanswered),
        crisis.make_router(frozenset(on_duty)),
    ]
