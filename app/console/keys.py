"""加密钥匙: which one seals how much; changing over to the first one, as a job."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.shell import InShell
from app.dependencies import Now
from app.errors import DomainError
from app.services import key_rotation, staff_jobs
from app.services.permissions import Right
from models.sealing import keyring

PAGE: Final = "/console/status/keys"

router = APIRouter(prefix="/status/keys", dependencies=[needs(Right.STATUS_READ)])


class OneKeyOnly(DomainError):
    def __init__(self, name: str) -> None:
        super().__init__(f"现在只有一把钥匙 {name}，没有可换的。请先按下面的步骤加一把新的。")


@router.get("")
async def everything(
    desk: AtDesk, shell: InShell, counted: Annotated[str, Query(max_length=1)] = ""
) -> HTMLResponse:
    """Counting reads every table with something sealed, so it is done when it is asked for."""
    found = await key_rotation.standings(desk.shared.database) if counted else None
    return shell.page("keys.html", ring=keyring(), found=found)


@router.post("/rotate", dependencies=[needs(Right.KEYS_ROTATE)])
async def rotate(desk: ActingDesk, shell: InShell, now: Now) -> Response:
    ring = keyring()
    if len(ring.names) < 2:
        error = OneKeyOnly(ring.writes_with)
        return shell.refused("keys.html", error, ring=ring, found=None)
    async with desk.acting() as session:
        title = f"换用钥匙 {ring.writes_with}"
        await staff_jobs.start(session, desk.standing, "keys.rotate", title, {"to": ring.writes_with}, now)
    return shell.done("/console/jobs", "正在更换，服务照常；办到哪里、结果怎样会在这里说明。")
