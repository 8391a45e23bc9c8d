"""What there is to do for somebody after an activity: where the page of his own sign-up leads on to."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.portal.visitor import Visitor
from app.services import activity_feedback, albums
from app.services.albums import Viewer
from models import SignUp, SignUpState


async def after_it(
    session: AsyncSession, entry: SignUp, visitor: Visitor, now: datetime
) -> list[tuple[str, str]]:
    """Addresses and what they are called."""
    activity, found = entry.activity, []
    at = f"/activities/{activity.public_id}"
    album = await albums.find(session, activity)
    viewer = Viewer.of(visitor.person_id, visitor.facts)
    if album is not None and await albums.may_see(session, album, viewer):
        found.append((f"{at}/photos", "活动照片"))
    if entry.state is SignUpState.CHECKED_IN:
        if now >= activity.ends_at:
            found.append((f"/me/sign-ups/{entry.public_id}/certificate.pdf", "参加证明（PDF）"))
        try:
            await activity_feedback.get_open(session, activity, visitor.person_id, now)
        except DomainError:
            return found
        found.append((f"{at}/feedback", "说说这次活动（不记名）"))
    return found
