"""运行状态: how the service does; and, when somebody asks for it, what `gonghui doctor` says."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.console.entrance import ActingDesk, AtDesk, needs
from app.console.navigation import Section
from app.console.office import OfficeInUse
from app.console.shell import InShell
from app.dependencies import Now
from app.services import backups, workings
from app.services.audit import does
from app.services.permissions import Right
from app.services.workings import Level

PAGE: Final = "/console/status"
BACKUPS: Final = 5  # shown

router = APIRouter(prefix="/status", dependencies=[needs(Right.STATUS_READ)])

SECTION: Final = Section("status", "管理", "运行状态", PAGE, "pulse", Right.STATUS_READ)


@router.get("")
async def everything(desk: AtDesk, shell: InShell, office: OfficeInUse, now: Now) -> HTMLResponse:
    """Asks nobody but the database and the disk: it is looked at every few seconds."""
    real_now = desk.shared.clock.real_now()
    async with desk.reading() as session:
        facts = await workings.look(session, office.program, now=now, real_now=real_now)
        made = await backups.list_newest(session, BACKUPS)
    return shell.page("status.html", facts=facts, worst=workings.worst(facts), backups=made)


@router.post("/check")
async def check(desk: ActingDesk, shell: InShell, office: OfficeInUse) -> HTMLResponse:
    """Look at everything, over the network too. Asked for by a form: whoever only looks asks nobody."""
    facts = await office.check()
    levels = [fact.level for fact in facts]
    async with desk.acting() as session:
        does(session, "status.check", levels={level.value: levels.count(level) for level in Level})
    return shell.page("status_check.html", facts=facts, worst=workings.worst(facts))
