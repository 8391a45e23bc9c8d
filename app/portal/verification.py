"""WeChat's verification files at the root, as `gonghui verification add` was given them."""

from fastapi import APIRouter, HTTPException
from fastapi.responses import PlainTextResponse

from app.dependencies import ReadSession
from app.services import verification

router = APIRouter(include_in_schema=False)


@router.get("/{stem}.txt")
async def one(stem: str, session: ReadSession) -> PlainTextResponse:
    name = f"{stem}.txt"
    content = await verification.find(session, name) if verification.is_name(name) else None
    if content is None:
        raise HTTPException(404, "Not Found")
    return PlainTextResponse(content, headers={"Cache-Control": "no-cache"})
