"""What staff hear of the review of an activity in their own WeChat. Not here: what people are told of their
sign-ups (`sign_up_notices`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import addresses, outbox
from models import Activity, ActivityChange, Staff

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


def change_submitted(
    session: AsyncSession, activity: Activity, change: ActivityChange, to: Sequence[Staff], now: datetime
) -> None:
    words = f"{change.submitted_by}要改已发布的活动「{activity.title}」，等您审核。审核以前职工看到的不变。"
    for each in to:
        _tell(session, SUBMITTED, activity, each, words, now, _mark(change))


def change_reviewed(
    session: AsyncSession,
    activity: Activity,
    change: ActivityChange,
    to: Staff,
    by: str,
    reason: str,
    now: datetime,
) -> None:
    """With a reason it came back; without one it is made."""
    words = f"活动「{activity.title}」的改动{by}审核通过，已经改好。"
    if reason:
        words = f"活动「{activity.title}」的改动{by}退回了：{reason}\n职工看到的没有变；改好以后再提交。"
    _tell(session, REVIEWED, activity, to, words, now, _mark(change))


def _mark(change: ActivityChange) -> str:
    return f":change-{int(change.submitted_at.timestamp())}-{change.version}"


def _tell(
    session: AsyncSession,
    kind: str,
    activity: Activity,
    to: Staff,
    words: str,
    now: datetime,
    mark: str = "",
) -> None:
    """Who has a WeChat of his own; once for each version of it, or of the change named by `mark`."""
    if to.person_id is None:
        return
    outbox.add(
        session,
        kind,
        key=f"{kind}:{activity.id}:{activity.version}{mark}:{to.id}",
        to=to.person_id,
        payload={
            "type": "text",
            "content": addresses.with_page(words, f"/console/activities/{activity.public_id}"),
        },
        now=now,
        besides_reply=True,
    )
