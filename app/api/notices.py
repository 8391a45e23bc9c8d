"""订阅消息 of the mini-program: which templates its page may ask about, and what was answered there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.description import documented
from app.api.gate import Caller
from app.api.once import WriteOnce
from app.api.routes import Route
from app.api.shapes import PublicId, Strict
from app.dependencies import Now, ReadSession
from app.services import notice_consents, sign_up_notices, sign_ups
from app.services.notice_consents import Asked
from models import AccountKind

router = APIRouter(prefix="/me/notices", tags=["我的报名"], route_class=Route)

MINI: Final = AccountKind.MINIPROGRAM
SignUpId = Annotated[
    PublicId | None, Query(description="哪一次报名；不给就是还没报名的，在点「报名」时一起问")
]


class NoticeOut(Strict):
    template_id: str = Field(examples=["c9Lqm2xHn4Tz0PvK"], description="给 wx.requestSubscribeMessage")
    title: str = Field(examples=["活动开始提醒"])
    remaining: int = Field(examples=[1], description="已经同意、还能收几条")


class NoticesOut(Strict):
    items: list[NoticeOut] = Field(description="最多 3 个，可能是空的：没有可订的就不要问")


class AgreedIn(Strict):
    templates: list[Annotated[str, Field(max_length=64)]] = Field(
        examples=[["c9Lqm2xHn4Tz0PvK"]], max_length=5, description="弹窗里回答 accept 的"
    )


@router.get("", response_model=NoticesOut, responses=documented(401, 404), operation_id="getNotices")
async def to_ask(caller: Caller, session: ReadSession, now: Now, sign_up_id: SignUpId = None) -> NoticesOut:
    """现在可以问本人要不要收的通知。只在本人点按钮时调用 wx.requestSubscribeMessage。"""
    return _out(await _asked(session, caller.known.person_id, sign_up_id, now))


@router.post("", response_model=NoticesOut, responses=documented(401), operation_id="agreeToNotices")
async def agreed(caller: Caller, given: AgreedIn, session: WriteOnce, now: Now) -> NoticesOut:
    """弹窗关了以后告诉我们。微信也会推送；选了「总是保持以上选择」的人，只有这里知道。一个模板最多算一条。"""
    person_id = caller.known.person_id
    known = await notice_consents.template_ids(session, MINI)
    await notice_consents.claimed(session, person_id, known.intersection(given.templates), now, MINI)
    return _out(await _asked(session, person_id, None, now))


async def _asked(
    session: AsyncSession, person_id: int, sign_up_id: str | None, now: datetime
) -> Sequence[Asked]:
    """Raises: NotFound: it is somebody else's."""
    kinds: Sequence[str] = sign_up_notices.WITH_A_SEAT
    if sign_up_id is not None:
        entry = await sign_ups.get_own(session, sign_up_id, person_id)
        kinds = sign_up_notices.worth_telling(entry) if entry.activity.ends_at > now else ()
    return await notice_consents.to_ask(session, person_id, kinds, MINI)


def _out(found: Sequence[Asked]) -> NoticesOut:
    items = [
        NoticeOut(template_id=each.template_id, title=each.title, remaining=each.remaining) for each in found
    ]
    return NoticesOut(items=items)
