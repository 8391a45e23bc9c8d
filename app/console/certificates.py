"""参加证明: one as a PDF at once, those of all who were checked in as one PDF, made by a job."""

import asyncio
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from app.console import downloads
from app.console.activities import allowed, begin_export
from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.services import arrivals, certificate_pages, certificates, participants
from app.services.permissions import Right

router = APIRouter(prefix="/activities", dependencies=[needs(Right.ACTIVITIES_PEOPLE)])

MAKE: Final = "activities.certificates"


@router.get("/{public_id}/people/{code}/certificate")
async def one(public_id: str, code: str, desk: AtDesk, now: Now) -> Response:
    async with desk.reading() as session:
        activity = await allowed(session, desk, public_id, Right.ACTIVITIES_PEOPLE)
        who = await participants.get(session, activity, code)
        came = await arrivals.of_entry(session, activity, who.entry)
    certificates.check(activity, who.entry, who.name, now)
    made = certificates.of(activity, who.entry, who.name, came)
    data = await asyncio.to_thread(certificate_pages.pdf, [made])
    return downloads.answer(data, f"参加证明-{who.name}.pdf", "application/pdf")


@router.post("/{public_id}/people/certificates")
async def everybody(public_id: str, desk: ActingDesk, shell: InShell, now: Now) -> Response:
    return await begin_export(desk, shell, public_id, Right.ACTIVITIES_PEOPLE, MAKE, "参加证明", now)
