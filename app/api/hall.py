"""The service hall and the telephone lines."""

from fastapi import APIRouter
from pydantic import Field

from app.api.routes import Route
from app.api.shapes import Strict
from app.services import hall, hotlines
from app.services.hotlines import Subject

router = APIRouter(tags=["服务"], route_class=Route)


class DoorOut(Strict):
    key: str = Field(examples=["tips"], description="固定不变")
    name: str = Field(examples=["用电安全"])
    to: str = Field(examples=["/tips"], description="网页的路径，或 tel: 开头的电话")


class DoorsOut(Strict):
    items: list[DoorOut]


class HotlineOut(Strict):
    number: str = Field(examples=["95598"])
    name: str = Field(examples=["供电服务热线"])
    note: str = Field(examples=["24 小时，报修、咨询、投诉"])
    subject: Subject = Field(examples=["electricity"])


class HotlinesOut(Strict):
    items: list[HotlineOut]


@router.get("/services", response_model=DoorsOut, operation_id="listServices")
async def services() -> DoorsOut:
    """服务大厅。常用的在前。"""
    return DoorsOut(items=[DoorOut(key=door.key, name=door.name, to=door.to) for door in hall.HALL])


@router.get("/hotlines", response_model=HotlinesOut, operation_id="listHotlines")
async def lines() -> HotlinesOut:
    """服务电话。救命的在前。"""
    found = [
        HotlineOut(number=each.number, name=each.name, note=each.note, subject=each.subject)
        for each in hotlines.HOTLINES
    ]
    return HotlinesOut(items=found)
