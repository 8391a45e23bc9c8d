"""What the account says: one module per feature; a reply or a dialogue, no rule."""

from collections.abc import Collection

from app.dialogue.router import Router
from app.services.interests import Noticed
from app.services.library import Library
from handlers import (
    about,
    activities,
    crisis,
    desk,
    feedback,
    help,  # noqa: A004
    hotlines,
    interests,
    labour_law,
    legal_aid,
    membership,
    news,
    power_safety,
    signposts,
    welcome,
)


def routers(
    library: Library,
    on_duty: Collection[str] = (),
    *,
    public_url: str = "",
    noticed: Noticed | None = None,
) -> list[Router]:
    """All handlers. `on_duty`: the openids that may take alerts about people in danger.

    `public_url`: where cards open. `noticed`: where is counted what people open.
    """
    noticed = Noticed() if noticed is None else noticed
    return [
        welcome.router,
        help.router,
        about.router,
        desk.router,
        hotlines.router,
        feedback.router,
        activities.router,
        membership.router,
        interests.router,
        legal_aid.router,
        news.make_router(public_url, noticed),
        power_safety.make_router(library, noticed),
        labour_law.make_router(library),
        signposts.make_router(library),
        crisis.make_router(frozenset(on_duty)),
    ]
