"""每周精选 on the portal: this week's, the signed-in person's own or everybody's, and the switch."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from app.dependencies import InUse, Now, ReadSession, WriteSession
from app.portal import interests
from app.portal.templating import render
from app.portal.visitor import ActingPerson, MaybePerson, page_for
from app.services import article_pictures, articles, digest_notices, digest_reading, digests, notice_consents

router = APIRouter(prefix=digest_notices.PAGE, include_in_schema=False)

Back = Annotated[str, Form(max_length=20)]


@router.get("")
async def this_week(visitor: MaybePerson, session: ReadSession, now: Now, shared: InUse) -> HTMLResponse:
    person_id = None if visitor is None else visitor.person_id
    picked = await digest_reading.this_week(session, person_id, now)
    found = await articles.by_keys(session, [each.key for each in picked])
    asked = person_id and await notice_consents.to_ask(session, person_id, (digest_notices.WEEKLY,))
    words = render(
        "digest.html",
        picked=picked,
        found=found,
        pictures=article_pictures.small(found.values()),
        wanted=person_id is not None and await digests.is_wanted(session, person_id),
        asked=asked,
        moment=shared.digest_at.words,
        token="" if visitor is None else visitor.form_token,
        known=visitor is not None,
        address=f"{shared.public_url}{digest_notices.PAGE}",
    )
    return page_for(visitor, words)


@router.post("/want")
async def want(visitor: ActingPerson, session: WriteSession, now: Now, back: Back = "") -> RedirectResponse:
    """Twice is no error."""
    await digests.want(session, visitor.person_id, "portal", now)
    return _back(back)


@router.post("/stop")
async def stop(visitor: ActingPerson, session: WriteSession, now: Now, back: Back = "") -> RedirectResponse:
    await digests.stop(session, visitor.person_id, now)
    return _back(back)


def _back(to: str) -> RedirectResponse:
    """To where the switch was tapped."""
    return RedirectResponse(interests.PAGE if to == "interests" else digest_notices.PAGE, 303)
