"""Certificates of participation: one's own as a PDF, and a page on which anybody verifies one."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from app.dependencies import Now, ReadSession
from app.portal.templating import render
from app.portal.visitor import CurrentPerson
from app.services import arrivals, certificate_pages, certificates, members, sign_ups

router = APIRouter(include_in_schema=False)


@router.get("/me/sign-ups/{public_id}/certificate.pdf")
async def own(visitor: CurrentPerson, public_id: str, session: ReadSession, now: Now) -> Response:
    entry = await sign_ups.get_own(session, public_id, visitor.person_id)
    member = await members.find_of_person(session, visitor.person_id)
    name = member.name if member is not None else ""
    certificates.check(entry.activity, entry, name, now)
    came = await arrivals.of_entry(session, entry.activity, entry)
    made = certificates.of(entry.activity, entry, name, came)
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
