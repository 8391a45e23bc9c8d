"""The service hall: everything that can be done, one tap away; and how what is done by talking is done."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.dependencies import InUse
from app.errors import NotFound
from app.portal.templating import render
from app.portal.visitor import MaybePerson, Visitor, page_for
from app.services import hall

router = APIRouter(prefix="/services", include_in_schema=False)


def is_member(visitor: Visitor | None) -> bool:
    return visitor is not None and visitor.facts.membership is not None


@router.get("")
async def all_services(visitor: MaybePerson, shared: InUse) -> HTMLResponse:
    member = is_member(visitor)
    found = hall.for_whom(member=member)
    words = render(
        "services.html",
        common=found[: hall.COMMON],
        groups=hall.by_group(found),
        beyond=[] if member else hall.members_only(),
        address=f"{shared.public_url}/services",
    )
    return page_for(visitor, words)


@router.get("/{service_id}")
async def by_talking(service_id: str, shared: InUse) -> HTMLResponse:
    found = hall.find(service_id)
    if found is None:
        raise NotFound("没有找到这项服务，可能已经调整。")
    words = render("service.html", service=found, address=f"{shared.public_url}/services/{found.id}")
    return HTMLResponse(words)
