"""Deleting parts of one's own data on request (PIPL 47), without closing the account.

What is still under way is not deleted: its end comes first. Roster data belong to the employer's personnel
files; they are corrected, not deleted here.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.services import (
    appointment_forgetting,
    board_forgetting,
    cases,
    closed_cases,
    confidential,
    privacy_requests,
)
from app.services.forgetting import AT_WORK, change
from app.services.privacy_requests import Line
from models import (
    LIVE,
    OVER,
    Activity,
    Dialogue,
    DialogueState,
    Follower,
    Message,
    PrivacyRequest,
    RequestKind,
    SignUp,
)


class Part(StrEnum):
    MESSAGES = "messages"
    DRAFTS = "drafts"
    CASES = "cases"
    ANSWERS = "answers"
    APPOINTMENTS = "appointments"
    BOARD = "board"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def note(self) -> str:
        return _NOTES[self]


_LABELS = {
    Part.MESSAGES: "公众号里的对话",
    Part.DRAFTS: "没有办完的对话",
    Part.CASES: "已经办完的留言和咨询",
    Part.ANSWERS: "过去报名时填的内容",
    Part.APPOINTMENTS: "过去的预约",
    Part.BOARD: "留言板的帖子",
}
_NOTES = {
    Part.MESSAGES: "删除您发的和我们答的文字，只留时间。手机微信里的聊天记录请在微信里删。",
    Part.DRAFTS: "搁下的、写了一半的都删，不能再「继续」。",
    Part.CASES: "删除内容、附件和您的身份，只留编号。还在办的不受影响。",
    Part.APPOINTMENTS: "删除称呼、电话和写的话，查不到是您；近 120 天没来的只留时间。没到时间的不受影响。",
    Part.BOARD: "您写的帖子全部撤下，删除文字和图片，公开的也一样；别人的答复一起不再显示。",
    Part.ANSWERS: "活动已经结束或取消了的。参加记录保留，用来统计人数。",
}
PARTS = tuple(Part)


async def delete(
    session: AsyncSession, person_id: int, parts: Collection[Part], *, channel: str, now: datetime
) -> PrivacyRequest:
    """Delete these parts now; the receipt tells how much there was. Twice is no error: then there is nothing.

    Raises:
        DomainError: no part was chosen.
    """
    if not parts:
        raise DomainError("请先选要删除哪些。")
    theirs = sa.select(Follower.id).where(Follower.person_id == person_id).order_by(Follower.id)
    await session.execute(theirs.with_for_update())
    lines = [Line(part.label, await _ACTS[part](session, person_id, now)) for part in PARTS if part in parts]
    return await privacy_requests.done(session, RequestKind.DELETE, person_id, lines, channel, now)


async def _messages(session: AsyncSession, person_id: int, now: datetime) -> str:
    mine = sa.select(Follower.id).where(Follower.person_id == person_id)
    full = sa.or_(Message.body.is_not(None), Message.reply.is_not(None))
    settled = sa.and_(Message.follower_id.in_(mine), full, Message.state.not_in(AT_WORK))
    count = await change(session, sa.update(Message).where(settled).values(body=None, reply=None))
    return f"{count} 条的文字已删除"


async def _drafts(session: AsyncSession, person_id: int, now: datetime) -> str:
    mine = sa.select(Follower.id).where(Follower.person_id == person_id)
    lying = sa.and_(Dialogue.follower_id.in_(mine), Dialogue.state != DialogueState.OPEN)
    private = sa.select(Dialogue.ref).where(lying, Dialogue.confidential.is_(True))
    await confidential.forget_talks(session, (await session.scalars(private)).all())
    count = await change(session, sa.delete(Dialogue).where(lying, Dialogue.confidential.is_(False)))
    return f"{count} 次的内容已删除" if count else "已清空"


async def _cases(session: AsyncSession, person_id: int, now: datetime) -> str:
    own = await cases.lock_all(session, person_id)
    over = [case.id for case in own if case.state in OVER]
    await closed_cases.empty(session, over)
    left = len(own) - len(over)
    return f"{len(over)} 件已删除" + (f"；还有 {left} 件没办完，办完后可以再删" if left else "")


async def _answers(session: AsyncSession, person_id: int, now: datetime) -> str:
    past = (
        sa.select(SignUp)
        .join(Activity, Activity.id == SignUp.activity_id)
        .where(SignUp.person_id == person_id)
        .where(sa.or_(Activity.ends_at <= now, SignUp.state.not_in(LIVE)))
        .order_by(SignUp.activity_id)
    )
    count = 0
    for entry in (await session.scalars(past)).all():
        count += bool(entry.answers)
        entry.answers = {}
    await session.flush()
    return f"{count} 次的内容已删除"


async def _appointments(session: AsyncSession, person_id: int, now: datetime) -> str:
    count, left = await appointment_forgetting.delete_past(session, person_id, now)
    return f"{count} 次的内容已删除" + (f"；还有 {left} 个没到时间" if left else "")


async def _board(session: AsyncSession, person_id: int, now: datetime) -> str:
    count = await board_forgetting.take_away_posts(session, person_id, channel="portal", now=now)
    return f"{count} 条已撤下，文字和图片已删除"


_ACTS: Mapping[Part, Callable[[AsyncSession, int, datetime], Awaitable[str]]] = {
    Part.MESSAGES: _messages,
    Part.DRAFTS: _drafts,
    Part.CASES: _cases,
    Part.ANSWERS: _answers,
    Part.APPOINTMENTS: _appointments,
    Part.BOARD: _board,
}
