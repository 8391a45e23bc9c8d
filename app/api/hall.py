"""The service hall and the telephone lines."""

from fastapi import APIRouter
from pydantic import Field

from app.api.routes import Route
from app.api.shapes import Strict
from app.services import hall, hotlines
from app.services.hall import Service, Whose
from app.services.hotlines import Subject

router = APIRouter(tags=["服务"], route_class=Route)


class DoorOut(Strict):
    key: str = Field(examples=["safety"], description="固定不变")
    name: str = Field(examples=["用电安全"])
    about: str = Field(examples=["插座、电动车、雷雨、触电急救，该怎么做"])
    group: str = Field(examples=["用电"])
    to: str = Field(examples=["/tips"], description="网页的路径，或 tel: 开头的电话")
    say: str | None = Field(examples=["我要留言"], description="在公众号里办的：该发哪几个字")
    whose: Whose = Field(examples=["all"], description="all 所有人，members 只给会员，others 还不是会员的人")


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
    return DoorsOut(items=[_door(each) for each in hall.SERVICES])


@router.get("/hotlines", response_model=HotlinesOut, operation_id="listHotlines")
async def lines() -> HotlinesOut:
    """服务电话。救命的在前。"""
    found = [
        HotlineOut(number=each.number, name=each.name, note=each.note, subject=each.subject)
        for each in hotlines.HOTLINES
    ]
    return HotlinesOut(items=found)


def _door(service: Service) -> DoorOut:
    return DoorOut(
        key=service.id,
        name=service.name,
        about=service.about,
        group=service.group.value,
        to=service.address,
        say=service.say or None,
        whose=service.whose,
    )
