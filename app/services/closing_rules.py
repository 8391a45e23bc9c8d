"""What becomes of every column that leads to a person or a follower when an account is closed.

Each rule deletes, or parts from the person, and tells the receipt what it did. A test holds `RULES` against
the tables: a column without a rule fails it. Closing itself is in `closing`.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import start_of_day
from app.services import (
    activity_feedback,
    album_forgetting,
    appointment_forgetting,
    article_marks,
    binding,
    board_forgetting,
    campaign_forgetting,
    case_ending,
    cases,
    clarification_forgetting,
    closed_cases,
    comment_forgetting,
    confidential,
    consents,
    customer_moves,
    digest_forgetting,
    interests,
    live_visits,
    posters,
    sign_up_forgetting,
    stored_files,
)
from app.services.forgetting import AT_WORK, UNSETTLED, change
from app.services.privacy_requests import Line
from app.services.purposes import ASKED
from models import (
    OVER,
    AlertState,
    ApiSession,
    ConsentEnd,
    CrisisAlert,
    DeliveryState,
    Dialogue,
    Follower,
    FollowerTag,
    MemberChange,
    MenuLook,
    Message,
    MessageState,
    NoticeConsent,
    Outbox,
    PortalSession,
    PrivacyRequest,
    Staff,
    StoredFile,
    TagChange,
)

GONE = "gone:"  # before what stands in place of an openid


@dataclass(frozen=True, slots=True)
class Closing:
    """One account being closed; rules add to `lines` what they did."""

    person_id: int
    follower_ids: Sequence[int]
    channel: str
    now: datetime
    lines: list[Line] = field(default_factory=list)

    def tell(self, what: str, done: str) -> None:
        self.lines.append(Line(what, done))


Rule = Callable[[AsyncSession, Closing], Awaitable[None]]


async def _effects(session: AsyncSession, this: Closing) -> None:
    theirs = sa.or_(Outbox.person_id == this.person_id, Outbox.follower_id.in_(this.follower_ids))
    waiting = sa.and_(theirs, Outbox.state.in_([*UNSETTLED, DeliveryState.OWED]))
    skipped = {"state": DeliveryState.SKIPPED, "reason": "account closed", "settled_at": this.now}
    await change(session, sa.update(Outbox).where(waiting).values(skipped))
    nobody = {"payload": None, "person_id": None, "follower_id": None}
    count = await change(session, sa.update(Outbox).where(theirs).values(nobody))
    if count:
        this.tell("给您的通知", f"{count} 条的内容已删除，还没有发出的不再发")


async def _cases(session: AsyncSession, this: Closing) -> None:
    own = await cases.lock_all(session, this.person_id)
    ids = [case.id for case in own]
    for case in own:
        if case.state not in OVER:
            await case_ending.end_alone(session, case, channel=this.channel, now=this.now, own=ids)
    await session.flush()
    await closed_cases.empty(session, ids)
    if own:
        this.tell("留言、人工服务和咨询", f"{len(own)} 件的内容、附件和您的身份已删除，没办完的已撤销")


async def _claims(session: AsyncSession, this: Closing) -> None:
    """Whoever asks for a binding he had: it is his no more, and nobody objects."""
    held = sa.update(MemberChange).where(MemberChange.holder_id == this.person_id)
    await change(session, held.values(holder_id=None))


async def _member(session: AsyncSession, this: Closing) -> None:
    if await binding.unbind(session, this.person_id, channel=this.channel, now=this.now) is not None:
        this.tell("会员绑定", "已解除。单位花名册里的资料由单位按用工管理保存，和这个微信不再对应")


async def _staff(session: AsyncSession, this: Closing) -> None:
    working = await session.scalar(sa.select(Staff).where(Staff.person_id == this.person_id))
    if working is not None:
        working.person_id = None
        this.tell("工作账号", "不再关联这个微信，提醒不再发来；账号本身由工会管理员管理")


_CLOSED_THERE = (
    board_forgetting.close,
    appointment_forgetting.close,
    sign_up_forgetting.close,
    album_forgetting.close,
    activity_feedback.close,
    article_marks.close,
    comment_forgetting.close,
    clarification_forgetting.close,
)


async def _interests(session: AsyncSession, this: Closing) -> None:
    await interests.forget_person(session, this.person_id, this.now)


async def _other_rooms(session: AsyncSession, this: Closing) -> None:
    for close in _CLOSED_THERE:
        for what, done in await close(session, this.person_id, this.channel, this.now):
            this.tell(what, done)


def _counted(forget: Callable[[AsyncSession, int, datetime], Awaitable[int]], what: str, done: str) -> Rule:
    """`done` says how many there were."""

    async def rule(session: AsyncSession, this: Closing) -> None:
        if count := await forget(session, this.person_id, this.now):
            this.tell(what, f"{count} {done}")

    return rule


_accounts = _counted(customer_moves.forget_person, "户号绑定", "个已删除")
_poster_scans = _counted(posters.forget_person, "扫过的活动海报", "次不再记着是您，只留扫码人数")
_live_visits = _counted(live_visits.forget_person, "看过和要提醒的直播", "场不再记着是您，只留人数")


async def _talks(session: AsyncSession, this: Closing) -> None:
    theirs = sa.and_(Message.follower_id.in_(this.follower_ids), Message.state.in_(AT_WORK))
    failed = {"state": MessageState.FAILED, "lease_token": None, "lease_until": None}
    await change(session, sa.update(Message).where(theirs).values(failed))
    refs = sa.select(Dialogue.ref).where(Dialogue.follower_id.in_(this.follower_ids))
    await confidential.forget_talks(session, (await session.scalars(refs)).all())
    said = Message.follower_id.in_(this.follower_ids)
    await change(session, sa.update(Message).where(said).values(body=None, reply=None))
    count = await confidential.unname(session, said)
    if count:
        this.tell("聊天", f"{count} 条消息的文字已删除，只剩没有姓名的条数和日期")


async def _files(session: AsyncSession, this: Closing) -> None:
    theirs = sa.select(StoredFile.public_id).where(StoredFile.owner_id == this.person_id)
    names = (await session.scalars(theirs)).all()
    await stored_files.mark_deleted(session, names)
    if names:
        this.tell("您发来的图片、语音和视频", f"{len(names)} 个已删除")


async def _alerts(session: AsyncSession, this: Closing) -> None:
    theirs = CrisisAlert.person_id == this.person_id
    taken = sa.and_(theirs, CrisisAlert.state == AlertState.TAKEN)
    await change(session, sa.update(CrisisAlert).where(taken).values(excerpt=None, case_number=None))
    if await session.scalar(sa.select(CrisisAlert.id).where(theirs, CrisisAlert.state == AlertState.WAITING)):
        this.tell("危险时的提醒", "还有值班人员没有看到的，为了您的安全保留，最多 180 天")


async def _consents(session: AsyncSession, this: Closing) -> None:
    for purpose in ASKED:
        await consents.end(session, this.person_id, purpose, ConsentEnd.CLOSED, this.now)
    this.tell("同意记录", "全部终止。什么时候同意过什么留作凭据，已经查不到是您")


async def _requests(session: AsyncSession, this: Closing) -> None:
    mine = sa.update(PrivacyRequest).where(PrivacyRequest.person_id == this.person_id)
    nobody = {"person_id": None, "link_digest": None, "link_until": None}
    await session.execute(mine.values(nobody).execution_options(synchronize_session=False))


async def _kept(session: AsyncSession, this: Closing) -> None:
    """Leads to a row that nobody is behind any more."""


async def _guesses(session: AsyncSession, this: Closing) -> None:
    """They go by themselves within a day, and must not go sooner: closing would give new tries."""


async def _logins(session: AsyncSession, this: Closing) -> None:
    for login in (ApiSession, PortalSession):
        await change(session, sa.delete(login).where(login.follower_id.in_(this.follower_ids)))


async def _tags(session: AsyncSession, this: Closing) -> None:
    await change(session, sa.delete(FollowerTag).where(FollowerTag.follower_id.in_(this.follower_ids)))


async def _campaigns(session: AsyncSession, this: Closing) -> None:
    await campaign_forgetting.forget(session, this.person_id, this.follower_ids, this.now)


async def _digests(session: AsyncSession, this: Closing) -> None:
    await digest_forgetting.forget(session, this.person_id, this.now)


async def _notice_consents(session: AsyncSession, this: Closing) -> None:
    await change(session, sa.delete(NoticeConsent).where(NoticeConsent.follower_id.in_(this.follower_ids)))


async def _tag_changes(session: AsyncSession, this: Closing) -> None:
    await change(session, sa.delete(TagChange).where(TagChange.follower_id.in_(this.follower_ids)))


async def _looks(session: AsyncSession, this: Closing) -> None:
    await change(session, sa.delete(MenuLook).where(MenuLook.follower_id.in_(this.follower_ids)))


async def _followers(session: AsyncSession, this: Closing) -> None:
    for follower_id in this.follower_ids:
        nobody = {
            "openid": GONE + secrets.token_hex(16),
            "unionid": None,
            "asked_at": None,
            "subscribed": False,
            "subscribed_at": None,
            "unsubscribed_at": start_of_day(this.now),
            "spoke_at": None,
            "acted_at": None,
            "menu_tag": None,
            "version": Follower.version + 1,  # a message under way begins anew, with somebody new
        }
        await change(session, sa.update(Follower).where(Follower.id == follower_id).values(nobody))
    session.expire_all()
    this.tell("微信编号、标签和登录", "已删除，所有设备已退出")


# By table and column. In this order: first what would still be sent, last what all others lead to.
RULES: Mapping[str, Rule] = {
    "outbox.person_id": _effects,
    "outbox.follower_id": _kept,  # with the rule before it
    "campaign_delivery.person_id": _campaigns,
    "campaign_delivery.follower_id": _kept,  # with the rule before it
    "campaign_refusal.person_id": _kept,  # likewise
    "digest_wish.person_id": _digests,
    "digest_copy.person_id": _kept,  # with the rule before it
    "case_reporter.person_digest": _cases,
    "board_post.author_digest": _other_rooms,
    "board_like.person_digest": _kept,  # with the rule before it
    "board_report.person_digest": _kept,  # likewise
    "appointment.person_digest": _kept,  # likewise
    "article_comment.author_digest": _kept,  # likewise
    "comment_report.person_digest": _kept,  # likewise
    "clarification_report.person_digest": _kept,  # likewise
    "article_like.person_id": _kept,  # likewise
    "article_favourite.person_id": _kept,  # likewise
    "album_photo.giver_id": _kept,  # likewise
    "feedback_answer.person_digest": _kept,  # likewise
    "photo_objection.person_id": _kept,  # likewise
    "sign_up.person_id": _kept,  # likewise
    "sign_up_help.helper_id": _kept,  # likewise
    "consent.person_digest": _consents,
    "member.person_id": _member,
    "staff.person_id": _staff,
    "member_change.holder_id": _claims,
    "account_binding.person_id": _accounts,
    "poster_scan.person_id": _poster_scans,
    "live_visit.person_id": _live_visits,
    "interest.person_id": _interests,
    "interest_choice.person_id": _kept,  # with the rule before it
    "article_visit.person_id": _kept,  # likewise
    "message.follower_id": _talks,
    "dialogue.follower_id": _kept,  # with the rule before it
    "stored_file.owner_id": _files,
    "crisis_alert.person_id": _alerts,
    "privacy_request.person_id": _requests,
    "guess.person_id": _guesses,
    "person_merge.stays_id": _kept,
    "person_merge.gone_id": _kept,
    "person.merged_into_id": _kept,
    "api_session.follower_id": _logins,
    "portal_session.follower_id": _kept,  # with the rule before it
    "follower_tag.follower_id": _tags,
    "notice_consent.follower_id": _notice_consents,
    "tag_change.follower_id": _tag_changes,
    "menu_look.follower_id": _looks,
    "follower.person_id": _followers,
}
