"""关联工作账号: staff open their link in WeChat and say that this is theirs, for alerts to come here."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.dependencies import InUse, Now, ReadSession
from app.portal.templating import render
from app.portal.visitor import ActingPerson, CurrentPerson
from app.services import audit, staff
from app.services.audit import Actor
from models import Staff

router = APIRouter(prefix="/me/staff", include_in_schema=False)


@router.get("/{secret}")
async def ask(secret: str, visitor: CurrentPerson, session: ReadSession, now: Now) -> HTMLResponse:
    found = await staff.find_by_link(session, secret, staff.WECHAT, now)
    return _over() if found is None else _page(found, secret=secret, token=visitor.form_token)


@router.post("/{secret}")
async def confirm(secret: str, visitor: ActingPerson, shared: InUse, now: Now) -> HTMLResponse:
    async with audit.acting(shared.database, shared.clock, Actor("本人", "portal")) as session:
        found = await staff.bind_person(session, secret, visitor.person_id, now)
    return _over() if found is None else _page(found, done=True)


def _page(found: Staff, **values: object) -> HTMLResponse:
    return HTMLResponse(render("staff_link.html", name=found.name, **values))


def _over() -> HTMLResponse:
    words = "请在工作台的「我的账号」里再点一次「关联微信」，用新的码。"
    page = render("notice.html", heading="链接不能用了", words=words, to="/me", label="回我的")
    return HTMLResponse(page, 404)
