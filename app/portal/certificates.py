"""Certificates of participation: one's own as a PDF, and a page on which anybody verifies one."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from app.dependencies import Now, ReadSession
from app.portal.templating import render
from app.portal.visitor import MaybePerson, SignInNeeded
from app.services import certificate_pages, certificates, sign_ups

router = APIRouter(include_in_schema=False)


@router.get("/me/sign-ups/{public_id}/certificate.pdf")
async def own(
    visitor: MaybePerson,
    public_id: str,
    session: ReadSession,
    now: Now,
    given: Annotated[str, Query(alias="open")] = "",
) -> Response:
    """For whose it is; and for who has an address that the mini-program was handed."""
    entry = await certificates.opened(session, public_id, given, now) if given else None
    if entry is None:
        if visitor is None:
            raise SignInNeeded
        entry = await sign_ups.get_own(session, public_id, visitor.person_id)
    made = await certificates.own(session, entry, now)
    data = await asyncio.to_thread(certificate_pages.pdf, [made])
    headers = {"Content-Disposition": 'inline; filename="certificate.pdf"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/pdf", headers=headers)


@router.get("/c/{code}")
async def verify(code: str, session: ReadSession) -> HTMLResponse:
    """For who was handed one: whether it is genuine, and no more of anybody than is needed."""
    found = await certificates.verify(session, code)
    page = HTMLResponse(render("certificate.html", found=found), 200 if found is not None else 404)
    page.headers["Cache-Control"] = "no-store"  # it may be taken back
    return page
