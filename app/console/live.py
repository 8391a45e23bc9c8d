"""Lists that renew themselves: an open page asks what is newest, and waits until that is something else."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from app.console.entrance import AtDesk
from app.console.office import OfficeInUse

router = APIRouter()


@router.get("/live")
async def live(
    desk: AtDesk, office: OfficeInUse, after: Annotated[int, Query(ge=-1, le=2**63 - 1)] = -1
) -> JSONResponse:
    """A number that says nothing but whether it is another; what it stands for is read with one's rights."""
    return JSONResponse(await office.pulse.after(after))
