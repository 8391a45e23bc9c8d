"""Panoramas on the portal: which there are, one to look around in, and the pieces of its pictures."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.dependencies import InUse, ReadSession, Shared
from app.errors import NotFound
from app.portal.templating import render
from app.services import panorama_hotspots, panorama_tiles, panoramas
from app.services.panorama_views import described

router = APIRouter(prefix="/panoramas", include_in_schema=False)

# What a piece shows never changes; that it was withdrawn is noticed a day later at the latest.
_KEPT = {"Cache-Control": "public, max-age=86400"}


@router.get("")
async def listed(session: ReadSession) -> HTMLResponse:
    tours = await panoramas.list_shown(session)
    pictures = await panoramas.pictures_of(session, tours)
    return HTMLResponse(render("panoramas.html", tours=tours, pictures=pictures))


@router.get("/{public_id}")
async def one(public_id: str, session: ReadSession, shared: InUse, scene: str = "") -> HTMLResponse:
    """Begins at `scene`, else at the first."""
    tour = await panoramas.get(session, public_id)
    seen = await panoramas.look(session, tour)
    if not seen:
        raise NotFound(panoramas.GONE)
    start = next((each for each in seen if each.scene.public_id == scene), seen[0])
    words = render(
        "panorama.html",
        tour=tour,
        seen=seen,
        start=start,
        activity=await panoramas.activity_of(session, tour),
        described=described(tour, seen, start.scene.public_id),
        address=f"{shared.public_url}/panoramas/{tour.public_id}",
    )
    return HTMLResponse(words)


@router.get("/{public_id}/pictures/{picture}/{piece}")
async def piece_of(public_id: str, picture: str, piece: str, session: ReadSession, shared: InUse) -> Response:
    file = await panorama_tiles.file_of(session, public_id, picture, piece)
    return await _shown(session, shared, file)


@router.get("/{public_id}/hotspots/{hotspot}")
async def picture_of(public_id: str, hotspot: str, session: ReadSession, shared: InUse) -> Response:
    file = await panorama_hotspots.file_of(session, public_id, hotspot)
    return await _shown(session, shared, file)


async def _shown(session: AsyncSession, shared: Shared, file: str) -> Response:
    try:
        data = await shared.files.get(file)
    except FileNotFoundError:
        raise NotFound(panorama_tiles.NO_TILE) from None
    return Response(data, media_type="image/jpeg", headers=_KEPT)
