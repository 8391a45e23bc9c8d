"""What staff hear of the review of an activity in their own WeChat. Not here: what people are told of their
sign-ups (`sign_up_notices`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import addresses, outbox
from models import Activity, Staff

SUBMITTED, REVIEWED = "staff.activity_submitted", "staff.activity_reviewed"
KINDS: Final[Mapping[str, str]] = {SUBMITTED: "活动等审核", REVIEWED: "活动审核结果"}


def submitted(
    session: AsyncSession, activity: Activity, by: str, to: Sequence[Staff], more: int, now: datetime
) -> None:
    """`more`: how many other dates of its series wait with it."""
    with_it = f"（连同本系列另外 {more} 场）" if more else ""
    words = f"{by}提交了活动「{activity.title}」{with_it}，等您审核。"
    for each in to:
        _tell(session, SUBMITTED, activity, each, words, now)


def reviewed(
    session: AsyncSession, activity: Activity, to: Staff, by: str, reason: str, more: int, now: datetime
) -> None:
    """With a reason it came back; without one it is published."""
    with_it = f"（连同本系列另外 {more} 场）" if more else ""
    words = f"活动「{activity.title}」{with_it}{by}审核通过，已发布。"
    if reason:
        words = f"活动「{activity.title}」{with_it}{by}退回了：{reason}\n改好以后再提交。"
    _tell(session, REVIEWED, activity, to, words, now)


def _tell(session: AsyncSession, kind: str, activity: Activity, to: Staff, words: str, now: datetime) -> None:
    """Who has a WeChat of his own; once for each version of it."""
    if to.person_id is None:
        return
    outbox.add(
        session,
        kind,
        key=f"{kind}:{activity.id}:{activity.version}:{to.id}",
        to=to.person_id,
        payload={
            "type": "text",
            "content": addresses.with_page(words, f"/console/activities/{activity.public_id}"),
        },
        now=now,
        besides_reply=True,
    )
