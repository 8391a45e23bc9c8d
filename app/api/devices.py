"""Where the caller is signed in, and signing out there; which one is this is told by his access token."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from app.api.description import documented
from app.api.gate import Caller
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import Now, ReadSession, WriteSession
from app.errors import NotFound
from app.services import portal_sessions
from app.services.api_sessions import SignedIn
from app.services.portal_sessions import NO_SUCH_DEVICE, Here

router = APIRouter(prefix="/me/devices", tags=["登录"], route_class=Route)


class DeviceOut(Strict):
    id: str = Field(examples=["portal-k7m2p9q4r8s3t6vw"], description="退出时用，只对本人有用")
    label: str = Field(examples=["iPhone"], description="什么设备；小程序的登录都叫小程序")
    started_at: datetime = Field(examples=["2026-11-28T04:00:00Z"], description="登录时间")
    is_this: bool = Field(examples=[False], description="就是现在用的这一次登录")


class DevicesOut(Strict):
    items: list[DeviceOut]


@router.get("", response_model=DevicesOut, responses=documented(401), operation_id="listDevices")
async def mine(caller: Caller, session: ReadSession, now: Now) -> DevicesOut:
    """我在哪里登录着：网页和小程序，这一次在最前，其余新的在前。"""
    found = await portal_sessions.list_devices(session, caller.known.person_id, _here(caller), now)
    return DevicesOut(
        items=[
            DeviceOut(id=each.key, label=each.label, started_at=each.started_at, is_this=each.is_this)
            for each in found
        ]
    )


@router.delete("", status_code=204, responses=documented(401), operation_id="signOutOthers")
async def sign_out_others(caller: Caller, session: WriteSession, now: Now) -> None:
    """退出其他全部设备，这一次登录留着。"""
    await portal_sessions.revoke_others(session, caller.known.person_id, _here(caller), now)


@router.delete(
    "/{device_id}", status_code=204, responses=documented(401, 404, 422), operation_id="signOutDevice"
)
async def sign_out(caller: Caller, device_id: PublicId, session: WriteSession, now: Now) -> None:
    """退出一个，马上生效；退出这一次，等于 POST /auth/sign-out。已经退出的是 404。"""
    if not await portal_sessions.revoke(session, caller.known.person_id, device_id, now):
        raise NotFound(NO_SUCH_DEVICE)


def _here(caller: SignedIn) -> Here:
    return Here(phone_id=caller.session_id)
